//! Purpose: time a whole draw, from the unsorted entrant list to the last winner, at several numbers of entrants.
//!
//! Prints one JSON line: an array of `{"entrants": n, "milliseconds": [one number per round]}`. Each round draws with another
//! seed, so no round can live off the one before.

use muster_core::features::giveaways::rules::draw::{Draw, Entrant, Entrants, Seed};
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

const SIZES: [u64; 3] = [1_000, 10_000, 100_000];
const ROUNDS: u8 = 15;
/// The most winners a giveaway usually has, rerolls included.
const PICKS: usize = 50;
/// An ordinary snowflake; entrants' ids lie apart from each other as real ones do.
const FIRST_USER: u64 = 300_000_000_000_000_000;
const APART: u64 = 7_919_000_000_007;

fn main() {
    let sizes: Vec<_> = SIZES
        .iter()
        .map(|&size| json!({ "entrants": size, "milliseconds": (0..=ROUNDS).map(|round| draw_ms(size, round)).skip(1).collect::<Vec<_>>() }))
        .collect();
    println!("{}", json!(sizes));
}

/// One draw with `PICKS` winners. The zeroth round warms caches up and is thrown away.
fn draw_ms(size: u64, round: u8) -> f64 {
    let unsorted: Vec<Entrant> = (0..size)
        // Every entrant once, in an order far from the canonical one: the step shares no factor with the sizes.
        .map(|n| (n * 61_813 + u64::from(round)) % size)
        .map(|n| Entrant { user: (FIRST_USER + n * APART).to_string(), weight: 1 + (n % 10) as u32 })
        .collect();
    let seed = Seed::new([round; 32]);
    let started = Instant::now();
    let entrants = Entrants::new(unsorted);
    let picks = Draw::new("bench", &seed, &entrants).take(PICKS).count();
    let elapsed = started.elapsed();
    assert_eq!(black_box(picks), PICKS, "a draw over {size} entrants gave too few picks");
    elapsed.as_secs_f64() * 1_000.0
}
