//! Tracking numbers, and the parcels that they stand for.

use jiff::civil::Time;
use rand::RngExt as _;

use crate::carrier::{Location, Parcel, Scan, Status, transit};
use crate::engine::{Cx, PARCEL};

/// Starts a parcel's life.
pub(super) fn ship(
    cx: &mut Cx<'_>,
    tracking_number: &str,
    service: (&str, &str, u8, Option<Time>),
    subject: &str,
    way: (Location, Location),
) {
    let (carrier, service, days, by) = service;
    let (from, to) = way;
    let transit_days = transit::days(days, &from, &to);
    cx.create_parcel(Parcel {
        tracking_number: tracking_number.to_owned(),
        carrier: carrier.to_owned(),
        service: service.to_owned(),
        subject: subject.to_owned(),
        from,
        to,
        created: cx.now,
        transit_days,
        by,
        scans: vec![Scan { at: cx.now, status: Status::Created, code: None, message: None, location: None }],
        ..Parcel::default()
    });
}

/// A number that no parcel of the account has. In the pattern, `#` stands for a digit and `%` for the check digit of the
/// eight digits in front of it, by the rule of the postal union.
pub(super) fn tracking_number(cx: &mut Cx<'_>, pattern: &str) -> String {
    loop {
        let mut number = String::with_capacity(pattern.len());
        for symbol in pattern.chars() {
            match symbol {
                '#' => number.push(char::from(b'0' + cx.rng.random_range(0..10_u8))),
                '%' => number.push(check_digit(&number)),
                other => number.push(other),
            }
        }
        if !cx.docs.has(PARCEL, &number) {
            return number;
        }
    }
}

fn check_digit(number: &str) -> char {
    const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    let digits = number.chars().filter_map(|symbol| symbol.to_digit(10));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let digit = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    };
    char::from_digit(digit, 10).expect("a check digit is below ten")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_follow_the_postal_union() {
        assert_eq!(check_digit("RM47312482"), '9');
        assert_eq!(check_digit("TT12345678"), '5');
    }
}
