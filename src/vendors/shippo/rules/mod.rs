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

use self::batches::Batch;
use self::manifests::Manifest;
use self::sign_in::Pending;
use self::tracking::Registered;
use super::access::Platform;
use super::catalog::CATALOG;
use super::wire::address::Address;
use super::wire::carrier_account::CarrierAccount;
use super::wire::shipment::{Rate, Shipment};
use super::wire::track;
use super::wire::transaction::{Refund, Transaction};
use super::wire::{
    ADDRESS, BATCH, CARRIER_ACCOUNT, CUSTOMS_DECLARATION, CUSTOMS_ITEM, DEFAULT_TEMPLATE, MANIFEST, PARCEL, RATE, REFUND, SHIPMENT,
    TRANSACTION, USER_TEMPLATE,
};
use super::{webhooks, wire};
use crate::carrier::{Parcel, Scan};
use crate::engine::resource::Members;
use crate::engine::{Cx, Reference, Stored};
use crate::vendors::shippo::labels::Printed;
use crate::world::Task;

/// The tables that documents of this vendor are in.
pub(super) const STORED: &[Stored] = tables![
    Address: wire::ADDRESS, Members: wire::ADDRESS_V2, Batch: wire::BATCH, CarrierAccount: wire::CARRIER_ACCOUNT,
    Members: wire::CUSTOMS_DECLARATION, Members: wire::CUSTOMS_ITEM, String: wire::DEFAULT_TEMPLATE, Members: wire::MANAGED_ACCOUNT,
    Manifest: wire::MANIFEST, Members: wire::ORDER, wire::parcel::Parcel: wire::PARCEL, Members: wire::PICKUP, Rate: wire::RATE,
    Refund: wire::REFUND, Members: wire::REGISTRATION, Members: wire::SERVICE_GROUP, Shipment: wire::SHIPMENT, Registered: wire::TRACK,
    Transaction: wire::TRANSACTION, Members: wire::USER_TEMPLATE; like: ;
    shared: Printed: wire::LABEL_FILE, Platform: wire::MANAGED_ACCOUNT, Pending: wire::SIGN_IN];

/// What documents name that rules rely on.
pub(super) const REFERENCES: &[Reference] = references![
    SHIPMENT: "/object_id" => SHIPMENT, SHIPMENT: "/address_from" => ADDRESS, SHIPMENT: "/address_to" => ADDRESS,
    SHIPMENT: "/address_return" => ADDRESS, SHIPMENT: "/parcels/*" => PARCEL, SHIPMENT: "/rates/*" => RATE,
    SHIPMENT: "/customs_declaration" => CUSTOMS_DECLARATION, RATE: "/object_id" => RATE, RATE: "/shipment" => SHIPMENT,
    TRANSACTION: "/object_id" => TRANSACTION, TRANSACTION: "/rate" => RATE, TRANSACTION: "/parcel" => PARCEL,
    REFUND: "/transaction" => TRANSACTION, MANIFEST: "/address_from" => ADDRESS, MANIFEST: "/transactions/*" => TRANSACTION,
    BATCH: "/batch_shipments/results/*/shipment" => SHIPMENT, BATCH: "/batch_shipments/results/*/transaction" => TRANSACTION,
    CUSTOMS_DECLARATION: "/items/*" => CUSTOMS_ITEM, DEFAULT_TEMPLATE: "" => USER_TEMPLATE, ADDRESS: "/object_id" => ADDRESS,
    CARRIER_ACCOUNT: "/object_id" => CARRIER_ACCOUNT;
    words: RATE: "/service" => |service, rate| {
        let carrier = rate["carrier"].as_str().and_then(|carrier| CATALOG.quoting_carrier(carrier));
        carrier.is_some_and(|carrier| carrier.service(service).is_some())
    }, TRANSACTION: "/carrier" => |carrier, _| CATALOG.known_carrier(carrier).is_some(),
    CARRIER_ACCOUNT: "/carrier" => |carrier, _| CATALOG.known_carrier(carrier).is_some()];

/// What rules wrote into the agenda.
pub(super) fn due(cx: &mut Cx<'_>, task: &Task) {
    match task.topic.as_str() {
        batches::VALIDATION => batches::validated(cx, &task.subject, task.step),
        batches::PURCHASE => batches::purchased(cx, &task.subject, task.step),
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
