//! Purpose: clicks on their way: from the redirect through the queue into rows, and from there into numbers, each once.
//!
//! The queue delivers at least once and in batches of any make-up. A batch only appends lines to its slot (a written row per 64 KB, no
//! line read); what comes twice is there twice, under its own id. When the slot is over, `count` looks at all of its clicks together and
//! commits the numbers and how far the slot's text is counted in one transaction. A click that comes later opens its slot again.

use super::{
    hashes::{self, Day},
    rules::{
        count::{self, ALL_TIME, Book, Click, DAY_MS, Entries, SLOT_MS},
        machines::{Said, is_machine},
        target,
    },
    store,
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    jobs::Job,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use twilight_model::id::{Id, marker::GuildMarker};

/// Characters in one row, some 1,300 clicks: SQLite writes all of a row again when it grows.
const PART_MAX: usize = 64 * 1_024;
/// Rows of a guild and slot: more than some 250,000 clicks in five minutes are not counted (and said in the log).
const PARTS: u32 = 200;
/// A slot is counted so long after its end: the queue waits some seconds for a batch.
const GRACE_MS: i64 = 30_000;
/// Slots that one job counts; more go on in the next minute.
const SLOTS_AT_ONCE: u32 = 4;
/// Guilds that one tick of the cron looks after.
const GUILDS_PER_TICK: u32 = 1_000;
/// JSON of several rows in one statement: a bound text has at most 2 MB.
const CHUNK_MAX: usize = 1_000_000;
/// Clicks are kept so long after they are counted: the queue holds a message at most four days (Cloudflare's default).
const CLICKS_KEPT_MS: i64 = 5 * DAY_MS;
pub const VISITORS_KEPT_DAYS: i64 = 14;
pub const DEVICES_KEPT_DAYS: i64 = 6;
const ID_BYTES: usize = 6;
/// Longer hosts of referrers are cut.
const REFERRER_MAX: usize = 60;

/// A request for a link that leads somewhere, as the redirect saw it. Never stored: see [`lines`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Visit<'a> {
    pub guild: &'a str,
    pub slug: &'a str,
    /// Unix milliseconds.
    pub at: i64,
    pub method: &'a str,
    pub user_agent: &'a str,
    pub purpose: &'a str,
    pub address: &'a str,
    pub country: &'a str,
    pub referrer: &'a str,
}

/// Visits as `src/links.js` collects them: nine lines each, in this order. No method, address or header holds the end of a line.
/// `ahead`: milliseconds that this deployment's clock is ahead of the one they were timed by.
pub fn read(text: &str, ahead: i64) -> Vec<Visit<'_>> {
    let mut visits = Vec::new();
    let mut lines = text.split('\n');
    while let [
        Some(guild),
        Some(slug),
        Some(at),
        Some(method),
        Some(user_agent),
        Some(purpose),
        Some(address),
        Some(country),
        Some(referrer),
    ] = [(); 9].map(|()| lines.next())
    {
        let Ok(at) = at.parse::<i64>() else { continue };
        let at = at.saturating_add(ahead);
        visits.push(Visit { guild, slug, at, method, user_agent, purpose, address, country, referrer });
    }
    visits
}

/// The lines that go into the queue: hashes instead of addresses and browsers, hosts instead of referrers.
pub fn lines(ctx: &Ctx, visits: &[Visit<'_>]) -> String {
    // What is the same for many is asked once: this runs for every click.
    let mut ids = vec![0; ID_BYTES * visits.len()];
    ctx.rng.fill(&mut ids);
    let mut days: BTreeMap<i64, Day> = BTreeMap::new();
    let mut machines: HashMap<Said<'_>, bool> = HashMap::new();
    let mut text = String::new();
    for (visit, id) in visits.iter().zip(ids.chunks(ID_BYTES)) {
        let day = visit.at.div_euclid(DAY_MS);
        let day = days.entry(day).or_insert_with(|| Day::of(ctx, day));
        let said = Said { method: visit.method, user_agent: visit.user_agent, purpose: visit.purpose };
        let is_machine = *machines.entry(said).or_insert_with(|| is_machine(said));
        text.push_str(&line(visit, id, day, is_machine));
    }
    text
}

fn line(visit: &Visit<'_>, id: &[u8], day: &Day, is_machine: bool) -> String {
    let slot = visit.at.div_euclid(SLOT_MS);
    let person = (!is_machine).then(|| {
        let visitor = hashes::visitor(&day.device(visit.address, visit.user_agent), visit.slug);
        (visitor, day.network(visit.address, visit.slug))
    });
    let is_country = visit.country.len() == 2 && visit.country.bytes().all(|b| b.is_ascii_alphanumeric());
    let click = Click {
        id: &URL_SAFE_NO_PAD.encode(id),
        second: u32::try_from(visit.at.rem_euclid(SLOT_MS) / 1_000).unwrap_or_default(),
        slug: visit.slug,
        visitor: person.as_ref().map(|(visitor, _)| visitor.as_str()),
        network: person.as_ref().map_or("-", |(_, network)| network.as_str()),
        country: if is_country { visit.country } else { "XX" },
        referrer: &referrer(visit.referrer),
        is_new: true,
    };
    format!("{} {slot} {}", visit.guild, count::line(&click))
}

/// The host that a visitor came from, `direct` for none.
fn referrer(address: &str) -> String {
    let host = target::host(address).to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let is_host = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if is_host { host.chars().take(REFERRER_MAX).collect() } else { "direct".to_owned() }
}

/// Takes a batch of the queue: lines of any guilds, slots and order. Everything is in rows when this is `Ok`.
///
/// # Errors
/// The queue delivers all of it again.
pub async fn take(ctx: &Ctx, batches: &[&str]) -> Result<()> {
    let mut slots: BTreeMap<(i64, &str), String> = BTreeMap::new();
    for line in batches.iter().flat_map(|text| text.lines()) {
        let mut parts = line.splitn(3, ' ');
        let (Some(guild), Some(slot), Some(click)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let Ok(slot) = slot.parse() else { continue };
        // A line that is none of ours would break the text that it is put into.
        if guild.parse::<Id<GuildMarker>>().is_err() || !click.is_ascii() {
            continue;
        }
        let text = slots.entry((slot, guild)).or_default();
        text.push_str(click);
        text.push('\n');
    }
    for ((slot, guild), text) in slots {
        for text in pieces(&text, PART_MAX) {
            append(ctx, slot, guild, &text).await?;
        }
    }
    Ok(())
}

/// Whole lines, as many to a text as `most` bytes hold.
fn pieces(text: &str, most: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        match pieces.last_mut() {
            Some(piece) if piece.len() + line.len() <= most => piece.push_str(line),
            _ => pieces.push(line.to_owned()),
        }
    }
    pieces
}

async fn append(ctx: &Ctx, slot: i64, guild: &str, text: &str) -> Result<()> {
    let statements = vec![store::append(slot, guild, text, PART_MAX, PARTS), store::open_slot(slot, guild)];
    let results = ctx.batch(statements).await?;
    if results.first().is_some_and(|result| result.changes == 0) {
        ctx.warn(
            "more clicks than can be counted",
            json!({ "guild": guild, "slot": slot, "lost": text.lines().count() }),
        );
    }
    Ok(())
}

/// Has every guild counted whose slots are over; each by a job of its own.
pub async fn sweep(ctx: &Ctx) -> Result<()> {
    let slots: Vec<store::OpenSlot> =
        ctx.query(store::list_slots(closed_before(ctx.now()), GUILDS_PER_TICK)).await?.all()?;
    let guilds: BTreeSet<_> = slots.into_iter().map(|slot| slot.guild_id).collect();
    if guilds.is_empty() {
        return Ok(());
    }
    let jobs = guilds.into_iter().map(|guild| Job::CountClicks { guild });
    ctx.queue.send_batch(jobs.collect()).await.map_err(Error::retryable)
}

fn closed_before(now: i64) -> i64 {
    (now - GRACE_MS).div_euclid(SLOT_MS)
}

/// Whether everything that is known of a guild's clicks until `at` is counted.
///
/// # Errors
/// When the database does not answer.
pub async fn is_counted(ctx: &Ctx, guild: Id<GuildMarker>, at: i64) -> Result<bool> {
    let open = store::list_slots_of(guild, at.div_euclid(SLOT_MS) + 1, 1);
    Ok(ctx.query(open).await?.first::<store::OpenSlot>()?.is_none())
}

/// Counts what waits of a guild, oldest first. Gives whether something is left.
pub async fn count(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<bool> {
    let before = closed_before(ctx.now());
    let slots: Vec<store::OpenSlot> = ctx.query(store::list_slots_of(guild, before, SLOTS_AT_ONCE)).await?.all()?;
    let is_full = slots.len() == SLOTS_AT_ONCE as usize;
    for slot in slots {
        match count_slot(ctx, guild, slot.slot).await {
            // Somebody else counted, reviewed or deleted at the same time: theirs stands, ours is looked at anew.
            Err(error) if error.is_conflict() => return Ok(true),
            other => other?,
        }
    }
    Ok(is_full)
}

async fn count_slot(ctx: &Ctx, guild: Id<GuildMarker>, slot: i64) -> Result<()> {
    let parts: Vec<store::Part> = ctx.query(store::list_parts(slot, guild)).await?.all()?;
    let texts: Vec<(&str, usize)> = parts.iter().map(|part| (part.clicks.as_str(), part.counted)).collect();
    let clicks = count::read(&texts);
    let day = (slot * SLOT_MS).div_euclid(DAY_MS);
    let mut statements = Vec::new();
    let slugs: BTreeSet<&str> = clicks.iter().filter(|click| click.is_new).map(|click| click.slug).collect();
    if !slugs.is_empty() {
        let links: Vec<store::Owned> = ctx.query(store::list_owned(guild, &json!(slugs).to_string())).await?.all()?;
        statements = numbers(ctx, guild, day, &clicks, &links).await?;
    }
    let counted = parts.iter().filter(|part| part.counted < part.clicks.len());
    statements.extend(counted.map(|part| store::set_counted(slot, guild, part.part, part.counted, part.clicks.len())));
    statements.push(store::close_slot(slot, guild));
    ctx.batch(statements).await?;
    Ok(())
}

/// The statements that add a slot's new clicks to the numbers of their packs.
async fn numbers(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    day: i64,
    clicks: &[Click<'_>],
    links: &[store::Owned],
) -> Result<Vec<crate::sql::Statement>> {
    let own = own_visitors(ctx, guild, day, links).await?;
    let pack_of: HashMap<&str, &str> =
        links.iter().map(|link| (link.slug.as_str(), link.mission.as_deref().unwrap_or_default())).collect();
    let mut by_pack: BTreeMap<&str, Vec<Click<'_>>> = BTreeMap::new();
    // Links that are gone have nothing to be counted for.
    for click in clicks {
        if let Some(pack) = pack_of.get(click.slug) {
            by_pack.entry(pack).or_default().push(click.clone());
        }
    }
    let packs = json!(by_pack.keys().collect::<Vec<_>>()).to_string();
    let results =
        ctx.batch(vec![store::list_counts(guild, &packs, day), store::list_visitors(guild, &packs, day)]).await?;
    let [counts, visitors] = &results[..] else { return Err(Error::internal("two answers were expected")) };
    let (counts, visitors): (Vec<store::CountRow>, Vec<store::VisitorRow>) = (counts.all()?, visitors.all()?);
    let mut rows = Rows::default();
    let mut statements = Vec::new();
    for (pack, clicks) in by_pack {
        let stored = |day: i64| counts.iter().find(|row| row.pack == pack && row.day == day);
        let (all_time, today) = (stored(ALL_TIME), stored(day));
        let known = visitors.iter().find(|row| row.pack == pack);
        let mut book = Book {
            all_time: parse(all_time.map(|row| row.numbers.as_str()))?,
            day: parse(today.map(|row| row.numbers.as_str()))?,
            visitors: parse(known.map(|row| row.visitors.as_str()))?,
        };
        let seen = book.visitors.clone();
        count::count(&mut book, &clicks, &own);
        rows.add(pack, ALL_TIME, &mut book.all_time, all_time.map_or(0, |row| row.version))?;
        rows.add(pack, day, &mut book.day, today.map_or(0, |row| row.version))?;
        if book.visitors != seen {
            let visitors = serde_json::to_string(&book.visitors).map_err(Error::internal)?;
            let version = known.map_or(0, |row| row.version) + 1;
            statements
                .push(store::put_visitors(guild, &store::VisitorRow { pack: pack.to_owned(), day, visitors, version }));
        }
    }
    statements.extend(rows.chunks().iter().map(|rows| store::put_counts(guild, rows, ctx.now())));
    Ok(statements)
}

/// Which visitors of these links are their own members, as far as they were seen that day.
async fn own_visitors(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    day: i64,
    links: &[store::Owned],
) -> Result<HashMap<String, HashSet<String>>> {
    let owners: BTreeSet<_> = links.iter().filter_map(|link| link.owner_id).collect();
    if owners.is_empty() {
        return Ok(HashMap::new());
    }
    let devices: Vec<store::Device> =
        ctx.query(store::list_devices(day, guild, &json!(owners).to_string())).await?.all()?;
    let own = |link: &store::Owned| {
        let theirs = devices.iter().filter(|device| Some(device.user_id) == link.owner_id);
        let visitors = theirs.map(|device| hashes::visitor(&device.device, &link.slug)).collect();
        (link.slug.clone(), visitors)
    };
    Ok(links.iter().map(own).collect())
}

pub fn parse<T: serde::de::DeserializeOwned + Default>(text: Option<&str>) -> Result<T> {
    text.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(text).map_err(Error::internal))
}

/// Rows of numbers to be written.
#[derive(Default)]
pub struct Rows(Vec<String>);

impl Rows {
    /// `version` is the one that was read, 0 for none.
    pub fn add(&mut self, pack: &str, day: i64, entries: &mut Entries, version: i64) -> Result<()> {
        let mut numbers = serde_json::to_string(entries).map_err(Error::internal)?;
        if !count::fit(entries, numbers.len()) {
            numbers = serde_json::to_string(entries).map_err(Error::internal)?;
        }
        self.0.push(json!([pack, day, numbers, version + 1]).to_string());
        Ok(())
    }

    /// JSON lists that a statement can hold.
    pub fn chunks(&self) -> Vec<String> {
        let mut chunks: Vec<String> = Vec::new();
        for row in &self.0 {
            match chunks.last_mut() {
                Some(chunk) if chunk.len() + row.len() < CHUNK_MAX => {
                    chunk.push(',');
                    chunk.push_str(row);
                }
                _ => chunks.push(row.clone()),
            }
        }
        chunks.into_iter().map(|chunk| format!("[{chunk}]")).collect()
    }
}

/// Forgets clicks, visitors and devices of long ago.
pub async fn delete_old(ctx: &Ctx) -> Result<()> {
    let (now, today) = (ctx.now(), ctx.now().div_euclid(DAY_MS));
    let slot = (now - CLICKS_KEPT_MS).div_euclid(SLOT_MS);
    let statements = store::delete_old(slot, today - VISITORS_KEPT_DAYS, today - DEVICES_KEPT_DAYS);
    ctx.batch(statements.to_vec()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_lines() {
        assert_eq!(pieces("one\ntwo\nthree\n", 8), ["one\ntwo\n", "three\n"]);
        assert_eq!(pieces("one\ntwo\nthree\n", 100), ["one\ntwo\nthree\n"]);
        // A line that is too long alone stays whole.
        assert_eq!(pieces("one\ntwo and more\nthree\n", 5), ["one\n", "two and more\n", "three\n"]);
    }

    #[test]
    fn visits_are_read_nine_lines_each_and_what_is_no_visit_is_left_out() {
        let text = "1\nAbCdEf12\n1000\nGET\nFirefox\n\n10.0.0.1\nDE\nhttps://a.example/";
        let broken = text.replace("1000", "soon");
        let visits = [text, &broken, text, "1\nAbCdEf12\n1000"].join("\n");
        let visits = read(&visits, 5);
        assert_eq!(visits.len(), 2);
        for visit in visits {
            let said = (visit.guild, visit.slug, visit.at, visit.method, visit.user_agent, visit.purpose);
            assert_eq!(said, ("1", "AbCdEf12", 1_005, "GET", "Firefox", ""));
            assert_eq!((visit.address, visit.country, visit.referrer), ("10.0.0.1", "DE", "https://a.example/"));
        }
        assert!(read("", 0).is_empty());
    }
}
