//! Purpose: what the gateway reports: experience into the members' rows, new levels settled and announced, who left and came.

use super::{NAME, rules, store, view};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    gateway::Arrived,
    guild_config::GuildConfig,
    leaderboard::changed_at,
    outbox::{self, Effect, EffectKind},
    ports::Timer,
    sql::Statement,
    xp::{AnnounceIn, LevelSettings},
};
use muster_protocol::{EventKind, MemberXp};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker},
};

/// Members per statement: with five decisions each, at most 700 characters, they stay under D1's 2 MB per value.
const MEMBERS_MAX: usize = 2_000;
/// Announcements delivered by the invocation that found them; the queue takes the rest.
const DELIVERED_AT_ONCE: usize = 3;

/// Every entry of the batch, with its guild and time. Guilds without levels are left out.
fn earned(arrived: &Arrived) -> impl Iterator<Item = (Id<GuildMarker>, i64, &MemberXp)> {
    let events = arrived.batch.events.iter();
    let enabled = events.filter(|event| arrived.config(event.guild).levels.enabled);
    enabled.flat_map(|event| match &event.kind {
        EventKind::Xp { members } => members.iter().map(|member| (event.guild, event.at, member)).collect(),
        _ => Vec::new(),
    })
}

pub fn statements(ctx: &Ctx, arrived: &Arrived) -> Vec<Statement> {
    let (source, number) = (arrived.batch.source.as_str(), arrived.number());
    let changed = changed_at(ctx.now());
    let mut statements = Vec::new();
    let mut guilds: BTreeMap<Id<GuildMarker>, i64> = BTreeMap::new();
    let mut rows = Vec::new();
    for (guild, at, member) in earned(arrived) {
        let zone = arrived.config(guild).zone();
        let periods = rules::periods(at, zone);
        guilds.entry(guild).or_insert_with(|| rules::next_rollover(ctx.now(), zone));
        rows.push(json!([
            guild,
            member.user,
            member.text,
            member.voice,
            member.messages,
            member.seconds,
            periods.week,
            periods.month,
            member.why,
        ]));
    }
    if !guilds.is_empty() {
        statements.push(store::add_guilds(&json!(guilds.into_iter().collect::<Vec<_>>()).to_string()));
    }
    let chunks = rows.chunks(MEMBERS_MAX);
    statements.extend(chunks.map(|chunk| store::add_earned(&json!(chunk).to_string(), changed, source, number)));
    let (mut left, mut back) = (Vec::new(), Vec::new());
    for event in &arrived.batch.events {
        match &event.kind {
            EventKind::MemberLeft { user } => left.push(json!([event.guild, user, event.at])),
            EventKind::MemberJoined { user, .. } => back.push(json!([event.guild, user, event.at])),
            _ => {}
        }
    }
    if !left.is_empty() {
        statements.push(store::mark_left(&json!(left).to_string(), changed, source, number));
    }
    if !back.is_empty() {
        statements.push(store::mark_back(&json!(back).to_string(), changed, source, number));
    }
    statements
}

/// Somebody who reached a level.
struct Rise {
    member: store::Member,
    level: u32,
    channel: Id<ChannelMarker>,
}

/// Looks who of the batch reached a new level, settles and announces it. Safe to run again: a level is settled once.
pub async fn settle(ctx: &Ctx, arrived: &Arrived) -> Result<()> {
    let mut channels = BTreeMap::new();
    for (guild, _, member) in earned(arrived) {
        channels.insert((guild, member.user), member.channel);
    }
    let mut rises = Vec::new();
    let asked: Vec<Value> = channels.keys().map(|(guild, user)| json!([guild, user])).collect();
    for chunk in asked.chunks(MEMBERS_MAX) {
        let members: Vec<store::Member> = ctx.query(store::list(&json!(chunk).to_string())).await?.all()?;
        rises.extend(members.into_iter().filter_map(|member| {
            let level = arrived.config(member.guild_id).levels.curve.level(member.total());
            let channel = *channels.get(&(member.guild_id, member.user_id))?;
            (level > member.level).then_some(Rise { member, level, channel })
        }));
    }
    if !rises.is_empty() {
        raise(ctx, |guild| arrived.config(guild), &rises).await?;
    }
    let came_back = arrived.batch.events.iter().filter(|event| matches!(event.kind, EventKind::MemberJoined { .. }));
    let due: BTreeSet<Id<GuildMarker>> =
        came_back.map(|event| event.guild).filter(|guild| !arrived.config(*guild).levels.rewards.is_empty()).collect();
    arm_rewards(ctx, due).await
}

/// Settles and announces the level of one member, as if it was reached in `channel`.
pub async fn settle_one(
    ctx: &Ctx,
    config: &GuildConfig,
    member: store::Member,
    channel: Id<ChannelMarker>,
) -> Result<()> {
    let level = config.levels.curve.level(member.total());
    if level <= member.level {
        return Ok(());
    }
    let config = Rc::new(config.clone());
    raise(ctx, |_| config.clone(), &[Rise { member, level, channel }]).await
}

async fn raise(ctx: &Ctx, config: impl Fn(Id<GuildMarker>) -> Rc<GuildConfig>, rises: &[Rise]) -> Result<()> {
    let mut levels = Vec::new();
    let mut effects = Vec::new();
    let mut due = BTreeSet::new();
    for rise in rises {
        let config = config(rise.member.guild_id);
        let changes = rules::rewards_change(&config.levels, rise.member.level, rise.level);
        if changes {
            due.insert(rise.member.guild_id);
        }
        levels.push(json!([rise.member.guild_id, rise.member.user_id, rise.level, changes]));
        effects.extend(announcement(ctx, &config.levels, config.color, rise).await?);
    }
    let prepared = outbox::prepare_many(ctx, &effects);
    let raise = store::raise_levels(&json!(levels).to_string(), ctx.now());
    ctx.batch(vec![prepared.statement, raise]).await?;
    outbox::deliver_some(ctx, prepared.ids, DELIVERED_AT_ONCE);
    arm_rewards(ctx, due).await
}

async fn announcement(ctx: &Ctx, settings: &LevelSettings, color: u32, rise: &Rise) -> Result<Option<Effect>> {
    let Rise { member, level, channel } = rise;
    if rules::is_quiet(&settings.announce, *level) {
        return Ok(None);
    }
    let channel = match settings.announce.place {
        AnnounceIn::Off => return Ok(None),
        AnnounceIn::Same => Some(*channel),
        AnnounceIn::Channel(channel) => Some(channel),
        AnnounceIn::Direct => None,
    };
    if let Some(channel) = channel
        && outbox::is_given_up(ctx, channel).await?
    {
        return Ok(None);
    }
    let announced = view::level_up(settings, color, member, *level, channel.is_none());
    let body = announced.message.create_body();
    let kind = match channel {
        Some(channel) => EffectKind::Post { channel, body, marker: announced.marker },
        None => EffectKind::Direct { user: member.user_id, body, marker: announced.marker },
    };
    let (guild, user, epoch) = (member.guild_id, member.user_id, member.epoch);
    Ok(Some(Effect {
        guild_id: guild,
        feature: NAME,
        key: format!("levels:{guild}:{user}:{epoch}:{level}"),
        reference: format!("level:{user}:{level}"),
        kind,
    }))
}

/// Has the guilds' clocks look at the roles that are due.
pub async fn arm_rewards(ctx: &Ctx, guilds: BTreeSet<Id<GuildMarker>>) -> Result<()> {
    for guild in guilds {
        let timer = Timer { feature: NAME.to_owned(), id: super::REWARDS.to_owned(), due_at: ctx.now() };
        ctx.timers.arm(guild, vec![timer]).await.map_err(Error::retryable)?;
    }
    Ok(())
}
