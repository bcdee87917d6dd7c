//! What happened to parcels, in the vendor's words.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::carrier::{Scan, Status};
use crate::engine::{Cx, Outcome, PARCEL, Params, Refusal, Track};
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::wire::{self, CONSIGNMENT, Package, Reference, Stamp};
use crate::vendors::shipmate::{labels, webhooks};

const MESSAGE: &str = "Tracking Events Retrieved";

/// The events of a consignment's parcels, keyed by tracking reference.
struct ByParcel {
    /// The reference of the consignment, which version 1.2 shows in place of those of its parcels.
    shipment: Option<String>,
    parcels: Vec<(Events, Package)>,
}

struct Row<'p>(Option<&'p str>, &'p Package, &'p Events);

struct Events {
    track: Track,
    /// Whether there are the six types of the guide's table, which webhooks contradict: out for delivery counts as in transit.
    six_types: bool,
}

#[derive(Serialize)]
struct Event<'p> {
    code: &'p str,
    name: &'static str,
    description: &'p str,
    date: Stamp,
    r#type: &'static str,
}

/// Parcels of one consignment may be in different places, so each has events of its own.
pub fn consignment(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let reference = wire::stored_reference(cx, reference);
    let parcels: Option<Vec<Package>> = cx.docs.member(CONSIGNMENT, &reference, "/parcels");
    let parcels = parcels.ok_or_else(|| Refusal::missing(CONSIGNMENT, &*reference))?;
    let shipment = wire::is_newer(cx).then_some(reference);
    let parcels = parcels.into_iter().filter_map(|parcel| Some((events(cx, &parcel.tracking)?, parcel))).collect();
    Ok(wire::ok(MESSAGE, ByParcel { shipment, parcels }))
}

/// A parcel is known by its tracking reference until it is cancelled.
pub fn parcel(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let reference = labels::carriers_own(&reference).into_owned();
    let is_cancelled = |events: &Events| events.track.scans.last().is_some_and(|scan| scan.status == Status::Cancelled);
    let events = events(cx, &reference).filter(|events| !is_cancelled(events));
    Ok(wire::ok(MESSAGE, events.ok_or_else(|| Refusal::missing(PARCEL, reference))?))
}

fn events(cx: &mut Cx<'_>, tracking: &str) -> Option<Events> {
    Some(Events { track: cx.read_track(tracking)?, six_types: cx.credential.is("six_event_types") })
}

impl Events {
    /// A step of a timeline may bring a code and a text of its own.
    fn event<'p>(&self, scan: &'p Scan) -> Option<Event<'p>> {
        let (usual, code, name, description) = webhooks::words(scan)?;
        let is_merged = self.six_types && scan.status == Status::OutForDelivery;
        let r#type = if is_merged { &CATALOG.event(Status::InTransit)?.r#type } else { &usual.r#type };
        Some(Event { code, name, description, date: Stamp(wire::local(scan.at)), r#type })
    }
}

impl Serialize for ByParcel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(self.parcels.iter().map(|(events, parcel)| (&parcel.tracking, Row(self.shipment.as_deref(), parcel, events))))
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(shipment, parcel, events) = self;
        let mut row = serializer.serialize_map(Some(3))?;
        let (name, reference) = shipment.map_or(("sender_reference", &*parcel.reference), |own| ("shipment_reference", own));
        row.serialize_entry(name, reference)?;
        row.serialize_entry("courier_tracking_reference", &parcel.tracking)?;
        row.serialize_entry("tracking_events", events)?;
        row.end()
    }
}

/// Events in order of date.
impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut scans: Vec<&Scan> = self.track.scans.iter().collect();
        scans.sort_by_key(|scan| scan.at);
        serializer.collect_seq(scans.into_iter().filter_map(|scan| self.event(scan)))
    }
}
