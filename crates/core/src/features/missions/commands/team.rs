//! Purpose: what the team does beside missions: settings, the audit of a member, points by hand, roles.

use super::{Scene, points_of};
use crate::{
    audit::Author,
    ctx::Ctx,
    discord,
    error::{Error, Result},
    features::missions::{actions, assignees, hand, publish, roles, store, store::Mission, view},
    guild_config,
    interaction::Interaction,
    points::{self, store::EntryRow},
    reply::{Message, Reply, embed},
    social::{Kind, accounts},
    text::{count, escape_markdown},
    time,
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::id::{
    Id,
    marker::{RoleMarker, UserMarker},
};

const AUDIT_POSTS: u32 = 10;
const AUDIT_ENTRIES: u32 = 15;
/// Characters of both lists: an embed's description holds 4,096, and all embeds of a message 6,000 (Discord, "Embed limits").
const AUDIT_POSTS_MAX: usize = 1_900;
const AUDIT_ENTRIES_MAX: usize = 3_900;

#[derive(CommandModel, CreateCommand)]
#[command(name = "adjust", desc = "Give or take points by hand, with a reason that stays")]
pub struct Adjust {
    /// Whose points
    user: Id<UserMarker>,
    /// How many; negative to take
    #[command(min_value = -100000, max_value = 100000)]
    points: i64,
    /// Why
    #[command(max_length = 200)]
    reason: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "void", desc = "Take back the points of one line of a member's statement")]
pub struct Void {
    /// The line's number, as /audit shows it
    #[command(max_length = 20)]
    line: String,
    /// Why
    #[command(max_length = 200)]
    reason: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "recompute", desc = "Add every sum of points up again from the lines of the ledger")]
pub struct Recompute {}

#[derive(CommandModel, CreateCommand)]
#[command(name = "audit", desc = "Everything about a member's posts, counts and points")]
pub struct Audit {
    /// Whose
    user: Id<UserMarker>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "decide", desc = "Say whether a post is there whose outcome Muster does not know")]
pub struct Decide {
    /// The post's number, as /audit shows it
    #[command(max_length = 20)]
    post: String,
    /// Whether it stands on the platform
    there: bool,
    /// Its address, if you have it
    #[command(max_length = 500)]
    url: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "assign", desc = "Say whom a mission is for: everyone, a role, or chosen members")]
pub struct Assign {
    /// Which mission, by its title or ID
    #[command(autocomplete = true)]
    pub mission: String,
    /// A member to choose
    add: Option<Id<UserMarker>>,
    /// A chosen member to take off
    remove: Option<Id<UserMarker>>,
    /// Whoever has this role
    role: Option<Id<RoleMarker>>,
    /// Everybody
    everyone: Option<bool>,
}

/// Members whom an answer names.
const ASSIGNEES_SHOWN: usize = 20;

pub async fn on_assign(ctx: &Ctx, author: &Author, mission: Mission, wanted: Assign) -> Result<Reply> {
    let names_members = wanted.add.is_some() || wanted.remove.is_some();
    let everyone = wanted.everyone == Some(true);
    if [names_members, wanted.role.is_some(), everyone].iter().filter(|is_chosen| **is_chosen).count() != 1 {
        return Err(Error::user("Choose one: members with `add` and `remove`, a `role`, or `everyone:True`."));
    }
    let mut members = assignees::chosen(ctx, &mission).await?;
    let assigned = match wanted.role {
        Some(role) if role.get() != author.guild.get() => format!("role:{role}"),
        _ if names_members => "members".to_owned(),
        _ => "everyone".to_owned(),
    };
    if names_members {
        members.retain(|member| Some(*member) != wanted.remove);
        members.extend(wanted.add.filter(|member| !members.contains(member)));
        if members.is_empty() {
            return Err(Error::user("Somebody has to stay. `everyone:True` opens the mission for everybody."));
        }
    }
    let wish = actions::Wish { assigned: Some(assigned), members, ..actions::Wish::default() };
    let mission = actions::edit(ctx, author, mission, &wish).await?;
    let whom = match assignees::role_of(&mission) {
        Some(role) => format!("<@&{role}>"),
        None if mission.assigned == "members" => {
            let mut names: Vec<String> =
                wish.members.iter().take(ASSIGNEES_SHOWN).map(|member| format!("<@{member}>")).collect();
            if wish.members.len() > ASSIGNEES_SHOWN {
                names.push(format!("{} more", wish.members.len() - ASSIGNEES_SHOWN));
            }
            names.join(", ")
        }
        None => "everyone".to_owned(),
    };
    Ok(Reply::private(format!("**{}** is for {whom}.", escape_markdown(&mission.title))))
}

pub async fn on_decide(ctx: &Ctx, interaction: &Interaction, decide: Decide) -> Result<Reply> {
    let (guild, id) = (interaction.guild_id, decide.post.trim());
    let unknown = || Error::user("There is no held post of that number. `/audit` shows the number of each.");
    let post = publish::load(ctx, guild, id).await?.filter(|post| post.state == "held").ok_or_else(unknown)?;
    let url = decide.url.unwrap_or_default();
    let is_address = url.starts_with("https://") && url.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if !is_address && !url.is_empty() {
        return Err(Error::user("The address begins with https://."));
    }
    publish::decide(ctx, &Author::from(interaction), post, decide.there, &url).await?;
    let post = publish::load(ctx, guild, id).await?.ok_or_else(unknown)?;
    Ok(Reply::private(view::decided(&post)))
}

pub async fn on_adjust(ctx: &Ctx, interaction: &Interaction, adjust: Adjust) -> Result<Reply> {
    let reason = hand::adjust(ctx, &Author::from(interaction), adjust.user, adjust.points, &adjust.reason).await?;
    Ok(Reply::private(format!("<@{}> gets {:+} points: {}", adjust.user, adjust.points, escape_markdown(&reason))))
}

pub async fn on_void(ctx: &Ctx, interaction: &Interaction, void: Void) -> Result<Reply> {
    let (entry, is_new) = hand::void(ctx, &Author::from(interaction), void.line.trim(), &void.reason).await?;
    Ok(Reply::private(if is_new {
        format!("{:+} points are taken back from <@{}>.", entry.points, entry.user_id)
    } else {
        "This line was taken back before.".to_owned()
    }))
}

/// Sums are kept by triggers; whoever doubts them has them made anew.
pub async fn on_recompute(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let changed = hand::recompute(ctx, &Author::from(interaction)).await?;
    Ok(Reply::private(if changed == 0 {
        "Every sum is what its lines add up to.".to_owned()
    } else {
        format!("{} did not fit the lines, and are corrected now.", count(changed, "sum", "sums"))
    }))
}

pub async fn on_rolesync(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let scene = Scene::of(ctx, interaction).await?;
    if scene.rules.ranks.iter().all(|rank| rank.role.is_none()) {
        return Err(Error::user("No rank has a role yet. `/mission settings rank:Soldier role:…` gives it one."));
    }
    let last = roles::last(ctx, scene.guild).await?;
    let mut lines = Vec::new();
    match last {
        Some(now) if now.due_at.is_some() => lines.push(format!(
            "{} of {} were looked at so far: {}.",
            now.looked,
            count(now.members, "member", "members"),
            view::synced(&now)
        )),
        last => {
            let members = roles::start(ctx, scene.guild).await?;
            lines.push(format!(
                "The roles of **{}** are looked at on Discord, one after the other. `/rolesync` again says how far it is.",
                count(members, "member", "members")
            ));
            if let Some(last) = last {
                lines.push(format!("The last time, {}: {}.", time::relative(last.started_at), view::synced(&last)));
            }
        }
    }
    let facts = discord::get_guild(ctx, scene.guild).await?;
    lines.extend(scene.rules.ranks_without_role(&facts).map(|rank| {
        let rank = escape_markdown(rank);
        format!("⚠️ The role of **{rank}** is gone, so nobody gets it. `/mission settings` names another for the rank.")
    }));
    Ok(Reply::private(lines.join("\n")))
}

pub async fn on_audit(ctx: &Ctx, interaction: &Interaction, audit: Audit) -> Result<Reply> {
    let (guild, user) = (interaction.guild_id, audit.user);
    let results = ctx
        .batch(vec![
            store::list_member_posts(guild, user, AUDIT_POSTS),
            points::store::list(guild, user, AUDIT_ENTRIES),
            points::store::standing(guild, points::ALL, user),
        ])
        .await?;
    let [posts, entries, standing] = &results[..] else { return Err(Error::internal("three results expected")) };
    let posts: Vec<store::Post> = posts.all()?;
    let entries: Vec<EntryRow> = entries.all()?;
    let accounts = accounts::list(ctx, guild, user).await?;
    let total = standing.first::<points::store::Standing>()?.map_or(0, |standing| standing.points);
    let mut lines = vec![format!("**<@{user}>** · {}", points_of(total))];
    for one in &accounts {
        let state = if one.is_active() { "connected" } else { "to be connected again" };
        lines.push(format!(
            "- {}: **{}**, {state}, since {}",
            one.kind().map_or("?", Kind::name),
            escape_markdown(&one.account_name),
            time::relative(one.connected_at)
        ));
    }
    if posts.is_empty() && entries.is_empty() && accounts.is_empty() {
        lines.push("Nothing yet: no account, no post, no points.".to_owned());
    }
    let mut message = Message::text(lines.join("\n"));
    let color = guild_config::cached(ctx, guild).await?.color;
    if !posts.is_empty() {
        let line = |post: &store::Post| {
            format!("- {} · {} · `{}`", post.kind().map_or("?", Kind::name), view::post_state(post), post.id)
        };
        let lines = posts.iter().map(line);
        message = message.embed(embed("Posts", view::fitting(lines, AUDIT_POSTS_MAX), color));
    }
    if !entries.is_empty() {
        let line = |entry: &EntryRow| format!("{} · rules {} · `{}`", view::entry(entry), entry.rule_version, entry.id);
        let shown = view::fitting(entries.iter().map(line), AUDIT_ENTRIES_MAX);
        let page = format!("{}/g/{guild}/missions/ledger?user={user}", ctx.settings.public_url);
        message = message.embed(embed("Points", format!("[All lines on the dashboard]({page})\n{shown}"), color));
    }
    Ok(Reply::Private(message))
}
