//! Purpose: the buttons of giveaways: enter or leave, claim, turn a page.

use super::{
    commands, jobs,
    rules::entry::{self, Candidate, Requirements, Unmet},
    store::{self, EntryView, Giveaway, Outcome, Pick, State},
    view,
};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    interaction::Interaction,
    registry,
    reply::{Message, Reply},
    time,
};
use std::rc::Rc;
use twilight_model::id::{Id, marker::GuildMarker};

/// A second press this soon is a double click, not a change of mind.
const DOUBLE_CLICK_MS: i64 = 3_000;
/// How long an isolate keeps a giveaway's definition; the statement that enters checks its version anyway.
const MEMORY_MS: i64 = 60_000;
/// Reading again after somebody else's step.
const TRIES: usize = 5;

pub fn memory_key(guild: Id<GuildMarker>, id: &str) -> String {
    format!("giveaways:{guild}:{id}")
}

fn gone() -> Error {
    Error::user("This giveaway does not exist in this server any more.")
}

/// A giveaway as an isolate keeps it for the next press.
struct Known {
    giveaway: Giveaway,
    requirements: Requirements,
}

/// The definition from this isolate's memory, or from D1. `true` when it may be old.
async fn definition(ctx: &Ctx, guild: Id<GuildMarker>, id: &str, fresh: bool) -> Result<(Rc<Known>, bool)> {
    let key = memory_key(guild, id);
    if !fresh && let Some(known) = ctx.memory.recall::<Known>(&key, ctx.now()) {
        return Ok((known, true));
    }
    let giveaway = jobs::load(ctx, guild, id).await?.ok_or_else(gone)?;
    let known = Rc::new(Known { requirements: giveaway.requirements(), giveaway });
    ctx.memory.remember(key, known.clone(), ctx.now() + MEMORY_MS);
    Ok((known, false))
}

/// Enter, or leave when already in. One round trip when this isolate knows the giveaway.
pub async fn on_enter(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Reply> {
    let guild = interaction.guild_id;
    let mut fresh = false;
    for _ in 0..TRIES {
        let (known, may_be_old) = definition(ctx, guild, id, fresh).await?;
        let giveaway = &known.giveaway;
        let now = ctx.now();
        let unmet = check(ctx, interaction, &known.requirements, now).await?;
        if unmet.is_some() && may_be_old {
            // Nobody is refused by a requirement that may have been changed.
            fresh = true;
            continue;
        }
        if let Some(unmet) = unmet {
            return leave_or_refuse(ctx, interaction, &known, &unmet).await;
        }
        let view = toggle(ctx, interaction, &known, now).await?;
        if view.version != giveaway.version && view.state == State::Active {
            fresh = true;
            continue;
        }
        return answer_entry(ctx, interaction, giveaway, &view);
    }
    Err(Error::user("This giveaway is being changed right now. Press again in a moment."))
}

async fn toggle(ctx: &Ctx, interaction: &Interaction, known: &Known, now: i64) -> Result<EntryView> {
    let giveaway = &known.giveaway;
    let user = interaction.actor.id;
    let weight = entry::weight(&known.requirements, &interaction.actor.roles);
    let interaction_id = interaction.id.to_string();
    let toggle = store::toggle_entry(giveaway, user, weight, &interaction_id, now, DOUBLE_CLICK_MS);
    if let Some(toggled) = ctx.query_together(toggle).await?.first::<store::Toggled>()? {
        // The statement held the giveaway to this version, running, and the person off the blacklist.
        return Ok(EntryView {
            version: giveaway.version,
            state: State::Active,
            ends_at: giveaway.ends_at,
            blacklisted: 0,
            weight: Some(toggled.weight),
            left_at: toggled.left_at,
            last_interaction: Some(interaction_id),
        });
    }
    let view = store::get_entry_view(interaction.guild_id, &giveaway.id, user);
    ctx.query(view).await?.first()?.ok_or_else(gone)
}

async fn check(ctx: &Ctx, interaction: &Interaction, requirements: &Requirements, now: i64) -> Result<Option<Unmet>> {
    let actor = &interaction.actor;
    let level = match requirements.min_level {
        Some(_) => registry::member_level(ctx, interaction.guild_id, actor.id).await?,
        None => None,
    };
    let candidate = Candidate {
        roles: &actor.roles,
        account_created: time::snowflake_ms(actor.id.get()),
        joined: requirements.min_member_days.and_then(|_| actor.joined_ms()),
        level,
        // The statement that enters looks at the blacklist itself.
        blacklisted: false,
    };
    Ok(entry::check(requirements, &candidate, now).err())
}

/// Somebody who no longer qualifies can still leave; everybody else hears what is missing.
async fn leave_or_refuse(ctx: &Ctx, interaction: &Interaction, known: &Known, unmet: &Unmet) -> Result<Reply> {
    let giveaway = &known.giveaway;
    let interaction_id = interaction.id.to_string();
    let user = interaction.actor.id;
    let results = ctx
        .batch(vec![
            store::leave_entry(giveaway, user, &interaction_id, ctx.now(), DOUBLE_CLICK_MS),
            store::get_entry_view(interaction.guild_id, &giveaway.id, user),
        ])
        .await?;
    let view: Option<EntryView> = results.get(1).map(|result| result.first()).transpose()?.flatten();
    let view = view.ok_or_else(gone)?;
    let is_in = view.weight.is_some() && view.left_at.is_none();
    if (is_in && view.state == State::Active) || view.last_interaction.as_deref() == Some(&interaction_id) {
        return answer_entry(ctx, interaction, giveaway, &view);
    }
    if let Some(closed) = view::closed_for_entries(giveaway, view.state, view.ends_at, ctx.now()) {
        return Ok(Reply::private(closed));
    }
    Ok(Reply::private(view::unmet(unmet)))
}

fn answer_entry(ctx: &Ctx, interaction: &Interaction, giveaway: &Giveaway, view: &EntryView) -> Result<Reply> {
    let is_in = view.weight.is_some() && view.left_at.is_none();
    let acted = view.last_interaction.as_deref() == Some(interaction.id.to_string().as_str());
    if acted {
        jobs::refresh_card_soon(ctx, interaction.guild_id, &giveaway.id);
    }
    if !acted {
        if view.blacklisted != 0 {
            return Ok(Reply::private(view::unmet(&Unmet::Blacklisted)));
        }
        if let Some(closed) = view::closed_for_entries(giveaway, view.state, view.ends_at, ctx.now()) {
            return Ok(Reply::private(closed));
        }
    }
    Ok(Reply::private(if is_in {
        view::entered(giveaway, view.weight.unwrap_or(1), view.ends_at)
    } else {
        view::left(giveaway)
    }))
}

/// Only a winner, in time, and still qualified.
pub async fn on_claim(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Reply> {
    for _ in 0..TRIES {
        let giveaway = jobs::load(ctx, interaction.guild_id, id).await?.ok_or_else(gone)?;
        let picks: Vec<Pick> = ctx.query(store::list_picks(id)).await?.all()?;
        match claim(ctx, interaction, giveaway, picks).await {
            Err(error) if error.is_conflict() => {}
            other => return other,
        }
    }
    Err(Error::user("Several people are claiming right now. Press again in a moment."))
}

async fn claim(ctx: &Ctx, interaction: &Interaction, mut giveaway: Giveaway, mut picks: Vec<Pick>) -> Result<Reply> {
    let user = interaction.actor.id.to_string();
    let now = ctx.now();
    let Some(pick) = picks.iter_mut().find(|pick| pick.user_id == user) else {
        return Err(Error::user("Only the winners can claim this prize. Better luck next time!"));
    };
    match pick.outcome {
        Outcome::Won => {}
        Outcome::Claimed if already_done(ctx, &interaction.id.to_string()).await? => {
            return Ok(Reply::private(view::you_claimed(&giveaway)));
        }
        Outcome::Claimed => return Ok(Reply::private(view::already_claimed(&giveaway))),
        Outcome::Passed => return Err(Error::user(view::passed_over(pick))),
        Outcome::Lapsed | Outcome::Replaced => return Err(Error::user(view::too_late(&giveaway))),
    }
    if pick.claim_by.is_none_or(|by| by <= now) {
        return Err(Error::user(view::too_late(&giveaway)));
    }
    let standing: Option<store::Standing> =
        ctx.query(store::list_standings(giveaway.guild_id, &giveaway.id, &[&user])).await?.first()?;
    if standing.is_some_and(|standing| standing.blacklisted != 0) {
        return Err(Error::Denied(
            "You were excluded from giveaways in this server, so this prize cannot be claimed.".to_owned(),
        ));
    }
    // Roles and membership as Discord signed them with this press.
    if let Err(unmet) = entry::check_roles(&giveaway.requirements(), &interaction.actor.roles) {
        return Err(Error::user(view::claim_unmet(&unmet, pick.claim_by)));
    }
    pick.outcome = Outcome::Claimed;
    let (number, slot) = (pick.pick, pick.slot);
    giveaway.due_at = super::rules::plan::next_claim_end(&picks);
    if giveaway.state == State::Claiming && giveaway.due_at.is_none() {
        giveaway.state = State::Finished;
    }
    if giveaway.state == State::Drawing {
        giveaway.due_at = Some(now);
    }
    let mut step =
        jobs::Step::new(giveaway, "claimed", format!("slot {slot}: {user}")).by(interaction.actor.id, interaction.id);
    step.statements.push(store::set_outcome(&step.giveaway.id, &[number], Outcome::Claimed, None));
    let told = jobs::post(&step.giveaway, "claimed", &view::claimed(&step.giveaway, interaction.actor.id));
    step.posts.push(told);
    let giveaway = jobs::commit(ctx, step).await?;
    jobs::arm_soon(ctx, &giveaway);
    Ok(Reply::private(view::you_claimed(&giveaway)))
}

/// Whether this event already made its step: a second delivery gets the same answer.
pub async fn already_done(ctx: &Ctx, cause: &str) -> Result<bool> {
    let row: Option<store::CauseRow> = ctx.query(store::get_log_by_cause(cause)).await?.first()?;
    Ok(row.is_some())
}

/// The arrows under a list.
pub async fn on_page(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    let page: u32 = id.get(2).parse().unwrap_or(0);
    let message: Message = match id.get(0) {
        "list" => commands::list_page(ctx, interaction, page).await?,
        "entrants" => commands::entrants_page(ctx, interaction, id.get(1), page).await?,
        _ => {
            return Err(Error::user("This list belongs to another version of Muster."));
        }
    };
    Ok(Reply::Update(message))
}
