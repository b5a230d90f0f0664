//! Purpose: randomness from the operating system: names that nobody else has, and pauses that differ.

use std::time::Duration;

/// 64 random bits. Without randomness from the system, which no supported system lacks, the time stands in.
pub fn bits() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos().into())
    })
}

/// 32 hexadecimal digits that are used nowhere else.
pub fn name() -> String {
    format!("{:016x}{:016x}", bits(), bits())
}

/// A duration between the two.
pub fn between(from: Duration, to: Duration) -> Duration {
    let span = u64::try_from(to.saturating_sub(from).as_millis()).unwrap_or(u64::MAX);
    from + Duration::from_millis(bits() % span.max(1))
}
