//! What will happen to a parcel, and when.
//!
//! A timeline is a list of steps. The usual one is not stored anywhere: each of its steps follows from the parcel itself
//! (when its label was bought, how many working days its service takes, its number), so that a parcel costs no more
//! memory for having a future.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use crate::base::entropy;
use crate::base::time::{self, Timestamp};
use crate::carrier::parcel::{Location, Parcel, Scan, Status};

/// When a step is due.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// So long after the label was bought.
    At(SignedDuration),
    /// After the parcel's tracking was read so many times since the previous step.
    AfterReads(u32),
    /// When a call of these operations is about the parcel, such as `shippo.CreateManifest`, `shippo.*` or `*`.
    OnCall(String),
}

/// One thing that will happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When.
    pub when: When,
    /// What the parcel becomes.
    pub status: Status,
    /// A finer word of the vendor's vocabulary.
    pub code: Option<String>,
    /// A text to show.
    pub message: Option<String>,
    /// Where.
    pub location: Option<Location>,
}

/// A named list of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// What will happen, in order.
    pub steps: Vec<Step>,
    /// Whether it begins again after the last step, with the offsets counted from there.
    pub repeat: bool,
}

/// When a parcel's next step is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// At that time, this happens.
    At(Scan),
    /// After so many more reads, this happens.
    AfterReads(u32, Scan),
    /// This happens when a call of these operations is about the parcel.
    OnCall(String, Scan),
}

/// The next step of a parcel on a timeline (`None`: the usual one); nothing when its life is over. `anchor` is when the latest
/// call came that one of its steps waited for: the offsets behind such a step count from there.
#[must_use]
pub fn next(parcel: &Parcel, timeline: Option<&Timeline>, anchor: Option<Timestamp>) -> Option<Next> {
    match timeline {
        Some(timeline) => scripted(parcel, timeline, anchor),
        None => usual(parcel, parcel.step).map(Next::At),
    }
}

fn scripted(parcel: &Parcel, timeline: &Timeline, anchor: Option<Timestamp>) -> Option<Next> {
    let length = u32::try_from(timeline.steps.len()).ok().filter(|length| *length > 0)?;
    let (lap, place) = (parcel.step / length, parcel.step % length);
    if lap > 0 && !timeline.repeat {
        return None;
    }
    let step = timeline.steps.get(place as usize)?;
    let scan =
        |at| Scan { at, status: step.status, code: step.code.clone(), message: step.message.clone(), location: step.location.clone() };
    let latest = parcel.scans.last().map_or(parcel.created, |scan| scan.at);
    match &step.when {
        When::At(offset) => {
            let longest = timeline.steps.iter().filter_map(|step| match step.when {
                When::At(offset) => Some(offset),
                When::AfterReads(_) | When::OnCall(_) => None,
            });
            // A lap lasts as long as its last offset, and at least an hour, so that no clock can be advanced forever.
            let length = longest.max().unwrap_or_default().max(SignedDuration::from_hours(1));
            let laps = i32::try_from(lap).unwrap_or(i32::MAX);
            let waited = timeline.steps.iter().take(place as usize).any(|step| matches!(step.when, When::OnCall(_)));
            let offset = length.checked_mul(laps).and_then(|laps| laps.checked_add(*offset)).unwrap_or(SignedDuration::MAX);
            let at = time::shift(anchor.filter(|_| waited).unwrap_or(parcel.created), offset);
            Some(Next::At(scan(at.max(latest))))
        }
        When::AfterReads(reads) => Some(Next::AfterReads(reads.saturating_sub(parcel.reads), scan(latest))),
        When::OnCall(operations) => Some(Next::OnCall(operations.clone(), scan(latest))),
    }
}

/// Manifested at the end of the working day, collected an hour later, sorted overnight, delivered on the service's day.
fn usual(parcel: &Parcel, step: u32) -> Option<Scan> {
    let luck = entropy::fingerprint(parcel.tracking_number.as_bytes());
    let sent = sending(parcel.created);
    let (mut arrives, mut before) = (sent, sent);
    for _ in 0..parcel.transit_days.max(1) {
        before = arrives;
        arrives = working_day(tomorrow(arrives));
    }
    // Minutes differ from parcel to parcel, and never from run to run.
    let minute = |spread: u64, shift: u32| i8::try_from((luck >> shift) % spread).expect("spreads are below 60");
    let (date, hour, minute, status, location) = match step {
        0 => (sent, 17, minute(30, 0), Status::Manifested, Some(&parcel.from)),
        1 => (sent, 18, minute(50, 8), Status::Collected, Some(&parcel.from)),
        2 => (sent, 21, minute(50, 16), Status::InTransit, Some(&parcel.from)),
        3 => (if before == sent { arrives } else { before }, 4, minute(50, 24), Status::InTransit, Some(&parcel.to)),
        4 => (arrives, 7, minute(50, 32), Status::OutForDelivery, Some(&parcel.to)),
        5 => (arrives, 9 + minute(8, 40), minute(59, 48), Status::Delivered, Some(&parcel.to)),
        _ => return None,
    };
    let at = date.at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Scan { at, status, code: None, message: None, location: location.cloned() })
}

/// The day on which a parcel sent at `created` arrives.
#[must_use]
pub fn arrival(created: Timestamp, transit_days: u8) -> Date {
    working_days_after(sending(created), transit_days.max(1))
}

/// The working day on which a parcel with a label of `created` is sent.
#[must_use]
pub fn sending(created: Timestamp) -> Date {
    let bought = created.to_zoned(TimeZone::UTC);
    working_day(if bought.hour() < 17 { bought.date() } else { tomorrow(bought.date()) })
}

/// The working day so many working days after one.
#[must_use]
pub fn working_days_after(date: Date, days: u8) -> Date {
    (0..days).fold(date, |day, _| working_day(tomorrow(day)))
}

fn tomorrow(date: Date) -> Date {
    date.checked_add(1.day()).unwrap_or(Date::MAX)
}

/// `date`, or the Monday after it.
fn working_day(date: Date) -> Date {
    match date.weekday() {
        Weekday::Saturday => tomorrow(tomorrow(date)),
        Weekday::Sunday => tomorrow(date),
        _ => date,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(created: &str, transit_days: u8) -> Parcel {
        Parcel {
            tracking_number: "95008001000001".into(),
            carrier: "DPD".into(),
            service: "DPDNEXT".into(),
            subject: "80000001".into(),
            from: Location::default(),
            to: Location::default(),
            created: created.parse().expect("a test writes valid timestamps"),
            transit_days,
            timeline: None,
            step: 0,
            reads: 0,
            scans: Vec::new(),
        }
    }

    fn check(created: &str, transit_days: u8, delivered_on: &str) {
        let parcel = parcel(created, transit_days);
        let scans: Vec<Scan> = (0..).map_while(|step| usual(&parcel, step)).collect();
        assert!(scans.is_sorted_by_key(|scan| scan.at) && scans.iter().all(|scan| scan.at > parcel.created), "{scans:?}");
        let last = scans.last().expect("the usual timeline has steps");
        assert_eq!((last.status, last.at.to_zoned(TimeZone::UTC).date().to_string().as_str()), (Status::Delivered, delivered_on));
        assert_eq!(arrival(parcel.created, transit_days).to_string(), delivered_on);
    }

    #[test]
    fn a_parcel_arrives_on_the_working_day_that_its_service_promises() {
        check("2026-01-05T09:00:00Z", 1, "2026-01-06");
        check("2026-01-05T18:00:00Z", 1, "2026-01-07");
        check("2026-01-09T09:00:00Z", 1, "2026-01-12");
        check("2026-01-10T09:00:00Z", 2, "2026-01-14");
    }

    #[test]
    fn a_repeating_timeline_moves_on_by_at_least_an_hour_a_lap() {
        let step = Step { when: When::At(SignedDuration::ZERO), status: Status::Exception, code: None, message: None, location: None };
        let timeline = Timeline { steps: vec![step], repeat: true };
        let parcel = Parcel { step: 3, ..parcel("2026-01-05T09:00:00Z", 1) };
        let Some(Next::At(scan)) = next(&parcel, Some(&timeline), None) else { panic!("it repeats") };
        assert_eq!(scan.at.to_string(), "2026-01-05T12:00:00Z");
    }
}
