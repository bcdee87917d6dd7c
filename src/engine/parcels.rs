//! Parcels of all vendors: kept as documents beside the vendor's own, moved by the agenda.
//!
//! A rule that makes a label calls [`Cx::create_parcel`]. From then on the parcel's next step stands in the agenda; when it is due,
//! [`advance`] stores the scan, writes down the step after it, and tells the vendor (`Vendor::scanned`).

use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::carrier::library;
use crate::carrier::timeline::{self, AnchorTimes, Next};
use crate::carrier::{Anchor, Parcel, Scan, Status};
use crate::engine::call::Call;
use crate::engine::cx::Cx;
use crate::world::{Counter, Kind, Task};

/// Parcels, by tracking number.
pub const PARCEL: Kind = Kind::new("parcel");

/// The operations that a parcel's next step waits for, by tracking number.
const WAITING: Kind = Kind::new("parcel_waiting");

/// The moments that a parcel's timeline may count from, by tracking number.
const MOMENTS: Kind = Kind::new("parcel_moments");

/// The topic of a parcel's next step in the agenda.
pub const STEP: &str = "parcel.step";

/// The topic of a moment that comes by itself.
pub const MOMENT: &str = "parcel.moment";

/// What reading a parcel's tracking needs of it.
#[derive(Deserialize)]
pub struct Track {
    /// The carrier's number for it.
    #[serde(rename = "no")]
    pub tracking_number: String,
    timeline: Option<IgnoredAny>,
    /// What happened, oldest first.
    pub scans: Vec<Scan>,
}

impl Cx<'_> {
    /// Starts a parcel's life: stores it as it is and writes down its first step. The scenario may choose its timeline.
    pub fn create_parcel(&mut self, mut parcel: Parcel) {
        parcel.vendor = self.vendor.id.clone();
        if parcel.timeline.is_none() {
            parcel.timeline = self.script.timeline_of(&self.vendor.id, &parcel, &mut self.docs.world.tally(Name::default()).1);
        }
        self.plan(&parcel);
        self.docs.put(PARCEL, &parcel.tracking_number, &parcel);
    }

    /// A parcel of this account.
    #[must_use]
    pub fn parcel(&self, tracking_number: &str) -> Option<Parcel> {
        self.docs.get(PARCEL, tracking_number)
    }

    /// A parcel whose tracking is being read, which is what some timelines wait for.
    pub fn read_parcel(&mut self, tracking_number: &str) -> Option<Parcel> {
        let mut parcel = self.parcel(tracking_number)?;
        if parcel.timeline.is_none() {
            // The usual timeline waits for nobody.
            return Some(parcel);
        }
        let Some(Next::AfterReads(left, mut scan)) = self.next(&parcel) else { return Some(parcel) };
        parcel.reads += 1;
        if left <= 1 {
            scan.at = self.now;
            self.store(&mut parcel, scan);
        } else {
            self.docs.put(PARCEL, tracking_number, &parcel);
        }
        Some(parcel)
    }

    /// A parcel's scans, when its tracking is being read and nothing else of it is needed.
    pub fn read_track(&mut self, tracking_number: &str) -> Option<Track> {
        let track: Track = self.docs.get(PARCEL, tracking_number)?;
        if track.timeline.is_none() {
            return Some(track);
        }
        let Parcel { tracking_number, scans, .. } = self.read_parcel(tracking_number)?;
        Some(Track { tracking_number, timeline: None, scans })
    }

    /// Tells when the carrier of a parcel will have it; it goes on its way from then.
    pub fn set_handover(&mut self, tracking_number: &str, ready: Timestamp) {
        let Some(mut parcel) = self.parcel(tracking_number) else { return };
        parcel.ready = Some(ready);
        self.plan(&parcel);
        self.docs.put(PARCEL, tracking_number, &parcel);
    }

    /// Has something happen to a parcel out of its turn; its timeline goes on unless the status is final.
    pub fn scan(&mut self, parcel: &mut Parcel, scan: Scan) {
        parcel.scans.push(scan.clone());
        self.docs.put(PARCEL, &parcel.tracking_number, parcel);
        self.as_booking_vendor(parcel, |cx| (cx.vendor.scanned)(cx, parcel, &scan));
    }

    /// Ends a parcel's life without a scan, as voiding its label does.
    pub fn stop(&mut self, parcel: &mut Parcel) {
        let scan = Scan { at: self.now, status: Status::Cancelled, code: None, message: None, location: None };
        parcel.scans.push(scan);
        self.docs.put(PARCEL, &parcel.tracking_number, parcel);
    }

    /// Makes a parcel's next step happen now, whatever it was waiting for; nothing if there is none.
    pub fn force_next_step(&mut self, parcel: &mut Parcel) -> Option<Scan> {
        let mut scan = match self.next(parcel)? {
            Next::At(_, scan) | Next::AfterReads(_, scan) | Next::OnCall(_, scan) | Next::After(_, scan) => scan,
        };
        scan.at = self.now;
        self.store(parcel, scan.clone());
        Some(scan)
    }

    /// Puts a parcel on another timeline, from its beginning; what should have happened by now happens at once. Whether there
    /// is one of that name.
    pub fn set_timeline(&mut self, parcel: &mut Parcel, name: &str) -> bool {
        if self.script.timeline(name).is_none() && library::named(name, parcel).is_none() {
            return false;
        }
        self.docs.world.tally(Name::default()).1.add(Counter::Parcels(name.to_owned().into()));
        parcel.timeline = Some(name.to_owned());
        parcel.step = 0;
        parcel.reads = 0;
        self.plan(parcel);
        self.docs.put(PARCEL, &parcel.tracking_number, parcel);
        true
    }

    fn next(&self, parcel: &Parcel) -> Option<Next> {
        if parcel.status().is_final() {
            return None;
        }
        let Some(name) = parcel.timeline.as_deref() else { return timeline::next(parcel, None, &AnchorTimes::default()) };
        let timeline = self.script.timeline(name).or_else(|| library::named(name, parcel).map(Arc::new));
        let moments = self.docs.get(MOMENTS, &parcel.tracking_number).unwrap_or_default();
        timeline::next(parcel, timeline.as_deref(), &moments)
    }

    /// Stores a step's scan and writes down the step after it.
    fn store(&mut self, parcel: &mut Parcel, scan: Scan) {
        parcel.step += 1;
        parcel.reads = 0;
        parcel.scans.push(scan.clone());
        self.plan(parcel);
        self.docs.put(PARCEL, &parcel.tracking_number, parcel);
        self.as_booking_vendor(parcel, |cx| (cx.vendor.scanned)(cx, parcel, &scan));
    }

    /// Writes a parcel's next step down.
    fn plan(&mut self, parcel: &Parcel) {
        let Some(next) = self.next(parcel) else { return };
        self.as_booking_vendor(parcel, |cx| match next {
            Next::At(due, _) => cx.schedule_at(due, STEP, &parcel.tracking_number, parcel.step),
            Next::OnCall(operations, _) => cx.docs.put(WAITING, &parcel.tracking_number, &operations),
            Next::After(anchor, _) => cx.wait_for_anchor(parcel, anchor),
            Next::AfterReads(..) => {}
        });
    }

    /// Does something as the vendor that a parcel was booked with: calls of any vendor of its mount may move it.
    fn as_booking_vendor(&mut self, parcel: &Parcel, act: impl FnOnce(&mut Self)) {
        let caller = self.vendor;
        let booked_with = self.vendors.iter().find(|vendor| vendor.mount == caller.mount && parcel.vendor == vendor.id);
        self.vendor = booked_with.map_or(caller, Arc::as_ref);
        act(self);
        self.vendor = caller;
    }

    /// A moment of a parcel has come: steps that count from it are due so much later. It comes only once.
    pub fn anchor_reached(&mut self, anchor: Anchor, tracking_number: &str) {
        let mut moments: AnchorTimes = self.docs.get(MOMENTS, tracking_number).unwrap_or_default();
        let Some(parcel) = self.parcel(tracking_number).filter(|_| moments.note(anchor, self.now)) else { return };
        let waited = matches!(self.next(&parcel), Some(Next::After(wanted, _)) if wanted == anchor);
        self.docs.put(MOMENTS, tracking_number, &moments);
        if waited {
            self.plan(&parcel);
        }
    }

    /// A parcel waits for a moment. Where no call of the vendor brings it about, it comes by itself: the batch is that of one label,
    /// the manifest is closed and the carrier comes at the end of the day, as on the usual timeline.
    fn wait_for_anchor(&mut self, parcel: &Parcel, anchor: Anchor) {
        if self.vendor.anchors.contains(&anchor) {
            return;
        }
        let at = timeline::usual_moment(parcel, anchor);
        if at > self.now {
            return self.schedule_at(at, MOMENT, &parcel.tracking_number, anchor as u32);
        }
        let mut moments: AnchorTimes = self.docs.get(MOMENTS, &parcel.tracking_number).unwrap_or_default();
        if moments.note(anchor, at) {
            self.docs.put(MOMENTS, &parcel.tracking_number, &moments);
            self.plan(parcel);
        }
    }
}

/// A moment comes by itself.
pub(crate) fn moment(cx: &mut Cx<'_>, task: &Task) {
    if let Some(anchor) = Anchor::ALL.into_iter().find(|anchor| *anchor as u32 == task.step) {
        cx.anchor_reached(anchor, &task.subject);
    }
}

/// A call has succeeded: parcels whose next step waits for such a call about them have it happen now.
pub(crate) fn called(cx: &mut Cx<'_>) {
    if cx.docs.count(WAITING) == 0 {
        return;
    }
    let name = cx.call.name();
    let vendor = name.split('.').next().unwrap_or_default();
    let fits = |on: &str| on == "*" || on == name || on.strip_suffix(".*") == Some(vendor);
    let rows = cx.docs.rows(WAITING).filter(|(_, on)| serde_json::from_slice(on).is_ok_and(fits)).map(|(number, _)| number.to_owned());
    for number in rows.collect::<Vec<_>>() {
        let Some(mut parcel) = cx.parcel(&number) else { continue };
        if !names(cx.call, &[&number, &parcel.subject]) {
            continue;
        }
        cx.docs.remove(WAITING, &number);
        if let Some(Next::OnCall(_, mut scan)) = cx.next(&parcel) {
            let mut moments: AnchorTimes = cx.docs.get(MOMENTS, &number).unwrap_or_default();
            moments.call = Some(cx.now);
            cx.docs.put(MOMENTS, &number, &moments);
            scan.at = cx.now;
            cx.store(&mut parcel, scan);
        }
    }
}

/// Whether a call says one of these words anywhere in its path, query or body.
fn names(call: &Call<'_>, words: &[&str]) -> bool {
    fn says(value: &Value, words: &[&str]) -> bool {
        match value {
            Value::String(text) => words.contains(&text.as_str()),
            Value::Number(number) => words.contains(&number.to_string().as_str()),
            Value::Array(rows) => rows.iter().any(|row| says(row, words)),
            Value::Object(members) => members.values().any(|row| says(row, words)),
            Value::Bool(_) | Value::Null => false,
        }
    }
    call.parameters.iter().chain(&call.query).any(|(_, text)| words.contains(&text.as_str())) || says(&call.body, words)
}

/// A parcel's step is due. A task that no longer fits (the parcel was hurried on, stopped or removed) lapses.
pub(crate) fn advance(cx: &mut Cx<'_>, task: &Task) {
    let Some(mut parcel) = cx.parcel(&task.subject).filter(|parcel| parcel.step == task.step) else { return };
    let Some(Next::At(due, mut scan)) = cx.next(&parcel) else { return };
    if due <= cx.now {
        if scan.at == due {
            scan.at = cx.now;
        }
        cx.store(&mut parcel, scan);
    }
}
