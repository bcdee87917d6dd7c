//! How many working days a parcel takes: what its service is known for, and how far it goes.

use jiff::civil::{Date, Weekday};

use crate::carrier::calendar;
use crate::carrier::parcel::Location;
use crate::carrier::places::Place;

/// Kilometers within which an economy service needs a day less.
const SAME_REGION: f64 = 150.0;
const NEIGHBORS: f64 = 700.0;
/// Kilometers beyond which another country is another continent.
const CONTINENT: f64 = 3_500.0;

/// The working days of a service that is sold as one of `usual` days, for a journey. Express services take as long anywhere in a
/// country; economy ones, and whatever crosses an ocean, take longer the further it is. Services of the same day stay so.
#[must_use]
pub fn days(usual: u8, from: &Location, to: &Location) -> u8 {
    let (start, end) = (Place::of(from), Place::of(to));
    let Some(kilometers) = start.kilometers_to(end).filter(|_| usual > 0) else { return usual };
    let is_express = usual <= 3;
    if start.country() == end.country() {
        let nearer = usual >= 3 && kilometers <= SAME_REGION;
        return usual - u8::from(nearer) + u8::from(start.is_remote() != end.is_remote());
    }
    let by_distance = match kilometers {
        near if near <= NEIGHBORS => usual - u8::from(!is_express),
        near if near <= CONTINENT => usual,
        far => {
            let thousands = (1..=20).take_while(|count| f64::from(*count) * 1_000.0 <= far).last().unwrap_or(0);
            usual.saturating_add(if is_express { thousands / 8 } else { thousands.saturating_mul(usual) / 16 })
        }
    };
    by_distance.max(if has_customs(start, end) { 2 } else { 1 })
}

/// The day on which a parcel of so many working days is delivered; some carriers work on Saturdays.
#[must_use]
pub fn delivery(shipped: Date, days: u8, country: &str, saturdays: bool) -> Date {
    if !saturdays {
        return calendar::after(country, shipped, days);
    }
    (0..days).fold(shipped, |day, _| {
        let next = calendar::tomorrow(day);
        if next.weekday() == Weekday::Sunday { calendar::tomorrow(next) } else { next }
    })
}

/// Whether goods between two places are declared.
pub(super) fn has_customs(from: &Place, to: &Place) -> bool {
    const UNIONS: [&[&str]; 4] = [
        &[
            "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MC", "MT",
            "NL", "PL", "PT", "RO", "SE", "SI", "SK",
        ],
        &["GB", "GG", "IM", "JE"],
        &["US", "PR"],
        &["CH", "LI"],
    ];
    let union = |rows: &&[&str]| rows.contains(&from.country()) && rows.contains(&to.country());
    from.country() != to.country() && !UNIONS.iter().any(union)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(usual: u8, from: (&str, &str), to: (&str, &str), expected: u8) {
        let place = |(country, zip): (&str, &str)| Location { country: country.to_owned(), zip: zip.to_owned(), ..Location::default() };
        assert_eq!(days(usual, &place(from), &place(to)), expected, "{usual} {from:?} {to:?}");
    }

    #[test]
    fn days_grow_with_distance_and_more_so_for_economy() {
        let derby = ("GB", "DE1 1EE");
        check(1, derby, ("GB", "EC1A 1BB"), 1);
        check(1, derby, ("GB", "IV1 1AA"), 2);
        check(3, derby, ("GB", "B1 1AA"), 2);
        check(3, derby, ("GB", "EH1 1AA"), 3);
        check(4, derby, ("FR", "75001"), 3);
        check(4, derby, ("IT", "00118"), 4);
        check(4, derby, ("US", "10007"), 5);
        check(4, derby, ("AU", "2000"), 8);
        check(3, derby, ("US", "10007"), 3);
        check(3, derby, ("AU", "2000"), 5);
        check(1, derby, ("IE", "D01"), 2);
        check(1, ("DE", "10115"), ("AT", "1010"), 1);
        check(1, ("US", "10007"), ("US", "94103"), 1);
        check(0, derby, derby, 0);
        check(2, derby, ("", ""), 2);
    }

    #[test]
    fn some_carriers_deliver_on_saturdays() {
        let check = |days, saturdays, expected: &str| {
            let shipped: Date = "2026-08-24".parse().expect("a test writes valid dates");
            assert_eq!(delivery(shipped, days, "US", saturdays).to_string(), expected);
        };
        // Recorded August 2026.
        check(3, true, "2026-08-27");
        check(5, true, "2026-08-29");
        check(7, true, "2026-09-01");
        check(1, false, "2026-08-25");
        check(5, false, "2026-08-31");
    }
}
