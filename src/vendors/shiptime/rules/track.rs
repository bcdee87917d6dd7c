//! Where a shipment is: the scans of its first piece, in ShipTime's words.

use serde::Serialize;
use serde_json::json;

use super::SHIPMENT;
use super::shipments::{self, Shipment};
use crate::carrier::{Location, Parcel, Scan, Status};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::wire::{State, print_moment};

/// The history of a shipment, newest first; 404 until a carrier or a manifest has seen it.
pub(in crate::vendors::shiptime) fn view(cx: &mut Cx<'_>) -> Outcome {
    let shipment = shipments::own(cx, "id")?;
    let parcel = cx.read_parcel(shipment.lead());
    let id = shipment.booked.ship_id.to_string();
    let parcel = parcel.filter(is_tracked).ok_or_else(|| Refusal::missing(SHIPMENT, &id))?;
    // Reading the parcel may have moved the shipment.
    let shipment = shipments::find(cx, &id)?;
    let history: Vec<Event> = parcel.scans.iter().rev().filter_map(event).collect();
    let mut record = json!({"history": history, "currentStatus": shipment.detail.status});
    if let Some(scan) = parcel.scans.iter().rev().find(|scan| scan.status == Status::Delivered) {
        let signed_by = Some(shipment.text("to", "attention").to_owned());
        record["podInfo"] = json!(Event { location: place(scan), signed_by, timestamp: print_moment(scan.at), ..Event::default() });
    }
    Ok(Reply::ok(json!({ "trackingRecord": record })))
}

/// A scan, or the proof of delivery.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
    timestamp: String,
}

/// A scan of the first piece moves the shipment, unless it was called off.
pub(in crate::vendors::shiptime) fn scanned(cx: &mut Cx<'_>, parcel: &Parcel, scan: &Scan) {
    let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, &parcel.subject) else { return };
    if shipment.lead() != parcel.tracking_number || shipment.detail.status.is_called_off() {
        return;
    }
    if let Some((state, _)) = words(scan.status) {
        shipment.detail.status = state;
        shipments::store(cx, &shipment);
    }
}

/// Whether there is anything to tell: a scan by the carrier, not the manifest alone.
fn is_tracked(parcel: &Parcel) -> bool {
    parcel.scans.iter().any(|scan| !matches!(scan.status, Status::Created | Status::PreTransit | Status::Manifested | Status::Cancelled))
}

fn event(scan: &Scan) -> Option<Event> {
    let (state, name) = words(scan.status).filter(|_| !matches!(scan.status, Status::Created | Status::PreTransit))?;
    let name = scan.message.clone().unwrap_or_else(|| name.to_owned());
    Some(Event { status: Some(state), location: place(scan), name: Some(name), timestamp: print_moment(scan.at), ..Event::default() })
}

fn place(scan: &Scan) -> Option<String> {
    let Location { city, state, country, .. } = scan.location.as_ref()?;
    let parts: Vec<&str> = [city, state, country].into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// ShipTime's status and a name for the event; nothing where ShipTime has no word.
fn words(status: Status) -> Option<(State, &'static str)> {
    Some(match status {
        Status::Created | Status::PreTransit => (State::Pending, "Shipment created"),
        Status::Manifested => (State::Manifested, "Manifested"),
        Status::Collected => (State::InTransit, "Picked up"),
        Status::InTransit => (State::InTransit, "In transit"),
        Status::OutForDelivery => (State::InTransit, "Out for delivery"),
        Status::AvailableForPickup => (State::InTransit, "Available for pickup"),
        Status::DeliveryFailed => (State::Exception, "Delivery attempted"),
        Status::Exception => (State::Exception, "Exception"),
        Status::Returned => (State::Exception, "Returned to sender"),
        Status::Lost => (State::Exception, "Lost"),
        Status::Delivered => (State::Delivered, "Delivered"),
        Status::Cancelled => (State::Cancelled, "Cancelled"),
        Status::Unknown => return None,
    })
}
