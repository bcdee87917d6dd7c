//! What makes webhooks arrive without a call: settles every sandbox as its own time passes, and sends the courier.
//!
//! It wakes when something was asked, when the next thing is due in a sandbox whose clock runs, and now and then. It never
//! moves a clock: a frozen sandbox only has happen what is due already.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::engine::Machine;
use crate::server::http::wall;
use crate::server::webhook_sender::WebhookSender;

/// How long it rests at least between two rounds, so that many calls cost one round.
const REST: Duration = Duration::from_millis(10);
/// How much longer for every sandbox.
const EACH: Duration = Duration::from_micros(100);
/// How long it sleeps at most.
const SLEEP: Duration = Duration::from_secs(1);

/// Goes its rounds until it is dropped.
pub(super) async fn run(machine: Arc<Machine>, courier: Arc<WebhookSender>, changed: Arc<Notify>) {
    loop {
        let told = changed.notified();
        tokio::pin!(told);
        // What is told while this round lasts begins the next one.
        told.as_mut().enable();
        let mut sleep = SLEEP;
        let sandboxes = machine.sandboxes();
        let rest = REST + EACH * u32::try_from(sandboxes.len()).unwrap_or(u32::MAX);
        for sandbox in sandboxes {
            let now = wall();
            let due = {
                let state = sandbox.lock();
                let next = state.world.agenda.next().and_then(|at| state.world.clock.until(at, now));
                if state.world.outbox.is_empty() { next } else { Some(Duration::ZERO) }
            };
            match due {
                Some(Duration::ZERO) => {
                    if let Some(lane) = courier.free_lane(&sandbox) {
                        let courier = Arc::clone(&courier);
                        tokio::spawn(async move { courier.attend(&sandbox, lane).await });
                    }
                }
                Some(later) => sleep = sleep.min(later),
                None => {}
            }
        }
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = told => {}
        }
        tokio::time::sleep(rest).await;
    }
}
