//! Purpose: one guild's ranked lists in memory: derived from D1, dropped and made anew at any time.

use super::ranking::{Entry, Ranking};
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twilight_model::id::{Id, marker::UserMarker};

/// Entries of all sorted lists together. One takes 16 bytes beside the 56 of its member: with a million members, two long lists and
/// the short ones of a week and a month stay under the 128 MB of a Durable Object.
const ENTRIES_MAX: usize = 2_200_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    All,
    Week,
    Month,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    Total,
    Text,
    Voice,
}

/// Which list. `period` names the week or month (202647, 202611) and is 0 for all time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Board {
    pub span: Span,
    pub of: Of,
    pub period: u32,
}

/// What the lists hold of one member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scores {
    /// All time; the total is not the sum where experience was given or taken by hand.
    pub total: u32,
    pub text: u32,
    pub voice: u32,
    pub week: Stretch,
    pub month: Stretch,
}

/// What was earned in one week or month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stretch {
    pub period: u32,
    pub text: u32,
    pub voice: u32,
}

impl Scores {
    /// 0 is not on the list.
    fn on(&self, board: Board) -> u32 {
        let stretch = match board.span {
            Span::All => {
                return match board.of {
                    Of::Total => self.total,
                    Of::Text => self.text,
                    Of::Voice => self.voice,
                };
            }
            Span::Week => self.week,
            Span::Month => self.month,
        };
        match board.of {
            _ if stretch.period != board.period => 0,
            Of::Total => stretch.text.saturating_add(stretch.voice),
            Of::Text => stretch.text,
            Of::Voice => stretch.voice,
        }
    }
}

#[derive(Debug)]
pub struct Index {
    members: Vec<(u64, Scores)>,
    /// Where each member stands in `members`: a fifth of the memory of a map from one to the other.
    slots: HashTable<u32>,
    rankings: BTreeMap<Board, Ranking>,
    entries_max: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { members: Vec::new(), slots: HashTable::new(), rankings: BTreeMap::new(), entries_max: ENTRIES_MAX }
    }
}

/// Ids differ in their high bits mostly; a multiplication brings those down (Fibonacci hashing, Knuth vol. 3).
fn hash(user: u64) -> u64 {
    user.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_right(32)
}

impl Index {
    fn slot(&self, user: u64) -> Option<usize> {
        self.slots.find(hash(user), |slot| self.members[*slot as usize].0 == user).map(|slot| *slot as usize)
    }

    /// Stores or removes, and gives what was there.
    fn exchange(&mut self, user: u64, scores: Option<Scores>) -> Option<Scores> {
        match (self.slot(user), scores) {
            (Some(slot), Some(scores)) => Some(std::mem::replace(&mut self.members[slot].1, scores)),
            (None, Some(scores)) => {
                let slot = u32::try_from(self.members.len()).ok()?;
                self.members.push((user, scores));
                let members = &self.members;
                self.slots.insert_unique(hash(user), slot, |slot| hash(members[*slot as usize].0));
                None
            }
            (Some(slot), None) => {
                let members = &self.members;
                if let Ok(entry) = self.slots.find_entry(hash(user), |slot| members[*slot as usize].0 == user) {
                    entry.remove();
                }
                // The last one takes the free place.
                let last = self.members.len() - 1;
                let moved = self.members[last].0;
                if let Some(place) = self.slots.find_mut(hash(moved), |slot| *slot as usize == last) {
                    *place = u32::try_from(slot).unwrap_or(u32::MAX);
                }
                Some(self.members.swap_remove(slot).1)
            }
            (None, None) => None,
        }
    }

    /// `None` takes them off every list.
    pub fn set(&mut self, user: Id<UserMarker>, scores: Option<Scores>) {
        let user = user.get();
        let before = self.exchange(user, scores);
        for (board, ranking) in &mut self.rankings {
            let was = before.map_or(0, |scores| scores.on(*board));
            let is = scores.map_or(0, |scores| scores.on(*board));
            if was == is {
                continue;
            }
            if was > 0 {
                ranking.remove(&Entry { score: was, user });
            }
            if is > 0 {
                ranking.insert(Entry { score: is, user });
            }
        }
    }

    fn ranking(&mut self, board: Board) -> &Ranking {
        if !self.rankings.contains_key(&board) {
            // A period that is over is asked for no more.
            self.rankings.retain(|known, _| known.span != board.span || known.period == board.period);
            let scores = self.members.iter().map(|(user, scores)| Entry { score: scores.on(board), user: *user });
            let ranking = Ranking::new(scores.filter(|entry| entry.score > 0).collect());
            self.make_room(ranking.len());
            self.rankings.insert(board, ranking);
        }
        self.rankings.entry(board).or_default()
    }

    /// Gives up lists, long ones first, until so many more entries fit.
    fn make_room(&mut self, more: usize) {
        let size = |rankings: &BTreeMap<Board, Ranking>| rankings.values().map(Ranking::len).sum::<usize>();
        while size(&self.rankings) + more > self.entries_max {
            let longest = self.rankings.iter().max_by_key(|(_, ranking)| ranking.len()).map(|(board, _)| *board);
            let Some(longest) = longest else { return };
            self.rankings.remove(&longest);
        }
    }

    /// The size of the list, and at most `count` places of it after the first `skip`, as (place, user, score).
    pub fn page(&mut self, board: Board, skip: usize, count: usize) -> (usize, Vec<(usize, Id<UserMarker>, u32)>) {
        let ranking = self.ranking(board);
        let entries = ranking.page(skip, count).into_iter().enumerate();
        let places = entries.filter_map(|(n, entry)| Some((skip + n + 1, Id::new_checked(entry.user)?, entry.score)));
        (ranking.len(), places.collect())
    }

    /// How many stand on the list before somebody of that score, and that one, too.
    pub fn through(&mut self, board: Board, user: Id<UserMarker>, score: u32) -> usize {
        self.ranking(board).through(&Entry { score, user: user.get() })
    }

    /// Somebody's place from 1 and their score; `None` for who is not on the list.
    pub fn place(&mut self, board: Board, user: Id<UserMarker>) -> Option<(usize, u32)> {
        let score = self.members[self.slot(user.get())?].1.on(board);
        let place = self.ranking(board).place(&Entry { score, user: user.get() })?;
        Some((place, score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: Board = Board { span: Span::Week, of: Of::Total, period: 202_647 };
    const ALL: Board = Board { span: Span::All, of: Of::Total, period: 0 };

    fn scores(total: u32, week: u32, period: u32) -> Scores {
        Scores { total, text: total, week: Stretch { period, text: week, voice: 0 }, ..Scores::default() }
    }

    #[test]
    fn a_member_moves_on_every_list_that_is_open() {
        let mut index = Index::default();
        index.set(Id::new(1), Some(scores(100, 10, 202_647)));
        index.set(Id::new(2), Some(scores(90, 30, 202_647)));
        assert_eq!(index.place(ALL, Id::new(1)), Some((1, 100)));
        assert_eq!(index.place(WEEK, Id::new(1)), Some((2, 10)));
        index.set(Id::new(1), Some(scores(150, 60, 202_647)));
        assert_eq!(index.page(WEEK, 0, 10), (2, vec![(1, Id::new(1), 60), (2, Id::new(2), 30)]));
        index.set(Id::new(1), None);
        assert_eq!(index.place(ALL, Id::new(1)), None);
        assert_eq!(index.place(ALL, Id::new(2)), Some((1, 90)));
        assert_eq!(index.page(ALL, 0, 10), (1, vec![(1, Id::new(2), 90)]));
    }

    #[test]
    fn lists_stand_beside_each_other_as_long_as_they_fit() {
        let mut index = Index { entries_max: 12, ..Index::default() };
        for user in 1..=5 {
            let week = if user == 1 { 10 } else { 0 };
            index.set(Id::new(user), Some(Scores { voice: 1, ..scores(100, week, 202_647) }));
        }
        let lists = [ALL, WEEK, Board { of: Of::Text, ..ALL }, Board { of: Of::Voice, ..ALL }];
        let lengths = [5, 1, 5, 5];
        for (board, length) in lists.iter().zip(lengths) {
            assert_eq!(index.page(*board, 0, 0).0, length);
        }
        assert!(index.rankings.contains_key(&WEEK), "the short one stays");
        assert_eq!(index.rankings.len(), 3);
        assert_eq!(index.place(ALL, Id::new(5)), Some((5, 100)), "whatever was given up is made anew");
    }

    #[test]
    fn last_weeks_scores_are_not_on_this_weeks_list() {
        let mut index = Index::default();
        index.set(Id::new(1), Some(scores(100, 10, 202_646)));
        assert_eq!(index.page(WEEK, 0, 10), (0, vec![]));
        assert_eq!(index.place(WEEK, Id::new(1)), None);
        assert_eq!(index.place(ALL, Id::new(1)), Some((1, 100)));
    }
}
