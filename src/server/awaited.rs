//! Deliveries that are due, or under way, are waited for where somebody is told what became of them: before a verdict on webhooks, and
//! before the calls of a sandbox become a conversation. Not for long, as a receiver may hang, and not for what is due later.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Machine, Sandbox};
use crate::scenario::Scenario;
use crate::scenario::run;
use crate::scenario::verify;
use crate::server::webhook_sender::WebhookSender;

/// How long it is waited for them, as for answers that are under way.
pub(super) const LONGEST: Duration = Duration::from_secs(2);
/// The same where the process ends: the verdict has to be made, too, before the one that ended it loses patience.
pub(super) const AT_END: Duration = Duration::from_secs(1);
/// The pause between two looks, so that a burst of calls and deliveries causes one.
const DEBOUNCE: Duration = Duration::from_millis(5);

/// Waits, for so long, for all deliveries on which the verdicts on sandboxes depend: those on `scenario`, else on their own.
pub(super) async fn before_verdict(
    machine: &Machine,
    sender: &WebhookSender,
    sandboxes: &[Arc<Sandbox>],
    scenario: Option<&Scenario>,
    longest: Duration,
) {
    let told = async {
        for sandbox in sandboxes {
            let current = run::scenario_of(&*sandbox.lock().scenario);
            let scenario = scenario.unwrap_or(&current);
            if verify::is_about_webhooks(scenario) {
                until(sender, sandbox, || !verify::awaits_deliveries(machine, sandbox, scenario)).await;
            }
        }
    };
    let _ = tokio::time::timeout(longest, told).await;
}

/// Waits for all deliveries of a sandbox.
pub(super) async fn before_export(sender: &WebhookSender, sandbox: &Arc<Sandbox>) {
    let _ = tokio::time::timeout(LONGEST, until(sender, sandbox, || sandbox.lock().world.outbox().is_empty())).await;
}

/// Has everything happen in a sandbox that is due, and waits for what is under way then.
async fn until(sender: &WebhookSender, sandbox: &Arc<Sandbox>, is_done: impl Fn() -> bool) {
    // Where the database is away, nothing more is heard of.
    if sender.settle_shared(sandbox).await.is_err() {
        return;
    }
    sender.wake();
    loop {
        let changed = sandbox.listen();
        if sandbox.is_removed() || is_done() {
            return;
        }
        changed.await;
        tokio::time::sleep(DEBOUNCE).await;
    }
}
