//! Purpose: what a giveaway does next, from its row, its picks and the time. Commits are made elsewhere.

use super::state::{Giveaway, Outcome, Pick, State};
use std::collections::BTreeMap;

/// An end that was put off this often for want of entrants cancels the giveaway.
pub const MAX_EXTENSIONS: u32 = 3;

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Nothing now; the next time something will be.
    Later(Option<i64>),
    /// Time is up and enough people entered: no more entries, then draw.
    Close,
    /// Too few people: the end moves to this time.
    Extend(i64),
    /// Too few people, or nobody after the last extension.
    CancelForTooFew,
    /// The pause is over.
    Resume,
    /// Slots are open: pick people for them.
    Draw,
    /// Claim windows have passed.
    Lapse,
}

/// The heart of the timer: the row is the schedule.
pub fn due(giveaway: &Giveaway, now: i64) -> Due {
    match giveaway.state {
        State::Active if giveaway.ends_at > now => Due::Later(Some(giveaway.ends_at)),
        State::Active if giveaway.entrant_count < giveaway.min_entrants => {
            if giveaway.extend_if_too_few() && giveaway.extensions < MAX_EXTENSIONS {
                Due::Extend(now + giveaway.duration_ms)
            } else {
                Due::CancelForTooFew
            }
        }
        State::Active => Due::Close,
        State::Paused => match giveaway.due_at {
            Some(at) if at <= now => Due::Resume,
            at => Due::Later(at),
        },
        State::Drawing => Due::Draw,
        State::Claiming => match giveaway.due_at {
            Some(at) if at <= now => Due::Lapse,
            at => Due::Later(at),
        },
        State::Finished | State::Cancelled => Due::Later(None),
    }
}

/// What the passing of claim windows changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lapsed {
    /// Picks that were not claimed in time.
    pub picks: Vec<u32>,
    /// Slots drawn again.
    pub reopened: Vec<u32>,
    /// Slots that stay empty because the reroll limit is reached.
    pub unclaimed: Vec<u32>,
}

pub fn lapse(picks: &[Pick], rerolls_used: u32, reroll_limit: u32, now: i64) -> Lapsed {
    let mut lapsed = Lapsed::default();
    let mut left = reroll_limit.saturating_sub(rerolls_used);
    for pick in picks.iter().filter(|pick| pick.outcome == Outcome::Won && pick.claim_by.is_some_and(|by| by <= now)) {
        lapsed.picks.push(pick.pick);
        if left > 0 {
            left -= 1;
            lapsed.reopened.push(pick.slot);
        } else {
            lapsed.unclaimed.push(pick.slot);
        }
    }
    lapsed
}

/// The earliest end of a claim window that is still open.
pub fn next_claim_end(picks: &[Pick]) -> Option<i64> {
    let open = picks.iter().filter(|pick| pick.outcome == Outcome::Won);
    open.filter_map(|pick| pick.claim_by).min()
}

/// The latest pick of each slot, in slot order: who holds it now, or held it last.
pub fn holders(picks: &[Pick]) -> BTreeMap<u32, &Pick> {
    let mut holders = BTreeMap::new();
    for pick in picks.iter().filter(|pick| pick.outcome != Outcome::Passed) {
        holders.insert(pick.slot, pick);
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(pick: u32, slot: u32, outcome: Outcome, claim_by: i64) -> Pick {
        Pick { pick, slot, user_id: pick.to_string(), outcome, reason: None, at: 0, claim_by: Some(claim_by) }
    }

    #[test]
    fn rerolls_stop_at_the_limit() {
        let picks = [
            pick(1, 1, Outcome::Won, 10),
            pick(2, 2, Outcome::Won, 10),
            pick(3, 3, Outcome::Claimed, 10),
            pick(4, 4, Outcome::Won, 99),
        ];
        assert_eq!(lapse(&picks, 2, 3, 10), Lapsed { picks: vec![1, 2], reopened: vec![1], unclaimed: vec![2] });
        assert_eq!(lapse(&picks, 0, 0, 10).reopened, Vec::<u32>::new());
        assert_eq!(lapse(&picks, 0, 3, 9), Lapsed::default());
        assert_eq!(next_claim_end(&picks), Some(10));
    }

    #[test]
    fn a_slot_belongs_to_its_latest_pick() {
        let picks = [pick(1, 1, Outcome::Lapsed, 0), pick(2, 1, Outcome::Passed, 0), pick(3, 1, Outcome::Won, 0)];
        assert_eq!(holders(&picks)[&1].pick, 3);
    }
}
