//! Purpose: changing a running giveaway, and drawing an ended one again.

use super::{
    super::{
        components, jobs,
        jobs::Step,
        rules::plan,
        store::{self, Giveaway, Outcome, Pick, State},
        view,
    },
    find,
    start::{self, MAX_DESCRIPTION, MAX_PRIZE},
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config::GuildConfig,
    interaction::Interaction,
    outbox::{Effect, EffectKind},
    reply::Reply,
    text::{clean, clean_line, shorten},
    time,
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::id::{Id, marker::UserMarker};

/// Reading again after somebody else's step.
const TRIES: usize = 5;

#[derive(CommandModel, CreateCommand)]
#[command(name = "edit", desc = "Change a running giveaway")]
pub struct Edit {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// Another prize
    #[command(max_length = 200)]
    prize: Option<String>,
    /// Another end: a time, or a duration from now
    #[command(autocomplete = true)]
    ends: Option<String>,
    /// How many win
    #[command(min_value = 1, max_value = 50)]
    winners: Option<i64>,
    /// Another description
    #[command(max_length = 1500)]
    description: Option<String>,
    /// Another picture, starting with https://
    #[command(max_length = 500)]
    image: Option<String>,
    /// How long winners have to claim: 5m, 1h, 2d
    claim_window: Option<String>,
    /// How often an unclaimed prize is drawn again by itself
    #[command(min_value = 0, max_value = 50)]
    reroll_limit: Option<i64>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "pause", desc = "Stop the clock of a giveaway; nobody can enter meanwhile")]
pub struct Pause {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// Goes on by itself after: 10m, 2h, 1d
    #[command(rename = "for", autocomplete = true)]
    until: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "resume", desc = "Let a paused giveaway go on")]
pub struct Resume {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "end", desc = "End a giveaway now and draw")]
pub struct End {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "cancel", desc = "Call a giveaway off; nobody wins")]
pub struct Cancel {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// Why, shown in the channel
    #[command(max_length = 300)]
    reason: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "reroll", desc = "Draw a prize again: one winner's, or all that were not claimed")]
pub struct Reroll {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// Whose prize; everything unclaimed unless you say
    winner: Option<Id<UserMarker>>,
}

/// Loads, decides and commits, again when somebody else was faster. `None`: this interaction was already carried out.
macro_rules! change {
    ($ctx:expr, $interaction:expr, $typed:expr, |$giveaway:ident| $step:expr) => {{
        let mut done = None;
        for _ in 0..TRIES {
            let $giveaway = find($ctx, $interaction, $typed).await?;
            if components::already_done($ctx, $interaction).await? {
                done = Some($giveaway);
                break;
            }
            let step: Step<'_> = $step;
            match jobs::commit($ctx, step.by($interaction.actor.id, $interaction.id)).await {
                Ok(changed) => {
                    jobs::arm_soon($ctx, &changed);
                    done = Some(changed);
                    break;
                }
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
        done.ok_or_else(|| Error::user("This giveaway is being changed by somebody else right now. Please try again."))?
    }};
}

fn require_running(giveaway: &Giveaway) -> Result<()> {
    match giveaway.state {
        State::Active | State::Paused => Ok(()),
        State::Cancelled => Err(Error::user("This giveaway was cancelled.")),
        _ => Err(Error::user("This giveaway has already ended. Use `/giveaway reroll` to draw a prize again.")),
    }
}

pub async fn on_edit(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, edit: Edit) -> Result<Reply> {
    let giveaway = change!(ctx, interaction, &edit.giveaway, |giveaway| edited(ctx, config, giveaway, &edit)?);
    Ok(Reply::private(view::done(&giveaway, "was changed. The announcement shows it in a moment.")))
}

fn edited(ctx: &Ctx, config: &GuildConfig, mut giveaway: Giveaway, edit: &Edit) -> Result<Step<'static>> {
    require_running(&giveaway)?;
    let mut changes = Vec::new();
    if let Some(prize) = &edit.prize {
        let prize = clean_line(prize, MAX_PRIZE);
        if prize.is_empty() {
            return Err(Error::user("Say what can be won."));
        }
        changes.push(format!("prize: {} → {prize}", giveaway.prize));
        giveaway.prize = prize;
    }
    if let Some(ends) = &edit.ends {
        let at = start::parse_end(ends, ctx.now(), config)?;
        changes.push(format!("ends: {} → {}", time::rfc3339(giveaway.ends_at), time::rfc3339(at)));
        set_end(ctx, &mut giveaway, at);
    }
    if let Some(winners) = edit.winners.and_then(|n| u32::try_from(n).ok()) {
        changes.push(format!("winners: {} → {winners}", giveaway.winners));
        giveaway.winners = winners;
    }
    if let Some(description) = &edit.description {
        changes.push("description".to_owned());
        giveaway.description = shorten(&clean(description), MAX_DESCRIPTION);
    }
    if let Some(image) = &edit.image {
        changes.push("image".to_owned());
        giveaway.image_url = Some(start::parse_image(image)?);
    }
    if let Some(window) = &edit.claim_window {
        let seconds = u32::try_from(start::parse_claim_window(window)? / 1_000).unwrap_or(300);
        changes.push(format!("claim window: {} s → {seconds} s", giveaway.claim_seconds));
        giveaway.claim_seconds = seconds;
    }
    if let Some(limit) = edit.reroll_limit.and_then(|n| u32::try_from(n).ok()) {
        changes.push(format!("reroll limit: {} → {limit}", giveaway.reroll_limit));
        giveaway.reroll_limit = limit;
    }
    if changes.is_empty() {
        return Err(Error::user("Say what to change: choose one of the options, like `ends` or `prize`."));
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

pub async fn on_pause(ctx: &Ctx, interaction: &Interaction, pause: Pause) -> Result<Reply> {
    let until = match &pause.until {
        Some(text) => {
            let ms = time::parse_duration(text).filter(|ms| *ms <= start::MAX_DURATION_MS).ok_or_else(|| {
                Error::user("Write how long it is paused as a duration up to a year, like `10m`, `2h` or `1d`.")
            })?;
            Some(ctx.now() + ms)
        }
        None => None,
    };
    let giveaway = change!(ctx, interaction, &pause.giveaway, |giveaway| paused(ctx, giveaway, until)?);
    let text = match giveaway.due_at {
        Some(at) => format!("is paused and goes on {}.", time::relative(at)),
        None => "is paused. `/giveaway resume` lets it go on.".to_owned(),
    };
    Ok(Reply::private(view::done(&giveaway, &text)))
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

pub async fn on_resume(ctx: &Ctx, interaction: &Interaction, resume: Resume) -> Result<Reply> {
    let giveaway = change!(ctx, interaction, &resume.giveaway, |giveaway| {
        if giveaway.state != State::Paused {
            return Err(Error::user("This giveaway is not paused."));
        }
        jobs::resumed(ctx, giveaway)
    });
    let text = format!("goes on and ends {}.", time::show(giveaway.ends_at));
    Ok(Reply::private(view::done(&giveaway, &text)))
}

pub async fn on_end(ctx: &Ctx, interaction: &Interaction, end: End) -> Result<Reply> {
    let giveaway = change!(ctx, interaction, &end.giveaway, |giveaway| ended(ctx, giveaway)?);
    let now = draw_now(ctx, interaction, &giveaway.id).await?.unwrap_or(giveaway);
    Ok(Reply::private(view::done(&now, &view::after_end(&now))))
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
async fn draw_now(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Option<Giveaway>> {
    if let Err(error) = jobs::advance(ctx, interaction.guild_id, id).await {
        ctx.warn("the draw is left to the clock", serde_json::json!({ "giveaway": id, "error": error.to_string() }));
    }
    let giveaway = jobs::load(ctx, interaction.guild_id, id).await?;
    if let Some(giveaway) = &giveaway {
        jobs::arm_soon(ctx, giveaway);
    }
    Ok(giveaway)
}

pub async fn on_cancel(ctx: &Ctx, interaction: &Interaction, cancel: Cancel) -> Result<Reply> {
    let reason = clean_line(cancel.reason.as_deref().unwrap_or_default(), 300);
    let giveaway = change!(ctx, interaction, &cancel.giveaway, |giveaway| cancelled(giveaway, &reason)?);
    Ok(Reply::private(view::done(&giveaway, "is cancelled.")))
}

fn cancelled(mut giveaway: Giveaway, reason: &str) -> Result<Step<'static>> {
    require_running(&giveaway)?;
    giveaway.state = State::Cancelled;
    giveaway.due_at = None;
    let post = Effect {
        guild_id: giveaway.guild_id,
        feature: super::super::NAME,
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

/// By a person: not counted against the limit, but needs the right, and is in the log with their name.
pub async fn on_reroll(ctx: &Ctx, interaction: &Interaction, reroll: Reroll) -> Result<Reply> {
    let giveaway = change!(ctx, interaction, &reroll.giveaway, |giveaway| {
        let picks: Vec<Pick> = ctx.query(store::list_picks(&giveaway.id)).await?.all()?;
        rerolled(ctx, giveaway, &picks, reroll.winner)?
    });
    draw_now(ctx, interaction, &giveaway.id).await?;
    Ok(Reply::private(view::done(&giveaway, "is drawn again; the result is announced in its channel.")))
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
