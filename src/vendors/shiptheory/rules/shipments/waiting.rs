//! Bookings that are not done when they are answered, and what becomes of them.
//!
//! Nothing in the API approves a shipment: people do it in the web interface. An account whose row in a scenario says `approve_after`
//! has somebody who does, so long after the booking; without it a shipment waits forever. Other bookings stop on their way where the
//! row says `holds_at`, so that they are seen in between; with `goes_on_after` they go on by themselves.

use jiff::SignedDuration;

use super::routing;
use crate::base::time;
use crate::engine::Cx;
use crate::vendors::shiptheory::failures::LABEL_PENDING;
use crate::vendors::shiptheory::wire::{SHIPMENT, Shipment, Status, Tone};
use crate::world::Task;

/// A waiting shipment is approved.
const APPROVE: &str = "shiptheory.approve";
/// A queued shipment is sent to its carrier.
const SUBMIT: &str = "shiptheory.submit";
/// A stopped booking goes on: to its carrier, or to the printer again.
const GO_ON: &str = "shiptheory.go_on";
/// How long an approved shipment stays in line.
const QUEUE: SignedDuration = SignedDuration::from_mins(1);

/// Has a shipment wait for approval.
pub(super) fn wait(cx: &mut Cx<'_>, shipment: &mut Shipment) {
    shipment.status = Status::Waiting;
    shipment.tell(cx.now, Tone::Info, "Waiting for approval");
    schedule(cx, "approve_after", APPROVE, shipment);
}

/// Where bookings of the caller stop, if they do.
pub(super) fn place(cx: &Cx<'_>) -> Option<Status> {
    let mut places = [Status::Ready, Status::NotReady, Status::Processing, Status::PrintError].into_iter();
    let pending = || cx.fails(LABEL_PENDING).map(|_| Status::Processing);
    places.find(|status| status.is(cx.credential.text("holds_at"))).or_else(pending)
}

/// Stops a booking there.
pub(super) fn stop(cx: &mut Cx<'_>, shipment: &mut Shipment, at: Status) {
    shipment.status = at;
    match at {
        Status::NotReady => shipment.tell(cx.now, Tone::Error, "This shipment is not ready for processing"),
        Status::PrintError => shipment.tell(cx.now, Tone::Error, "The label could not be printed"),
        _ => {}
    }
    schedule(cx, "goes_on_after", GO_ON, shipment);
}

fn schedule(cx: &mut Cx<'_>, delay: &str, topic: &'static str, shipment: &Shipment) {
    let pending = cx.fails(LABEL_PENDING).map(|_| QUEUE);
    if let Some(delay) = time::span(cx.credential.text(delay)).or(pending) {
        cx.schedule_in(delay, topic, &shipment.reference, 0);
    }
}

/// Moves a shipment on.
pub(in crate::vendors::shiptheory) fn due(cx: &mut Cx<'_>, task: &Task) {
    let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, &task.subject) else { return };
    match (&*task.topic, shipment.status) {
        (APPROVE, Status::Waiting) => {
            shipment.status = Status::Queued;
            shipment.tell(cx.now, Tone::Info, "Approved for shipping");
            cx.schedule_in(QUEUE, SUBMIT, &shipment.reference, 0);
        }
        (GO_ON, Status::PrintError) => shipment.status = Status::Complete,
        (SUBMIT, Status::Queued) | (GO_ON, Status::Ready | Status::NotReady | Status::Processing) => {
            let service = shipment.service.as_ref().and_then(|service| routing::chosen(i64::from(service.id)));
            super::submit(cx, &mut shipment, service.expect("a waiting shipment has a service of the catalog"));
        }
        _ => return,
    }
    shipment.modified = cx.now;
    cx.docs.put(SHIPMENT, &task.subject, &shipment);
}
