//! Purpose: the page with everything about levels that is a switch, a number or a text.

use super::{Section, done, href, plain, sections};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::levels::{
        admin_view as view,
        input::{self, Numbers},
        settings, view as words,
    },
    guild_config, health, permissions,
    web::{
        Form, Request, Response, Shell,
        choices::{self, Channels, Choice},
        render,
    },
    xp::{AnnounceIn, LevelSettings},
};
use askama::Template;
use serde_json::Value;
use twilight_model::id::{Id, marker::ChannelMarker};

const NUMBERS: [&str; 5] = ["min_xp", "max_xp", "cooldown", "min_length", "voice_xp"];

/// The form as it is shown or as somebody sent it.
#[derive(Default)]
struct Fields {
    enabled: bool,
    public: bool,
    numbers: [String; 5],
    /// `same`, `direct`, `off`, or a channel.
    place: String,
    words: String,
    quiet: String,
    /// A channel, or empty.
    winners: String,
    days: String,
}

impl Fields {
    fn of(settings: &LevelSettings) -> Self {
        let announce = &settings.announce;
        Self {
            enabled: settings.enabled,
            public: settings.public,
            numbers: Numbers::of(settings).all().map(|number| number.to_string()),
            place: match announce.place {
                AnnounceIn::Same => "same".to_owned(),
                AnnounceIn::Direct => "direct".to_owned(),
                AnnounceIn::Off => "off".to_owned(),
                AnnounceIn::Channel(channel) => channel.to_string(),
            },
            words: announce.text.clone().unwrap_or_default(),
            quiet: input::show_quiet(&announce.quiet),
            winners: announce.winners.map(|channel| channel.to_string()).unwrap_or_default(),
            days: settings.keep_leavers_days.to_string(),
        }
    }

    fn typed(form: &Form) -> Self {
        Self {
            enabled: form.has("enabled"),
            public: form.has("public"),
            numbers: NUMBERS.map(|name| form.get(name).to_owned()),
            place: form.get("place").to_owned(),
            words: form.get("words").replace("\r\n", "\n"),
            quiet: form.get("quiet").to_owned(),
            winners: form.get("winners").to_owned(),
            days: form.get("days").to_owned(),
        }
    }

    /// The settings that these fields make of `was`.
    fn read(&self, was: &LevelSettings) -> Result<LevelSettings, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut read = was.clone();
        (read.enabled, read.public) = (self.enabled, self.public);
        let mut numbers = Numbers::of(was).all();
        let each = Numbers::parse_each([0, 1, 2, 3, 4].map(|index: usize| self.numbers[index].as_str()));
        for (index, number) in each.into_iter().enumerate() {
            match number {
                Ok(number) => numbers[index] = number,
                Err(why) => errors.push(FieldError::new(NUMBERS[index], why)),
            }
        }
        Numbers::from_all(numbers).put_into(&mut read);
        match read_place(&self.place) {
            Some(place) => read.announce.place = place,
            None => errors.push(FieldError::new("place", "Choose where new levels are said.")),
        }
        match self.winners.as_str() {
            "" => read.announce.winners = None,
            channel => match crate::access::parse_id(channel) {
                Some(channel) => read.announce.winners = Some(channel),
                None => errors.push(FieldError::new("winners", "Choose a channel of this server.")),
            },
        }
        if self.words.chars().count() > usize::from(guild_config::limits::WORDS_MAX) {
            errors
                .push(FieldError::new("words", format!("At most {} characters fit.", guild_config::limits::WORDS_MAX)));
        }
        read.announce.text = input::parse_words(&self.words);
        match input::parse_quiet(&self.quiet) {
            Ok(quiet) => read.announce.quiet = quiet,
            Err(why) => errors.push(FieldError::new("quiet", why)),
        }
        match input::parse_leavers(&self.days) {
            Ok(days) => read.keep_leavers_days = days,
            Err(why) => errors.push(FieldError::new("days", why)),
        }
        if errors.is_empty() { Ok(read) } else { Err(errors) }
    }
}

fn read_place(text: &str) -> Option<AnnounceIn> {
    match text {
        "same" => Some(AnnounceIn::Same),
        "direct" => Some(AnnounceIn::Direct),
        "off" => Some(AnnounceIn::Off),
        channel => crate::access::parse_id(channel).map(AnnounceIn::Channel),
    }
}

/// What the form shows of the settings, for comparing what comes back: lists have pages of their own.
fn shown(settings: &LevelSettings) -> LevelSettings {
    let mut shown = settings.clone();
    shown.rewards.clear();
    shown.text.multipliers.clear();
    shown.text.no_xp_channels.clear();
    shown.text.no_xp_roles.clear();
    shown
}

/// Puts into `now` what somebody made different from what they were shown (`was`): another admin may have changed the rest meanwhile.
fn merge(now: &mut Value, was: &Value, typed: &Value) {
    match (now, was, typed) {
        (Value::Object(now), Value::Object(was), Value::Object(typed)) => {
            for (key, typed) in typed {
                let was = was.get(key).unwrap_or(&Value::Null);
                merge(now.entry(key).or_insert(Value::Null), was, typed);
            }
        }
        (now, was, typed) if was != typed => *now = typed.clone(),
        _ => {}
    }
}

fn merged(now: &LevelSettings, was: &LevelSettings, typed: &LevelSettings) -> Result<LevelSettings> {
    let json = |settings: &LevelSettings| crate::json::to_value(settings).map_err(Error::internal);
    let mut value = json(now)?;
    merge(&mut value, &json(was)?, &json(typed)?);
    let merged: LevelSettings = serde_json::from_value(value).map_err(Error::internal)?;
    Numbers::of(&merged).check().map_err(|why| Error::Invalid(vec![FieldError::new("max_xp", why)]))?;
    Ok(merged)
}

type Show = fn(&LevelSettings) -> String;

/// What the history says about the parts that are different.
fn changes(was: &LevelSettings, typed: &LevelSettings) -> Vec<Show> {
    let parts: [Show; 8] = [
        view::show_enabled,
        view::show_public,
        view::show_numbers,
        view::show_place,
        view::show_words,
        view::show_quiet,
        view::show_winners,
        view::show_leavers,
    ];
    parts.into_iter().filter(|show| show(was) != show(typed)).collect()
}

#[derive(Template)]
#[template(path = "features/levels/settings.html")]
struct SettingsPage {
    shell: Shell,
    sections: Vec<Section>,
    may_change: bool,
    action: String,
    public_href: String,
    is_connected: bool,
    connection: String,
    fields: Fields,
    was: String,
    places: Vec<Choice>,
    winners: Vec<Choice>,
    /// A new level in the guild's words.
    sample: String,
    /// Words in braces that nothing is filled in for.
    unknown: String,
    errors: Vec<FieldError>,
}

impl SettingsPage {
    fn error(&self, field: &str) -> &str {
        choices::error_of(&self.errors, field)
    }

    fn number(&self, index: usize) -> &str {
        self.fields.numbers.get(index).map_or("", String::as_str)
    }
}

fn chosen(channels: &[Choice], value: &str) -> Vec<Choice> {
    channels.iter().map(|channel| Choice { is_chosen: channel.value == value, ..channel.clone() }).collect()
}

fn places(channels: &[Choice], value: &str) -> Vec<Choice> {
    let fixed = [("same", "Where the level was reached"), ("direct", "By direct message"), ("off", "Nowhere")];
    let fixed = fixed.map(|(key, name)| Choice {
        value: key.to_owned(),
        name: name.to_owned(),
        problem: "",
        is_chosen: key == value,
    });
    let mut places = fixed.to_vec();
    places.extend(
        chosen(channels, value).into_iter().map(|channel| Choice { name: format!("In {}", channel.name), ..channel }),
    );
    places
}

async fn page(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    settings: &LevelSettings,
    fields: Fields,
    was: &LevelSettings,
    mut errors: Vec<FieldError>,
) -> Result<Response> {
    let kept: Vec<Id<ChannelMarker>> =
        [&fields.place, &fields.winners].into_iter().filter_map(|id| crate::access::parse_id(id)).collect();
    let channels = choices::channels(ctx, access, Channels::Text, &kept).await?;
    let sidecar = health::sidecar(ctx).await?;
    let (is_connected, connection) = health::say_sidecar(sidecar.as_ref());
    for error in &mut errors {
        error.message = plain(&error.message, access, &channels);
    }
    let unknown = input::unknown_variables(&fields.words).join(", ");
    let status = if errors.is_empty() { 200 } else { 422 };
    let page = SettingsPage {
        shell: Shell::of_guild(ctx, request, access, "Levels", super::NAME).notice(done(request)),
        sections: sections(access, ""),
        may_change: access.may(Area::Levels, May::Manage),
        action: href(access, ""),
        public_href: format!("/leaderboard/{}", access.guild),
        is_connected,
        connection: plain(&connection, access, &[]),
        was: serde_json::to_string(&shown(was)).map_err(Error::internal)?,
        places: places(&channels, &fields.place),
        winners: chosen(&channels, &fields.winners),
        sample: plain(&words::sample(settings, access.guild, access.user), access, &channels),
        unknown,
        fields,
        errors,
    };
    render(status, &page)
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let config = guild_config::fresh(ctx, access.guild).await?;
    let levels = &config.config().levels;
    page(ctx, request, access, levels, Fields::of(levels), levels, Vec::new()).await
}

/// Muster posts in a chosen channel by itself later on: it must be one of this server's, and open to Muster.
async fn check_channels(
    ctx: &Ctx,
    access: &GuildAccess,
    was: &LevelSettings,
    typed: &LevelSettings,
) -> Result<Vec<FieldError>> {
    let place = match typed.announce.place {
        AnnounceIn::Channel(channel) if typed.announce.place != was.announce.place => Some(channel),
        _ => None,
    };
    let winners = typed.announce.winners.filter(|channel| was.announce.winners != Some(*channel));
    let mut errors = Vec::new();
    for (field, channel) in [("place", place), ("winners", winners)] {
        let Some(channel) = channel else { continue };
        match permissions::require_bot_in(ctx, access.guild, channel, permissions::POSTING).await {
            Ok(()) => {}
            Err(Error::User(why)) => errors.push(FieldError::new(field, why)),
            Err(error) => return Err(error),
        }
    }
    Ok(errors)
}

async fn try_save(ctx: &Ctx, access: &GuildAccess, form: &Form, was: &LevelSettings) -> Result<&'static str> {
    let typed = Fields::typed(form).read(was).map_err(Error::Invalid)?;
    let errors = check_channels(ctx, access, was, &typed).await?;
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    if *was == typed {
        return Ok("same");
    }
    let parts = changes(was, &typed);
    let show = |levels: &LevelSettings| parts.iter().map(|show| show(levels)).collect::<Vec<_>>().join("; ");
    settings::change(ctx, &access.author(form.once()), "settings", show, |levels| {
        *levels = merged(levels, was, &typed)?;
        Ok(())
    })
    .await?;
    Ok("saved")
}

pub async fn save(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    let config = guild_config::fresh(ctx, access.guild).await?;
    let levels = &config.config().levels;
    let was = crate::json::from_str(form.get("was")).unwrap_or_else(|_| shown(levels));
    match try_save(ctx, access, &form, &was).await {
        Ok(done) => Ok(Response::see(format!("{}?done={done}", href(access, "")))),
        Err(error) => {
            let errors = choices::field_errors(error)?;
            page(ctx, request, access, levels, Fields::typed(&form), &was, errors).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_left_as_it_was_stays_as_it_is_now() {
        let was = LevelSettings::default();
        let mut now = was.clone();
        now.text.min_xp = 3;
        now.announce.place = AnnounceIn::Channel(Id::new(7));
        let mut typed = was.clone();
        typed.text.max_xp = 40;
        typed.announce.text = Some("hi".to_owned());
        let both = merged(&now, &was, &typed).unwrap();
        assert_eq!((both.text.min_xp, both.text.max_xp), (3, 40));
        assert_eq!((both.announce.place, both.announce.text.as_deref()), (AnnounceIn::Channel(Id::new(7)), Some("hi")));
        typed.announce.place = AnnounceIn::Channel(Id::new(8));
        assert_eq!(merged(&now, &was, &typed).unwrap().announce.place, AnnounceIn::Channel(Id::new(8)));
        typed.text.max_xp = 2;
        assert!(merged(&now, &was, &typed).is_err(), "they do not go together any more");
    }
}
