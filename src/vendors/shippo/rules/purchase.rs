//! Buying labels: what transactions and batches share.

use jiff::SignedDuration;
use serde_json::Value;

use super::super::access::{self, Mode};
use super::super::catalog::{CATALOG, Carrier};
use super::super::labels;
use super::super::rates;
use super::super::webhooks;
use super::super::wire::address::Address;
use super::super::wire::shipment::{Rate, Shipment};
use super::super::wire::transaction::Transaction;
use super::super::wire::{self, ADDRESS, Message, Moment, Part, RATE, SHIPMENT, TRANSACTION};
use super::carrier_accounts;
use super::{orders, validation};
use crate::base::time::{self, Timestamp};
use crate::carrier;
use crate::carrier::label::CARRIERS;
use crate::carrier::print::Format;
use crate::engine::Cx;

/// The topic of an asynchronous purchase in the agenda.
pub(crate) const PROGRESS: &str = "transaction.progress";

/// What the caller wants beside the rate.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub format: Format,
    pub metadata: String,
    pub order: Option<String>,
    /// Whether the shipment came in the same call.
    pub instant: bool,
}

/// A rate can be bought for seven days.
pub(crate) fn is_expired(rate: &Rate, now: Timestamp) -> bool {
    time::shift(rate.object_created.0, SignedDuration::from_hours(7 * 24)) < now
}

/// Stores a queued transaction for each parcel of a shipment; the first is the one to be shown.
pub(crate) fn queue(cx: &mut Cx<'_>, rate: &Rate, shipment: &Shipment, wishes: &Wishes) -> Vec<Transaction> {
    let mut rows = Vec::with_capacity(shipment.parcels.len());
    for parcel in shipment.parcels.iter().map(Part::id) {
        let transaction = Transaction { rate: Some(Part::Id(rate.object_id.clone())), ..new(cx, &rate.carrier, parcel, wishes) };
        cx.docs.put(TRANSACTION, &transaction.object_id, &transaction);
        rows.push(transaction);
    }
    rows
}

/// A transaction that failed before there was a rate.
pub(crate) fn fail(cx: &mut Cx<'_>, carrier: &str, shipment: &Shipment, wishes: &Wishes, mut message: Message) -> Transaction {
    // Seen in 2026: in other words than the shipment has.
    if carrier == "usps" && message.text == rates::UNDECLARED {
        "Customs declaration is required for international shipments via the USPS".clone_into(&mut message.text);
    }
    let parcel = shipment.parcels.first().map_or("", Part::id);
    let transaction = Transaction { status: "ERROR".to_owned(), messages: vec![message], ..new(cx, carrier, parcel, wishes) };
    cx.docs.put(TRANSACTION, &transaction.object_id, &transaction);
    webhooks::transaction(cx, webhooks::TRANSACTION_CREATED, &transaction);
    transaction
}

fn new(cx: &mut Cx<'_>, carrier: &str, parcel: &str, wishes: &Wishes) -> Transaction {
    Transaction {
        object_state: "VALID",
        status: "QUEUED".to_owned(),
        object_created: Moment(cx.now),
        object_updated: Moment(cx.now),
        object_id: wire::new_id(cx),
        test: Mode::of(cx).is_test(),
        tracking_status: "UNKNOWN".into(),
        order: wishes.order.clone(),
        metadata: wishes.metadata.clone(),
        parcel: parcel.to_owned(),
        instant: wishes.instant,
        carrier: carrier.to_owned(),
        file: wishes.format.language,
        paper: wishes.format.paper,
        ..Transaction::default()
    }
}

/// Has the carrier of a queued transaction refuse it later, if it is to.
pub(crate) fn refuse(cx: &mut Cx<'_>, transaction: &mut Transaction, refusal: Option<&Message>) {
    if refusal.is_some() {
        transaction.refusal = refusal.cloned();
        cx.docs.put(TRANSACTION, &transaction.object_id, transaction);
    }
}

/// Writes an asynchronous purchase into the agenda.
pub(crate) fn schedule(cx: &mut Cx<'_>, id: &str) {
    cx.schedule_in(SignedDuration::from_millis(500), PROGRESS, id, 0);
    cx.schedule_in(SignedDuration::from_millis(1_600), PROGRESS, id, 1);
}

/// A queued purchase waits, then has its label or the carrier's refusal.
pub(crate) fn progress(cx: &mut Cx<'_>, id: &str, step: u32) {
    let Some(mut transaction) = cx.docs.get::<Transaction>(TRANSACTION, id) else { return };
    if !matches!(transaction.status.as_str(), "QUEUED" | "WAITING") {
        return;
    }
    if step == 0 {
        "WAITING".clone_into(&mut transaction.status);
        transaction.object_updated = Moment(cx.now);
        cx.docs.put(TRANSACTION, id, &transaction);
    } else {
        fulfill(cx, &mut transaction);
    }
    webhooks::transaction(cx, webhooks::TRANSACTION_UPDATED, &transaction);
}

/// Has the carrier make the label, or refuse to.
pub(crate) fn fulfill(cx: &mut Cx<'_>, transaction: &mut Transaction) {
    let rate: Rate = cx.docs.get(RATE, transaction.rate()).expect("rates are never removed");
    let mut shipment: Shipment = cx.docs.get(SHIPMENT, &rate.shipment).expect("shipments are never removed");
    let end = |id: &str| cx.docs.get::<Address>(ADDRESS, id).expect("addresses are never removed");
    let (from, to) = (end(shipment.address_from.id()), end(shipment.address_to.id()));
    let carrier = CATALOG.carrier(&rate.carrier);
    transaction.object_updated = Moment(cx.now);
    let wanted = transaction.refusal.take();
    if let Some(message) = wanted.or_else(|| refusal(cx, &rate, carrier, &shipment, [&from, &to])) {
        "ERROR".clone_into(&mut transaction.status);
        transaction.messages = vec![message];
    } else {
        "SUCCESS".clone_into(&mut transaction.status);
        transaction.tracking_number = cx.tracking_number(CARRIERS.find(&rate.carrier).form(&rate.service));
        // Recorded 2021: the shipment shows the ZIP codes of its label.
        if shipment.zips.is_none() {
            shipment.zips = Some([validation::zip(&from), validation::zip(&to)]);
            cx.docs.put(SHIPMENT, &rate.shipment, &shipment);
        }
        let [start, end] = [&from, &to].map(|end| CARRIERS.country(&rate.carrier, &end.country));
        transaction.invoice = start != end;
        let qr_code = shipment.extra.get("qr_code_requested").and_then(Value::as_bool);
        transaction.qr_code = qr_code == Some(true) && carrier.token == "usps";
        labels::keep(cx, transaction, &rate, &shipment, [&from, &to]);
        cx.create_parcel(carrier::Parcel {
            tracking_number: transaction.tracking_number.clone(),
            carrier: rate.carrier.clone(),
            service: rate.service.clone(),
            subject: transaction.object_id.clone(),
            from: from.location(),
            to: to.location(),
            created: cx.now,
            ready: Some(shipment.shipment_date.0).filter(|date| *date > cx.now),
            transit_days: rate.days,
            by: carrier.service(&rate.service).and_then(|service| service.arrives_by.as_ref()?.parse().ok()),
            ..carrier::Parcel::default()
        });
    }
    cx.docs.put(TRANSACTION, &transaction.object_id, transaction);
    if let Some(order) = transaction.order.as_ref().filter(|_| transaction.status == "SUCCESS") {
        orders::shipped(cx, order, &transaction.object_id);
    }
}

/// Why the carrier makes no label.
fn refusal(cx: &Cx<'_>, rate: &Rate, carrier: &Carrier, shipment: &Shipment, ends: [&Address; 2]) -> Option<Message> {
    let provided = || carrier_accounts::find(cx, &rate.carrier_account).is_none_or(|account| account.is_shippo_account);
    if carrier.purchase_error.is_some() && access::is_new(cx) && provided() {
        return carrier.purchase_error.clone();
    }
    let is_checked = carrier.token == "usps" && shipment.extra.get("bypass_address_validation") != Some(&Value::Bool(true));
    for (address, whose) in ends.into_iter().zip(["Sender", "Recipient"]).filter(|_| is_checked) {
        if let Some(fault) = validation::fault(address) {
            let text = format!("{whose} address invalid: {fault}");
            return Some(Message { code: "failed_address_validation".to_owned(), ..Message::new(&carrier.source, text) });
        }
    }
    if let Some(text) = rates::unprintable(ends, carrier) {
        return Some(Message::new(&carrier.source, text));
    }
    let away = shipment.shipment_date.0.duration_since(cx.now).abs();
    if carrier.token == "usps" && away > SignedDuration::from_hours(7 * 24) {
        // Observed 2017: the carrier's time is that of Chicago.
        let local =
            cx.now.in_tz("America/Chicago").map_or_else(|_| cx.now.to_string(), |at| at.strftime("%m/%d/%Y, %I:%M%p %Z").to_string());
        return Some(Message::new(&carrier.source, format!("The selected shipment date must be within 7 days of {local}.")));
    }
    None
}

/// The parcel of a label was seen somewhere.
pub(crate) fn tracked(cx: &mut Cx<'_>, id: &str, word: &str) {
    let Some(mut transaction) = cx.docs.get::<Transaction>(TRANSACTION, id) else { return };
    if transaction.tracking_status != word {
        transaction.tracking_status = word.into();
        // A scan that found no room comes late, and other changes have come before it.
        transaction.object_updated = Moment(cx.now.max(transaction.object_updated.0));
        cx.docs.put(TRANSACTION, id, &transaction);
    }
}
