//! Purpose: the `Rng` port: the platform's cryptographic generator.

use muster_core::ports::Rng;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

/// `crypto.getRandomValues` fills at most 65,536 bytes per call.
const PER_CALL: usize = 65_536;

pub struct WebRng;

impl Rng for WebRng {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(PER_CALL) {
            get_random_values(part);
        }
    }
}
