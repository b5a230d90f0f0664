//! Purpose: snowflakes and timestamps, all taken from the simulator's own clock.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// First second of 2015 in Unix milliseconds: where Discord's snowflakes begin counting (Discord reference, "Snowflakes").
pub const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// A snowflake. Written as decimal text in JSON, as Discord does, so that no JavaScript reader loses digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Id(pub u64);

impl Id {
    /// When the snowflake was made, in Unix milliseconds.
    pub fn created_ms(self) -> u64 {
        (self.0 >> 22) + DISCORD_EPOCH_MS
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Id {
    type Err = NotASnowflake;

    fn from_str(text: &str) -> Result<Self, NotASnowflake> {
        // A leading zero, sign or space is how ids of mixed types sneak past a comparison: only plain digits count.
        let plain = !text.is_empty()
            && text.len() <= 20
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        if !plain {
            return Err(NotASnowflake);
        }
        text.parse().map(Id).map_err(|_| NotASnowflake)
    }
}

/// The text is not a snowflake: 1 to 20 digits without a leading zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a snowflake")]
pub struct NotASnowflake;

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Hands out snowflakes: always rising while the clock does not run backwards, never the same one twice.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mint {
    last: u64,
    last_ms: u64,
    /// How often the clock went back; stands where Discord puts the machine number, so old ids are never met again.
    generation: u64,
    backdated: u64,
}

impl Mint {
    pub(crate) fn next(&mut self, now_ms: u64) -> Id {
        if now_ms < self.last_ms {
            self.generation = (self.generation + 1) % 900;
            self.last = 0;
        }
        self.last_ms = now_ms;
        let base = (now_ms.saturating_sub(DISCORD_EPOCH_MS) << 22) | (self.generation << 12);
        self.last = if base > self.last { base } else { self.last + 1 };
        Id(self.last.max(1))
    }

    /// An id for something that was made earlier than now (an account of three years, say).
    pub(crate) fn backdated(&mut self, created_ms: u64) -> Id {
        // Machine numbers from 1000 up are kept for these, so they never meet ids of `next`.
        self.backdated += 1;
        let machine = 1000 + (self.backdated >> 12) % 24;
        Id((created_ms.saturating_sub(DISCORD_EPOCH_MS) << 22) | (machine << 12) | (self.backdated & 0xfff))
    }
}

/// Discord's way to write a time: ISO 8601, microseconds, numeric offset.
pub fn timestamp(unix_ms: u64) -> String {
    let millis = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    let time: DateTime<Utc> = DateTime::from_timestamp_millis(millis).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// Reads an ISO 8601 time into Unix milliseconds; nothing when it is no such time or lies before 1970.
pub fn parse_timestamp(text: &str) -> Option<u64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    u64::try_from(time.timestamp_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_within_a_millisecond_and_stay_unique_when_the_clock_goes_back() {
        let mut mint = Mint::default();
        let mut seen = std::collections::BTreeSet::new();
        for now in [DISCORD_EPOCH_MS + 10, DISCORD_EPOCH_MS + 10, DISCORD_EPOCH_MS + 11, DISCORD_EPOCH_MS + 10] {
            assert!(seen.insert(mint.next(now)));
        }
        assert!(seen.insert(mint.backdated(DISCORD_EPOCH_MS + 10)));
        assert_eq!(mint.next(DISCORD_EPOCH_MS + 99).created_ms(), DISCORD_EPOCH_MS + 99);
    }

    #[test]
    fn only_plain_digits_are_ids() {
        for bad in ["", "0", "01", " 1", "1 ", "-1", "1e3", "[1]", "99999999999999999999"] {
            assert_eq!(bad.parse::<Id>(), Err(NotASnowflake), "{bad}");
        }
        assert_eq!("9007199254740993".parse::<Id>().map(|id| id.to_string()).as_deref(), Ok("9007199254740993"));
    }

    #[test]
    fn timestamps_are_discords() {
        assert_eq!(timestamp(1_700_000_000_123), "2023-11-14T22:13:20.123000+00:00");
        assert_eq!(parse_timestamp("2023-11-14T22:13:20.123000+00:00"), Some(1_700_000_000_123));
    }
}
