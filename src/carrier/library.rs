//! Timelines that parcels commonly have, by name: what goes wrong on the way, and what does not.
//!
//! A named timeline is not a list of offsets but a story told in the working days of the service: `Due(1)` is a day after the
//! promised one, whatever was promised. So one name fits an overnight letter and a week at sea.

use crate::carrier::journey::{Day, Journey, Spot};
use crate::carrier::parcel::{Parcel, Status};
use crate::carrier::timeline::{Step, Timeline, When};

/// Day, hour and minute, what the parcel becomes, what is said of it (empty: the usual), where.
type Row = (Day, (i8, i8), Status, &'static str, Spot);

use Day::{Due, Eve, Sent};
use Spot::{Border, From, Inbound, Outbound, To};
use Status::{
    AvailableForPickup, Cancelled, Collected, Delivered, DeliveryFailed, Exception, InTransit, Lost, Manifested, OutForDelivery, Returned,
};

const MANIFESTED: Row = (Sent(0), (17, 20), Manifested, "", From);
const COLLECTED: Row = (Sent(0), (18, 20), Collected, "", From);
const DEPARTED: Row = (Sent(0), (21, 10), InTransit, "", Outbound);
const SORTED: Row = (Eve, (4, 5), InTransit, "", Inbound);
const LOADED: Row = (Due(0), (7, 15), OutForDelivery, "", To);

const OUT_OF_ORDER: &str = "out-of-order-scans";

/// Every name, what it means, and its story.
const STORIES: [(&str, &str, &[Row]); 16] = [
    ("on-time", "Everything goes as promised.", &[MANIFESTED, COLLECTED, DEPARTED, SORTED, LOADED, (Due(0), (11, 40), Delivered, "", To)]),
    (
        "fast",
        "The parcel is there on the next working day, whatever was promised.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            (Sent(1), (3, 30), InTransit, "", Inbound),
            (Sent(1), (6, 40), OutForDelivery, "", To),
            (Sent(1), (8, 50), Delivered, "", To),
        ],
    ),
    (
        "late",
        "The parcel is delayed on the way and comes three working days after its day.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            (Due(0), (18, 0), Exception, "Delayed in transit", Inbound),
            (Due(2), (5, 10), InTransit, "", To),
            (Due(3), (7, 15), OutForDelivery, "", To),
            (Due(3), (14, 30), Delivered, "", To),
        ],
    ),
    (
        "failed-then-delivered",
        "Nobody is at home the first time; the second attempt succeeds.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            LOADED,
            (Due(0), (12, 20), DeliveryFailed, "Nobody at home", To),
            (Due(1), (7, 15), OutForDelivery, "", To),
            (Due(1), (11, 5), Delivered, "", To),
        ],
    ),
    (
        "three-failed-then-returned",
        "Three attempts fail, and the parcel goes home.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            LOADED,
            (Due(0), (12, 20), DeliveryFailed, "Nobody at home", To),
            (Due(1), (7, 15), OutForDelivery, "", To),
            (Due(1), (13, 45), DeliveryFailed, "Nobody at home", To),
            (Due(2), (7, 15), OutForDelivery, "", To),
            (Due(2), (10, 35), DeliveryFailed, "Nobody at home", To),
            (Due(2), (18, 0), Exception, "Going back to the sender", To),
            (Due(5), (10, 30), Returned, "", From),
        ],
    ),
    (
        "held-in-customs",
        "Customs wants to see papers and lets the parcel go after three working days.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            (Eve, (4, 5), Exception, "Held by customs: papers are missing", Border),
            (Due(3), (15, 20), InTransit, "Released by customs", Border),
            (Due(4), (7, 15), OutForDelivery, "", To),
            (Due(4), (13, 10), Delivered, "", To),
        ],
    ),
    (
        "damaged",
        "The parcel is damaged and goes home.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            (Due(0), (6, 10), Exception, "Damaged in handling", To),
            (Due(1), (12, 0), Exception, "Damaged beyond delivery, going back to the sender", To),
            (Due(4), (10, 30), Returned, "", From),
        ],
    ),
    (
        "lost",
        "The parcel is last seen at a hub; it is traced and given up.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            (Due(3), (12, 0), Exception, "Not seen for days, being traced", Inbound),
            (Due(10), (12, 0), Lost, "", Inbound),
        ],
    ),
    (
        "returned-to-sender",
        "The recipient refuses the parcel, and it goes home.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            LOADED,
            (Due(0), (13, 10), DeliveryFailed, "Refused by the recipient", To),
            (Due(1), (9, 0), InTransit, "Going back to the sender", To),
            (Due(4), (10, 30), Returned, "", From),
        ],
    ),
    (
        "address-corrected",
        "The address is not complete; once it is, the parcel is delivered.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            LOADED,
            (Due(0), (10, 25), Exception, "The address is not complete", To),
            (Due(1), (9, 0), InTransit, "The address was corrected", To),
            (Due(2), (7, 15), OutForDelivery, "", To),
            (Due(2), (11, 5), Delivered, "", To),
        ],
    ),
    (
        "held-at-location",
        "Nobody is at home, and the recipient fetches the parcel two working days later.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            LOADED,
            (Due(0), (12, 20), DeliveryFailed, "Nobody at home", To),
            (Due(0), (16, 0), AvailableForPickup, "", To),
            (Due(2), (15, 40), Delivered, "Fetched by the recipient", To),
        ],
    ),
    (
        "wrong-route",
        "The parcel is sent the wrong way and comes a working day late.",
        &[
            MANIFESTED,
            COLLECTED,
            DEPARTED,
            SORTED,
            (Due(0), (6, 0), Exception, "Sent along the wrong route", Inbound),
            (Due(1), (4, 20), InTransit, "", To),
            (Due(1), (7, 15), OutForDelivery, "", To),
            (Due(1), (12, 50), Delivered, "", To),
        ],
    ),
    ("cancelled-before-scan", "The label is cancelled before the carrier sees the parcel.", &[(Sent(0), (16, 30), Cancelled, "", From)]),
    ("never-scanned", "The carrier never sees the parcel.", &[]),
    (
        OUT_OF_ORDER,
        "Scans are told in the wrong order: some of them late, with the time at which they happened.",
        &[DEPARTED, COLLECTED, MANIFESTED, LOADED, SORTED, (Due(0), (11, 40), Delivered, "", To)],
    ),
    (
        "duplicate-scans",
        "Every scan but the last is told twice.",
        &[
            MANIFESTED,
            (Sent(0), (17, 22), Manifested, "", From),
            COLLECTED,
            (Sent(0), (18, 22), Collected, "", From),
            DEPARTED,
            (Sent(0), (21, 12), InTransit, "", Outbound),
            SORTED,
            (Eve, (4, 7), InTransit, "", Inbound),
            LOADED,
            (Due(0), (7, 17), OutForDelivery, "", To),
            (Due(0), (11, 40), Delivered, "", To),
        ],
    ),
];

/// Every name with what it means.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    STORIES.into_iter().map(|(name, about, _)| (name, about))
}

/// The life of that name, as this parcel will have it.
#[must_use]
pub fn named(name: &str, parcel: &Parcel) -> Option<Timeline> {
    let (_, _, rows) = STORIES.into_iter().find(|(own, ..)| *own == name)?;
    let journey = Journey::of(parcel);
    let steps = rows.iter().map(|row| step(row, &journey, parcel)).collect();
    Some(Timeline { steps, repeat: false, late: name == OUT_OF_ORDER })
}

fn step((day, (hour, minute), status, message, spot): &Row, journey: &Journey<'_>, parcel: &Parcel) -> Step {
    // Minutes differ from parcel to parcel by less than the shortest distance between two hours of a story.
    let at = journey.at(*day, (*hour, minute + journey.jitter(9, 0)), *spot);
    Step {
        when: When::At(at.duration_since(parcel.created), None),
        status: *status,
        code: None,
        message: (!message.is_empty()).then(|| (*message).to_owned()),
        location: Some(journey.location(*spot)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::parcel::Location;
    use crate::carrier::places::Place;
    use crate::carrier::timeline::{self, AnchorTimes, Next};

    fn parcel(transit_days: u8, number: u32) -> Parcel {
        Parcel {
            tracking_number: format!("T{number}"),
            carrier: "c".into(),
            service: "s".into(),
            subject: "x".into(),
            from: Location { country: "US".into(), ..Location::default() },
            to: Location { country: "US".into(), ..Location::default() },
            created: "2026-01-09T10:00:00Z".parse().expect("a test writes valid timestamps"),
            transit_days,
            by: None,
            ..Parcel::default()
        }
    }

    #[test]
    fn every_story_goes_forward_and_ends_only_once() {
        for (name, _) in names() {
            for transit_days in 0..9 {
                let mut parcel = parcel(transit_days, u32::from(transit_days));
                let story = named(name, &parcel).expect("it has a name");
                while let Some(Next::At(_, scan)) = timeline::next(&parcel, Some(&story), &AnchorTimes::default()) {
                    assert!(scan.at > parcel.created, "{name} {transit_days}: {scan:?}");
                    parcel.step += 1;
                    parcel.scans.push(scan);
                }
                assert_eq!(parcel.scans.is_sorted_by_key(|scan| scan.at), name != OUT_OF_ORDER, "{name} {transit_days}");
                assert!(parcel.scans.len() == story.steps.len(), "{name} {transit_days}");
                let ends = story.steps.iter().filter(|step| step.status.is_final()).count();
                let last = story.steps.last().is_none_or(|step| step.status.is_final());
                assert_eq!((ends, last), (usize::from(name != "never-scanned"), true), "{name}");
            }
        }
    }

    #[test]
    fn days_are_working_days() {
        let story = named("late", &parcel(1, 1)).expect("it has a name");
        // Sent on a Friday, due on Monday, three working days late.
        let Some(When::At(at, None)) = story.steps.last().map(|step| step.when.clone()) else { panic!("stories are told in time") };
        let delivered = Place::of(&parcel(1, 1).to).local(parcel(1, 1).created + at);
        assert_eq!(delivered.strftime("%F %H").to_string(), "2026-01-15 14");
    }
}
