//! Things that are parcels, by the mapping `x-seatrial-parcel` of their schema: one gets a tracking number and a timeline when it is
//! made, and says what has happened to it since.

use serde_json::{Map, Value};

use crate::carrier::{Location, Parcel, Scan, Status, transit};
use crate::engine::cx::Cx;
use crate::engine::described::{ParcelMap, Town};

type Members = Map<String, Value>;

impl ParcelMap {
    /// Gives a new thing its number, and a parcel behind it. A number that was sent is taken.
    pub(super) fn book(&self, cx: &mut Cx<'_>, document: &mut Members, sent: &Members, key: &str) {
        let sent = at(&Value::Object(sent.clone()), &self.tracking_number);
        let number = if sent.is_empty() { cx.tracking_number(&self.form) } else { sent };
        let mut whole = Value::Object(std::mem::take(document));
        put(&mut whole, &self.tracking_number, number.clone().into());
        let scan = Scan::new(cx.now, Status::Created);
        if let Some(scans) = &self.scans {
            put(&mut whole, &scans.list, Value::Array(Vec::new()));
        }
        self.tell(&mut whole, &scan);
        let of = |place: &Option<String>| place.as_ref().map_or_else(String::new, |pointer| at(&whole, pointer));
        let (from, to) = (self.from.read(&whole), self.to.read(&whole));
        let transit_days = transit::days(self.days, &from, &to);
        let (carrier, service, created) = (of(&self.carrier), of(&self.service), cx.now);
        let parcel = Parcel {
            tracking_number: number,
            carrier,
            service,
            subject: key.to_owned(),
            from,
            to,
            created,
            transit_days,
            ..Parcel::default()
        };
        if cx.parcel(&parcel.tracking_number).is_none() {
            cx.create_parcel(Parcel { scans: vec![scan], ..parcel });
        }
        if let Value::Object(members) = whole {
            *document = members;
        }
    }

    /// Counts that a thing was read; whether that may have moved its parcel.
    pub(super) fn read(&self, cx: &mut Cx<'_>, document: &Members) -> bool {
        cx.read_parcel(&at(&Value::Object(document.clone()), &self.tracking_number)).is_some()
    }

    /// Cancels the parcel of a thing that is deleted, unless its carrier has it.
    pub(super) fn cancel(&self, cx: &mut Cx<'_>, document: &Members) {
        let number = at(&Value::Object(document.clone()), &self.tracking_number);
        if let Some(mut parcel) = cx.parcel(&number).filter(|parcel| !parcel.is_scanned()) {
            cx.cancel_parcel(&mut parcel);
        }
    }

    /// Writes a scan into a thing.
    fn tell(&self, document: &mut Value, scan: &Scan) {
        let word = self.statuses.get(&scan.status).cloned().unwrap_or_else(|| scan.status.word().to_owned());
        if let Some(pointer) = &self.status {
            put(document, pointer, word.clone().into());
        }
        let Some(scans) = &self.scans else { return };
        let mut row = Members::new();
        row.insert(scans.time.clone(), scan.at.to_string().into());
        row.insert(scans.status.clone(), word.clone().into());
        if let Some(name) = &scans.message {
            row.insert(name.clone(), scan.message.clone().unwrap_or(word).into());
        }
        let location = scan.location.clone().unwrap_or_default();
        for (name, text) in [(&scans.city, location.city), (&scans.country, location.country)] {
            if let Some(name) = name.as_ref().filter(|_| !text.is_empty()) {
                row.insert(name.clone(), text.into());
            }
        }
        if let Some(Value::Array(rows)) = document.pointer_mut(&scans.list) {
            rows.push(row.into());
        }
    }
}

impl Town {
    fn read(&self, document: &Value) -> Location {
        let of = |place: &Option<String>| place.as_ref().map_or_else(String::new, |pointer| at(document, pointer));
        Location { city: of(&self.city), state: of(&self.state), zip: of(&self.zip), country: of(&self.country) }
    }
}

/// Writes a scan into the thing that the parcel belongs to.
pub(super) fn scanned(cx: &mut Cx<'_>, parcel: &Parcel, scan: &Scan) {
    let kinds = cx.vendor.described.resources.clone();
    for kept in kinds.iter() {
        let Some(map) = &kept.parcel else { continue };
        let Some(mut document) = cx.docs.get::<Value>(kept.kind.clone(), &parcel.subject) else { continue };
        if at(&document, &map.tracking_number) == parcel.tracking_number {
            map.tell(&mut document, scan);
            cx.docs.put(kept.kind.clone(), &parcel.subject, &document);
        }
    }
}

/// The text at a pointer, or what stands for one.
fn at(document: &Value, pointer: &str) -> String {
    match document.pointer(pointer) {
        None | Some(Value::Null | Value::Object(_) | Value::Array(_)) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Sets what is at a pointer; objects on the way there are made, elements of lists are not.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut place = document;
    for step in pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")) {
        if let Value::Array(rows) = place {
            let Some(row) = step.parse().ok().and_then(|index: usize| rows.get_mut(index)) else { return };
            place = row;
        } else {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = place.as_object_mut().expect("it was just made one").entry(step).or_insert(Value::Null);
        }
    }
    *place = value;
}
