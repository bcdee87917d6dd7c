//! What all lists of stored documents share: newest first, a page at a time, and the filters by time.

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::dialect::page::{Page, Wanted};
use super::super::dialect::{because_of, by_field, version};
use super::super::wire::Moment;
use crate::base::time::Timestamp;
use crate::engine::{Call, Cx, Outcome, Refusal};
use crate::world::Kind;

/// The documents of a kind as they are stored, newest first.
pub(crate) fn all<T: DeserializeOwned + Serialize + Send + 'static>(cx: &mut Cx<'_>, kind: Kind, usual: usize) -> Outcome {
    let page = some::<T>(cx, kind, usual, None)?;
    Ok(version::reply(cx.call, StatusCode::OK, page))
}

/// Those documents of a kind that pass, newest first; `None` passes all, and only those of the page are read.
pub(crate) fn some<T: DeserializeOwned>(
    cx: &Cx<'_>,
    kind: Kind,
    usual: usize,
    passes: Option<&dyn Fn(&T) -> bool>,
) -> Result<Page<T>, Refusal> {
    let wanted = Wanted::of(cx.call, usual)?;
    let docs = &cx.docs;
    match passes {
        None => wanted.take(cx.call, cx.call.path, docs.count(kind.clone()), |start| docs.list(kind).rev().skip(start)),
        Some(passes) => {
            let rows: Vec<T> = docs.list::<T>(kind).rev().filter(|row| passes(row)).collect();
            wanted.take(cx.call, cx.call.path, rows.len(), |start| rows.into_iter().skip(start))
        }
    }
}

/// A span of creation times: after or at one end, before or at the other.
#[derive(Default)]
pub(crate) struct Span {
    bounds: Vec<(&'static str, Timestamp)>,
}

impl Span {
    /// Reads `object_created_gt`, `_gte`, `_lt` and `_lte`; at most ninety days may lie between two ends.
    pub(crate) fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        let mut bounds = Vec::new();
        for (name, test) in
            [("object_created_gt", "gt"), ("object_created_gte", "gte"), ("object_created_lt", "lt"), ("object_created_lte", "lte")]
        {
            let Some(text) = call.query(name).filter(|text| !text.is_empty()) else { continue };
            let at = instant(text).ok_or_else(|| by_field(name, "Enter a valid date/time."))?;
            bounds.push((test, at));
        }
        let find = |side: &str| bounds.iter().find(|(test, _)| test.starts_with(side)).map(|(_, at)| *at);
        if let (Some(start), Some(end)) = (find("gt"), find("lt"))
            && end.duration_since(start) > jiff::SignedDuration::from_hours(90 * 24)
        {
            return Err(because_of("The date range must be 90 days or less."));
        }
        Ok(Self { bounds })
    }

    /// Whether it has no end at all.
    pub(crate) fn is_open(&self) -> bool {
        self.bounds.is_empty()
    }

    /// Whether something made at that time lies in it.
    pub(crate) fn holds(&self, made: Moment) -> bool {
        self.bounds.iter().all(|(test, at)| match *test {
            "gt" => made.0 > *at,
            "gte" => made.0 >= *at,
            "lt" => made.0 < *at,
            _ => made.0 <= *at,
        })
    }
}

/// A day, or an instant of UTC with or without a `Z`; never with an offset.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let bare = text.strip_suffix('Z').unwrap_or(text);
    if bare.bytes().skip(10).any(|byte| matches!(byte, b'+' | b'-' | b' ' | b'[')) {
        return None;
    }
    let utc = |at: jiff::civil::DateTime| at.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp());
    bare.parse::<jiff::civil::DateTime>().ok().and_then(utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_the_guides_write_them() {
        let check =
            |text: &str, expected: Option<&str>| assert_eq!(instant(text).map(|at| at.to_string()), expected.map(str::to_owned), "{text}");
        check("2017-01-01", Some("2017-01-01T00:00:00Z"));
        check("2017-01-01T03:30:30", Some("2017-01-01T03:30:30Z"));
        check("2017-01-01T03:30:30.5Z", Some("2017-01-01T03:30:30.5Z"));
        check("2017-01-01T03:30:30+02:00", None);
        check("yesterday", None);
    }
}
