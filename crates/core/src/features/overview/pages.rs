//! Purpose: the page itself: a part that loads itself again, and what needs attention.

use crate::{
    access::{Area, GuildAccess, May},
    activity::report::{self, Span},
    ctx::Ctx,
    discord,
    error::Result,
    guild_config::{self, GuildConfig},
    health, outbox, registry,
    text::{count, number},
    time,
    watch::{Attention, Figure, LATE_MS, Scene},
    web::{Request, Response, Shell, render},
};
use askama::Template;
use serde_json::json;

/// Late rows are counted up to here.
const COUNTED: u32 = 100;

/// What changes by itself while somebody looks.
pub struct Live {
    pub figures: Vec<Figure>,
    pub is_connected: bool,
    /// About the gateway sidecar, in a sentence.
    pub gateway: String,
    /// What waits for it.
    pub waiting: Vec<&'static str>,
    pub late: usize,
    /// About rows that are due, in a sentence.
    pub timers: String,
    pub open: outbox::store::OpenCounts,
}

#[derive(Template)]
#[template(path = "features/overview/overview.html")]
struct OverviewPage {
    shell: Shell,
    live: Live,
    attention: Vec<Attention>,
    may_start: bool,
}

#[derive(Template)]
#[template(path = "features/overview/live.html")]
struct LivePart {
    shell: Shell,
    live: Live,
    attention: Vec<Attention>,
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    if request.method != "GET" || !rest.is_empty() {
        return Ok(None);
    }
    access.require(ctx, Area::Overview, May::View)?;
    let config = guild_config::cached(ctx, access.guild).await?;
    let live = live(ctx, access, &config).await?;
    let attention = attention(ctx, access, &config, &live).await?;
    let shell = Shell::of_guild(ctx, request, access, "Overview", "");
    if request.is_partial() {
        return render(200, &LivePart { shell, live, attention }).map(Some);
    }
    let may_start = access.may(Area::Giveaways, May::Manage);
    render(200, &OverviewPage { shell, live, attention, may_start }).map(Some)
}

pub async fn live(ctx: &Ctx, access: &GuildAccess, config: &GuildConfig) -> Result<Live> {
    let guild = access.guild;
    let mut figures = registry::figures(ctx, guild, config).await?;
    let week = report::report(ctx, guild, Span::Week, config.zone()).await?;
    let note = "in the last 7 days".to_owned();
    figures.insert(
        figures.len().min(1),
        Figure { name: "Messages", value: week.total.messages, note: note.clone(), path: "analytics" },
    );
    figures.push(Figure {
        name: "Minutes in voice",
        value: week.total.voice_seconds / 60,
        note: note.clone(),
        path: "analytics",
    });
    let (joins, leaves) = (week.total.joins, week.total.leaves);
    let people = match access.facts.approximate_member_count {
        Some(members) => Figure {
            name: "Members",
            value: members,
            note: format!("{} joined, {} left in the last 7 days", number(joins), number(leaves)),
            path: "analytics",
        },
        None => {
            Figure { name: "Joined", value: joins, note: format!("{} left, {note}", number(leaves)), path: "analytics" }
        }
    };
    figures.insert(0, people);
    let sidecar = health::sidecar(ctx).await?;
    let (is_connected, gateway) = health::say_sidecar(sidecar.as_ref());
    let due = registry::due(ctx, guild, ctx.now() - LATE_MS, COUNTED).await?;
    let oldest = due.iter().map(|due| due.timer.due_at).min();
    let timers = match oldest {
        None => "Every timer is on time.".to_owned(),
        Some(oldest) => format!(
            "{} late, the oldest by {}. Each is tried again by itself.",
            count(due.len() as u64, "timer is", "timers are"),
            time::say_duration(ctx.now() - oldest)
        ),
    };
    let open = outbox::people::counts(ctx, guild).await?;
    let waiting = if is_connected { Vec::new() } else { registry::waits_for_gateway(config) };
    // Written for Discord, too, which shows what stands in these marks as code.
    let gateway = gateway.replace('`', "");
    Ok(Live { figures, is_connected, gateway, waiting, late: due.len(), timers, open })
}

/// What somebody should look at. What Discord does not say just now is left out.
pub async fn attention(ctx: &Ctx, access: &GuildAccess, config: &GuildConfig, live: &Live) -> Result<Vec<Attention>> {
    let mut all = Vec::new();
    if !live.waiting.is_empty() {
        all.push(Attention::new("The gateway is not connected, so some things stand still. See below which.", ""));
    }
    if live.late > 0 {
        let timers = count(live.late as u64, "timer is", "timers are");
        all.push(Attention::new(format!("{timers} late. Jobs and timers says which, and can wake them."), "jobs"));
    }
    if live.open.held > 0 {
        let messages = count(live.open.held.into(), "message", "messages");
        let text = format!("Nobody knows whether {messages} arrived at Discord. Somebody has to look.");
        all.push(Attention::new(text, "jobs"));
    }
    if live.open.failed > 0 {
        let messages = count(live.open.failed.into(), "message", "messages");
        all.push(Attention::new(format!("Discord refused {messages}. The reason stands beside each."), "jobs"));
    }
    let channels = match discord::list_channels(ctx, access.guild).await {
        Ok(channels) => Some(channels),
        Err(error) => {
            ctx.warn("channels are not known", json!({ "guild": access.guild, "error": error.to_string() }));
            None
        }
    };
    let scene = Scene { guild: access.guild, facts: &access.facts, config, channels: channels.as_deref() };
    all.extend(registry::attention(ctx, &scene).await?);
    // What somebody may not even look at is not theirs to mend.
    let tabs = registry::tabs();
    let may_see = |path: &str| {
        let tab = tabs.iter().find(|tab| Some(tab.path) == path.split('/').next());
        tab.is_none_or(|tab| access.may(tab.area, May::View))
    };
    all.retain(|one| may_see(one.path));
    Ok(all)
}
