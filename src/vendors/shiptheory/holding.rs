//! Bookings that come to a stop on their way, where an account's row in a scenario says `holds_at`.
//!
//! Otherwise a booking is done when it is answered, and nobody ever sees it in between. With `goes_on_after` it goes on by
//! itself; without it somebody would have to do that in the web interface, and it stays.

use crate::base::time;
use crate::engine::Cx;
use crate::vendors::shiptheory::routing;
use crate::vendors::shiptheory::rules::shipments;
use crate::vendors::shiptheory::wire::{SHIPMENT, Shipment, Status, Tone};
use crate::world::Task;

/// A stopped booking goes on.
const GO_ON: &str = "shiptheory.go_on";

/// Where bookings of the caller stop, if they do.
pub(super) fn place(cx: &Cx<'_>) -> Option<Status> {
    [Status::Ready, Status::NotReady, Status::Processing, Status::PrintError]
        .into_iter()
        .find(|status| status.is(cx.credential.text("holds_at")))
}

/// Stops a booking there.
pub(super) fn stop(cx: &mut Cx<'_>, shipment: &mut Shipment, at: Status) {
    shipment.status = at;
    match at {
        Status::NotReady => shipment.tell(cx.now, Tone::Error, "This shipment is not ready for processing"),
        Status::PrintError => shipment.tell(cx.now, Tone::Error, "The label could not be printed"),
        _ => {}
    }
    if let Some(delay) = time::span(cx.credential.text("goes_on_after")) {
        cx.schedule_in(delay, GO_ON, &shipment.reference, 0);
    }
}

/// Moves a stopped booking on: to its carrier, or to the printer again.
pub(super) fn due(cx: &mut Cx<'_>, task: &Task) {
    let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, &task.subject).filter(|_| task.topic == GO_ON) else { return };
    match shipment.status {
        Status::PrintError => shipment.status = Status::Complete,
        Status::Ready | Status::NotReady | Status::Processing => {
            let service = shipment.service.as_ref().and_then(|service| routing::chosen(i64::from(service.id)));
            let chosen = service.expect("a stopped booking has a service of the catalog");
            shipments::submit(cx, &mut shipment, chosen);
        }
        _ => return,
    }
    shipment.modified = cx.now;
    cx.docs.put(SHIPMENT, &task.subject, &shipment);
}
