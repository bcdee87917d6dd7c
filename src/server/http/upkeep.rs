//! What goes on beside the connections for as long as the server runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::Shell;
use crate::engine::{Machine, Sandbox};
use crate::fleet::{Fleet, Reach, Section};
use crate::server::clock::wall;
use crate::server::connections::Connections;
use crate::server::inbox::Inboxes;
use crate::server::shutdown;
use crate::server::told::Told;
use crate::server::unmatched::UnmatchedJournal;
use crate::server::verdicts::Ending;
use crate::server::verdicts::{Verdicts, unsaid};

/// How often abandoned sandboxes are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How long a replica that leaves waits for webhooks that are on their way, and for the database that is to know.
const LAST_WEBHOOKS: Duration = Duration::from_millis(300);
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long a client may take nothing of its answer while others wait for room.
const STALLED: Duration = Duration::from_millis(100);

/// Removes abandoned sandboxes, for ever.
pub(super) async fn sweep(machine: Arc<Machine>, verdicts: Arc<Verdicts>, inboxes: Arc<Inboxes>, fleet: Option<Arc<Fleet>>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        let removed = match &fleet {
            None => machine.sweep(wall()),
            Some(fleet) => {
                verdicts.decide(fleet).await;
                sweep_shared(&machine, &verdicts, fleet).await
            }
        };
        for sandbox in removed {
            tracing::info!(sandbox = &*sandbox.name, "nobody used it for as long as it is kept; it is removed");
            let ((), said) = unsaid(async { drop(shutdown::report(&machine, &verdicts, &sandbox, Ending::Abandoned)) }).await;
            match &fleet {
                Some(fleet) => said.say(&verdicts, fleet).await,
                None => said.say_here(&verdicts),
            }
            inboxes.forget(&sandbox.name);
            // A verdict may take a while, and others wait for this worker.
            tokio::task::yield_now().await;
        }
    }
}

/// Removes the sandboxes that no replica was asked for.
async fn sweep_shared(machine: &Machine, verdicts: &Verdicts, fleet: &Arc<Fleet>) -> Vec<Arc<Sandbox>> {
    let is_over = |sandbox: &Sandbox| sandbox.expires().is_some_and(|expires| expires < wall());
    fleet.tell_of_use().await;
    let mut removed = Vec::new();
    for sandbox in machine.sandboxes().into_iter().filter(|sandbox| is_over(sandbox)) {
        let remove = |section: &Section| section.holds(&sandbox) && is_over(&sandbox) && machine.remove(&sandbox.name);
        match fleet.try_run(&Reach::list(Some(&sandbox.name)), remove).await {
            Ok(true) => removed.push(sandbox),
            Err((_, Some((receipt, true)))) => {
                let (_, said) = unsaid(async { shutdown::report(machine, verdicts, &sandbox, Ending::Abandoned) }).await;
                verdicts.keep_for(Some(receipt), said);
            }
            _ => {}
        }
    }
    removed
}

/// Leaves what this replica has begun to the others.
pub(super) async fn leave(fleet: Option<&Fleet>) {
    if let Some(fleet) = fleet {
        let left = async { tokio::join!(fleet.leave_lanes(LAST_WEBHOOKS), fleet.ends_are_told()) };
        let _ = tokio::time::timeout(LAST_WORDS, left).await;
    }
}

/// Goes on with what other replicas do, for ever.
pub(super) async fn follow(fleet: Option<Arc<Fleet>>, changed: Arc<Notify>) {
    if let Some(fleet) = fleet {
        fleet.follow(move || changed.notify_waiters()).await;
    }
}

/// Tells other replicas what has to do with no sandbox that they have, for ever.
pub(super) async fn tell(verdicts: Arc<Verdicts>, unmatched: Arc<UnmatchedJournal>) {
    let tell = async |told: Option<&Told>| {
        if let Some(told) = told {
            told.run().await;
        }
    };
    tokio::join!(tell(verdicts.told()), tell(unmatched.told()));
}

/// While answers wait for room, ends the connections whose clients do not take theirs, for ever.
pub(super) async fn make_room(shell: Arc<Shell>, connections: Arc<[Arc<Connections>]>) {
    loop {
        shell.room.wanted().await;
        while shell.room.is_short() {
            connections.iter().for_each(|connections| connections.evict_stalled());
            tokio::time::sleep(STALLED).await;
        }
    }
}
