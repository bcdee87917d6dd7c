//! Tracking numbers in the forms of their carriers, and signed links to labels. Links are built from the address that the caller used, so
//! that they can be followed; browsers do so without a credential, so that links name the sandbox themselves unless it is the default one.

use rand::RngExt as _;

use super::catalog::{Carrier, Check};
use super::wire::Moment;
use crate::base::entropy::{self, Rng};
use crate::base::{ids, time};
use crate::engine::{Cx, DEFAULT, Request, pairs};

/// A tracking number of a carrier.
pub(super) fn number(carrier: &Carrier, rng: &mut Rng) -> String {
    let form = &carrier.number;
    let length = form.digits;
    match form.check {
        Check::None => format!("{}{}", form.prefix, ids::digits(rng, length)),
        Check::Usps => {
            let body = format!("{}{}", form.prefix, ids::digits(rng, length));
            let check = usps(&body);
            format!("{body}{check}")
        }
        Check::Ups => {
            let service = ["01", "02", "03", "12"][rng.random_range(0..4)];
            let body = format!("{}{service}{}", ids::alphanumeric(rng, 6), ids::digits(rng, length - 9));
            let check = ups(&body);
            format!("{}{body}{check}", form.prefix)
        }
    }
}

/// From the right, digits count three times and once in turn.
fn usps(body: &str) -> u32 {
    let sum: u32 = body.bytes().rev().enumerate().map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 0 { 3 } else { 1 }).sum();
    (10 - sum % 10) % 10
}

/// Letters count as digits, every second one twice.
fn ups(body: &str) -> u32 {
    let value = |byte: u8| if byte.is_ascii_digit() { u32::from(byte - b'0') } else { (u32::from(byte) + 7) % 10 };
    let sum: u32 = body.bytes().enumerate().map(|(place, byte)| value(byte) * if place % 2 == 0 { 1 } else { 2 }).sum();
    (10 - sum % 10) % 10
}

/// A link to a file that is good for a year.
pub(super) fn link(cx: &Cx<'_>, name: &str, since: Moment) -> String {
    link_for(cx, name, since, jiff::SignedDuration::from_hours(365 * 24))
}

/// A link to a file that is good for so long.
pub(super) fn link_for(cx: &Cx<'_>, name: &str, since: Moment, span: jiff::SignedDuration) -> String {
    let expires = time::shift(since.0, span).as_second();
    let signature = signature(name, expires);
    cx.call.url(&format!("/deliver/{name}?Expires={expires}&Signature={signature}&{KEY_PAIR_ID}={}", key_pair(cx.sandbox)))
}

/// Whether a link is signed, and good now.
pub(super) fn is_signed(name: &str, cx: &Cx<'_>) -> bool {
    let expires: Option<i64> = cx.call.query("Expires").and_then(|text| text.parse().ok());
    let fits = |expires| {
        cx.call.query("Signature") == Some(signature(name, expires).as_str())
            && cx.call.query(KEY_PAIR_ID) == Some(key_pair(cx.sandbox).as_str())
    };
    expires.is_some_and(|expires| fits(expires) && cx.now.as_second() < expires)
}

/// The sandbox that a link names.
pub(super) fn sandbox(request: &Request) -> Option<String> {
    let pairs = pairs(&request.query);
    let (_, key) = pairs.iter().find(|(name, _)| name == KEY_PAIR_ID)?;
    key.strip_prefix(KEY_PAIR)?.strip_prefix('.').map(str::to_owned)
}

/// What a link names the sandbox by.
pub(super) fn key_pair(sandbox: &str) -> String {
    if sandbox == DEFAULT { KEY_PAIR.to_owned() } else { format!("{KEY_PAIR}.{sandbox}") }
}

pub(super) const KEY_PAIR_ID: &str = "Key-Pair-Id";
const KEY_PAIR: &str = "SEATRIAL";

/// Keeps links apart; it protects nothing.
fn signature(name: &str, expires: i64) -> String {
    ids::hex(&mut entropy::stream(0, &["signature", name], expires.unsigned_abs()), 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_numbers_in_the_wild() {
        assert_eq!(usps("920559016491731275108"), 9);
        assert_eq!(ups("204E38033894350"), 8);
    }
}
