//! Purpose: the form with the guild's settings, and the cards of what is on.

use super::super::{
    fields::{FIELDS, Field},
    replace::{names, problems, require_areas, summary},
};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    guild_config::{
        self, Edit, GuildConfig,
        versions::{self, Versioned},
        words,
    },
    health, time,
    web::{
        Form, Request, Response, Shell,
        choices::{self, Channels, Choice, error_of},
        render,
    },
};
use askama::Template;
use serde_json::Value;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

/// How often saving starts over because somebody else was quicker.
const SAVES_MAX: usize = 5;

/// A part of Muster that is on or off.
struct Card {
    /// As its form sends it; empty for what cannot be switched here.
    switch: &'static str,
    title: &'static str,
    about: &'static str,
    is_on: bool,
    /// What it waits for, in a sentence; empty when it works.
    waits: String,
    may_switch: bool,
}

#[derive(Template)]
#[template(path = "features/config/settings.html")]
struct SettingsPage {
    shell: Shell,
    may_manage: bool,
    version: i64,
    cards: Vec<Card>,
    zones: Vec<&'static str>,
    time_zone: String,
    color: String,
    claim: String,
    rerolls: String,
    cooldown: String,
    managers: Vec<Choice>,
    log: Vec<Choice>,
    errors: Vec<FieldError>,
}

impl SettingsPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

/// What the form shows: the settings in force, or what somebody typed that did not fit.
struct Shown {
    version: i64,
    errors: Vec<FieldError>,
    time_zone: String,
    color: String,
    claim: String,
    rerolls: String,
    cooldown: String,
    managers: Vec<Id<RoleMarker>>,
    log: Option<Id<ChannelMarker>>,
}

impl Shown {
    fn of(current: &Versioned) -> Self {
        let config = &current.config;
        Self {
            version: current.version,
            errors: Vec::new(),
            time_zone: config.time_zone.clone(),
            color: format!("#{:06X}", config.color),
            claim: time::say_duration(i64::from(config.giveaway_claim_seconds) * 1_000),
            rerolls: config.giveaway_reroll_limit.to_string(),
            cooldown: config.giveaway_winner_cooldown_days.to_string(),
            managers: config.giveaway_managers.clone(),
            log: config.giveaway_log_channel,
        }
    }

    fn typed(form: &Form, version: i64, errors: Vec<FieldError>) -> Self {
        Self {
            version,
            errors,
            time_zone: form.get("time_zone").to_owned(),
            color: form.get("color").to_owned(),
            claim: form.get("giveaway_claim_seconds").to_owned(),
            rerolls: form.get("giveaway_reroll_limit").to_owned(),
            cooldown: form.get("giveaway_winner_cooldown_days").to_owned(),
            managers: form.all("giveaway_managers").filter_map(crate::access::parse_id).collect(),
            log: crate::access::parse_id(form.get("giveaway_log_channel")),
        }
    }
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let current = versions::current(ctx, access.guild).await?;
    let notice = match request.param("done") {
        Some("saved") => "Saved.",
        Some("same") => "Nothing was different, so nothing was changed.",
        Some("on") => "It is on.",
        Some("off") => "It is off.",
        Some("imported") => "Imported. The version from before is in the history.",
        Some("back") => "Rolled back. The version from before is still in the history.",
        _ => "",
    };
    page(ctx, request, access, &current.config, Shown::of(&current), notice).await
}

async fn page(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    config: &GuildConfig,
    shown: Shown,
    notice: &'static str,
) -> Result<Response> {
    let log: Vec<_> = shown.log.into_iter().collect();
    let status = if shown.errors.is_empty() { 200 } else { 422 };
    let page = SettingsPage {
        shell: Shell::of_guild(ctx, request, access, "Settings", "settings").notice(notice),
        may_manage: access.may(Area::Settings, May::Manage),
        version: shown.version,
        cards: cards(ctx, access, config).await?,
        zones: crate::time_zone::Zone::all().map(crate::time_zone::Zone::name).collect(),
        time_zone: shown.time_zone,
        color: shown.color,
        claim: shown.claim,
        rerolls: shown.rerolls,
        cooldown: shown.cooldown,
        managers: choices::roles(ctx, access, &shown.managers, false).await?,
        log: choices::channels(ctx, access, Channels::Text, &log).await?,
        errors: shown.errors,
    };
    render(status, &page)
}

async fn cards(ctx: &Ctx, access: &GuildAccess, config: &GuildConfig) -> Result<Vec<Card>> {
    let (is_seen, sidecar) = health::say_sidecar(health::sidecar(ctx).await?.as_ref());
    let may_switch = access.may(Area::Settings, May::Manage) && access.may(Area::Levels, May::Manage);
    let levels = &config.levels;
    Ok(vec![
        Card {
            switch: "",
            title: "Giveaways",
            about: "Always there. Who may run them stands below.",
            is_on: true,
            waits: String::new(),
            may_switch: false,
        },
        Card {
            switch: "levels",
            title: "Levels",
            about: "XP for messages and voice. Needs the gateway, which sees both.",
            is_on: levels.enabled,
            waits: if levels.enabled && !is_seen { sidecar.replace('`', "") } else { String::new() },
            may_switch,
        },
        Card {
            switch: "public",
            title: "Public leaderboard",
            about: "Anyone on the web may see the leaderboard.",
            is_on: levels.public,
            waits: if levels.public && !levels.enabled {
                "It shows nothing while levels are off.".to_owned()
            } else {
                String::new()
            },
            may_switch,
        },
    ])
}

pub async fn switch(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    access.require(ctx, Area::Levels, May::Manage)?;
    let form = request.form();
    let is_on = form.get("to") == "on";
    let which = form.get("switch").to_owned();
    let (target, field): (_, fn(&mut crate::xp::LevelSettings) -> &mut bool) = match which.as_str() {
        "levels" => ("levels: on or off", |levels| &mut levels.enabled),
        "public" => ("levels: leaderboard", |levels| &mut levels.public),
        _ => return Err(Error::NotFound),
    };
    let say = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
    let edit = |config: &GuildConfig| {
        let mut levels = config.levels.clone();
        let before = std::mem::replace(field(&mut levels), is_on);
        let value = crate::json::to_value(&levels).map_err(Error::internal)?;
        Ok(Edit { value, before: say(before), after: say(is_on) })
    };
    guild_config::edit(ctx, &access.author(form.once()), "levels", target, edit).await?;
    Ok(Response::see(format!("/g/{}/settings?done={}", access.guild, say(is_on))))
}

/// A form's text as the setting's own reader takes it.
fn typed(form: &Form, field: &Field) -> String {
    let list: Vec<&str> = form.all(field.name).collect();
    match field.name {
        "giveaway_managers" | "giveaway_log_channel" if list.is_empty() => "none".to_owned(),
        _ => list.join(" "),
    }
}

/// Sentences for Discord, without its marks.
fn plain(sentence: &str) -> String {
    sentence.replace(['`', '\\'], "").replace("**", "")
}

/// What the form asks for, each setting as JSON.
fn read(form: &Form) -> Result<Vec<(&'static Field, Value)>> {
    let (mut read, mut errors) = (Vec::new(), Vec::new());
    for field in FIELDS {
        match (field.parse)(&typed(form, field)) {
            Ok(value) => read.push((field, value)),
            Err(_) if field.name == "giveaway_managers" => {
                errors.push(FieldError::new(field.name, "Choose at most ten roles."));
            }
            Err(sentence) => errors.push(FieldError::new(field.name, plain(&sentence))),
        }
    }
    if errors.is_empty() { Ok(read) } else { Err(Error::Invalid(errors)) }
}

/// What was changed in the form since it was shown, put into what holds now. Where somebody else changed the same setting
/// meanwhile, the form is refused.
fn merge(wanted: &[(&'static Field, Value)], shown: &GuildConfig, now: &GuildConfig) -> Result<GuildConfig> {
    let json = |config: &GuildConfig| crate::json::to_value(config).map_err(Error::internal);
    let (shown, mut merged) = (json(shown)?, json(now)?);
    let mut errors = Vec::new();
    for (field, value) in wanted {
        let (was, is) = (&shown[field.name], &merged[field.name]);
        if value == was || value == is {
            continue;
        }
        if was != is {
            let text = "Somebody else changed this meanwhile. Load the page again and look at it.";
            errors.push(FieldError::new(field.name, text));
            continue;
        }
        merged[field.name] = value.clone();
    }
    if errors.is_empty() {
        serde_json::from_value(merged).map_err(Error::internal)
    } else {
        Err(Error::Invalid(errors))
    }
}

pub async fn save(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    match put(ctx, access, &form).await {
        Ok(done) => Ok(Response::see(format!("/g/{}/settings?done={done}", access.guild))),
        Err(Error::Invalid(errors)) => {
            let config = guild_config::fresh(ctx, access.guild).await?;
            let shown = Shown::typed(&form, super::parse_version(form.get("version")).unwrap_or(0), errors);
            page(ctx, request, access, config.config(), shown, "").await
        }
        Err(error) => Err(error),
    }
}

async fn put(ctx: &Ctx, access: &GuildAccess, form: &Form) -> Result<&'static str> {
    let wanted = read(form)?;
    let version = super::parse_version(form.get("version"))?;
    let shown = versions::at(ctx, access.guild, version).await?.ok_or(Error::Stale)?;
    let author = access.author(form.once());
    let names = names(ctx, access).await?;
    for _ in 0..SAVES_MAX {
        let current = versions::current(ctx, access.guild).await?;
        let after = merge(&wanted, &shown, &current.config)?;
        let changes = words::changes(&current.config, &after, &names);
        if changes.is_empty() {
            return Ok(if version == current.version { "same" } else { "saved" });
        }
        require_areas(ctx, access, &current.config, &after)?;
        let problems = problems(ctx, access, &names, &current.config, &after).await?;
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        match versions::replace(ctx, &author, &current, &after, &summary(&changes), &changes).await {
            Err(Error::Stale) => {}
            result => return result.map(|_| "saved"),
        }
    }
    Err(Error::retryable("others keep changing the configuration"))
}
