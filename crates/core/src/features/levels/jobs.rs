//! Purpose: what the guild's clock does for levels: roles that are due, and the end of days, weeks and months.

use super::{
    NAME, RESET, REWARDS, ROLLOVER,
    commands::xp::{reset, store as reset_store},
    import, rules, store, sync, view,
};
use crate::{
    activity,
    ctx::Ctx,
    discord::{self, CallError, GuildFacts, codes},
    error::Result,
    guild_config::{self, GuildConfig},
    outbox::{self, Effect, EffectKind},
    permissions,
    ports::Timer,
};
use serde_json::json;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, RoleMarker},
};

/// Members whose roles are set per waking: at three calls each they stay within the 50 outside calls of the free plan.
const MEMBERS_PER_STEP: u32 = 8;
/// Roles given or taken per member and waking; more follow in the next.
const ROLES_PER_STEP: usize = 3;
/// The next step of the same guild comes this much later, so that a sync does not eat the guild's whole rate limit.
const STEP_PAUSE_MS: i64 = 1_000;
const WINNERS: u32 = 10;
const DELETED_PER_DAY: u32 = 1_000;
const DAY_MS: i64 = 86_400_000;

pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
    match id {
        REWARDS => rewards(ctx, guild).await,
        ROLLOVER => rollover(ctx, guild).await,
        RESET => reset::step(ctx, guild).await,
        _ => import::on_timer(ctx, guild, id).await,
    }
}

pub async fn overdue(ctx: &Ctx, before: i64, limit: u32) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
    let statements = vec![
        store::list_guilds_with_rewards_due(before, limit),
        sync::store::list_running(before, limit),
        store::list_rollovers_due(before, limit),
        reset_store::list_resets(before, limit),
        import::store::list_running(before, limit),
    ];
    let results = ctx.batch(statements).await?;
    let mut timers = Vec::new();
    for (result, id) in results.iter().zip([REWARDS, REWARDS, ROLLOVER, RESET]) {
        let timer = |row: store::DueRow| {
            (row.guild_id, Timer { feature: NAME.to_owned(), id: id.to_owned(), due_at: row.due_at })
        };
        timers.extend(result.all::<store::DueRow>()?.into_iter().map(timer));
    }
    timers.extend(results.last().map(import::overdue).transpose()?.unwrap_or_default());
    Ok(timers)
}

/// Sets the roles of some members whose rewards are due; comes back while there are more.
async fn rewards(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<i64>> {
    let rows: Vec<store::Member> =
        ctx.query(store::list_rewards_due(guild, ctx.now(), MEMBERS_PER_STEP)).await?.all()?;
    if rows.is_empty() {
        return sync::go_on(ctx, guild).await;
    }
    let config = guild_config::fresh(ctx, guild).await?;
    let facts = match discord::get_guild(ctx, guild).await {
        Ok(facts) => facts,
        // Muster is no longer there: nothing can be given.
        Err(CallError::Refused { .. }) => {
            let clear = rows.iter().map(|row| done(guild, row)).collect();
            ctx.batch(clear).await?;
            return Ok(Some(ctx.now() + STEP_PAUSE_MS));
        }
        Err(error) => return Err(error.into()),
    };
    let bot_position = permissions::bot_position(ctx, guild, &facts).await?;
    for row in &rows {
        give_and_take(ctx, config.config(), &facts, bot_position, row).await?;
    }
    Ok(Some(ctx.now() + STEP_PAUSE_MS))
}

fn done(guild: Id<GuildMarker>, row: &store::Member) -> crate::sql::Statement {
    store::clear_rewards_due(guild, row.user_id, row.rewards_due.unwrap_or_default())
}

/// Which of the roles Muster may not give or take: those that are not below its own, managed ones, and ones that are gone.
pub fn out_of_reach(facts: &GuildFacts, bot_position: i64, role: Id<RoleMarker>) -> bool {
    let found = facts.roles.iter().find(|known| known.id == role);
    found.is_none_or(|known| known.position >= bot_position || known.managed)
}

async fn give_and_take(
    ctx: &Ctx,
    config: &GuildConfig,
    facts: &GuildFacts,
    bot_position: i64,
    row: &store::Member,
) -> Result<()> {
    let guild = row.guild_id;
    let Some(member) = discord::get_member(ctx, guild, row.user_id).await? else {
        ctx.batch(vec![done(guild, row), sync::store::count(guild, 0, 0, 0)]).await?;
        return Ok(());
    };
    let level = config.levels.curve.level(row.total());
    let (give, take) = rules::reward_steps(&config.levels, level, &member.roles);
    let mut steps: Vec<(bool, Id<RoleMarker>)> = give.into_iter().map(|role| (true, role)).collect();
    steps.extend(take.into_iter().map(|role| (false, role)));
    let all = steps.len();
    steps.retain(|(_, role)| !out_of_reach(facts, bot_position, *role));
    let (mut given, mut taken, mut failed) = (0, 0, u32::try_from(all - steps.len()).unwrap_or(u32::MAX));
    let mut is_all = steps.len() <= ROLES_PER_STEP;
    for (gives, role) in steps.into_iter().take(ROLES_PER_STEP) {
        let reason = format!("Level {level}");
        match discord::set_role(ctx, guild, row.user_id, role, gives, &reason).await {
            Ok(()) if gives => given += 1,
            Ok(()) => taken += 1,
            Err(CallError::Refused { code: codes::UNKNOWN_MEMBER, .. }) => break,
            Err(CallError::Refused { status, code, message }) => {
                let fields = json!({ "guild": guild, "role": role, "status": status, "code": code, "why": message });
                ctx.warn("a reward role was refused", fields);
                // Discord would refuse the others too, and counts refusals against Muster.
                failed += 1;
                is_all = true;
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if is_all {
        let lower = sync::store::lower_level(guild, row.user_id, row.level, level);
        ctx.batch(vec![done(guild, row), lower, sync::store::count(guild, given, taken, failed)]).await?;
    }
    Ok(())
}

/// Closes what ended, deletes what is too old, and says when the next day ends.
async fn rollover(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<i64>> {
    let Some(row) = ctx.query(store::get_guild(guild)).await?.first::<store::GuildRow>()? else {
        return Ok(None);
    };
    if row.rollover_at > ctx.now() {
        return Ok(Some(row.rollover_at));
    }
    let config = guild_config::fresh(ctx, guild).await?;
    let config = config.config();
    let zone = config.zone();
    let ended = rules::ended(ctx.now(), zone);
    close(ctx, guild, config, "week", ended.week).await?;
    close(ctx, guild, config, "month", ended.month).await?;
    let left_before = ctx.now() - i64::from(config.levels.keep_leavers_days) * DAY_MS;
    let next = rules::next_rollover(ctx.now(), zone);
    ctx.batch(vec![
        store::delete_left(guild, left_before, DELETED_PER_DAY),
        import::store::delete_expired(guild, ctx.now()),
        activity::store::delete_old(guild, ctx.now() - activity::KEEP_DAYS * DAY_MS),
        store::set_rollover(guild, next),
    ])
    .await?;
    Ok(Some(next))
}

/// Names the winners of a week or month, once: its row is the lock.
async fn close(ctx: &Ctx, guild: Id<GuildMarker>, config: &GuildConfig, span: &'static str, period: u32) -> Result<()> {
    let (winners, count) = match span {
        "week" => (store::list_week(guild, period, WINNERS), store::count_week(guild, period)),
        _ => (store::list_month(guild, period, WINNERS), store::count_month(guild, period)),
    };
    let results = ctx.batch(vec![store::get_period(guild, span, period), winners, count]).await?;
    let [known, winners, count] = &results[..] else {
        return Ok(());
    };
    let winners: Vec<store::Winner> = winners.all()?;
    if known.first::<store::PeriodRow>()?.is_some() || winners.is_empty() {
        return Ok(());
    }
    let members = count.first::<store::CountRow>()?.map_or(0, |row| row.n);
    let stored = serde_json::to_string(&winners).map_err(crate::Error::internal)?;
    let mut statements = vec![store::insert_period(guild, span, period, ctx.now(), members, &stored)];
    let mut ids = Vec::new();
    if let (Some(channel), true) = (config.levels.announce.winners, config.levels.enabled) {
        let name = if span == "week" { rules::week_name(period) } else { rules::month_name(period) };
        let message = view::winners(config.color, &name, &winners, members);
        let prepared = outbox::prepare(
            ctx,
            &Effect {
                guild_id: guild,
                feature: NAME,
                key: format!("levels:{guild}:{span}:{period}"),
                reference: format!("{span}:{period}"),
                kind: EffectKind::Post { channel, body: message.create_body(), marker: name },
            },
        );
        statements.push(prepared.statement);
        ids.push(prepared.id);
    }
    match ctx.batch(statements).await {
        Ok(_) => outbox::deliver_soon(ctx, ids),
        // Somebody else closed it at the same moment.
        Err(error) if error.is_conflict() => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
