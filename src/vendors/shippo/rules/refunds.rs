//! Refunds: asked for once, settled by the carrier days later.

use http::StatusCode;
use jiff::SignedDuration;

use super::super::access::{self, Mode};
use super::super::checks;
use super::super::dialect::page::{self, LISTING};
use super::super::dialect::{self, version};
use super::super::failures;
use super::super::wire::transaction::{Refund, Transaction};
use super::super::wire::{self, Moment, REFUND, TRANSACTION};
use super::stored;
use crate::base::time;
use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome};
use crate::vendors::shippo::webhooks;

/// The topic of a refund in the agenda.
pub(crate) const PROGRESS: &str = "refund.progress";

/// The steps of a refund.
const PENDING: u32 = 0;
const GRANTED: u32 = 1;
const REJECTED: u32 = 2;

/// All refunds, newest first. Only this list insists on its final slash.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    if !cx.call.path.ends_with('/') {
        return Ok(dialect::add_slash(cx.call));
    }
    page::stored(cx, &LISTING, REFUND)
}

/// The label is on hold at once. Labels that are older than thirty days, or on their way, will be rejected.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let named = body.member("transaction");
    let id = named.text().unwrap_or_default();
    let found: Option<Transaction> = cx.docs.get(TRANSACTION, id);
    let fault = match found.as_ref().map(|transaction| transaction.status.as_str()) {
        Some("SUCCESS") => None,
        None => Some("Transaction with supplied object_id not found."),
        Some("REFUNDPENDING" | "REFUNDED" | "REFUNDREJECTED") => Some("Refund with this Transaction already exists."),
        Some(_) => Some("Only successful transactions can be refunded."),
    };
    if let Some(text) = fault.filter(|_| report.is_fine(&named)) {
        report.add(&named, checks::complaint(text));
    }
    report.finish()?;
    let queued = body.member("async").flag().unwrap_or(true);
    // Observed 2026, of test labels of a new account.
    let refused = Mode::of(cx).is_test() && access::is_new(cx);
    let mut transaction = found.expect("a refund without its transaction was refused above");
    let wanted = cx.fails(failures::VOID_WINDOW_OVER).is_some();
    let mut late = wanted || time::shift(transaction.object_created.0, SignedDuration::from_hours(30 * 24)) < cx.now;
    if let Some(mut parcel) = cx.parcel(&transaction.tracking_number) {
        late |= parcel.is_scanned();
        if !late {
            cx.cancel_parcel(&mut parcel);
        }
    }
    "REFUNDPENDING".clone_into(&mut transaction.status);
    transaction.object_updated = Moment(cx.now);
    cx.docs.put(TRANSACTION, id, &transaction);
    webhooks::transaction(cx, webhooks::TRANSACTION_UPDATED, &transaction);
    let refund = Refund {
        object_created: Moment(cx.now),
        object_updated: Moment(cx.now),
        object_id: wire::new_id(cx),
        object_owner: access::owner(cx).into_owned(),
        status: if refused {
            "ERROR"
        } else if queued {
            "QUEUED"
        } else {
            "PENDING"
        }
        .to_owned(),
        transaction: id.to_owned(),
        test: transaction.test,
    };
    cx.docs.put(REFUND, &refund.object_id, &refund);
    if refund.status == "ERROR" {
        cx.schedule_in(SignedDuration::from_secs(2), PROGRESS, &refund.object_id, REJECTED);
        return Ok(version::reply(cx.call, StatusCode::CREATED, refund));
    }
    if queued {
        cx.schedule_in(SignedDuration::from_secs(1), PROGRESS, &refund.object_id, PENDING);
    }
    cx.schedule_in(SignedDuration::from_hours(72), PROGRESS, &refund.object_id, if late { REJECTED } else { GRANTED });
    Ok(version::reply(cx.call, StatusCode::CREATED, refund))
}

/// One refund.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let refund: Refund = cx.docs.require(REFUND, &stored::named(cx))?;
    Ok(version::reply(cx.call, StatusCode::OK, refund))
}

/// A refund that is not settled moves on, and its label with it.
pub(crate) fn progress(cx: &mut Cx<'_>, id: &str, step: u32) {
    let is_open = |refund: &Refund| match refund.status.as_str() {
        "QUEUED" | "PENDING" => true,
        // That of a new account, whose label follows.
        status => status == "ERROR" && step == REJECTED,
    };
    let Some(mut refund) = cx.docs.get::<Refund>(REFUND, id).filter(is_open) else { return };
    let (status, label) = match step {
        PENDING => ("PENDING", "REFUNDPENDING"),
        GRANTED => ("SUCCESS", "REFUNDED"),
        _ => ("ERROR", "REFUNDREJECTED"),
    };
    status.clone_into(&mut refund.status);
    refund.object_updated = Moment(cx.now);
    cx.docs.put(REFUND, id, &refund);
    if let Some(mut transaction) = cx.docs.get::<Transaction>(TRANSACTION, &refund.transaction).filter(|row| row.status != label) {
        label.clone_into(&mut transaction.status);
        transaction.object_updated = Moment(cx.now);
        cx.docs.put(TRANSACTION, &refund.transaction, &transaction);
        webhooks::transaction(cx, webhooks::TRANSACTION_UPDATED, &transaction);
    }
}
