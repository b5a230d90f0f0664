//! Purpose: rules for a whole message, sent or edited, and the draft that comes out.

use serde_json::{Value, json};

use crate::{
    mentions::{self, Allowed},
    rest::{ApiError, FormErrors, Upload},
    world::StoredMessage,
};

use super::{components, embeds, list, text};

/// Characters of a message (Discord reference; the OpenAPI description says 4,000 for bots, the server refuses that).
const MAX_CONTENT: usize = 2_000;
/// Characters of a nonce.
const MAX_NONCE: usize = 25;

/// Message flags a sender may set (Discord reference, "Message Flags").
pub(crate) mod flags {
    pub(crate) const SUPPRESS_EMBEDS: u64 = 1 << 2;
    pub(crate) const EPHEMERAL: u64 = 1 << 6;
    pub(crate) const LOADING: u64 = 1 << 7;
    pub(crate) const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
    pub(crate) const IS_COMPONENTS_V2: u64 = 1 << 15;
}

/// How a message is sent; decides which pings are the default and which flags count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// With the bot's token.
    Bot,
    /// As answer or follow-up to an interaction.
    Interaction,
}

/// A message that passed all rules.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub flags: u64,
    pub tts: bool,
    pub allowed: Allowed,
    pub nonce: Option<Value>,
    pub enforce_nonce: bool,
    pub reply_to: Option<Value>,
    pub poll: Option<Value>,
    /// Ids of attachments an edit keeps; nothing means all.
    pub kept_attachments: Option<Vec<String>>,
    /// Descriptions of new files by their number.
    pub descriptions: Vec<(u64, String)>,
}

/// Checks a new message. Errors: 50035 with the nested fields, 50006 for an empty one.
pub(crate) fn read_new(body: &Value, files: &[Upload], source: Source) -> Result<Draft, ApiError> {
    mentions::need_object(body)?;
    let mut errors = FormErrors::default();
    let flags = read_flags(body, source, &mut errors);
    let draft = read_fields(body, files, flags, source, &[], &mut errors);
    errors.done()?;
    let nothing = draft.content.is_empty() && draft.embeds.is_empty() && draft.components.is_empty();
    let stickers = body["sticker_ids"].as_array().is_some_and(|ids| !ids.is_empty());
    if nothing && files.is_empty() && draft.poll.is_none() && !stickers {
        return Err(ApiError::new(400, 50006, "Cannot send an empty message"));
    }
    Ok(draft)
}

/// Checks an edit: what is absent stays as it is. `files` are new ones.
pub(crate) fn read_edit(
    old: &StoredMessage,
    body: &Value,
    files: &[Upload],
    source: Source,
) -> Result<Draft, ApiError> {
    mentions::need_object(body)?;
    let mut errors = FormErrors::default();
    let asked = read_flags(body, source, &mut errors);
    let keeps = flags::EPHEMERAL | flags::IS_COMPONENTS_V2 | flags::SUPPRESS_NOTIFICATIONS;
    let mut merged_flags = (old.flags & keeps) | (asked & flags::IS_COMPONENTS_V2);
    let suppressing = if body["flags"].is_null() { old.flags } else { asked };
    merged_flags |= suppressing & flags::SUPPRESS_EMBEDS;
    let mut merged = body.clone();
    for (key, current) in [("content", json!(old.content)), ("embeds", json!(old.embeds))] {
        if body.get(key).is_none() && (current != "" && current != json!([])) {
            merged[key] = current;
        }
    }
    let known: Vec<String> =
        old.attachments.iter().filter_map(|file| file["filename"].as_str().map(str::to_owned)).collect();
    if merged_flags & flags::IS_COMPONENTS_V2 != 0 && old.poll.is_some() {
        refuse_legacy_field("poll", &mut errors);
    }
    let mut draft = read_fields(&merged, files, merged_flags, source, &known, &mut errors);
    errors.done()?;
    draft.tts = old.tts;
    if body.get("components").is_none() {
        // They were checked when they came; stored, they name real addresses where `attachment://` stood.
        draft.components.clone_from(&old.components);
    }
    let emptied = draft.content.is_empty() && draft.embeds.is_empty() && draft.components.is_empty();
    let keeps_files =
        !files.is_empty() || draft.kept_attachments.as_ref().map_or(!old.attachments.is_empty(), |k| !k.is_empty());
    if emptied && !keeps_files && old.poll.is_none() {
        return Err(ApiError::new(400, 50006, "Cannot send an empty message"));
    }
    Ok(draft)
}

fn read_flags(body: &Value, source: Source, errors: &mut FormErrors) -> u64 {
    let asked = match &body["flags"] {
        Value::Null => 0,
        value => value.as_u64().unwrap_or_else(|| {
            errors.add("flags", "NUMBER_TYPE_COERCE", format!("Value {value} is not int."));
            0
        }),
    };
    let own = if source == Source::Interaction { flags::EPHEMERAL } else { 0 };
    asked & (flags::SUPPRESS_EMBEDS | flags::SUPPRESS_NOTIFICATIONS | flags::IS_COMPONENTS_V2 | own)
}

fn read_fields(
    body: &Value,
    files: &[Upload],
    flag_bits: u64,
    source: Source,
    known_files: &[String],
    errors: &mut FormErrors,
) -> Draft {
    let v2 = flag_bits & flags::IS_COMPONENTS_V2 != 0;
    if v2 {
        refuse_legacy_fields(body, errors);
    }
    // Discord cuts white space around the content before it counts.
    let content = text(&body["content"], "content", errors).unwrap_or_default().trim().to_owned();
    errors.length("content", &content, 0, MAX_CONTENT);
    let names = files.iter().map(|file| file.filename.clone()).chain(known_files.iter().cloned()).collect();
    let default = if source == Source::Bot { Allowed::all() } else { Allowed::users_only() };
    let (kept_attachments, descriptions) = read_attachments(body, files, errors);
    Draft {
        content,
        embeds: embeds::read(&body["embeds"], errors),
        components: components::read(&body["components"], v2, names, errors),
        flags: flag_bits,
        tts: body["tts"] == true,
        allowed: mentions::read_allowed(body, default, errors),
        nonce: read_nonce(&body["nonce"], errors),
        enforce_nonce: body["enforce_nonce"] == true,
        reply_to: Some(body["message_reference"].clone()).filter(Value::is_object),
        poll: read_poll(&body["poll"], errors),
        kept_attachments,
        descriptions,
    }
}

fn refuse_legacy_fields(body: &Value, errors: &mut FormErrors) {
    for key in ["content", "embeds", "poll", "sticker_ids"] {
        let used = match &body[key] {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        };
        if used {
            refuse_legacy_field(key, errors);
        }
    }
}

fn refuse_legacy_field(key: &str, errors: &mut FormErrors) {
    let message = format!("The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2");
    errors.add(key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message);
}

fn read_nonce(value: &Value, errors: &mut FormErrors) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(nonce) => {
            errors.length("nonce", nonce, 0, MAX_NONCE);
            Some(value.clone())
        }
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(value.clone()),
        _ => {
            errors.add("nonce", "BASE_TYPE_BAD_TYPE", "A nonce is a string or an integer.");
            None
        }
    }
}

type Attachments = (Option<Vec<String>>, Vec<(u64, String)>);

/// `attachments`: numbers of new files with their descriptions, and ids of old ones to keep.
fn read_attachments(body: &Value, files: &[Upload], errors: &mut FormErrors) -> Attachments {
    let Some(entries) = list(&body["attachments"], "attachments", errors) else {
        return (None, Vec::new());
    };
    if entries.len() > 10 {
        errors.add("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.");
    }
    let (mut kept, mut descriptions) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = entry["id"].as_str().map(str::to_owned).or_else(|| entry["id"].as_u64().map(|id| id.to_string()));
        let id = id.unwrap_or_default();
        match files.iter().find(|file| file.index.to_string() == id) {
            Some(file) => descriptions.push((file.index, entry["description"].as_str().unwrap_or_default().to_owned())),
            None => kept.push(id),
        }
    }
    (Some(kept), descriptions)
}

/// Limits of polls: question 300, 1 to 10 answers of 55, up to 32 days (Discord reference, "Poll Create Request Object").
fn read_poll(value: &Value, errors: &mut FormErrors) -> Option<Value> {
    if !value.is_object() {
        return None;
    }
    let question = value["question"]["text"].as_str().unwrap_or_default();
    errors.length("poll.question.text", question, 1, 300);
    let answers = list(&value["answers"], "poll.answers", errors).unwrap_or_default();
    if answers.is_empty() || answers.len() > 10 {
        errors.add("poll.answers", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.");
    }
    let mut stored = Vec::new();
    for (index, answer) in answers.iter().enumerate() {
        let media = &answer["poll_media"];
        errors.length(
            &format!("poll.answers.{index}.poll_media.text"),
            media["text"].as_str().unwrap_or_default(),
            1,
            55,
        );
        stored.push(json!({"answer_id": index + 1, "poll_media": {"text": media["text"]}}));
    }
    let hours = super::number(&value["duration"], "poll.duration", 1, 768, errors).unwrap_or(24);
    Some(json!({
        "question": {"text": question},
        "answers": stored,
        "duration": hours,
        "allow_multiselect": value["allow_multiselect"] == true,
        "layout_type": 1,
        "results": {"is_finalized": false, "answer_counts": []},
    }))
}
