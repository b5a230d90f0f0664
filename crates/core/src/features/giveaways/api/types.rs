//! Purpose: giveaways in JSON: what programs send, and what they are shown.

use crate::{
    features::giveaways::{
        rules::{
            entry::Requirements,
            state::{Outcome, State},
        },
        store::{EntryRow, Giveaway, Pick},
    },
    time,
    web::{
        Form,
        description::{Snowflake, Time},
    },
};
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker, UserMarker},
};
use utoipa::ToSchema;

/// Bonuses that one giveaway has at most, as in the command and at the form.
pub const BONUSES: usize = 2;

/// What happens when fewer people than `min_entrants` entered.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TooFew {
    /// It runs on.
    Extend,
    Cancel,
}

/// How many of the required roles somebody needs.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RolesNeeded {
    #[default]
    Any,
    All,
}

/// More entries for who holds a role.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Bonus {
    #[schema(value_type = Snowflake)]
    role_id: Id<RoleMarker>,
    /// From 1 to 100, beside the one that everybody has.
    entries: u32,
}

/// Who may enter, and with how many entries. What is left out asks for nothing.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Conditions {
    /// At most ten.
    #[schema(value_type = Vec<Snowflake>)]
    role_ids: Vec<Id<RoleMarker>>,
    roles_needed: RolesNeeded,
    /// Who holds one of these cannot enter; at most ten.
    #[schema(value_type = Vec<Snowflake>)]
    blocked_role_ids: Vec<Id<RoleMarker>>,
    min_level: Option<u32>,
    /// How old a Discord account must be.
    min_account_days: Option<u32>,
    /// How long somebody must have been a member.
    min_member_days: Option<u32>,
    /// At most two.
    bonus: Vec<Bonus>,
}

impl Conditions {
    fn of(requirements: Requirements) -> Self {
        let bonus = requirements.bonus.into_iter().map(|(role_id, entries)| Bonus { role_id, entries });
        Self {
            role_ids: requirements.roles,
            roles_needed: if requirements.all_roles { RolesNeeded::All } else { RolesNeeded::Any },
            blocked_role_ids: requirements.blocked_roles,
            min_level: requirements.min_level,
            min_account_days: requirements.min_account_days,
            min_member_days: requirements.min_member_days,
            bonus: bonus.collect(),
        }
    }
}

/// Somebody who was picked.
#[derive(Serialize, ToSchema)]
#[schema(as = GiveawayPick)]
pub struct ShownPick {
    /// The how many-th pick of the draw, from 1.
    pick: u32,
    /// Which of the prizes, from 1.
    slot: u32,
    #[schema(value_type = Snowflake)]
    user_id: String,
    outcome: Outcome,
    /// Why somebody was passed over or replaced.
    reason: Option<String>,
    #[schema(value_type = Time)]
    picked_at: String,
    /// Until when the prize can be claimed; null before the announcement is out.
    #[schema(value_type = Option<Time>)]
    claim_by: Option<String>,
}

/// A giveaway.
#[derive(Serialize, ToSchema)]
#[schema(as = Giveaway)]
pub struct Shown {
    /// Twelve hexadecimal digits.
    id: String,
    state: State,
    prize: String,
    description: String,
    image_url: Option<String>,
    #[schema(value_type = Snowflake)]
    channel_id: Id<ChannelMarker>,
    /// The announcement; null while it is on its way.
    #[schema(value_type = Option<Snowflake>)]
    message_id: Option<String>,
    #[schema(value_type = Snowflake)]
    host_id: Id<UserMarker>,
    winners: u32,
    /// How many people are in.
    entrants: u32,
    requirements: Conditions,
    min_entrants: u32,
    if_too_few: TooFew,
    claim_seconds: u32,
    /// How often a prize that nobody claimed is drawn again by itself.
    reroll_limit: u32,
    rerolls_used: u32,
    #[schema(value_type = Time)]
    started_at: String,
    /// When it ends or ended; of a paused one, when it would have.
    #[schema(value_type = Time)]
    ends_at: String,
    /// What is left of a paused one.
    seconds_left: Option<i64>,
    /// What the draw is bound to; `/api/v1/giveaways/{giveaway}/proof` says how.
    commitment: String,
    /// Goes up with every step.
    version: i64,
    /// Who was picked, in the order of the draw. In lists it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    picks: Option<Vec<ShownPick>>,
}

impl Shown {
    pub fn new(giveaway: Giveaway, picks: Option<Vec<Pick>>) -> Self {
        Self {
            requirements: Conditions::of(giveaway.requirements()),
            if_too_few: if giveaway.extend_if_too_few() { TooFew::Extend } else { TooFew::Cancel },
            picks: picks.map(|picks| picks.into_iter().map(shown_pick).collect()),
            id: giveaway.id,
            state: giveaway.state,
            prize: giveaway.prize,
            description: giveaway.description,
            image_url: giveaway.image_url,
            channel_id: giveaway.channel_id,
            message_id: giveaway.message_id,
            host_id: giveaway.host_id,
            winners: giveaway.winners,
            entrants: giveaway.entrant_count,
            min_entrants: giveaway.min_entrants,
            claim_seconds: giveaway.claim_seconds,
            reroll_limit: giveaway.reroll_limit,
            rerolls_used: giveaway.rerolls_used,
            started_at: time::rfc3339(giveaway.created_at),
            ends_at: time::rfc3339(giveaway.ends_at),
            seconds_left: giveaway.paused_left_ms.map(|left| left / 1_000),
            commitment: giveaway.commitment,
            version: giveaway.version,
        }
    }
}

fn shown_pick(pick: Pick) -> ShownPick {
    ShownPick {
        pick: pick.pick,
        slot: pick.slot,
        user_id: pick.user_id,
        outcome: pick.outcome,
        reason: pick.reason,
        picked_at: time::rfc3339(pick.at),
        claim_by: pick.claim_by.map(time::rfc3339),
    }
}

/// Giveaways, the newest first.
#[derive(Serialize, ToSchema)]
pub struct GiveawayList {
    pub giveaways: Vec<Shown>,
    /// For `cursor`; null at the end.
    pub next_cursor: Option<String>,
}

/// Somebody who is in.
#[derive(Serialize, ToSchema)]
pub struct Entrant {
    #[schema(value_type = Snowflake)]
    user_id: String,
    /// One, and what their roles add.
    entries: u32,
    #[schema(value_type = Time)]
    entered_at: String,
}

impl Entrant {
    pub fn new(row: EntryRow) -> Self {
        Self { user_id: row.user_id, entries: row.weight, entered_at: time::rfc3339(row.entered_at) }
    }
}

/// Who is in, in the order in which the draw counts them.
#[derive(Serialize, ToSchema)]
pub struct EntrantList {
    pub entrants: Vec<Entrant>,
    /// For `cursor`; null at the end.
    pub next_cursor: Option<String>,
}

/// A giveaway to start. The guild's settings say what is left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGiveaway {
    prize: String,
    /// RFC 3339; or as people write it: `1d`, or `tomorrow 18:00` in the guild's time zone.
    ends_at: String,
    /// Where it is announced.
    #[schema(value_type = Snowflake)]
    channel_id: Id<ChannelMarker>,
    /// From 1 to 50; one unless given.
    #[serde(default)]
    winners: Option<u32>,
    #[serde(default)]
    description: String,
    /// Address of a picture, with `https://`.
    #[serde(default)]
    image_url: String,
    /// A role to ping, which the caller could ping, too.
    #[serde(default)]
    #[schema(value_type = Option<Snowflake>)]
    mention_role_id: Option<Id<RoleMarker>>,
    #[serde(default)]
    requirements: Conditions,
    /// How many people must enter for a draw, from 2.
    #[serde(default)]
    min_entrants: Option<u32>,
    #[serde(default)]
    if_too_few: Option<TooFew>,
    /// How long winners have to claim, from 30 seconds to 14 days.
    #[serde(default)]
    claim_seconds: Option<u32>,
    /// From 0 to 50.
    #[serde(default)]
    reroll_limit: Option<u32>,
}

impl NewGiveaway {
    pub fn bonuses(&self) -> usize {
        self.requirements.bonus.len()
    }

    /// As the form would send it, so that both are read by the same rules.
    pub fn form(self) -> Form {
        let asked = self.requirements;
        let id = |id: Id<RoleMarker>| id.to_string();
        let mut fields = Fields(Vec::new());
        fields.add("prize", self.prize);
        fields.add("ends", self.ends_at);
        fields.add("channel", self.channel_id.to_string());
        fields.add("winners", self.winners.unwrap_or(1).to_string());
        fields.add("description", self.description);
        fields.add("image", self.image_url);
        fields.maybe("mention", self.mention_role_id.map(id));
        asked.role_ids.into_iter().for_each(|role| fields.add("required", id(role)));
        asked.blocked_role_ids.into_iter().for_each(|role| fields.add("blocked", id(role)));
        fields.maybe("roles_needed", matches!(asked.roles_needed, RolesNeeded::All).then(|| "all".to_owned()));
        fields.number("min_level", asked.min_level);
        fields.number("min_account_days", asked.min_account_days);
        fields.number("min_member_days", asked.min_member_days);
        for (bonus, names) in asked.bonus.into_iter().zip(BONUS_FIELDS) {
            fields.add(names.0, id(bonus.role_id));
            fields.add(names.1, bonus.entries.to_string());
        }
        fields.number("min_entrants", self.min_entrants);
        fields.maybe("if_too_few", matches!(self.if_too_few, Some(TooFew::Cancel)).then(|| "cancel".to_owned()));
        fields.maybe("claim_window", self.claim_seconds.map(|seconds| format!("{seconds}s")));
        fields.number("reroll_limit", self.reroll_limit);
        Form::of(fields.0)
    }
}

/// What is to be different. What is left out, or null, stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveawayEdit {
    #[serde(default)]
    prize: Option<String>,
    /// RFC 3339; or as people write it: `1d` from now, or `tomorrow 18:00` in the guild's time zone.
    #[serde(default)]
    ends_at: Option<String>,
    /// From 1 to 50.
    #[serde(default)]
    winners: Option<u32>,
    #[serde(default)]
    description: Option<String>,
    /// Address of a picture, with `https://`; an empty text takes the picture away.
    #[serde(default)]
    image_url: Option<String>,
    /// From 30 seconds to 14 days.
    #[serde(default)]
    claim_seconds: Option<u32>,
    /// From 0 to 50.
    #[serde(default)]
    reroll_limit: Option<u32>,
}

impl GiveawayEdit {
    /// As the form would send it: what was given, before what the form begins with.
    pub fn form(self, prefilled: Vec<(&'static str, String)>) -> Form {
        let mut fields = Fields(Vec::new());
        fields.maybe("prize", self.prize);
        fields.maybe("ends", self.ends_at);
        fields.number("winners", self.winners);
        fields.maybe("description", self.description);
        fields.maybe("image", self.image_url);
        fields.maybe("claim_window", self.claim_seconds.map(|seconds| format!("{seconds}s")));
        fields.number("reroll_limit", self.reroll_limit);
        fields.0.extend(prefilled);
        Form::of(fields.0)
    }
}

/// How long it is paused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// At most a year; without it, until somebody lets it go on.
    #[serde(default)]
    pub seconds: Option<u32>,
}

/// Why it is called off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Stands in the announcement.
    #[serde(default)]
    pub reason: String,
}

/// What is drawn again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reroll {
    /// Whose prize; without it, every prize that was not claimed.
    #[serde(default)]
    #[schema(value_type = Option<Snowflake>)]
    pub winner_id: Option<Id<UserMarker>>,
}

const BONUS_FIELDS: [(&str, &str); BONUSES] = [("bonus_role", "bonus_entries"), ("bonus_role_2", "bonus_entries_2")];

/// Where the value of one of the form's fields stands in JSON.
pub fn path_of(field: &str) -> &str {
    match field {
        "ends" => "ends_at",
        "channel" => "channel_id",
        "image" => "image_url",
        "mention" => "mention_role_id",
        "claim_window" => "claim_seconds",
        "for" => "seconds",
        "required" => "requirements.role_ids",
        "blocked" => "requirements.blocked_role_ids",
        "min_level" => "requirements.min_level",
        "min_account_days" => "requirements.min_account_days",
        "min_member_days" => "requirements.min_member_days",
        "bonus_role" => "requirements.bonus.0.role_id",
        "bonus_entries" => "requirements.bonus.0.entries",
        "bonus_role_2" => "requirements.bonus.1.role_id",
        "bonus_entries_2" => "requirements.bonus.1.entries",
        same => same,
    }
}

struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn add(&mut self, name: &'static str, value: String) {
        self.0.push((name, value));
    }

    fn maybe(&mut self, name: &'static str, value: Option<String>) {
        self.0.extend(value.map(|value| (name, value)));
    }

    fn number(&mut self, name: &'static str, value: Option<u32>) {
        self.maybe(name, value.map(|value| value.to_string()));
    }
}
