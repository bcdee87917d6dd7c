//! Times as .NET reads and prints them.

use jiff::civil::{Date, DateTime, Time};

/// A time as .NET reads it: ISO with a blank or a `T`, a day alone, with slashes, or as Americans write it.
pub(crate) fn read_time(text: &str) -> Option<DateTime> {
    let text = text.trim();
    // Nearly all are written as they are printed, and many are read for a list.
    if let Some(local) = text.parse().ok().filter(|_| text.len() > 18 && text.as_bytes()[4] == b'-') {
        return Some(local);
    }
    let (day, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    let date = date(day)?;
    let time = time.trim().trim_end_matches(['Z', 'z']);
    let time = time.split(['+', '-']).next().unwrap_or_default().trim();
    if time.is_empty() {
        return Some(date.to_datetime(Time::midnight()));
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
    Some(date.to_datetime(Time::new(hour, minute, second.parse().ok()?, digits.parse().ok()?).ok()?))
}

fn date(text: &str) -> Option<Date> {
    let text = text.replace('/', "-");
    let mut parts = text.split('-');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next().filter(|_| parts.next().is_none())?);
    let (year, month, day) = if first.len() == 4 { (first, second, third) } else { (third, first, second) };
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A time with the seven digits of .NET.
pub(crate) fn print_time(local: DateTime) -> String {
    format!("{}.{:07}", local.strftime("%Y-%m-%dT%H:%M:%S"), local.subsec_nanosecond() / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &str, expected: &str) {
        assert_eq!(read_time(sent).map(print_time).unwrap_or_default(), expected, "{sent}");
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
        check("1/2/2026 12:04 AM", "2026-01-02T00:04:00.0000000");
        check("2026-13-01", "");
        check("20260105T010000", "");
        check("20260105T010000.1234", "");
        check("soon", "");
        check("", "");
    }
}
