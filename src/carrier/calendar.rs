//! Working days: those on which carriers of a country move parcels. Public holidays are not known here.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// Countries that rest on Friday and Saturday; the others rest on Saturday and Sunday.
const FRIDAY: [&str; 18] = ["BD", "BH", "DZ", "EG", "IL", "IQ", "JO", "KW", "LY", "MV", "OM", "PS", "QA", "SA", "SD", "SY", "YE", "AF"];

/// `date`, or the first working day after it.
pub(super) fn working_day(country: &str, date: Date) -> Date {
    let mut day = date;
    while rests(country, day) {
        day = tomorrow(day);
    }
    day
}

/// The first working day after a day, in most countries.
#[must_use]
pub fn next_working_day(date: Date) -> Date {
    after("US", date, 1)
}

/// The working day so many working days after a day.
pub(super) fn after(country: &str, date: Date, days: u8) -> Date {
    (0..days).fold(date, |day, _| working_day(country, tomorrow(day)))
}

pub(super) fn tomorrow(date: Date) -> Date {
    date.checked_add(1.day()).unwrap_or(Date::MAX)
}

fn rests(country: &str, date: Date) -> bool {
    if date == Date::MAX {
        return false;
    }
    match date.weekday() {
        Weekday::Saturday => true,
        Weekday::Sunday => !FRIDAY.contains(&country),
        Weekday::Friday => FRIDAY.contains(&country),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(country: &str, date: &str, days: u8, expected: &str) {
        let date: Date = date.parse().expect("a test writes valid dates");
        assert_eq!(after(country, working_day(country, date), days).to_string(), expected, "{country} {date} {days}");
    }

    #[test]
    fn weekends_are_those_of_the_country() {
        check("GB", "2026-01-09", 1, "2026-01-12");
        check("GB", "2026-01-10", 0, "2026-01-12");
        check("SA", "2026-01-08", 1, "2026-01-11");
        check("SA", "2026-01-09", 0, "2026-01-11");
    }
}
