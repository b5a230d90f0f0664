//! Purpose: guilds of a recording and their GUILD_CREATE: sizes heavy-tailed, channels and roles growing with them.

use serde_json::{Map, Value, json};

use crate::{
    ids::{DISCORD_EPOCH_MS, timestamp},
    render::guild_constants,
};

use super::{
    dice::Dice,
    people::{self, snowflake},
    words,
};

const GUILD: u64 = 3;
const SHAPE: u64 = 4;

/// A guild, as far as its traffic needs it.
pub(super) struct Guild {
    pub number: u64,
    pub id: u64,
    pub members: u64,
    /// From its making to the start of the recording.
    pub age_ms: u64,
    pub roles: Vec<u64>,
    pub text: Vec<u64>,
    pub voice: Vec<u64>,
    pub emojis: Vec<u64>,
    /// Members who sit in a voice channel at the start, with the channel.
    pub talking: Vec<(u64, u64)>,
}

impl Guild {
    pub(super) fn created_ms(&self) -> u64 {
        (self.id >> 22) + DISCORD_EPOCH_MS
    }
}

/// How the members are spread: the n-th largest guild has a share of 1/n, and nobody is alone.
fn sizes(guilds: u64, members: u64) -> Vec<u64> {
    let least = 2;
    let spare = members.saturating_sub(guilds * least);
    let share = |rank: u64| (1 << 32) / (rank + 1);
    let all: u64 = (0..guilds).map(share).sum();
    let mut sizes: Vec<u64> = (0..guilds)
        .map(|rank| least + (u128::from(spare) * u128::from(share(rank)) / u128::from(all.max(1))) as u64)
        .collect();
    let given: u64 = sizes.iter().sum();
    // What rounding left over goes to the largest.
    if let Some(first) = sizes.first_mut() {
        *first += members.saturating_sub(given);
    }
    sizes
}

/// All guilds, in an order that has nothing to do with their sizes.
pub(super) fn all(seed: u64, guilds: u64, members: u64, start_ms: u64) -> Vec<Guild> {
    let mut sizes = sizes(guilds, members);
    let mut dice = Dice::of(seed, SHAPE, 0);
    for at in (1..sizes.len()).rev() {
        sizes.swap(at, dice.below(at as u64 + 1) as usize);
    }
    (0..guilds).zip(sizes).map(|(number, members)| one(seed, number, members, start_ms)).collect()
}

fn one(seed: u64, number: u64, members: u64, start_ms: u64) -> Guild {
    let dice = &mut Dice::of(seed, GUILD, number);
    let age_ms = dice.between(20, 2_800) * 86_400_000 + dice.below(86_400_000);
    let id = snowflake(start_ms.saturating_sub(age_ms), dice.next());
    let mut ids = |count: u64, latest: u64| -> Vec<u64> {
        (0..count).map(|_| snowflake(start_ms.saturating_sub(dice.below(age_ms.max(latest))), dice.next())).collect()
    };
    let root = members.isqrt();
    let mut guild = Guild {
        number,
        id,
        members,
        age_ms,
        roles: ids((3 + root / 2).min(110), 1),
        text: ids((3 + root / 3).min(150), 1),
        voice: ids((1 + root / 12).min(30), 1),
        emojis: ids((members / 15).min(200), 1),
        talking: Vec::new(),
    };
    // Discord's first channel carries the guild's own id.
    if let Some(first) = guild.text.first_mut() {
        *first = id;
    }
    let talking = dice.below((members / 150).min(40) + 1);
    let mut seats: Vec<(u64, u64)> = (0..talking).map(|_| (dice.below(members), dice.one_of(&guild.voice))).collect();
    seats.sort_unstable();
    seats.dedup_by_key(|(member, _)| *member);
    guild.talking = seats;
    guild
}

/// The guild's GUILD_CREATE. `bot` is the application's user object.
pub(super) fn create_json(seed: u64, guild: &Guild, bot: &Value) -> Value {
    let dice = &mut Dice::of(seed, GUILD, guild.number | 1 << 40);
    let mut json: Map<String, Value> = guild_constants();
    let seated = guild.talking.iter().map(|(member, _)| {
        let mut json = people::member(seed, guild, *member);
        json["user"] = people::user(seed, guild, *member);
        json
    });
    let own = json!({
        "user": bot, "roles": [], "nick": null, "avatar": null, "banner": null, "joined_at": timestamp(guild.created_ms() + 60_000),
        "premium_since": null, "communication_disabled_until": null, "flags": 0, "pending": false, "mute": false, "deaf": false,
    });
    let states: Vec<Value> = guild
        .talking
        .iter()
        .map(|(member, channel)| {
            let mut state = voice_state(seed, guild, *member, Some(*channel), dice);
            state.as_object_mut().map(|map| (map.remove("member"), map.remove("guild_id")));
            state
        })
        .collect();
    let parts = json!({
        "id": guild.id.to_string(),
        "name": words::name(dice),
        "icon": dice.often(800).then(|| dice.hash()),
        "description": dice.often(200).then(|| words::content(dice)),
        "owner_id": people::user_id(seed, guild, 0).to_string(),
        "preferred_locale": dice.one_of(&["en-US", "en-US", "en-US", "de", "fr", "pt-BR", "ja"]),
        "joined_at": timestamp(guild.created_ms() + 60_000),
        "large": guild.members > 50,
        "unavailable": false,
        "member_count": guild.members,
        "premium_subscription_count": guild.members / 400,
        "features": if guild.members > 1_000 { json!(["COMMUNITY", "NEWS", "SOUNDBOARD", "INVITE_SPLASH"]) } else { json!([]) },
        "roles": roles(guild, dice),
        "channels": channels(guild, dice),
        "emojis": guild.emojis.iter().map(|id| json!({
            "id": id.to_string(), "name": words::word(dice), "roles": [], "require_colons": true, "managed": false,
            "animated": dice.often(300), "available": true,
        })).collect::<Vec<_>>(),
        "members": seated.chain([own]).collect::<Vec<_>>(),
        "voice_states": states,
        "threads": [], "presences": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        "version": guild.created_ms(), "lazy": true,
    });
    if let Value::Object(parts) = parts {
        json.extend(parts);
    }
    Value::Object(json)
}

fn roles(guild: &Guild, dice: &mut Dice) -> Vec<Value> {
    let everyone = std::iter::once(guild.id);
    let each = everyone.chain(guild.roles.iter().copied()).enumerate();
    each.map(|(position, id)| {
        let colour = if position == 0 { 0 } else { dice.below(0x100_0000) };
        json!({
            "id": id.to_string(), "name": if position == 0 { "@everyone".to_owned() } else { words::name(dice) },
            "description": null, "permissions": (0x6_DAB1_FFFF_u64 & dice.next() | 0xC00).to_string(), "position": position,
            "color": colour, "colors": {"primary_color": colour, "secondary_color": null, "tertiary_color": null},
            "hoist": dice.often(200), "managed": dice.often(100), "mentionable": dice.often(150), "icon": null, "unicode_emoji": null,
            "flags": 0, "tags": {},
        })
    })
    .collect()
}

fn channels(guild: &Guild, dice: &mut Dice) -> Vec<Value> {
    let kinds = guild.text.iter().map(|id| (*id, 0)).chain(guild.voice.iter().map(|id| (*id, 2)));
    kinds
        .enumerate()
        .map(|(position, (id, kind))| {
            let overwrites = dice.skewed(6);
            let overwrites: Vec<Value> = (0..overwrites)
                .map(|_| json!({"id": dice.one_of(&guild.roles).to_string(), "type": 0, "allow": (dice.next() & 0x3F_FC00).to_string(), "deny": (dice.next() & 0xC00).to_string()}))
                .collect();
            let mut json = json!({
                "id": id.to_string(), "type": kind, "name": words::name(dice).replace(' ', "-"), "position": position,
                "parent_id": null, "flags": 0, "nsfw": false, "rate_limit_per_user": dice.one_of(&[0, 0, 0, 5, 30]),
                "permission_overwrites": overwrites, "version": guild.created_ms(),
                "last_message_id": (id + (dice.below(guild.age_ms.max(1)) << 22)).to_string(),
            });
            if kind == 2 {
                (json["bitrate"], json["user_limit"], json["rtc_region"]) = (json!(64_000), json!(0), Value::Null);
            } else {
                json["topic"] = json!(dice.often(500).then(|| words::content(dice)));
                json["icon_emoji"] = json!({"id": null, "name": words::emoji(dice)});
            }
            json
        })
        .collect()
}

/// A voice state with its member; nobody's channel when there is none.
pub(super) fn voice_state(seed: u64, guild: &Guild, member: u64, channel: Option<u64>, dice: &mut Dice) -> Value {
    let mut with_user = people::member(seed, guild, member);
    with_user["user"] = people::user(seed, guild, member);
    json!({
        "guild_id": guild.id.to_string(),
        "channel_id": channel.map(|id| id.to_string()),
        "user_id": with_user["user"]["id"],
        "member": with_user,
        "session_id": format!("{:016x}{:016x}", dice.next(), dice.next()),
        "deaf": false, "mute": false, "self_deaf": dice.often(100), "self_mute": dice.often(350),
        "self_video": dice.often(30), "self_stream": dice.often(50), "suppress": false, "request_to_speak_timestamp": null,
    })
}
