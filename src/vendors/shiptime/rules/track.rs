//! Where a shipment is: the scans of its first piece, in ShipTime's words.

use super::SHIPMENT;
use super::shipments::{self, Shipment, State};
use crate::carrier::{Location, Parcel, Scan, Status};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::wire::jackson::print_moment;
use crate::vendors::shiptime::wire::{Event, Proof, Record, Tracked};

/// The history of a shipment, newest first; 404 until a carrier or a manifest has seen it.
pub(in crate::vendors::shiptime) fn view(cx: &mut Cx<'_>) -> Outcome {
    let shipment = shipments::own(cx, "id")?;
    let parcel = cx.read_parcel(shipment.lead());
    let Some(parcel) = parcel.filter(is_tracked) else {
        return Err(Refusal::missing(SHIPMENT, shipment.id.to_string()));
    };
    let shipment = shipments::find(cx, &shipment.id.to_string())?;
    let history = parcel.scans.iter().rev().filter_map(event).collect();
    let delivered = parcel.scans.iter().rev().find(|scan| scan.status == Status::Delivered);
    let proof = delivered.map(|scan| Proof {
        location: place(scan),
        signed_by: shipment.text("to", "attention").to_owned(),
        timestamp: print_moment(scan.at),
    });
    let record = Record { history, current_status: shipment.state.word(), pod_info: proof };
    Ok(Reply::ok(Tracked { record }))
}

/// A scan of the first piece moves the shipment, unless it was called off.
pub(in crate::vendors::shiptime) fn scanned(cx: &mut Cx<'_>, parcel: &Parcel, scan: &Scan) {
    let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, &parcel.subject) else {
        return;
    };
    if shipment.lead() != parcel.tracking_number || shipment.state.is_called_off() {
        return;
    }
    if let Some((state, _)) = words(scan.status) {
        shipment.state = state;
        shipments::store(cx, &shipment);
    }
}

/// Whether there is anything to tell: a scan by the carrier, not the manifest alone.
fn is_tracked(parcel: &Parcel) -> bool {
    parcel.scans.iter().any(|scan| !matches!(scan.status, Status::Created | Status::PreTransit | Status::Manifested | Status::Cancelled))
}

fn event(scan: &Scan) -> Option<Event> {
    if matches!(scan.status, Status::Created | Status::PreTransit) {
        return None;
    }
    let (state, name) = words(scan.status)?;
    let name = scan.message.clone().unwrap_or_else(|| name.to_owned());
    Some(Event { status: state.word(), location: place(scan), name, timestamp: print_moment(scan.at) })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: Status, expected: Option<&str>) {
        assert_eq!(words(status).map(|(state, _)| state.word()), expected);
    }

    #[test]
    fn every_status_has_its_word() {
        check(Status::PreTransit, Some("PENDING"));
        check(Status::DeliveryFailed, Some("EXCEPTION"));
        check(Status::OutForDelivery, Some("IN_TRANSIT"));
        check(Status::Unknown, None);
    }

    #[test]
    fn a_place_is_told_as_far_as_it_is_known() {
        let mut scan = Scan { at: jiff::Timestamp::UNIX_EPOCH, status: Status::InTransit, code: None, message: None, location: None };
        assert_eq!(place(&scan), None);
        scan.location = Some(Location { city: "Toronto".to_owned(), country: "CA".to_owned(), ..Location::default() });
        assert_eq!(place(&scan).as_deref(), Some("Toronto, CA"));
    }
}
