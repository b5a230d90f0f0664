//! Purpose: the `interaction` door: from a verified body to the HTTP answer, within Discord's deadline.
//!
//! The signature was checked by the shell before a byte was parsed. Only the fields that Muster reads are parsed:
//! what Discord adds or nests elsewhere cannot make an interaction unreadable.

mod input;

pub use input::ModalData;

use crate::{
    activity, audit,
    ctx::Ctx,
    custom_id::CustomId,
    discord::{self, CallError, codes},
    error::{Error, Result},
    registry,
    reply::{self, Message, Reply},
    time,
};
use futures_util::{
    FutureExt,
    future::{Either, LocalBoxFuture, select},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use twilight_model::{
    application::{command::CommandOptionChoice, interaction::application_command::CommandData},
    guild::Permissions,
    id::{
        Id,
        marker::{
            ApplicationMarker, ChannelMarker, GuildMarker, InteractionMarker, MessageMarker, RoleMarker, UserMarker,
        },
    },
};

/// Discord gives 3 s for the first answer; past this the answer is "thinking" and the real one follows.
const FIRST_ANSWER_MS: u64 = 900;
/// An interaction's token lives 15 minutes, so an older id can only be a replay.
const WINDOW_MS: i64 = 15 * 60_000;
/// Allowance for clocks that differ.
const SKEW_MS: i64 = 60_000;
/// Discord may answer 404 for some seconds after a deferred HTTP answer (discord-api-docs issue 7220).
const FOLLOW_UP_WAITS_MS: [u64; 5] = [300, 700, 1_500, 3_000, 4_000];

/// The HTTP answer to Discord.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// Who did what where, as Discord signed it.
#[derive(Debug, Clone)]
pub struct Interaction {
    pub id: Id<InteractionMarker>,
    pub token: String,
    pub guild_id: Id<GuildMarker>,
    pub channel_id: Id<ChannelMarker>,
    pub actor: Actor,
    /// What Muster itself may do in this channel.
    pub app_permissions: Permissions,
    /// The message whose button or select was used.
    pub message_id: Option<Id<MessageMarker>>,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct Actor {
    pub id: Id<UserMarker>,
    pub name: String,
    /// What others see: the nickname here, or the display name, or the username.
    pub shown_name: String,
    /// Hash of their picture, and of the one they have in this guild only.
    pub avatar: Option<String>,
    pub guild_avatar: Option<String>,
    pub roles: Vec<Id<RoleMarker>>,
    /// In this channel, overwrites included.
    pub permissions: Permissions,
    /// RFC 3339, as Discord writes it; `joined_ms` reads it.
    pub joined_at: Option<String>,
}

impl Actor {
    /// When they joined this guild, Unix milliseconds.
    pub fn joined_ms(&self) -> Option<i64> {
        self.joined_at.as_deref().and_then(time::parse_rfc3339)
    }
}

impl Interaction {
    /// When Discord created it, Unix milliseconds.
    pub fn created_at(&self) -> i64 {
        time::snowflake_ms(self.id.get())
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "type")]
    kind: u8,
    id: Option<Id<InteractionMarker>>,
    application_id: Option<Id<ApplicationMarker>>,
    token: Option<String>,
    guild_id: Option<Id<GuildMarker>>,
    channel_id: Option<Id<ChannelMarker>>,
    channel: Option<WireId<ChannelMarker>>,
    member: Option<WireMember>,
    message: Option<WireId<MessageMarker>>,
    app_permissions: Option<Permissions>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(bound = "")]
struct WireId<T> {
    id: Id<T>,
}

#[derive(Deserialize)]
struct WireMember {
    user: WireUser,
    #[serde(default)]
    roles: Vec<Id<RoleMarker>>,
    permissions: Option<Permissions>,
    joined_at: Option<String>,
    nick: Option<String>,
    avatar: Option<String>,
}

#[derive(Deserialize)]
struct WireUser {
    id: Id<UserMarker>,
    username: String,
    global_name: Option<String>,
    avatar: Option<String>,
}

/// The data of a button or select.
#[derive(Debug, Deserialize)]
struct ComponentData {
    custom_id: String,
    #[serde(default)]
    values: Vec<String>,
}

enum Input {
    Command(Box<CommandData>),
    Component(CustomId, Vec<String>),
    Modal(CustomId, Box<ModalData>),
}

fn refuse(status: u16, why: &str) -> Answer {
    Answer { status, body: json!({ "error": why }).to_string() }
}

fn said(reply: &Reply) -> Answer {
    Answer { status: 200, body: reply::response_text(reply) }
}

fn ok(body: &Value) -> Answer {
    Answer { status: 200, body: body.to_string() }
}

/// Answers one interaction. `body` is the raw body whose signature is already verified.
pub async fn interaction(ctx: &Ctx, body: &[u8]) -> Answer {
    let Ok(wire) = serde_json::from_slice::<Wire<'_>>(body) else {
        return refuse(400, "this is not an interaction");
    };
    if wire.application_id.is_some_and(|id| id != ctx.settings.application_id) {
        return refuse(401, "this interaction is for another application");
    }
    if wire.kind == 1 {
        return Answer { status: 200, body: r#"{"type":1}"#.to_owned() };
    }
    let (Some(id), Some(_)) = (wire.id, wire.application_id) else {
        return refuse(400, "this is not an interaction");
    };
    let age = ctx.now() - time::snowflake_ms(id.get());
    if !(-SKEW_MS..=WINDOW_MS).contains(&age) {
        return refuse(401, "this interaction is too old or from the future");
    }
    let (kind, data) = (wire.kind, wire.data);
    let Some(interaction) = place(wire) else {
        if kind == 4 {
            // Suggestions can be answered with suggestions only.
            return ok(&json!({ "type": 8, "data": { "choices": [] } }));
        }
        return said(&Reply::private(
            "Muster works inside servers. Use this command in a server where Muster is installed.",
        ));
    };
    let Some(data) = data else {
        return refuse(400, "this interaction has no data");
    };
    route(ctx, interaction, kind, data).await
}

/// `None` for an interaction outside a guild.
fn place(wire: Wire<'_>) -> Option<Interaction> {
    let member = wire.member?;
    Some(Interaction {
        id: wire.id?,
        token: wire.token?,
        guild_id: wire.guild_id?,
        channel_id: wire.channel.map(|channel| channel.id).or(wire.channel_id)?,
        name: String::new(),
        actor: Actor {
            id: member.user.id,
            shown_name: member.nick.or(member.user.global_name).unwrap_or_else(|| member.user.username.clone()),
            name: member.user.username,
            avatar: member.user.avatar,
            guild_avatar: member.avatar,
            roles: member.roles,
            permissions: member.permissions.unwrap_or(Permissions::empty()),
            joined_at: member.joined_at,
        },
        app_permissions: wire.app_permissions.unwrap_or(Permissions::empty()),
        message_id: wire.message.map(|message| message.id),
    })
}

async fn route(ctx: &Ctx, mut interaction: Interaction, kind: u8, data: &RawValue) -> Answer {
    let input = match kind {
        2 | 4 => match input::command(data) {
            Some(command) => {
                interaction.name.clone_from(&command.name);
                if kind == 4 {
                    return autocomplete(ctx, interaction, command).await;
                }
                activity::count_command(ctx, &interaction);
                Input::Command(Box::new(command))
            }
            None => return refuse(400, "this command cannot be read"),
        },
        3 => match serde_json::from_str::<ComponentData>(data.get()) {
            Ok(data) => match CustomId::decode(&data.custom_id) {
                Ok(id) => Input::Component(id, data.values),
                Err(_) => return forged(ctx, interaction),
            },
            Err(_) => return refuse(400, "this component cannot be read"),
        },
        5 => match input::modal(data) {
            Some(data) => match CustomId::decode(&data.custom_id) {
                Ok(id) => Input::Modal(id, Box::new(data)),
                Err(_) => return forged(ctx, interaction),
            },
            None => return refuse(400, "this form cannot be read"),
        },
        _ => return refuse(400, "Muster does not know this kind of interaction"),
    };
    answer_in_time(ctx, interaction, input).await
}

fn forged(ctx: &Ctx, interaction: Interaction) -> Answer {
    let error = Error::Denied("This button is not one that Muster made, or it is from a version long gone.".to_owned());
    said(&error_reply(ctx, &interaction, error))
}

async fn autocomplete(ctx: &Ctx, interaction: Interaction, command: CommandData) -> Answer {
    let work = Box::pin(registry::on_autocomplete(ctx, &interaction, command));
    // Late or failed suggestions are no suggestions: the field still takes typed text.
    let choices: Vec<CommandOptionChoice> = match select(work, ctx.clock.sleep(FIRST_ANSWER_MS)).await {
        Either::Left((Ok(choices), _)) => choices,
        Either::Left((Err(error), _)) => {
            ctx.warn("autocomplete failed", json!({ "command": interaction.name, "error": error.to_string() }));
            Vec::new()
        }
        Either::Right(_) => Vec::new(),
    };
    let choices = &choices[..choices.len().min(crate::text::limits::CHOICES)];
    ok(&json!({ "type": 8, "data": { "choices": choices } }))
}

fn handle(ctx: Ctx, interaction: Interaction, input: Input) -> LocalBoxFuture<'static, (Interaction, Result<Reply>)> {
    Box::pin(async move {
        let result = match input {
            Input::Command(command) => registry::on_command(&ctx, &interaction, *command).await,
            Input::Component(id, values) => registry::on_component(&ctx, &interaction, &id, &values).await,
            Input::Modal(id, data) => registry::on_modal(&ctx, &interaction, &id, &data).await,
        };
        (interaction, result)
    })
}

async fn answer_in_time(ctx: &Ctx, interaction: Interaction, input: Input) -> Answer {
    let mut work = handle(ctx.clone(), interaction, input);
    // Most answers need no outside call, or one: only what is not ready at the first look gets a deadline.
    let done = match (&mut work).now_or_never() {
        Some(done) => Some(done),
        None => match select(&mut work, ctx.clock.sleep(FIRST_ANSWER_MS)).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        },
    };
    let Some((interaction, result)) = done else {
        let later = ctx.clone();
        ctx.after(async move {
            let (interaction, result) = work.await;
            let reply = result.unwrap_or_else(|error| error_reply(&later, &interaction, error));
            follow_up(&later, &interaction, reply).await;
        });
        return ok(&reply::deferred_json(true));
    };
    let reply = result.unwrap_or_else(|error| error_reply(ctx, &interaction, error));
    let has_files = matches!(&reply, Reply::Private(message) | Reply::Public(message) if !message.files.is_empty());
    if has_files {
        // Files travel only by a follow-up.
        let private = matches!(reply, Reply::Private(_));
        let later = ctx.clone();
        ctx.after(async move { follow_up(&later, &interaction, reply).await });
        return ok(&reply::deferred_json(private));
    }
    said(&reply)
}

/// Puts the real answer in place of "thinking". Editing is safe to repeat, so an unknown outcome is repeated.
async fn follow_up(ctx: &Ctx, interaction: &Interaction, reply: Reply) {
    let message = reply.into_message().unwrap_or_else(|| {
        Message::text("That took longer than Discord waits for a form. Please use the command again.")
    });
    let mut waits = FOLLOW_UP_WAITS_MS.iter();
    loop {
        let Err(error) = discord::edit_original(ctx, &interaction.token, &message).await else {
            return;
        };
        let may_pass = match &error {
            CallError::Refused { code, .. } => *code == codes::UNKNOWN_WEBHOOK && !token_expired(ctx, interaction),
            _ => !token_expired(ctx, interaction),
        };
        match waits.next() {
            Some(wait) if may_pass => ctx.clock.sleep(*wait).await,
            _ => {
                let fields =
                    json!({ "interaction": interaction.id, "command": interaction.name, "error": error.to_string() });
                ctx.warn("a deferred answer could not be delivered", fields);
                return;
            }
        }
    }
}

fn token_expired(ctx: &Ctx, interaction: &Interaction) -> bool {
    ctx.now() - interaction.created_at() > WINDOW_MS
}

/// The one place where an error becomes what a person sees, and where internals are logged.
pub fn error_reply(ctx: &Ctx, interaction: &Interaction, error: Error) -> Reply {
    match error {
        Error::Denied(text) => {
            audit::denied(ctx, interaction, &text);
            Reply::private(text)
        }
        ref error @ Error::Internal(ref internal) => {
            let id = ctx.random_hex(4);
            let fields = json!({
                "error_id": id, "guild": interaction.guild_id, "user": interaction.actor.id,
                "command": interaction.name, "interaction": interaction.id, "what": internal.what,
            });
            ctx.log.write(crate::ports::Level::Error, "interaction failed", fields);
            if error.is_retryable() {
                return Reply::private(format!(
                    "Something that Muster needs did not answer just now. Please try again in a moment. If it stays, tell whoever runs Muster this number: `{id}`"
                ));
            }
            Reply::private(format!(
                "Something went wrong on Muster's side. What you asked for may have been done or not: have a look, then try again in a moment. If it stays, tell whoever runs Muster this number: `{id}`"
            ))
        }
        told => Reply::private(told.to_string()),
    }
}
