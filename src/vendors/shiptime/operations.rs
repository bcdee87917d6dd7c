//! Which operation is which behavior.

use super::catalog::CATALOG;
use super::rules::{label, location, pickups, rates, shipments, token, track};
use crate::engine::{Cx, Operations, Reply};

pub(super) fn rows(rows: &mut Operations) {
    // A form, which may come as a Basic pair instead.
    rows.on_raw("token-post", token::issue);

    rows.on_late("rate-post", rates::quote);

    rows.on_late("shipments-post", shipments::create);
    rows.on("shipments-get-all", shipments::list);
    rows.on("shipments-get", shipments::view);
    rows.on("shipments-cancel", shipments::cancel);
    rows.on("shipments-label-get", label::label);
    rows.on("shipments-customs-get", label::customs);

    rows.on("track-get", track::view);

    rows.on("pickup-get-all", pickups::list);
    rows.on_late("pickup-schedule", pickups::schedule);
    rows.on("pickup-cancel", pickups::cancel);
    rows.on("pickup-find-available-for-shipment", pickups::available);
    rows.on("pickup-remove-shipment", pickups::remove_shipment);

    rows.on("box-get-all", |_: &mut Cx<'_>| Ok(Reply::ok(CATALOG.boxes.clone())));

    rows.on("location-get", location::look_up);
}
