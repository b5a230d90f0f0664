//! Purpose: the SQL of missions and mission_posts.

use crate::{
    points::rules::Rules,
    social::{self, Draft, Kind},
    sql::Statement,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

#[derive(Debug, Clone, Deserialize)]
pub struct Mission {
    pub id: String,
    pub guild_id: Id<GuildMarker>,
    /// draft, live or closed.
    pub state: String,
    pub title: String,
    /// What is published; `{link}` stands for the member's link, which otherwise follows the text.
    pub copy: String,
    pub target_url: String,
    pub image_url: String,
    pub platforms: String,
    pub campaign: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub assigned: String,
    /// Posts of all members together; 0 for any number.
    pub max_posts: u32,
    /// What publishing it brings; -1 for what the server's rules say.
    pub publish_points: i64,
    pub channel_id: Id<ChannelMarker>,
    pub message_id: Option<String>,
    pub created_by: Id<UserMarker>,
    pub created_at: i64,
    pub pushed_at: Option<i64>,
    pub closed_at: Option<i64>,
    pub due_at: Option<i64>,
    pub version: u32,
    pub cause: String,
    /// Published posts; counted when the row is read.
    #[serde(default)]
    pub published: u32,
}

impl Mission {
    pub fn kinds(&self) -> Vec<Kind> {
        self.platforms.split(',').filter_map(Kind::of).collect()
    }

    /// What publishing it brings.
    pub fn points(&self, rules: &Rules) -> i64 {
        if self.publish_points < 0 { rules.publish } else { self.publish_points }
    }

    pub fn is_live(&self) -> bool {
        self.state == "live"
    }

    /// Names what a member publishes of it: a post that was confirmed for another basis is not what the mission says now.
    pub fn basis(&self) -> String {
        let parts = [&self.copy, &self.target_url, &self.image_url];
        let digest = parts.into_iter().fold(Sha256::new(), |all, part| all.chain_update(part).chain_update("\0"));
        hex::encode(&digest.finalize()[..8])
    }
}

/// A mission with its counts; the posts of one mission are found by the unique key's first column.
macro_rules! with_counts {
    ($rest:literal) => {
        Statement::new(concat!(
            "SELECT missions.*,
               (SELECT COUNT(*) FROM mission_posts WHERE mission_id = missions.id AND state = 'published') AS published
             FROM missions ",
            $rest
        ))
    };
}
pub(super) use with_counts;

pub fn insert(mission: &Mission) -> Statement {
    Statement::new(
        "INSERT INTO missions (id, guild_id, state, title, copy, target_url, image_url, platforms, campaign, starts_at, ends_at,
           assigned, max_posts, channel_id, created_by, created_at, version, cause, publish_points)
         VALUES (?1, ?2, 'draft', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 1, ?16, ?17) ON CONFLICT (guild_id, cause) DO NOTHING",
    )
    .bind(&mission.id)
    .bind(mission.guild_id)
    .bind(&mission.title)
    .bind(&mission.copy)
    .bind(&mission.target_url)
    .bind(&mission.image_url)
    .bind(&mission.platforms)
    .bind(&mission.campaign)
    .bind(mission.starts_at)
    .bind(mission.ends_at)
    .bind(&mission.assigned)
    .bind(mission.max_posts)
    .bind(mission.channel_id)
    .bind(mission.created_by)
    .bind(mission.created_at)
    .bind(&mission.cause)
    .bind(mission.publish_points)
}

pub fn get(guild: Id<GuildMarker>, id: &str) -> Statement {
    with_counts!("WHERE guild_id = ?1 AND id = ?2").bind(guild).bind(id)
}

pub fn get_by_cause(guild: Id<GuildMarker>, cause: &str) -> Statement {
    with_counts!("WHERE guild_id = ?1 AND cause = ?2").bind(guild).bind(cause)
}

/// Missions in a state, the newest first.
pub fn list(guild: Id<GuildMarker>, state: &str, limit: u32, offset: u32) -> Statement {
    with_counts!("WHERE guild_id = ?1 AND state = ?2 ORDER BY created_at DESC, id LIMIT ?3 OFFSET ?4")
        .bind(guild)
        .bind(state)
        .bind(limit)
        .bind(offset)
}

#[derive(Debug, Deserialize)]
pub struct Choice {
    pub id: String,
    pub title: String,
    pub state: String,
}

/// Missions whose title holds `typed`, live ones first. Looks at the guild's newest 200.
pub fn search(guild: Id<GuildMarker>, typed: &str) -> Statement {
    Statement::new(
        "SELECT id, title, state FROM (SELECT id, title, state, created_at FROM missions WHERE guild_id = ?1
           ORDER BY created_at DESC LIMIT 200)
         WHERE ?2 = '' OR instr(lower(title), lower(?2)) > 0 OR id = ?2
         ORDER BY CASE state WHEN 'live' THEN 0 WHEN 'draft' THEN 1 ELSE 2 END, created_at DESC LIMIT 25",
    )
    .bind(guild)
    .bind(typed)
}

/// Writes everything that an admin can change, unless the row changed since it was read.
pub fn update(mission: &Mission) -> Statement {
    Statement::new(
        "UPDATE missions SET state = ?4, title = ?5, copy = ?6, target_url = ?7, image_url = ?8, platforms = ?9, campaign = ?10,
           starts_at = ?11, ends_at = ?12, assigned = ?13, max_posts = ?14, channel_id = ?15, pushed_at = ?16, closed_at = ?17,
           due_at = ?18, publish_points = ?19, version = version + 1
         WHERE guild_id = ?1 AND id = ?2 AND version = ?3",
    )
    .bind(mission.guild_id)
    .bind(&mission.id)
    .bind(mission.version)
    .bind(&mission.state)
    .bind(&mission.title)
    .bind(&mission.copy)
    .bind(&mission.target_url)
    .bind(&mission.image_url)
    .bind(&mission.platforms)
    .bind(&mission.campaign)
    .bind(mission.starts_at)
    .bind(mission.ends_at)
    .bind(&mission.assigned)
    .bind(mission.max_posts)
    .bind(mission.channel_id)
    .bind(mission.pushed_at)
    .bind(mission.closed_at)
    .bind(mission.due_at)
    .bind(mission.publish_points)
}

/// Fails the whole batch, by a constraint, unless the update before it was made.
pub fn require_version(mission: &Mission) -> Statement {
    Statement::new(
        "INSERT INTO mission_assignees (guild_id, mission_id, user_id)
         SELECT NULL, '', '' WHERE NOT EXISTS (SELECT 1 FROM missions WHERE id = ?1 AND version = ?2)",
    )
    .bind(&mission.id)
    .bind(mission.version + 1)
}

/// Drops a mission, with whom it is for, in a transaction that has made sure of its version.
pub fn delete(mission: &Mission) -> [Statement; 2] {
    let of = |text| Statement::new(text).bind(mission.guild_id).bind(&mission.id);
    [
        of("DELETE FROM mission_assignees WHERE guild_id = ?1 AND mission_id = ?2"),
        of("DELETE FROM missions WHERE guild_id = ?1 AND id = ?2"),
    ]
}

/// Nothing more is due for a closed mission.
pub fn set_settled(mission: &Mission) -> Statement {
    Statement::new("UPDATE missions SET due_at = NULL WHERE guild_id = ?1 AND id = ?2 AND state = 'closed'")
        .bind(mission.guild_id)
        .bind(&mission.id)
}

pub fn set_message(guild: Id<GuildMarker>, id: &str, message: &str) -> Statement {
    Statement::new("UPDATE missions SET message_id = ?3 WHERE guild_id = ?1 AND id = ?2")
        .bind(guild)
        .bind(id)
        .bind(message)
}

/// The card is none of this mission's any more: in one transaction with what changed its channel.
pub fn forget_message(mission: &Mission) -> Statement {
    Statement::new("UPDATE missions SET message_id = NULL WHERE guild_id = ?1 AND id = ?2 AND version = ?3")
        .bind(mission.guild_id)
        .bind(&mission.id)
        .bind(mission.version + 1)
}

/// Posts that are surely not there yet are called off, if the mission stands at `version`: in one transaction with what changed it.
/// Whoever is about to send one finds that its row has moved on. `before`: only those that would appear before this.
pub fn cancel_unsent(mission: &Mission, reason: &str, now: i64, before: Option<i64>) -> Statement {
    Statement::new(
        "UPDATE mission_posts SET state = 'cancelled', reason = ?3, due_at = NULL, step_at = ?4, version = version + 1
         WHERE mission_id = ?1 AND state IN ('scheduled', 'queued', 'container')
           AND (?5 IS NULL OR COALESCE(appears_at, created_at) < ?5)
           AND EXISTS (SELECT 1 FROM missions WHERE id = ?1 AND version = ?2)",
    )
    .bind(&mission.id)
    .bind(mission.version + 1)
    .bind(reason)
    .bind(now)
    .bind(before)
}

#[derive(Debug, Deserialize)]
pub struct DueRow {
    pub guild_id: Id<GuildMarker>,
    pub id: String,
    pub due_at: i64,
}

/// Whatever is due of missions, their posts, rounds, months and ranks, by the timer's name: one statement, because it runs every minute.
/// D1 takes five terms in a compound select.
pub fn list_due(before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT * FROM (SELECT guild_id, 'mission:' || id AS id, due_at FROM missions
           WHERE due_at IS NOT NULL AND due_at < ?1 ORDER BY due_at LIMIT ?2)
         UNION ALL SELECT * FROM (SELECT guild_id, 'post:' || id, due_at FROM mission_posts
           WHERE due_at IS NOT NULL AND due_at < ?1 ORDER BY due_at LIMIT ?2)
         UNION ALL SELECT * FROM (SELECT guild_id, 'poll:' || user_id || ':' || platform, due_at FROM mission_polls
           WHERE due_at < ?1 ORDER BY due_at LIMIT ?2)
         UNION ALL SELECT * FROM (SELECT guild_id, 'role:' || user_id, due_at FROM points_roles
           WHERE due_at IS NOT NULL AND due_at < ?1 ORDER BY due_at LIMIT ?2)
         UNION ALL SELECT * FROM (SELECT guild_id, 'month:now', due_at FROM mission_clocks WHERE due_at < ?1
           UNION ALL SELECT guild_id, 'month:now', look_at FROM mission_clocks WHERE look_at IS NOT NULL AND look_at < ?1
           UNION ALL SELECT guild_id, 'sync:now', due_at FROM mission_syncs WHERE due_at IS NOT NULL AND due_at < ?1
           UNION ALL SELECT guild_id, 'log:now', due_at FROM mission_logs WHERE due_at IS NOT NULL AND due_at < ?1
           ORDER BY due_at LIMIT ?2)",
    )
    .bind(before)
    .bind(limit)
}

// ---- posts -----------------------------------------------------------------------------------------------------

#[derive(Debug, Clone, Deserialize)]
pub struct Post {
    pub id: String,
    pub guild_id: Id<GuildMarker>,
    pub mission_id: String,
    pub user_id: Id<UserMarker>,
    pub platform: String,
    pub state: String,
    pub text: String,
    pub image_url: String,
    /// What its member chose (`Choice::kept`); empty where the platform leaves nothing to them.
    pub privacy: String,
    pub container: String,
    pub post_ref: String,
    pub url: String,
    pub reason: String,
    /// Calls before the decisive one that went wrong.
    pub tries: u32,
    /// When it was confirmed.
    pub created_at: i64,
    /// When the row came into its state.
    pub step_at: i64,
    /// When the decisive call was made first, of those whose effect nobody knows to be none.
    pub sent_at: Option<i64>,
    pub published_at: Option<i64>,
    pub due_at: Option<i64>,
    pub lease_until: i64,
    pub version: u32,
    pub views: Option<u64>,
    pub reactions: Option<u64>,
    /// The account that it was confirmed for (`accounts::hash_of`); none in a row of an older version.
    pub account_hash: Option<String>,
    /// What the mission said when it was confirmed (`Mission::basis`); none in a row of an older version.
    pub basis: Option<String>,
    /// When it appears: what it was scheduled for, then the moment of the decisive call.
    pub appears_at: Option<i64>,
    /// Decisive calls, those without any effect left out.
    pub sends: u32,
    /// How often its number on the platform was asked for after it was there.
    pub asks: u32,
    /// When the platform was last asked for counts.
    #[serde(default)]
    pub metrics_at: Option<i64>,
    /// How often in a row it did not give them.
    #[serde(default)]
    pub refusals: u32,
    /// When it is asked again after that.
    #[serde(default)]
    pub ask_after: i64,
}

impl Post {
    /// By rows of an older version too.
    pub fn appears(&self) -> i64 {
        self.appears_at.unwrap_or(self.created_at)
    }

    /// There, under an id that is not known and no longer asked for: its counts cannot be read.
    pub fn is_uncounted(&self) -> bool {
        self.state == "published" && self.post_ref.is_empty() && self.due_at.is_none()
    }

    pub fn kind(&self) -> Option<Kind> {
        Kind::of(&self.platform)
    }

    /// `image`: where the picture is to be found now; empty for none.
    pub fn draft(&self, image: String) -> Draft {
        let some = |text: String| (!text.is_empty()).then_some(text);
        Draft { text: self.text.clone(), image: some(image), picture: None, choice: social::Choice::of(&self.privacy) }
    }
}

/// A post that was just confirmed.
pub struct NewPost {
    pub id: String,
    pub guild_id: Id<GuildMarker>,
    pub mission_id: String,
    pub user_id: Id<UserMarker>,
    pub platform: String,
    /// scheduled or queued.
    pub state: String,
    pub text: String,
    pub essence: String,
    pub image_url: String,
    pub privacy: String,
    pub step_at: i64,
    pub due_at: Option<i64>,
    pub account_hash: String,
    pub basis: String,
    pub appears_at: i64,
    /// The mission's, as the member saw it.
    pub mission_version: u32,
    /// Where the platform takes money.
    pub budget: Option<Budget>,
}

/// What posts on X may cost, in thousandths of a US dollar.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub limit: u32,
    /// Of the post that is to be published.
    pub price: u32,
    /// Posts that appeared earlier no longer count.
    pub since: i64,
}

/// A confirmed post. A row that is there stays, unless it failed or was called off: then it begins anew. Nothing is written for a
/// mission that is not live, full, or another one than the member saw, nor what the budget has no room for.
pub fn insert_post(post: &NewPost) -> Statement {
    Statement::new(
        "INSERT INTO mission_posts (id, guild_id, mission_id, user_id, platform, state, text, essence, image_url, privacy,
           created_at, step_at, due_at, account_hash, basis, appears_at, price)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13, ?14, ?15, ?18 FROM missions
         WHERE missions.id = ?3 AND missions.guild_id = ?2 AND missions.state = 'live' AND missions.ends_at > ?11
           AND missions.version = ?16 AND missions.starts_at <= ?11
           AND (?17 IS NULL OR ?17 >= ?18 + (SELECT COALESCE(SUM(price), 0)
             FROM mission_posts WHERE guild_id = ?2 AND platform = 'x' AND COALESCE(appears_at, created_at) >= ?19
               AND state NOT IN ('failed', 'cancelled')))
           AND (missions.assigned <> 'members' OR EXISTS (SELECT 1 FROM mission_assignees
             WHERE guild_id = ?2 AND mission_id = ?3 AND user_id = ?4))
           AND (missions.max_posts = 0 OR missions.max_posts > (SELECT COUNT(*) FROM mission_posts
             WHERE mission_id = ?3 AND state NOT IN ('failed', 'cancelled')))
         ON CONFLICT (mission_id, user_id, platform) DO UPDATE SET state = excluded.state, text = excluded.text,
           essence = excluded.essence, image_url = excluded.image_url, privacy = excluded.privacy, step_at = excluded.step_at,
           due_at = excluded.due_at, lease_until = 0, container = '', reason = '', tries = 0, sends = 0, asks = 0, sent_at = NULL,
           created_at = excluded.created_at, account_hash = excluded.account_hash, basis = excluded.basis,
           appears_at = excluded.appears_at, price = excluded.price, version = version + 1
         WHERE mission_posts.state IN ('failed', 'cancelled')",
    )
    .bind(&post.id)
    .bind(post.guild_id)
    .bind(&post.mission_id)
    .bind(post.user_id)
    .bind(&post.platform)
    .bind(&post.state)
    .bind(&post.text)
    .bind(&post.essence)
    .bind(&post.image_url)
    .bind(&post.privacy)
    .bind(post.step_at)
    .bind(post.due_at)
    .bind(&post.account_hash)
    .bind(&post.basis)
    .bind(post.appears_at)
    .bind(post.mission_version)
    .bind(post.budget.map(|budget| budget.limit))
    .bind(post.budget.map_or(0, |budget| budget.price))
    .bind(post.budget.map_or(0, |budget| budget.since))
}

pub fn get_post(guild: Id<GuildMarker>, id: &str) -> Statement {
    Statement::new("SELECT * FROM mission_posts WHERE guild_id = ?1 AND id = ?2").bind(guild).bind(id)
}

pub fn get_post_of(mission: &str, user: Id<UserMarker>, platform: &str) -> Statement {
    Statement::new("SELECT * FROM mission_posts WHERE mission_id = ?1 AND user_id = ?2 AND platform = ?3")
        .bind(mission)
        .bind(user)
        .bind(platform)
}

pub fn list_posts_of(mission: &str, user: Id<UserMarker>) -> Statement {
    Statement::new("SELECT * FROM mission_posts WHERE mission_id = ?1 AND user_id = ?2").bind(mission).bind(user)
}

/// A member's posts, the newest first.
pub fn list_member_posts(guild: Id<GuildMarker>, user: Id<UserMarker>, limit: u32) -> Statement {
    Statement::new("SELECT * FROM mission_posts WHERE guild_id = ?1 AND user_id = ?2 ORDER BY created_at DESC LIMIT ?3")
        .bind(guild)
        .bind(user)
        .bind(limit)
}

/// When a post of a member appears.
#[derive(Debug, Deserialize)]
pub struct Appearance {
    pub at: i64,
}

/// When a member's posts appeared and are to appear between `from` and `until`, in that order; what failed or was called off left out.
pub fn list_appearances(guild: Id<GuildMarker>, user: Id<UserMarker>, from: i64, until: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT COALESCE(appears_at, created_at) AS at FROM mission_posts WHERE guild_id = ?1 AND user_id = ?2
           AND COALESCE(appears_at, created_at) > ?3 AND COALESCE(appears_at, created_at) < ?4
           AND state NOT IN ('failed', 'cancelled') ORDER BY at LIMIT ?5",
    )
    .bind(guild)
    .bind(user)
    .bind(from)
    .bind(until)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct Same {}

/// One row if a member has a post of these words under another mission: on another platform of one mission they may stand as well.
pub fn get_same(guild: Id<GuildMarker>, user: Id<UserMarker>, mission: &str, essence: &str) -> Statement {
    Statement::new(
        "SELECT id FROM mission_posts WHERE guild_id = ?1 AND user_id = ?2 AND essence = ?4 AND mission_id <> ?3
           AND state NOT IN ('failed', 'cancelled') LIMIT 1",
    )
    .bind(guild)
    .bind(user)
    .bind(mission)
    .bind(essence)
}

/// Takes the row for a while; no row while somebody else has it, or once it has moved on.
pub fn lease(post: &Post, now: i64, until: i64) -> Statement {
    Statement::new(
        "UPDATE mission_posts SET lease_until = ?4, due_at = ?4, version = version + 1
         WHERE guild_id = ?1 AND id = ?2 AND version = ?3 AND lease_until <= ?5",
    )
    .bind(post.guild_id)
    .bind(&post.id)
    .bind(post.version)
    .bind(until)
    .bind(now)
}

/// Writes a step, unless the row changed since it was read; the lease ends with `lease_until`.
pub fn step(post: &Post) -> Statement {
    Statement::new(
        "UPDATE mission_posts SET state = ?4, container = ?5, post_ref = ?6, url = ?7, reason = ?8, tries = ?9, step_at = ?10,
           sent_at = ?11, published_at = ?12, due_at = ?13, lease_until = ?14, appears_at = ?15, sends = ?16, asks = ?17,
           version = version + 1
         WHERE guild_id = ?1 AND id = ?2 AND version = ?3",
    )
    .bind(post.guild_id)
    .bind(&post.id)
    .bind(post.version)
    .bind(&post.state)
    .bind(&post.container)
    .bind(&post.post_ref)
    .bind(&post.url)
    .bind(&post.reason)
    .bind(post.tries)
    .bind(post.step_at)
    .bind(post.sent_at)
    .bind(post.published_at)
    .bind(post.due_at)
    .bind(post.lease_until)
    .bind(post.appears_at)
    .bind(post.sends)
    .bind(post.asks)
}

/// Fails the whole batch, by a constraint, unless the step before it was made.
pub fn require_step(post: &Post) -> Statement {
    Statement::new(
        "INSERT INTO mission_assignees (guild_id, mission_id, user_id)
         SELECT NULL, '', '' WHERE NOT EXISTS (SELECT 1 FROM mission_posts WHERE id = ?1 AND version = ?2)",
    )
    .bind(&post.id)
    .bind(post.version + 1)
}

#[derive(Debug, Deserialize)]
pub struct Spent {
    /// Thousandths of a US dollar.
    pub cost: u32,
}

/// What posts on X have cost since `since`, or may cost: from the confirmation on a post has its price. `ahead_of`: only what was
/// sent, and what is to appear before this post.
pub fn spent(guild: Id<GuildMarker>, since: i64, ahead_of: Option<&Post>) -> Statement {
    Statement::new(
        "SELECT COALESCE(SUM(price), 0) AS cost FROM mission_posts
         WHERE guild_id = ?1 AND platform = 'x' AND COALESCE(appears_at, created_at) >= ?2 AND state NOT IN ('failed', 'cancelled')
           AND id <> ?4 AND (state NOT IN ('scheduled', 'queued', 'container') OR ?3 IS NULL
             OR (COALESCE(appears_at, created_at), id) < (?3, ?4))",
    )
    .bind(guild)
    .bind(since)
    .bind(ahead_of.map(Post::appears))
    .bind(ahead_of.map_or("", |post| post.id.as_str()))
}

/// Takes back a post that is surely not there (`ends::is_unsent`). Whoever is about to send it finds that its row has moved on.
pub fn cancel_post(guild: Id<GuildMarker>, id: &str, user: Id<UserMarker>, reason: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE mission_posts SET state = 'cancelled', reason = ?4, due_at = NULL, step_at = ?5, version = version + 1
         WHERE guild_id = ?1 AND id = ?2 AND user_id = ?3 AND state IN ('scheduled', 'queued', 'container')
           AND sent_at IS NULL",
    )
    .bind(guild)
    .bind(id)
    .bind(user)
    .bind(reason)
    .bind(now)
}

/// Sums over the posts of a mission.
#[derive(Debug, Default, Deserialize)]
pub struct Totals {
    pub published: u64,
    pub under_way: u64,
    pub failed: u64,
    pub held: u64,
    pub views: u64,
    pub reactions: u64,
}

pub fn totals(mission: &str) -> Statement {
    Statement::new(
        "SELECT COUNT(*) FILTER (WHERE state = 'published') AS published,
           COUNT(*) FILTER (WHERE state IN ('scheduled', 'queued', 'container', 'publishing', 'processing')) AS under_way,
           COUNT(*) FILTER (WHERE state = 'failed') AS failed,
           COUNT(*) FILTER (WHERE state IN ('unknown', 'held')) AS held,
           COALESCE(SUM(views), 0) AS views, COALESCE(SUM(reactions), 0) AS reactions
         FROM mission_posts WHERE mission_id = ?1",
    )
    .bind(mission)
}
