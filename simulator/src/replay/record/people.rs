//! Purpose: users and members of a recording: made from their number whenever they are needed, never kept.

use serde_json::{Value, json};

use crate::ids::{DISCORD_EPOCH_MS, timestamp};

use super::{dice::Dice, guild::Guild, words};

const USER: u64 = 1;
const MEMBER: u64 = 2;
/// People who are in many guilds at once.
const WELL_KNOWN: u64 = 5_000;
/// User numbers of a guild's own people begin here, a million per guild.
const OWN: u64 = 1 << 32;

/// A snowflake of a moment, with low bits that tell apart what was made in the same millisecond.
pub(super) fn snowflake(ms: u64, low: u64) -> u64 {
    (ms.saturating_sub(DISCORD_EPOCH_MS) << 22) | (low & 0x3f_ffff)
}

/// The number of a guild's member among all users. Every eighth of the first members is in other guilds too.
fn user_number(guild: &Guild, member: u64) -> u64 {
    if member.is_multiple_of(8) && member < WELL_KNOWN {
        (guild.number * 7 + member) % WELL_KNOWN
    } else {
        OWN + guild.number * 1_000_000 + member
    }
}

pub(super) fn user_id(seed: u64, guild: &Guild, member: u64) -> u64 {
    id_of(&mut Dice::of(seed, USER, user_number(guild, member)))
}

fn id_of(dice: &mut Dice) -> u64 {
    // Accounts of the years 2016 to 2024.
    let created = DISCORD_EPOCH_MS + dice.between(366, 3_600) * 86_400_000 + dice.below(86_400_000);
    snowflake(created, dice.next())
}

/// The user object as it stands in `author`.
pub(super) fn user(seed: u64, guild: &Guild, member: u64) -> Value {
    let number = user_number(guild, member);
    let dice = &mut Dice::of(seed, USER, number);
    let id = id_of(dice);
    let username = format!("{}.{}{}", words::word(dice), words::word(dice), number % 100_000);
    let global_name = dice.often(800).then(|| words::name(dice));
    let avatar = dice.often(700).then(|| dice.hash());
    let tag = dice.often(120).then(|| {
        json!({"tag": "TEAM", "identity_guild_id": guild.id.to_string(), "identity_enabled": true, "badge": dice.hash()})
    });
    let decoration = dice.often(90).then(|| {
        json!({"sku_id": (1_144_000_000_000_000_000 + dice.below(1 << 50)).to_string(), "asset": dice.hash(), "expires_at": null})
    });
    json!({
        "id": id.to_string(),
        "username": username,
        "global_name": global_name,
        "discriminator": "0",
        "avatar": avatar,
        "avatar_decoration_data": decoration,
        "collectibles": null,
        "display_name_styles": null,
        "public_flags": if dice.often(150) { 64 << dice.below(3) } else { 0 },
        "clan": tag,
        "primary_guild": tag,
    })
}

/// The member object as it stands beside `author`, without the user.
pub(super) fn member(seed: u64, guild: &Guild, member: u64) -> Value {
    let dice = &mut Dice::of(seed, MEMBER, user_number(guild, member) ^ guild.number << 40);
    let mut roles: Vec<String> = Vec::new();
    if !guild.roles.is_empty() {
        let held = dice.skewed(8);
        roles = (0..held).map(|_| dice.one_of(&guild.roles).to_string()).collect();
        roles.sort();
        roles.dedup();
    }
    let joined_ms = guild.created_ms() + dice.below(guild.age_ms.max(1));
    json!({
        "roles": roles,
        "nick": dice.often(220).then(|| words::name(dice)),
        "avatar": dice.often(15).then(|| dice.hash()),
        "banner": null,
        "joined_at": timestamp(joined_ms),
        "premium_since": dice.often(25).then(|| timestamp(joined_ms + 86_400_000)),
        "communication_disabled_until": null,
        "flags": dice.one_of(&[0, 0, 0, 2, 10]),
        "pending": false,
        "mute": false,
        "deaf": false,
    })
}
