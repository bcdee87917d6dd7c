//! Booking and cancelling.

use serde_json::Value;

use super::{order, routing, users};
use crate::base::ids;
use crate::carrier::{self, Scan, Status};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::labels::{self, Labels};
use crate::vendors::shipmate::webhooks;
use crate::vendors::shipmate::wire::{self, CONSIGNMENT, Consignment, Envelope, ORDER, PARCEL_REFERENCE, Package, Reference, SHIPMENT_ID};
use crate::world::Blame;

/// A consignment whose references are free is booked with a service that takes all its parcels, and answered with a label
/// for each of them. It is manifested at the end of its day of despatch.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    let order = order::read(cx, true)?;
    let service = routing::choose(cx, &order)?;
    let carrier = CATALOG.carrier(&service.carrier).expect("a test holds that every service has its carrier");
    routing::accept(carrier, &order)?;
    let despatch = order.despatch.filter(|despatch| *despatch > cx.now);
    let ends = (carrier::Location::from(order.location), carrier::Location::from(&order.to));
    let transit_days = carrier::transit::days(service.transit_days, &ends.0, &ends.1);
    let mut parcels: Vec<Package> = Vec::with_capacity(order.parcels.len());
    for (parcel, (from, to)) in order.parcels.iter().zip(std::iter::repeat_n(ends, order.parcels.len())) {
        let tracking = cx.tracking_number(&carrier.tracking);
        cx.docs.put(PARCEL_REFERENCE, parcel.reference, order.reference);
        cx.create_parcel(carrier::Parcel {
            tracking_number: tracking.clone(),
            carrier: service.carrier.clone(),
            service: service.key.clone(),
            subject: order.reference.to_owned(),
            from,
            to,
            created: cx.now,
            ready: despatch,
            transit_days,
            by: service.by,
            scans: vec![Scan::new(cx.now, Status::Created)],
            ..carrier::Parcel::default()
        });
        parcels.push(Package { reference: parcel.reference.to_owned(), tracking, weight: parcel.size.weight.unwrap_or_default() });
    }
    if let Some(number) = order.order_reference {
        let mut references: Vec<String> = cx.docs.get(ORDER, number).unwrap_or_default();
        references.push(order.reference.to_owned());
        cx.docs.put(ORDER, number, &references);
    }
    let id = ids::uuid(&mut cx.rng).to_string();
    cx.docs.put(SHIPMENT_ID, &id, order.reference);
    let application = Some(cx.credential.text("application")).filter(|name| !name.is_empty());
    let consignment = Consignment {
        id,
        created_by: users::name(&cx.credential),
        created_with: application.unwrap_or(&CATALOG.account.application).to_owned(),
        created_at: cx.now,
        despatch: despatch.unwrap_or(cx.now),
        service: service.key.clone(),
        order: order.order_reference.unwrap_or_default().to_owned(),
        location: order.location.text("code").to_owned(),
        to: order.to,
        company: order.company.to_owned(),
        instructions: order.instructions.to_owned(),
        parcels,
    };
    cx.docs.put(CONSIGNMENT, order.reference, &consignment);
    webhooks::consignment(cx, webhooks::CREATED, order.reference);
    let count = consignment.parcels.len();
    if count > labels::LABELS {
        cx.note("labels-left-out", Blame::Sandbox, format!("the answer has labels of the first {} of {count} parcels", labels::LABELS));
    }
    let data =
        Labels { is_newer: wire::is_newer(cx), reference: order.reference.to_owned(), consignment, only: None, format: order.format };
    // Recorded 2024-05: version 1.2 answers 200.
    Ok(if data.is_newer { wire::ok("Shipment Created", data) } else { Reply::created(Envelope { message: "Consignment Created", data }) })
}

/// Until its first parcel is manifested a consignment can be cancelled. Its references are free again afterwards.
pub fn cancel(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let (reference, consignment) = wire::find(cx, reference)?;
    let mut parcels: Vec<_> = consignment.parcels.iter().filter_map(|row| cx.parcel(&row.tracking)).collect();
    if let Some(parcel) = parcels.iter().find(|parcel| parcel.is_scanned()) {
        return Err(Refusal::wrong_state(CONSIGNMENT, reference, parcel.status().word()));
    }
    webhooks::consignment(cx, webhooks::CANCELLED, &reference);
    consignment.parcels.iter().for_each(|row| _ = cx.docs.remove(PARCEL_REFERENCE, &row.reference));
    parcels.iter_mut().for_each(|parcel| cx.cancel_parcel(parcel));
    let mut references: Vec<String> = cx.docs.get(ORDER, &consignment.order).unwrap_or_default();
    references.retain(|other| *other != reference);
    if references.is_empty() {
        cx.docs.remove(ORDER, &consignment.order);
    } else {
        cx.docs.put(ORDER, &consignment.order, &references);
    }
    cx.docs.remove(SHIPMENT_ID, &consignment.id);
    cx.docs.remove(CONSIGNMENT, &reference);
    Ok(wire::ok(if wire::is_newer(cx) { "Shipment Cancelled" } else { "Consignment Cancelled" }, Value::Null))
}
