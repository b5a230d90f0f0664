//! Purpose: secrets at rest: tokens of other services, encrypted so that a copy of the database alone is worth nothing.
//!
//! AES-256-GCM with a random nonce. A sealed text is `v1.KEY-ID.BASE64(nonce, ciphertext, tag)`; table, row and column are
//! authenticated with it, so that it opens only where it was put. The first key seals; every key opens, while rows of an older
//! one are sealed again ([`Vault::is_current`]).
//!
//! Random nonces of 96 bits hold for 2^32 seals per key (NIST SP 800-38D, section 8.3): replace a key long before that.

use crate::ports::Rng;
use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt;

const VERSION: &str = "v1";
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;

/// Where a sealed text lies. All parts together name it once in the whole database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub table: &'a str,
    /// The row's key, with the guild where it has one.
    pub row: &'a str,
    pub column: &'a str,
}

impl Place<'_> {
    /// Lengths before the parts, so that no two places look alike.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = VERSION.as_bytes().to_vec();
        for part in [self.table, self.row, self.column] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// Why a sealed text does not open. What is inside stays inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("this is no sealed text of a known version")]
    Malformed,
    #[error("no key of that id is configured")]
    UnknownKey,
    /// A changed byte, another key under the same id, or a text from another place.
    #[error("the sealed text was changed, or belongs elsewhere")]
    Forged,
}

struct Key {
    id: String,
    cipher: Aes256Gcm,
}

/// The keys of this deployment.
pub struct Vault(Vec<Key>);

/// Names nothing but the keys' ids.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Vault {
    /// Keys out of a setting: `id:hex` of 32 bytes each, separated by commas, the one to seal with first.
    ///
    /// # Errors
    /// A sentence that says what is wrong and holds nothing of a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<Key> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (id, secret) = part.split_once(':').ok_or("a token key looks like id:hex")?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if id.is_empty() || id.len() > 32 || !id.chars().all(is_name) {
                return Err("the id of a token key has 1 to 32 letters, digits, - or _".to_owned());
            }
            if keys.iter().any(|key| key.id == id) {
                return Err(format!("two token keys have the id {id}"));
            }
            let secret = hex::decode(secret).map_err(|_| format!("the secret of token key {id} is not hex"))?;
            let cipher = Aes256Gcm::new_from_slice(&secret)
                .map_err(|_| format!("the secret of token key {id} does not have {KEY_BYTES} bytes"))?;
            keys.push(Key { id: id.to_owned(), cipher });
        }
        if keys.is_empty() { Err("there is no token key".to_owned()) } else { Ok(Self(keys)) }
    }

    /// Seals `plain` for one place, different each time.
    ///
    /// # Errors
    /// Only for texts beyond the algorithm's limit of 64 GB.
    pub fn seal(&self, rng: &dyn Rng, place: Place<'_>, plain: &[u8]) -> Result<String, Broken> {
        let key = self.0.first().ok_or(Broken::UnknownKey)?;
        let mut bytes = [0; NONCE_BYTES];
        rng.fill(&mut bytes);
        let payload = Payload { msg: plain, aad: &place.bytes() };
        let sealed = key.cipher.encrypt(Nonce::from_slice(&bytes), payload).map_err(|_| Broken::Malformed)?;
        let body = URL_SAFE_NO_PAD.encode([bytes.as_slice(), &sealed].concat());
        Ok(format!("{VERSION}.{}.{body}", key.id))
    }

    /// What was sealed for this place.
    ///
    /// # Errors
    /// When it is not, or is not whole.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<Vec<u8>, Broken> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(VERSION), Some(id), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Broken::Malformed);
        };
        let key = self.0.iter().find(|key| key.id == id).ok_or(Broken::UnknownKey)?;
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| Broken::Malformed)?;
        let (nonce, sealed) = body.split_at_checked(NONCE_BYTES).ok_or(Broken::Malformed)?;
        let payload = Payload { msg: sealed, aad: &place.bytes() };
        key.cipher.decrypt(Nonce::from_slice(nonce), payload).map_err(|_| Broken::Forged)
    }

    /// The id of the key that seals today.
    pub fn current(&self) -> &str {
        self.0.first().map_or("", |key| &key.id)
    }

    /// Whether the key that seals today sealed it; otherwise it is to be sealed again.
    pub fn is_current(&self, sealed: &str) -> bool {
        self.0.first().is_some_and(|key| sealed.split('.').nth(1) == Some(key.id.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::{
        cell::Cell,
        collections::{HashSet, hash_map::RandomState},
        hash::BuildHasher,
    };

    /// The standard library's random keys, told apart by a count.
    #[derive(Default)]
    struct Dice(Cell<u64>);

    impl Rng for Dice {
        fn fill(&self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(8) {
                self.0.set(self.0.get() + 1);
                let random = RandomState::new().hash_one(self.0.get()).to_le_bytes();
                chunk.copy_from_slice(&random[..chunk.len()]);
            }
        }
    }

    const HERE: Place<'_> = Place { table: "sessions", row: "900:5", column: "access" };
    const TOKEN: &[u8] = b"an access token of somebody";

    fn key(id: &str, byte: &str) -> String {
        format!("{id}:{}", byte.repeat(KEY_BYTES))
    }

    fn vault(keys: &[String]) -> Vault {
        Vault::parse(&keys.join(",")).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_shows_nothing() {
        let vault = vault(&[key("a", "01")]);
        let sealed = vault.seal(&Dice::default(), HERE, TOKEN).unwrap();
        assert_eq!(vault.open(HERE, &sealed), Ok(TOKEN.to_vec()));
        assert!(sealed.starts_with("v1.a.") && !sealed.contains("token"));
        assert_eq!(format!("{vault:?}"), r#"["a"]"#);
    }

    #[rstest]
    #[case(Place { table: "connections", ..HERE })]
    #[case(Place { row: "901:5", ..HERE })]
    #[case(Place { column: "refresh", ..HERE })]
    #[case::the_parts_are_kept_apart(Place { table: "sessions9", row: "00:5", ..HERE })]
    fn nowhere_else(#[case] place: Place<'_>) {
        let vault = vault(&[key("a", "01")]);
        let sealed = vault.seal(&Dice::default(), HERE, TOKEN).unwrap();
        assert_eq!(vault.open(place, &sealed), Err(Broken::Forged));
    }

    #[test]
    fn any_changed_character_closes_it() {
        let vault = vault(&[key("a", "01")]);
        let sealed = vault.seal(&Dice::default(), HERE, TOKEN).unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(vault.open(HERE, &changed).is_err(), "{changed}");
        }
        for end in 0..sealed.len() {
            assert!(vault.open(HERE, &sealed[..end]).is_err());
        }
    }

    #[test]
    fn a_key_is_replaced_while_both_open() {
        let old = vault(&[key("a", "01")]);
        let both = vault(&[key("b", "02"), key("a", "01")]);
        let new = vault(&[key("b", "02")]);
        let sealed = old.seal(&Dice::default(), HERE, TOKEN).unwrap();
        assert_eq!(both.open(HERE, &sealed), Ok(TOKEN.to_vec()));
        assert!(!both.is_current(&sealed));
        let again = both.seal(&Dice::default(), HERE, TOKEN).unwrap();
        assert!(both.is_current(&again));
        assert_eq!(new.open(HERE, &again), Ok(TOKEN.to_vec()));
        assert_eq!(new.open(HERE, &sealed), Err(Broken::UnknownKey));
        let same_id = vault(&[key("a", "03")]);
        assert_eq!(same_id.open(HERE, &sealed), Err(Broken::Forged));
    }

    #[test]
    fn a_million_seals_have_a_million_nonces() {
        let (vault, dice) = (vault(&[key("a", "01")]), Dice::default());
        let mut seen = HashSet::new();
        for _ in 0..1_000_000 {
            let sealed = vault.seal(&dice, HERE, b"").unwrap();
            // 16 characters of base64 are the 12 bytes.
            assert!(seen.insert(sealed["v1.a.".len()..][..16].to_owned()));
        }
    }

    #[rstest]
    #[case("", "no token key")]
    #[case("abc", "id:hex")]
    #[case("a b:00", "letters, digits")]
    #[case("a:zz", "not hex")]
    #[case("a:00", "32 bytes")]
    fn settings_that_are_wrong_say_why(#[case] text: &str, #[case] sentence: &str) {
        let error = Vault::parse(text).unwrap_err();
        assert!(error.contains(sentence), "{error}");
    }

    #[test]
    fn an_id_stands_for_one_key() {
        let error = Vault::parse(&[key("a", "01"), key("a", "02")].join(",")).unwrap_err();
        assert!(error.contains("two token keys"), "{error}");
    }
}
