//! When and where things happen to a parcel: the working days between its sending and its delivery, at hours of the places where
//! they happen, through the hubs on its way.

use jiff::civil::Date;
use jiff::{SignedDuration, Unit};

use crate::base::entropy;
use crate::base::time::{self, Timestamp};
use crate::carrier::parcel::{Location, Parcel, Scan, Status};
use crate::carrier::places::Place;
use crate::carrier::{calendar, hubs, transit};

/// A working day of a journey.
#[derive(Clone, Copy)]
pub(super) enum Day {
    /// So many after the day on which it is sent.
    Sent(u8),
    /// The one before it is due; the day itself when it is sent one day earlier.
    Eve,
    /// So many after the day on which it is due.
    Due(u8),
}

#[derive(Clone, Copy)]
pub(super) enum Spot {
    From,
    /// The hub next to the sender.
    Outbound,
    /// Where it enters the country of its recipient.
    Border,
    /// The hub next to the recipient.
    Inbound,
    To,
}

/// A parcel on its way.
pub(super) struct Journey<'p> {
    parcel: &'p Parcel,
    from: &'static Place,
    to: &'static Place,
    sent: Date,
    /// What differs from parcel to parcel, and never from run to run.
    luck: u64,
}

/// The parts of the usual journey.
#[derive(Clone, Copy)]
enum Leg {
    Manifest,
    Collect,
    Depart,
    Enter,
    Clear,
    Arrive,
    Load,
    Deliver,
}

const HOME: [Leg; 6] = [Leg::Manifest, Leg::Collect, Leg::Depart, Leg::Arrive, Leg::Load, Leg::Deliver];
const ABROAD: [Leg; 8] = [Leg::Manifest, Leg::Collect, Leg::Depart, Leg::Enter, Leg::Clear, Leg::Arrive, Leg::Load, Leg::Deliver];
const AT_ONCE: [Leg; 4] = [Leg::Manifest, Leg::Collect, Leg::Load, Leg::Deliver];

/// The hour at which carriers come for what was handed over until then.
const CUTOFF: i8 = 17;

/// The working day on which a parcel that is `handed` over is sent from a place.
fn sending(handed: Timestamp, from: &Place) -> Date {
    let local = from.local(handed);
    let date = if local.hour() < CUTOFF { local.date() } else { calendar::tomorrow(local.date()) };
    calendar::working_day(from.country(), date)
}

/// The day, in the recipient's calendar, on which a parcel arrives.
pub(super) fn arrival(handed: Timestamp, transit_days: u8, from: &Location, to: &Location) -> Date {
    calendar::after(Place::of(to).country(), sending(handed, Place::of(from)), transit_days)
}

impl<'p> Journey<'p> {
    pub(super) fn of(parcel: &'p Parcel) -> Self {
        let (from, to) = (Place::of(&parcel.from), Place::of(&parcel.to));
        let luck = entropy::fingerprint(parcel.tracking_number.as_bytes());
        Self { parcel, from, to, sent: sending(parcel.handed(), from), luck }
    }

    /// A number below `spread` of the parcel's own.
    pub(super) fn jitter(&self, spread: u64, shift: u32) -> i8 {
        i8::try_from((self.luck >> shift) % spread).expect("spreads are below 60")
    }

    /// The instant at which clocks of a place show that.
    pub(super) fn at(&self, day: Day, (hour, minute): (i8, i8), spot: Spot) -> Timestamp {
        let days = self.parcel.transit_days;
        let days = match day {
            Day::Sent(more) => more,
            Day::Eve => days.saturating_sub(1).max(1),
            Day::Due(more) => days.saturating_add(more),
        };
        let time = calendar::after(self.to.country(), self.sent, days).at(hour, minute, 0, 0);
        match spot {
            Spot::From => self.from.instant(time),
            Spot::To => self.to.instant(time),
            _ => Place::of(&self.location(spot)).instant(time),
        }
    }

    /// The town of a place. Where there is only one hub on the way, the parcel goes on from there to the recipient's town.
    pub(super) fn location(&self, spot: Spot) -> Location {
        let Parcel { from, to, .. } = self.parcel;
        let found = match spot {
            Spot::From => return from.clone(),
            Spot::To => return to.clone(),
            Spot::Outbound => return hubs::nearest(self.from, self.from).unwrap_or_else(|| from.clone()),
            // Express goes straight to the recipient's hub.
            Spot::Border => hubs::nearest(self.to, if self.parcel.transit_days < 3 { self.to } else { self.from }),
            Spot::Inbound => {
                let before = if self.has_customs() { Spot::Border } else { Spot::Outbound };
                hubs::nearest(self.to, self.to).filter(|hub| *hub != self.location(before))
            }
        };
        found.unwrap_or_else(|| to.clone())
    }

    pub(super) fn has_customs(&self) -> bool {
        transit::has_customs(self.from, self.to)
    }

    /// A step of the usual journey: collected in the afternoon, sorted overnight, through customs where there is one, delivered on
    /// the day of the service.
    pub(super) fn usual(&self, step: u32) -> Option<Scan> {
        let days = self.parcel.transit_days;
        let legs: &[Leg] = match days {
            0 => &AT_ONCE,
            _ if self.has_customs() => &ABROAD,
            _ => &HOME,
        };
        let leg = *legs.get(usize::try_from(step).ok()?)?;
        let (status, spot) = match leg {
            Leg::Manifest => (Status::Manifested, Spot::From),
            Leg::Collect => (Status::Collected, Spot::From),
            Leg::Depart => (Status::InTransit, Spot::Outbound),
            Leg::Enter | Leg::Clear => (Status::InTransit, Spot::Border),
            Leg::Arrive => (Status::InTransit, Spot::Inbound),
            Leg::Load if days == 0 => (Status::OutForDelivery, Spot::From),
            Leg::Load => (Status::OutForDelivery, Spot::To),
            Leg::Deliver => (Status::Delivered, Spot::To),
        };
        let at = if days == 0 { self.at_once(leg) } else { self.instant(leg, days, spot) };
        let message = matches!(leg, Leg::Clear).then(|| "Released by customs".to_owned());
        Some(Scan { at, status, code: None, message, location: Some(self.location(spot)) })
    }

    fn instant(&self, leg: Leg, days: u8, spot: Spot) -> Timestamp {
        let (day, hour, minute) = match leg {
            Leg::Manifest => (Day::Sent(0), 17, self.jitter(30, 0)),
            Leg::Collect => (Day::Sent(0), 18, self.jitter(50, 8)),
            Leg::Depart => (Day::Sent(0), 21, self.jitter(50, 16)),
            Leg::Enter if days < 4 => return self.landing(),
            Leg::Enter => (Day::Sent(days / 2), 6, self.jitter(50, 20)),
            Leg::Clear if days < 3 => (Day::Due(0), 3, self.jitter(30, 28)),
            Leg::Clear => (Day::Sent(days / 2 + 1), 14, self.jitter(50, 28)),
            Leg::Arrive if self.has_customs() => (Day::Due(0), 5, self.jitter(50, 24)),
            Leg::Arrive if days == 1 => (Day::Due(0), 4, self.jitter(50, 24)),
            Leg::Arrive => (Day::Eve, 20, self.jitter(50, 24)),
            Leg::Load => (Day::Due(0), if self.parcel.by.is_some() { 6 } else { 7 }, self.jitter(50, 32)),
            Leg::Deliver => match self.parcel.by {
                Some(by) => {
                    let at = by.saturating_sub(SignedDuration::from_mins(4 + i64::from(self.jitter(50, 48))));
                    (Day::Due(0), at.hour(), at.minute())
                }
                None => (Day::Due(0), 9 + self.jitter(7, 40), self.jitter(59, 48)),
            },
        };
        self.at(day, (hour, minute), spot)
    }

    /// When a parcel that flies at once lands, in time to be delivered on its day.
    fn landing(&self) -> Timestamp {
        let departed = self.instant(Leg::Depart, self.parcel.transit_days, Spot::Outbound);
        let there = self.location(Spot::Border);
        let kilometers = self.from.kilometers_to(Place::of(&there)).unwrap_or_default();
        // Two hours on the ground, eight hundred kilometers an hour in the air.
        let landed = time::shift(departed, SignedDuration::from_hours(2) + SignedDuration::from_secs_f64(kilometers * 4.5));
        landed.round(Unit::Minute).unwrap_or(landed).min(self.at(Day::Due(0), (2, 0), Spot::Border))
    }

    /// A service of minutes: a driver comes at once, or when the sender opens on the next working day.
    fn at_once(&self, leg: Leg) -> Timestamp {
        let handed = self.parcel.handed();
        let local = self.from.local(handed);
        let is_open = local.date() == self.sent && local.hour() >= 8;
        let begins = if is_open { handed } else { self.at(Day::Sent(0), (8, 0), Spot::From) };
        let minutes = match leg {
            Leg::Manifest => 1,
            Leg::Collect => 4,
            Leg::Deliver => 11 + i64::from(self.jitter(4, 0)),
            _ => 5,
        };
        time::shift(begins, SignedDuration::from_mins(minutes))
    }
}
