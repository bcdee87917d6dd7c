//! The receiver of a conversation's webhooks: every attempt that was answered, as the delivery log has it.

use std::collections::BTreeSet;

use super::judge::ReceivedWebhook;
use crate::engine::Sandbox;
use crate::engine::webhooks::{AttemptResult, DELIVERY, Delivery};

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
        let state = sandbox.lock();
        let tables = state.world.accounts().iter().filter_map(|(_, account)| account.table(&DELIVERY));
        let rows: Vec<Delivery> = tables.flat_map(|table| table.iter()).filter_map(|(_, body)| serde_json::from_slice(body).ok()).collect();
        drop(state);
        let mut fresh = Vec::new();
        for row in rows.into_iter().filter(|row| row.url.starts_with(&self.inbox)) {
            for (number, attempt) in row.attempts.iter().enumerate() {
                if matches!(attempt.result, AttemptResult::Answered { .. }) && self.seen.insert((row.id.clone(), number)) {
                    let headers = row.headers.iter().cloned().chain(attempt.headers.clone());
                    fresh.push(ReceivedWebhook {
                        at: attempt.at,
                        event: row.event.clone(),
                        subject: row.subject.clone(),
                        headers: headers.collect(),
                        body: row.body.clone(),
                    });
                }
            }
        }
        fresh.sort_by_key(|webhook| webhook.at);
        fresh
    }
}
