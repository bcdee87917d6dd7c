//! Instants and spans of time as values. Nothing here reads a clock.

use std::time::Duration;

pub use jiff::Timestamp;
use jiff::{SignedDuration, Span, SpanRelativeTo};

/// The first instant that a clock may show.
pub const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;

/// What clocks may show, for messages. No timestamp is later.
pub const CLOCK_RANGE: &str = "expected 1970-01-01T00:00:00Z to 9999-12-30T22:00:00Z";

/// Parses a span of time: `90s`, `72h`, `1h30m`, `2d`, `3 weeks`. Days are 24 hours.
#[must_use]
pub fn span(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

/// Like [`span`], for lengths that cannot be negative.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    Duration::try_from(span(text)?).ok()
}

/// `instant` moved by `by`, held within the range that timestamps have.
#[must_use]
pub fn shift(instant: Timestamp, by: SignedDuration) -> Timestamp {
    let edge = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    instant.checked_add(by).unwrap_or(edge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seconds: Option<i64>) {
        assert_eq!(span(text).map(|span| span.as_secs()), seconds, "{text}");
    }

    #[test]
    fn spans_read_as_people_write_them() {
        check("90s", Some(90));
        check("72h", Some(259_200));
        check("+2d", Some(172_800));
        check("1h30m", Some(5_400));
        check("-1h", Some(-3_600));
        check("soon", None);
        assert_eq!(duration("-1h"), None);
    }

    #[test]
    fn clocks_have_a_range() {
        let ends = [EARLIEST, Timestamp::MAX].map(|end| end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        assert_eq!(format!("expected {} to {}", ends[0], ends[1]), CLOCK_RANGE);
    }

    #[test]
    fn shifting_stops_at_the_edge_of_time() {
        assert_eq!(shift(Timestamp::MAX, SignedDuration::from_hours(1)), Timestamp::MAX);
        assert_eq!(shift(Timestamp::MIN, SignedDuration::from_hours(-1)), Timestamp::MIN);
    }
}
