//! Purpose: places and pages of a guild's ranked lists: what is asked of its Leaderboard object, and how the object answers.
//!
//! The object holds nothing of its own: it reads D1 when it starts, follows by the rows that changed since, and starts over when
//! the guild's `index_epoch` says so. Losing it costs one reading.

pub mod index;
mod ranking;
pub mod shown;
mod store;

pub use index::{Board, Index, Of, Span};

use crate::{error::Result, ports::Db};
use futures_util::lock::Mutex;
use serde::{Deserialize, Serialize};
use store::{EpochRow, PackedRow};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// How finely `levels_members.changed` tells times: coarse, so that a talk of many messages moves a row's index entry once.
pub const CHANGED_MS: i64 = 300_000;
/// Members per reading: at up to 100 characters each they stay under D1's 2 MB per value.
const PER_PAGE: u32 = 15_000;

/// The number of the five minutes in which `now` lies, for `levels_members.changed`.
pub fn changed_at(now: i64) -> i64 {
    now.div_euclid(CHANGED_MS)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    Page {
        board: Board,
        skip: usize,
        count: usize,
    },
    /// Those who stand after somebody of that score, who may have moved since.
    After {
        board: Board,
        user: Id<UserMarker>,
        score: u32,
        count: usize,
    },
    /// One member's place on each of these.
    Places {
        boards: Vec<Board>,
        user: Id<UserMarker>,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// How many are on the list (the first, for `Places`).
    pub members: usize,
    /// For `Page` and `After`: best first.
    #[serde(default)]
    pub page: Vec<Place>,
    /// For `Places`: in the order of the question, `None` where the member is not on the list.
    #[serde(default)]
    pub places: Vec<Option<Place>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// From 1.
    pub place: usize,
    pub user: Id<UserMarker>,
    pub score: u32,
}

/// What an object keeps between questions.
#[derive(Default)]
pub struct Kept(Mutex<Option<Loaded>>);

struct Loaded {
    index: Index,
    epoch: i64,
    /// Everything that changed before these five minutes is in.
    changed: i64,
}

/// Answers after reading what changed. Questions that come while D1 is read wait for that reading.
pub async fn serve(db: &dyn Db, kept: &Kept, guild: Id<GuildMarker>, now: i64, question: &Question) -> Result<Answer> {
    let mut kept = kept.0.lock().await;
    let loaded = match kept.take() {
        Some(loaded) => follow(db, loaded, guild, now).await?,
        None => None,
    };
    let mut loaded = match loaded {
        Some(loaded) => loaded,
        None => load(db, guild, now).await?,
    };
    let answer = answer(&mut loaded.index, question);
    *kept = Some(loaded);
    Ok(answer)
}

fn answer(index: &mut Index, question: &Question) -> Answer {
    match question {
        Question::Page { board, skip, count } => page(index, *board, *skip, *count),
        Question::After { board, user, score, count } => {
            let skip = index.through(*board, *user, *score);
            page(index, *board, skip, *count)
        }
        Question::Places { boards, user } => {
            let members = boards.first().map_or(0, |board| index.page(*board, 0, 0).0);
            let of =
                |board: &Board| index.place(*board, *user).map(|(place, score)| Place { place, user: *user, score });
            Answer { members, places: boards.iter().map(of).collect(), ..Answer::default() }
        }
    }
}

fn page(index: &mut Index, board: Board, skip: usize, count: usize) -> Answer {
    let (members, page) = index.page(board, skip, count);
    let page = page.into_iter().map(|(place, user, score)| Place { place, user, score }).collect();
    Answer { members, page, ..Answer::default() }
}

/// `None` when it has to be made anew.
async fn follow(db: &dyn Db, mut loaded: Loaded, guild: Id<GuildMarker>, now: i64) -> Result<Option<Loaded>> {
    let statements = vec![store::get_epoch(guild), store::list_changed(guild, loaded.changed, PER_PAGE)];
    let results = db.batch(statements).await?;
    let [epoch, changed] = &results[..] else {
        return Ok(None);
    };
    if epoch.first::<EpochRow>()?.map_or(0, |row| row.index_epoch) != loaded.epoch {
        return Ok(None);
    }
    let lines = changed.first::<PackedRow>()?.map(|row| row.parse()).unwrap_or_default();
    if lines.len() >= PER_PAGE as usize {
        // So much changed that reading everything is as quick.
        return Ok(None);
    }
    for line in lines {
        loaded.index.set(line.user, line.scores);
    }
    // Rows of another isolate may commit a little late.
    loaded.changed = changed_at(now) - 1;
    Ok(Some(loaded))
}

async fn load(db: &dyn Db, guild: Id<GuildMarker>, now: i64) -> Result<Loaded> {
    let results = db.batch(vec![store::get_epoch(guild)]).await?;
    let epoch = results.first().map(|result| result.first::<EpochRow>()).transpose()?.flatten();
    let mut loaded =
        Loaded { index: Index::default(), epoch: epoch.map_or(0, |row| row.index_epoch), changed: changed_at(now) - 1 };
    let mut after = String::new();
    loop {
        let results = db.batch(vec![store::list_all(guild, &after, PER_PAGE)]).await?;
        let packed = results.first().map(|result| result.first::<PackedRow>()).transpose()?.flatten();
        let lines = packed.map(|row| row.parse()).unwrap_or_default();
        for line in &lines {
            loaded.index.set(line.user, line.scores);
        }
        match lines.last() {
            Some(last) if lines.len() >= PER_PAGE as usize => after = last.user.to_string(),
            _ => return Ok(loaded),
        }
    }
}

/// All the lists of one span and of each kind, the total first.
pub fn boards(span: Span, period: u32) -> [Board; 3] {
    [Of::Total, Of::Text, Of::Voice].map(|of| Board { span, of, period })
}
