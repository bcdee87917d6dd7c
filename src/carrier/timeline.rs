//! What will happen to a parcel, and when.
//!
//! A timeline is a list of steps. The usual one is not stored anywhere: each of its steps follows from the parcel itself
//! (when its label was bought, how many working days its service takes, its number), so that a parcel costs no more
//! memory for having a future.

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::base::time::{self, Timestamp};
use crate::carrier::journey::{self, Journey};
use crate::carrier::parcel::{Location, Parcel, Scan, Status};

/// How long a round of a timeline that repeats lasts at least; else it lasts as long as its last offset. So no clock is advanced forever.
pub const SHORTEST_ROUND: SignedDuration = SignedDuration::from_hours(1);

/// An event that offsets of steps count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// When the label was bought.
    Label,
    /// The batch that its label is in was purchased.
    Batch,
    /// The manifest that it stands on was closed.
    Manifest,
    /// The pickup that it goes with was done.
    Pickup,
}

impl Anchor {
    /// Every anchor, in the usual order.
    pub const ALL: [Self; 4] = [Self::Label, Self::Batch, Self::Manifest, Self::Pickup];

    /// The word as scenarios write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Batch => "batch",
            Self::Manifest => "manifest",
            Self::Pickup => "pickup",
        }
    }
}

/// The moments of a parcel that have come, as far as timelines count from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnchorTimes {
    /// The latest call that one of its steps waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup: Option<Timestamp>,
}

impl AnchorTimes {
    /// Stores the time of an anchor; false if it was reached before.
    pub fn note(&mut self, anchor: Anchor, at: Timestamp) -> bool {
        let moment = match anchor {
            Anchor::Label => return false,
            Anchor::Batch => &mut self.batch,
            Anchor::Manifest => &mut self.manifest,
            Anchor::Pickup => &mut self.pickup,
        };
        let is_news = moment.is_none();
        moment.get_or_insert(at);
        is_news
    }

    fn of(&self, anchor: Anchor, parcel: &Parcel) -> Option<Timestamp> {
        match anchor {
            Anchor::Label => Some(parcel.created),
            Anchor::Batch => self.batch,
            Anchor::Manifest => self.manifest,
            Anchor::Pickup => self.pickup,
        }
    }
}

/// When a step is due.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// A time after an anchor: that one, or else the latest call that an earlier step waited for, or else the label's purchase.
    At(SignedDuration, Option<Anchor>),
    /// After the parcel's tracking was read so many times since the previous step.
    AfterReads(u32),
    /// When a call of these operations is about the parcel, such as `shippo.CreateManifest`, `shippo.*` or `*`.
    OnCall(String),
}

/// One thing that will happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub when: When,
    pub status: Status,
    /// A finer code of the vendor.
    pub code: Option<String>,
    pub message: Option<String>,
    pub location: Option<Location>,
}

/// A named list of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// What will happen, in order.
    pub steps: Vec<Step>,
    /// Whether it begins again after the last step, with the offsets counted from there.
    pub repeat: bool,
    /// Whether a step whose time is over is told late, with the time at which it happened, rather than happen late.
    pub late: bool,
}

impl Timeline {
    /// Whether the life of a parcel is over. Where a step has ended it the next one comes all the same, such as for a parcel that was lost
    /// and is found, but no other round; where anything else has, such as a call that cancels it, nothing comes.
    #[must_use]
    pub fn is_over(&self, parcel: &Parcel) -> bool {
        let (status, step) = (parcel.status(), parcel.step as usize);
        let steps = (0..step).rev().map_while(|step| self.steps.get(step.checked_rem(self.steps.len())?));
        let by_steps = steps.take_while(|step| step.status == status).count();
        let scans = parcel.scans.iter().rev().take_while(|scan| scan.status == status).count();
        status.is_final() && (scans > by_steps || step.checked_rem(self.steps.len()).is_none_or(|place| place == 0))
    }
}

/// When a parcel's next step is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// At that time, this happens, or comes to be known.
    At(Timestamp, Scan),
    /// After so many more reads, this happens.
    AfterReads(u32, Scan),
    /// This happens when a call of these operations is about the parcel.
    OnCall(String, Scan),
    /// After an anchor that is not reached yet.
    After(Anchor, Scan),
}

/// The next step of a parcel on a timeline (`None`: the usual one); nothing when its life is over.
#[must_use]
pub fn next(parcel: &Parcel, timeline: Option<&Timeline>, moments: &AnchorTimes) -> Option<Next> {
    let mut next = match timeline {
        Some(timeline) => scripted(parcel, timeline, moments),
        None => Journey::of(parcel).usual(parcel.step).map(|scan| Next::At(scan.at, scan)),
    }?;
    // Whatever the clocks of two places show, nothing happens before what happened already.
    if let (Next::At(due, scan), Some(latest)) = (&mut next, parcel.scans.iter().map(|scan| scan.at).max()) {
        *due = latest.max(*due);
        if !timeline.is_some_and(|timeline| timeline.late) {
            scan.at = *due;
        }
    }
    Some(next)
}

fn scripted(parcel: &Parcel, timeline: &Timeline, moments: &AnchorTimes) -> Option<Next> {
    let length = u32::try_from(timeline.steps.len()).ok().filter(|length| *length > 0)?;
    let (lap, place) = (parcel.step / length, parcel.step % length);
    if lap > 0 && !timeline.repeat {
        return None;
    }
    let step = timeline.steps.get(place as usize)?;
    let scan =
        |at| Scan { at, status: step.status, code: step.code.clone(), message: step.message.clone(), location: step.location.clone() };
    let latest = parcel.scans.last().map_or(parcel.created, |scan| scan.at);
    Some(match &step.when {
        When::At(offset, anchor) => {
            let mut before = timeline.steps.iter().take(place as usize);
            let waited = anchor.is_none() && before.any(|step| matches!(step.when, When::OnCall(_)));
            let anchor = anchor.unwrap_or(Anchor::Label);
            let Some(moment) = moments.call.filter(|_| waited).or_else(|| moments.of(anchor, parcel)) else {
                return Some(Next::After(anchor, scan(latest)));
            };
            let longest = timeline.steps.iter().filter_map(|step| match step.when {
                When::At(offset, _) => Some(offset),
                When::AfterReads(_) | When::OnCall(_) => None,
            });
            let length = longest.max().unwrap_or_default().max(SHORTEST_ROUND);
            let laps = i32::try_from(lap).unwrap_or(i32::MAX);
            let offset = length.checked_mul(laps).and_then(|laps| laps.checked_add(*offset)).unwrap_or(SignedDuration::MAX);
            let at = time::shift(moment, offset);
            Next::At(at, scan(at))
        }
        When::AfterReads(reads) => Next::AfterReads(reads.saturating_sub(parcel.reads), scan(latest)),
        When::OnCall(operations) => Next::OnCall(operations.clone(), scan(latest)),
    })
}

/// When a moment comes that nothing but the end of the day brings about.
#[must_use]
pub fn usual_moment(parcel: &Parcel, anchor: Anchor) -> Timestamp {
    let step = match anchor {
        Anchor::Label | Anchor::Batch => return parcel.created,
        Anchor::Manifest => 0,
        Anchor::Pickup => 1,
    };
    Journey::of(parcel).usual(step).map_or(parcel.created, |scan| scan.at)
}

/// The day, in the recipient's calendar, on which a parcel that is `handed` over arrives on the usual timeline.
#[must_use]
pub fn arrival(handed: Timestamp, transit_days: u8, from: &Location, to: &Location) -> Date {
    journey::arrival(handed, transit_days, from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::places::Place;

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
            by: None,
            ..Parcel::default()
        }
    }

    fn way(country: &str, state: &str, zip: &str, city: &str) -> Location {
        Location { city: city.to_owned(), state: state.to_owned(), zip: zip.to_owned(), country: country.to_owned() }
    }

    /// Every step of the usual timeline: status, town, and what clocks show there to the hour.
    fn steps(parcel: &Parcel) -> Vec<String> {
        let mut parcel = parcel.clone();
        while let Some(Next::At(_, scan)) = next(&parcel, None, &AnchorTimes::default()) {
            parcel.step += 1;
            parcel.scans.push(scan);
        }
        assert!(parcel.scans.is_sorted_by_key(|scan| scan.at) && parcel.scans.iter().all(|scan| scan.at > parcel.created));
        let row = |scan: &Scan| {
            let place = scan.location.as_ref().expect("every scan of the usual timeline has a place");
            format!("{} {} {}", Place::of(place).local(scan.at).strftime("%d %H"), scan.status.word(), place.city)
        };
        parcel.scans.iter().map(row).collect()
    }

    fn check(created: &str, transit_days: u8, delivered_on: &str) {
        let parcel = Parcel { from: way("GB", "", "DE1 1EE", "Derby"), ..parcel(created, transit_days) };
        let parcel = Parcel { to: way("GB", "", "EC1A 1BB", "London"), ..parcel };
        let day = arrival(parcel.created, transit_days, &parcel.from, &parcel.to).to_string();
        let last = steps(&parcel).pop().expect("the usual timeline has steps");
        assert_eq!(day, delivered_on);
        assert!(last.starts_with(&day[8..]) && last.ends_with("delivered London"), "{last}");
    }

    #[test]
    fn a_parcel_arrives_on_the_working_day_that_its_service_promises() {
        check("2026-01-05T09:00:00Z", 1, "2026-01-06");
        check("2026-01-05T18:00:00Z", 1, "2026-01-07");
        check("2026-07-06T16:30:00Z", 1, "2026-07-08");
        check("2026-01-09T09:00:00Z", 1, "2026-01-12");
        check("2026-01-10T09:00:00Z", 2, "2026-01-14");
        check("2026-01-10T09:00:00Z", 0, "2026-01-12");
    }

    #[test]
    fn a_parcel_is_there_by_the_time_that_its_service_promises() {
        for (by, hours) in [("08:00:00", "07"), ("10:30:00", "09 10"), ("13:00:00", "12")] {
            for number in 0..50 {
                let parcel = Parcel { tracking_number: format!("T{number}"), by: by.parse().ok(), ..parcel("2026-01-05T09:00:00Z", 1) };
                let parcel = Parcel { from: way("GB", "", "DE1 1EE", "Derby"), to: way("GB", "", "EC1A 1BB", "London"), ..parcel };
                let last = steps(&parcel).pop().expect("the usual timeline has steps");
                assert!(hours.split(' ').any(|hour| last == format!("06 {hour} delivered London")), "{by}: {last}");
            }
        }
    }

    #[test]
    fn things_happen_at_the_hours_of_their_places() {
        let check = |parcel: &Parcel, expected: &[&str]| assert_eq!(steps(parcel), expected);
        let coast = Parcel { from: way("US", "CA", "94103", "San Francisco"), ..parcel("2026-01-05T18:00:00Z", 3) };
        let coast = Parcel { to: way("US", "NY", "10007", "New York"), ..coast };
        check(
            &coast,
            &[
                "05 17 manifested San Francisco",
                "05 18 collected San Francisco",
                "05 21 in_transit Oakland",
                "07 20 in_transit Newark",
                "08 07 out_for_delivery New York",
                "08 09 delivered New York",
            ],
        );
        let ocean = Parcel { from: way("GB", "", "DE1 1EE", "Derby"), to: coast.from.clone(), ..parcel("2026-01-05T09:00:00Z", 3) };
        check(
            &ocean,
            &[
                "05 17 manifested Derby",
                "05 18 collected Derby",
                "05 21 in_transit Hinckley",
                "06 02 in_transit Newark",
                "07 14 in_transit Newark",
                "08 05 in_transit Oakland",
                "08 07 out_for_delivery San Francisco",
                "08 09 delivered San Francisco",
            ],
        );
        let flight = Parcel { to: way("AU", "NSW", "2000", "Sydney"), transit_days: 2, ..ocean.clone() };
        check(
            &flight,
            &[
                "05 17 manifested Derby",
                "05 18 collected Derby",
                "05 21 in_transit Hinckley",
                "07 02 in_transit Bankstown",
                "07 03 in_transit Bankstown",
                "07 05 in_transit Sydney",
                "07 07 out_for_delivery Sydney",
                "07 09 delivered Sydney",
            ],
        );
        let union = Parcel { from: way("DE", "", "10115", "Berlin"), to: way("AT", "", "1010", "Wien"), ..ocean.clone() };
        check(
            &union,
            &[
                "05 17 manifested Berlin",
                "05 18 collected Berlin",
                "05 21 in_transit Leipzig",
                "07 20 in_transit Vienna",
                "08 07 out_for_delivery Wien",
                "08 09 delivered Wien",
            ],
        );
        let minutes = Parcel { to: ocean.from.clone(), transit_days: 0, ..ocean };
        check(&minutes, &["05 09 manifested Derby", "05 09 collected Derby", "05 09 out_for_delivery Derby", "05 09 delivered Derby"]);
    }

    #[test]
    fn a_step_waits_for_its_anchor() {
        let at = |offset, anchor| Step {
            when: When::At(SignedDuration::from_hours(offset), anchor),
            status: Status::InTransit,
            code: None,
            message: None,
            location: None,
        };
        let timeline =
            Timeline { steps: vec![at(1, None), at(2, Some(Anchor::Manifest)), at(3, Some(Anchor::Pickup))], repeat: false, late: false };
        let mut parcel = parcel("2026-01-05T09:00:00Z", 1);
        let mut moments = AnchorTimes::default();
        let due = |parcel: &Parcel, moments: &AnchorTimes| match next(parcel, Some(&timeline), moments) {
            Some(Next::At(due, _)) => due.to_string(),
            Some(Next::After(anchor, _)) => anchor.word().to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(due(&parcel, &moments), "2026-01-05T10:00:00Z");
        parcel.step = 1;
        assert_eq!(due(&parcel, &moments), "manifest");
        assert!(moments.note(Anchor::Manifest, "2026-01-05T12:00:00Z".parse().expect("a valid timestamp")));
        assert!(!moments.note(Anchor::Manifest, "2026-01-05T13:00:00Z".parse().expect("a valid timestamp")));
        assert_eq!(due(&parcel, &moments), "2026-01-05T14:00:00Z");
        parcel.step = 2;
        assert_eq!(due(&parcel, &moments), "pickup");
    }

    #[test]
    fn a_repeating_timeline_moves_on_by_at_least_an_hour_a_lap() {
        let step =
            Step { when: When::At(SignedDuration::ZERO, None), status: Status::Exception, code: None, message: None, location: None };
        let timeline = Timeline { steps: vec![step], repeat: true, late: false };
        let parcel = Parcel { step: 3, ..parcel("2026-01-05T09:00:00Z", 1) };
        let Some(Next::At(_, scan)) = next(&parcel, Some(&timeline), &AnchorTimes::default()) else { panic!("it repeats") };
        assert_eq!(scan.at.to_string(), "2026-01-05T12:00:00Z");
    }
}
