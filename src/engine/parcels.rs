//! Parcels of all vendors: kept as documents beside the vendor's own, moved by the agenda.
//!
//! A rule that makes a label calls [`Cx::create_parcel`]. From then on the parcel's next step is a task in the agenda; when it is due,
//! [`advance`] stores the scan, schedules the step after it, and calls `Vendor::scanned`.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::base::name::Name;
use crate::base::text;
use crate::base::time::Timestamp;
use crate::carrier::label::Label;
use crate::carrier::timeline::{self, AnchorTimes, Next};
use crate::carrier::{Anchor, Parcel, Scan, Status, library, numbers};
use crate::engine::call::Call;
use crate::engine::cx::Cx;
use crate::engine::scenario::ScenarioRuntime;
use crate::engine::stored::{self, Stored};
use crate::world::{Account, Counter, Kind, Task};

/// The kind of parcels; their id is the tracking number.
pub const PARCEL: Kind = Kind::new("parcel");

/// The operations that a parcel's next step waits for, by tracking number.
const WAITING: Kind = Kind::new("parcel_waiting");

/// The anchors of parcels that have been reached, with their times, by tracking number.
const ANCHOR_TIMES: Kind = Kind::new("parcel_moments");

/// The tables of parcels, which every vendor has.
pub(super) const STORED: &[Stored] = &[
    Stored::of(PARCEL, |text| stored::read::<Parcel>(text)),
    Stored::of(WAITING, |text| stored::read::<String>(text)),
    Stored::of(ANCHOR_TIMES, |text| stored::read::<AnchorTimes>(text)),
];

/// The topic of a parcel's next step in the agenda.
pub const STEP: &str = "parcel.step";

/// The topic of an anchor that is reached without a call.
pub const ANCHOR: &str = "parcel.moment";

/// How many scans a parcel has at most by its timeline: one that repeats ends there, because each scan copies those before it.
const MOST_SCANS: usize = 500;

/// What reading a parcel's tracking needs of it.
#[derive(Deserialize)]
pub struct Track {
    timeline: Option<IgnoredAny>,
    /// All scans so far, oldest first.
    pub scans: Vec<Scan>,
}

impl Cx<'_> {
    /// What the label of a parcel says, if its vendor has one.
    pub fn label(&mut self, parcel: &Parcel) -> Option<Label> {
        (self.vendor.label)(self, parcel)
    }

    /// Stores a new parcel and schedules its first step. The scenario may choose its timeline.
    pub fn create_parcel(&mut self, mut parcel: Parcel) {
        parcel.vendor = self.vendor.id.clone();
        if parcel.timeline.is_none() {
            parcel.timeline = self.scenario.timeline_of(&self.vendor.id, &parcel, &mut self.docs.world.tally(Name::default()).1);
        }
        self.schedule_next_step(&parcel);
        self.docs.put(PARCEL, &parcel.tracking_number, &parcel);
    }

    /// A tracking number in a form of [`numbers`] that no parcel of this account has.
    pub fn tracking_number(&mut self, form: &str) -> String {
        loop {
            let number = numbers::draw(form, &mut self.rng);
            if !self.docs.has(PARCEL, &number) {
                return number;
            }
        }
    }

    /// A parcel of this account.
    #[must_use]
    pub fn parcel(&self, tracking_number: &str) -> Option<Parcel> {
        self.docs.get(PARCEL, tracking_number)
    }

    /// A parcel whose tracking is being read, which some timelines count.
    pub fn read_parcel(&mut self, tracking_number: &str) -> Option<Parcel> {
        let mut parcel = self.parcel(tracking_number)?;
        if parcel.timeline.is_none() {
            // The usual timeline does not count reads.
            return Some(parcel);
        }
        let Some(Next::AfterReads(left, mut scan)) = self.next(&parcel) else { return Some(parcel) };
        parcel.reads += 1;
        if left <= 1 {
            scan.at = self.now;
            self.record_scan(&mut parcel, scan);
        } else {
            self.docs.put(PARCEL, tracking_number, &parcel);
        }
        Some(parcel)
    }

    /// Like [`Cx::read_parcel`], when only the scans are needed.
    pub fn read_track(&mut self, tracking_number: &str) -> Option<Track> {
        let track: Track = self.docs.get(PARCEL, tracking_number)?;
        if track.timeline.is_none() {
            return Some(track);
        }
        let Parcel { scans, .. } = self.read_parcel(tracking_number)?;
        Some(Track { timeline: None, scans })
    }

    /// Sets when the carrier takes a parcel over; its journey begins then.
    pub fn set_handover(&mut self, tracking_number: &str, ready: Timestamp) {
        let Some(mut parcel) = self.parcel(tracking_number) else { return };
        parcel.ready = Some(ready);
        self.schedule_next_step(&parcel);
        self.docs.put(PARCEL, tracking_number, &parcel);
    }

    /// Adds a scan that is no step of the timeline, which goes on unless the status is final.
    pub fn scan(&mut self, parcel: &mut Parcel, scan: Scan) {
        parcel.scans.push(scan.clone());
        self.docs.put(PARCEL, &parcel.tracking_number, parcel);
        self.as_booking_vendor(parcel, |cx| (cx.vendor.scanned)(cx, parcel, &scan));
    }

    /// Cancels a parcel, as voiding its label does; the vendor's `scanned` is not called. A step that waits for the call takes the place
    /// of it, once the call has succeeded.
    pub fn cancel_parcel(&mut self, parcel: &mut Parcel) {
        self.cancelled.entry(parcel.tracking_number.clone()).or_insert(parcel.scans.len());
        let scan = Scan::new(self.now, Status::Cancelled);
        parcel.scans.push(scan);
        self.docs.put(PARCEL, &parcel.tracking_number, parcel);
    }

    /// Runs a parcel's next step now, whatever it was waiting for; `None` if there is none.
    pub fn force_next_step(&mut self, parcel: &mut Parcel) -> Option<Scan> {
        let mut scan = match self.next(parcel)? {
            Next::At(_, scan) | Next::AfterReads(_, scan) | Next::OnCall(_, scan) | Next::After(_, scan) => scan,
        };
        scan.at = self.now;
        self.record_scan(parcel, scan.clone());
        Some(scan)
    }

    /// Puts a parcel on another timeline, from its beginning; steps whose time has passed run at once. Whether there is a
    /// timeline of that name.
    pub fn set_timeline(&mut self, parcel: &mut Parcel, name: &str) -> bool {
        if self.scenario.timeline(name).is_none() && library::named(name, parcel).is_none() {
            return false;
        }
        self.docs.world.tally(Name::default()).1.add(Counter::Parcels(name.to_owned().into()));
        parcel.timeline = Some(name.to_owned());
        parcel.step = 0;
        parcel.reads = 0;
        self.schedule_next_step(parcel);
        self.docs.put(PARCEL, &parcel.tracking_number, parcel);
        true
    }

    /// The names of timelines that parcels can be put on: those of the scenario, then those of the library.
    pub fn timeline_names(&self) -> Vec<String> {
        self.scenario.timeline_names().into_iter().chain(library::names().map(|(name, _)| name.to_owned())).collect()
    }

    /// What a parcel's timeline holds for it: at most so many steps, up to the first that waits for something other than its time.
    pub fn plan(&self, parcel: &Parcel, most: usize) -> Vec<Next> {
        plan(self.scenario, self.docs.account(), parcel, most)
    }

    fn next(&self, parcel: &Parcel) -> Option<Next> {
        next_step(self.scenario, self.docs.account(), parcel)
    }

    /// Adds the scan of a step, and schedules the step after it.
    fn record_scan(&mut self, parcel: &mut Parcel, scan: Scan) {
        parcel.step += 1;
        parcel.reads = 0;
        parcel.scans.push(scan.clone());
        self.schedule_next_step(parcel);
        self.docs.put(PARCEL, &parcel.tracking_number, parcel);
        self.as_booking_vendor(parcel, |cx| (cx.vendor.scanned)(cx, parcel, &scan));
    }

    /// Schedules a parcel's next step, or stores what it waits for.
    fn schedule_next_step(&mut self, parcel: &Parcel) {
        let Some(next) = self.next(parcel).filter(|_| parcel.scans.len() < MOST_SCANS) else { return };
        self.as_booking_vendor(parcel, |cx| match next {
            Next::At(due, _) => cx.schedule_at(due, STEP, &parcel.tracking_number, parcel.step),
            Next::OnCall(operations, _) => cx.docs.put(WAITING, &parcel.tracking_number, &operations),
            Next::After(anchor, _) => cx.wait_for_anchor(parcel, anchor),
            Next::AfterReads(..) => {}
        });
    }

    /// Runs `act` as the vendor that a parcel was booked with, because calls of any vendor of its mount may move it.
    fn as_booking_vendor(&mut self, parcel: &Parcel, act: impl FnOnce(&mut Self)) {
        let caller = self.vendor;
        let booked_with = self.vendors.iter().find(|vendor| vendor.mount == caller.mount && parcel.vendor == vendor.id);
        self.vendor = booked_with.map_or(caller, Arc::as_ref);
        act(self);
        self.vendor = caller;
    }

    /// Stores the time of an anchor, and schedules the step that counts from it. Only the first time counts.
    pub fn anchor_reached(&mut self, anchor: Anchor, tracking_number: &str) {
        let mut moments: AnchorTimes = self.docs.get(ANCHOR_TIMES, tracking_number).unwrap_or_default();
        let Some(parcel) = self.parcel(tracking_number).filter(|_| moments.note(anchor, self.now)) else { return };
        let waited = matches!(self.next(&parcel), Some(Next::After(wanted, _)) if wanted == anchor);
        self.docs.put(ANCHOR_TIMES, tracking_number, &moments);
        if waited {
            self.schedule_next_step(&parcel);
        }
    }

    /// Has a parcel wait for an anchor. Where no call of the vendor announces it, it is scheduled: the batch is that of one label,
    /// the manifest is closed and the carrier comes at the end of the day, as on the usual timeline.
    fn wait_for_anchor(&mut self, parcel: &Parcel, anchor: Anchor) {
        if self.vendor.anchors.contains(&anchor) {
            return;
        }
        let at = timeline::usual_moment(parcel, anchor);
        if at > self.now {
            return self.schedule_at(at, ANCHOR, &parcel.tracking_number, anchor as u32);
        }
        let mut moments: AnchorTimes = self.docs.get(ANCHOR_TIMES, &parcel.tracking_number).unwrap_or_default();
        if moments.note(anchor, at) {
            self.docs.put(ANCHOR_TIMES, &parcel.tracking_number, &moments);
            self.schedule_next_step(parcel);
        }
    }
}

/// The next step of a parcel, under a scenario.
fn next_step(scenario: &dyn ScenarioRuntime, account: &Account, parcel: &Parcel) -> Option<Next> {
    let Some(name) = parcel.timeline.as_deref() else {
        return if parcel.status().is_final() { None } else { timeline::next(parcel, None, &AnchorTimes::default()) };
    };
    let timeline = scenario.timeline(name).or_else(|| library::named(name, parcel).map(Arc::new));
    if timeline.as_deref().map_or(parcel.status().is_final(), |timeline| timeline.is_over(parcel)) {
        return None;
    }
    let moments = account.table(&ANCHOR_TIMES).and_then(|table| serde_json::from_str(table.get(&parcel.tracking_number)?).ok());
    timeline::next(parcel, timeline.as_deref(), &moments.unwrap_or_default())
}

/// What a parcel's timeline holds for it: at most so many steps, up to the first that waits for something other than its time, from
/// which those after it may count.
pub(super) fn plan(scenario: &dyn ScenarioRuntime, account: &Account, parcel: &Parcel, most: usize) -> Vec<Next> {
    let (mut parcel, mut plan) = (parcel.clone(), Vec::new());
    while plan.len() < most && parcel.scans.len() < MOST_SCANS {
        let Some(next) = next_step(scenario, account, &parcel) else { break };
        let scan = if let Next::At(_, scan) = &next { Some(scan.clone()) } else { None };
        plan.push(next);
        let Some(scan) = scan else { break };
        parcel.step += 1;
        parcel.reads = 0;
        parcel.scans.push(scan);
    }
    plan
}

/// The time of a scheduled anchor has come.
pub(crate) fn anchor_due(cx: &mut Cx<'_>, task: &Task) {
    if let Some(anchor) = Anchor::ALL.into_iter().find(|anchor| *anchor as u32 == task.step) {
        cx.anchor_reached(anchor, &task.subject);
    }
}

/// Runs the steps that wait for a call such as this one, which has succeeded, and whose parcels it mentions or has cancelled.
pub(crate) fn run_steps_waiting_for_call(cx: &mut Cx<'_>) {
    if cx.docs.count(WAITING) == 0 {
        return;
    }
    let name = cx.call.name();
    let fits = |on: &str| text::fits_glob(name, on);
    let rows = cx.docs.rows(WAITING).filter(|(_, on)| serde_json::from_str(on).is_ok_and(fits)).map(|(number, _)| number.to_owned());
    for number in rows.collect::<Vec<_>>() {
        let Some(mut parcel) = cx.parcel(&number) else { continue };
        let sent = (cx.vendor.subject_as_sent)(&parcel.subject);
        if let Some(scans) = cx.cancelled.get(&number) {
            parcel.scans.truncate(*scans);
        } else if !mentions(cx.call, &[&number, sent.as_ref().unwrap_or(&parcel.subject)]) {
            continue;
        }
        cx.docs.remove(WAITING, &number);
        if let Some(Next::OnCall(_, mut scan)) = cx.next(&parcel) {
            let mut moments: AnchorTimes = cx.docs.get(ANCHOR_TIMES, &number).unwrap_or_default();
            moments.call = Some(cx.now);
            cx.docs.put(ANCHOR_TIMES, &number, &moments);
            scan.at = cx.now;
            cx.record_scan(&mut parcel, scan);
        }
    }
}

/// Whether one of these words is a value in the path, query or body of a call.
fn mentions(call: &Call<'_>, words: &[&str]) -> bool {
    fn mentions_in(value: &Value, words: &[&str]) -> bool {
        match value {
            Value::String(text) => words.contains(&text.as_str()),
            Value::Number(number) => words.contains(&number.to_string().as_str()),
            Value::Array(rows) => rows.iter().any(|row| mentions_in(row, words)),
            Value::Object(members) => members.values().any(|row| mentions_in(row, words)),
            Value::Bool(_) | Value::Null => false,
        }
    }
    call.parameters.iter().chain(&call.query).any(|(_, text)| words.contains(&text.as_str())) || mentions_in(&call.body, words)
}

/// Runs a step that is due. It does nothing if the parcel has moved on, or was cancelled or removed.
pub(crate) fn advance(cx: &mut Cx<'_>, task: &Task) {
    let Some(mut parcel) = cx.parcel(&task.subject).filter(|parcel| parcel.step == task.step) else { return };
    let Some(Next::At(due, mut scan)) = cx.next(&parcel) else { return };
    if due <= cx.now {
        if scan.at == due {
            scan.at = cx.now;
        }
        cx.record_scan(&mut parcel, scan);
    }
}
