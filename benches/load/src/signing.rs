//! Purpose: the key this generator signs with, and the two headers Discord puts on an interaction.
//!
//! The seed is public on purpose: it signs only what goes to a Worker started for a bench on loopback.

use ed25519_dalek::{Signer, SigningKey};

const SEED: [u8; 32] = *b"muster bench key, loopback only!";

/// The key a Worker under test is configured with.
pub fn public_key_hex() -> String {
    hex::encode(key().verifying_key().as_bytes())
}

/// The bench's signing key.
pub fn key() -> SigningKey {
    SigningKey::from_bytes(&SEED)
}

/// `X-Signature-Ed25519` for a body: the signature over the timestamp followed by the raw body, in hex.
pub fn signature_hex(key: &SigningKey, timestamp: &str, body: &[u8]) -> String {
    let mut message = Vec::with_capacity(timestamp.len() + body.len());
    message.extend_from_slice(timestamp.as_bytes());
    message.extend_from_slice(body);
    hex::encode(key.sign(&message).to_bytes())
}
