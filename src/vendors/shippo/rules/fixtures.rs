//! The six numbers of the carrier `shippo`, which always answer the same story. Its first step stays where it is for days; later ones
//! may lie ahead.

use jiff::SignedDuration;

use super::super::wire::track::{Event, Level, Track, TrackLocation};
use super::super::wire::{self, Moment};
use crate::base::entropy;
use crate::base::time::{self, Timestamp};
use crate::engine::Cx;

/// What happens to a parcel, up to the status that its number names, and how many hours after the first step (observed 2023 and 2026);
/// `SHIPPO_PRE_TRANSIT` has that status alone.
const STEPS: [(&str, i64); 5] = [("UNKNOWN", 0), ("TRANSIT", 28), ("FAILURE", 64), ("DELIVERED", 52), ("RETURNED", 72)];

/// The story of a number, if it has one.
pub(crate) fn tell(cx: &mut Cx<'_>, number: &str) -> Option<Track> {
    let last = number.strip_prefix("SHIPPO_")?;
    let steps = match STEPS.iter().position(|(status, _)| *status == last) {
        Some(index) => &STEPS[..=index],
        None if last == "PRE_TRANSIT" => &[("PRE_TRANSIT", 0)],
        None => return None,
    };
    let first = first(cx, number);
    let eta = Some(Moment(time::shift(cx.now, SignedDuration::from_hours(72))));
    let tracking_status = event(cx, first, steps[steps.len() - 1]);
    let tracking_history = steps.iter().map(|step| event(cx, first, *step)).collect();
    Some(Track {
        carrier: "shippo".to_owned(),
        tracking_number: number.to_owned(),
        address_from: Some(sender()),
        address_to: Some(recipient()),
        eta,
        original_eta: eta,
        servicelevel: Level { token: Some("shippo_priority".to_owned()), name: Some("Priority Mail".to_owned()) },
        metadata: "Shippo test tracking".to_owned(),
        tracking_status: Some(tracking_status),
        tracking_history,
        test: true,
        ..Track::default()
    })
}

/// The time of the first step of a story: one of its own, that stays for three days.
fn first(cx: &Cx<'_>, number: &str) -> Timestamp {
    let span = 72 * 3_600;
    let own = i64::try_from(entropy::fingerprint(number.as_bytes()) % 259_200).expect("three days fit");
    let now = cx.now.as_second();
    Timestamp::from_second(now - (now - own).rem_euclid(span)).unwrap_or(cx.now)
}

fn event(cx: &mut Cx<'_>, first: Timestamp, (status, hours): (&'static str, i64)) -> Event {
    let (location, details) = match status {
        "TRANSIT" => (Some(sender()), "Your shipment has departed from the origin."),
        "FAILURE" => (
            Some(TrackLocation::us("Memphis", "TN", "37501")),
            "The Postal Service has identified a problem with the processing of this item and you should contact support to get \
             further information.",
        ),
        "DELIVERED" => (Some(recipient()), "Your shipment has been delivered."),
        "RETURNED" => (Some(sender()), "Your shipment has been returned to the original sender."),
        _ => (None, "The carrier has received the electronic shipment information."),
    };
    Event {
        object_created: Moment(cx.now),
        // Observed 2026: set. Until 2025 it was null, which callers of the old version still see.
        object_updated: Some(Moment(cx.now)),
        object_id: wire::new_id(cx),
        status,
        status_details: details.to_owned(),
        status_date: Moment(time::shift(first, SignedDuration::from_hours(hours))),
        substatus: None,
        location,
    }
}

fn sender() -> TrackLocation {
    TrackLocation::us("San Francisco", "CA", "94103")
}

fn recipient() -> TrackLocation {
    TrackLocation::us("Chicago", "IL", "60611")
}
