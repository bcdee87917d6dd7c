//! The six numbers of the carrier `shippo`, which always answer the same story, dated from the moment they are asked.

use jiff::SignedDuration;

use super::super::wire::track::{Event, Level, Track, TrackLocation};
use super::super::wire::{self, Moment};
use crate::base::time;
use crate::engine::Cx;

/// Between two steps of a story lie 26 hours and 5 minutes, and as much between the last one and now (observed 2019 to 2025).
const STRIDE: SignedDuration = SignedDuration::from_mins(26 * 60 + 5);

/// What happens to a parcel, up to the status that its number names; `SHIPPO_PRE_TRANSIT` has that status alone.
const STATUSES: [&str; 5] = ["UNKNOWN", "TRANSIT", "FAILURE", "DELIVERED", "RETURNED"];

/// The story of a number, if it has one.
pub(crate) fn tell(cx: &mut Cx<'_>, number: &str) -> Option<Track> {
    let last = number.strip_prefix("SHIPPO_")?;
    let statuses = match STATUSES.iter().position(|status| *status == last) {
        Some(index) => &STATUSES[..=index],
        None if last == "PRE_TRANSIT" => &["PRE_TRANSIT"],
        None => return None,
    };
    let last = statuses[statuses.len() - 1];
    let ago = |hours: i64| Moment(time::shift(cx.now, SignedDuration::from_hours(-hours)));
    let (eta, original_eta) = if matches!(last, "DELIVERED" | "RETURNED") { (ago(24), ago(48)) } else { (ago(-72), ago(-72)) };
    let tracking_status = event(cx, last, 1);
    let tracking_history = (1..=statuses.len()).rev().zip(statuses).map(|(strides, status)| event(cx, status, strides)).collect();
    Some(Track {
        carrier: "shippo".to_owned(),
        tracking_number: number.to_owned(),
        address_from: Some(sender()),
        address_to: Some(recipient()),
        eta: Some(eta),
        original_eta: Some(original_eta),
        servicelevel: Level { token: Some("shippo_priority".to_owned()), name: Some("Priority Mail".to_owned()) },
        metadata: "Shippo test tracking".to_owned(),
        tracking_status: Some(tracking_status),
        tracking_history,
        test: true,
        ..Track::default()
    })
}

fn event(cx: &mut Cx<'_>, status: &'static str, strides: usize) -> Event {
    let back = STRIDE.checked_mul(-i32::try_from(strides).expect("stories are short")).unwrap_or_default();
    let (location, details) = match status {
        "TRANSIT" => (sender(), "Your shipment has departed from the origin."),
        "FAILURE" => (
            TrackLocation::us("Memphis", "TN", "37501"),
            "The Postal Service has identified a problem with the processing of this item and you should contact support to get \
             further information.",
        ),
        "DELIVERED" => (recipient(), "Your shipment has been delivered."),
        "RETURNED" => (sender(), "Your shipment has been returned to its sender."),
        _ => (sender(), "The carrier has received the electronic shipment information."),
    };
    Event {
        object_created: Moment(cx.now),
        // Observed 2026: set. Until 2025 it was null, which callers of the old version still see.
        object_updated: Some(Moment(cx.now)),
        object_id: wire::new_id(cx),
        status,
        status_details: details.to_owned(),
        status_date: Moment(time::shift(cx.now, back)),
        substatus: None,
        location: Some(location),
    }
}

fn sender() -> TrackLocation {
    TrackLocation::us("San Francisco", "CA", "94103")
}

fn recipient() -> TrackLocation {
    TrackLocation::us("Chicago", "IL", "60611")
}
