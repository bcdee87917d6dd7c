//! Times and days of version 1: US Pacific wall time without an offset, in both directions.

use jiff::civil::{Date, DateTime};
use serde_json::Value;

use super::{instant, pacific};
use crate::base::time::Timestamp;

/// A time with the seven digits that orders, shipments and warehouses show; those behind the third are zeros.
pub(crate) fn stamp(at: Timestamp) -> String {
    let local = pacific(at);
    format!("{}.{:03}0000", local.strftime("%Y-%m-%dT%H:%M:%S"), local.subsec_nanosecond() / 1_000_000)
}

/// A time with as many digits as it has, which lines, products and stores show.
pub(crate) fn trimmed(at: Timestamp) -> String {
    let text = stamp(at);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What was sent as a time or a day, with seven digits. Inferred: the zone that scripts write behind it says nothing.
pub(crate) fn normalized(sent: &Value) -> Value {
    sent.as_str().and_then(read).map(|local| print(local).into()).unwrap_or_default()
}

/// The day of what was sent.
pub(crate) fn day(sent: &Value) -> Value {
    sent.as_str().and_then(read).map(|local| local.date().to_string().into()).unwrap_or_default()
}

/// The time that a filter means: Pacific, unless it says its offset.
pub(crate) fn filter(text: &str) -> Option<Timestamp> {
    // A plus sign in a query is a blank.
    let text = text.trim();
    match text.split_at_checked(16).filter(|(_, rest)| rest.ends_with(['Z', 'z']) || rest.contains(['+', '-', ' '])) {
        Some((local, rest)) => (local.replace(' ', "T") + &rest.replace(' ', "+")).parse().ok(),
        None => instant(read(text)?),
    }
}

/// A time as .NET reads it: ISO with a blank or a `T`, a day alone, with slashes, or as Americans write it.
pub(crate) fn read(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let (day, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    let date = self::date(day)?;
    let time = time.trim().trim_end_matches(['Z', 'z']);
    let time = time.split(['+', '-']).next().unwrap_or_default().trim();
    if time.is_empty() {
        return Some(date.to_datetime(jiff::civil::Time::midnight()));
    }
    let (clock, half) = match time.to_ascii_uppercase() {
        text if text.ends_with("AM") || text.ends_with("PM") => {
            (text[..text.len() - 2].trim().to_owned(), text.ends_with("PM").then_some(12))
        }
        text => (text, Some(0)),
    };
    let mut parts = clock.split(':');
    let hour: i8 = parts.next()?.parse().ok()?;
    let minute: i8 = parts.next()?.parse().ok()?;
    let (second, fraction) = parts.next().map_or(("0", ""), |second| second.split_once('.').unwrap_or((second, "")));
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let hour = match half {
        Some(12) => hour % 12 + 12,
        None => hour % 12,
        _ => hour,
    };
    Some(date.to_datetime(jiff::civil::Time::new(hour, minute, second.parse().ok()?, digits.parse().ok()?).ok()?))
}

fn date(text: &str) -> Option<Date> {
    let text = text.replace('/', "-");
    let mut parts = text.split('-');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next().filter(|_| parts.next().is_none())?);
    let (year, month, day) = if first.len() == 4 { (first, second, third) } else { (third, first, second) };
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn print(local: DateTime) -> String {
    format!("{}.{:07}", local.strftime("%Y-%m-%dT%H:%M:%S"), local.subsec_nanosecond() / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &str, expected: &str) {
        assert_eq!(read(sent).map(print).unwrap_or_default(), expected, "{sent}");
    }

    #[test]
    fn times_are_read_as_dot_net_reads_them() {
        check("2015-06-29T08:46:27.0000000", "2015-06-29T08:46:27.0000000");
        check("2026-01-05 01:00:00", "2026-01-05T01:00:00.0000000");
        check("2026-01-05T01:00:00.123Z", "2026-01-05T01:00:00.1230000");
        check("2026-01-05T01:00:00-05:00", "2026-01-05T01:00:00.0000000");
        check("2099/12/31", "2099-12-31T00:00:00.0000000");
        check("1/2/2026 3:04 PM", "2026-01-02T15:04:00.0000000");
        check("12/31/2026", "2026-12-31T00:00:00.0000000");
        check("2026-13-01", "");
        check("soon", "");
        check("", "");
    }

    #[test]
    fn filters_are_pacific_unless_they_say_otherwise() {
        let check = |text: &str, expected: &str| assert_eq!(filter(text).map(|at| at.to_string()).unwrap_or_default(), expected, "{text}");
        check("2015-06-06T00:29:35", "2015-06-06T07:29:35Z");
        check("2015-01-06", "2015-01-06T08:00:00Z");
        check("2025-11-19T08:00:00-00:00", "2025-11-19T08:00:00Z");
        check("2025-11-19T08:00:00Z", "2025-11-19T08:00:00Z");
        check("2025-11-19T08:00:00 02:00", "2025-11-19T06:00:00Z");
        check("ä2025-11-19T08:00ä:00", "");
    }
}
