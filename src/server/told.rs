//! What replicas tell each other besides their sandboxes: verdicts on those that ended, and requests that met nothing. It is told soon
//! after it happened, in rows of which the database keeps the latest. Where there is no fleet, nobody is told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify};

use crate::fleet::{Fault, Fleet, Letter, Letters};

/// How long rows are gathered after others were told.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a database that did not take them is left alone.
const AWAY: Duration = Duration::from_secs(1);
/// How many rows wait at most; the lightest ones make room, and of these the oldest.
const MOST: usize = 500;

/// What is told about one thing.
pub(super) struct Told {
    fleet: Arc<Fleet>,
    topic: &'static str,
    waiting: Mutex<Vec<Letter>>,
    arrived: Notify,
    /// The turn to tell, so that rows stay in their order.
    turn: AsyncMutex<()>,
}

fn make_room(waiting: &mut Vec<Letter>) {
    while waiting.len() > MOST
        && let Some((index, _)) = waiting.iter().enumerate().min_by_key(|(_, row)| row.weight)
    {
        waiting.remove(index);
    }
}

impl Told {
    pub fn new(fleet: Arc<Fleet>, topic: &'static str) -> Self {
        Self { fleet, topic, waiting: Mutex::default(), arrived: Notify::new(), turn: AsyncMutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a row told soon.
    pub fn add(&self, row: impl Into<Letter>) {
        let mut waiting = self.waiting();
        waiting.push(row.into());
        make_room(&mut waiting);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Tells the other replicas all that waits to be told.
    ///
    /// # Errors
    /// When the database does not answer; it is told later then.
    pub async fn flush(&self) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let rows = std::mem::take(&mut *self.waiting());
        if rows.is_empty() {
            return Ok(());
        }
        let told = self.fleet.ledger().post(self.topic.to_owned(), None, rows.clone()).await;
        if told.is_err() {
            let mut waiting = self.waiting();
            waiting.splice(0..0, rows);
            make_room(&mut waiting);
        }
        told
    }

    /// What all replicas have told.
    pub async fn read(&self) -> Result<Letters, Fault> {
        self.flush().await?;
        Ok(self.fleet.ledger().letters(self.topic.to_owned(), false).await?.unwrap_or_default())
    }

    /// Forgets what all replicas have told.
    pub async fn clear(&self) -> Result<(), Fault> {
        self.flush().await?;
        self.fleet.ledger().clear(self.topic.to_owned()).await
    }

    /// Tells what comes, for ever.
    pub async fn run(&self) {
        loop {
            self.arrived.notified().await;
            while let Err(fault) = self.flush().await {
                tracing::debug!(%fault, self.topic, "other replicas are told later");
                tokio::time::sleep(AWAY).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
