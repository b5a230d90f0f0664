//! Purpose: how much a guild can set: the limits of numbers, texts and lists in its configuration.

use std::ops::RangeInclusive;

/// 24 bits of red, green and blue.
pub const COLOR_MAX: u32 = 0xFF_FFFF;
pub const MANAGERS_MAX: usize = 10;
/// From half a minute to two weeks.
pub const CLAIM_SECONDS: RangeInclusive<u32> = 30..=14 * 86_400;
pub const REROLLS_MAX: u32 = 50;
/// A year.
pub const COOLDOWN_DAYS_MAX: u32 = 365;

/// For one message, and for a minute in voice.
pub const XP_MAX: u32 = 1_000;
/// A day.
pub const COOLDOWN_MAX: u32 = 86_400;
/// Discord's longest message of somebody without Nitro.
pub const LENGTH_MAX: u32 = 2_000;
/// Days, a year.
pub const LEAVERS_MAX: u32 = 365;
/// Ranges of levels about which nothing is said.
pub const QUIET_MAX: usize = 20;
/// Characters of a guild's own words.
pub const WORDS_MAX: u16 = 500;
/// As many as Discord can suggest at once, and more than any server needs.
pub const REWARDS_MAX: usize = 25;
/// As many as Discord can suggest at once.
pub const MULTIPLIERS_MAX: usize = 25;
pub const MULTIPLIER_PERCENT_MAX: u32 = 1_000;
/// Channels without XP, and roles without XP.
pub const IGNORED_MAX: usize = 50;
