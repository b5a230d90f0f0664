//! Purpose: a batch as bytes on the wire: JSON, compressed, signed with a shared key; and back, refusing what is not ours.
//!
//! The signature is HMAC-SHA256 over `timestamp.nonce.body`, the body as it travels. Two keys may be active, so that one can
//! be replaced while both sides run. Nothing is decompressed before the signature holds.

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use hmac::{Hmac, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;
use std::io::{Read, Write};

/// Clocks may differ by this much, and a batch may take this long on its way: 5 minutes, as webhook senders commonly allow.
pub const WINDOW_MS: i64 = 5 * 60_000;
/// Bytes on the wire. A full batch of 5,000 events compresses to a tenth of this.
pub const BODY_MAX: usize = 1 << 20;
/// Bytes after decompression; more is refused before it is held.
pub const PLAIN_MAX: usize = 8 << 20;

/// HMAC-SHA256 wants keys of at least its output's length to be as strong as it can (RFC 2104): half of that is the least here.
const SECRET_MIN: usize = 16;

/// A shared secret with the name that travels beside the signature.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pub secret: Vec<u8>,
}

/// Keys out of a setting: `id:hex`, several separated by commas, the one to sign with first.
///
/// # Errors
/// A sentence saying what is wrong; it holds nothing of the secret.
pub fn parse_keys(text: &str) -> Result<Vec<Key>, String> {
    let one = |part: &str| {
        let (id, secret) = part.trim().split_once(':').ok_or("a gateway key looks like id:hex")?;
        let secret = hex::decode(secret.trim()).map_err(|_| format!("the secret of gateway key {id} is not hex"))?;
        if secret.len() < SECRET_MIN {
            return Err(format!("the secret of gateway key {id} is shorter than {SECRET_MIN} bytes"));
        }
        Ok(Key { id: id.trim().to_owned(), secret })
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(one).collect()
}

/// What travels beside the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    pub key_id: String,
    /// Unix milliseconds.
    pub timestamp: i64,
    pub nonce: String,
    /// Lower-case hex.
    pub signature: String,
}

/// Why bytes were not taken for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no active key has that id")]
    UnknownKey,
    #[error("the signature does not fit")]
    NotSigned,
    #[error("the timestamp is more than five minutes away from now: check both clocks")]
    Stale,
    #[error("the body is too long")]
    TooLong,
    #[error("the body cannot be read")]
    Unreadable,
}

fn mac(key: &Key, timestamp: i64, nonce: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret).ok()?;
    mac.update(format!("{timestamp}.{nonce}.").as_bytes());
    mac.update(body);
    Some(mac)
}

/// The bytes to send and what goes beside them. `now` is Unix milliseconds, `nonce` anything that was not used before.
///
/// # Errors
/// When the value cannot be written as JSON, or is too long for one delivery.
pub fn seal<T: Serialize>(value: &T, key: &Key, now: i64, nonce: &str) -> Result<(Headers, Vec<u8>), Refusal> {
    let plain = serde_json::to_vec(value).map_err(|_| Refusal::Unreadable)?;
    if plain.len() > PLAIN_MAX {
        return Err(Refusal::TooLong);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let body = encoder.write_all(&plain).and_then(|()| encoder.finish()).map_err(|_| Refusal::Unreadable)?;
    if body.len() > BODY_MAX {
        return Err(Refusal::TooLong);
    }
    let mac = mac(key, now, nonce, &body).ok_or(Refusal::UnknownKey)?;
    let signature = hex::encode(mac.finalize().into_bytes());
    Ok((Headers { key_id: key.id.clone(), timestamp: now, nonce: nonce.to_owned(), signature }, body))
}

/// The value out of the bytes, if one of `keys` signed it and not long ago.
///
/// # Errors
/// A [`Refusal`]; nothing of the body was parsed unless its signature fits.
pub fn open<T: DeserializeOwned>(headers: &Headers, body: &[u8], keys: &[Key], now: i64) -> Result<T, Refusal> {
    if body.len() > BODY_MAX {
        return Err(Refusal::TooLong);
    }
    let key = keys.iter().find(|key| key.id == headers.key_id).ok_or(Refusal::UnknownKey)?;
    let signature = hex::decode(&headers.signature).map_err(|_| Refusal::NotSigned)?;
    let mac = mac(key, headers.timestamp, &headers.nonce, body).ok_or(Refusal::UnknownKey)?;
    // Compares in constant time.
    mac.verify_slice(&signature).map_err(|_| Refusal::NotSigned)?;
    if now.abs_diff(headers.timestamp) > WINDOW_MS.unsigned_abs() {
        return Err(Refusal::Stale);
    }
    let mut plain = Vec::new();
    let longest = PLAIN_MAX as u64 + 1;
    GzDecoder::new(body).take(longest).read_to_end(&mut plain).map_err(|_| Refusal::Unreadable)?;
    if plain.len() > PLAIN_MAX {
        return Err(Refusal::TooLong);
    }
    serde_json::from_slice(&plain).map_err(|_| Refusal::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const NOW: i64 = 1_700_000_000_000;

    fn key(id: &str) -> Key {
        Key { id: id.to_owned(), secret: format!("secret of {id}").into_bytes() }
    }

    fn keys() -> Vec<Key> {
        vec![key("old"), key("new")]
    }

    fn sealed() -> (Headers, Vec<u8>) {
        seal(&vec!["hello"; 3], &key("new"), NOW, "n1").unwrap()
    }

    #[rstest]
    #[case("old")]
    #[case("new")]
    fn both_active_keys_are_taken(#[case] id: &str) {
        let (headers, body) = seal(&vec!["hello"; 3], &key(id), NOW, "n1").unwrap();
        assert_eq!(open::<Vec<String>>(&headers, &body, &keys(), NOW).unwrap(), ["hello"; 3]);
    }

    #[test]
    fn a_retired_key_and_a_foreign_secret_are_refused() {
        let (headers, body) = seal(&1, &key("retired"), NOW, "n1").unwrap();
        assert_eq!(open::<i32>(&headers, &body, &keys(), NOW), Err(Refusal::UnknownKey));
        let foreign = Key { id: "new".into(), secret: b"guess".to_vec() };
        let (headers, body) = seal(&1, &foreign, NOW, "n1").unwrap();
        assert_eq!(open::<i32>(&headers, &body, &keys(), NOW), Err(Refusal::NotSigned));
    }

    #[test]
    fn whatever_is_changed_on_the_way_is_noticed() {
        let (headers, body) = sealed();
        let mut other = body.clone();
        other[12] ^= 1;
        let later = Headers { timestamp: NOW + 1, ..headers.clone() };
        let nonce = Headers { nonce: "n2".into(), ..headers.clone() };
        let garbage = Headers { signature: "zz".into(), ..headers.clone() };
        for (headers, body) in [(&headers, &other), (&later, &body), (&nonce, &body), (&garbage, &body)] {
            assert_eq!(open::<Vec<String>>(headers, body, &keys(), NOW), Err(Refusal::NotSigned));
        }
    }

    #[rstest]
    #[case(WINDOW_MS, true)]
    #[case(WINDOW_MS + 1, false)]
    #[case(-WINDOW_MS, true)]
    #[case(-WINDOW_MS - 1, false)]
    fn five_minutes_either_way(#[case] later: i64, #[case] taken: bool) {
        let (headers, body) = sealed();
        assert_eq!(open::<Vec<String>>(&headers, &body, &keys(), NOW + later).is_ok(), taken);
    }

    #[test]
    fn the_ends_of_time_are_stale_and_not_a_panic() {
        for timestamp in [i64::MIN, i64::MAX] {
            let (headers, body) = seal(&1, &key("new"), timestamp, "n").unwrap();
            assert_eq!(open::<i32>(&headers, &body, &keys(), NOW), Err(Refusal::Stale));
        }
    }

    #[test]
    fn a_small_body_that_grows_huge_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; PLAIN_MAX + 1]).unwrap();
        let body = encoder.finish().unwrap();
        let signature = hex::encode(mac(&key("new"), NOW, "n", &body).unwrap().finalize().into_bytes());
        let headers = Headers { key_id: "new".into(), timestamp: NOW, nonce: "n".into(), signature };
        assert_eq!(open::<i32>(&headers, &body, &keys(), NOW), Err(Refusal::TooLong));
        assert_eq!(open::<i32>(&headers, &vec![0; BODY_MAX + 1], &keys(), NOW), Err(Refusal::TooLong));
    }

    #[test]
    fn keys_are_read_from_a_setting() {
        let secret = "ab".repeat(16);
        let keys = parse_keys(&format!("new:{secret}, old:{secret}")).unwrap();
        assert_eq!(keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["new", "old"]);
        assert!(parse_keys("").unwrap().is_empty());
        for wrong in ["abc", "a:xyz", "a:abcd"] {
            assert!(parse_keys(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(text in ".{0,200}", timestamp in 0..i64::MAX, nonce in "[a-z0-9]{0,20}") {
            let (headers, body) = seal(&text, &key("old"), timestamp, &nonce).unwrap();
            prop_assert_eq!(open::<String>(&headers, &body, &keys(), timestamp).unwrap(), text);
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(body in prop::collection::vec(any::<u8>(), 0..300), signature in ".{0,80}") {
            let headers = Headers { key_id: "new".into(), timestamp: NOW, nonce: "n".into(), signature };
            prop_assert!(open::<String>(&headers, &body, &keys(), NOW).is_err());
        }
    }
}
