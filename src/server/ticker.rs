//! Has due webhooks sent without a call: it scans all sandboxes and starts deliveries where something is due.
//!
//! A scan begins after a call, when the next task is due in a sandbox whose clock runs, and at least once a second. It never
//! moves a clock: in a frozen sandbox only what is due already happens.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::engine::Machine;
use crate::server::clock::wall;
use crate::server::webhook_sender::WebhookSender;

/// Pause after each scan, so that a burst of calls triggers one scan.
const DEBOUNCE: Duration = Duration::from_millis(10);
/// Added to the pause for each sandbox.
const DEBOUNCE_PER_SANDBOX: Duration = Duration::from_micros(100);
/// The longest time between two scans.
const SLEEP: Duration = Duration::from_secs(1);

pub(super) async fn run(machine: Arc<Machine>, sender: Arc<WebhookSender>, changed: Arc<Notify>) {
    loop {
        let notified = changed.notified();
        tokio::pin!(notified);
        // A change during this scan begins the next one.
        notified.as_mut().enable();
        let mut sleep = SLEEP;
        let sandboxes = machine.sandboxes();
        let debounce = DEBOUNCE + DEBOUNCE_PER_SANDBOX * u32::try_from(sandboxes.len()).unwrap_or(u32::MAX);
        for sandbox in sandboxes {
            match machine.time_until_work(&sandbox, wall()) {
                Some(Duration::ZERO) => {
                    if let Some(held) = sender.try_delivery_lock(&sandbox) {
                        let sender = Arc::clone(&sender);
                        tokio::spawn(async move { sender.deliver_due(&sandbox, held).await });
                    }
                }
                Some(later) => sleep = sleep.min(later),
                None => {}
            }
        }
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = notified => {}
        }
        tokio::time::sleep(debounce).await;
    }
}
