//! Purpose: write the table of time zones that `src/time_zone.rs` includes: tzdata (from chrono-tz) from 2020 on, packed.
//!
//! chrono-tz's own tables hold every switch since the 19th century with the zone's letters at that time: 145 KB of the compressed
//! Worker. A zone here is its first offset and the index of its list of switches; zones that switch alike share a list.

use chrono::{Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use std::{collections::BTreeMap, env, error::Error, fmt::Write, fs, path::Path};

/// 2020-01-01T00:00:00Z: before Muster existed.
const BEGIN: i64 = 1_577_836_800;
/// 2100-01-01T00:00:00Z, where chrono-tz's own tables end.
const END: i64 = 4_102_444_800;
/// Offsets since 2020 are full quarters of an hour.
const QUARTER: i64 = 900;
/// Clocks are switched at full minutes: Casey's at one minute past midnight.
const MINUTE: i64 = 60;
/// No zone switches there and back within a week.
const STEP: i64 = 7 * 86_400;

/// (minutes since the switch before it, change of the offset in quarters of an hour).
type Switches = Vec<(u32, i8)>;

fn offset(zone: Tz, at: i64) -> Result<i64, Box<dyn Error>> {
    let time = chrono::DateTime::from_timestamp(at, 0).ok_or("no such time")?;
    let seconds = i64::from(zone.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc());
    if seconds % QUARTER == 0 {
        Ok(seconds / QUARTER)
    } else {
        Err(format!("{zone} is no full quarter of an hour off").into())
    }
}

fn switches(zone: Tz) -> Result<Switches, Box<dyn Error>> {
    let mut found = Switches::new();
    let (mut last, mut at) = (BEGIN, BEGIN);
    while at < END {
        let (before, after) = (offset(zone, at)?, offset(zone, at + STEP)?);
        if before != after {
            let (mut low, mut high) = (at, at + STEP);
            while high - low > MINUTE {
                let middle = low + (high - low) / MINUTE / 2 * MINUTE;
                if offset(zone, middle)? == before { low = middle } else { high = middle }
            }
            found.push((u32::try_from((high - last) / MINUTE)?, i8::try_from(after - before)?));
            last = high;
        }
        at += STEP;
    }
    Ok(found)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut lists: BTreeMap<Switches, usize> = BTreeMap::new();
    let (mut zones, mut packed) = (String::new(), String::new());
    let mut ends = Vec::new();
    let mut total = 0;
    for zone in TZ_VARIANTS {
        let found = switches(zone)?;
        let list = *lists.entry(found).or_insert_with_key(|switches| {
            for (after, change) in switches {
                let _ = write!(packed, "({after},{change}),");
            }
            total += switches.len();
            ends.push(total);
            ends.len() - 1
        });
        write!(zones, "({:?},{},{list}),", zone.name(), offset(zone, BEGIN)?)?;
    }
    let utc = TZ_VARIANTS.iter().position(|zone| *zone == Tz::UTC).ok_or("no UTC")?;
    let out = format!(
        "const UTC: u16 = {utc};\nstatic ZONES: [(&str, i8, u8); {}] = [{zones}];\nstatic ENDS: [u16; {}] = {ends:?};\nstatic SWITCHES: [(u32, i8); {total}] = [{packed}];\n",
        TZ_VARIANTS.len(),
        ends.len(),
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("time_zones.rs"), out)?;
    Ok(())
}
