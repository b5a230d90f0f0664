//! Purpose: which version of each platform's API Muster speaks, until when that is served, and the word ahead of the end.
//!
//! The one place to change when a platform retires a version. Where a platform's login has addresses with a version of its own that
//! never ended (`/oauth/v2` and `/v2/userinfo` at LinkedIn, as `/oauth` at Meta), that is part of the address and not of this table.

use super::{App, Apps, DAY_MS, Kind};
use crate::ctx::Ctx;
use serde_json::json;

/// The header `Linkedin-Version`.
pub const LINKEDIN: &str = "202607";
/// Meta's Graph API: Instagram with either of its logins, and Facebook's login itself.
pub const GRAPH: &str = "v23.0";
pub const THREADS: &str = "v1.0";
pub const TIKTOK: &str = "v2";
pub const X: &str = "2";

/// How long before the end whoever runs Muster is told: a release takes weeks to arrive everywhere.
const AHEAD_MS: i64 = 60 * DAY_MS;

/// The version of a platform, and its end in Unix milliseconds and in words; `None` while no end is known.
///
/// - LinkedIn serves a version for at least a year ("Versioning") and ends each in the middle of its month a year later (the table in "API
///   Migration Status"): 202607 about on 15 July 2027.
/// - Meta ends a version of the Graph API two years after the next one came ("Platform Versioning"); its table of versions has
///   8 October 2027 for v23.0.
/// - Threads has had one version since it began; TikTok and X announced no end of theirs.
fn of(kind: Kind) -> (&'static str, Option<(i64, &'static str)>) {
    match kind {
        Kind::LinkedIn => (LINKEDIN, Some((1_815_609_600_000, "July 2027"))),
        Kind::Instagram => (GRAPH, Some((1_822_953_600_000, "October 2027"))),
        Kind::Threads => (THREADS, None),
        Kind::TikTok => (TIKTOK, None),
        Kind::X => (X, None),
    }
}

/// What to do about a platform's version, from 60 days before its end.
pub fn warning(kind: Kind, now: i64) -> Option<String> {
    let (version, end) = of(kind);
    let (end, month) = end?;
    let name = kind.name();
    (now >= end - AHEAD_MS).then(|| {
        format!(
            "{name}'s API version {version}, which this release of Muster speaks, is served until about {month}: update Muster before that, or nothing can be published on {name}."
        )
    })
}

/// The same of every platform that is set up.
pub fn warnings(apps: &Apps, now: i64) -> impl Iterator<Item = String> {
    apps.iter().filter_map(move |(kind, _): &(Kind, App)| warning(*kind, now))
}

/// Puts them into the log; called once a day.
pub fn log(ctx: &Ctx) {
    for text in warnings(&ctx.settings.social, ctx.now()) {
        ctx.warn("a platform's API version comes to its end", json!({ "what": text }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_an_end_are_its_month() {
        for kind in Kind::ALL {
            let (version, Some((end, month))) = of(kind) else { continue };
            let date = chrono::DateTime::from_timestamp_millis(end).expect("a time");
            assert_eq!(date.format("%B %Y").to_string(), month, "{version}");
            assert_eq!(warning(kind, end - AHEAD_MS - 1), None, "{version}");
            assert!(warning(kind, end - AHEAD_MS).is_some_and(|text| text.contains(month)), "{version}");
        }
    }
}
