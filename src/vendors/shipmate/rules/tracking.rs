//! What happened to parcels, in the vendor's words.

use serde::{Deserialize, Serialize, Serializer};

use crate::carrier::{Scan, Status};
use crate::engine::{Cx, Outcome, PARCEL, Params, Refusal, Reply, Track};
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::label;
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::wire::{self, Envelope, Stamp};

const MESSAGE: &str = "Tracking Events Retrieved";

#[derive(Deserialize)]
pub struct Reference {
    reference: String,
}

/// The events of a consignment's parcels, keyed by tracking reference.
struct ByParcel {
    version: Version,
    types: Types,
    parcels: Vec<(String, Track)>,
}

#[derive(Serialize)]
struct Row<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_reference: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipment_reference: Option<&'p str>,
    courier_tracking_reference: &'p str,
    tracking_events: Vec<Event<'p>>,
}

struct Events(Track, Types);

/// The types that events may have.
#[derive(Clone, Copy)]
enum Types {
    /// Those of the guide's table, which webhooks contradict: out for delivery counts as in transit.
    Six,
    /// One more.
    Seven,
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
    let version = Version::of(cx);
    let reference = if version == Version::V1_2 { wire::reference(&cx.docs, reference) } else { reference };
    let consignment = wire::consignment(&cx.docs, &reference)?;
    let references = consignment.parcels.iter().map(|parcel| (parcel.reference.to_string(), parcel.tracking.to_string()));
    let references: Vec<(String, String)> = references.collect();
    let parcels = references.into_iter().filter_map(|(own, tracking)| Some((own, cx.read_track(&tracking)?)));
    let parcels = parcels.collect();
    Ok(Reply::ok(Envelope { message: MESSAGE, data: ByParcel { version, types: Types::of(cx), parcels } }))
}

/// A parcel is known by its tracking reference until it is cancelled.
pub fn parcel(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let reference = label::carriers_own(&reference).into_owned();
    let is_cancelled = |parcel: &Track| parcel.scans.last().is_some_and(|scan| scan.status == Status::Cancelled);
    let parcel = cx.read_track(&reference).filter(|parcel| !is_cancelled(parcel));
    let parcel = parcel.ok_or_else(|| Refusal::missing(PARCEL, reference))?;
    Ok(Reply::ok(Envelope { message: MESSAGE, data: Events(parcel, Types::of(cx)) }))
}

impl Types {
    fn of(cx: &Cx<'_>) -> Self {
        if cx.credential.is("six_event_types") { Self::Six } else { Self::Seven }
    }
}

/// Events in order of date. A step of a timeline may bring a code and a text of its own.
fn events(parcel: &Track, types: Types) -> Vec<Event<'_>> {
    let mut rows: Vec<&Scan> = parcel.scans.iter().collect();
    rows.sort_by_key(|scan| scan.at);
    rows.into_iter().filter_map(|scan| event(scan, types)).collect()
}

fn event(scan: &Scan, types: Types) -> Option<Event<'_>> {
    let usual = CATALOG.event(scan.status)?;
    let kind = match (types, scan.status) {
        (Types::Six, Status::OutForDelivery) => CATALOG.event(Status::InTransit)?,
        _ => usual,
    };
    let words = scan.code.as_ref().and_then(|code| CATALOG.events.iter().find(|row| row.code == *code)).unwrap_or(usual);
    Some(Event {
        code: scan.code.as_deref().unwrap_or(&words.code),
        name: &words.name,
        description: scan.message.as_deref().unwrap_or(&words.description),
        date: Stamp(wire::local(scan.at)),
        r#type: &kind.r#type,
    })
}

impl Serialize for ByParcel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.parcels.iter().map(|(reference, parcel)| {
            let tracking = parcel.tracking_number.as_str();
            let [sender_reference, shipment_reference] = match self.version {
                Version::V1_1 => [Some(reference.as_str()), None],
                Version::V1_2 => [None, Some(reference.as_str())],
            };
            let row = Row {
                sender_reference,
                shipment_reference,
                courier_tracking_reference: tracking,
                tracking_events: events(parcel, self.types),
            };
            (tracking, row)
        }))
    }
}

impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        events(&self.0, self.1).serialize(serializer)
    }
}
