//! Purpose: the page of exceptions: what makes experience count more or less, and where or with which roles nobody earns any.

use super::{Section, href, refused, sections, shell};
use crate::{
    access::{Area, GuildAccess, May, parse_id},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::levels::{
        admin_view as view, input,
        settings::{self, key},
    },
    guild_config::{self, GuildConfig},
    web::{
        Form, Request, Response, Shell,
        choices::{self, Channels, Choice},
        render,
    },
    xp::{Multiplier, Scope, TextRules},
};
use askama::Template;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

struct Line {
    key: String,
    percent: u32,
    about: String,
}

#[derive(Template)]
#[template(path = "features/levels/exceptions.html")]
struct ExceptionsPage {
    shell: Shell,
    sections: Vec<Section>,
    may_change: bool,
    action: String,
    lines: Vec<Line>,
    zone: String,
    /// Nothing is chosen in these.
    roles: Vec<Choice>,
    channels: Vec<Choice>,
    no_xp_roles: Vec<Choice>,
    no_xp_channels: Vec<Choice>,
    form: Form,
    errors: Vec<FieldError>,
}

impl ExceptionsPage {
    fn error(&self, field: &str) -> &str {
        choices::error_of(&self.errors, field)
    }

    /// What was typed into the field of the form `of`.
    fn typed(&self, of: &str, field: &str) -> &str {
        if self.form.get("of") == of { self.form.get(field) } else { "" }
    }
}

fn name_of(choices: &[Choice], value: &str) -> String {
    choices.iter().find(|choice| choice.value == value).map_or_else(|| value.to_owned(), |choice| choice.name.clone())
}

fn unchosen(choices: &[Choice]) -> Vec<Choice> {
    let exists = choices.iter().filter(|choice| choice.problem.is_empty());
    exists.map(|choice| Choice { is_chosen: false, ..choice.clone() }).collect()
}

/// Threads are in no list of a guild's channels: a chosen one looks as if it were gone.
fn with_threads(mut channels: Vec<Choice>) -> Vec<Choice> {
    for channel in channels.iter_mut().filter(|channel| !channel.problem.is_empty()) {
        channel.name = format!("a thread, or a channel that is gone ({})", channel.value);
        channel.problem = "";
    }
    channels
}

fn lines(config: &GuildConfig, roles: &[Choice], channels: &[Choice]) -> Vec<Line> {
    let line = |known: &Multiplier| {
        let about = match &known.scope {
            Scope::Role { id } => format!("with the role {}", name_of(roles, &id.to_string())),
            Scope::Channel { id } => format!("in {}", name_of(channels, &id.to_string())),
            Scope::Window { days, from, to } => input::show_window(*days, *from, *to),
        };
        Line { key: key(&known.scope), percent: known.percent, about }
    };
    config.levels.text.multipliers.iter().map(line).collect()
}

async fn page(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    form: Form,
    (status, errors): (u16, Vec<FieldError>),
) -> Result<Response> {
    let config = guild_config::fresh(ctx, access.guild).await?;
    let config = config.config();
    let rules = &config.levels.text;
    let no_xp_roles = choices::roles(ctx, access, &rules.no_xp_roles, false).await?;
    let no_xp_channels = choices::channels(ctx, access, Channels::All, &rules.no_xp_channels).await?;
    let (roles, channels) = (unchosen(&no_xp_roles), unchosen(&no_xp_channels));
    let page = ExceptionsPage {
        shell: shell(ctx, request, access, "Exceptions"),
        sections: sections(access, "exceptions"),
        may_change: access.may(Area::Levels, May::Manage),
        action: href(access, "exceptions"),
        lines: lines(config, &roles, &channels),
        zone: config.time_zone.clone(),
        roles,
        channels,
        no_xp_roles,
        no_xp_channels: with_threads(no_xp_channels),
        form,
        errors,
    };
    render(status, &page)
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    page(ctx, request, access, Form::default(), (200, Vec::new())).await
}

fn invalid(field: &str, message: impl Into<String>) -> Error {
    Error::Invalid(vec![FieldError::new(field, message)])
}

fn role_of(access: &GuildAccess, text: &str) -> Option<Id<RoleMarker>> {
    let everyone: Id<RoleMarker> = access.guild.cast();
    parse_id(text).filter(|id| *id != everyone && access.facts.roles.iter().any(|role| role.id == *id))
}

/// The channel of that id, if it is one of this guild's that Muster sees.
async fn channel_of(ctx: &Ctx, access: &GuildAccess, text: &str) -> Result<Option<Id<ChannelMarker>>> {
    let known = choices::channels(ctx, access, Channels::All, &[]).await?;
    Ok(parse_id(text).filter(|_| known.iter().any(|channel| channel.value == text)))
}

async fn add(ctx: &Ctx, access: &GuildAccess, form: &Form) -> Result<()> {
    let of = form.get("of");
    let scope = match of {
        "role" => {
            let role = role_of(access, form.get("role"));
            Scope::Role { id: role.ok_or_else(|| invalid("role", "Choose a role of this server."))? }
        }
        "channel" => {
            let channel = channel_of(ctx, access, form.get("channel")).await?;
            Scope::Channel { id: channel.ok_or_else(|| invalid("channel", "Choose a channel of this server."))? }
        }
        "window" => {
            let window = input::parse_window(form.get("days"), form.get("from"), form.get("to"));
            let (days, from, to) = window.map_err(|why| invalid("days", why))?;
            Scope::Window { days, from, to }
        }
        _ => return Err(Error::NotFound),
    };
    let field = format!("percent_{of}");
    let percent = form.get("percent").trim_end_matches('%').trim().parse();
    let percent = percent.map_err(|_| invalid(&field, "Write a whole number from 0 to 1000, like 200."))?;
    let added = settings::add_multiplier(ctx, &access.author(form.once()), &Multiplier { scope, percent }).await;
    added.map_err(|error| match error {
        Error::User(why) => invalid(&field, why),
        other => other,
    })
}

/// Puts in force what somebody ticked (`is`) and unticked of what they were shown (`was`).
fn retick<T: PartialEq + Copy>(list: &mut Vec<T>, was: &[T], is: &[T]) -> Result<()> {
    list.retain(|known| !was.contains(known) || is.contains(known));
    for new in is.iter().filter(|new| !was.contains(new)) {
        settings::ignore(list, *new)?;
    }
    Ok(())
}

async fn ignore(ctx: &Ctx, access: &GuildAccess, form: &Form) -> Result<()> {
    let mut ticked = TextRules::default();
    let shown = TextRules {
        no_xp_roles: form.all("was_role").filter_map(parse_id).collect(),
        no_xp_channels: form.all("was_channel").filter_map(parse_id).collect(),
        ..TextRules::default()
    };
    let known = choices::channels(ctx, access, Channels::All, &[]).await?;
    for text in form.all("no_xp_role") {
        let kept = parse_id(text).filter(|id| shown.no_xp_roles.contains(id));
        let role = role_of(access, text).or(kept);
        ticked.no_xp_roles.push(role.ok_or_else(|| invalid("no_xp_role", "Choose roles of this server."))?);
    }
    for text in form.all("no_xp_channel") {
        let id = parse_id(text);
        let id = id.filter(|id| shown.no_xp_channels.contains(id) || known.iter().any(|channel| channel.value == text));
        ticked.no_xp_channels.push(id.ok_or_else(|| invalid("no_xp_channel", "Choose channels of this server."))?);
    }
    settings::change(ctx, &access.author(form.once()), "ignored", view::show_ignored, |levels| {
        retick(&mut levels.text.no_xp_roles, &shown.no_xp_roles, &ticked.no_xp_roles)?;
        retick(&mut levels.text.no_xp_channels, &shown.no_xp_channels, &ticked.no_xp_channels)
    })
    .await
}

/// `what` is the path's last part: which form of the page was sent.
pub async fn save(ctx: &Ctx, request: &Request, access: &GuildAccess, what: &str) -> Result<Response> {
    let form = request.form();
    let (saved, done) = match what {
        "add" => (add(ctx, access, &form).await, "saved"),
        "remove" => {
            let author = access.author(form.once());
            (settings::remove_multiplier(ctx, &author, form.get("multiplier")).await, "removed")
        }
        "ignored" => (ignore(ctx, access, &form).await, "saved"),
        _ => return Err(Error::NotFound),
    };
    match saved {
        Ok(()) => Ok(Response::see(format!("{}?done={done}", href(access, "exceptions")))),
        Err(error) => {
            let refusal = refused(ctx, access, "exceptions", error)?;
            page(ctx, request, access, form, refusal).await
        }
    }
}
