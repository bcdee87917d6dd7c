//! The receiver of a conversation's webhooks: every attempt that was answered, as the delivery log has it.

use std::collections::BTreeSet;

use super::judge::ReceivedWebhook;
use crate::engine::Sandbox;
use crate::engine::webhooks::AttemptResult;

#[derive(Debug)]
pub(super) struct Receiver {
    /// The URL that subscriptions of the conversation deliver to.
    pub inbox: String,
    /// Delivery and attempt of everything that was looked at.
    seen: BTreeSet<(String, usize)>,
}

impl Receiver {
    pub(super) fn new(inbox: String) -> Self {
        Self { inbox, seen: BTreeSet::new() }
    }

    /// What arrived since the last look, in order.
    pub(super) fn fresh(&mut self, sandbox: &Sandbox) -> Vec<ReceivedWebhook> {
        let mut fresh = Vec::new();
        for row in sandbox.deliveries().into_iter().filter(|row| row.url.starts_with(&self.inbox)) {
            for (number, attempt) in row.attempts.iter().enumerate() {
                if matches!(attempt.result, AttemptResult::Answered { .. }) && self.seen.insert((row.id.clone(), number)) {
                    let headers = row.headers.iter().cloned().chain(attempt.headers.clone());
                    let webhook = ReceivedWebhook {
                        at: attempt.at,
                        event: row.event.clone(),
                        subject: row.subject.clone(),
                        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
                        body: row.body.clone(),
                        signed: None,
                    };
                    fresh.push((attempt.number, webhook));
                }
            }
        }
        fresh.sort_by_key(|(number, webhook)| (webhook.at, *number));
        fresh.into_iter().map(|(_, webhook)| webhook).collect()
    }
}
