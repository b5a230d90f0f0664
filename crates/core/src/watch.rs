//! Purpose: what features tell to the pages on which somebody watches a server: figures, what needs attention, rows that are
//! due, long work, and lines of their logs.

use crate::{
    discord::{ChannelFacts, GuildFacts},
    guild_config::GuildConfig,
    ports::Timer,
    text::number,
};
use serde::Serialize;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// A due row this late counts as late.
pub const LATE_MS: i64 = 60_000;

/// A number on the first page.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Figure {
    pub name: &'static str,
    pub value: u64,
    /// What stands below the number; may be empty.
    pub note: String,
    /// Where more is, after `/g/{guild}/`.
    #[serde(skip)]
    pub path: &'static str,
}

impl Figure {
    /// The number for people.
    pub fn shown(&self) -> String {
        number(self.value)
    }
}

/// Something that somebody should look at.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Attention {
    pub text: String,
    /// Where it is mended, after `/g/{guild}/`.
    #[serde(skip)]
    pub path: &'static str,
}

impl Attention {
    pub fn new(text: impl Into<String>, path: &'static str) -> Self {
        Self { text: text.into(), path }
    }
}

/// A server as it is now, for features to look over.
pub struct Scene<'a> {
    pub guild: Id<GuildMarker>,
    pub facts: &'a GuildFacts,
    pub config: &'a GuildConfig,
    /// `None` while Discord does not say.
    pub channels: Option<&'a [ChannelFacts]>,
}

impl Scene<'_> {
    /// Whether a channel is known to be gone.
    pub fn lacks(&self, channel: Option<Id<ChannelMarker>>) -> bool {
        let (Some(channel), Some(channels)) = (channel, self.channels) else { return false };
        !channels.iter().any(|known| known.id == channel)
    }
}

/// A row whose time has come, or comes next.
#[derive(Debug, Clone)]
pub struct Due {
    /// In words.
    pub what: String,
    pub timer: Timer,
}

/// Work that takes many steps.
#[derive(Debug, Clone)]
pub struct Progress {
    pub what: &'static str,
    pub done: u64,
    /// 0 when it is not known.
    pub total: u64,
    /// Unix milliseconds.
    pub started_at: i64,
}

/// Rows that one page of a log shows at most.
pub const LOG_PAGE: usize = 50;
/// One more, to know whether there is another page.
pub const LOG_LIMIT: u32 = 51;
/// Rows that are looked through for one page with a filter: more would be billed for a search that finds nothing.
pub const LOG_WINDOW: u32 = 2_000;

/// Which lines of a log.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Lines before this one; `None` begins with the newest.
    pub before: Option<i64>,
    pub actor: Option<Id<UserMarker>>,
    /// Empty for all.
    pub action: String,
    /// Empty for all.
    pub source: String,
    /// A LIKE pattern with `\` as its escape, at most 50 bytes (D1's limit); empty for all.
    pub pattern: String,
}

impl LogFilter {
    /// How many rows are read for one page.
    pub fn window(&self) -> u32 {
        let is_plain =
            self.actor.is_none() && self.action.is_empty() && self.source.is_empty() && self.pattern.is_empty();
        if is_plain { LOG_LIMIT } else { LOG_WINDOW }
    }

    pub fn actor_text(&self) -> String {
        self.actor.map(|actor| actor.to_string()).unwrap_or_default()
    }
}

/// One line of a log.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct LogLine {
    /// Orders the lines of one log.
    pub id: i64,
    /// Unix milliseconds.
    pub at: i64,
    /// `None` for what Muster did by itself.
    pub actor_id: Option<String>,
    pub source: String,
    pub action: String,
    pub target: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The end of what was read for a page.
#[derive(Debug, Default, serde::Deserialize)]
pub struct LogEnd {
    pub last: Option<i64>,
    pub n: u32,
}

/// One page of a log, newest first.
#[derive(Debug, Default)]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    /// For [`LogFilter::before`]; `None` at the end.
    pub next: Option<i64>,
}

impl LogPage {
    /// From the lines that fit the filter, and where the rows that were looked at end.
    pub fn new(mut lines: Vec<LogLine>, end: &LogEnd, filter: &LogFilter) -> Self {
        let next = if lines.len() > LOG_PAGE {
            lines.truncate(LOG_PAGE);
            lines.last().map(|line| line.id)
        } else if end.n >= filter.window() {
            end.last
        } else {
            None
        };
        Self { lines, next }
    }
}
