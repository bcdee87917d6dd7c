//! What each operation of version 2 promises, by its tag; what is due, and what a scan leads to.

pub(super) mod addresses;
pub(super) mod batches;
pub(super) mod carriers;
pub(super) mod downloads;
pub(super) mod fulfillments;
pub(super) mod inventory;
pub(super) mod labels;
pub(super) mod manifests;
pub(super) mod package_pickups;
pub(super) mod package_types;
pub(super) mod purchase_orders;
pub(super) mod rates;
pub(super) mod shipments;
pub(super) mod tags;
pub(super) mod tracking;
pub(super) mod users;
pub(super) mod warehouses;
pub(super) mod webhooks;

use crate::engine::Cx;
use crate::world::Task;

/// What rules wrote into the agenda.
pub(super) fn due(cx: &mut Cx<'_>, task: &Task) {
    if task.topic.as_str() == batches::PROGRESS {
        batches::progress(cx, &task.subject, task.step);
    }
}
