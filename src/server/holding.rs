//! Answers that a scenario holds back for a while. Nobody waits longer than the sandbox goes on as it is, or
//! the process; whose client disconnects is dropped by the connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::engine::Machine;
use crate::server::call_log::{CallLog, Line};
use crate::server::metrics::Metrics;
use crate::server::webhook_sender::ended;
use crate::world::Entry;

/// Holds answers back, until the process leaves.
#[derive(Clone, Default)]
pub(super) struct Holding(watch::Sender<bool>);

/// The line of a call, which is written when it is dropped. If that is before the answer goes out, the client has left.
pub(super) struct CallLine<'s> {
    pub log: &'s CallLog,
    pub entry: &'s Arc<Entry>,
    pub began: Instant,
    pub is_answered: bool,
    pub metrics: &'s Metrics,
    /// Notified when the client has left, as are those who wait at the sandbox.
    pub changed: &'s Notify,
    pub machine: &'s Machine,
}

impl Holding {
    /// Waits for a time, but no longer than until the sandbox is reset, replaced or removed, or the process leaves.
    pub async fn hold(&self, machine: &Machine, sandbox: &str, time: Duration) {
        let mut leaving = self.0.subscribe();
        let changed = async {
            if let Some(sandbox) = machine.sandbox(sandbox) {
                ended(&sandbox, sandbox.epoch()).await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = changed => {}
            _ = leaving.wait_for(|leaving| *leaving) => {}
        }
    }

    /// Ends all waiting, for good.
    pub fn release(&self) {
        self.0.send_replace(true);
    }
}

impl Drop for CallLine<'_> {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        self.entry.took.set(took);
        if !self.is_answered {
            self.entry.wire.abandon();
            self.machine.answered(self.entry);
            self.changed.notify_waiters();
        }
        self.metrics.call(self.entry, took);
        self.log.add(|| Line::Call(Arc::clone(self.entry)));
    }
}
