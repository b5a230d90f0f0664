//! Purpose: what giveaways do by themselves: close, extend, draw, announce, let claims lapse, draw again.
//!
//! Every step is one batch: the row's new version, its log line (which is the lock), the picks it makes, and the
//! outbox rows of what people will see. Whoever dies between two steps leaves a row that says what is due.

use super::{
    COLLECT_MS, NAME,
    rules::{
        draw::{Draw, Entrant, Entrants, Seed},
        entry, plan,
        plan::Due,
    },
    store::{self, Giveaway, LogRow, Outcome, Pick, State},
    view,
};
use crate::{
    ctx::Ctx,
    discord,
    error::{Error, Result},
    guild_config, outbox,
    outbox::{Effect, EffectKind},
    ports::Timer,
    sql::Statement,
    time,
};
use serde_json::json;
use std::{collections::HashMap, rc::Rc};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Candidates looked up at Discord per step. With what a step reads, commits and announces, that stays below the 50
/// outside calls per invocation of Cloudflare's free plan; more candidates take more wake-ups.
const CANDIDATES_PER_STEP: usize = 12;
/// Steps per wake-up: closing, drawing and announcing take three.
const STEPS_PER_WAKE: usize = 6;
/// How often a draw whose announcement is still on its way is looked at again.
const UNANNOUNCED_MS: i64 = 15_000;
const DAY_MS: i64 = 86_400_000;

/// A change of a giveaway, to be committed as its next version.
pub struct Step<'a> {
    /// The row as it should be.
    pub giveaway: Giveaway,
    pub action: &'a str,
    pub detail: String,
    pub actor: Option<Id<UserMarker>>,
    /// The interaction that asked for it; unique, so that a second delivery changes nothing.
    pub cause: Option<String>,
    pub statements: Vec<Statement>,
    pub posts: Vec<Effect>,
}

impl<'a> Step<'a> {
    pub fn new(giveaway: Giveaway, action: &'a str, detail: impl Into<String>) -> Self {
        Self {
            giveaway,
            action,
            detail: detail.into(),
            actor: None,
            cause: None,
            statements: Vec::new(),
            posts: Vec::new(),
        }
    }

    /// A person did it, by this interaction.
    pub fn by(mut self, actor: Id<UserMarker>, interaction: impl ToString) -> Self {
        self.actor = Some(actor);
        self.cause = Some(interaction.to_string());
        self
    }
}

/// Commits one step with everything that people will see of it.
///
/// # Errors
/// A conflict when somebody else committed this version, or this interaction was already carried out.
pub async fn commit(ctx: &Ctx, step: Step<'_>) -> Result<Giveaway> {
    let now = ctx.now();
    let mut giveaway = step.giveaway;
    let mut statements = vec![store::insert_log(&LogRow {
        giveaway_id: &giveaway.id,
        guild_id: giveaway.guild_id,
        version: Some(giveaway.version + 1),
        at: now,
        actor_id: step.actor,
        action: step.action,
        detail: &step.detail,
        cause: step.cause,
    })];
    statements.push(store::update(&giveaway));
    statements.extend(step.statements);
    let mut posts = step.posts;
    posts.push(card_effect(&giveaway));
    posts.extend(log_channel_effect(ctx, &giveaway, step.action, &step.detail).await?);
    let mut ids = Vec::new();
    for effect in &posts {
        let prepared = outbox::prepare(ctx, effect);
        statements.push(prepared.statement);
        ids.push(prepared.id);
    }
    ctx.batch(statements).await?;
    giveaway.version += 1;
    ctx.memory.forget(&super::components::memory_key(giveaway.guild_id, &giveaway.id));
    outbox::deliver_soon(ctx, ids);
    Ok(giveaway)
}

/// Names the card's edits in the outbox.
pub fn card_key(id: &str) -> String {
    format!("giveaways:card:{id}")
}

/// The giveaway's own message, rendered as it is at the time of delivery.
pub fn card_effect(giveaway: &Giveaway) -> Effect {
    Effect {
        guild_id: giveaway.guild_id,
        feature: NAME,
        key: card_key(&giveaway.id),
        reference: format!("card:{}", giveaway.id),
        kind: EffectKind::Render,
    }
}

async fn log_channel_effect(ctx: &Ctx, giveaway: &Giveaway, action: &str, detail: &str) -> Result<Option<Effect>> {
    let config = guild_config::cached(ctx, giveaway.guild_id).await?;
    let Some(channel) = config.giveaway_log_channel else {
        return Ok(None);
    };
    if outbox::is_given_up(ctx, channel).await? {
        return Ok(None);
    }
    let key = format!("giveaways:log:{}:{}", giveaway.id, giveaway.version + 1);
    Ok(Some(Effect {
        guild_id: giveaway.guild_id,
        feature: NAME,
        reference: String::new(),
        kind: EffectKind::Post {
            channel,
            body: view::log_line(giveaway, action, detail).create_body(),
            marker: view::log_marker(giveaway),
        },
        key,
    }))
}

/// Arms the guild's clock for a row that has just changed, after the answer. The sweeper covers a loss.
pub fn arm_soon(ctx: &Ctx, giveaway: &Giveaway) {
    let Some(due_at) = giveaway.due_at else {
        return;
    };
    arm(ctx, giveaway.guild_id, giveaway.id.clone(), due_at, None);
}

/// Has the count on the card refreshed in a few seconds, once for all presses until then.
pub fn refresh_card_soon(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) {
    let now = ctx.now();
    let key = format!("giveaways:refresh:{id}");
    if ctx.memory.recall::<()>(&key, now).is_some() {
        return;
    }
    ctx.memory.remember(key.clone(), Rc::new(()), now + COLLECT_MS);
    arm(ctx, guild, format!("card:{id}"), now + COLLECT_MS, Some(key));
}

/// `note`: what was remembered of it, forgotten when it failed.
fn arm(ctx: &Ctx, guild: Id<GuildMarker>, id: String, due_at: i64, note: Option<String>) {
    let later = ctx.clone();
    ctx.after(async move {
        let timer = Timer { feature: NAME.to_owned(), id, due_at };
        if let Err(error) = later.timers.arm(guild, vec![timer]).await {
            later.warn("a guild's clock could not be armed", json!({ "guild": guild, "error": error }));
            if let Some(note) = note {
                later.memory.forget(&note);
            }
        }
    });
}

/// A wake-up: the card's count, or whatever the row says is due.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
    if let Some(id) = id.strip_prefix("card:") {
        return refresh_card(ctx, guild, id).await.map(|()| None);
    }
    advance(ctx, guild, id).await
}

async fn refresh_card(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<()> {
    let Some(giveaway) = load(ctx, guild, id).await? else {
        return Ok(());
    };
    if giveaway.state != State::Active && giveaway.state != State::Paused {
        // Its last edit shows the final count.
        return Ok(());
    }
    let card = card_effect(&giveaway);
    if outbox::was_refused(ctx, &card.key).await? {
        return Ok(());
    }
    let prepared = outbox::prepare(ctx, &card);
    ctx.query(prepared.statement).await?;
    outbox::deliver_now(ctx, vec![prepared.id]).await;
    Ok(())
}

pub async fn load(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<Giveaway>> {
    Ok(ctx.query(store::get(guild, id)).await?.first()?)
}

/// Does what is due, step by step, and says when the row wants to be woken next.
pub async fn advance(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
    for _ in 0..STEPS_PER_WAKE {
        let Some(giveaway) = load(ctx, guild, id).await? else {
            return Ok(None);
        };
        let next = match plan::due(&giveaway, ctx.now()) {
            Due::Later(at) => return Ok(at),
            Due::Close => close(ctx, giveaway).await,
            Due::Extend(ends_at) => extend(ctx, giveaway, ends_at).await,
            Due::CancelForTooFew => cancel_for_too_few(ctx, giveaway).await,
            Due::Resume => commit(ctx, resumed(ctx, giveaway)).await,
            Due::Draw => draw(ctx, giveaway).await,
            Due::Lapse if outbox::is_on_its_way(ctx, &format!("giveaways:drawn:{id}:")).await? => {
                // Nobody loses a prize for a button that Discord has not shown yet.
                return Ok(Some(ctx.now() + UNANNOUNCED_MS));
            }
            Due::Lapse => lapse(ctx, giveaway).await,
        };
        match next {
            // Half a draw: the rest has the outside calls of another invocation.
            Ok(giveaway) if giveaway.state == State::Drawing && giveaway.picks_drawn > 0 => return Ok(Some(ctx.now())),
            Ok(_) => {}
            // Somebody else made this step: look again.
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(ctx.now()))
}

async fn close(ctx: &Ctx, mut giveaway: Giveaway) -> Result<Giveaway> {
    let detail = crate::text::count(u64::from(giveaway.entrant_count), "entrant", "entrants");
    giveaway.state = State::Drawing;
    giveaway.due_at = Some(ctx.now());
    let slots: Vec<u32> = (1..=giveaway.winners).collect();
    giveaway.set_open_slots(&slots);
    commit(ctx, Step::new(giveaway, "closed", detail)).await
}

async fn extend(ctx: &Ctx, mut giveaway: Giveaway, ends_at: i64) -> Result<Giveaway> {
    let detail = format!(
        "{} of {} entrants; extended to {}",
        giveaway.entrant_count,
        giveaway.min_entrants,
        time::rfc3339(ends_at)
    );
    giveaway.extensions += 1;
    giveaway.ends_at = ends_at;
    giveaway.due_at = Some(ends_at);
    let post = post(&giveaway, "extended", &view::extended(&giveaway));
    let mut step = Step::new(giveaway, "extended", detail);
    step.posts.push(post);
    commit(ctx, step).await
}

async fn cancel_for_too_few(ctx: &Ctx, mut giveaway: Giveaway) -> Result<Giveaway> {
    let detail = format!("{} of {} entrants", giveaway.entrant_count, giveaway.min_entrants);
    giveaway.state = State::Cancelled;
    giveaway.due_at = None;
    let post = post(&giveaway, "too-few", &view::cancelled_for_too_few(&giveaway));
    let mut step = Step::new(giveaway, "cancelled", detail);
    step.posts.push(post);
    commit(ctx, step).await
}

/// The time that was left when it was paused runs from now.
pub fn resumed(ctx: &Ctx, mut giveaway: Giveaway) -> Step<'static> {
    giveaway.state = State::Active;
    giveaway.ends_at = ctx.now() + giveaway.paused_left_ms.unwrap_or(0).max(0);
    giveaway.paused_left_ms = None;
    giveaway.due_at = Some(giveaway.ends_at);
    let detail = format!("ends {}", time::rfc3339(giveaway.ends_at));
    Step::new(giveaway, "resumed", detail)
}

/// A message in the giveaway's channel. Its marker is the claim button's id, or the footer.
pub fn post(giveaway: &Giveaway, what: &str, message: &crate::reply::Message) -> Effect {
    let version = giveaway.version + 1;
    Effect {
        guild_id: giveaway.guild_id,
        feature: NAME,
        key: format!("giveaways:{what}:{}:{version}", giveaway.id),
        reference: String::new(),
        kind: EffectKind::Post {
            channel: giveaway.channel_id,
            body: message.create_body(),
            marker: view::marker(giveaway, version),
        },
    }
}

/// All entrants, page by page.
pub async fn list_entrants(ctx: &Ctx, id: &str) -> Result<Entrants> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page: Option<store::EntriesPage> = ctx.query(store::list_entries(id, &after)).await?.first()?;
        let Some(page) = page.filter(|page| page.n > 0) else {
            break;
        };
        for line in page.lines.as_deref().unwrap_or_default().lines() {
            if let Some((user, weight)) = line.split_once(':') {
                all.push(Entrant { user: user.to_owned(), weight: weight.parse().unwrap_or(1) });
            }
        }
        after = page.last.unwrap_or_default();
        if page.n < store::ENTRIES_PER_PAGE {
            break;
        }
    }
    Ok(Entrants::new(all))
}

/// Fills open slots with the next picks that qualify. Many slots take several steps; the last one announces.
async fn draw(ctx: &Ctx, mut giveaway: Giveaway) -> Result<Giveaway> {
    let entrants = list_entrants(ctx, &giveaway.id).await?;
    let hash = entrants.hash();
    if giveaway.entrants_hash.as_ref().is_some_and(|known| *known != hash) {
        return Err(Error::internal(format!("giveaway {}: the entrant list changed after the draw", giveaway.id)));
    }
    giveaway.entrants_hash = Some(hash);
    let seed = Seed::from_hex(&giveaway.seed).ok_or_else(|| Error::internal("the giveaway's seed is no seed"))?;
    let mut draw = Draw::new(&giveaway.id, &seed, &entrants);
    // The picks already made, in the same order.
    for _ in 0..giveaway.picks_drawn {
        draw.next();
    }
    let candidates: Vec<&Entrant> = draw.by_ref().take(CANDIDATES_PER_STEP).collect();
    let exhausted_by_now = candidates.len() < CANDIDATES_PER_STEP;
    let users: Vec<&str> = candidates.iter().map(|entrant| entrant.user.as_str()).collect();
    let standings = standings(ctx, &giveaway, &users).await?;
    let mut open = giveaway.open_slots();
    let mut made = Vec::new();
    let mut interrupted = false;
    for entrant in candidates {
        let Some(slot) = open.first().copied() else {
            break;
        };
        let pick = giveaway.picks_drawn + made.len() as u32 + 1;
        let reason = match passed_over(ctx, &giveaway, &entrant.user, standings.get(&entrant.user)).await {
            Ok(reason) => reason,
            Err(error) if made.is_empty() => return Err(error),
            // What is known is kept: asking all over again would run into the same rate limit again.
            Err(_) => {
                interrupted = true;
                break;
            }
        };
        if reason.is_none() {
            open.remove(0);
        }
        made.push(Pick {
            pick,
            slot,
            user_id: entrant.user.clone(),
            outcome: if reason.is_some() { Outcome::Passed } else { Outcome::Won },
            reason,
            at: ctx.now(),
            claim_by: None,
        });
    }
    let exhausted = exhausted_by_now && !interrupted && !open.is_empty();
    giveaway.picks_drawn += made.len() as u32;
    let complete = open.is_empty() || exhausted;
    giveaway.set_open_slots(if exhausted { &[] } else { &open });
    commit_draw(ctx, giveaway, &made, complete).await
}

/// What speaks against each of these people, in one statement.
async fn standings(ctx: &Ctx, giveaway: &Giveaway, users: &[&str]) -> Result<HashMap<String, store::Standing>> {
    let rows: Vec<store::Standing> =
        ctx.query(store::list_standings(giveaway.guild_id, &giveaway.id, users)).await?.all()?;
    Ok(rows.into_iter().map(|row| (row.user_id.clone(), row)).collect())
}

/// Why a pick does not win: blacklisted, a recent winner, no longer a member, no longer qualified.
async fn passed_over(
    ctx: &Ctx,
    giveaway: &Giveaway,
    user: &str,
    standing: Option<&store::Standing>,
) -> Result<Option<String>> {
    if let Some(standing) = standing {
        if standing.blacklisted != 0 {
            return Ok(Some("blacklisted".to_owned()));
        }
        let window = i64::from(giveaway.winner_cooldown_days) * DAY_MS;
        if standing.last_claim.is_some_and(|at| window > 0 && at > ctx.now() - window) {
            let days = time::say_duration(window);
            return Ok(Some(format!("won in the last {days}")));
        }
    }
    let Ok(user_id) = user.parse::<Id<UserMarker>>() else {
        return Ok(Some("not a user id".to_owned()));
    };
    let Some(member) = discord::get_member(ctx, giveaway.guild_id, user_id).await? else {
        return Ok(Some("left the server".to_owned()));
    };
    let unmet = entry::check_roles(&giveaway.requirements(), &member.roles).err();
    Ok(unmet.map(|unmet| unmet.log_reason()))
}

/// Writes the picks; when all slots are settled, starts the claims and announces.
async fn commit_draw(ctx: &Ctx, mut giveaway: Giveaway, made: &[Pick], complete: bool) -> Result<Giveaway> {
    let now = ctx.now();
    let id = giveaway.id.clone();
    let mut statements = vec![store::insert_picks(&id, made), store::insert_pick_log(&giveaway, made, now)];
    let mut picks: Vec<Pick> = ctx.query(store::list_picks(&id)).await?.all()?;
    picks.extend(made.iter().cloned());
    if !complete {
        giveaway.due_at = Some(now);
        let mut step = Step::new(giveaway, "drawing", format!("{} picks", made.len()));
        step.statements = statements;
        return commit(ctx, step).await;
    }
    let claim_by = now + i64::from(giveaway.claim_seconds) * 1_000;
    let fresh: Vec<u32> = picks
        .iter()
        .filter(|pick| pick.outcome == Outcome::Won && pick.claim_by.is_none())
        .map(|pick| pick.pick)
        .collect();
    for pick in picks.iter_mut().filter(|pick| fresh.contains(&pick.pick)) {
        pick.claim_by = Some(claim_by);
    }
    statements.push(store::open_claims(&id, claim_by));
    giveaway.due_at = plan::next_claim_end(&picks);
    giveaway.state = if giveaway.due_at.is_some() { State::Claiming } else { State::Finished };
    let winners: Vec<&Pick> = picks.iter().filter(|pick| fresh.contains(&pick.pick)).collect();
    let message = view::draw_announcement(ctx, &giveaway, &picks, &winners);
    let detail = if winners.is_empty() {
        "nobody left who qualifies".to_owned()
    } else {
        winners.iter().map(|pick| pick.user_id.as_str()).collect::<Vec<_>>().join(" ")
    };
    let mut announcement = post(&giveaway, "drawn", &message);
    announcement.reference = format!("drawn:{id}:{claim_by}");
    let mut step = Step::new(giveaway, "drawn", detail);
    step.statements = statements;
    step.posts.push(announcement);
    commit(ctx, step).await
}

/// Claim windows are over: draw again, or leave the prize unclaimed at the limit.
async fn lapse(ctx: &Ctx, mut giveaway: Giveaway) -> Result<Giveaway> {
    let now = ctx.now();
    let mut picks: Vec<Pick> = ctx.query(store::list_picks(&giveaway.id)).await?.all()?;
    let lapsed = plan::lapse(&picks, giveaway.rerolls_used, giveaway.reroll_limit, now);
    if lapsed.picks.is_empty() {
        // The windows began anew when the announcement came through.
        giveaway.due_at = plan::next_claim_end(&picks);
        return commit(ctx, Step::new(giveaway, "waiting", "for claims")).await;
    }
    for pick in picks.iter_mut().filter(|pick| lapsed.picks.contains(&pick.pick)) {
        pick.outcome = Outcome::Lapsed;
    }
    let outcome = store::set_outcome(&giveaway.id, &lapsed.picks, Outcome::Lapsed, Some("not claimed in time"));
    giveaway.rerolls_used += u32::try_from(lapsed.reopened.len()).unwrap_or(u32::MAX);
    giveaway.set_open_slots(&lapsed.reopened);
    if lapsed.reopened.is_empty() {
        giveaway.due_at = plan::next_claim_end(&picks);
        giveaway.state = if giveaway.due_at.is_some() { State::Claiming } else { State::Finished };
    } else {
        giveaway.due_at = Some(now);
        giveaway.state = State::Drawing;
    }
    let who: Vec<&str> =
        picks.iter().filter(|pick| lapsed.picks.contains(&pick.pick)).map(|pick| pick.user_id.as_str()).collect();
    let detail = format!("not claimed by {}", who.join(" "));
    let unclaimed = (!lapsed.unclaimed.is_empty()).then(|| {
        let message = view::unclaimed(&giveaway, lapsed.unclaimed.len());
        post(&giveaway, "unclaimed", &message)
    });
    let mut step = Step::new(giveaway, "lapsed", detail);
    step.statements.push(outcome);
    step.posts.extend(unclaimed);
    commit(ctx, step).await
}

/// Rows whose time has passed, for the sweeper.
pub async fn overdue(ctx: &Ctx, before: i64, limit: u32) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
    let rows: Vec<store::DueRow> = ctx.query(store::list_due(before, limit)).await?.all()?;
    let timers = rows.into_iter().map(|row| {
        let timer = Timer { feature: NAME.to_owned(), id: row.id, due_at: row.due_at };
        (row.guild_id, timer)
    });
    Ok(timers.collect())
}

/// The card as it should be now.
pub async fn render_card(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<outbox::Rendered>> {
    let results = ctx.batch(vec![store::get(guild, id), store::list_picks(id)]).await?;
    let [giveaway, picks] = &results[..] else {
        return Ok(None);
    };
    let Some(giveaway) = giveaway.first::<Giveaway>()? else {
        return Ok(None);
    };
    // Not announced yet: the announcement itself will ask for this again.
    let Some(message_id) = giveaway.message_id.clone() else {
        return Ok(None);
    };
    let config = guild_config::cached(ctx, guild).await?;
    let picks: Vec<Pick> = picks.all()?;
    Ok(Some(outbox::Rendered {
        channel_id: giveaway.channel_id,
        message_id,
        body: view::card(&giveaway, &picks, config.color).edit_body(),
        // The count alone is refreshed by its own timer: comparing it here would chase every press.
        version: giveaway.version.to_string(),
    }))
}
