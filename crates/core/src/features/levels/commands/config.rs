//! Purpose: `/levels config`: the card with all settings of levels, and what its buttons, selects and forms change.

use super::{
    super::{
        admin_view as view, input,
        settings::{self, change},
    },
    other_version,
};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    guild_config, health,
    interaction::{Interaction, ModalData},
    permissions,
    reply::{Message, Reply},
    xp::{AnnounceIn, Curve},
};
use sha2::{Digest, Sha256};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::id::{Id, marker::ChannelMarker};

#[derive(CommandModel, CreateCommand)]
#[command(name = "config", desc = "Switch levels on, and set what earns how much and how it is said")]
pub struct Show;

pub async fn on_show(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    Ok(Reply::Private(card(ctx, interaction, "").await?))
}

async fn card(ctx: &Ctx, interaction: &Interaction, note: &str) -> Result<Message> {
    let config = guild_config::fresh(ctx, interaction.guild_id).await?;
    let sidecar = health::sidecar(ctx).await?;
    Ok(view::card(config.config(), sidecar.as_ref(), interaction.guild_id, interaction.actor.id, note))
}

pub async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
    let is_on = id.get(1) == "on";
    match id.get(0) {
        "card" => {}
        "enabled" => {
            change(ctx, &interaction.into(), "on or off", view::show_enabled, |levels| {
                levels.enabled = is_on;
                Ok(())
            })
            .await?;
        }
        "stack" => {
            change(ctx, &interaction.into(), "reward roles", view::show_stack, |levels| {
                levels.stack_rewards = is_on;
                Ok(())
            })
            .await?;
            let note = "Saved. `/levels sync` puts it in force for who has roles already.";
            return Ok(Reply::Update(card(ctx, interaction, note).await?));
        }
        "public" => {
            change(ctx, &interaction.into(), "leaderboard", view::show_public, |levels| {
                levels.public = is_on;
                Ok(())
            })
            .await?;
        }
        "place" => set_place(ctx, interaction, place(values)?).await?,
        "channel" => set_place(ctx, interaction, AnnounceIn::Channel(chosen(values)?)).await?,
        "winners" => set_winners(ctx, interaction, values).await?,
        "save" => return save_curve(ctx, interaction, id).await,
        _ => return open_form(ctx, interaction, id).await,
    }
    Ok(Reply::Update(card(ctx, interaction, "").await?))
}

fn place(values: &[String]) -> Result<AnnounceIn> {
    match values.first().map(String::as_str) {
        Some("same") => Ok(AnnounceIn::Same),
        Some("direct") => Ok(AnnounceIn::Direct),
        Some("off") => Ok(AnnounceIn::Off),
        _ => Err(other_version()),
    }
}

fn chosen(values: &[String]) -> Result<Id<ChannelMarker>> {
    values.first().and_then(|id| id.parse().ok()).ok_or_else(other_version)
}

/// Muster posts in a chosen channel by itself later on: it must be one of this server's, and open to Muster.
async fn set_place(ctx: &Ctx, interaction: &Interaction, place: AnnounceIn) -> Result<()> {
    if let AnnounceIn::Channel(channel) = place {
        permissions::require_bot_in(ctx, interaction.guild_id, channel, permissions::POSTING).await?;
    }
    change(ctx, &interaction.into(), "where new levels are said", view::show_place, |levels| {
        levels.announce.place = place;
        Ok(())
    })
    .await
}

async fn set_winners(ctx: &Ctx, interaction: &Interaction, values: &[String]) -> Result<()> {
    let channel = if values.is_empty() { None } else { Some(chosen(values)?) };
    if let Some(channel) = channel {
        permissions::require_bot_in(ctx, interaction.guild_id, channel, permissions::POSTING).await?;
    }
    change(ctx, &interaction.into(), "winners of weeks and months", view::show_winners, |levels| {
        levels.announce.winners = channel;
        Ok(())
    })
    .await
}

/// Opens a form with what is in force, or as it was left.
async fn open_form(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    let config = guild_config::fresh(ctx, interaction.guild_id).await?;
    let levels = &config.config().levels;
    match id.get(0) {
        "numbers" => {
            let now = input::Numbers::of(levels);
            let (shown, typed) = match read_shown(id.get(1)) {
                Some(shown) => (shown, input::unpack(id.get(2))),
                None => (now, now.all().map(|number| number.to_string()).to_vec()),
            };
            Ok(view::numbers_form(shown, &typed))
        }
        "curve" => {
            let curve = read_curve(id, 1).unwrap_or(levels.curve);
            Ok(view::curve_form(&curve.base.to_string(), &input::show_exponent(curve)))
        }
        "retry" => {
            let typed = input::unpack(id.get(1));
            let field = |index: usize| typed.get(index).map_or("", String::as_str);
            Ok(view::curve_form(field(0), field(1)))
        }
        "words" => Ok(view::words_form(levels.announce.text.as_deref().unwrap_or_default())),
        "more" => {
            let quiet = input::show_quiet(&levels.announce.quiet);
            let days = levels.keep_leavers_days.to_string();
            match (id.get(1), &input::unpack(id.get(2))[..]) {
                (shown, [quiet, days]) if !shown.is_empty() => Ok(view::more_form(shown, quiet, days)),
                _ => Ok(view::more_form(&shown_more(&quiet, levels.keep_leavers_days), &quiet, &days)),
            }
        }
        _ => Err(other_version()),
    }
}

fn read_shown(text: &str) -> Option<input::Numbers> {
    let numbers: Vec<u32> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(input::Numbers::from_all(numbers.try_into().ok()?))
}

fn read_curve(id: &CustomId, at: usize) -> Option<Curve> {
    let (base, exponent_quarters) = (id.get(at).parse().ok()?, id.get(at + 1).parse().ok()?);
    let curve = Curve { base, exponent_quarters };
    // A forged id may hold any number.
    input::parse_curve(id.get(at), &input::show_exponent(curve)).ok().filter(|read| *read == curve)
}

/// By what a form later tells which of its two fields somebody changed: the days, and a fingerprint of the ranges.
fn shown_more(quiet: &str, days: u32) -> String {
    let digest = Sha256::digest(quiet.as_bytes());
    format!("{days}.{}", hex::encode(&digest[..4]))
}

pub async fn on_form(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> Result<Reply> {
    let (result, again) = match id.get(0) {
        "numbers" => save_numbers(ctx, interaction, id, data).await,
        "curve" => return preview_curve(ctx, interaction, data).await,
        "words" => {
            let words = input::parse_words(data.text("words"));
            let author = interaction.into();
            let saved = change(ctx, &author, "words", view::show_words, |levels| {
                levels.announce.text.clone_from(&words);
                Ok(())
            });
            (saved.await, view::config_id("words"))
        }
        "more" => save_more(ctx, interaction, id, data).await,
        _ => return Err(other_version()),
    };
    match result {
        Ok(()) => Ok(Reply::Update(card(ctx, interaction, "").await?)),
        Err(Error::User(why)) => Ok(Reply::Private(view::refused(&why, &again, id.get(0)))),
        Err(error) => Err(error),
    }
}

/// What came of it, and the id that opens the form again as it was left.
async fn save_numbers(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> (Result<()>, CustomId) {
    let fields = ["min_xp", "max_xp", "cooldown", "min_length", "voice_xp"].map(|name| data.text(name));
    let again = view::config_id("numbers").arg(id.get(1)).arg(input::pack(&fields));
    let numbers = match input::Numbers::parse(fields) {
        Ok(numbers) => numbers,
        Err(why) => return (Err(Error::User(why)), again),
    };
    let author = interaction.into();
    let saved = change(ctx, &author, "XP", view::show_numbers, |levels| {
        let now = input::Numbers::of(levels);
        let merged = numbers.merged(read_shown(id.get(1)).unwrap_or(now), now).map_err(Error::User)?;
        merged.put_into(levels);
        Ok(())
    });
    (saved.await, again)
}

async fn save_more(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> (Result<()>, CustomId) {
    let fields = ["quiet", "days"].map(|name| data.text(name));
    let again = view::config_id("more").arg(id.get(1)).arg(input::pack(&fields));
    let read = input::parse_quiet(fields[0]).and_then(|quiet| Ok((quiet, input::parse_leavers(fields[1])?)));
    let (quiet, days) = match read {
        Ok(read) => read,
        Err(why) => return (Err(Error::User(why)), again),
    };
    let typed = shown_more(&input::show_quiet(&quiet), days);
    let ((shown_days, shown_quiet), (_, typed_quiet)) =
        (id.get(1).split_once('.').unwrap_or_default(), typed.split_once('.').unwrap_or_default());
    let author = interaction.into();
    let saved = change(ctx, &author, "quiet levels and leavers", view::show_more, |levels| {
        // What somebody left as it was is left as it is now: another admin may have changed it meanwhile.
        if typed_quiet != shown_quiet {
            levels.announce.quiet.clone_from(&quiet);
        }
        if days.to_string() != shown_days {
            levels.keep_leavers_days = days;
        }
        Ok(())
    });
    (saved.await, again)
}

async fn preview_curve(ctx: &Ctx, interaction: &Interaction, data: &ModalData) -> Result<Reply> {
    let fields = ["base", "exponent"].map(|name| data.text(name));
    match input::parse_curve(fields[0], fields[1]) {
        Ok(curve) => {
            let config = guild_config::fresh(ctx, interaction.guild_id).await?;
            Ok(Reply::Update(view::curve_preview(config.config(), curve, "")))
        }
        Err(why) => {
            let again = view::config_id("retry").arg(input::pack(&fields));
            Ok(Reply::Private(view::refused(&why, &again, "curve")))
        }
    }
}

/// Saves what the preview showed, compared with what the preview compared it with.
async fn save_curve(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    let (Some(curve), Some(known)) = (read_curve(id, 1), read_curve(id, 3)) else {
        return Err(other_version());
    };
    match settings::save_curve(ctx, &interaction.into(), curve, known).await {
        Ok(()) => {
            let note = "The curve is saved. `/levels sync` sets the reward roles by it.";
            Ok(Reply::Update(card(ctx, interaction, note).await?))
        }
        Err(Error::User(note)) => {
            let config = guild_config::fresh(ctx, interaction.guild_id).await?;
            Ok(Reply::Update(view::curve_preview(config.config(), curve, &note)))
        }
        Err(error) => Err(error),
    }
}
