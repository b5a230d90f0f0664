//! Purpose: what other rules would change: this month's totals if they had held since its 1st, and ranks at once.

mod store;

use crate::{
    ctx::Ctx,
    error::{Error, Result},
    features::missions::rounds::polls,
    guild_config, people,
    points::{
        self,
        rules::{Rules, Tier, counted, tier_reason, worth},
        store::Total,
    },
    social::{Kind, Metrics},
    text::count,
    time,
};
use chrono::{DateTime, Datelike, NaiveTime};
use std::collections::{HashMap, HashSet};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// What is looked at for a preview; a guild with more sees what it does to those.
const POSTS_MAX: u32 = 5_000;
const MEMBERS_MAX: u32 = 5_000;
const EXAMPLES: usize = 5;

/// A member's total of this month, as it is and as it would be.
pub struct Moved {
    pub name: String,
    pub now: i64,
    pub then: i64,
}

/// A member whose rank becomes another.
pub struct Promoted {
    pub name: String,
    pub points: i64,
    pub before: String,
    pub after: String,
}

/// What other rules would change.
pub struct Effect {
    /// Members whose total of this month would be another.
    totals: usize,
    /// The largest differences.
    pub examples: Vec<Moved>,
    /// Members whose rank changes at once.
    ranks: usize,
    pub rank_examples: Vec<Promoted>,
    /// Posts that are still asked about and have reached a tier that is new to them, and what those bring; `None` where tiers stay.
    tiers: Option<(usize, i64)>,
    /// There were more posts or members than were looked at.
    pub is_partial: bool,
}

fn members(n: usize) -> String {
    count(n as u64, "member", "members")
}

impl Effect {
    /// Nobody would notice.
    pub fn is_none(&self) -> bool {
        self.totals == 0 && self.ranks == 0 && self.tiers.is_none_or(|(posts, _)| posts == 0) && !self.is_partial
    }

    pub fn say_totals(&self) -> String {
        if self.totals == 0 {
            return "Had these rules held since the 1st, this month's totals would be the same.".to_owned();
        }
        let members = members(self.totals);
        format!(
            "Had these rules held since the 1st, this month's total of {members} would be another. What was given stays; this shows what to expect."
        )
    }

    pub fn say_tiers(&self) -> String {
        let Some((posts, points)) = self.tiers else { return String::new() };
        let old = "What was given for tiers that were changed or left out stays.";
        if posts == 0 {
            return format!("No post of the last 30 days has reached a tier that is new to it. {old}");
        }
        let posts = count(posts as u64, "post", "posts");
        format!(
            "{posts} of the last 30 days reached a tier that is new: {points:+} points come when the counts are read next, within an hour, on X within a day. {old}"
        )
    }

    pub fn say_ranks(&self) -> String {
        if self.ranks == 0 {
            return "Nobody's rank changes.".to_owned();
        }
        format!("The rank of {} changes at once, and roles with it.", members(self.ranks))
    }
}

/// The 1st of the running month, in the guild's zone.
fn month_began(ctx: &Ctx, zone: crate::time_zone::Zone) -> Option<i64> {
    let today = DateTime::from_timestamp_millis(ctx.now())?.with_timezone(&zone).date_naive();
    time::wall_to_ms(zone, today.with_day(1)?.and_time(NaiveTime::MIN))
}

/// The difference for each member between two rules, over what they earned since the month began.
fn differences(
    posts: &[store::RewardedPost],
    paid: &[store::PaidUnits],
    (old, new): (&Rules, &Rules),
) -> HashMap<Id<UserMarker>, i64> {
    let mut all: HashMap<Id<UserMarker>, i64> = HashMap::new();
    for post in posts {
        let Some(kind) = Kind::of(&post.platform) else { continue };
        let metrics = Metrics { views: post.views, reactions: post.reactions, ..Metrics::default() };
        // What the mission itself says holds by either rules.
        let own = |rules: &Rules| {
            if post.publish_points < 0 || !rules.rewards(kind) { 0 } else { post.publish_points - rules.publish }
        };
        let by = |rules| worth(rules, kind, &metrics, post.late_ms) + own(rules);
        *all.entry(post.user_id).or_default() += by(new) - by(old);
    }
    for row in paid {
        let by = |rules: &Rules| match row.kind.as_str() {
            "clicks" if rules.clicks_per_point > 0 => row.units / i64::from(rules.clicks_per_point),
            "top" => {
                let place = row.cause.rsplit(':').next().and_then(|place| place.parse::<usize>().ok());
                place.and_then(|place| rules.top_clicks.get(place.checked_sub(1)?)).copied().unwrap_or(0)
            }
            _ => 0,
        };
        *all.entry(row.user_id).or_default() += by(new) - by(old);
    }
    all.retain(|_, difference| *difference != 0);
    all
}

/// What posts that are still asked about have reached by the new tiers and not by the old, and were not paid for before.
fn newly_reached(
    posts: &[store::AskedPost],
    paid: &[store::PaidTier],
    (old, new): (&Rules, &Rules),
) -> Option<(usize, i64)> {
    let pays = |rules: &Rules, kind| if rules.rewards(kind) { rules.tiers(kind).to_vec() } else { Vec::new() };
    if Kind::ALL.into_iter().all(|kind| pays(old, kind) == pays(new, kind)) {
        return None;
    }
    let paid: HashSet<(&str, &str)> = paid.iter().map(|row| (row.post_id.as_str(), row.reason.as_str())).collect();
    let worth = |post: &store::AskedPost| {
        let Some(kind) = Kind::of(&post.platform) else { return 0 };
        let metrics = Metrics { views: post.views, reactions: post.reactions, ..Metrics::default() };
        let reached = counted(kind, &metrics).unwrap_or(0);
        let is_new = |tier: &&Tier| {
            tier.at <= reached
                && !pays(old, kind).iter().any(|before| before.at == tier.at)
                && !paid.contains(&(post.id.as_str(), tier_reason(kind, tier.at).as_str()))
        };
        pays(new, kind).iter().filter(is_new).map(|tier| tier.points).sum()
    };
    let all: Vec<i64> = posts.iter().map(worth).filter(|points| *points != 0).collect();
    Some((all.len(), all.iter().sum()))
}

fn rank_name(rules: &Rules, points: i64) -> &str {
    rules.rank(points).map_or("none", |(_, rank)| rank.name.as_str())
}

/// Compares two rules over what is there.
pub async fn of(ctx: &Ctx, guild: Id<GuildMarker>, old: &Rules, new: &Rules) -> Result<Effect> {
    let zone = guild_config::cached(ctx, guild).await?.zone();
    let since = month_began(ctx, zone).ok_or_else(|| Error::internal("the month has no beginning"))?;
    let month = points::month_of(zone, ctx.now());
    let results = ctx
        .batch(vec![
            store::posts_since(guild, since, POSTS_MAX),
            store::paid_since(guild, since),
            points::store::top(guild, &month, MEMBERS_MAX, 0),
            points::store::top(guild, points::ALL, MEMBERS_MAX, 0),
            store::posts_asked(guild, ctx.now() - polls::ASKED_MS, POSTS_MAX),
            store::paid_tiers(guild, ctx.now() - polls::ASKED_MS),
        ])
        .await?;
    let [posts, paid, of_month, of_all, asked, tiers] = &results[..] else {
        return Err(Error::internal("six results expected"));
    };
    let tiers = newly_reached(&asked.all::<store::AskedPost>()?, &tiers.all::<store::PaidTier>()?, (old, new));
    let posts: Vec<store::RewardedPost> = posts.all()?;
    let (of_month, of_all): (Vec<Total>, Vec<Total>) = (of_month.all()?, of_all.all()?);
    let mut changed: Vec<_> = differences(&posts, &paid.all::<store::PaidUnits>()?, (old, new)).into_iter().collect();
    changed.sort_unstable_by_key(|(user, difference)| (std::cmp::Reverse(difference.abs()), *user));
    let moved: Vec<&Total> =
        of_all.iter().filter(|one| rank_name(old, one.points) != rank_name(new, one.points)).collect();
    let shown: Vec<_> = changed
        .iter()
        .take(EXAMPLES)
        .map(|(user, _)| *user)
        .chain(moved.iter().take(EXAMPLES).map(|one| one.user_id))
        .collect();
    let names = people::names(ctx, guild, &shown).await;
    let name = |user: &Id<UserMarker>| names.get(user).cloned().unwrap_or_default();
    let example = |(user, difference): &(Id<UserMarker>, i64)| {
        let now = of_month.iter().find(|one| one.user_id == *user).map_or(0, |one| one.points);
        Moved { name: name(user), now, then: now + difference }
    };
    let rank = |one: &&Total| Promoted {
        name: name(&one.user_id),
        points: one.points,
        before: rank_name(old, one.points).to_owned(),
        after: rank_name(new, one.points).to_owned(),
    };
    let full = |len: usize, max: u32| u32::try_from(len).is_ok_and(|len| len >= max);
    Ok(Effect {
        totals: changed.len(),
        examples: changed.iter().take(EXAMPLES).map(example).collect(),
        ranks: moved.len(),
        rank_examples: moved.iter().take(EXAMPLES).map(rank).collect(),
        tiers,
        is_partial: full(posts.len(), POSTS_MAX) || full(of_all.len(), MEMBERS_MAX),
    })
}
