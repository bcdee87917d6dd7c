//! Booking and cancelling.

use std::borrow::Cow;

use rand::RngExt as _;
use serde::Deserialize;
use serde_json::Value;

use super::{order, routing, users};
use crate::base::entropy::Rng;
use crate::base::ids;
use crate::carrier::{self, Scan, Status};
use crate::engine::{Cx, Outcome, PARCEL, Params, Refusal, Reply};
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::label::Labels;
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::webhooks;
use crate::vendors::shipmate::wire::{self, CONSIGNMENT, Consignment, Envelope, ORDER, PARCEL_REFERENCE, Package, SHIPMENT_ID};

#[derive(Deserialize)]
pub struct Reference {
    reference: String,
}

/// A consignment whose references are free is booked with a service that takes all its parcels, and answered with a label
/// for each of them. It is manifested at the end of its day of despatch.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    let (call, version) = (cx.call, Version::of(cx));
    let order = order::read(cx, &call.body, order::Purpose::Booking)?;
    let service = routing::choose(&order)?;
    let carrier = CATALOG.carrier(&service.carrier).expect("a test holds that every service has its carrier");
    routing::accept(carrier, &order)?;
    let despatch = order.despatch.filter(|despatch| *despatch > cx.now);
    let ends = (carrier::Location::from(order.location.unwrap_or(CATALOG.home())), carrier::Location::from(&order.to));
    let transit_days = carrier::transit::days(service.transit_days, &ends.0, &ends.1);
    let mut parcels: Vec<Package<'_>> = Vec::with_capacity(order.parcels.len());
    for (parcel, (from, to)) in order.parcels.iter().zip(std::iter::repeat_n(ends, order.parcels.len())) {
        let mut tracking = number(&carrier.tracking, &mut cx.rng);
        while cx.docs.has(PARCEL, &tracking) {
            tracking = number(&carrier.tracking, &mut cx.rng);
        }
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
            scans: vec![Scan { at: cx.now, status: Status::Created, code: None, message: None, location: None }],
            ..carrier::Parcel::default()
        });
        parcels.push(Package { reference: Cow::Borrowed(parcel.reference), tracking: Cow::Owned(tracking), weight: parcel.weight });
    }
    if let Some(number) = order.order_reference {
        let mut references: Vec<String> = cx.docs.get(ORDER, number).unwrap_or_default();
        references.push(order.reference.to_owned());
        cx.docs.put(ORDER, number, &references);
    }
    let id = ids::uuid(&mut cx.rng).to_string();
    cx.docs.put(SHIPMENT_ID, &id, order.reference);
    let application = cx.credential.text("application");
    let consignment = Consignment {
        id: Cow::Owned(id),
        created_by: users::name(&cx.credential),
        created_with: Some(application).filter(|name| !name.is_empty()).map(Cow::Borrowed),
        created_at: cx.now,
        despatch,
        service: Cow::Borrowed(&service.key),
        order: order.order_reference.map(Cow::Borrowed),
        location: order.location.map(|location| Cow::Borrowed(location.code.as_str())),
        to: order.to,
        instructions: Cow::Borrowed(order.instructions),
        parcels,
    };
    cx.docs.put(CONSIGNMENT, order.reference, &consignment);
    let labels = Labels::booked(version, order.reference.to_owned(), consignment, order.format);
    webhooks::consignment(cx, webhooks::CREATED, order.reference);
    Ok(match version {
        Version::V1_1 => Reply::created(Envelope { message: "Consignment Created", data: labels }),
        // Recorded 2024-05: version 1.2 answers 200.
        Version::V1_2 => Reply::ok(Envelope { message: "Shipment Created", data: labels }),
    })
}

/// Until its first parcel is manifested a consignment can be cancelled. Its references are free again afterwards.
pub fn cancel(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let version = Version::of(cx);
    let reference = if version == Version::V1_2 { wire::reference(&cx.docs, reference) } else { reference };
    let consignment = wire::consignment(&cx.docs, &reference)?;
    let id = consignment.id.to_string();
    let order = consignment.order.as_deref().map(str::to_owned);
    let rows = consignment.parcels.iter().map(|row| (row.reference.to_string(), cx.parcel(&row.tracking)));
    let rows: Vec<_> = rows.collect();
    if let Some(parcel) = rows.iter().filter_map(|(_, parcel)| parcel.as_ref()).find(|parcel| parcel.is_scanned()) {
        return Err(Refusal::wrong_state(CONSIGNMENT, reference, parcel.status().word()));
    }
    webhooks::consignment(cx, webhooks::CANCELLED, &reference);
    for (own, parcel) in rows {
        cx.docs.remove(PARCEL_REFERENCE, &own);
        if let Some(mut parcel) = parcel {
            cx.cancel_parcel(&mut parcel);
        }
    }
    if let Some(number) = order {
        let mut references: Vec<String> = cx.docs.get(ORDER, &number).unwrap_or_default();
        references.retain(|other| *other != reference);
        if references.is_empty() {
            cx.docs.remove(ORDER, &number);
        } else {
            cx.docs.put(ORDER, &number, &references);
        }
    }
    cx.docs.remove(SHIPMENT_ID, &id);
    cx.docs.remove(CONSIGNMENT, &reference);
    let message = if version == Version::V1_2 { "Shipment Cancelled" } else { "Consignment Cancelled" };
    Ok(Reply::ok(Envelope { message, data: Value::Null }))
}

/// A tracking reference in a carrier's shape: `n` is a digit, `c` the check digit of the eight digits before it.
fn number(shape: &str, rng: &mut Rng) -> String {
    const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    let mut text = String::with_capacity(shape.len());
    for letter in shape.chars() {
        let next = match letter {
            'n' => char::from(b'0' + rng.random_range(0..10)),
            'c' => {
                let digits = text.chars().rev().filter_map(|letter| letter.to_digit(10));
                let sum: u32 = digits.zip(WEIGHTS.iter().rev()).map(|(digit, weight)| digit * weight).sum();
                let check = match 11 - sum % 11 {
                    10 => 0,
                    11 => 5,
                    check => check,
                };
                char::from_digit(check, 10).expect("a check digit is a digit")
            }
            other => other,
        };
        text.push(next);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy;

    fn check(shape: &str, fits: fn(&str) -> bool) {
        let number = number(shape, &mut entropy::stream(42, &[shape], 0));
        assert!(number.len() == shape.len() && fits(&number), "{number}");
    }

    #[test]
    fn tracking_references_have_their_carriers_shape() {
        check("95008nnnnnnnnn", |number| number.starts_with("95008") && number.bytes().all(|digit| digit.is_ascii_digit()));
        check("PBnnnnnnn001", |number| number.starts_with("PB") && number.ends_with("001"));
        check("RR47312482cGB", |number| number == "RR473124829GB");
    }
}
