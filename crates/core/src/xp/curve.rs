//! Purpose: how much experience each level takes.

use serde::{Deserialize, Serialize};

/// Nobody climbs higher: at the default curve this takes 1.7 billion experience.
pub const LEVEL_MAX: u32 = 1_000;
/// Quarters of the smallest and largest exponent: 1.00 and 3.00.
pub const QUARTERS: std::ops::RangeInclusive<u32> = 4..=12;
/// Smallest and largest base.
pub const BASES: std::ops::RangeInclusive<u32> = 10..=10_000;

/// From level `L` to the next it takes `base · (L^exponent / 20 + L / 2 + 1)`. The default is MEE6's published curve,
/// `5 L² + 50 L + 100`, so that imported totals keep their levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Curve {
    pub base: u32,
    /// The exponent in quarters (8 is 2.00): quarters are exact on every machine, so a level is the same everywhere.
    pub exponent_quarters: u32,
}

impl Default for Curve {
    fn default() -> Self {
        Self { base: 100, exponent_quarters: 8 }
    }
}

/// Where a total stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub level: u32,
    /// Experience since that level was reached.
    pub into_level: u64,
    /// What this level takes; 0 at the highest.
    pub level_takes: u64,
}

impl Curve {
    /// Experience from `level` to the next.
    pub fn takes(self, level: u32) -> u64 {
        let base = f64::from(self.base.clamp(*BASES.start(), *BASES.end()));
        let quarters = self.exponent_quarters.clamp(*QUARTERS.start(), *QUARTERS.end());
        let level = f64::from(level.min(LEVEL_MAX));
        // Products and square roots only: IEEE 754 rounds those the same everywhere, which it does not ask of `powf`.
        let power = (0..quarters).fold(1.0, |power, _| power * level).sqrt().sqrt();
        // At most 10,000 · (10^9 / 20 + 501), far below 2^53.
        (base * (power / 20.0 + level / 2.0 + 1.0)).round() as u64
    }

    /// Experience at which `level` is reached, from nothing.
    pub fn total_for(self, level: u32) -> u64 {
        (0..level.min(LEVEL_MAX)).map(|below| self.takes(below)).sum()
    }

    pub fn standing(self, total: u64) -> Standing {
        let mut into_level = total;
        for level in 0..LEVEL_MAX {
            let level_takes = self.takes(level);
            if into_level < level_takes {
                return Standing { level, into_level, level_takes };
            }
            into_level -= level_takes;
        }
        Standing { level: LEVEL_MAX, into_level, level_takes: 0 }
    }

    pub fn level(self, total: u64) -> u32 {
        self.standing(total).level
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    /// Totals that MEE6 shows for its levels.
    #[rstest]
    #[case(0, 0)]
    #[case(1, 100)]
    #[case(2, 255)]
    #[case(3, 475)]
    #[case(5, 1_150)]
    #[case(10, 4_675)]
    #[case(20, 23_850)]
    #[case(50, 268_375)]
    #[case(100, 1_899_250)]
    fn the_default_is_mee6s(#[case] level: u32, #[case] total: u64) {
        let curve = Curve::default();
        assert_eq!(curve.total_for(level), total);
        assert_eq!(curve.level(total), level);
        if total > 0 {
            assert_eq!(curve.level(total - 1), level - 1);
        }
    }

    #[test]
    fn quarters_of_an_exponent_lie_between_its_whole_numbers() {
        let takes = |exponent_quarters| Curve { base: 100, exponent_quarters }.takes(16);
        // 16^1, 16^1.5 and 16^2 are 16, 64 and 256.
        assert_eq!((takes(4), takes(6), takes(8)), (980, 1_220, 2_180));
    }

    #[test]
    fn more_than_enough_stays_at_the_highest_level() {
        for curve in [Curve::default(), Curve { base: u32::MAX, exponent_quarters: u32::MAX }] {
            let standing = curve.standing(u64::MAX);
            assert_eq!((standing.level, standing.level_takes), (LEVEL_MAX, 0));
        }
    }

    proptest! {
        #[test]
        fn a_total_stands_between_two_levels(base in any::<u32>(), exponent_quarters in any::<u32>(), total in 0..1_u64 << 40) {
            let curve = Curve { base, exponent_quarters };
            let standing = curve.standing(total);
            prop_assert_eq!(curve.total_for(standing.level) + standing.into_level, total);
            prop_assert!(standing.level == LEVEL_MAX || standing.into_level < standing.level_takes);
        }
    }
}
