//! Tracking numbers in the forms of their carriers.

use rand::RngExt as _;

use super::catalog::{Carrier, Check};
use crate::base::entropy::Rng;
use crate::base::ids;

/// A tracking number of a carrier.
pub(super) fn new(carrier: &Carrier, rng: &mut Rng) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_numbers_in_the_wild() {
        assert_eq!(usps("920559016491731275108"), 9);
        assert_eq!(ups("204E38033894350"), 8);
    }
}
