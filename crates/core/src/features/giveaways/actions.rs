//! Purpose: changing a running giveaway, and drawing an ended one again, wherever it was asked from.

use super::{
    components, jobs,
    jobs::Step,
    rules::plan,
    store::{self, Giveaway, Outcome, Pick, State},
    view,
};
use crate::{
    audit::Author,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    outbox::{Effect, EffectKind},
    time,
};
use serde_json::json;
use twilight_model::id::{Id, marker::UserMarker};

/// Reading again after somebody else's step.
const TRIES: usize = 5;

/// What somebody wants of a giveaway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Edit(Edits),
    /// The clock stops, until then (Unix milliseconds) or until somebody lets it go on.
    Pause {
        until: Option<i64>,
    },
    Resume,
    /// Now, with a draw.
    End,
    /// Called off; nobody wins.
    Cancel {
        reason: String,
    },
    /// That winner's prize, or everything unclaimed. By a person: not counted against the limit, but needs the right, and is
    /// in the log with their name.
    Reroll {
        winner: Option<Id<UserMarker>>,
    },
}

/// New values; `None` stays as it is. Parsed and cleaned already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    pub prize: Option<String>,
    /// Unix milliseconds.
    pub ends_at: Option<i64>,
    pub winners: Option<u32>,
    pub description: Option<String>,
    /// `Some(None)` takes the picture away.
    pub image: Option<Option<String>>,
    pub claim_ms: Option<i64>,
    pub reroll_limit: Option<u32>,
}

/// Loads, decides and commits, again when somebody else was faster. Asked for again by the same event, it changes nothing more.
///
/// # Errors
/// `NotFound` for a giveaway that this guild does not have, else a sentence about why that does not work now.
pub async fn change(ctx: &Ctx, author: &Author, id: &str, change: &Change) -> Result<Giveaway> {
    let changed = commit(ctx, author, id, change).await?;
    if matches!(change, Change::End | Change::Reroll { .. }) {
        return Ok(draw_now(ctx, author, id).await?.unwrap_or(changed));
    }
    Ok(changed)
}

async fn commit(ctx: &Ctx, author: &Author, id: &str, change: &Change) -> Result<Giveaway> {
    for _ in 0..TRIES {
        let giveaway = jobs::load(ctx, author.guild, id).await?.ok_or(Error::NotFound)?;
        if components::already_done(ctx, &author.cause).await? {
            return Ok(giveaway);
        }
        let step = step(ctx, giveaway, change).await?;
        match jobs::commit(ctx, step.by(author.user, &author.cause)).await {
            Ok(changed) => {
                jobs::arm_soon(ctx, &changed);
                return Ok(changed);
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::user("This giveaway is being changed by somebody else right now. Please try again."))
}

async fn step(ctx: &Ctx, giveaway: Giveaway, change: &Change) -> Result<Step<'static>> {
    match change {
        Change::Edit(edits) => edited(ctx, giveaway, edits),
        Change::Pause { until } => paused(ctx, giveaway, *until),
        Change::Resume if giveaway.state != State::Paused => Err(Error::user("This giveaway is not paused.")),
        Change::Resume => Ok(jobs::resumed(ctx, giveaway)),
        Change::End => ended(ctx, giveaway),
        Change::Cancel { reason } => cancelled(giveaway, reason),
        Change::Reroll { winner } => {
            let picks: Vec<Pick> = ctx.query(store::list_picks(&giveaway.id)).await?.all()?;
            rerolled(ctx, giveaway, &picks, *winner)
        }
    }
}

/// What has become of it, after its prize.
pub fn said(giveaway: &Giveaway, change: &Change) -> String {
    match change {
        Change::Edit(_) => "was changed. The announcement shows it in a moment.".to_owned(),
        Change::Pause { .. } => match giveaway.due_at {
            Some(at) => format!("is paused and goes on {}.", time::relative(at)),
            None => "is paused. `/giveaway resume` lets it go on.".to_owned(),
        },
        Change::Resume => format!("goes on and ends {}.", time::show(giveaway.ends_at)),
        Change::End => view::after_end(giveaway),
        Change::Cancel { .. } => "is cancelled.".to_owned(),
        Change::Reroll { .. } => "is drawn again; the result is announced in its channel.".to_owned(),
    }
}

fn require_running(giveaway: &Giveaway) -> Result<()> {
    match giveaway.state {
        State::Active | State::Paused => Ok(()),
        State::Cancelled => Err(Error::user("This giveaway was cancelled.")),
        _ => Err(Error::user("This giveaway has already ended. Use `/giveaway reroll` to draw a prize again.")),
    }
}

fn edited(ctx: &Ctx, mut giveaway: Giveaway, edits: &Edits) -> Result<Step<'static>> {
    require_running(&giveaway)?;
    let mut changes = Vec::new();
    if let Some(prize) = &edits.prize {
        if prize.is_empty() {
            return Err(Error::Invalid(vec![FieldError::new("prize", "Say what can be won.")]));
        }
        changes.push(format!("prize: {} → {prize}", giveaway.prize));
        giveaway.prize.clone_from(prize);
    }
    if let Some(at) = edits.ends_at {
        changes.push(format!("ends: {} → {}", time::rfc3339(giveaway.ends_at), time::rfc3339(at)));
        set_end(ctx, &mut giveaway, at);
    }
    if let Some(winners) = edits.winners {
        changes.push(format!("winners: {} → {winners}", giveaway.winners));
        giveaway.winners = winners;
    }
    if let Some(description) = &edits.description {
        changes.push("description".to_owned());
        giveaway.description.clone_from(description);
    }
    if let Some(image) = &edits.image {
        changes.push("image".to_owned());
        giveaway.image_url.clone_from(image);
    }
    if let Some(window) = edits.claim_ms {
        let seconds = u32::try_from(window / 1_000).unwrap_or(300);
        changes.push(format!("claim window: {} s → {seconds} s", giveaway.claim_seconds));
        giveaway.claim_seconds = seconds;
    }
    if let Some(limit) = edits.reroll_limit {
        changes.push(format!("reroll limit: {} → {limit}", giveaway.reroll_limit));
        giveaway.reroll_limit = limit;
    }
    Ok(Step::new(giveaway, "edited", changes.join("; ")))
}

/// A paused giveaway keeps the time it has left instead.
fn set_end(ctx: &Ctx, giveaway: &mut Giveaway, at: i64) {
    giveaway.duration_ms = at - giveaway.created_at;
    if giveaway.state == State::Paused {
        giveaway.paused_left_ms = Some(at - ctx.now());
    } else {
        giveaway.ends_at = at;
        giveaway.due_at = Some(at);
    }
}

fn paused(ctx: &Ctx, mut giveaway: Giveaway, until: Option<i64>) -> Result<Step<'static>> {
    require_running(&giveaway)?;
    if giveaway.state == State::Paused {
        return Err(Error::user("This giveaway is already paused."));
    }
    let left = (giveaway.ends_at - ctx.now()).max(0);
    giveaway.state = State::Paused;
    giveaway.paused_left_ms = Some(left);
    giveaway.due_at = until;
    Ok(Step::new(giveaway, "paused", format!("{} left", time::say_duration(left))))
}

fn ended(ctx: &Ctx, mut giveaway: Giveaway) -> Result<Step<'static>> {
    require_running(&giveaway)?;
    giveaway.state = State::Active;
    giveaway.paused_left_ms = None;
    giveaway.ends_at = ctx.now();
    giveaway.due_at = Some(ctx.now());
    Ok(Step::new(giveaway, "ended early", ""))
}

/// Makes the steps that are due here instead of waiting for the clock, which then must know the next due time. What
/// does not work now is done by the clock later on: the change itself is made.
async fn draw_now(ctx: &Ctx, author: &Author, id: &str) -> Result<Option<Giveaway>> {
    if let Err(error) = jobs::advance(ctx, author.guild, id).await {
        ctx.warn("the draw is left to the clock", json!({ "giveaway": id, "error": error.to_string() }));
    }
    let giveaway = jobs::load(ctx, author.guild, id).await?;
    if let Some(giveaway) = &giveaway {
        jobs::arm_soon(ctx, giveaway);
    }
    Ok(giveaway)
}

fn cancelled(mut giveaway: Giveaway, reason: &str) -> Result<Step<'static>> {
    require_running(&giveaway)?;
    giveaway.state = State::Cancelled;
    giveaway.due_at = None;
    let post = Effect {
        guild_id: giveaway.guild_id,
        feature: super::NAME,
        key: format!("giveaways:cancelled:{}", giveaway.id),
        reference: String::new(),
        kind: EffectKind::Post {
            channel: giveaway.channel_id,
            body: view::cancelled(&giveaway, reason).create_body(),
            marker: view::marker(&giveaway, giveaway.version + 1),
        },
    };
    let mut step = Step::new(giveaway, "cancelled", reason);
    step.posts.push(post);
    Ok(step)
}

fn rerolled(
    ctx: &Ctx,
    mut giveaway: Giveaway,
    picks: &[Pick],
    winner: Option<Id<UserMarker>>,
) -> Result<Step<'static>> {
    if !matches!(giveaway.state, State::Claiming | State::Finished) {
        return Err(Error::user("Only an ended giveaway can be drawn again. `/giveaway end` ends it now."));
    }
    let holders = plan::holders(picks);
    let chosen: Vec<&Pick> = match winner {
        Some(user) => {
            let user = user.to_string();
            let held = holders.values().find(|pick| pick.user_id == user).copied();
            vec![held.ok_or_else(|| Error::user(format!("<@{user}> holds no prize of this giveaway.")))?]
        }
        None => holders.values().filter(|pick| pick.outcome != Outcome::Claimed).copied().collect(),
    };
    let mut slots: Vec<u32> = chosen.iter().map(|pick| pick.slot).collect();
    if winner.is_none() {
        // Slots that nobody could be drawn for.
        slots.extend((1..=giveaway.winners).filter(|slot| !holders.contains_key(slot)));
        slots.sort_unstable();
    }
    if slots.is_empty() {
        return Err(Error::user("Every prize has been claimed. Name the `winner` whose prize is to be drawn again."));
    }
    let replaced: Vec<u32> =
        chosen.iter().filter(|pick| pick.outcome != Outcome::Lapsed).map(|pick| pick.pick).collect();
    let outcome = store::set_outcome(&giveaway.id, &replaced, Outcome::Replaced, Some("drawn again by the team"));
    giveaway.set_open_slots(&slots);
    giveaway.state = State::Drawing;
    giveaway.due_at = Some(ctx.now());
    let who: Vec<&str> = chosen.iter().map(|pick| pick.user_id.as_str()).collect();
    let mut step = Step::new(giveaway, "rerolled", format!("slots {slots:?} of {}", who.join(" ")));
    step.statements.push(outcome);
    Ok(step)
}
