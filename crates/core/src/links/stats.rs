//! Purpose: a link's numbers for people, and the decision about what is held.

use super::{
    clicks::{self, Rows, VISITORS_KEPT_DAYS},
    rules::count::{self, ALL_TIME, DAY_MS, Entries, Entry, Held, Numbers},
    store::{self, Link},
};
use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, Result},
};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use twilight_model::id::{Id, marker::GuildMarker};

/// A link's numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    pub all_time: Numbers,
    /// Days since 1970 (UTC) with what came on them, oldest first; days without a click are left out.
    pub days: Vec<(i64, Numbers)>,
    /// Visitors of those days by country, most first.
    pub countries: Vec<(String, u64)>,
    /// Visitors of those days by the host that they came from, most first; `direct` for none.
    pub referrers: Vec<(String, u64)>,
    /// What is held and can be decided, by reason.
    pub held: Vec<(Held, u64)>,
    /// Requests that came in and are not in these numbers yet.
    pub waiting: u64,
}

/// The pack that a link is counted in.
pub fn pack(link: &Link) -> &str {
    link.mission.as_deref().unwrap_or_default()
}

fn days_of_visitors(ctx: &Ctx) -> String {
    let today = ctx.now().div_euclid(DAY_MS);
    json!((today - VISITORS_KEPT_DAYS..=today).collect::<Vec<_>>()).to_string()
}

/// A link's numbers of the last `days` days and over all time.
pub async fn stats(ctx: &Ctx, link: &Link, days: i64) -> Result<Stats> {
    let guild = link.guild_id;
    let since = ctx.now().div_euclid(DAY_MS) - days + 1;
    let statements = vec![
        store::list_days(guild, pack(link), &link.slug, since),
        store::list_visitor_days(guild, pack(link), &days_of_visitors(ctx)),
        store::list_uncounted(guild),
    ];
    let results = ctx.batch(statements).await?;
    let [numbers, visitors, uncounted] = &results[..] else {
        return Err(Error::internal("three answers were expected"));
    };
    let mut stats = Stats::default();
    let (mut countries, mut referrers) = (BTreeMap::new(), BTreeMap::new());
    for row in numbers.all::<store::DayRow>()? {
        let Entry(numbers, from, by) = clicks::parse(row.entry.as_deref())?;
        if row.day == ALL_TIME {
            stats.all_time = numbers;
        } else if numbers != Numbers::default() {
            stats.days.push((row.day, numbers));
            merge(&mut countries, from);
            merge(&mut referrers, by);
        }
    }
    (stats.countries, stats.referrers) = (ranked(countries), ranked(referrers));
    stats.held = held(&visitors.all::<store::VisitorRow>()?, &link.slug)?;
    stats.waiting = waiting(&uncounted.all::<store::Uncounted>()?, &link.slug);
    Ok(stats)
}

fn merge(all: &mut BTreeMap<String, u64>, some: BTreeMap<String, u64>) {
    for (key, count) in some {
        *all.entry(key).or_default() += count;
    }
}

fn ranked(tally: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut ranked: Vec<_> = tally.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ranked
}

fn held(rows: &[store::VisitorRow], slug: &str) -> Result<Vec<(Held, u64)>> {
    let mut all: BTreeMap<Held, u64> = BTreeMap::new();
    for row in rows {
        let visitors: HashMap<String, String> = clicks::parse(Some(&row.visitors))?;
        for (reason, count) in visitors.get(slug).map(|text| count::reasons(text)).unwrap_or_default() {
            *all.entry(reason).or_default() += count;
        }
    }
    Ok(all.into_iter().collect())
}

fn waiting(parts: &[store::Uncounted], slug: &str) -> u64 {
    let texts: Vec<(&str, usize)> = parts.iter().map(|part| (part.clicks.as_str(), 0)).collect();
    count::read(&texts).iter().filter(|click| click.slug == slug).count() as u64
}

/// The numbers of several links of one pack over all time.
pub async fn all_time(ctx: &Ctx, guild: Id<GuildMarker>, pack: &str) -> Result<Entries> {
    let row: Option<store::CountRow> = ctx.query(store::get_all_time(guild, pack)).await?.first()?;
    clicks::parse(row.as_ref().map(|row| row.numbers.as_str()))
}

fn sum(entries: &Entries) -> Numbers {
    let mut all = Numbers::default();
    for Entry(one, ..) in entries.values() {
        all.raw += one.raw;
        all.machines += one.machines;
        all.counted += one.counted;
        all.held += one.held;
        all.refused += one.refused;
    }
    all
}

/// The sums of whole packs over all time, by pack; those without a click are left out.
pub async fn sums(ctx: &Ctx, guild: Id<GuildMarker>, packs: &[&str]) -> Result<HashMap<String, Numbers>> {
    let statement = store::list_counts(guild, &json!(packs).to_string(), ALL_TIME);
    let rows: Vec<store::CountRow> = ctx.query(statement).await?.all()?;
    rows.into_iter().map(|row| Ok((row.pack, sum(&clicks::parse(Some(&row.numbers))?)))).collect()
}

/// The sums of a whole pack by day since `since` (days since 1970, UTC); days without a click are left out.
pub async fn by_day(ctx: &Ctx, guild: Id<GuildMarker>, pack: &str, since: i64) -> Result<Vec<(i64, Numbers)>> {
    let rows: Vec<store::CountRow> = ctx.query(store::list_pack_days(guild, pack, since)).await?.all()?;
    rows.into_iter().map(|row| Ok((row.day, sum(&clicks::parse(Some(&row.numbers))?)))).collect()
}

/// Decides about everything of a link that is held, once and for good. Gives how many there were.
///
/// # Errors
/// `User` where nothing is held any more.
pub async fn review(ctx: &Ctx, link: &Link, accept: bool, author: &Author) -> Result<u64> {
    let (guild, pack) = (link.guild_id, pack(link));
    let rows: Vec<store::VisitorRow> =
        ctx.query(store::list_visitor_days(guild, pack, &days_of_visitors(ctx))).await?.all()?;
    let packs = json!([pack]).to_string();
    let (mut statements, mut decided, mut written) = (Vec::new(), 0, Rows::default());
    let mut all_time: Option<(Entries, i64)> = None;
    for mut row in rows {
        let mut visitors: BTreeMap<String, String> = clicks::parse(Some(&row.visitors))?;
        let Some(text) = visitors.get_mut(&link.slug) else { continue };
        let (changed, count) = count::review(text, accept);
        if count == 0 {
            continue;
        }
        *text = changed;
        decided += count;
        row.visitors = serde_json::to_string(&visitors).map_err(Error::internal)?;
        row.version += 1;
        let counts: Vec<store::CountRow> = ctx.query(store::list_counts(guild, &packs, row.day)).await?.all()?;
        for stored in &counts {
            let mut entries: Entries = clicks::parse(Some(&stored.numbers))?;
            if stored.day == ALL_TIME {
                all_time.get_or_insert((entries, stored.version));
            } else if let Some(entry) = entries.get_mut(&link.slug) {
                entry.0.decide(count, accept);
                written.add(pack, stored.day, &mut entries, stored.version)?;
            }
        }
        statements.push(store::put_visitors(guild, &row));
    }
    if decided == 0 {
        return Err(Error::user(
            "Nothing of this link is held: somebody has decided already, or two weeks have passed.",
        ));
    }
    if let Some((mut entries, version)) = all_time {
        if let Some(entry) = entries.get_mut(&link.slug) {
            entry.0.decide(decided, accept);
        }
        written.add(pack, ALL_TIME, &mut entries, version)?;
    }
    statements.extend(written.chunks().iter().map(|rows| store::put_counts(guild, rows, ctx.now())));
    statements.push(audit::store::insert(&audit::store::Entry {
        guild_id: guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action: if accept { "link_accept" } else { "link_refuse" },
        target: link.slug.clone(),
        before: None,
        after: Some(decided.to_string()),
        cause: author.cause.clone(),
    }));
    match ctx.batch(statements).await {
        Err(error) if error.to_string().contains("constraint") => {
            Err(Error::user("These numbers changed at this moment. Look at them and decide again."))
        }
        other => other.map(|_| decided),
    }
}
