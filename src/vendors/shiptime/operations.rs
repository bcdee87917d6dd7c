//! Which operation is which behaviour. All of them judge for themselves: ShipTime checks in an order of its own.

use super::rules::{boxes, label, location, pickups, rates, shipments, token, track};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    rows.judge("box-get-all", boxes::list);

    rows.judge("location-get", location::look_up);

    rows.judge("pickup-get-all", pickups::list);
    rows.judge("pickup-schedule", pickups::schedule);
    rows.judge("pickup-cancel", pickups::cancel);
    rows.judge("pickup-find-available-for-shipment", pickups::available);
    rows.judge("pickup-remove-shipment", pickups::remove_shipment);

    rows.judge("rate-post", rates::quote);

    rows.judge("shipments-get-all", shipments::list);
    rows.judge("shipments-post", shipments::create);
    rows.judge("shipments-get", shipments::view);
    rows.judge("shipments-cancel", shipments::cancel);
    rows.judge("shipments-customs-get", label::customs);
    rows.judge("shipments-label-get", label::label);

    rows.judge("token-post", token::issue);

    rows.judge("track-get", track::view);
}
