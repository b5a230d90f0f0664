//! Purpose: the draw that anyone can check: a committed seed and the entrant list decide every pick.
//!
//! Everything is stated so that it can be recomputed with a few lines of any language (`scripts/verify-draw`):
//!
//! - commitment = SHA-256("muster-draw-1\n" id "\n" seed), seed as 64 hex digits, published when the giveaway starts;
//! - the canonical list has one line `user_id:weight\n` per entrant, lines in byte order of the user ids;
//! - entrants hash = SHA-256(canonical list);
//! - for pick n = 1, 2, …: h = HMAC-SHA-256(key: the 32 seed bytes, "muster-draw-1\n" id "\n" entrants hash "\n" n "\n" t)
//!   for t = 0, 1, …; r = the first 8 bytes of h, big-endian; with W the summed weight of everyone not yet picked, the
//!   first r below floor(2^64 / W) · W counts (so that no remainder is favoured) and points at r mod W;
//! - the person at that point of the list, weights laid end to end in canonical order without those picked before,
//!   is pick n.
//!
//! Winners are the first picks that still qualify, each reroll takes the next pick: nothing is left to choose.

use super::state::{Giveaway, Pick};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// The first line of everything that is hashed: other uses of the same seed give other bytes.
const DOMAIN: &str = "muster-draw-1";

/// 32 bytes from the platform's generator.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// What is published at the start: it binds us to the seed without telling it.
    pub fn commitment(&self, giveaway: &str) -> String {
        hex::encode(Sha256::digest(format!("{DOMAIN}\n{giveaway}\n{}", self.hex())))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entrant {
    /// A snowflake as text.
    pub user: String,
    /// At least 1; bonus entries add to it.
    pub weight: u32,
}

/// The entrant list in canonical order, without doubles.
#[derive(Debug, Clone, Default)]
pub struct Entrants(Vec<Entrant>);

impl Entrants {
    pub fn new(mut entrants: Vec<Entrant>) -> Self {
        entrants.retain(|entrant| entrant.weight > 0);
        entrants.sort_unstable_by(|a, b| a.user.cmp(&b.user));
        entrants.dedup_by(|a, b| a.user == b.user);
        Self(entrants)
    }

    pub fn list(&self) -> &[Entrant] {
        &self.0
    }

    /// SHA-256 of the canonical list, in hex.
    pub fn hash(&self) -> String {
        let mut digest = Sha256::new();
        for entrant in &self.0 {
            digest.update(entrant.user.as_bytes());
            digest.update(format!(":{}\n", entrant.weight));
        }
        hex::encode(digest.finalize())
    }
}

/// Gives the picks one after the other. A binary indexed tree over the weights keeps each pick at log(n) steps.
pub struct Draw<'a> {
    entrants: &'a Entrants,
    seed: &'a Seed,
    /// The part of the hashed text that does not change between picks.
    prefix: String,
    /// 1-based Fenwick tree of the weights that are left.
    tree: Vec<u64>,
    left: u64,
    picked: u32,
}

impl<'a> Draw<'a> {
    pub fn new(giveaway: &str, seed: &'a Seed, entrants: &'a Entrants) -> Self {
        let n = entrants.0.len();
        let mut tree = vec![0u64; n + 1];
        for (index, entrant) in entrants.0.iter().enumerate() {
            tree[index + 1] = u64::from(entrant.weight);
        }
        for index in 1..=n {
            let parent = index + lowest_bit(index);
            if parent <= n {
                tree[parent] += tree[index];
            }
        }
        let left = entrants.0.iter().map(|entrant| u64::from(entrant.weight)).sum();
        let prefix = format!("{DOMAIN}\n{giveaway}\n{}", entrants.hash());
        Self { entrants, seed, prefix, tree, left, picked: 0 }
    }

    /// How many picks were given so far.
    pub fn picked(&self) -> u32 {
        self.picked
    }

    /// A number below `left`, every one equally likely.
    fn number(&self, pick: u32) -> u64 {
        // 2^64 mod left: what must be cut off so that no remainder is favoured.
        let excess = (u64::MAX % self.left + 1) % self.left;
        let mut turn = 0u32;
        loop {
            let r = self.random(pick, turn);
            if r <= u64::MAX - excess {
                return r % self.left;
            }
            turn += 1;
        }
    }

    fn random(&self, pick: u32, turn: u32) -> u64 {
        // HMAC takes keys of any length, so this cannot fail; a fixed number would only weaken the draw, never panic.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.seed.0) else {
            return 0;
        };
        mac.update(format!("{}\n{pick}\n{turn}", self.prefix).as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    /// The index of the entrant at `point` of the weights laid end to end.
    fn index_at(&self, mut point: u64) -> usize {
        let n = self.entrants.0.len();
        let mut position = 0;
        let mut step = (n + 1).next_power_of_two() / 2;
        while step > 0 {
            let next = position + step;
            if next <= n && self.tree[next] <= point {
                point -= self.tree[next];
                position = next;
            }
            step /= 2;
        }
        position
    }

    fn take_out(&mut self, index: usize) {
        let weight = u64::from(self.entrants.0[index].weight);
        self.left -= weight;
        let mut node = index + 1;
        while node < self.tree.len() {
            self.tree[node] -= weight;
            node += lowest_bit(node);
        }
    }
}

impl<'a> Iterator for Draw<'a> {
    type Item = &'a Entrant;

    fn next(&mut self) -> Option<&'a Entrant> {
        if self.left == 0 {
            return None;
        }
        let pick = self.picked + 1;
        let index = self.index_at(self.number(pick));
        self.take_out(index);
        self.picked = pick;
        self.entrants.0.get(index)
    }
}

/// Whether everything published fits together: commitment, list hash, and every pick in its order.
pub fn recompute(giveaway: &Giveaway, entrants: &Entrants, picks: &[Pick]) -> bool {
    let Some(seed) = Seed::from_hex(&giveaway.seed) else {
        return false;
    };
    let bound = seed.commitment(&giveaway.id) == giveaway.commitment;
    let same_list = giveaway.entrants_hash.as_deref() == Some(entrants.hash().as_str());
    let drawn: Vec<&str> =
        Draw::new(&giveaway.id, &seed, entrants).take(picks.len()).map(|entrant| entrant.user.as_str()).collect();
    let noted: Vec<&str> = picks.iter().map(|pick| pick.user_id.as_str()).collect();
    bound && same_list && drawn == noted
}

fn lowest_bit(index: usize) -> usize {
    index & index.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entrants(weights: &[u32]) -> Entrants {
        let list = weights.iter().enumerate();
        Entrants::new(list.map(|(i, w)| Entrant { user: format!("{}", 1_000 + i), weight: *w }).collect())
    }

    fn seed(n: u64) -> Seed {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Seed::new(bytes)
    }

    fn picks(id: &str, seed: &Seed, entrants: &Entrants) -> Vec<String> {
        Draw::new(id, seed, entrants).map(|e| e.user.clone()).collect()
    }

    /// The stated procedure again, without the tree.
    fn plainly(id: &str, seed: &Seed, entrants: &Entrants) -> Vec<String> {
        let mut left: Vec<Entrant> = entrants.list().to_vec();
        let reference = Draw::new(id, seed, entrants);
        let mut order = Vec::new();
        while !left.is_empty() {
            let total: u128 = left.iter().map(|e| u128::from(e.weight)).sum();
            let limit = (1u128 << 64) / total * total;
            let pick = u32::try_from(order.len()).unwrap() + 1;
            let r = (0..).map(|t| u128::from(reference.random(pick, t))).find(|r| *r < limit).unwrap();
            let mut point = r % total;
            let index = left.iter().position(|e| {
                let inside = point < u128::from(e.weight);
                if !inside {
                    point -= u128::from(e.weight);
                }
                inside
            });
            order.push(left.remove(index.unwrap()).user);
        }
        order
    }

    proptest! {
        #[test]
        fn the_tree_draws_what_the_stated_procedure_draws(
            weights in prop::collection::vec(1u32..50, 0..40), number in any::<u64>(),
        ) {
            let (list, seed) = (entrants(&weights), seed(number));
            let drawn = picks("g", &seed, &list);
            prop_assert_eq!(&drawn, &plainly("g", &seed, &list));
            let mut once = drawn.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), weights.len());
        }

        #[test]
        fn order_of_arrival_changes_nothing(number in any::<u64>()) {
            let one = entrants(&[1, 2, 3, 4, 5]);
            let mut list = one.list().to_vec();
            list.reverse();
            let other = Entrants::new(list);
            prop_assert_eq!(one.hash(), other.hash());
            prop_assert_eq!(picks("g", &seed(number), &one), picks("g", &seed(number), &other));
        }
    }

    #[test]
    fn a_known_draw_stays_the_same() {
        let list = entrants(&[1, 1, 5, 1, 2]);
        assert_eq!(seed(7).commitment("demo").len(), 64);
        insta::assert_snapshot!(
            format!("{} {} {}", seed(7).commitment("demo"), list.hash(), picks("demo", &seed(7), &list).join(",")),
            @"78f4416b580fa52ab431e4bf0843e0bf89180510e3b040bd500d6c1d25c37501 c6fd97b0afcc4d115c94dffdfaf8fbf6e89c7160da9488efc46f828323f5206e 1003,1002,1000,1004,1001"
        );
    }

    /// Pearson's chi-square statistic of first picks against what the weights promise.
    fn chi_square(weights: &[u32], draws: u64) -> f64 {
        let list = entrants(weights);
        let mut counts = vec![0u64; weights.len()];
        for n in 0..draws {
            let first = Draw::new("fair", &seed(n), &list).next().unwrap().user.parse::<usize>().unwrap();
            counts[first - 1_000] += 1;
        }
        let total: u32 = weights.iter().sum();
        let terms = counts.iter().zip(weights).map(|(count, weight)| {
            let expected = draws as f64 * f64::from(*weight) / f64::from(total);
            (*count as f64 - expected).powi(2) / expected
        });
        terms.sum()
    }

    #[test]
    fn a_hundred_thousand_draws_are_fair_weights_included() {
        // 9 and 5 degrees of freedom; the 99.9 % points of the chi-square distribution are 27.88 and 20.52.
        // The seeds are fixed, so this cannot fail by chance.
        assert!(chi_square(&[1; 10], 100_000) < 27.88);
        assert!(chi_square(&[1, 2, 3, 4, 5, 10], 100_000) < 20.52);
    }

    #[test]
    fn second_picks_are_fair_too() {
        // Among three with weights 1, 1, 2: P(second = last) = 2 · (1/4 · 2/3) = 1/3.
        let list = entrants(&[1, 1, 2]);
        let draws = 30_000u64;
        let hits = (0..draws).filter(|n| Draw::new("second", &seed(*n), &list).nth(1).unwrap().user == "1002").count();
        let expected = draws as f64 / 3.0;
        let sigma = (draws as f64 * (1.0 / 3.0) * (2.0 / 3.0)).sqrt();
        assert!((hits as f64 - expected).abs() < 4.0 * sigma);
    }
}
