//! What the resources of this vendor have in common, and operations on stored documents without a rule of their own.

use http::StatusCode;
use serde_json::Value;

use crate::engine::fields::{Field, Report};
use crate::engine::resource::{Conventions, Made, Resource};
use crate::engine::{Cx, Refusal, Validation};
use crate::vendors::shippo::access::{self, Mode};
use crate::vendors::shippo::checks;
use crate::vendors::shippo::dialect::page::Page;
use crate::vendors::shippo::dialect::{self, version};
use crate::vendors::shippo::rules::orders;
use crate::vendors::shippo::wire::{self, Moment, decimal};

/// Resources of the framework: changes replace the whole.
pub(crate) const CONVENTIONS: Conventions = Conventions {
    new_id: wire::new_id,
    named,
    stamp: |at| Moment(at).text().into(),
    sources: &[("owner", |cx| access::owner(cx).into()), ("test", |cx| Mode::of(cx).is_test().into())],
    forms: &[("two-places", decimal::two_places), ("four-places", decimal::four_places), ("line-items", orders::kept_items)],
    blank_is_missing: true,
    merges: false,
    lists: Validation::Noted,
    answer: |cx, status, document| version::reply(cx.call, status, document),
    page: |cx, page| version::reply(cx.call, StatusCode::OK, Page::of(cx.call, cx.call.path, page)),
    ..Conventions::USUAL
};

/// Resources of the services that are written in Go.
pub(crate) const GO: Conventions = Conventions {
    answer: |_, status, document| dialect::go(status, &document),
    page: |cx, page| dialect::go(StatusCode::OK, &Page::of(cx.call, cx.call.path, page)),
    ..CONVENTIONS
};

/// The id of a part that is named by its id, or brought along and stored.
pub(crate) fn part(
    cx: &mut Cx<'_>,
    part: &Field<'_, '_>,
    resource: &Resource,
    noun: &str,
    report: &mut Report<'_>,
) -> Result<Option<String>, Refusal> {
    match part.text() {
        None => Ok(resource.store_part(cx, part, report)?.map(|made| made.id)),
        Some(id) if cx.docs.has(resource.kind.clone(), id) => Ok(Some(id.to_owned())),
        Some(id) => {
            report.add(part, checks::complaint(checks::not_found(noun, id)));
            Ok(None)
        }
    }
}

/// Stores what comes inside another body as the operation that creates it alone would.
pub(crate) fn brought(cx: &mut Cx<'_>, resource: &Resource, operation: &str, body: &Value) -> Result<Made, Refusal> {
    let mut body = body.clone();
    let report = Report::of_body(cx, operation, &mut body);
    resource.store(cx, &body, report, None)
}

/// The id in the path.
pub(crate) fn named(cx: &Cx<'_>) -> String {
    cx.call.parameters.first().map(|(_, id)| id.clone()).unwrap_or_default()
}
