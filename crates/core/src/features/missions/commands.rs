//! Purpose: `/mission`, `/missions`, `/post`, `/score`: definitions, rights, and what each does.

pub mod settings;
mod team;

use super::{actions, actions::Wish, components, store, store::Mission, view};
use crate::{
    audit::Author,
    ctx::Ctx,
    custom_id::CustomId,
    discord::files,
    error::{Error, Result},
    guild_config::{self, Fresh, GuildConfig},
    interaction::{Interaction, ModalData},
    links, media, permissions,
    points::{self, rules::Rules},
    reply::{self, Input, Message, Modal, Reply, text_input},
    text::{clean_line, count, escape_markdown, number, shorten},
    time,
};
use std::rc::Rc;
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{
        command::{Command, CommandOptionChoice, CommandOptionChoiceValue},
        interaction::application_command::{CommandData, CommandDataOption, CommandOptionValue},
    },
    channel::Attachment,
    guild::Permissions,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
    },
};

const LIST_PAGE: u32 = 10;
/// Lines of a statement: an embed's description holds 4,096 characters (Discord, "Embed limits").
const STATEMENT_LINES: u32 = 20;
const STATEMENT_MAX: usize = 4_000;

#[derive(CommandModel, CreateCommand)]
#[command(name = "mission", desc = "Missions: posts that members publish for this community")]
enum MissionCommand {
    #[command(name = "new")]
    New(New),
    #[command(name = "edit")]
    Edit(Box<Edit>),
    #[command(name = "assign")]
    Assign(team::Assign),
    #[command(name = "push")]
    Push(Push),
    #[command(name = "close")]
    Close(Close),
    #[command(name = "list")]
    List(List),
    #[command(name = "stats")]
    Stats(Stats),
    #[command(name = "settings")]
    Settings(Box<settings::Settings>),
    #[command(name = "adjust")]
    Adjust(team::Adjust),
    #[command(name = "void")]
    Void(team::Void),
    #[command(name = "recompute")]
    Recompute(team::Recompute),
    #[command(name = "decide")]
    Decide(team::Decide),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "new", desc = "Write a mission; it stays a draft until you push it")]
struct New;

#[derive(CommandModel, CreateCommand)]
#[command(name = "edit", desc = "Change a mission")]
struct Edit {
    /// Which mission, by its title or ID
    #[command(autocomplete = true)]
    mission: String,
    /// Its title
    #[command(max_length = 100)]
    title: Option<String>,
    /// What members publish; {link} stands for their link
    #[command(max_length = 3000)]
    text: Option<String>,
    /// Where the link leads
    link: Option<String>,
    /// A picture that goes with the text: JPEG or PNG, at most 4 MB
    picture: Option<Attachment>,
    /// Or its address; `none` takes the picture away
    image: Option<String>,
    /// LinkedIn, Instagram, TikTok, X, Threads
    platforms: Option<String>,
    /// When it ends: 3d, friday 18:00, 2026-12-24 18:00
    ends: Option<String>,
    /// When it starts, likewise
    starts: Option<String>,
    /// Only for members with this role
    role: Option<Id<RoleMarker>>,
    /// The name of the campaign in the link's UTM parameters
    #[command(max_length = 60)]
    campaign: Option<String>,
    /// Posts of all members together; 0 for any number
    #[command(min_value = 0, max_value = 100000)]
    max_posts: Option<i64>,
    /// Points for publishing it; -1 for what the server's rules say
    #[command(min_value = -1, max_value = 10000)]
    points: Option<i64>,
    /// Where its card is posted
    #[command(channel_types = "guild_text guild_announcement")]
    channel: Option<Id<ChannelMarker>>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "push", desc = "Open a mission and post its card")]
struct Push {
    /// Which mission, by its title or ID
    #[command(autocomplete = true)]
    mission: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "close", desc = "End a mission; what waits for its time is called off")]
struct Close {
    /// Which mission, by its title or ID
    #[command(autocomplete = true)]
    mission: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "list", desc = "Drafts and live missions of this server")]
struct List;

#[derive(CommandModel, CreateCommand)]
#[command(name = "stats", desc = "What a mission has brought so far")]
struct Stats {
    /// Which mission, by its title or ID
    #[command(autocomplete = true)]
    mission: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "missions", desc = "What you can publish for this community right now")]
struct MissionsCommand;

#[derive(CommandModel, CreateCommand)]
#[command(name = "post", desc = "Publish a mission, or see how your posts stand")]
struct PostCommand {
    /// Which mission, by its title or ID; your posts without it
    #[command(autocomplete = true)]
    mission: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "score", desc = "Points from missions, and why each was given")]
struct ScoreCommand {
    /// Whose; yours unless you say
    user: Option<Id<UserMarker>>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "rolesync", desc = "Look at everybody's rank again, and give and take its roles")]
struct RolesyncCommand;

pub fn definitions() -> Vec<Command> {
    vec![
        MissionCommand::create_command().into(),
        MissionsCommand::create_command().into(),
        PostCommand::create_command().into(),
        ScoreCommand::create_command().into(),
        team::Audit::create_command().into(),
        RolesyncCommand::create_command().into(),
    ]
}

/// What a member's press goes by, read now.
pub struct Scene {
    pub guild: Id<GuildMarker>,
    pub rules: Rules,
    pub config: Rc<GuildConfig>,
}

impl Scene {
    pub async fn of(ctx: &Ctx, interaction: &Interaction) -> Result<Self> {
        let guild = interaction.guild_id;
        let rules = points::rules(ctx, guild).await?.rules;
        Ok(Self { guild, rules, config: guild_config::cached(ctx, guild).await? })
    }
}

/// Manage Server, or a role that the rules name, as D1 has them now.
async fn require_manager(ctx: &Ctx, interaction: &Interaction) -> Result<Scene> {
    let scene = Scene::of(ctx, interaction).await?;
    permissions::require_user(interaction, Permissions::MANAGE_GUILD, Fresh::managers(&scene.rules))?;
    Ok(scene)
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::user(format!("Muster could not read that command: {error}. Please type it again."))
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    match data.name.as_str() {
        "missions" => missions(ctx, interaction).await,
        "post" => {
            let command = PostCommand::from_interaction(data.into()).map_err(unreadable)?;
            match command.mission {
                Some(typed) => {
                    let mission = find(ctx, interaction, &typed).await?;
                    components::on_open(ctx, interaction, &mission.id).await
                }
                None => posts(ctx, interaction).await,
            }
        }
        "score" => {
            let command = ScoreCommand::from_interaction(data.into()).map_err(unreadable)?;
            score(ctx, interaction, command.user.unwrap_or(interaction.actor.id)).await
        }
        "rolesync" => {
            require_manager(ctx, interaction).await?;
            team::on_rolesync(ctx, interaction).await
        }
        "audit" => {
            require_manager(ctx, interaction).await?;
            team::on_audit(ctx, interaction, team::Audit::from_interaction(data.into()).map_err(unreadable)?).await
        }
        _ => on_managed(ctx, interaction, MissionCommand::from_interaction(data.into()).map_err(unreadable)?).await,
    }
}

/// Everything that needs the right to run missions, asked here once and now.
async fn on_managed(ctx: &Ctx, interaction: &Interaction, command: MissionCommand) -> Result<Reply> {
    let scene = require_manager(ctx, interaction).await?;
    let author = Author::from(interaction);
    match command {
        MissionCommand::New(New) => Ok(form(&scene)),
        MissionCommand::Edit(edit) => {
            let mission = find(ctx, interaction, &edit.mission).await?;
            if let Some(channel) = edit.channel {
                permissions::require_actor_may_post(ctx, interaction, channel).await?;
            }
            let picture = edit.picture.clone();
            let mut wish = wish_of(*edit, ctx.now(), &scene)?;
            if let Some(picture) = picture {
                wish.image_url = Some(keep(ctx, interaction, &picture).await?);
            }
            let mission = actions::edit(ctx, &author, mission, &wish).await?;
            Ok(Reply::Private(draft(ctx, &mission, &scene, "Changed.")))
        }
        MissionCommand::Assign(assign) => {
            let mission = find(ctx, interaction, &assign.mission).await?;
            team::on_assign(ctx, &author, mission, assign).await
        }
        MissionCommand::Push(push) => {
            let mission = find(ctx, interaction, &push.mission).await?;
            permissions::require_actor_may_post(ctx, interaction, mission.channel_id).await?;
            let mission = actions::push(ctx, &author, mission).await?;
            Ok(Reply::private(format!("**{}** is live in <#{}>.", escape_markdown(&mission.title), mission.channel_id)))
        }
        MissionCommand::Close(close) => {
            let mission = find(ctx, interaction, &close.mission).await?;
            let mission = actions::close(ctx, &author, mission).await?;
            Ok(Reply::private(format!(
                "**{}** is closed, with {}.",
                escape_markdown(&mission.title),
                count(u64::from(mission.published), "post", "posts")
            )))
        }
        MissionCommand::List(List) => list(ctx, &scene).await,
        MissionCommand::Stats(stats) => {
            let mission = find(ctx, interaction, &stats.mission).await?;
            self::stats(ctx, &mission, &scene).await
        }
        MissionCommand::Settings(settings) => {
            // Who runs missions does not say who else may.
            permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
            settings::on_settings(ctx, interaction, *settings).await
        }
        MissionCommand::Adjust(adjust) => team::on_adjust(ctx, interaction, adjust).await,
        MissionCommand::Void(void) => team::on_void(ctx, interaction, void).await,
        MissionCommand::Recompute(_) => team::on_recompute(ctx, interaction).await,
        MissionCommand::Decide(decide) => team::on_decide(ctx, interaction, decide).await,
    }
}

/// Drafts and live missions, the newest of each.
async fn list(ctx: &Ctx, scene: &Scene) -> Result<Reply> {
    let of = |state| store::list(scene.guild, state, LIST_PAGE + 1, 0);
    let mut missions: Vec<Mission> = ctx.query(of("live")).await?.all()?;
    let mut drafts: Vec<Mission> = ctx.query(of("draft")).await?.all()?;
    let shown = LIST_PAGE as usize;
    let is_cut = missions.len() > shown || drafts.len() > shown;
    missions.truncate(shown);
    drafts.truncate(shown);
    missions.extend(drafts.into_iter().map(|draft| Mission { title: format!("{} (draft)", draft.title), ..draft }));
    let page = format!("{}/g/{}/missions", ctx.settings.public_url, scene.guild);
    let more = if is_cut { format!("-# There are more than these: [all missions]({page})") } else { String::new() };
    let empty = "There is no mission yet. `/mission new` writes one.";
    Ok(Reply::Private(view::list(&missions, "Missions", empty, &more, scene.config.color)))
}

/// Keeps a picture that somebody attached; gives how a mission names it.
async fn keep(ctx: &Ctx, interaction: &Interaction, picture: &Attachment) -> Result<String> {
    let bytes = files::download(ctx, picture, media::PICTURE_MAX as u64, media::TOO_LARGE).await?;
    Ok(media::keep(ctx, interaction.guild_id, interaction.actor.id, bytes).await?.reference())
}

fn wish_of(edit: Edit, now: i64, scene: &Scene) -> Result<Wish> {
    let when = |text: Option<String>, what: &str| match text {
        Some(text) => time::parse_when(&text, now, scene.config.zone())
            .map(Some)
            .ok_or_else(|| Error::User(format!("Say when it {what} as in 3d, friday 18:00 or 2026-12-24 18:00."))),
        None => Ok(None),
    };
    Ok(Wish {
        ends_at: when(edit.ends, "ends")?,
        starts_at: when(edit.starts, "starts")?,
        title: edit.title,
        copy: edit.text,
        target_url: edit.link,
        image_url: edit.image.map(|image| if image.trim() == "none" { String::new() } else { image }),
        platforms: edit.platforms,
        campaign: edit.campaign,
        assigned: edit
            .role
            .map(|role| if role.get() == scene.guild.get() { "everyone".to_owned() } else { format!("role:{role}") }),
        members: Vec::new(),
        publish_points: edit.points,
        max_posts: edit.max_posts.and_then(|max| u32::try_from(max).ok()),
        channel: edit.channel,
    })
}

/// The form of `/mission new`.
fn form(scene: &Scene) -> Reply {
    let input = |id, label, hint, placeholder, paragraph, max| {
        text_input(&Input { id, label, hint, placeholder, value: "", paragraph, required: id != "link", max })
    };
    let zone = format!("3d, friday 18:00, 2026-12-24 18:00 ({})", scene.config.time_zone);
    Reply::Modal(Modal {
        id: CustomId::new(super::NAME, "create"),
        title: "New mission".to_owned(),
        components: vec![
            input("title", "Title", "For the card", "Spring launch", false, 100),
            input(
                "text",
                "What do members publish?",
                "{link} stands for the link; otherwise it follows the text",
                "",
                true,
                3_000,
            ),
            input("link", "Where does the link lead?", "", "https://example.com/spring", false, 1_000),
            input(
                "platforms",
                "On which platforms?",
                "LinkedIn, Instagram, TikTok, X, Threads",
                "LinkedIn, Threads",
                false,
                100,
            ),
            input("ends", "When does it end?", &zone, "7d", false, 40),
        ],
    })
}

pub async fn on_form(ctx: &Ctx, interaction: &Interaction, data: &ModalData) -> Result<Reply> {
    let scene = require_manager(ctx, interaction).await?;
    match create(ctx, interaction, data, &scene).await {
        Ok(mission) => Ok(Reply::Private(draft(ctx, &mission, &scene, "The draft is kept."))),
        // A form that is sent is gone: what was typed comes back with what is wrong with it.
        Err(error @ (Error::User(_) | Error::Invalid(_))) => {
            Ok(Reply::Private(typed(&error, data, scene.config.color)))
        }
        Err(error) => Err(error),
    }
}

async fn create(ctx: &Ctx, interaction: &Interaction, data: &ModalData, scene: &Scene) -> Result<Mission> {
    let text = |field: &str| data.text(field).to_owned();
    let ends_at = time::parse_when(data.text("ends"), ctx.now(), scene.config.zone())
        .ok_or_else(|| Error::user("Say when the mission ends as in 3d, friday 18:00 or 2026-12-24 18:00."))?;
    let wish = Wish {
        title: Some(text("title")),
        copy: Some(text("text")),
        target_url: Some(text("link")),
        platforms: Some(text("platforms")),
        ends_at: Some(ends_at),
        ..Wish::default()
    };
    actions::create(ctx, &Author::from(interaction), interaction.channel_id, &wish).await
}

/// What somebody typed into the form, to be copied from.
fn typed(error: &Error, data: &ModalData, color: u32) -> Message {
    let mut embed = reply::embed("What you typed", escape_markdown(data.text("text")), color);
    for (id, name) in [("title", "Title"), ("link", "Link"), ("platforms", "Platforms"), ("ends", "Ends")] {
        let value = data.text(id);
        if !value.is_empty() {
            reply::field(&mut embed, name, escape_markdown(value), false);
        }
    }
    let again = "Nothing is lost: copy it from here, and use `/mission new` again.";
    Message::text(format!("{error}\n{again}")).embed(embed)
}

/// A mission as its makers see it.
fn draft(ctx: &Ctx, mission: &Mission, scene: &Scene, said: &str) -> Message {
    let mut message = view::card(ctx, mission, &scene.rules, scene.config.color);
    message.components.clear();
    let waiting = actions::waiting_for_picture(mission);
    let next = if mission.state != "draft" {
        String::new()
    } else if waiting.is_empty() {
        " `/mission push` opens it, `/mission edit` changes it: picture, start, role and more.".to_owned()
    } else {
        let names = waiting.join(" and ");
        format!(
            " It still needs a picture, for there is no post on {names} without one: `/mission edit picture:` adds it. Then `/mission push` opens it."
        )
    };
    message.content = format!("{said}{next}");
    message
}

async fn stats(ctx: &Ctx, mission: &Mission, scene: &Scene) -> Result<Reply> {
    let statements = vec![store::totals(&mission.id), points::store::sum_of_mission(scene.guild, &mission.id)];
    let results = ctx.batch(statements).await?;
    let [totals, points] = &results[..] else { return Err(Error::internal("two results expected")) };
    let totals: store::Totals = totals.first()?.unwrap_or_default();
    let points = points.first::<points::store::Sum>()?.map_or(0, |sum| sum.points);
    let clicks = links::stats::sums(ctx, scene.guild, &[&mission.id]).await?.remove(&mission.id).unwrap_or_default();
    let mut embed = reply::embed(escape_markdown(&mission.title), "", scene.config.color);
    embed.description = None;
    let mut add = |name: &str, value: u64| reply::field(&mut embed, name, number(value), true);
    add("Published", totals.published);
    add("On their way", totals.under_way);
    add("Not published", totals.failed);
    add("Unknown", totals.held);
    add("Views", totals.views);
    add("Reactions", totals.reactions);
    add("Clicks", clicks.counted);
    if clicks.held > 0 {
        add("Clicks held", clicks.held);
    }
    reply::field(&mut embed, "Points", points.to_string(), true);
    reply::footer(&mut embed, view::marker(mission));
    Ok(Reply::Private(Message::default().embed(embed)))
}

async fn missions(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let scene = Scene::of(ctx, interaction).await?;
    let all: Vec<Mission> = ctx.query(store::list(scene.guild, "live", 25, 0)).await?.all()?;
    let mut mine = Vec::new();
    for mission in all {
        if components::is_for(ctx, interaction, &mission).await? {
            mine.push(mission);
        }
    }
    let empty = "No mission is on right now. You will see the next one's card in its channel.";
    let mut message = view::list(&mine, "Missions that are on", empty, "", scene.config.color);
    let open = |mission: &Mission| {
        let id = CustomId::new(super::NAME, "open").arg(&mission.id);
        reply::button(
            &id,
            &shorten(&mission.title, 60),
            twilight_model::channel::message::component::ButtonStyle::Primary,
            Some("📣"),
        )
    };
    message = message.row(mine.iter().take(5).map(open).collect());
    Ok(Reply::Private(message))
}

async fn posts(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let rows: Vec<store::Post> =
        ctx.query(store::list_member_posts(interaction.guild_id, interaction.actor.id, LIST_PAGE)).await?.all()?;
    if rows.is_empty() {
        return Ok(Reply::private("You have not published a mission yet. `/missions` shows what is on."));
    }
    let line = |post: &store::Post| {
        format!(
            "- {} · {} · {}",
            post.kind().map_or("?", crate::social::Kind::name),
            escape_markdown(&clean_line(&post.text, 60)),
            view::post_state(post)
        )
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    Ok(Reply::Private(Message::text(lines.join("\n")).row(components::post_buttons(&rows))))
}

/// A member's points and why each was given; of others the sums only.
async fn score(ctx: &Ctx, interaction: &Interaction, user: Id<UserMarker>) -> Result<Reply> {
    let scene = Scene::of(ctx, interaction).await?;
    let month = points::month_of(scene.config.zone(), ctx.now());
    let results = ctx
        .batch(vec![
            points::store::standing(scene.guild, points::ALL, user),
            points::store::standing(scene.guild, &month, user),
            points::store::list(scene.guild, user, STATEMENT_LINES),
        ])
        .await?;
    let [all, of_month, entries] = &results[..] else { return Err(Error::internal("three results expected")) };
    let all: Option<points::store::Standing> = all.first()?;
    let of_month: Option<points::store::Standing> = of_month.first()?;
    let Some(all) = all else {
        let whose = if user == interaction.actor.id { "You have".to_owned() } else { format!("<@{user}> has") };
        return Ok(Reply::private(format!("{whose} no points from missions yet. `/missions` shows what is on.")));
    };
    let mut lines = vec![format!(
        "<@{user}> has **{}** in all, place {} of {}.",
        points_of(all.points),
        all.place.unwrap_or(0),
        all.of
    )];
    if let Some(of_month) = of_month {
        lines.push(format!("This month: **{}**, place {}.", points_of(of_month.points), of_month.place.unwrap_or(0)));
    }
    if let Some((_, rank)) = scene.rules.rank(all.points) {
        lines.push(format!("Rank: **{}**", escape_markdown(&rank.name)));
    }
    let mut message = Message::text(lines.join("\n"));
    let entries: Vec<points::store::EntryRow> = entries.all()?;
    if user == interaction.actor.id && !entries.is_empty() {
        let shown = view::fitting(entries.iter().map(view::entry), STATEMENT_MAX);
        message = message.embed(reply::embed("Why", shown, scene.config.color));
    }
    Ok(Reply::Private(message))
}

/// `12 points`, `-1 point`.
fn points_of(points: i64) -> String {
    let sign = if points < 0 { "-" } else { "" };
    format!("{sign}{}", count(points.unsigned_abs(), "point", "points"))
}

/// A mission of this guild, by what a person typed or picked.
async fn find(ctx: &Ctx, interaction: &Interaction, typed: &str) -> Result<Mission> {
    let guild = interaction.guild_id;
    let typed = typed.trim();
    if let Some(mission) = actions::load(ctx, guild, typed).await? {
        return Ok(mission);
    }
    let found: Vec<store::Choice> = ctx.query(store::search(guild, typed)).await?.all()?;
    let shown = escape_markdown(&clean_line(typed, 60));
    match &found[..] {
        [only] => actions::load(ctx, guild, &only.id).await?.ok_or(Error::NotFound),
        [] => Err(Error::User(format!(
            "There is no mission “{shown}” in this server. Choose one from the list that opens while you type."
        ))),
        _ => Err(Error::user("Several missions match that. Choose one from the list that opens while you type.")),
    }
}

pub async fn on_autocomplete(
    ctx: &Ctx,
    interaction: &Interaction,
    data: &CommandData,
) -> Result<Vec<CommandOptionChoice>> {
    let Some(typed) = focused(&data.options) else { return Ok(Vec::new()) };
    if data.name != "post" {
        // Drafts are for whoever runs missions.
        require_manager(ctx, interaction).await?;
    }
    let mut found: Vec<store::Choice> = ctx.query(store::search(interaction.guild_id, typed.trim())).await?.all()?;
    if data.name == "post" {
        found.retain(|mission| mission.state == "live");
    }
    let choice = |mission: store::Choice| CommandOptionChoice {
        name: shorten(&format!("{} · {}", mission.title, mission.state), crate::text::limits::CHOICE_NAME),
        name_localizations: None,
        value: CommandOptionChoiceValue::String(mission.id),
    };
    Ok(found.into_iter().map(choice).collect())
}

fn focused(options: &[CommandDataOption]) -> Option<String> {
    options.iter().find_map(|option| match &option.value {
        CommandOptionValue::Focused(typed, _) => Some(typed.clone()),
        CommandOptionValue::SubCommand(inner) => focused(inner),
        _ => None,
    })
}
