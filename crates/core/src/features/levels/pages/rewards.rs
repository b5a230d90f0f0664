//! Purpose: the page of roles that come with levels: which, what speaks against each, and how far their sync is.

use super::{Section, href, refused, sections, shell};
use crate::{
    access::{Area, GuildAccess, May, parse_id},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::levels::{admin_view as view, settings, sync},
    guild_config, permissions,
    web::{
        Form, Request, Response, Shell,
        choices::{self, Choice},
        render,
    },
    xp::Reward,
};
use askama::Template;
use twilight_model::id::{Id, marker::RoleMarker};

struct Line {
    level: u32,
    name: String,
    /// As `settings::read_reward` reads it.
    key: String,
    problem: &'static str,
    powers: String,
}

/// How far a sync is, or what came of the last; alone it loads itself again while one is running.
#[derive(Template)]
#[template(path = "features/levels/sync.html")]
struct SyncPart {
    href: String,
    is_running: bool,
    text: String,
    failed: u64,
}

#[derive(Template)]
#[template(path = "features/levels/rewards.html")]
struct RewardsPage {
    shell: Shell,
    sections: Vec<Section>,
    may_change: bool,
    action: String,
    lines: Vec<Line>,
    manages_roles: bool,
    level: String,
    roles: Vec<Choice>,
    stack: bool,
    sync: SyncPart,
    errors: Vec<FieldError>,
}

impl RewardsPage {
    fn error(&self, field: &str) -> &str {
        choices::error_of(&self.errors, field)
    }
}

fn sync_part(access: &GuildAccess, row: &sync::store::Row) -> SyncPart {
    let text = match (row.sync_at, row.sync_done_at) {
        (_, Some(_)) => format!("The last sync is done: {}", view::sync_counts(row)),
        (Some(_), None) => {
            format!("A sync is running, a few of {} members per second: {}", row.sync_members, view::sync_counts(row))
        }
        (None, None) => "There was no sync yet.".to_owned(),
    };
    SyncPart { href: href(access, "rewards/sync"), is_running: row.is_running(), text, failed: row.sync_failed }
}

async fn page(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    form: &Form,
    (status, errors): (u16, Vec<FieldError>),
) -> Result<Response> {
    let config = guild_config::fresh(ctx, access.guild).await?;
    let levels = &config.config().levels;
    let rights = permissions::role_rights(ctx, access.guild, &access.facts).await?;
    let chosen: Vec<Id<RoleMarker>> = parse_id(form.get("role")).into_iter().collect();
    let line = |reward: &Reward| {
        let known = access.facts.roles.iter().find(|role| role.id == reward.role);
        Line {
            level: reward.level,
            name: known.map_or_else(|| format!("deleted role {}", reward.role), |role| role.name.clone()),
            key: format!("{}.{}", reward.level, reward.role),
            problem: rights.obstacle(&access.facts, reward.role).unwrap_or_default(),
            powers: settings::powers(&access.facts, reward.role).unwrap_or_default(),
        }
    };
    let row: sync::store::Row = ctx.query(sync::store::get(access.guild)).await?.first()?.unwrap_or_default();
    let mut roles = choices::roles(ctx, access, &chosen, false).await?;
    for role in &mut roles {
        // What was asked of Discord above, once.
        let obstacle = parse_id(&role.value).and_then(|id| rights.obstacle(&access.facts, id));
        role.problem = obstacle.unwrap_or(role.problem);
    }
    let page = RewardsPage {
        shell: shell(ctx, request, access, "Rewards"),
        sections: sections(access, "rewards"),
        may_change: access.may(Area::Levels, May::Manage),
        action: href(access, "rewards"),
        lines: levels.rewards.iter().map(line).collect(),
        manages_roles: rights.manages_roles,
        level: form.get("level").to_owned(),
        roles,
        stack: levels.stack_rewards,
        sync: sync_part(access, &row),
        errors,
    };
    render(status, &page)
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    page(ctx, request, access, &Form::default(), (200, Vec::new())).await
}

/// The part about the sync, for the page that shows it.
pub async fn show_sync(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    if !request.is_partial() {
        return Ok(Response::see(href(access, "rewards")));
    }
    let row: sync::store::Row = ctx.query(sync::store::get(access.guild)).await?.first()?.unwrap_or_default();
    render(200, &sync_part(access, &row))
}

async fn add(ctx: &Ctx, access: &GuildAccess, form: &Form) -> Result<()> {
    let level = form.get("level").parse();
    let level =
        level.map_err(|_| Error::Invalid(vec![FieldError::new("level", "A level is a number from 1 to 1000.")]))?;
    let role = parse_id(form.get("role"));
    let role = role.ok_or_else(|| Error::Invalid(vec![FieldError::new("role", "Choose a role of this server.")]))?;
    let reward = Reward { level, role };
    settings::add_reward(ctx, &access.author(form.once()), access.into(), &access.facts, reward).await
}

/// `what` is the path's last part: which form of the page was sent.
pub async fn save(ctx: &Ctx, request: &Request, access: &GuildAccess, what: &str) -> Result<Response> {
    let form = request.form();
    let author = access.author(form.once());
    let (saved, done) = match what {
        "add" => (add(ctx, access, &form).await, "reward"),
        "remove" => match settings::read_reward(form.get("reward")) {
            Some(reward) => (settings::remove_reward(ctx, &author, reward).await, "removed"),
            None => return Err(Error::NotFound),
        },
        "stack" => {
            let stack = form.get("stack") == "all";
            let saved = settings::change(ctx, &author, "reward roles", view::show_stack, |levels| {
                levels.stack_rewards = stack;
                Ok(())
            });
            (saved.await, "stack")
        }
        "sync" => {
            let config = guild_config::fresh(ctx, access.guild).await?;
            (sync::start(ctx, &author, config.config(), &access.facts).await.map(|_| ()), "sync")
        }
        _ => return Err(Error::NotFound),
    };
    match saved {
        Ok(()) => Ok(Response::see(format!("{}?done={done}", href(access, "rewards")))),
        Err(error) => {
            let refusal = refused(ctx, access, "rewards", error)?;
            page(ctx, request, access, &form, refusal).await
        }
    }
}
