//! Purpose: what a feature can do: every ability is a method with a default, dispatched statically by the registry.

use crate::{
    access::GuildAccess,
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    gateway::Arrived,
    guild_config::GuildConfig,
    interaction::{Interaction, ModalData},
    outbox::{Delivered, Rendered},
    ports::Timer,
    reply::Reply,
    sql::Statement,
    watch::{Attention, Due, Figure, LogFilter, LogPage, Progress, Scene},
    web::{Request, Response, Tab},
};
use serde_json::Value;
use twilight_model::{
    application::{
        command::{Command, CommandOptionChoice},
        interaction::application_command::CommandData,
    },
    id::{
        Id,
        marker::{GuildMarker, UserMarker},
    },
};

#[expect(async_fn_in_trait, reason = "dispatch is static and single-threaded; no caller needs Send")]
#[expect(unused_variables, reason = "defaults name their parameters for whoever implements them")]
pub trait Feature {
    /// The folder's name; also the first part of its custom ids, timers and jobs.
    const NAME: &'static str;

    /// Slash and context menu commands, as registered with Discord.
    fn commands() -> Vec<Command> {
        Vec::new()
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
        Err(unknown())
    }

    async fn on_autocomplete(
        ctx: &Ctx,
        interaction: &Interaction,
        data: CommandData,
    ) -> Result<Vec<CommandOptionChoice>> {
        Ok(Vec::new())
    }

    async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
        Err(unknown())
    }

    async fn on_modal(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> Result<Reply> {
        Err(unknown())
    }

    /// Something outside interactions happened, `kind` in Discord's spelling. May come twice and out of order.
    async fn on_event(ctx: &Ctx, kind: &str, event: &Value) -> Result<()> {
        Ok(())
    }

    /// What a batch of the gateway adds to this feature's tables. Each statement holds only while the batch's number is not taken.
    async fn gateway_statements(ctx: &Ctx, arrived: &Arrived) -> Result<Vec<Statement>> {
        Ok(Vec::new())
    }

    /// What follows once those are committed; runs again whenever the batch is delivered again.
    async fn on_gateway(ctx: &Ctx, arrived: &Arrived) -> Result<()> {
        Ok(())
    }

    /// A row of this feature is due, or was: look at the row, do what is due, and say when it wants to be woken next.
    async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
        Ok(None)
    }

    /// Rows due before `before` (Unix milliseconds), oldest first, at most `limit`: the sweeper wakes them again.
    async fn overdue(ctx: &Ctx, before: i64, limit: u32) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
        Ok(Vec::new())
    }

    /// Statements that commit together with marking an outbox row as sent.
    fn on_delivered(delivered: &Delivered) -> Vec<Statement> {
        Vec::new()
    }

    /// The Edit Message body for an outbox row without one, as things are now; `None` when there is nothing to edit
    /// any more. Rendering at delivery makes late and reordered edits end in the newest state.
    async fn render(ctx: &Ctx, guild: Id<GuildMarker>, reference: &str) -> Result<Option<Rendered>> {
        Ok(None)
    }

    /// The routes of this feature's API, for `/api/docs`. The deployed Worker does not contain it.
    fn description() -> utoipa::openapi::OpenApi {
        utoipa::openapi::OpenApi::default()
    }

    /// The JSON API under `/api/v1/`; `None` when the path is not this feature's.
    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        Ok(None)
    }

    /// Parts of the dashboard that this feature shows.
    fn tabs() -> Vec<Tab> {
        Vec::new()
    }

    /// A page of the dashboard; `rest` is the path after `/g/{guild}`. `None` when it is not this feature's. Whoever asks was
    /// let into the guild; the right to this area is asked for here ([`GuildAccess::require`]).
    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        Ok(None)
    }

    /// A page for everybody; `path` is the whole path. `None` when it is not this feature's.
    async fn public_page(ctx: &Ctx, request: &Request, path: &[&str]) -> Result<Option<Response>> {
        Ok(None)
    }

    /// Numbers for the first page of a guild's dashboard; read every few seconds while it is open.
    async fn figures(ctx: &Ctx, guild: Id<GuildMarker>, config: &GuildConfig) -> Result<Vec<Figure>> {
        Ok(Vec::new())
    }

    /// What somebody should mend, as far as it is known without much asking.
    async fn attention(ctx: &Ctx, scene: &Scene<'_>) -> Result<Vec<Attention>> {
        Ok(Vec::new())
    }

    /// What does not go on while no gateway sidecar reports, in a sentence; `None` where nothing waits.
    fn waits_for_gateway(config: &GuildConfig) -> Option<&'static str> {
        None
    }

    /// Rows of one guild that were due before `before` (Unix milliseconds), at most `limit`.
    async fn due(ctx: &Ctx, guild: Id<GuildMarker>, before: i64, limit: u32) -> Result<Vec<Due>> {
        Ok(Vec::new())
    }

    /// Long work of one guild that is not done.
    async fn progress(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Vec<Progress>> {
        Ok(Vec::new())
    }

    /// A page of this feature's own log of a guild; `None` where it keeps none.
    async fn log_page(ctx: &Ctx, guild: Id<GuildMarker>, filter: &LogFilter) -> Result<Option<LogPage>> {
        Ok(None)
    }

    /// What an outbox row of this feature is, in words, by its `effect`.
    fn name_effect(effect: &str) -> &'static str {
        "Message"
    }

    /// Core interface for requirements of other features: a member's level, where levels are kept.
    /// `None` while this feature keeps no levels in that guild.
    async fn member_level(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<u32>> {
        Ok(None)
    }

    /// Everything that this feature keeps about somebody in that guild, for themselves to read; `None` for nothing.
    async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
        Ok(None)
    }

    /// Deletes what this feature keeps about somebody in that guild, as far as it may. Gives a sentence for the person about
    /// what was done or why something stays; `None` where there is nothing.
    async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
        Ok(None)
    }

    /// Whether this feature keeps levels in that guild.
    async fn keeps_levels(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<bool> {
        Ok(false)
    }
}

fn unknown() -> Error {
    Error::user(
        "This version of Muster does not know that action. The message it belongs to may be from another version.",
    )
}
