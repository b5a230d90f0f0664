//! Purpose: the forms that start a giveaway and change one, with what is wrong beside each field.

use super::{PATH, show::plain};
use crate::{
    access::{GuildAccess, parse_id},
    audit,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::giveaways::{
        actions::{self, Change, Edits},
        begin::{self, MAX_DESCRIPTION, MAX_PRIZE, MAX_WINNERS, Wish},
        rules::entry::{MAX_BONUS, Requirements},
        store::Giveaway,
    },
    guild_config::{self, GuildConfig},
    permissions,
    text::{clean, clean_line, shorten},
    web::{
        Form, Request, Response, Shell,
        choices::{self, Channels, Choice, error_of, field_errors},
        render,
    },
};
use askama::Template;
use twilight_model::{
    guild::Permissions,
    id::{Id, marker::RoleMarker},
};

/// More would not fit into the announcement.
const MAX_ROLES: usize = 10;
const MAX_DAYS: u32 = 3_650;
const MAX_REROLLS: u32 = 50;

/// `1d 2h`, as the same field is read. Exact, so that a form that is sent back unchanged changes nothing.
fn exact(seconds: u32) -> String {
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, unit) in [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")] {
        if left >= size {
            parts.push(format!("{}{unit}", left / size));
            left %= size;
        }
    }
    parts.join(" ")
}

/// Values of a form and what is wrong with them, collected field by field.
struct Reading<'a> {
    form: &'a Form,
    errors: Vec<FieldError>,
}

impl Reading<'_> {
    fn fail(&mut self, field: &str, why: impl Into<String>) {
        self.errors.push(FieldError::new(field, why));
    }

    /// What `parse` makes of the field; `None` for an empty one, and for one that does not fit.
    fn parsed<T>(&mut self, field: &str, parse: impl FnOnce(&str) -> Result<T>) -> Option<T> {
        let text = self.form.get(field);
        if text.is_empty() {
            return None;
        }
        parse(text).map_err(|error| self.fail(field, error.to_string())).ok()
    }

    fn number(&mut self, field: &str, from: u32, to: u32) -> Option<u32> {
        self.parsed(field, |text| {
            let number = text.parse().ok().filter(|number| (from..=to).contains(number));
            number.ok_or_else(|| Error::User(format!("Write a number from {from} to {to}.")))
        })
    }

    fn id<T>(&mut self, field: &str) -> Option<Id<T>> {
        self.parsed(field, |text| parse_id(text).ok_or_else(|| Error::user("Choose one from the list.")))
    }

    fn roles(&mut self, field: &'static str) -> Vec<Id<RoleMarker>> {
        let roles: Vec<_> = self.form.all(field).filter_map(parse_id).collect();
        if roles.len() > MAX_ROLES {
            self.fail(field, format!("Choose at most {MAX_ROLES} roles."));
        }
        roles
    }

    fn bonus(&mut self) -> Vec<(Id<RoleMarker>, u32)> {
        let mut bonus: Vec<(Id<RoleMarker>, u32)> = Vec::new();
        for (role_field, entries_field) in [("bonus_role", "bonus_entries"), ("bonus_role_2", "bonus_entries_2")] {
            let role = self.id(role_field);
            let entries = self.number(entries_field, 1, MAX_BONUS);
            match (role, entries) {
                (Some(role), Some(entries)) if bonus.iter().all(|(known, _)| *known != role) => {
                    bonus.push((role, entries));
                }
                (Some(_), Some(_)) => self.fail(role_field, "The two bonus roles are the same. Name each role once."),
                (None, None) => {}
                (Some(_), None) if !self.form.get(entries_field).is_empty() => {}
                _ => self.fail(entries_field, "A bonus needs both the role and how many entries it gives."),
            }
        }
        bonus
    }

    fn prize(&mut self) -> String {
        let prize = clean_line(self.form.get("prize"), MAX_PRIZE);
        if prize.is_empty() {
            self.fail("prize", "Say what can be won.");
        }
        prize
    }

    fn winners(&mut self) -> Option<u32> {
        let most = u32::try_from(MAX_WINNERS).unwrap_or(50);
        let winners = self.number("winners", 1, most);
        if self.form.get("winners").is_empty() {
            self.fail("winners", format!("Write a number from 1 to {most}."));
        }
        winners
    }

    fn description(&self) -> String {
        shorten(&clean(self.form.get("description")), MAX_DESCRIPTION)
    }
}

#[derive(Template)]
#[template(path = "features/giveaways/form.html")]
struct FormPage {
    shell: Shell,
    /// Empty for a new one.
    editing: String,
    action: String,
    zone: String,
    /// RFC 3339 of the end as it is; empty for a new one.
    ends_at: String,
    form: Form,
    defaults: Vec<(&'static str, String)>,
    was_sent: bool,
    channels: Vec<Choice>,
    /// One list for each field that asks for roles.
    mention: Vec<Choice>,
    required: Vec<Choice>,
    blocked: Vec<Choice>,
    bonus: Vec<Choice>,
    bonus_2: Vec<Choice>,
    errors: Vec<FieldError>,
}

impl FormPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }

    /// What was sent, else what the field begins with.
    fn value(&self, field: &str) -> &str {
        if self.was_sent {
            return self.form.get(field);
        }
        self.defaults.iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value.as_str())
    }

    /// Whether the parts that most people leave alone are shown open.
    fn is_open(&self) -> bool {
        !self.errors.is_empty()
    }
}

fn defaults(config: &GuildConfig) -> Vec<(&'static str, String)> {
    vec![
        ("winners", "1".to_owned()),
        ("claim_window", exact(config.giveaway_claim_seconds)),
        ("reroll_limit", config.giveaway_reroll_limit.to_string()),
    ]
}

/// What the form to change it begins with.
pub fn prefilled(giveaway: &Giveaway) -> Vec<(&'static str, String)> {
    vec![
        ("prize", giveaway.prize.clone()),
        ("winners", giveaway.winners.to_string()),
        ("description", giveaway.description.clone()),
        ("image", giveaway.image_url.clone().unwrap_or_default()),
        ("claim_window", exact(giveaway.claim_seconds)),
        ("reroll_limit", giveaway.reroll_limit.to_string()),
    ]
}

/// What a form is shown with besides its choices.
#[derive(Default)]
struct Shown {
    form: Form,
    was_sent: bool,
    errors: Vec<FieldError>,
}

async fn show_new(ctx: &Ctx, request: &Request, access: &GuildAccess, shown: Shown) -> Result<Response> {
    let config = guild_config::cached(ctx, access.guild).await?;
    let form = &shown.form;
    let one = |field: &str| parse_id(form.get(field)).into_iter().collect::<Vec<Id<RoleMarker>>>();
    let many = |field: &'static str| form.all(field).filter_map(parse_id).collect::<Vec<Id<RoleMarker>>>();
    let known = choices::roles(ctx, access, &[], false).await?;
    let roles = |chosen: Vec<Id<RoleMarker>>| {
        let chosen: Vec<String> = chosen.iter().map(ToString::to_string).collect();
        let mark = |choice: &Choice| Choice { is_chosen: chosen.contains(&choice.value), ..choice.clone() };
        known.iter().map(mark).collect::<Vec<Choice>>()
    };
    let channel: Vec<_> = parse_id(form.get("channel")).into_iter().collect();
    let page = FormPage {
        shell: Shell::of_guild(ctx, request, access, "New giveaway", PATH),
        editing: String::new(),
        action: format!("/g/{}/giveaways/new", access.guild),
        zone: config.time_zone.clone(),
        ends_at: String::new(),
        defaults: defaults(&config),
        channels: choices::channels(ctx, access, Channels::Text, &channel).await?,
        mention: roles(one("mention")),
        required: roles(many("required")),
        blocked: roles(many("blocked")),
        bonus: roles(one("bonus_role")),
        bonus_2: roles(one("bonus_role_2")),
        form: shown.form,
        was_sent: shown.was_sent,
        errors: plain_errors(access, shown.errors),
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}

fn plain_errors(access: &GuildAccess, mut errors: Vec<FieldError>) -> Vec<FieldError> {
    for error in &mut errors {
        error.message = plain(access, &error.message);
    }
    errors
}

pub async fn new(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    show_new(ctx, request, access, Shown::default()).await
}

pub async fn create(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    let author = access.author(form.once());
    let config = guild_config::fresh(ctx, access.guild).await?;
    let begun = match read_wish(ctx, access, config.config(), &form) {
        Ok(wish) => begin_as(ctx, access, &author, config.config(), wish).await,
        Err(errors) => Err(Error::Invalid(errors)),
    };
    match begun {
        Ok(giveaway) => Ok(Response::see(format!("/g/{}/giveaways/{}?done=started", access.guild, giveaway.id))),
        Err(error) => {
            let shown = Shown { errors: form_errors(ctx, access, error)?, form, was_sent: true };
            show_new(ctx, request, access, shown).await
        }
    }
}

/// A right that was missing is shown at the form, too, and noted.
fn form_errors(ctx: &Ctx, access: &GuildAccess, error: Error) -> Result<Vec<FieldError>> {
    match error {
        Error::Denied(why) => {
            audit::note_denied(ctx, access.guild, access.user, access.source, "giveaway start", &why);
            Ok(vec![FieldError::new("", why)])
        }
        other => field_errors(other),
    }
}

/// Starts it in the name of whoever asks: where they could write themselves, with a ping that they could make themselves.
pub async fn begin_as(
    ctx: &Ctx,
    access: &GuildAccess,
    author: &audit::Author,
    config: &GuildConfig,
    wish: Wish,
) -> Result<Giveaway> {
    let is_owner = access.facts.owner_id == access.user;
    let held = match permissions::held_in(ctx, access, wish.channel).await {
        Err(Error::User(why)) => return Err(begin::at("channel", why)),
        held => held?,
    };
    let held = if is_owner { Permissions::all() } else { held };
    let may_post = held.contains(Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES)
        || access.permissions.intersects(Permissions::ADMINISTRATOR | Permissions::MANAGE_GUILD);
    if !may_post {
        return Err(begin::at(
            "channel",
            "You cannot write in that channel yourself, so Muster does not do it for you. Choose another one.",
        ));
    }
    begin::begin(ctx, author, held, config, wish).await
}

/// Reads everything, so that everything wrong is said at once.
pub fn read_wish(
    ctx: &Ctx,
    access: &GuildAccess,
    config: &GuildConfig,
    form: &Form,
) -> std::result::Result<Wish, Vec<FieldError>> {
    let mut reading = Reading { form, errors: Vec::new() };
    let prize = reading.prize();
    let ends_at = reading.parsed("ends", |text| begin::parse_end(text, ctx.now(), config));
    if form.get("ends").is_empty() {
        reading.fail("ends", "Say when it ends, like 1d or tomorrow 18:00.");
    }
    let channel = reading.id("channel");
    if form.get("channel").is_empty() {
        reading.fail("channel", "Choose the channel that it is announced in.");
    }
    let winners = reading.winners();
    let image = reading.parsed("image", begin::parse_image);
    let mention = reading.id("mention");
    let requirements = Requirements {
        roles: reading.roles("required"),
        all_roles: form.get("roles_needed") == "all",
        blocked_roles: reading.roles("blocked"),
        min_level: reading.number("min_level", 1, 1_000),
        min_account_days: reading.number("min_account_days", 1, MAX_DAYS),
        min_member_days: reading.number("min_member_days", 1, MAX_DAYS),
        bonus: reading.bonus(),
    };
    let min_entrants = reading.number("min_entrants", 2, 100_000).unwrap_or(0);
    let claim_ms = reading.parsed("claim_window", begin::parse_claim_window);
    let reroll_limit = reading.number("reroll_limit", 0, MAX_REROLLS);
    let description = reading.description();
    match (ends_at, channel, winners) {
        (Some(ends_at), Some(channel), Some(winners)) if reading.errors.is_empty() => Ok(Wish {
            prize,
            ends_at,
            winners: winners.into(),
            channel,
            description,
            image,
            host: access.user,
            mention,
            requirements,
            min_entrants: min_entrants.into(),
            extends_if_too_few: form.get("if_too_few") != "cancel",
            claim_ms: claim_ms.unwrap_or(i64::from(config.giveaway_claim_seconds) * 1_000),
            reroll_limit: reroll_limit.unwrap_or(config.giveaway_reroll_limit).into(),
        }),
        _ => Err(reading.errors),
    }
}

async fn show_edit(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    giveaway: &Giveaway,
    shown: Shown,
) -> Result<Response> {
    let config = guild_config::cached(ctx, access.guild).await?;
    let page = FormPage {
        shell: Shell::of_guild(ctx, request, access, format!("Edit {}", giveaway.prize), PATH),
        editing: giveaway.prize.clone(),
        action: format!("/g/{}/giveaways/{}/edit", access.guild, giveaway.id),
        zone: config.time_zone.clone(),
        ends_at: crate::time::rfc3339(giveaway.ends_at),
        defaults: prefilled(giveaway),
        channels: Vec::new(),
        mention: Vec::new(),
        required: Vec::new(),
        blocked: Vec::new(),
        bonus: Vec::new(),
        bonus_2: Vec::new(),
        form: shown.form,
        was_sent: shown.was_sent,
        errors: plain_errors(access, shown.errors),
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}

pub async fn edit(ctx: &Ctx, request: &Request, access: &GuildAccess, giveaway: Giveaway) -> Result<Response> {
    show_edit(ctx, request, access, &giveaway, Shown::default()).await
}

pub async fn change(ctx: &Ctx, request: &Request, access: &GuildAccess, giveaway: Giveaway) -> Result<Response> {
    let form = request.form();
    let author = access.author(form.once());
    let config = guild_config::fresh(ctx, access.guild).await?;
    let here = format!("/g/{}/giveaways/{}", access.guild, giveaway.id);
    let changed = match read_edits(ctx, config.config(), &giveaway, &form) {
        // Nothing to change is not worth a line in the log.
        Ok(edits) if edits == Edits::default() => return Ok(Response::see(here)),
        Ok(edits) => actions::change(ctx, &author, &giveaway.id, &Change::Edit(edits)).await,
        Err(errors) => Err(Error::Invalid(errors)),
    };
    match changed {
        Ok(_) => Ok(Response::see(format!("{here}?done=changed"))),
        Err(error) => {
            let shown = Shown { errors: field_errors(error)?, form, was_sent: true };
            show_edit(ctx, request, access, &giveaway, shown).await
        }
    }
}

/// What is different from the giveaway as it is.
pub fn read_edits(
    ctx: &Ctx,
    config: &GuildConfig,
    giveaway: &Giveaway,
    form: &Form,
) -> std::result::Result<Edits, Vec<FieldError>> {
    let mut reading = Reading { form, errors: Vec::new() };
    let prize = reading.prize();
    let winners = reading.winners();
    let image = reading.parsed("image", begin::parse_image);
    let claim_ms = reading.parsed("claim_window", begin::parse_claim_window);
    let reroll_limit = reading.number("reroll_limit", 0, MAX_REROLLS);
    // Browsers send line breaks of their own kind; `clean` leaves the same text.
    let description = reading.description();
    let edits = Edits {
        ends_at: reading.parsed("ends", |text| begin::parse_end(text, ctx.now(), config)),
        prize: Some(prize).filter(|prize| *prize != giveaway.prize),
        winners: winners.filter(|winners| *winners != giveaway.winners),
        description: Some(description).filter(|description| *description != giveaway.description),
        image: Some(image).filter(|image| *image != giveaway.image_url),
        claim_ms: claim_ms.filter(|ms| *ms != i64::from(giveaway.claim_seconds) * 1_000),
        reroll_limit: reroll_limit.filter(|limit| *limit != giveaway.reroll_limit),
    };
    if reading.errors.is_empty() { Ok(edits) } else { Err(reading.errors) }
}

#[cfg(test)]
mod tests {
    use super::exact;

    #[test]
    fn durations_are_written_as_they_are_read() {
        for seconds in [30, 90, 3_600, 86_400, 90_061, 1_209_600] {
            assert_eq!(crate::time::parse_duration(&exact(seconds)), Some(i64::from(seconds) * 1_000), "{seconds}");
        }
    }
}
