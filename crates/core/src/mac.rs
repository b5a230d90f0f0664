//! Purpose: keyed hashes (HMAC-SHA-256, RFC 2104) over several texts, so that no two lists of texts look alike.

use hmac::{Hmac, Mac};
use sha2::Sha256;

fn begun(key: &[u8], parts: &[&str]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of every length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    Some(mac)
}

pub fn mac(key: &[u8], parts: &[&str]) -> [u8; 32] {
    begun(key, parts).map_or([0; 32], |mac| mac.finalize().into_bytes().into())
}

/// Whether these are the first bytes of it, at least 16, compared in constant time.
pub fn is_mac(key: &[u8], parts: &[&str], given: &[u8]) -> bool {
    given.len() >= 16 && begun(key, parts).is_some_and(|mac| mac.verify_truncated_left(given).is_ok())
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
