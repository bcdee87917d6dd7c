//! Labels after booking: had again, and sent to a printer.

use serde::Deserialize;

use super::users;
use crate::carrier::Status;
use crate::engine::{Cx, Docs, Outcome, PARCEL, Params, Refusal, Reply};
use crate::vendors::shipmate::dialect;
use crate::vendors::shipmate::label::{self, Labels};
use crate::vendors::shipmate::validation::{Fault, Field, Report};
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::wire::{self, CONSIGNMENT, Envelope, Format, ORDER, PARCEL_REFERENCE};

#[derive(Deserialize)]
pub struct Reference {
    reference: String,
}

/// A label can be had at any time after booking, in any format, by the carrier's tracking reference.
pub fn get(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let query = cx.call.query("format").map(serde_json::Value::from).unwrap_or_default();
    let (mut report, body) = (Report::default(), serde_json::json!({ "format": query }));
    let format = report.choice(&Field::root(&body).member("format"), Format::find).unwrap_or_default();
    dialect::settle(&report)?;
    let (reference, place) = by_tracking(cx, &reference).ok_or_else(|| Refusal::missing(PARCEL, reference))?;
    let consignment = wire::consignment(&cx.docs, &reference)?;
    let labels = Labels::one(Version::of(cx), reference.clone(), consignment, place, format);
    Ok(Reply::ok(Envelope { message: "Label retrieved", data: labels }))
}

/// Printing is only ever reported as sent: whether a printer is there shows on the user's desk alone.
pub fn print(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let count = count(cx, &reference);
    if count == 0 {
        return Err(Refusal::missing(CONSIGNMENT, reference));
    }
    let (mut report, root) = (Report::default(), Field::root(&cx.call.body));
    user(&mut report, &root.member("print_to_user"), cx);
    dialect::settle(&report)?;
    let message = if count == 1 { "1 label sent to printer".to_owned() } else { format!("{count} labels sent to printer") };
    Ok(Reply::ok(serde_json::json!({ "message": message, "data": [] })))
}

/// Complains unless the value is missing or a user of the account.
pub fn user(report: &mut Report, field: &Field<'_, '_>, cx: &Cx<'_>) {
    let Some(uuid) = report.text(field) else { return };
    if uuid.len() != 36 || uuid::Uuid::parse_str(uuid).is_err() {
        report.add(&field.path, Fault::NotUuid);
    } else if users::everybody(cx).iter().all(|person| !person.uuid.eq_ignore_ascii_case(uuid)) {
        report.add(&field.path, Fault::NotChosen);
    }
}

/// How many labels a reference stands for: all of a consignment or an order, one of a parcel.
fn count(cx: &Cx<'_>, reference: &str) -> usize {
    let labels = |docs: &Docs<'_>, reference: &str| wire::consignment(docs, reference).map_or(0, |found| found.parcels.len());
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

/// The consignment of a parcel that is not cancelled, and its place there.
fn by_tracking(cx: &Cx<'_>, tracking: &str) -> Option<(String, usize)> {
    let tracking = &*label::carriers_own(tracking);
    let parcel = cx.parcel(tracking).filter(|parcel| parcel.status() != Status::Cancelled)?;
    let consignment = wire::consignment(&cx.docs, &parcel.subject).ok()?;
    let place = consignment.parcels.iter().position(|row| row.tracking == tracking)?;
    Some((parcel.subject, place))
}
