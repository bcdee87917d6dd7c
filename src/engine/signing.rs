//! Signatures of webhooks: HMACs with the secrets of subscriptions, and RSA for vendors that publish a key. The RSA key is the
//! same in every copy of this program, and public on purpose, because a secret in a binary is none: the same bytes always have
//! the same signature.
//! **Invariant:** a valid signature means that some sandbox made it, and nothing else.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use ring::{hmac, rsa};
use serde_json::{Value, json};

/// The id of the sandbox's key in [`jwks`].
pub const KEY_ID: &str = "seatrial-sandbox-1";

/// An HMAC with SHA-256, in hexadecimal digits.
#[must_use]
pub fn hmac_sha256(secret: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, message).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RSA PKCS #1 v1.5 over SHA-256 with the sandbox's key, in base64.
///
/// # Panics
/// Never: a test signs with the key.
#[must_use]
pub fn rsa_sha256(message: &[u8]) -> String {
    let key = key();
    let mut signature = vec![0; key.public().modulus_len()];
    // What is drawn here blinds the arithmetic, and leaves no trace in the signature.
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("the room is as long as the modulus");
    STANDARD.encode(signature)
}

/// The sandbox's key as subscribers look it up: a set of JSON web keys (RFC 7517).
#[must_use]
pub fn jwks() -> Value {
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(key().public_key());
    let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));
    json!({"keys": [{"kty": "RSA", "kid": KEY_ID, "use": "sig", "alg": "RS256", "n": n, "e": e}]})
}

fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| rsa::KeyPair::from_pkcs8(include_bytes!("signing/sandbox.pk8")).expect("the file is an RSA key"))
}
