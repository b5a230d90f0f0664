//! Purpose: the `Rng` port: the platform's cryptographic generator.

use muster_core::ports::Rng;

pub struct WebRng;

impl Rng for WebRng {
    fn fill(&self, bytes: &mut [u8]) {
        // A draw or an id must never come from anything weaker: without the generator there is no answer at all.
        if getrandom::fill(bytes).is_err() {
            worker::console_error!("the platform's random generator failed");
            std::process::abort();
        }
    }
}
