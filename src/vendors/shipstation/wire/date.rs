//! Times and days of version 1: US Pacific wall time without an offset, in both directions.

use serde_json::Value;

use super::{instant, pacific};
use crate::base::net::print_time;
pub(crate) use crate::base::net::read_time as read;
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
    sent.as_str().and_then(read).map(|local| print_time(local).into()).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

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
