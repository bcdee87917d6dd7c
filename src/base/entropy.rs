//! Seeded streams of randomness.
//!
//! **Invariant:** the machine has no other source of randomness. A stream is derived from the sandbox's seed and from vendor,
//! account and call number, so that the values of one caller never depend on calls of others in between. The derivation is
//! our own arithmetic, so that an upgrade of a crate changes no ids.

use std::convert::Infallible;

use rand::{Rng as _, SeedableRng, TryRng};
use rand_chacha::ChaCha8Rng;

/// The generator that every rule draws from. It is made when something is drawn, which most calls do not.
#[derive(Clone, Debug)]
pub struct Rng {
    seed: u64,
    source: Option<Box<ChaCha8Rng>>,
}

impl Rng {
    fn source(&mut self) -> &mut ChaCha8Rng {
        self.source.get_or_insert_with(|| Box::new(ChaCha8Rng::seed_from_u64(self.seed)))
    }
}

impl TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.source().try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.source().try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.source().try_fill_bytes(bytes)
    }
}

impl SeedableRng for Rng {
    type Seed = Secret;

    fn from_seed(seed: Secret) -> Self {
        Self { seed: 0, source: Some(Box::new(ChaCha8Rng::from_seed(seed))) }
    }

    fn seed_from_u64(seed: u64) -> Self {
        Self { seed, source: None }
    }
}

/// The stream for the `number`th thing that `parts` (vendor, account, …) does under `seed`.
#[must_use]
pub fn stream(seed: u64, parts: &[&str], number: u64) -> Rng {
    let mut state = mix(seed ^ 0x7447_7447_7447_7447);
    for part in parts {
        state = mix(state ^ fingerprint(part.as_bytes()));
    }
    Rng::seed_from_u64(mix(state ^ number))
}

/// The seed of the sandbox `default`, unless another one was asked for.
pub const DEFAULT_SEED: u64 = 42;

/// The seed of a sandbox whose maker asked for none: the first 53 bits of the mixed FNV-1a digest of its name, so that every JSON reader
/// keeps the number. The same in every version and on every machine.
#[must_use]
pub fn seed_of(name: &str) -> u64 {
    mix(fingerprint(name.as_bytes())) >> 11
}

/// What secrets are derived from: bytes of the operating system, which the shell asks for.
pub type Secret = [u8; 32];

/// The stream that makes the credentials of `parts` (vendor, sandbox) from a secret, so that nobody can compute them.
#[must_use]
pub fn secret_stream(secret: Secret, parts: &[&str]) -> Rng {
    numbered_secret_stream(secret, parts.iter().fold(0, |state, part| mix(state ^ fingerprint(part.as_bytes()))))
}

/// The stream of secrets that belongs to the present place of another stream, which stays there: the same calls have the same secrets.
#[must_use]
pub fn secrets_at(secret: Secret, place: &Rng) -> Rng {
    numbered_secret_stream(secret, place.clone().next_u64())
}

fn numbered_secret_stream(secret: Secret, number: u64) -> Rng {
    let mut rng = Rng::from_seed(secret);
    rng.source().set_stream(number);
    rng
}

/// A stable 64-bit digest of a text (FNV-1a); for streams and short labels, never for secrets.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u64 {
    fingerprint_on(0xcbf2_9ce4_8422_2325, bytes)
}

/// The digest of a text whose beginning has this one.
#[must_use]
pub fn fingerprint_on(digest: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(digest, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A number whose bits all depend on all bits of another one (the last steps of SplitMix64).
#[must_use]
pub fn scattered(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The finalizer of SplitMix64: neighbouring inputs give unrelated outputs.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    fn check(parts: &[&str], number: u64, expected: u64) {
        assert_eq!(stream(42, parts, number).random::<u64>(), expected);
    }

    #[test]
    fn the_seed_of_a_name_never_moves() {
        assert_eq!([seed_of("s1"), seed_of("s2")], [2_728_106_438_724_164, 8_938_516_924_996_066]);
    }

    #[test]
    fn digests_and_mixed_numbers_are_the_published_ones() {
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!([scattered(0x9e37_79b9_7f4a_7c15), scattered(0x0123_4567_89ab_cdef)], [mix(0), 0xb2c0_58e4_ebb5_112c]);
    }

    #[test]
    fn secrets_depend_on_every_part_on_their_place_and_on_the_secret() {
        let drawn = |parts: &[&str]| secret_stream([7; 32], parts).random::<u64>();
        assert_ne!(drawn(&["shippo", "a"]), drawn(&["shippo", "b"]));
        assert_ne!(drawn(&["shippo", "a"]), drawn(&["shipmate", "a"]));
        let at = |number| secrets_at([7; 32], &stream(42, &["shippo"], number)).random::<u64>();
        assert_eq!(at(1), at(1));
        assert_ne!(at(1), at(2));
        assert_ne!(at(1), secrets_at([8; 32], &stream(42, &["shippo"], 1)).random::<u64>());
    }

    #[test]
    fn a_stream_never_moves() {
        check(&["shipmate", "default"], 1, 13_450_549_904_909_484_744);
        check(&["shipmate", "default"], 2, 3_962_171_813_428_124_166);
        check(&["shippo", "default"], 1, 8_645_764_980_422_342_499);
    }
}
