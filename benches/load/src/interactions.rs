//! Purpose: interaction bodies of the shape and size Discord sends, each with its own ids, signed ahead of time.

use crate::job::{Case, Job};
use crate::signing;
use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds between the Unix epoch and Discord's (2015-01-01), as in the snowflake format.
const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

const APPLICATION_ID: u64 = 1_100_000_000_000_000_001;
const CHANNEL_ID: u64 = 1_100_000_000_000_000_002;
const COMMAND_ID: u64 = 1_100_000_000_000_000_003;
const MEMBER_ID: u64 = 1_100_000_000_000_000_004;
/// Real interaction tokens are about 200 characters.
const TOKEN_LENGTH: usize = 200;

/// A request ready to send.
#[derive(Clone, Serialize)]
pub struct Prepared {
    pub timestamp: String,
    pub signature: String,
    #[serde(serialize_with = "as_text")]
    pub body: Bytes,
    /// The address of a visitor, who sends no interaction at all, and the path that they open.
    pub visitor: Option<(String, String)>,
}

fn as_text<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}

/// Signs as many distinct interactions as the job asks for.
pub fn prepare(job: &Job) -> Vec<Prepared> {
    if let Case::Visit { first, among } = job.case {
        return (first..first + job.requests)
            .map(|n| visit(n, if among == 0 { n } else { drawn(n, among) }, &job.path))
            .collect();
    }
    let key = signing::key();
    let now_ms = now_ms();
    let timestamp = (now_ms / 1_000).to_string();
    (0..job.requests as u64)
        .map(|n| {
            let body = serde_json::to_vec(&body(&job.case, snowflake(now_ms, n), n))
                .unwrap_or_else(|e| unreachable!("a JSON value always serializes: {e}"));
            let mut signature = signing::signature_hex(&key, &timestamp, &body);
            if matches!(job.case, Case::Forged) {
                let flipped = if signature.starts_with('0') { "1" } else { "0" };
                signature.replace_range(..1, flipped);
            }
            Prepared { timestamp: timestamp.clone(), signature, body: body.into(), visitor: None }
        })
        .collect()
}

/// A number below `among`: the first is twice as frequent as the second, three times as frequent as the third, and so on.
fn drawn(n: usize, among: u32) -> usize {
    // The fractional parts of multiples of the golden ratio lie evenly.
    let share = (n as f64 * 0.618_033_988_749_894_9).fract();
    (f64::from(among).powf(share) as usize).saturating_sub(1)
}

fn visit(n: usize, link: usize, path: &str) -> Prepared {
    let address = format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255);
    let visitor = Some((address, path.replace("{n}", &format!("{link:08}"))));
    Prepared { timestamp: String::new(), signature: String::new(), body: Bytes::new(), visitor }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(DISCORD_EPOCH_MS, |d| d.as_millis() as u64)
}

/// A snowflake of this moment. The low 22 bits hold the count; what does not fit goes back in time, millisecond by
/// millisecond, so ids stay distinct and never lie in the future.
fn snowflake(now_ms: u64, n: u64) -> u64 {
    const LOW_BITS: u64 = 22;
    let age = n >> LOW_BITS;
    ((now_ms - DISCORD_EPOCH_MS - age) << LOW_BITS) | (n & ((1 << LOW_BITS) - 1))
}

fn body(case: &Case, id: u64, n: u64) -> Value {
    match case {
        Case::Ping => json!({
            "app_permissions": "562949953601536",
            "application_id": APPLICATION_ID.to_string(),
            "authorizing_integration_owners": {},
            "entitlements": [],
            "id": id.to_string(),
            "token": token(id),
            "type": 1,
            "user": user(MEMBER_ID),
            "version": 1,
        }),
        Case::Command { name, guild_id } => command(name, guild_id, id),
        Case::Forged | Case::Visit { .. } => command("ping", "1", id),
        Case::Button { custom_id, guild_id, message_id, first_user_id } => {
            let mut value = in_guild(3, guild_id, id, first_user_id + n);
            value["data"] = json!({ "component_type": 2, "custom_id": custom_id, "id": 2 });
            value["message"] = message(custom_id, message_id);
            value
        }
    }
}

fn command(name: &str, guild: &str, id: u64) -> Value {
    let mut value = in_guild(2, guild, id, MEMBER_ID);
    value["data"] = json!({ "id": COMMAND_ID.to_string(), "name": name, "type": 1 });
    value
}

/// What every interaction from inside a guild carries.
fn in_guild(kind: u8, guild: &str, id: u64, user_id: u64) -> Value {
    json!({
        "app_permissions": "562949953601536",
        "application_id": APPLICATION_ID.to_string(),
        "attachment_size_limit": 10_485_760,
        "authorizing_integration_owners": { "0": guild },
        "channel": {
            "flags": 0, "guild_id": guild, "icon_emoji": null, "id": CHANNEL_ID.to_string(), "last_message_id": id.to_string(),
            "name": "general", "nsfw": false, "parent_id": null, "permissions": "2248473465835073", "position": 1,
            "rate_limit_per_user": 0, "theme_color": null, "topic": "Where the community talks", "type": 0,
        },
        "channel_id": CHANNEL_ID.to_string(),
        "context": 0,
        "entitlement_sku_ids": [],
        "entitlements": [],
        "guild": { "features": ["COMMUNITY", "NEWS"], "id": guild, "locale": "en-US" },
        "guild_id": guild,
        "guild_locale": "en-US",
        "id": id.to_string(),
        "locale": "en-US",
        "member": {
            "avatar": null, "banner": null, "collectibles": null, "communication_disabled_until": null, "deaf": false,
            "flags": 0, "joined_at": "2023-04-24T16:20:00.123000+00:00", "mute": false, "nick": "Regular",
            "pending": false, "permissions": "2248473465835073", "premium_since": null,
            "roles": ["1100000000000000010", "1100000000000000011"], "unusual_dm_activity_until": null, "user": user(user_id),
        },
        "token": token(id),
        "type": kind,
        "version": 1,
    })
}

fn user(id: u64) -> Value {
    json!({
        "avatar": "3b5b5a1b5e6f7a8b9c0d1e2f3a4b5c6d", "avatar_decoration_data": null, "bot": false, "clan": null,
        "collectibles": null, "discriminator": "0", "display_name_styles": null, "global_name": "Regular Member",
        "id": id.to_string(), "primary_guild": null, "public_flags": 0, "system": false, "username": format!("member_{id}"),
    })
}

/// The message a pressed button sits on.
fn message(custom_id: &str, id: &str) -> Value {
    json!({
        "application_id": APPLICATION_ID.to_string(), "attachments": [],
        "author": {
            "avatar": null, "avatar_decoration_data": null, "bot": true, "clan": null, "discriminator": "0000",
            "global_name": null, "id": APPLICATION_ID.to_string(), "primary_guild": null, "public_flags": 524_288,
            "username": "muster",
        },
        "channel_id": CHANNEL_ID.to_string(),
        "components": [{ "components": [{ "custom_id": custom_id, "id": 2, "label": "Enter", "style": 1, "type": 2 }], "id": 1, "type": 1 }],
        "content": "", "edited_timestamp": null,
        "embeds": [{ "description": "Press the button to enter.", "title": "Giveaway", "type": "rich" }],
        "flags": 0, "id": id, "mention_everyone": false, "mention_roles": [], "mentions": [], "pinned": false,
        "timestamp": "2025-01-01T00:00:00.000000+00:00", "tts": false, "type": 0,
    })
}

fn token(id: u64) -> String {
    let seed = hex::encode(id.to_be_bytes());
    seed.repeat(TOKEN_LENGTH / seed.len() + 1)[..TOKEN_LENGTH].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snowflakes_are_distinct_and_not_from_the_future() {
        let now = DISCORD_EPOCH_MS + 1_000;
        let ids: Vec<u64> = [0, 1, (1 << 22) - 1, 1 << 22].map(|n| snowflake(now, n)).into();
        assert!(ids.iter().all(|id| id >> 22 <= 1_000));
        assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
    }
}
