//! Purpose: what a guild gives points for, the safeguards around posts, and what follows from counts. Pure.

use crate::{
    discord::GuildFacts,
    media::Kept,
    social::{Kind, Metrics, caption},
};
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

/// The most that one rule gives at once.
pub const POINTS_MAX: i64 = 10_000;
/// The most points at which a rank begins.
pub const RANK_MAX: i64 = 10_000_000;
/// Words that are not published.
pub const WORDS_MAX: usize = 100;
/// US dollars in 30 days.
pub const BUDGET_MAX: f64 = 10_000.0;

/// So many points at so many views or reactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub at: u64,
    pub points: i64,
}

/// A role that a score brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rank {
    pub name: String,
    pub at: i64,
    /// Given on Discord where one was chosen.
    pub role: Option<Id<RoleMarker>>,
}

/// Missing fields have their defaults, which are those of the seed of this product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    pub publish: i64,
    pub on_time: i64,
    /// Hours after the push in which a post is on time.
    pub on_time_hours: u32,
    /// Unique clicks for one point; 0 for none.
    pub clicks_per_point: u32,
    pub linkedin: Vec<Tier>,
    pub instagram: Vec<Tier>,
    pub tiktok: Vec<Tier>,
    pub x: Vec<Tier>,
    pub threads: Vec<Tier>,
    /// For the first, second and third of a mission by clicks.
    pub top_clicks: Vec<i64>,
    pub ranks: Vec<Rank>,
    /// X forbids rewards: an admin switches this on knowing so.
    pub rewards_on_x: bool,
    /// Thousandths of a US dollar that posts on X may cost in a calendar month; 0 for no posts on X.
    pub x_budget: u32,
    pub banned_words: Vec<String>,
    /// Characters that a mission's text needs.
    pub min_caption: u32,
    /// Minutes between two posts of a member.
    pub cooldown_minutes: u32,
    /// Posts of a member in 24 hours.
    pub posts_per_day: u32,
    /// Where mission cards are posted unless another channel is named.
    pub channel: Option<Id<ChannelMarker>>,
    /// Where every post, change of counts and change of points is noted.
    pub log_channel: Option<Id<ChannelMarker>>,
    /// Who may run missions without Manage Server.
    pub managers: Vec<Id<RoleMarker>>,
}

fn tiers(at: [u64; 3], points: [i64; 3]) -> Vec<Tier> {
    at.into_iter().zip(points).map(|(at, points)| Tier { at, points }).collect()
}

impl Default for Rules {
    fn default() -> Self {
        let views = || tiers([100, 500, 2_000], [5, 10, 20]);
        let rank = |name: &str, at| Rank { name: name.to_owned(), at, role: None };
        Self {
            publish: 10,
            on_time: 5,
            on_time_hours: 24,
            clicks_per_point: 10,
            linkedin: tiers([10, 30, 100], [5, 10, 20]),
            instagram: views(),
            tiktok: views(),
            x: views(),
            threads: views(),
            top_clicks: vec![25, 15, 10],
            ranks: vec![rank("Recruit", 0), rank("Soldier", 50), rank("General", 200), rank("Warlord", 500)],
            rewards_on_x: false,
            x_budget: 0,
            banned_words: Vec::new(),
            min_caption: 0,
            cooldown_minutes: 0,
            posts_per_day: 20,
            channel: None,
            log_channel: None,
            managers: Vec::new(),
        }
    }
}

impl Rules {
    pub fn tiers(&self, kind: Kind) -> &[Tier] {
        match kind {
            Kind::LinkedIn => &self.linkedin,
            Kind::Instagram => &self.instagram,
            Kind::TikTok => &self.tiktok,
            Kind::X => &self.x,
            Kind::Threads => &self.threads,
        }
    }

    pub fn tiers_mut(&mut self, kind: Kind) -> &mut Vec<Tier> {
        match kind {
            Kind::LinkedIn => &mut self.linkedin,
            Kind::Instagram => &mut self.instagram,
            Kind::TikTok => &mut self.tiktok,
            Kind::X => &mut self.x,
            Kind::Threads => &mut self.threads,
        }
    }

    /// Whether posts on this platform bring points at all.
    pub fn rewards(&self, kind: Kind) -> bool {
        kind != Kind::X || self.rewards_on_x
    }

    /// Ranks, by name, whose role is not among the guild's any more.
    pub fn ranks_without_role<'a>(&'a self, guild: &'a GuildFacts) -> impl Iterator<Item = &'a str> {
        let is_gone = |rank: &&Rank| rank.role.is_some_and(|role| guild.roles.iter().all(|known| known.id != role));
        self.ranks.iter().filter(is_gone).map(|rank| rank.name.as_str())
    }

    /// The highest rank of a score, with its place in the list.
    pub fn rank(&self, points: i64) -> Option<(usize, &Rank)> {
        let reached = self.ranks.iter().enumerate().filter(|(_, rank)| rank.at <= points);
        reached.max_by_key(|(_, rank)| rank.at)
    }
}

/// What a platform's tiers count: LinkedIn reactions, views elsewhere.
pub fn counted(kind: Kind, metrics: &Metrics) -> Option<u64> {
    if kind == Kind::LinkedIn { metrics.reactions } else { metrics.views }
}

/// What a platform's tiers count, in a word.
pub fn counted_name(kind: Kind) -> &'static str {
    if kind == Kind::LinkedIn { "reactions" } else { "views" }
}

/// Why a tier is paid. Lines of older versions, whose causes named a tier by its place in the list, are told by these words: they stay
/// as they are.
pub fn tier_reason(kind: Kind, at: u64) -> String {
    format!("{at} {} on {}", counted_name(kind), kind.name())
}

/// What earns a tier, once per post: reaching that count, wherever it stands in the list.
pub fn tier_cause(kind: Kind, post: &str, at: u64) -> String {
    format!("tier:{post}:{}:{at}", counted_name(kind))
}

/// What a published post is worth by these rules, clicks apart. `late_ms`: from the mission's begin to the call that published it.
pub fn worth(rules: &Rules, kind: Kind, metrics: &Metrics, late_ms: i64) -> i64 {
    if !rules.rewards(kind) {
        return 0;
    }
    let on_time = if late_ms <= i64::from(rules.on_time_hours) * 3_600_000 { rules.on_time } else { 0 };
    let reached = counted(kind, metrics).unwrap_or(0);
    let tiers: i64 = rules.tiers(kind).iter().filter(|tier| tier.at <= reached).map(|tier| tier.points).sum();
    rules.publish + on_time + tiers
}

/// Why a text with a picture (empty for none) is not published, in a sentence.
pub fn refusal(rules: &Rules, kind: Kind, text: &str, image: &str, needs_image: bool) -> Option<String> {
    let name = kind.name();
    let count = kind.platform().count(text);
    if count.used > count.limit {
        return Some(format!(
            "{name} takes {} characters, and this text has {} as {name} counts.",
            count.limit, count.used
        ));
    }
    if let Some(also) = count.also {
        return Some(format!("{name} takes {also} in a text."));
    }
    if let Some(why) = Kept::of(image).and_then(|kept| kind.platform().refuses(kept.image)) {
        return Some(format!("{name} does not take this picture: {why}."));
    }
    if needs_image && image.is_empty() {
        return Some(format!("{name} publishes pictures only, and this mission has none. Add one to it first."));
    }
    let essence = caption::essence(text);
    if essence.chars().count() < rules.min_caption as usize {
        return Some(format!("This server asks for at least {} letters in a post.", rules.min_caption));
    }
    banned(rules, text).map(|word| format!("This server does not publish the word “{word}”."))
}

/// A banned word that stands in the text as a word of its own.
pub fn banned<'a>(rules: &'a Rules, text: &str) -> Option<&'a str> {
    let folded = |text: &str| -> String {
        text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).flat_map(char::to_lowercase).collect()
    };
    let words = format!(" {} ", folded(text).split_whitespace().collect::<Vec<_>>().join(" "));
    let has = |banned: &&String| {
        let needle = folded(banned).split_whitespace().collect::<Vec<_>>().join(" ");
        !needle.is_empty() && words.contains(&format!(" {needle} "))
    };
    rules.banned_words.iter().find(has).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_words_are_whole_words() {
        let rules = Rules { banned_words: vec!["Casino".to_owned(), "free money".to_owned()], ..Rules::default() };
        assert_eq!(banned(&rules, "Our CASINO, tonight"), Some("Casino"));
        assert_eq!(banned(&rules, "free-money for all"), Some("free money"));
        assert_eq!(banned(&rules, "casinos are elsewhere"), None);
    }

    #[test]
    fn ranks_are_reached_by_points() {
        let rules = Rules::default();
        let name = |points| rules.rank(points).map(|(_, rank)| rank.name.as_str());
        assert_eq!(name(0), Some("Recruit"));
        assert_eq!(name(199), Some("Soldier"));
        assert_eq!(name(500), Some("Warlord"));
        assert_eq!(name(-1), None);
    }

    #[test]
    fn a_post_is_worth_what_it_reached() {
        let rules = Rules::default();
        let metrics = Metrics { views: Some(600), reactions: Some(40), ..Metrics::default() };
        assert_eq!(worth(&rules, Kind::Threads, &metrics, 0), 10 + 5 + 5 + 10);
        assert_eq!(worth(&rules, Kind::LinkedIn, &metrics, 25 * 3_600_000), 10 + 5 + 10);
        assert_eq!(worth(&rules, Kind::X, &metrics, 0), 0);
    }

    #[test]
    fn rules_of_an_older_version_still_read() {
        let rules: Rules = crate::json::from_str(r#"{"publish":7,"unknown":1}"#).unwrap();
        assert_eq!(rules, Rules { publish: 7, ..Rules::default() });
    }
}
