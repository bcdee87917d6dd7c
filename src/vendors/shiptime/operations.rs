//! Which operation is which behavior. All of them judge for themselves: ShipTime checks in an order of its own.

use super::rules::{boxes, label, location, pickups, rates, shipments, token, track};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    rows.on_raw("box-get-all", boxes::list);

    rows.on_raw("location-get", location::look_up);

    rows.on_raw("pickup-get-all", pickups::list);
    rows.on_raw("pickup-schedule", pickups::schedule);
    rows.on_raw("pickup-cancel", pickups::cancel);
    rows.on_raw("pickup-find-available-for-shipment", pickups::available);
    rows.on_raw("pickup-remove-shipment", pickups::remove_shipment);

    rows.on_raw("rate-post", rates::quote);

    rows.on_raw("shipments-get-all", shipments::list);
    rows.on_raw("shipments-post", shipments::create);
    rows.on_raw("shipments-get", shipments::view);
    rows.on_raw("shipments-cancel", shipments::cancel);
    rows.on_raw("shipments-customs-get", label::customs);
    rows.on_raw("shipments-label-get", label::label);

    rows.on_raw("token-post", token::issue);

    rows.on_raw("track-get", track::view);
}
