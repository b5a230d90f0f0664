//! Purpose: the consent page of OAuth2: who am I today, and do I agree.

use std::fmt::Write;

use axum::{
    body::Bytes,
    extract::{RawQuery, State as Extract},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};

use crate::{Sim, oauth::Consent, permissions as p, rest::read_query};

use super::State;

pub(super) async fn page(Extract(state): Extract<State>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    state.with(|sim| match sim.consent(&query) {
        Ok(consent) => no_frames(Html(form(sim, &consent, &query))),
        Err(refusal) => failed(&refusal.message),
    })
}

/// The form sends the original query back with the person and the decision.
pub(super) async fn decide(Extract(state): Extract<State>, body: Bytes) -> Response {
    let pairs = read_query(&String::from_utf8_lossy(&body));
    let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let guild = Some(value("guild")).filter(|guild| !guild.is_empty());
    let target = state.with(|sim| {
        if value("decision") == "allow" {
            sim.authorize(value("user"), value("query"), guild)
        } else {
            sim.decline(value("query"))
        }
    });
    match target {
        Ok(target) if target.is_empty() => {
            no_frames(Html("<!doctype html><title>Added</title><p>The bot was added.".to_owned()))
        }
        Ok(target) => Redirect::to(&target).into_response(),
        Err(refusal) => failed(&refusal.message),
    }
}

fn no_frames(page: Html<String>) -> Response {
    ([(header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'")], page).into_response()
}

fn failed(message: &str) -> Response {
    let page = format!("<!doctype html><html lang=en><title>Authorisation failed</title><p>{}</html>", escape(message));
    (StatusCode::BAD_REQUEST, no_frames(Html(page))).into_response()
}

fn form(sim: &Sim, consent: &Consent, query: &str) -> String {
    let mut people = String::new();
    for user in sim.world.users.values().filter(|user| !user.bot) {
        let name = escape(user.global_name.as_deref().unwrap_or(&user.username));
        let _ = write!(people, "<option value=\"{}\">{name} (@{})</option>", user.id, escape(&user.username));
    }
    let mut scopes = String::new();
    for scope in &consent.scopes {
        let _ = write!(scopes, "<li><code>{}</code></li>", escape(scope));
    }
    let mut guilds = String::new();
    if consent.installs() {
        guilds.push_str("<p><label>Add to server<br><select name=guild>");
        for guild in sim.guilds() {
            let chosen = if consent.guild_id.as_deref() == Some(&guild.id.to_string()) { " selected" } else { "" };
            let _ = write!(guilds, "<option value=\"{}\"{chosen}>{}</option>", guild.id, escape(&guild.name));
        }
        let _ = write!(guilds, "</select></label></p><p>Permissions: {}</p>", p::names(consent.permissions).join(", "));
    }
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Authorise Muster</title>\
         <style>body{{font:16px/1.5 system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}}\
         select,button{{font:inherit;padding:.5rem .8rem;min-height:44px}}select{{width:100%}}</style>\
         <h1>Muster asks for access</h1><ul>{scopes}</ul>\
         <form method=post action=/oauth2/authorize><input type=hidden name=query value=\"{}\">\
         <p><label>You are<br><select name=user data-testid=oauth-user>{people}</select></label></p>{guilds}\
         <p><button name=decision value=allow data-testid=oauth-allow>Authorise</button> \
         <button name=decision value=deny data-testid=oauth-deny>Cancel</button></p></form></html>",
        escape(query)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
