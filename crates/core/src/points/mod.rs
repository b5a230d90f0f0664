//! Purpose: points for missions: a ledger that is only added to, and the sums that follow from it.
//!
//! Tables: points, points_totals, points_roles, mission_rules. An entry's cause is unique in its guild, so whatever comes twice counts
//! once; taking something back is an entry as well. Sums are kept by triggers and can be made anew from the entries.

pub mod board;
pub mod clicks;
pub mod rules;
pub mod store;

use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, Result},
    time_zone::Zone,
};
use chrono::DateTime;
use rules::Rules;
use twilight_model::id::{Id, marker::GuildMarker};

/// The sum over all months.
pub const ALL: &str = "all";

/// Rules with the number of their version; 0 for those that Muster begins with.
#[derive(Debug, Clone)]
pub struct Versioned {
    pub version: u32,
    pub rules: Rules,
}

/// What the guild's missions go by now.
pub async fn rules(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Versioned> {
    let row: Option<store::RulesRow> = ctx.query(store::get_rules(guild)).await?.first()?;
    let Some(row) = row else { return Ok(Versioned { version: 0, rules: Rules::default() }) };
    let rules =
        crate::json::from_str(&row.rules).map_err(|error| Error::internal(format!("mission rules: {error}")))?;
    Ok(Versioned { version: row.version, rules })
}

/// How often a change starts over because somebody else was quicker.
const CHANGES_MAX: usize = 5;

/// Changes the rules as a new version; a second delivery of the same event changes nothing. `what` names it in the audit log.
///
/// # Errors
/// What `change` refuses, and `Retryable` when others keep changing them.
pub async fn change(
    ctx: &Ctx,
    author: &Author,
    what: &str,
    change: impl Fn(&mut Rules) -> Result<()>,
) -> Result<Rules> {
    for _ in 0..CHANGES_MAX {
        let now = rules(ctx, author.guild).await?;
        let mut next = now.rules.clone();
        change(&mut next)?;
        if next == now.rules {
            return Ok(next);
        }
        let text = serde_json::to_string(&next).map_err(Error::internal)?;
        let before = serde_json::to_string(&now.rules).map_err(Error::internal)?;
        let entry = audit::store::Entry {
            guild_id: author.guild,
            at: ctx.now(),
            actor_id: author.user,
            source: author.source,
            action: "missions",
            target: what.to_owned(),
            before: Some(before),
            after: Some(text.clone()),
            cause: author.cause.clone(),
        };
        let insert = store::insert_rules(author, now.version + 1, &text, ctx.now());
        let [log, notes] = store::set_log(author.guild, next.log_channel);
        match ctx.batch(vec![insert, audit::store::insert(&entry), log, notes]).await {
            Ok(_) => return Ok(next),
            Err(error) if error.is_conflict() => {
                let known = ctx.query(store::get_rules_by_cause(author)).await?.first::<store::RulesRow>()?;
                if known.is_some() {
                    return rules(ctx, author.guild).await.map(|all| all.rules);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::retryable("the mission rules keep changing"))
}

/// `2026-11`: the month in which something counts, in the guild's zone.
pub fn month_of(zone: Zone, at: i64) -> String {
    let time = DateTime::from_timestamp_millis(at).map(|time| time.with_timezone(&zone));
    time.map(|time| time.format("%Y-%m").to_string()).unwrap_or_default()
}

/// Whether a text names a month as `month_of` writes it.
pub fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else { return false };
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    digits(year, 4) && digits(month, 2) && (1..=12).contains(&month.parse::<u32>().unwrap_or(0))
}

/// Why a line of the ledger is there, with the mission that it belongs to where the reason does not name it.
pub fn why(reason: &str, mission: Option<&str>) -> String {
    match mission.filter(|title| !title.is_empty() && !reason.contains(title)) {
        Some(title) => format!("“{title}”: {reason}"),
        None => reason.to_owned(),
    }
}
