//! Purpose: keyed hashes (HMAC-SHA-256, RFC 2104) over several texts, so that no two lists of texts look alike.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// A key for many texts: what depends on it alone is done once.
pub struct Key(Option<Hmac<Sha256>>);

impl Key {
    pub fn new(key: &[u8]) -> Self {
        // HMAC takes keys of every length.
        Self(Hmac::new_from_slice(key).ok())
    }

    fn begun(&self, parts: &[&str]) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.clone()?;
        for part in parts {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        Some(mac)
    }

    pub fn mac(&self, parts: &[&str]) -> [u8; 32] {
        self.begun(parts).map_or([0; 32], |mac| mac.finalize().into_bytes().into())
    }
}

pub fn mac(key: &[u8], parts: &[&str]) -> [u8; 32] {
    Key::new(key).mac(parts)
}

/// Whether these are the first bytes of it, at least 16, compared in constant time.
pub fn is_mac(key: &[u8], parts: &[&str], given: &[u8]) -> bool {
    given.len() >= 16 && Key::new(key).begun(parts).is_some_and(|mac| mac.verify_truncated_left(given).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart_and_beginnings_verified() {
        let made = mac(b"key", &["a", "bc"]);
        assert_ne!(made, mac(b"key", &["ab", "c"]));
        assert!(is_mac(b"key", &["a", "bc"], &made[..16]));
        assert!(!is_mac(b"key", &["a", "bc"], &made[..15]), "too short");
        assert!(!is_mac(b"kez", &["a", "bc"], &made[..16]));
        assert!(!is_mac(b"key", &["a", "bc"], &[]));
    }
}
