//! Purpose: the page of a guild's rules of points, ranks and safeguards: shown, compared with what was typed, and confirmed.

use super::{
    href, nav, refused,
    scoring_form::{self, NUMBERS, RANKS_MAX, dollars, numbers, rank_fields, say_places, say_tiers},
    shell,
};
use crate::{
    access::{Area, GuildAccess, May, parse_id},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::missions::{
        effect::{self, Effect, Moved, Promoted},
        roles,
        rounds::budget,
        view,
    },
    permissions::{self, Giver},
    points::{
        self, Versioned,
        rules::{Rank, Rules, counted_name},
    },
    social::{self, Kind, tokens},
    web::{
        Form, Request, Response, Shell,
        choices::{self, Channels, Choice, error_of},
        fields, render,
        table::{Cell, table},
    },
};
use askama::Template;
use twilight_model::{
    guild::Permissions,
    id::{Id, marker::RoleMarker},
};

struct ChangeLine {
    name: String,
    before: String,
    after: String,
}

#[derive(Template)]
#[template(path = "features/missions/rules.html")]
struct RulesPage {
    shell: Shell,
    nav: String,
    href: String,
    version: u32,
    may_manage: bool,
    /// The rules in force, for whoever only looks.
    said: Vec<(String, String)>,
    /// What was typed, compared with what is in force; empty before that.
    changes: Vec<ChangeLine>,
    effect: Option<Effect>,
    /// Examples of it, as tables.
    totals: String,
    promotions: String,
    /// The typed rules, to be confirmed.
    typed: String,
    rewards: String,
    tiers: String,
    /// Platforms on which the tiers mean nothing, a sentence each.
    uncounted: Vec<&'static str>,
    ranks: String,
    guards: String,
    places: String,
    x: String,
    /// Why posts on X are not rewarded unless somebody switches it on.
    forbidden: &'static str,
    rewards_on_x: bool,
    /// They have Manage Server and say who else runs missions.
    may_appoint: bool,
    /// The roles that run missions, as boxes; their names for whoever only looks.
    managers: String,
    runners: String,
    /// The roles in force, which the form is compared with.
    was_managers: Vec<Id<RoleMarker>>,
    errors: Vec<FieldError>,
}

impl RulesPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

/// The form's parts as HTML, with what was typed or what is in force.
struct Parts<'a> {
    rules: &'a Rules,
    form: Option<&'a Form>,
    errors: &'a [FieldError],
}

impl Parts<'_> {
    fn value(&self, field: &str, of_rules: impl FnOnce() -> String) -> String {
        self.form.map_or_else(of_rules, |form| form.get(field).to_owned())
    }

    fn text(&self, field: &str, label: &str, value: impl FnOnce() -> String, help: &str) -> String {
        let html = fields::text(field, label, &self.value(field, value), error_of(self.errors, field), help);
        format!("<div>{html}</div>")
    }

    fn numbers(&self, places: std::ops::Range<usize>) -> String {
        let all = numbers(self.rules);
        let one = |(place, (name, label, help, _)): (usize, (&str, &str, &str, i64))| {
            let value = || all.get(place).map(ToString::to_string).unwrap_or_default();
            self.text(name, label, value, help)
        };
        NUMBERS.into_iter().enumerate().filter(|(place, _)| places.contains(place)).map(one).collect()
    }

    fn tiers(&self) -> String {
        let one = |kind: Kind| {
            let label = format!("{}: {}", kind.name(), counted_name(kind));
            self.text(&format!("tiers_{}", kind.key()), &label, || say_tiers(self.rules.tiers(kind)), "")
        };
        let top = || say_places(&self.rules.top_clicks);
        let places = self.text("top_clicks", "First places of a mission by clicks", top, "Like 25, 15, 10.");
        Kind::ALL.map(one).concat() + &places
    }

    fn ranks(&self, roles: &[Choice]) -> String {
        let is_typed = |form: &Form, place: usize| rank_fields(place).iter().any(|field| !form.get(field).is_empty());
        let used = self.form.map_or(self.rules.ranks.len(), |form| {
            (0..RANKS_MAX).rfind(|place| is_typed(form, *place)).map_or(0, |last| last + 1)
        });
        // Two more than there are, for new ones.
        let rows = (used + 2).min(RANKS_MAX);
        let row = |place: usize| {
            let rank = self.rules.ranks.get(place);
            let [name_field, at_field, role_field] = rank_fields(place);
            let of = |say: fn(&Rank) -> String| move || rank.map(say).unwrap_or_default();
            let chosen = self.value(&role_field, of(|rank| rank.role.map(|id| id.to_string()).unwrap_or_default()));
            let mark = |choice: &Choice| Choice { is_chosen: choice.value == chosen, ..choice.clone() };
            let roles: Vec<Choice> = roles.iter().map(mark).collect();
            let role = fields::one(&role_field, "Its role", &roles, "None", error_of(self.errors, &role_field));
            let name = self.text(&name_field, &format!("Rank {}", place + 1), of(|rank| rank.name.clone()), "");
            let at = self.text(&at_field, "From points", of(|rank| rank.at.to_string()), "");
            format!("{name}{at}<div>{role}</div>")
        };
        (0..rows).map(row).collect()
    }

    fn places(&self, channels: &[Choice]) -> String {
        let one = |field: &str, label: &str, none: &str, id: Option<u64>| {
            let chosen = self.value(field, || id.map(|id| id.to_string()).unwrap_or_default());
            let mark = |choice: &Choice| Choice { is_chosen: choice.value == chosen, ..choice.clone() };
            let channels: Vec<Choice> = channels.iter().map(mark).collect();
            let html = fields::one(field, label, &channels, none, error_of(self.errors, field));
            format!("<div>{html}</div>")
        };
        let of = |id: Option<twilight_model::id::Id<_>>| id.map(twilight_model::id::Id::get);
        let cards = "Cards and the month's first";
        one("channel", cards, "Each mission's own; the month's first where the newest is", of(self.rules.channel))
            + &one("log_channel", "Log of posts, counts and points", "Nowhere", of(self.rules.log_channel))
    }

    fn guards(&self) -> String {
        let banned = self.value("banned", || self.rules.banned_words.join(", "));
        let words = fields::area("banned", "Words that are not published", &banned, "", "Between commas.");
        format!("<div class=\"grid-form\">{}</div>{words}", self.numbers(4..NUMBERS.len()))
    }
}

fn say(rules: &Rules, access: &GuildAccess, channels: &[Choice]) -> Vec<(String, String)> {
    let role = |rank: &Rank| {
        let Some(id) = rank.role else { return String::new() };
        let known = access.facts.roles.iter().find(|role| role.id == id);
        known.map_or_else(|| " (a role that is gone)".to_owned(), |role| format!(" (@{})", role.name))
    };
    let channel = |id: u64| {
        let id = id.to_string();
        let known = channels.iter().find(|channel| channel.value == id);
        known.map_or_else(|| "a channel that is gone".to_owned(), |channel| channel.name.clone())
    };
    scoring_form::say(rules, role, channel)
}

/// What was typed, as far as the page shows it.
#[derive(Default)]
struct Typed<'a> {
    form: Option<&'a Form>,
    /// Rules that could be saved as they are.
    rules: Option<Rules>,
    /// The roles that were ticked to run missions.
    managers: Option<Vec<Id<RoleMarker>>>,
    errors: Vec<FieldError>,
}

fn totals(effect: &Effect) -> String {
    let row = |one: &Moved| {
        let (now, then) = (Cell::Number(one.now.to_string()), Cell::Number(one.then.to_string()));
        vec![Cell::text(&one.name), now, then, Cell::signed(one.then - one.now)]
    };
    let rows: Vec<_> = effect.examples.iter().map(row).collect();
    table(&["Member", "This month", "Would be", "Difference"], &rows)
}

fn promotions(effect: &Effect) -> String {
    let row = |one: &Promoted| {
        vec![
            Cell::text(&one.name),
            Cell::Number(one.points.to_string()),
            Cell::text(&one.before),
            Cell::text(&one.after),
        ]
    };
    table(&["Member", "Points", "Rank", "Becomes"], &effect.rank_examples.iter().map(row).collect::<Vec<_>>())
}

async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, typed: Typed<'_>) -> Result<Response> {
    let Versioned { version, rules } = points::rules(ctx, access.guild).await?;
    let chosen: Vec<_> = rules.channel.into_iter().chain(rules.log_channel).collect();
    let channels = choices::channels(ctx, access, Channels::Text, &chosen).await?;
    let roles: Vec<_> = rules.ranks.iter().filter_map(|rank| rank.role).collect();
    let roles = choices::roles(ctx, access, &roles, true).await?;
    let managers = typed.managers.as_ref().unwrap_or(&rules.managers);
    let managers = choices::roles(ctx, access, managers, false).await?;
    let runners = choices::roles(ctx, access, &rules.managers, false).await?;
    let runners: Vec<String> =
        runners.into_iter().filter(|role| role.is_chosen).map(|role| format!("@{}", role.name)).collect();
    let parts = Parts { rules: &rules, form: typed.form, errors: &typed.errors };
    let said = say(&rules, access, &channels);
    let (mut changes, mut effect, mut text) = (Vec::new(), None, String::new());
    if let Some(next) = &typed.rules {
        let line = |((name, before), (_, after)): ((String, String), (String, String))| {
            (before != after).then_some(ChangeLine { name, before, after })
        };
        changes = said.iter().cloned().zip(say(next, access, &channels)).filter_map(line).collect();
        effect = Some(effect::of(ctx, access.guild, &rules, next).await?);
        text = serde_json::to_string(next).map_err(Error::internal)?;
    }
    let forbidden = tokens::app_of(ctx, Kind::X).and_then(|app| Kind::X.platform().capabilities(app).forbids_rewards);
    let budget_help = if rules.x_budget == 0 {
        "0 switches X off.".to_owned()
    } else {
        let cost = budget::spent(ctx, access.guild, Kind::X).await?;
        format!("0 switches X off. {}", view::spent(&rules, cost))
    };
    let budget = parts.text(
        "x_budget",
        "US dollars that posts on X, and reading their counts, may cost in 30 days",
        || dollars(&rules),
        &budget_help,
    );
    let page = RulesPage {
        shell: shell(ctx, request, access, "Rules"),
        nav: nav(access, "rules"),
        href: href(access, "rules"),
        version,
        may_manage: access.may(Area::Missions, May::Manage),
        said,
        changes,
        totals: effect.as_ref().map(totals).unwrap_or_default(),
        promotions: effect.as_ref().map(promotions).unwrap_or_default(),
        effect,
        typed: text,
        rewards: parts.numbers(0..4),
        tiers: parts.tiers(),
        uncounted: social::uncounted(&ctx.settings.social),
        ranks: parts.ranks(&roles),
        guards: parts.guards(),
        places: parts.places(&channels),
        x: budget,
        forbidden: forbidden.unwrap_or("X forbids rewards for posts, and may take the application's access away."),
        rewards_on_x: typed.form.map_or(rules.rewards_on_x, |form| form.has("rewards_on_x")),
        may_appoint: permissions::holds(access, Permissions::MANAGE_GUILD),
        managers: fields::many("managers", "Roles", &managers, error_of(&typed.errors, "managers")),
        runners: runners.join(", "),
        was_managers: rules.managers.clone(),
        errors: typed.errors,
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    page(ctx, request, access, Typed::default()).await
}

/// What speaks against rules beside their form: roles and channels that are new have to be this guild's, and roles such as
/// whoever asks could hand out.
async fn check(ctx: &Ctx, access: &GuildAccess, was: &Rules, next: &Rules) -> Result<Vec<FieldError>> {
    let mut errors = Vec::new();
    for (place, rank) in next.ranks.iter().enumerate() {
        let Some(role) = rank.role.filter(|role| !was.ranks.iter().any(|rank| rank.role == Some(*role))) else {
            continue;
        };
        let allowed = if role.get() == access.guild.get() {
            Err(Error::user("Everybody has @everyone already. Choose another role."))
        } else {
            permissions::require_may_hand_out(Giver::from(access), &access.facts, role)
        };
        if let Err(error) = allowed {
            let [_, _, field] = rank_fields(place);
            errors.extend(refused(error)?.into_iter().map(|error| FieldError::new(&field, error.message)));
        }
    }
    let channels = choices::channels(ctx, access, Channels::Text, &[]).await?;
    for (field, is, before) in
        [("channel", next.channel, was.channel), ("log_channel", next.log_channel, was.log_channel)]
    {
        let is_here = |id: &twilight_model::id::Id<_>| channels.iter().any(|known| known.value == id.to_string());
        if is != before && is.as_ref().is_some_and(|id| !is_here(id)) {
            errors.push(FieldError::new(field, "Choose a channel of this server."));
        }
    }
    Ok(errors)
}

fn stale() -> Error {
    Error::user("Somebody else changed the rules meanwhile. Compare them again before you save.")
}

/// Writes confirmed rules as a new version.
async fn confirm(ctx: &Ctx, access: &GuildAccess, form: &Form, was: &Versioned) -> Result<()> {
    if form.get("version") != was.version.to_string() {
        return Err(stale());
    }
    let next: Rules = crate::json::from_str(form.get("rules")).map_err(|_| stale())?;
    // What the form cannot say stays as it is, whatever came.
    let (next, errors) = scoring_form::read(&scoring_form::form_of(&next), &was.rules);
    let errors = [errors, check(ctx, access, &was.rules, &next).await?].concat();
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    points::change(ctx, &access.author(form.once()), "rules", |rules| {
        if *rules != was.rules {
            return Err(stale());
        }
        rules.clone_from(&next);
        Ok(())
    })
    .await?;
    if next.ranks != was.rules.ranks {
        roles::start(ctx, access.guild).await?;
    }
    Ok(())
}

/// Names the roles that run missions: what was ticked and unticked of those that were shown. Who runs missions does not say who else may.
async fn appoint(ctx: &Ctx, access: &GuildAccess, form: &Form, was: &Rules) -> Result<()> {
    permissions::require_strictly(ctx, access, Permissions::MANAGE_GUILD, "missions:managers")?;
    let shown: Vec<Id<RoleMarker>> = form.all("was_manager").filter_map(parse_id).collect();
    let everyone: Id<RoleMarker> = access.guild.cast();
    let is_here = |id: &Id<RoleMarker>| access.facts.roles.iter().any(|role| role.id == *id && role.id != everyone);
    let mut ticked = Vec::new();
    for text in form.all("managers") {
        let role = parse_id(text).filter(|id| is_here(id) || was.managers.contains(id));
        let wrong = || Error::Invalid(vec![FieldError::new("managers", "Choose roles of this server.")]);
        ticked.push(role.ok_or_else(wrong)?);
    }
    points::change(ctx, &access.author(form.once()), "settings", |rules| {
        rules.managers.retain(|role| !shown.contains(role) || ticked.contains(role));
        for role in ticked.iter().filter(|role| !shown.contains(role)) {
            if !rules.managers.contains(role) {
                rules.managers.push(*role);
            }
        }
        Ok(())
    })
    .await
    .map(drop)
}

/// Shows what the typed rules would change, or saves what was confirmed.
pub async fn save(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    let was = points::rules(ctx, access.guild).await?;
    if form.get("act") == "managers" {
        return match appoint(ctx, access, &form, &was.rules).await {
            Ok(()) => Ok(Response::see(format!("{}?done=managers", href(access, "rules")))),
            Err(error @ Error::Denied(_)) => Err(error),
            Err(error) => {
                let managers = Some(form.all("managers").filter_map(parse_id).collect());
                page(ctx, request, access, Typed { managers, errors: refused(error)?, ..Typed::default() }).await
            }
        };
    }
    if form.get("act") == "confirm" {
        return match confirm(ctx, access, &form, &was).await {
            Ok(()) => Ok(Response::see(format!("{}?done=rules", href(access, "rules")))),
            Err(error) => page(ctx, request, access, Typed { errors: refused(error)?, ..Typed::default() }).await,
        };
    }
    let (next, mut errors) = scoring_form::read(&form, &was.rules);
    errors.extend(check(ctx, access, &was.rules, &next).await?);
    if errors.is_empty() && next == was.rules {
        return Ok(Response::see(format!("{}?done=same", href(access, "rules"))));
    }
    let rules = errors.is_empty().then_some(next);
    page(ctx, request, access, Typed { form: Some(&form), rules, managers: None, errors }).await
}
