//! Purpose: an ordered list of scores that answers "which place is this?" and "who stands at place n?" in microseconds.
//!
//! Sorted blocks of bounded size: a place is the sizes of the blocks before it plus a binary search inside one. A million
//! entries are 2,000 to 4,000 blocks, whose sizes are summed faster than a tree is climbed.

use std::cmp::Ordering;

/// Blocks are split beyond this and merged below an eighth of it. 512 entries of 16 bytes move in well under a microsecond.
const BLOCK_MAX: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub score: u32,
    pub user: u64,
}

impl Entry {
    /// Higher scores first; of equal ones the older account, so that the order is always the same.
    fn order(&self, other: &Self) -> Ordering {
        other.score.cmp(&self.score).then(self.user.cmp(&other.user))
    }
}

#[derive(Debug, Default)]
pub struct Ranking {
    /// None is empty.
    blocks: Vec<Vec<Entry>>,
    len: usize,
}

impl Ranking {
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by(Entry::order);
        let len = entries.len();
        // Half full, so that they can grow before they are split.
        let blocks = entries.chunks(BLOCK_MAX / 2).map(<[Entry]>::to_vec).collect();
        Self { blocks, len }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// The block that holds `entry`, or where it belongs.
    fn block_of(&self, entry: &Entry) -> usize {
        let after = self.blocks.partition_point(|block| block.last().is_some_and(|last| last.order(entry).is_lt()));
        after.min(self.blocks.len().saturating_sub(1))
    }

    pub fn insert(&mut self, entry: Entry) {
        if self.blocks.is_empty() {
            self.blocks.push(Vec::with_capacity(BLOCK_MAX));
        }
        let index = self.block_of(&entry);
        let block = &mut self.blocks[index];
        if let Err(place) = block.binary_search_by(|known| known.order(&entry)) {
            block.insert(place, entry);
            self.len += 1;
        }
        if block.len() > BLOCK_MAX {
            let upper = block.split_off(BLOCK_MAX / 2);
            self.blocks.insert(index + 1, upper);
        }
    }

    pub fn remove(&mut self, entry: &Entry) {
        if self.blocks.is_empty() {
            return;
        }
        let index = self.block_of(entry);
        let Ok(place) = self.blocks[index].binary_search_by(|known| known.order(entry)) else {
            return;
        };
        self.blocks[index].remove(place);
        self.len -= 1;
        if self.blocks[index].len() < BLOCK_MAX / 8 {
            self.shrink(index);
        }
    }

    /// Joins a small block with the one after it where both fit.
    fn shrink(&mut self, index: usize) {
        if self.blocks[index].is_empty() {
            self.blocks.remove(index);
        } else if self.blocks.get(index + 1).is_some_and(|next| next.len() + self.blocks[index].len() <= BLOCK_MAX) {
            let joined = self.blocks.remove(index + 1);
            self.blocks[index].extend(joined);
        }
    }

    /// From 1; `None` for what is not in the list.
    pub fn place(&self, entry: &Entry) -> Option<usize> {
        if self.blocks.is_empty() {
            return None;
        }
        let index = self.block_of(entry);
        let inside = self.blocks[index].binary_search_by(|known| known.order(entry)).ok()?;
        Some(self.blocks[..index].iter().map(Vec::len).sum::<usize>() + inside + 1)
    }

    /// How many stand before `entry` or are it, whether or not it is in the list.
    pub fn through(&self, entry: &Entry) -> usize {
        let is_through = |known: &Entry| known.order(entry).is_le();
        let whole = self.blocks.partition_point(|block| block.last().is_some_and(is_through));
        let part = self.blocks.get(whole).map_or(0, |block| block.partition_point(is_through));
        self.blocks[..whole].iter().map(Vec::len).sum::<usize>() + part
    }

    /// At most `count` entries after the first `skip`.
    pub fn page(&self, mut skip: usize, count: usize) -> Vec<Entry> {
        let mut page = Vec::with_capacity(count);
        for block in &self.blocks {
            if skip >= block.len() {
                skip -= block.len();
                continue;
            }
            page.extend(block[skip..].iter().take(count - page.len()));
            skip = 0;
            if page.len() == count {
                break;
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_always_equals_a_sorted_list(
            start in prop::collection::vec((0..50_u32, 1..2_000_u64), 0..1_500),
            changes in prop::collection::vec((1..2_000_u64, prop::option::of(0..50_u32)), 0..2_000),
        ) {
            let mut model: BTreeMap<u64, u32> = start.iter().map(|(score, user)| (*user, *score)).collect();
            let entry = |(user, score): (&u64, &u32)| Entry { score: *score, user: *user };
            let mut ranking = Ranking::new(model.iter().map(entry).collect());
            for (user, score) in changes {
                if let Some(before) = model.remove(&user) {
                    ranking.remove(&Entry { score: before, user });
                }
                if let Some(score) = score {
                    ranking.insert(Entry { score, user });
                    model.insert(user, score);
                }
            }
            let mut sorted: Vec<Entry> = model.iter().map(entry).collect();
            sorted.sort_by(Entry::order);
            prop_assert_eq!(ranking.len(), sorted.len());
            prop_assert!(ranking.blocks.iter().all(|block| !block.is_empty()));
            for skip in [0, 1, 7, 500, 1_999] {
                let expected: Vec<Entry> = sorted.iter().skip(skip).take(10).copied().collect();
                prop_assert_eq!(ranking.page(skip, 10), expected);
            }
            for (index, entry) in sorted.iter().enumerate().step_by(17) {
                prop_assert_eq!(ranking.place(entry), Some(index + 1));
                prop_assert_eq!(ranking.through(entry), index + 1);
                ranking.remove(entry);
                prop_assert_eq!(ranking.through(entry), index, "where somebody was who is gone");
                ranking.insert(*entry);
            }
            prop_assert_eq!(ranking.place(&Entry { score: 77, user: 1 }), None);
        }
    }

    #[test]
    fn an_empty_list_answers_too() {
        let mut ranking = Ranking::new(Vec::new());
        let entry = Entry { score: 5, user: 1 };
        assert_eq!((ranking.place(&entry), ranking.page(0, 10), ranking.through(&entry)), (None, Vec::new(), 0));
        ranking.remove(&entry);
        ranking.insert(entry);
        ranking.insert(entry);
        assert_eq!((ranking.len(), ranking.place(&entry)), (1, Some(1)));
        ranking.remove(&entry);
        assert_eq!(ranking.len(), 0);
    }
}
