//! Purpose: missions: posts that members publish for their community with one confirmation, and the points that they bring.
//!
//! Tables: missions, mission_assignees, mission_posts, mission_polls, mission_reads, mission_engagement, mission_clocks, mission_months, mission_syncs; points, points_totals, points_roles, mission_rules (`points`).
//! Custom ids: `missions:open:<mission>`, `missions:preview|privacy|promotion|comments|publish|later|schedule:<mission>:<platform>:<hash>:<choice>` (`social::Choice`),
//! `missions:cancel|again:<post>`, `missions:rules:<rule>...` (`commands::settings`), `missions:board:<month>:<page>:<owner>` (`points::board`), `missions:create` (modal). Timers: `mission:<id>`, `post:<id>`, `poll:<user>:<platform>`, `role:<user>`,
//! `month:now`, `sync:now`, `log:now` (due_at of the rows).

mod actions;
mod api;
mod assignees;
mod commands;
mod components;
mod effect;
mod hand;
mod pages;
mod posting;
mod publish;
mod roles;
mod rounds;
mod safeguards;
mod store;
mod view;

use crate::{
    access::{Area, GuildAccess},
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    feature::Feature,
    guild_config::{self, GuildConfig},
    interaction::{Interaction, ModalData},
    outbox::{Delivered, Rendered},
    points,
    ports::Timer,
    reply::Reply,
    sql::Statement,
    time,
    watch::{Attention, Figure, Scene},
    web::{Request, Response, Tab},
};
use serde_json::{Value, json};
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

const NAME: &str = "missions";
pub const COMMANDS: &[&str] = &["mission", "missions", "post", "score", "audit", "rolesync"];

pub struct Missions;

impl Feature for Missions {
    const NAME: &'static str = NAME;

    fn commands() -> Vec<Command> {
        commands::definitions()
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
        commands::on_command(ctx, interaction, data).await
    }

    async fn on_autocomplete(
        ctx: &Ctx,
        interaction: &Interaction,
        data: CommandData,
    ) -> Result<Vec<CommandOptionChoice>> {
        commands::on_autocomplete(ctx, interaction, &data).await
    }

    async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
        match id.action.as_str() {
            "open" => components::on_open(ctx, interaction, id.get(0)).await,
            "preview" => components::on_preview(ctx, interaction, id).await,
            "publish" => components::on_publish(ctx, interaction, id).await,
            "later" => Ok(components::on_later(id)),
            "privacy" | "promotion" | "comments" => components::on_choice(ctx, interaction, id, values).await,
            "cancel" => components::on_cancel(ctx, interaction, id.get(0)).await,
            "rules" => commands::settings::on_save(ctx, interaction, id).await,
            "board" => points::board::on_page(ctx, interaction, id).await,
            "again" => components::on_again(ctx, interaction, id.get(0)).await,
            _ => Err(Error::user("This button belongs to another version of Muster.")),
        }
    }

    async fn on_modal(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> Result<Reply> {
        match id.action.as_str() {
            "create" => commands::on_form(ctx, interaction, data).await,
            "schedule" => components::on_schedule(ctx, interaction, id, data.text("when")).await,
            _ => Err(Error::user("This form belongs to another version of Muster.")),
        }
    }

    async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
        match id.split_once(':') {
            Some(("post", id)) => publish::advance(ctx, guild, id).await,
            Some(("mission", id)) => {
                let Some(mission) = actions::load(ctx, guild, id).await? else { return Ok(None) };
                match mission.due_at {
                    Some(due) if due > ctx.now() => Ok(Some(due)),
                    Some(_) if mission.is_live() => actions::on_end(ctx, mission).await,
                    Some(_) => actions::reward_clicks(ctx, &mission).await,
                    due => Ok(due),
                }
            }
            Some(("poll", key)) => rounds::polls::on_timer(ctx, guild, key).await,
            Some(("role", user)) => roles::on_timer(ctx, guild, user).await,
            Some(("sync", _)) => roles::on_sync(ctx, guild).await,
            Some(("month", _)) => rounds::months::on_timer(ctx, guild).await,
            Some(("log", _)) => rounds::log::on_timer(ctx, guild).await,
            _ => Ok(None),
        }
    }

    async fn overdue(ctx: &Ctx, before: i64, limit: u32) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
        let rows: Vec<store::DueRow> = ctx.query(store::list_due(before, limit)).await?.all()?;
        let timer =
            |row: store::DueRow| (row.guild_id, Timer { feature: NAME.to_owned(), id: row.id, due_at: row.due_at });
        Ok(rows.into_iter().map(timer).collect())
    }

    fn on_delivered(delivered: &Delivered) -> Vec<Statement> {
        let Some(id) = delivered.reference.strip_prefix("pushed:") else { return Vec::new() };
        // A card that was changed before it was posted could not be edited until now.
        vec![
            store::set_message(delivered.guild_id, id, &delivered.message_id),
            crate::outbox::store::reopen_edit(&view::card_key(id)),
        ]
    }

    async fn render(ctx: &Ctx, guild: Id<GuildMarker>, reference: &str) -> Result<Option<Rendered>> {
        if let Some(was) = reference.strip_prefix("moved:") {
            return render_moved(ctx, guild, was).await;
        }
        let Some(id) = reference.strip_prefix("card:") else { return Ok(None) };
        let Some(mission) = actions::load(ctx, guild, id).await? else { return Ok(None) };
        let Some(message_id) = mission.message_id.clone() else { return Ok(None) };
        let rules = points::rules(ctx, guild).await?.rules;
        let color = guild_config::cached(ctx, guild).await?.color;
        Ok(Some(Rendered {
            channel_id: mission.channel_id,
            message_id,
            body: view::card(ctx, &mission, &rules, color).edit_body(),
            version: format!("{}:{}", mission.version, mission.published),
        }))
    }

    fn name_effect(effect: &str) -> &'static str {
        match effect.split(':').nth(1) {
            Some("push") => "A mission's card",
            Some("moved") => "A word where a mission's card was",
            Some("card") => "A change of a mission's card",
            Some("month") => "The month's first of missions",
            Some("log") => "The log of missions",
            _ => "A word to a member about their post",
        }
    }

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: pages::PATH, title: "Missions", area: Area::Missions }]
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }

    fn description() -> utoipa::openapi::OpenApi {
        api::description()
    }

    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        api::on_request(ctx, request).await
    }

    async fn figures(ctx: &Ctx, guild: Id<GuildMarker>, _config: &GuildConfig) -> Result<Vec<Figure>> {
        pages::figures(ctx, guild).await
    }

    async fn attention(ctx: &Ctx, scene: &Scene<'_>) -> Result<Vec<Attention>> {
        pages::attention(ctx, scene).await
    }

    async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
        let results = ctx
            .batch(vec![store::list_member_posts(guild, user, 1_000), points::store::list(guild, user, 10_000)])
            .await?;
        let [posts, entries] = &results[..] else { return Ok(None) };
        let posts: Vec<store::Post> = posts.all()?;
        let entries: Vec<points::store::EntryRow> = entries.all()?;
        if posts.is_empty() && entries.is_empty() {
            return Ok(None);
        }
        let post = |post: &store::Post| {
            json!({
                "mission": post.mission_id, "platform": post.platform, "state": post.state, "text": post.text, "url": post.url,
                "created_at": time::rfc3339(post.created_at), "published_at": post.published_at.map(time::rfc3339),
            })
        };
        let entry = |entry: &points::store::EntryRow| json!({ "points": entry.points, "reason": entry.reason, "at": time::rfc3339(entry.at), "rule_version": entry.rule_version });
        Ok(Some(json!({
            "posts": posts.iter().map(post).collect::<Vec<_>>(),
            "points": entries.iter().map(entry).collect::<Vec<_>>(),
        })))
    }
}

/// What a card says that was left behind: `<mission>:<channel>:<message>`.
async fn render_moved(ctx: &Ctx, guild: Id<GuildMarker>, was: &str) -> Result<Option<Rendered>> {
    let mut parts = was.splitn(3, ':');
    let (Some(id), Some(channel), Some(message_id)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(None);
    };
    let (Some(mission), Ok(channel_id)) = (actions::load(ctx, guild, id).await?, channel.parse()) else {
        return Ok(None);
    };
    Ok(Some(Rendered {
        channel_id,
        message_id: message_id.to_owned(),
        body: view::moved(&mission).edit_body(),
        version: mission.channel_id.to_string(),
    }))
}
