//! Purpose: what the application answers to an interaction: checked as Discord checks it, and put into effect.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Sim,
    acting::{ModalId, Refusal},
    check::{
        message::{self, Source, flags},
        modal,
    },
    events::Event,
    ids::Id,
    look::Message,
    post::Posting,
    rest::{ApiError, FormErrors, Unknown, Upload},
    world::{Interaction, OpenModal, Stage},
};

/// Discord waits three seconds for the first answer (Discord reference, "Interaction Callback").
pub const ANSWER_WITHIN_MS: u64 = 3_000;
/// Most choices of an autocomplete answer.
const MAX_CHOICES: usize = 25;

/// What came of an answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The ping was answered.
    Pong,
    /// A message stands in the channel (or on one person's screen).
    Message(Message),
    /// "is thinking...": the message comes later.
    Deferred { ephemeral: bool },
    /// Nothing is shown; the message may change later.
    DeferredUpdate,
    /// The message the component sits on was changed.
    Updated(Message),
    /// Suggestions for the option being typed.
    Choices(Vec<Choice>),
    /// A form opens on the person's screen.
    Modal(Modal),
    /// 202: the application means to answer by a call, and has not yet.
    Pending,
}

/// A suggestion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    pub name: String,
    pub value: Value,
}

/// A form on a person's screen.
#[derive(Clone, Debug, Serialize)]
pub struct Modal {
    pub id: ModalId,
    pub custom_id: String,
    pub title: String,
    /// `custom_id`, `title` and `components` as Discord holds them.
    pub json: Value,
}

impl Answer {
    /// The message sent or changed, if the answer was one.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) | Self::Updated(message) => Some(message),
            _ => None,
        }
    }

    /// The form, if the answer was one.
    pub fn modal(&self) -> Option<&Modal> {
        match self {
            Self::Modal(modal) => Some(modal),
            _ => None,
        }
    }
}

impl Sim {
    /// Takes the application's HTTP answer to a delivery. What Discord would not take is refused as the person sees it:
    /// code `did_not_respond`, with the reason in `detail`; a second answer has the code `already_answered`.
    pub fn answer(&mut self, interaction_id: &str, status: u16, body: &[u8]) -> Result<Answer, Refusal> {
        let id: Id = interaction_id.parse().map_err(|_| Refusal::new("unknown_interaction", "Unknown interaction"))?;
        let Some(interaction) = self.world.interactions.get(&id) else {
            return Err(Refusal::new("unknown_interaction", "Unknown interaction"));
        };
        if status == 202 {
            return self.answered_by_call(interaction.clone());
        }
        if status != 200 {
            return Err(self.fail(id, format!("the application answered with HTTP status {status}")));
        }
        let parsed = serde_json::from_slice::<Value>(body);
        let outcome = match parsed {
            Ok(body) => {
                self.check_answer(&body);
                self.take_answer(id, &body, Vec::new())
            }
            Err(error) => return Err(self.fail(id, format!("the answer is no JSON: {error}"))),
        };
        outcome.map_err(|error| match error.code {
            40060 => Refusal::new("already_answered", error.message),
            _ => self.fail(id, error.body().to_string()),
        })
    }

    /// Nothing came back from the application: the person sees that it did not respond.
    pub fn no_answer(&mut self, interaction_id: &str, why: &str) -> Refusal {
        match interaction_id.parse() {
            Ok(id) => self.fail(id, why.to_owned()),
            Err(_) => Refusal::did_not_respond(why),
        }
    }

    /// The answer in the HTTP response has the form of a callback, and is checked as one.
    fn check_answer(&mut self, body: &Value) {
        const ROUTE: &str = "/interactions/{interaction_id}/{interaction_token}/callback";
        // A run that goes wrong all the time need not fill the memory with it.
        const KEPT: usize = 500;
        let Some(openapi) = self.openapi.as_mut().filter(|_| self.answer_violations.len() < KEPT) else {
            return;
        };
        let found = openapi.request_violations("POST", ROUTE, body);
        self.answer_violations.extend(found.into_iter().map(|text| format!("answer to an interaction: {text}")));
    }

    fn answered_by_call(&self, interaction: Interaction) -> Result<Answer, Refusal> {
        let original = interaction.original.and_then(|id| self.world.messages.get(&id));
        Ok(match (interaction.stage, original) {
            (Stage::Waiting | Stage::Failed, _) => Answer::Pending,
            (_, Some(message)) if message.flags & flags::LOADING != 0 => {
                Answer::Deferred { ephemeral: message.ephemeral_for.is_some() }
            }
            (_, Some(message)) if interaction.source_message == Some(message.id) => {
                Answer::Updated(self.show(message, Some(interaction.user)))
            }
            (_, Some(message)) => Answer::Message(self.show(message, Some(interaction.user))),
            (_, None) => match self.world.modals.values().find(|modal| modal.interaction == interaction.id) {
                Some(open) => Answer::Modal(shown_modal(open)),
                None => Answer::DeferredUpdate,
            },
        })
    }

    /// An interaction that was answered already keeps its answer; one that was not is lost.
    fn fail(&mut self, id: Id, why: String) -> Refusal {
        if let Some(interaction) = self.world.interactions.get_mut(&id)
            && interaction.stage == Stage::Waiting
        {
            interaction.stage = Stage::Failed;
        }
        Refusal::did_not_respond(why)
    }

    /// Checks an answer and puts it into effect, however it came. Errors: 10062 unknown or late, 40060 second answer, 50035.
    pub(crate) fn take_answer(&mut self, id: Id, body: &Value, files: Vec<Upload>) -> Result<Answer, ApiError> {
        let Some(interaction) = self.world.interactions.get(&id).cloned() else {
            return Err(ApiError::unknown(Unknown::Interaction));
        };
        match interaction.stage {
            Stage::Failed => return Err(ApiError::unknown(Unknown::Interaction)),
            Stage::Deferred | Stage::Answered => {
                return Err(ApiError::new(400, 40060, "Interaction has already been acknowledged."));
            }
            Stage::Waiting => {}
        }
        if self.world.now_ms > interaction.created_ms + ANSWER_WITHIN_MS {
            self.fail(id, String::new());
            return Err(ApiError::unknown(Unknown::Interaction));
        }
        let kind = body["type"].as_u64().unwrap_or(0);
        if !allowed_kinds(&interaction).contains(&kind) {
            let allowed = format!("{:?}", allowed_kinds(&interaction));
            return Err(ApiError::invalid("type", "BASE_TYPE_CHOICES", &format!("Value must be one of {allowed}.")));
        }
        let data = &body["data"];
        let answer = match kind {
            4 => self.answer_message(&interaction, data, files)?,
            5 => self.answer_deferred(&interaction, data),
            6 => self.settle(&interaction, Stage::Deferred, interaction.source_message, Answer::DeferredUpdate),
            7 => self.answer_update(&interaction, data, files)?,
            8 => self.answer_choices(&interaction, data)?,
            9 => self.answer_modal(&interaction, data)?,
            _ => self.settle(&interaction, Stage::Answered, None, Answer::Pong),
        };
        let event = json!({"id": id, "user": interaction.user, "channel_id": interaction.channel, "answered": kind});
        self.emit(Event { only_for: Some(interaction.user), ..Event::bare("interaction", event) });
        Ok(answer)
    }

    fn settle(&mut self, interaction: &Interaction, stage: Stage, original: Option<Id>, answer: Answer) -> Answer {
        if let Some(known) = self.world.interactions.get_mut(&interaction.id) {
            known.stage = stage;
            known.original = original;
        }
        answer
    }

    fn posting_for(&self, interaction: &Interaction, ephemeral: bool) -> Result<Posting, ApiError> {
        let channel = interaction.channel.ok_or_else(|| ApiError::unknown(Unknown::Channel))?;
        let reply_to = interaction.source_message.filter(|id| self.world.messages.contains_key(id));
        Ok(Posting {
            author: self.app,
            channel,
            kind: match (interaction.kind, reply_to) {
                (_, Some(_)) => 19,
                (2, None) if interaction.command_type == 1 => 20,
                (2, None) => 23,
                _ => 0,
            },
            reply_to,
            ephemeral_for: ephemeral.then_some(interaction.user),
            interaction: Some(interaction.id),
            metadata: Some(self.interaction_metadata(interaction)),
            webhook: None,
        })
    }

    fn shown(&self, id: Id, user: Id) -> Result<Message, ApiError> {
        let message = self.world.messages.get(&id).ok_or_else(|| ApiError::unknown(Unknown::Message))?;
        Ok(self.show(message, Some(user)))
    }

    fn answer_message(
        &mut self,
        interaction: &Interaction,
        data: &Value,
        files: Vec<Upload>,
    ) -> Result<Answer, ApiError> {
        let draft = message::read_new(data, &files, Source::Interaction).map_err(under_data)?;
        let posting = self.posting_for(interaction, draft.flags & flags::EPHEMERAL != 0)?;
        let id = self.post(posting, draft, files);
        let shown = self.shown(id, interaction.user)?;
        Ok(self.settle(interaction, Stage::Answered, Some(id), Answer::Message(shown)))
    }

    fn answer_deferred(&mut self, interaction: &Interaction, data: &Value) -> Answer {
        let ephemeral = data["flags"].as_u64().unwrap_or(0) & flags::EPHEMERAL != 0;
        let original = self.posting_for(interaction, ephemeral).ok().map(|posting| self.post_loading(posting));
        self.settle(interaction, Stage::Deferred, original, Answer::Deferred { ephemeral })
    }

    fn answer_update(
        &mut self,
        interaction: &Interaction,
        data: &Value,
        files: Vec<Upload>,
    ) -> Result<Answer, ApiError> {
        let source = interaction.source_message.and_then(|id| self.world.messages.get(&id)).cloned();
        let source = source.ok_or_else(|| ApiError::unknown(Unknown::Message))?;
        let draft = message::read_edit(&source, data, &files, Source::Interaction).map_err(under_data)?;
        self.apply_edit(source.id, draft, files);
        let shown = self.shown(source.id, interaction.user)?;
        Ok(self.settle(interaction, Stage::Answered, Some(source.id), Answer::Updated(shown)))
    }

    fn answer_choices(&mut self, interaction: &Interaction, data: &Value) -> Result<Answer, ApiError> {
        let choices = read_choices(data)?;
        Ok(self.settle(interaction, Stage::Answered, None, Answer::Choices(choices)))
    }

    fn answer_modal(&mut self, interaction: &Interaction, data: &Value) -> Result<Answer, ApiError> {
        let body = modal::read(data)?;
        // A client shows one form at a time.
        self.world.modals.retain(|_, open| open.user != interaction.user);
        let open = OpenModal {
            id: self.world.next_id(),
            user: interaction.user,
            channel: interaction.channel,
            guild: interaction.guild,
            source_message: interaction.source_message,
            interaction: interaction.id,
            body,
        };
        let shown = shown_modal(&open);
        self.world.modals.insert(open.id, open);
        Ok(self.settle(interaction, Stage::Answered, None, Answer::Modal(shown)))
    }
}

/// Which answers an interaction may get (Discord reference, "Interaction Callback Type").
fn allowed_kinds(interaction: &Interaction) -> &'static [u64] {
    match interaction.kind {
        1 => &[1],
        2 => &[4, 5, 9],
        3 => &[4, 5, 6, 7, 9],
        4 => &[8],
        5 if interaction.source_message.is_some() => &[4, 5, 6, 7],
        5 => &[4, 5],
        _ => &[],
    }
}

/// Errors of a message in an answer stand under `data`.
fn under_data(mut error: ApiError) -> ApiError {
    error.errors = error.errors.map(|errors| json!({"data": errors}));
    error
}

fn shown_modal(open: &OpenModal) -> Modal {
    Modal {
        id: ModalId(open.id.to_string()),
        custom_id: open.body["custom_id"].as_str().unwrap_or_default().to_owned(),
        title: open.body["title"].as_str().unwrap_or_default().to_owned(),
        json: open.body.clone(),
    }
}

fn read_choices(data: &Value) -> Result<Vec<Choice>, ApiError> {
    let mut errors = FormErrors::default();
    let list = data["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !data["choices"].is_array() {
        errors.required("data.choices");
    }
    if list.len() > MAX_CHOICES {
        errors.add("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    let mut choices = Vec::new();
    for (index, choice) in list.iter().enumerate() {
        let name = choice["name"].as_str().unwrap_or_default();
        errors.length(&format!("data.choices.{index}.name"), name, 1, 100);
        match &choice["value"] {
            Value::String(value) => errors.length(&format!("data.choices.{index}.value"), value, 1, 100),
            Value::Number(_) => {}
            _ => errors.required(&format!("data.choices.{index}.value")),
        }
        choices.push(Choice { name: name.to_owned(), value: choice["value"].clone() });
    }
    errors.done()?;
    Ok(choices)
}
