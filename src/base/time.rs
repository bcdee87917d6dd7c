//! Instants and spans of time as values. Nothing here reads a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, Span, SpanRelativeTo};

/// The first instant that a clock may show.
pub const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;

/// What clocks may show, for messages. No timestamp is later.
pub const CLOCK_RANGE: &str = "expected 1970-01-01T00:00:00Z to 9999-12-30T22:00:00Z";

/// Instants that never go back: where the clock that they come from is set back, time stands until it has caught up.
pub struct Steady(AtomicI64);

impl Steady {
    /// One that has given no instant yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it is for statics")]
    pub const fn new() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }

    /// The latest of all instants that it was asked for so far.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        let Ok(nanoseconds) = i64::try_from(now.as_nanosecond()) else { return now };
        let latest = self.0.fetch_max(nanoseconds, Ordering::Relaxed).max(nanoseconds);
        Timestamp::from_nanosecond(latest.into()).unwrap_or(now)
    }
}

/// Instants in stored documents: nanoseconds since 1970, and a text where those are more than numbers of JSON say exactly.
pub mod nanoseconds {
    use std::fmt;

    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serialize, Serializer};

    use super::Timestamp;

    /// # Errors
    /// When `serializer` takes no more.
    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(at.as_nanosecond()) {
            Ok(number) => serializer.serialize_i64(number),
            Err(_) => match u64::try_from(at.as_nanosecond()) {
                Ok(number) => serializer.serialize_u64(number),
                Err(_) => at.serialize(serializer),
            },
        }
    }

    /// # Errors
    /// When it is no instant.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        deserializer.deserialize_any(Reader)
    }

    struct Reader;

    impl Visitor<'_> for Reader {
        type Value = Timestamp;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an instant, as nanoseconds since 1970 or as text")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Timestamp, E> {
            self.visit_i128(number.into())
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Timestamp, E> {
            self.visit_i128(number.into())
        }

        fn visit_i128<E: Error>(self, number: i128) -> Result<Timestamp, E> {
            Timestamp::from_nanosecond(number).map_err(E::custom)
        }

        /// Files of earlier versions have larger numbers, which are read to the millisecond.
        fn visit_f64<E: Error>(self, number: f64) -> Result<Timestamp, E> {
            #[expect(clippy::cast_possible_truncation, reason = "what is too large is no instant")]
            let milliseconds = (number / 1e6).round() as i64;
            Timestamp::from_millisecond(milliseconds).map_err(E::custom)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
            text.parse().map_err(E::custom)
        }
    }
}

/// Lengths of time as people write them, such as `1m 30s`, to the microsecond.
pub mod spans {
    use std::time::Duration;

    use serde::de::Error;
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// # Errors
    /// When `serializer` takes no more.
    pub fn serialize<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.serialize_str(&super::written(*time)),
            None => serializer.serialize_none(),
        }
    }

    /// # Errors
    /// When it is no length of time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::duration(&text).ok_or_else(|| D::Error::custom("expected a length of time"))).transpose()
    }
}

/// A length of time to the microsecond, as [`duration`] reads it: `1m 30s`.
#[must_use]
pub fn written(time: Duration) -> String {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    format!("{:#}", SignedDuration::from_micros(micros)).replace('µ', "u")
}

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

/// An instant as headers of HTTP write it: `Mon, 05 Jan 2026 09:00:00 GMT`.
#[must_use]
pub fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Whether a text is written as a span of time, however long.
#[must_use]
pub fn is_span(text: &str) -> bool {
    let text = text.trim().trim_start_matches('+');
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    unit.len() < text.len() && span(&format!("1{unit}")).is_some()
}

/// Whether a text is written as an instant, and is later than any that there is.
#[must_use]
pub fn is_beyond_the_calendar(text: &str) -> bool {
    let year = text.trim_start_matches('+').split('-').next().unwrap_or_default();
    let is_far = year.len() > 4 && year.bytes().all(|byte| byte.is_ascii_digit()) && text.contains('T');
    is_far || (text.starts_with("9999-12-3") && Pieces::parse(text).is_ok_and(|pieces| pieces.offset().is_some()))
}

/// `instant` moved forward by `by`; `None` beyond the end of the calendar.
#[must_use]
pub fn advanced(instant: Timestamp, by: SignedDuration) -> Option<Timestamp> {
    instant.checked_add(by).ok()
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
    fn the_calendar_ends() {
        assert_eq!(advanced(Timestamp::UNIX_EPOCH, SignedDuration::from_hours(1)), Timestamp::from_second(3_600).ok());
        assert_eq!(advanced(Timestamp::MAX, SignedDuration::from_secs(1)), None);
    }

    #[test]
    fn clocks_have_a_range() {
        let ends = [EARLIEST, Timestamp::MAX].map(|end| end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        assert_eq!(format!("expected {} to {}", ends[0], ends[1]), CLOCK_RANGE);
    }

    #[test]
    fn what_no_calendar_holds_is_told_from_what_is_no_time() {
        for text in ["9999-12-31T00:00:00Z", "9999-12-30T23:59:59+00:00", "12026-01-05T09:00:00Z", "+12026-01-05T09:00:00Z"] {
            assert!(text.parse::<Timestamp>().is_err() && is_beyond_the_calendar(text), "{text}");
        }
        for text in ["5 Jan 2026", "2026-01-05", "2026-13-05T09:00:00Z", "9999-12-31", ""] {
            assert!(!is_beyond_the_calendar(text), "{text}");
        }
        for text in ["8000000d", "99999999999h", "+1d", "9999999 weeks"] {
            assert!(is_span(text), "{text}");
        }
        for text in ["soon", "1", "1 fortnight", "h", "", "-1h"] {
            assert!(!is_span(text), "{text}");
        }
        assert_eq!(advanced(Timestamp::MAX, SignedDuration::from_secs(1)), None);
    }

    #[test]
    fn shifting_stops_at_the_edge_of_time() {
        assert_eq!(shift(Timestamp::MAX, SignedDuration::from_hours(1)), Timestamp::MAX);
        assert_eq!(shift(Timestamp::MIN, SignedDuration::from_hours(-1)), Timestamp::MIN);
    }
}
