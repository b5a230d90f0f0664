//! Purpose: posting interactions to the Worker, three seconds at most, and handing its answer back.

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, body::Bytes, extract::State as Extract};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{Answer, Delivery, ModalId, Refusal};

use super::{Answered, Fail, State, state::message_json};

/// How often to look whether an answer promised with 202 has come.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Reads a JSON body; what is wrong with it becomes a sentence.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fail> {
    serde_json::from_slice(body).map_err(|error| Fail::bad(format!("The body is not what this route takes: {error}")))
}

#[derive(Deserialize)]
struct CommandBody {
    user: String,
    channel: String,
    line: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: Option<u8>,
    #[serde(default)]
    options: Value,
    target_id: Option<String>,
}

impl CommandBody {
    fn command(&self) -> Value {
        json!({"name": self.name, "type": self.kind.unwrap_or(1), "options": self.options, "target_id": self.target_id})
    }
}

pub(super) async fn command(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: CommandBody = read(&body)?;
    let delivery = state.with(|sim| match &body.line {
        Some(line) => sim.slash(&body.user, &body.channel, line),
        None => sim.command(&body.user, &body.channel, body.command()),
    })?;
    reply(&state, delivery, &body.user).await
}

pub(super) async fn autocomplete(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: CommandBody = read(&body)?;
    let delivery = state.with(|sim| sim.autocomplete(&body.user, &body.channel, body.command()))?;
    match post(&state, &delivery).await {
        Ok(Answer::Choices(choices)) => Ok(Json(json!({"choices": choices}))),
        Ok(_) => Ok(Json(json!({"choices": []}))),
        Err(refusal) => Ok(Json(json!({"choices": [], "error": "Loading options failed", "detail": refusal.detail}))),
    }
}

#[derive(Deserialize)]
struct ComponentBody {
    user: String,
    message: String,
    custom_id: String,
    values: Option<Vec<String>>,
    /// A tampered client: sends it whether the message offers it or not. Needs `channel`.
    #[serde(default)]
    forged: bool,
    channel: Option<String>,
}

pub(super) async fn component(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: ComponentBody = read(&body)?;
    let values = body.values.as_deref();
    let delivery = state.with(|sim| match (body.forged, values) {
        (true, values) => {
            let channel = body.channel.as_deref().unwrap_or_default();
            sim.forge_component(&body.user, channel, &body.message, &body.custom_id, values.unwrap_or_default())
        }
        (false, Some(values)) => sim.select(&body.user, &body.message, &body.custom_id, values),
        (false, None) => sim.press(&body.user, &body.message, &body.custom_id),
    })?;
    reply(&state, delivery, &body.user).await
}

#[derive(Deserialize)]
struct ModalBody {
    user: String,
    modal: String,
    #[serde(default)]
    fields: BTreeMap<String, Value>,
}

pub(super) async fn modal(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: ModalBody = read(&body)?;
    let delivery = state.with(|sim| sim.submit_modal_values(&body.user, &ModalId(body.modal.clone()), body.fields))?;
    reply(&state, delivery, &body.user).await
}

/// What Discord does when an interactions URL is saved: a ping, and one with a wrong signature that must get 401.
pub(super) async fn ping(Extract(state): Extract<State>) -> Answered {
    let delivery = state.with(|sim| sim.ping());
    let mut forged = state.with(|sim| sim.ping());
    if let Some(last) = forged.body.last_mut() {
        *last = b' ';
    }
    let answered = post(&state, &delivery).await;
    let forged = send(&state, &forged).await;
    let refuses = matches!(forged, Ok((401, _)));
    let detail = answered.as_ref().err().map(|refusal| refusal.detail.clone());
    Ok(Json(json!({"pong": answered.is_ok(), "refuses_bad_signature": refuses, "detail": detail})))
}

async fn reply(state: &State, delivery: Delivery, user: &str) -> Answered {
    let answer = post(state, &delivery).await;
    let answer = state.with(|sim| {
        let me = sim.user_id(user).unwrap_or_default();
        match &answer {
            Ok(Answer::Message(message)) => {
                json!({"kind": "message", "message": message_json(sim, message, &me)})
            }
            Ok(Answer::Updated(message)) => {
                json!({"kind": "update", "message": message_json(sim, message, &me)})
            }
            Ok(Answer::Deferred { ephemeral }) => {
                json!({"kind": "deferred", "ephemeral": ephemeral})
            }
            Ok(Answer::Modal(modal)) => {
                let mut shown = modal.json.clone();
                shown["id"] = json!(modal.id);
                json!({"kind": "modal", "modal": shown})
            }
            Ok(Answer::DeferredUpdate | Answer::Pong | Answer::Choices(_) | Answer::Pending) => {
                json!({"kind": "none"})
            }
            Err(refusal) => {
                json!({"kind": "error", "error": refusal.message, "detail": refusal.detail})
            }
        }
    });
    Ok(Json(json!({"interaction_id": delivery.interaction_id, "answer": answer})))
}

/// Posts a delivery (twice at once where a fault says so) and takes the first answer.
async fn post(state: &State, delivery: &Delivery) -> Result<Answer, Refusal> {
    if delivery.times > 1 {
        let (again, copy) = (state.clone(), delivery.clone());
        // The second answer changes nothing at Discord's, so nobody waits for it.
        tokio::spawn(async move { send(&again, &copy).await });
    }
    let id = &delivery.interaction_id;
    if delivery.times == 0 {
        return Err(state.with(|sim| sim.no_answer(id, "a fault kept it from being delivered")));
    }
    tokio::time::sleep(Duration::from_millis(delivery.delay_ms)).await;
    let (status, body) = match send(state, delivery).await {
        Ok(_) if delivery.answer_lost => {
            return Err(state.with(|sim| sim.no_answer(id, "a fault lost the application's answer")));
        }
        Ok(answer) => answer,
        Err(why) => return Err(state.with(|sim| sim.no_answer(id, &why))),
    };
    let mut answer = state.with(|sim| sim.answer(id, status, &body));
    let started = tokio::time::Instant::now();
    while matches!(answer, Ok(Answer::Pending)) && started.elapsed() < state.patience {
        tokio::time::sleep(LOOK_EVERY).await;
        answer = state.with(|sim| sim.answer(id, status, &body));
    }
    match answer {
        Ok(Answer::Pending) => Err(state.with(|sim| sim.no_answer(id, "no callback came within three seconds"))),
        other => other,
    }
}

async fn send(state: &State, delivery: &Delivery) -> Result<(u16, Vec<u8>), String> {
    let mut request = state.http.post(&state.interactions_url).timeout(state.patience).body(delivery.body.clone());
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    let response = request.send().await.map_err(|error| describe(&error))?;
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(|error| describe(&error))?;
    Ok((status, body.to_vec()))
}

fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer within three seconds".into();
    }
    if error.is_connect() {
        return "nothing listens at the interactions URL".into();
    }
    error.to_string()
}
