//! What each operation promises, by tag.

pub(super) mod addresses;
pub(super) mod addresses_v2;
pub(super) mod batches;
pub(super) mod carrier_accounts;
pub(super) mod customs;
pub(super) mod fixtures;
pub(super) mod labels;
pub(super) mod managed;
pub(super) mod manifests;
pub(super) mod orders;
pub(super) mod parcels;
pub(super) mod pickups;
pub(super) mod purchase;
pub(super) mod rates;
pub(super) mod refunds;
pub(super) mod registrations;
pub(super) mod service_groups;
pub(super) mod shipments;
pub(super) mod sign_in;
pub(super) mod stored;
pub(super) mod subscriptions;
pub(super) mod templates;
pub(super) mod tracking;
pub(super) mod transactions;
mod validation;

use super::webhooks;
use super::wire::track;
use crate::carrier::{Parcel, Scan};
use crate::engine::Cx;
use crate::world::Task;

/// What rules wrote into the agenda.
pub(super) fn due(cx: &mut Cx<'_>, task: &Task) {
    match task.topic.as_str() {
        batches::VALIDATION => batches::validated(cx, &task.subject),
        batches::PURCHASE => batches::purchased(cx, &task.subject),
        manifests::PROGRESS => manifests::progress(cx, &task.subject),
        pickups::DONE => pickups::done(cx, &task.subject),
        refunds::PROGRESS => refunds::progress(cx, &task.subject, task.step),
        registrations::PROGRESS => registrations::progress(cx, &task.subject),
        shipments::PROGRESS => shipments::progress(cx, &task.subject, task.step),
        purchase::PROGRESS => purchase::progress(cx, &task.subject, task.step),
        _ => {}
    }
}

/// A scan shows in the tracking status of the label.
pub(super) fn scanned(cx: &mut Cx<'_>, parcel: &Parcel, scan: &Scan) {
    purchase::tracked(cx, &parcel.subject, track::word(scan));
    webhooks::track(cx, parcel);
}
