//! Purpose: which shards this process holds: `auto`, a count, or a range of a count that several machines share.

use std::{ops::Range, str::FromStr};
use twilight_model::id::{Id, marker::GuildMarker};

/// As given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shards {
    /// As many as Discord recommends, all of them here.
    Auto,
    /// These of so many.
    Fixed { held: Range<u32>, total: u32 },
}

/// More than Discord has ever recommended to a single bot by far; it keeps a typing error from logging in a million times.
const TOTAL_MAX: u32 = 16_384;

impl FromStr for Shards {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no set of shards: write auto, a number such as 4, or a range such as 0..8/32");
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
        let (held, total) = match text.split_once('/') {
            None => {
                let total = number(text)?;
                (0..total, total)
            }
            Some((range, total)) => {
                let (from, to) = range.split_once("..").ok_or_else(wrong)?;
                (number(from)?..number(to)?, number(total)?)
            }
        };
        if held.is_empty() {
            return Err(format!("{text:?} holds no shard: the range ends before its second number, 0..8 are eight"));
        }
        if held.end > total {
            return Err(format!(
                "{text:?} goes beyond its total: of {total} shards the last is {}",
                total.saturating_sub(1)
            ));
        }
        if total > TOTAL_MAX {
            return Err(format!("{total} shards are too many: {TOTAL_MAX} are the most"));
        }
        Ok(Self::Fixed { held, total })
    }
}

/// The shards of this process, with the total known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub shards: Range<u32>,
    pub total: u32,
}

impl Held {
    /// `recommended` is Discord's number, for `auto`.
    pub fn new(shards: &Shards, recommended: u32) -> Self {
        match shards {
            Shards::Auto => {
                let total = recommended.clamp(1, TOTAL_MAX);
                Self { shards: 0..total, total }
            }
            Shards::Fixed { held, total } => Self { shards: held.clone(), total: *total },
        }
    }

    /// Which shard a guild is on (Discord's reference, "Sharding Formula").
    pub fn shard_of(&self, guild: Id<GuildMarker>) -> u32 {
        u32::try_from((guild.get() >> 22) % u64::from(self.total.max(1))).unwrap_or(0)
    }

    pub fn holds(&self, guild: Id<GuildMarker>) -> bool {
        self.shards.contains(&self.shard_of(guild))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("auto", Shards::Auto)]
    #[case("1", Shards::Fixed { held: 0..1, total: 1 })]
    #[case("16", Shards::Fixed { held: 0..16, total: 16 })]
    #[case("0..8/32", Shards::Fixed { held: 0..8, total: 32 })]
    #[case("31..32/32", Shards::Fixed { held: 31..32, total: 32 })]
    fn good_ones(#[case] text: &str, #[case] shards: Shards) {
        assert_eq!(text.parse(), Ok(shards));
    }

    #[rstest]
    #[case("", "write auto")]
    #[case("all", "write auto")]
    #[case("-1", "write auto")]
    #[case("0-8/32", "write auto")]
    #[case("0", "holds no shard")]
    #[case("8..8/32", "holds no shard")]
    #[case("9..8/32", "holds no shard")]
    #[case("30..33/32", "the last is 31")]
    #[case("0..1/99999", "too many")]
    fn bad_ones_say_what_to_write(#[case] text: &str, #[case] sentence: &str) {
        let error = text.parse::<Shards>().unwrap_err();
        assert!(error.contains(sentence), "{error}");
    }

    #[test]
    fn each_guild_is_on_exactly_one_shard_of_all_machines() {
        let machines = ["0..8/32", "8..32/32"].map(|text| Held::new(&text.parse().unwrap(), 1));
        for id in (1..500_u64).map(|n| Id::new(n << 22 | 5)) {
            assert_eq!(machines.iter().filter(|held| held.holds(id)).count(), 1);
        }
        assert_eq!(Held::new(&Shards::Auto, 3), Held { shards: 0..3, total: 3 });
        assert_eq!(Held::new(&Shards::Auto, 0), Held { shards: 0..1, total: 1 });
    }
}
