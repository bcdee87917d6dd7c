//! Labels after booking: had again, and sent to a printer.

use serde_json::json;

use super::users;
use crate::carrier::Status;
use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Docs, Outcome, PARCEL, Params, Refusal, Reply};
use crate::vendors::shipmate::checks::EXISTS;
use crate::vendors::shipmate::labels::{self, Labels};
use crate::vendors::shipmate::wire::{self, CONSIGNMENT, Consignment, Format, ORDER, PARCEL_REFERENCE, Reference};

/// A label can be had at any time after booking, in any format, by the carrier's tracking reference.
pub fn get(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let format = Format::of(cx.call.query("format").map(str::trim));
    let found = by_tracking(cx, &reference).ok_or_else(|| Refusal::missing(PARCEL, reference))?;
    let (reference, consignment, index) = found;
    Ok(wire::ok("Label retrieved", Labels { is_newer: wire::is_newer(cx), reference, consignment, only: Some(index), format }))
}

/// Printing is only ever reported as sent: whether a printer is there shows on the user's desk alone.
pub fn print(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let count = count(cx, &reference);
    if count == 0 {
        return Err(Refusal::missing(CONSIGNMENT, reference));
    }
    let mut report = Report::of(cx.call);
    user(&mut report, &Field::body(cx.call).member("print_to_user"), cx);
    report.finish()?;
    let plural = if count == 1 { "" } else { "s" };
    Ok(Reply::ok(json!({ "message": format!("{count} label{plural} sent to printer"), "data": [] })))
}

/// Reports a user who is not of the account.
pub fn user(report: &mut Report<'_>, field: &Field<'_, '_>, cx: &Cx<'_>) {
    let Some(uuid) = field.text().filter(|_| report.is_fine(field)) else { return };
    if users::everybody(cx).iter().all(|person| !person.uuid.eq_ignore_ascii_case(uuid)) {
        report.add(field, EXISTS);
    }
}

/// How many labels a reference stands for: all of a consignment or an order, one of a parcel.
fn count(cx: &Cx<'_>, reference: &str) -> usize {
    let labels = |docs: &Docs<'_>, reference: &str| docs.get(CONSIGNMENT, reference).map_or(0, |found: Consignment| found.parcels.len());
    let whole = labels(&cx.docs, &wire::reference(&cx.docs, reference.to_owned()));
    if whole > 0 {
        return whole;
    }
    if cx.docs.has(PARCEL_REFERENCE, reference) || by_tracking(cx, reference).is_some() {
        return 1;
    }
    let order: Vec<String> = cx.docs.get(ORDER, reference).unwrap_or_default();
    order.iter().map(|reference| labels(&cx.docs, reference)).sum()
}

/// The consignment of a parcel that is not cancelled, with its reference, and the index of the parcel there.
fn by_tracking(cx: &Cx<'_>, tracking: &str) -> Option<(String, Consignment, usize)> {
    let tracking = &*labels::carriers_own(tracking);
    let parcel = cx.parcel(tracking).filter(|parcel| parcel.status() != Status::Cancelled)?;
    let consignment: Consignment = cx.docs.get(CONSIGNMENT, &parcel.subject)?;
    let index = consignment.parcels.iter().position(|row| row.tracking == tracking)?;
    Some((parcel.subject, consignment, index))
}
