//! Shipments that wait until a person approves them.
//!
//! Nothing in the API does that: people do it in the web interface. An account whose row in a scenario says `approve_after`
//! has somebody who does, so long after the booking; without it a shipment waits forever.

use jiff::SignedDuration;

use crate::base::time;
use crate::engine::Cx;
use crate::vendors::shiptheory::routing;
use crate::vendors::shiptheory::rules::shipments;
use crate::vendors::shiptheory::wire::{SHIPMENT, Shipment, Status, Tone};
use crate::world::Task;

/// A waiting shipment is approved.
const APPROVE: &str = "shiptheory.approve";
/// A queued shipment is sent to its carrier.
const SUBMIT: &str = "shiptheory.submit";

/// How long an approved shipment stays in line.
const QUEUE: SignedDuration = SignedDuration::from_mins(1);

/// Has a shipment wait.
pub(super) fn wait(cx: &mut Cx<'_>, shipment: &mut Shipment) {
    shipment.tell(cx.now, Tone::Info, "Waiting for approval");
    if let Some(delay) = time::span(cx.credential.text("approve_after")) {
        cx.schedule_in(delay, APPROVE, &shipment.reference, 0);
    }
}

/// Moves a shipment on: from waiting into the line, from the line to its carrier.
pub(super) fn due(cx: &mut Cx<'_>, task: &Task) {
    let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, &task.subject) else { return };
    match (&*task.topic, shipment.status) {
        (APPROVE, Status::Waiting) => {
            shipment.status = Status::Queued;
            shipment.tell(cx.now, Tone::Info, "Approved for shipping");
            cx.schedule_in(QUEUE, SUBMIT, &shipment.reference, 0);
        }
        (SUBMIT, Status::Queued) => {
            let service = shipment.service.as_ref().and_then(|service| routing::chosen(i64::from(service.id)));
            let chosen = service.expect("a waiting shipment has a service of the catalog");
            shipments::submit(cx, &mut shipment, chosen);
        }
        _ => return,
    }
    shipment.modified = cx.now;
    cx.docs.put(SHIPMENT, &task.subject, &shipment);
}
