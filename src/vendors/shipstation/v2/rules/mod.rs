//! What each operation of version 2 promises, by its tag; what is due, and what a scan leads to.

pub(super) mod account;
pub(super) mod addresses;
pub(super) mod batches;
pub(super) mod carriers;
pub(super) mod connections;
pub(super) mod documents;
pub(super) mod downloads;
pub(super) mod fulfillments;
pub(super) mod inventory;
pub(super) mod labels;
pub(super) mod manifests;
pub(super) mod package_pickups;
pub(super) mod package_types;
pub(super) mod purchase_orders;
pub(super) mod rate_shoppers;
pub(super) mod rates;
pub(super) mod shipments;
pub(super) mod suppliers;
pub(super) mod tags;
pub(super) mod totes;
pub(super) mod tracking;
pub(super) mod users;
pub(super) mod warehouses;
pub(super) mod webhooks;

use http::StatusCode;
use serde_json::Value;

use super::listing::{self, LISTING};
use super::wire::{self, moment, se};
use crate::engine::fields::Report;
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Refusal, Reply};
use crate::world::{Kind, Task};

/// What documents of this version that are no more than data have in common. What answers 204 by its document answers nothing.
const CONVENTIONS: Conventions = Conventions {
    new_id: |cx| se(wire::next(cx, &Kind::new("resource"))),
    stamp: |at| moment(at).into(),
    created: StatusCode::OK,
    answer: |cx, _, document| match cx.call.operation.and_then(|operation| operation.success()) {
        Some((204, _)) => Reply::empty(StatusCode::NO_CONTENT),
        _ => Reply::ok(document),
    },
    page: |cx, page| listing::answer(cx, cx.call.path.rsplit('/').next().unwrap_or_default(), page),
    ..Conventions::USUAL
};

/// Documents with the members of a component, and nothing special.
const fn plain(kind: Kind, schema: &'static str) -> Resource {
    Resource::new(kind, schema, &LISTING, &CONVENTIONS)
}

/// What a document that is right names by its id has to be there.
fn is_there(cx: &Cx<'_>, kind: Kind, sent: &Value, report: &Report<'_>) -> Result<(), Refusal> {
    match sent[wire::id_name(&kind)].as_str().filter(|_| report.is_clean()) {
        Some(id) if !cx.docs.has(kind.clone(), id) => Err(Refusal::missing(kind, id)),
        _ => Ok(()),
    }
}

/// What rules wrote into the agenda.
pub(super) fn due(cx: &mut Cx<'_>, task: &Task) {
    if task.topic.as_str() == batches::PROGRESS {
        batches::progress(cx, &task.subject, task.step);
    }
}
