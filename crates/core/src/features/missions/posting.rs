//! Purpose: a member on the way to a confirmed post, from Discord and from programs alike: may they, what will appear, yes.

use super::{
    actions, assignees, safeguards, store,
    store::{Mission, Post},
    view,
};
use crate::{
    access::GuildAccess,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    interaction::Interaction,
    links, media,
    points::{self, rules::Rules},
    social::{self, Acting, App, Choice, Creator, Kind, Promotion, Quota, Refusal, accounts, caption, tokens},
    text::count,
    time,
};
use sha2::{Digest, Sha256};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, RoleMarker, UserMarker},
};

/// Posts that are few enough to be told.
const QUOTA_LITTLE: u64 = 5;

/// Who publishes, always for themselves, with the roles that they have now.
pub struct Poster {
    pub guild: Id<GuildMarker>,
    pub user: Id<UserMarker>,
    roles: Vec<Id<RoleMarker>>,
}

impl From<&Interaction> for Poster {
    fn from(interaction: &Interaction) -> Self {
        Self { guild: interaction.guild_id, user: interaction.actor.id, roles: interaction.actor.roles.clone() }
    }
}

impl From<&GuildAccess> for Poster {
    fn from(access: &GuildAccess) -> Self {
        Self { guild: access.guild, user: access.user, roles: access.roles.clone() }
    }
}

/// The mission, if this member may take part now.
pub async fn mission_for(ctx: &Ctx, poster: &Poster, id: &str) -> Result<Mission> {
    let gone = || Error::user("This mission is not there any more.");
    let mission = actions::load(ctx, poster.guild, id).await?.ok_or_else(gone)?;
    if mission.state == "draft" {
        return Err(Error::user("This mission is not open yet. `/missions` shows what is on."));
    }
    if !mission.is_live() || mission.ends_at <= ctx.now() {
        return Err(Error::user("This mission is over. `/missions` shows what is on."));
    }
    if mission.starts_at > ctx.now() {
        return Err(Error::User(format!("This mission starts {}.", time::relative(mission.starts_at))));
    }
    if assignees::includes(ctx, &mission, poster.user, &poster.roles).await? {
        return Ok(mission);
    }
    Err(Error::user("This mission is for other members. `/missions` shows yours."))
}

/// Why nothing can be published on a platform, before anything is tried.
pub async fn obstacle(ctx: &Ctx, rules: &Rules, mission: &Mission, kind: Kind, text: &str) -> Result<Option<String>> {
    let Some(app) = tokens::app_of(ctx, kind) else {
        return Ok(Some(format!("{} is not set up on this deployment", kind.name())));
    };
    let can = kind.platform().capabilities(app);
    if let Some(refusal) = points::rules::refusal(rules, kind, text, &mission.image_url, can.needs_image) {
        return Ok(Some(refusal));
    }
    safeguards::over_budget(ctx, rules, mission.guild_id, kind, text, None).await
}

/// What a member would publish, with a link that is as long as theirs will be.
pub fn text_like(ctx: &Ctx, mission: &Mission, kind: Kind) -> String {
    actions::text_for(mission, kind, &links::url(ctx, &"x".repeat(links::SLUG_LENGTH)))
}

/// The member's own link, which is made where there is none yet; empty for a mission that leads nowhere.
async fn link_of(ctx: &Ctx, mission: &Mission, user: Id<UserMarker>) -> Result<String> {
    if mission.target_url.is_empty() {
        return Ok(String::new());
    }
    let guild = mission.guild_id;
    if let Some(link) = links::of_member(ctx, guild, &mission.id, user).await? {
        return Ok(links::url(ctx, &link.slug));
    }
    let target = links::target(ctx, &mission.target_url, &actions::utm(mission))?;
    let insert =
        links::insert_for_mission(ctx, guild, &mission.id, user, (&mission.title, &target), Some(mission.ends_at));
    ctx.query(insert).await?;
    let link = links::of_member(ctx, guild, &mission.id, user).await?;
    let link = link.ok_or_else(|| Error::internal("the member's link was not found after it was made"))?;
    links::publish(ctx, &link).await;
    Ok(links::url(ctx, &link.slug))
}

/// Names a preview, in custom ids and for programs: what was previewed is what is published, or the member looks again.
fn hash_of(text: &str, image: &str, account: &str) -> String {
    let digest = Sha256::new()
        .chain_update(text)
        .chain_update("\n")
        .chain_update(image)
        .chain_update("\n")
        .chain_update(account)
        .finalize();
    hex::encode(&digest[..8])
}

/// Everything about a post that is about to be confirmed.
pub struct Ready {
    pub mission: Mission,
    pub kind: Kind,
    pub account: social::store::Account,
    pub text: String,
    /// The member's own; empty for none.
    link: String,
    pub hash: String,
    pub rules: Rules,
}

impl Ready {
    /// Whether there is something in it for the member, which makes the post promotion.
    fn brings_points(&self) -> bool {
        let (rules, mission) = (&self.rules, &self.mission);
        let by_clicks = rules.clicks_per_point > 0 || !rules.top_clicks.is_empty();
        let by_posts = mission.points(rules) != 0 || rules.on_time != 0 || !rules.tiers(self.kind).is_empty();
        rules.rewards(self.kind) && (by_posts || by_clicks && !mission.target_url.is_empty())
    }
}

/// What this member would publish now, or why they cannot.
pub async fn ready(ctx: &Ctx, poster: &Poster, mission: &str, platform: &str) -> Result<Ready> {
    let mission = mission_for(ctx, poster, mission).await?;
    let forged =
        || Error::user("This button belongs to another version of the mission. Press **Connect & Post** again.");
    let kind = Kind::of(platform).filter(|kind| mission.kinds().contains(kind)).ok_or_else(forged)?;
    let rules = points::rules(ctx, poster.guild).await?.rules;
    let link = link_of(ctx, &mission, poster.user).await?;
    let text = actions::text_for(&mission, kind, &link);
    if let Some(why) = obstacle(ctx, &rules, &mission, kind, &text).await? {
        return Err(Error::User(format!("{}: {why}.", kind.name())));
    }
    let accounts = accounts::list(ctx, poster.guild, poster.user).await?;
    let account = accounts.into_iter().find(|one| one.platform == kind.key() && one.is_active());
    let connect = || Error::User(format!("Connect your {} account first: `/connect`.", kind.name()));
    let account = account.ok_or_else(connect)?;
    let hash = hash_of(&text, &mission.image_url, &account.account_id);
    Ok(Ready { mission, kind, account, text, link, hash, rules })
}

/// What will appear beside the text.
pub struct Look {
    /// As whom.
    pub account: String,
    /// The picture's address, where it is part of the post; otherwise empty.
    pub image: String,
    pub notes: Vec<String>,
    pub asked: Option<Asked>,
}

/// What the member has to choose before they publish, and what they chose so far.
pub struct Asked {
    /// Who may see it: the platform's word and ours.
    pub privacy: Vec<(String, &'static str)>,
    pub promotions: Vec<Promotion>,
    pub may_comment: bool,
    pub chosen: Choice,
}

impl Asked {
    /// `chosen`: as it came; what this account cannot have, or what does not go together, is not chosen.
    fn new(ready: &Ready, creator: Creator, mut chosen: Choice) -> Self {
        let alone = ready.kind.platform().for_author_only();
        let mut privacy = creator.privacy;
        if privacy.iter().all(|(word, _)| *word != chosen.privacy) {
            chosen.privacy.clear();
        }
        let is_for_author = chosen.privacy == alone || privacy.iter().all(|(word, _)| word == alone);
        let promotions = Promotion::offered(is_for_author, ready.brings_points());
        chosen.promotion = chosen.promotion.filter(|one| promotions.contains(one));
        chosen.allows_comments &= creator.may_comment;
        if chosen.promotion.is_some_and(Promotion::is_paid) {
            privacy.retain(|(word, _)| word != alone);
        }
        Self { privacy, promotions, may_comment: creator.may_comment, chosen }
    }

    fn notes(&self, kind: Kind) -> impl Iterator<Item = String> {
        let alone = kind.platform().for_author_only();
        let is_paid = self.chosen.promotion.is_some_and(Promotion::is_paid);
        let about_paid = (is_paid || self.chosen.privacy == alone)
            .then(|| "A paid partnership has to be visible to others: it cannot be for its author only.".to_owned());
        let about_comments = (!self.may_comment)
            .then(|| format!("Comments are off in this account's settings on {}, and stay off here.", kind.name()));
        about_paid.into_iter().chain(about_comments)
    }
}

/// `chosen`: what the member chose so far, where the platform leaves something to them.
pub async fn look(ctx: &Ctx, ready: &Ready, chosen: Choice) -> Result<Look> {
    let account = ready.account.account_name.clone();
    let mut look = Look { account, image: String::new(), notes: Vec::new(), asked: None };
    let Some(app) = tokens::app_of(ctx, ready.kind) else { return Ok(look) };
    let can = ready.kind.platform().capabilities(app);
    let platform = ready.kind.platform();
    if let Some(mut creator) = creator(ctx, app, ready).await? {
        look.account = std::mem::take(&mut creator.name);
        let asked = Asked::new(ready, creator, chosen);
        look.notes.extend(asked.notes(ready.kind));
        look.asked = Some(asked);
    }
    let promotion = look.asked.as_ref().and_then(|asked| asked.chosen.promotion);
    // What else there is to know of a platform is for whoever connects and whoever runs missions.
    let caution = can.caution.filter(|_| look.asked.is_some());
    look.notes.extend(caution.into_iter().chain(platform.agreement(promotion)).map(str::to_owned));
    look.notes.extend(ready.kind.uncounted(app).map(str::to_owned));
    if !platform.takes_links() && !ready.link.is_empty() {
        let name = ready.kind.name();
        look.notes
            .push(format!("{name} wants no links in posts: put yours into your profile there. It is {}", ready.link));
    }
    let image = &ready.mission.image_url;
    if can.takes(image) {
        look.image = media::address(ctx, ready.mission.guild_id, image, ctx.now() + media::ADDRESS_MS);
    } else if !image.is_empty() {
        look.notes.push(view::WITHOUT_PICTURE.replace("{}", ready.kind.name()));
    }
    if !ready.rules.rewards(ready.kind) {
        look.notes.push(format!("Posts on {} bring no points here.", ready.kind.name()));
    }
    if can.has_quota {
        let access = fresh(ctx, ready).await?;
        look.notes.extend(quota_note(ctx, &accounts::acting(app, &ready.account, &access), ready.kind).await?);
    }
    Ok(look)
}

fn silent(kind: Kind) -> Error {
    Error::User(format!("{} does not answer just now. Nothing was published; try again in a moment.", kind.name()))
}

async fn fresh(ctx: &Ctx, ready: &Ready) -> Result<String> {
    match tokens::fresh(ctx, &ready.account).await {
        Ok(access) => Ok(access),
        Err(tokens::Trouble::Failed(error)) => Err(error),
        Err(tokens::Trouble::Lost) => {
            Err(Error::User(format!("Connect your {} account again: `/connect`.", ready.kind.name())))
        }
        Err(tokens::Trouble::Later(_)) => Err(silent(ready.kind)),
    }
}

/// How many posts of this account the platform still takes, where it says so. Without an answer it says so itself when it takes none.
pub async fn quota(ctx: &Ctx, acting: &Acting<'_>, kind: Kind) -> Option<Quota> {
    let answer = ctx.http.send(kind.platform().ask_quota(acting)?).await.ok()?;
    kind.platform().read_quota(&answer).ok()
}

/// Says what is left of it when that is little.
async fn quota_note(ctx: &Ctx, acting: &Acting<'_>, kind: Kind) -> Result<Option<String>> {
    let Some(quota) = quota(ctx, acting, kind).await else { return Ok(None) };
    if let Some(why) = quota.refusal(kind) {
        return Err(Error::User(format!("{why}. Try again later.")));
    }
    let left = quota.total.saturating_sub(quota.used);
    let note = || {
        format!("{} takes {} of this account in these 24 hours.", kind.name(), count(left, "more post", "more posts"))
    };
    Ok((left <= QUOTA_LITTLE).then(note))
}

/// As whom it appears and who may see it, asked now where the platform wants that.
async fn creator(ctx: &Ctx, app: &App, ready: &Ready) -> Result<Option<Creator>> {
    let (platform, name) = (ready.kind.platform(), ready.kind.name());
    let silent = || silent(ready.kind);
    let access = fresh(ctx, ready).await?;
    let Some(request) = platform.ask_privacy(&accounts::acting(app, &ready.account, &access)) else { return Ok(None) };
    let answer = ctx.http.send(request).await.map_err(|_| silent())?;
    let told = platform.read_privacy(&answer).map(|mut creator| {
        if let Some(only) = platform.only_privacy(app) {
            creator.privacy.retain(|(word, _)| word == only);
        }
        creator
    });
    match told {
        Ok(creator) if !creator.privacy.is_empty() => Ok(Some(creator)),
        Err(Refusal::Rejected(why)) => Err(Error::User(format!("{name}: {}.", crate::text::escape_markdown(&why)))),
        _ => Err(silent()),
    }
}

fn changed_meanwhile() -> Error {
    Error::user(
        "The mission was changed since you saw this preview. Press **Connect & Post** again to see what it says now.",
    )
}

/// Why nothing was written for a yes that everything allowed a moment ago.
async fn why_not(ctx: &Ctx, poster: &Poster, ready: &Ready) -> Result<Error> {
    let mission = mission_for(ctx, poster, &ready.mission.id).await?;
    if mission.version != ready.mission.version {
        return Ok(changed_meanwhile());
    }
    if let Some(why) = obstacle(ctx, &ready.rules, &mission, ready.kind, &ready.text).await? {
        return Ok(Error::User(format!("{}: {why}.", ready.kind.name())));
    }
    Ok(Error::user("This mission has all the posts that it takes. `/missions` shows what else is on."))
}

/// The member said yes to what they saw: the one row of member, mission and platform is there then, and due. What is there already is
/// given back as it stands. `hash`: names the preview; `chosen`: where the platform leaves something to the member; `at`: when it is to be published, now unless given.
pub async fn confirm(
    ctx: &Ctx,
    poster: &Poster,
    ready: &Ready,
    (hash, chosen): (&str, &Choice),
    at: Option<i64>,
) -> Result<Post> {
    if ready.hash != hash {
        return Err(changed_meanwhile());
    }
    let (user, now) = (poster.user, ctx.now());
    let of_member = || store::get_post_of(&ready.mission.id, user, ready.kind.key());
    let is_open = |post: &Post| matches!(post.state.as_str(), "failed" | "cancelled");
    let known: Option<Post> = ctx.query(of_member()).await?.first()?;
    let mut is_written = false;
    if known.as_ref().is_none_or(is_open) {
        let appears_at = at.unwrap_or(now);
        safeguards::check(ctx, user, ready, appears_at).await?;
        let post = store::NewPost {
            id: known.map_or_else(|| ctx.random_hex(8), |post| post.id),
            guild_id: poster.guild,
            mission_id: ready.mission.id.clone(),
            user_id: user,
            platform: ready.kind.key().to_owned(),
            state: if at.is_some() { "scheduled" } else { "queued" }.to_owned(),
            text: ready.text.clone(),
            essence: caption::essence(&ready.text),
            image_url: ready.mission.image_url.clone(),
            privacy: checked(ctx, ready, chosen).await?,
            step_at: now,
            due_at: Some(appears_at),
            account_hash: accounts::hash_of(&ready.account, ready.kind),
            basis: ready.mission.basis(),
            appears_at,
            mission_version: ready.mission.version,
            budget: safeguards::budget(ctx, &ready.rules, poster.guild, ready.kind, &ready.text).await?,
        };
        is_written = ctx.query(store::insert_post(&post)).await?.changes == 1;
    }
    let row: Option<Post> = ctx.query(of_member()).await?.first()?;
    // Somebody who was quicker is no error: the row says what became of their yes.
    match row.filter(|row| is_written || !is_open(row)) {
        Some(row) => Ok(row),
        None => Err(why_not(ctx, poster, ready).await?),
    }
}

/// What the member chose, as the row keeps it, where the platform leaves it to them.
async fn checked(ctx: &Ctx, ready: &Ready, chosen: &Choice) -> Result<String> {
    let (kind, platform) = (ready.kind, ready.kind.platform());
    let levels = platform.privacy_levels();
    if levels.is_empty() {
        return Ok(String::new());
    }
    let wrong = |field: &str, why: &str| Err(Error::Invalid(vec![FieldError::new(field, why)]));
    if levels.iter().all(|(word, _)| *word != chosen.privacy) {
        return wrong("privacy", "Choose first who may see the post.");
    }
    let only = tokens::app_of(ctx, kind).and_then(|app| platform.only_privacy(app));
    if only.is_some_and(|only| only != chosen.privacy) {
        let name = kind.name();
        let why = format!("Until {name} has audited this application, a post is for its author only: choose Only you.");
        return wrong("privacy", &why);
    }
    if chosen.allows_comments
        && let Some(app) = tokens::app_of(ctx, kind)
        && creator(ctx, app, ready).await?.is_some_and(|creator| !creator.may_comment)
    {
        let why = format!("Comments are off in this account's settings on {}, and stay off here.", kind.name());
        return wrong("allow_comments", &why);
    }
    let is_for_author = chosen.privacy == platform.for_author_only();
    match chosen.promotion {
        None => wrong("promotion", "Choose first what the post promotes."),
        Some(one) if Promotion::offered(is_for_author, ready.brings_points()).contains(&one) => Ok(chosen.kept()),
        Some(Promotion::Nothing) => wrong(
            "promotion",
            "This mission brings points, so a post that others see promotes something: choose your own brand or a paid partnership.",
        ),
        Some(_) => wrong(
            "promotion",
            "A paid partnership has to be visible to others: choose somebody else who may see the post, or another promotion.",
        ),
    }
}
