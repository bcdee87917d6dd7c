//! Lists as the framework pages them: newest first, `page` and `results` in the query, and links to the neighbors.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{NO_CURSOR, NO_PAGE, because_of, version};
use crate::base::time::Timestamp;
use crate::engine::listing::{self, Bad, Bound, Fault, FaultKind, Filter, Listing, Number, Query, Sorting, Test};
use crate::engine::{Call, Cx, Outcome, Refusal};
use crate::vendors::shippo::checks;
use crate::world::Kind;

/// Twenty-five a page, at most a hundred.
pub(crate) const LISTING: Listing = Listing {
    filters: &[],
    time: instant,
    sorting: Sorting::NONE,
    newest_first: true,
    page: Number { names: &["page"], usual: 1, least: 1, most: usize::MAX, read: listing::digits, bad: Bad::Refused },
    size: Number { names: &["results"], usual: 25, least: 1, most: 100, read: listing::digits, bad: Bad::Usual },
    refuse_past_end: true,
    cursor: "",
    refuse,
};

/// The same with five a page.
pub(crate) const FIVES: Listing = Listing { size: Number { usual: 5, ..LISTING.size }, ..LISTING };

/// All on one page.
pub(crate) const ALL: Listing =
    Listing { page: Number { names: &[], ..LISTING.page }, size: Number { names: &[], usual: usize::MAX, ..LISTING.size }, ..LISTING };

/// The filters by time of creation.
pub(crate) const CREATED: [Filter; 4] = [
    Filter { name: "object_created_gt", member: MADE, test: Test::Time(Bound::After) },
    Filter { name: "object_created_gte", member: MADE, test: Test::Time(Bound::From) },
    Filter { name: "object_created_lt", member: MADE, test: Test::Time(Bound::Before) },
    Filter { name: "object_created_lte", member: MADE, test: Test::Time(Bound::Until) },
];

/// Where documents keep their time of creation.
pub(crate) const MADE: &str = "/object_created";

/// A page as it is answered.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Page<T> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    pub next: Option<String>,
    pub previous: Option<String>,
    pub results: Vec<T>,
}

impl<T> Page<T> {
    /// A page whose links lead to that path.
    pub(crate) fn of(call: &Call<'_>, path: &str, page: listing::Page<T>) -> Self {
        let link = |pairs: Vec<(String, String)>| listing::link(call, path, &pairs);
        // The first page needs no number.
        let numbered = |number: usize| link(listing::with(call.query.clone(), "page", (number > 1).then(|| number.to_string())));
        let next = match page.cursor {
            None => page.has_next.then(|| numbered(page.number + 1)),
            cursor => {
                let filters = listing::with(listing::with(call.query.clone(), "page", None), CURSOR, None);
                Some(link(listing::with(filters, CURSOR, cursor)))
            }
        };
        let previous = (page.number > 1 && call.query(CURSOR).is_none()).then(|| numbered(page.number - 1));
        Self { count: version::is_old(call).then_some(page.total), next, previous, results: page.rows }
    }
}

/// Answers the documents of a kind that a query asks for, as `view` shows them.
pub(crate) fn answer<T: DeserializeOwned, V: Serialize + Send + 'static>(
    cx: &Cx<'_>,
    query: &Query<'_>,
    kind: Kind,
    view: impl Fn(&Cx<'_>, T) -> V,
) -> Outcome {
    let page = query.documents(&cx.docs, kind)?.read().map(|row| view(cx, row));
    Ok(version::reply(cx.call, StatusCode::OK, Page::of(cx.call, cx.call.path, page)))
}

/// Answers the documents of a kind as they are stored.
pub(crate) fn stored(cx: &Cx<'_>, listing: &Listing, kind: Kind) -> Outcome {
    answer(cx, &listing.read(cx.call)?, kind, |_, document: Value| document)
}

/// At most ninety days may lie between two ends of the time of creation.
pub(crate) fn limit_span(query: &Query<'_>) -> Result<(), Refusal> {
    match query.span(MADE) {
        (Some(start), Some(end)) if end.duration_since(start) > jiff::SignedDuration::from_hours(90 * 24) => {
            Err(because_of("The date range must be 90 days or less."))
        }
        _ => Ok(()),
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

/// The cursor in a query.
pub(crate) const CURSOR: &str = "page_token";

fn refuse(faults: &[Fault<'_>]) -> Refusal {
    match faults.first() {
        Some(Fault { kind: FaultKind::Time, name, .. }) => checks::refused(name, "Enter a valid date/time."),
        Some(Fault { kind: FaultKind::Cursor, .. }) => Refusal::Because(NO_CURSOR, Value::Null),
        _ => Refusal::Because(NO_PAGE, Value::Null),
    }
}
