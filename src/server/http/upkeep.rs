//! What goes on beside the connections for as long as the server runs.

use std::sync::Arc;
use std::time::Duration;

use super::Shell;
use crate::engine::Machine;
use crate::server::clock::wall;
use crate::server::connections::Connections;
use crate::server::outgoing::UNIT;
use crate::server::shutdown::{self, Ending};
use crate::server::verdicts::Verdicts;

/// How often abandoned sandboxes are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How long a client may take nothing of its answer while others wait for room.
const STALLED: Duration = Duration::from_millis(100);

/// Removes abandoned sandboxes, for ever.
pub(super) async fn sweep(machine: Arc<Machine>, verdicts: Arc<Verdicts>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        for sandbox in machine.sweep(wall()) {
            tracing::info!(sandbox = &*sandbox.name, "nobody used it for as long as it is kept; it is removed");
            shutdown::report(&machine, &verdicts, &sandbox, Ending::Abandoned);
        }
    }
}

/// While answers wait for room, ends the connections whose clients do not take theirs, for ever.
pub(super) async fn make_room(shell: Arc<Shell>, connections: Vec<Arc<Connections>>) {
    loop {
        shell.short_of_room.notified().await;
        while shell.answers.available_permits() < shell.in_flight / UNIT / 16 {
            connections.iter().for_each(|connections| connections.evict_stalled());
            tokio::time::sleep(STALLED).await;
        }
    }
}
