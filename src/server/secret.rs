//! The source of randomness for secrets: the operating system.

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::base::entropy::Secret;

/// Bytes that nobody can compute.
///
/// # Panics
/// If the operating system has none, without which no secret is one.
#[must_use]
pub fn secret() -> Secret {
    let mut bytes = Secret::default();
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
