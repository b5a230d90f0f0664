//! Purpose: numbers that look random and are the same for the same seed on every machine: whole numbers only.

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// A stream of its own for each purpose and thing.
    pub(super) fn of(seed: u64, purpose: u64, thing: u64) -> Self {
        let mut mixed = Self(seed ^ purpose.rotate_left(48));
        Self(mixed.next().wrapping_add(thing.wrapping_mul(0xD134_2543_DE82_EF95)))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 when there is none.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Small numbers far more often than large ones.
    pub(super) fn skewed(&mut self, limit: u64) -> u64 {
        let bound = self.below(limit) + 1;
        self.below(bound)
    }

    /// True this many times in a thousand.
    pub(super) fn often(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of a list; its `Default` for an empty one.
    pub(super) fn one_of<T: Clone + Default>(&mut self, list: &[T]) -> T {
        let at = self.below(list.len() as u64) as usize;
        list.get(at).cloned().unwrap_or_default()
    }

    /// Hexadecimal digits of a picture, now and then of a moving one.
    pub(super) fn hash(&mut self) -> String {
        let moving = if self.often(60) { "a_" } else { "" };
        format!("{moving}{:016x}{:016x}", self.next(), self.next())
    }
}
