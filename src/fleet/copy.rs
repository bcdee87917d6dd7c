//! This replica's copy of a sandbox.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;

use crate::engine::{DEFAULT, Machine, Record, Sandbox, Sink};
use crate::fleet::calls::Job;
use crate::fleet::checkpoint::Checkpoints;
use crate::fleet::events::{self, Piece};
use crate::fleet::ledger::{Begun, Fault, Mark, News, Since};
use crate::world::{Entry, LogLine, Shrunk};

/// How much newer the use of a sandbox has to be than what the ledger says, in seconds, to be written by itself.
const USED: i64 = 10;
/// A sandbox as this replica knows it.
pub struct Copy {
    pub sandbox: Arc<Sandbox>,
    pub recording: Arc<Recording>,
    /// The part of the ledger that has it.
    pub part: usize,
    /// Who holds it is the only one here that changes the sandbox, or shows it.
    pub gate: Arc<AsyncMutex<Standing>>,
    /// The life of the sandbox; zero until it is written down.
    life: AtomicI64,
    version: AtomicI64,
    /// The version in which it was reset last.
    began: AtomicI64,
    /// When the ledger says that it was last used, as far as is known.
    used: AtomicI64,
    /// How often it was read again, because what had been done here was not written down.
    taken_back: AtomicU64,
    pub jobs: Mutex<Jobs>,
    /// Whether it is being read beside what else is done.
    pub is_read: AtomicBool,
    pub checkpoints: Checkpoints,
}

/// Up to where a copy is known to be what the ledger says.
#[derive(Default)]
pub struct Standing {
    /// `None` when it has to be read again.
    pub mark: Option<Mark>,
    /// Where it stood before that.
    stood: Option<Mark>,
    /// Whether more is new than is read while the sandbox is held.
    pub is_late: bool,
}

/// Calls that wait for the next section.
#[derive(Default)]
pub struct Jobs {
    pub waiting: VecDeque<Job>,
    /// Whether somebody makes sections of them.
    pub is_served: bool,
}

/// Keeps what a sandbox records until it is committed.
#[derive(Default)]
pub struct Recording(Mutex<Vec<Piece>>);

impl Recording {
    fn pieces(&self) -> MutexGuard<'_, Vec<Piece>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was recorded since the last call.
    pub fn take(&self) -> Vec<Piece> {
        std::mem::take(&mut *self.pieces())
    }

    pub fn is_empty(&self) -> bool {
        self.pieces().is_empty()
    }

    /// Whether all of a sandbox was recorded.
    pub fn has_whole(&self) -> bool {
        self.pieces().iter().any(events::is_whole)
    }
}

impl Sink for Recording {
    fn sealed(&self, records: &mut Vec<Record>) {
        self.pieces().push(Piece::Records(std::mem::take(records)));
    }

    fn exchanged(&self, entry: &Arc<Entry>) {
        self.pieces().push(Piece::Exchange(Arc::clone(entry)));
    }

    fn kept_for(&self, ttl: Option<Duration>) {
        self.pieces().push(Piece::KeptFor(ttl));
    }

    fn shrunk(&self, shrunk: Shrunk) {
        self.pieces().push(Piece::Records(vec![Record::Shrunk(shrunk)]));
    }

    fn answered(&self, entry: &Arc<Entry>) {
        let ended = entry.wire.ended(entry.number);
        self.pieces().extend([Piece::Records(vec![Record::Ended(ended)]), Piece::Exchange(Arc::clone(entry))]);
    }

    fn noted(&self, line: &LogLine) {
        self.pieces().push(Piece::Noted(line.clone()));
    }
}

impl Copy {
    /// The copy of a sandbox that is recorded from now on. With `is_new`, all of it is recorded first.
    pub fn new(sandbox: &Arc<Sandbox>, part: usize, mark: Option<Mark>, is_new: bool) -> Self {
        let recording = Arc::new(Recording::default());
        let sink: Arc<dyn Sink> = Arc::<Recording>::clone(&recording);
        sandbox.attach(sink, is_new);
        if !is_new {
            drop(recording.take());
        }
        let copy = Self {
            sandbox: Arc::clone(sandbox),
            recording,
            part,
            gate: Arc::new(AsyncMutex::new(Standing { mark, ..Standing::default() })),
            life: AtomicI64::new(0),
            version: AtomicI64::new(0),
            began: AtomicI64::new(0),
            used: AtomicI64::new(0),
            taken_back: AtomicU64::new(0),
            jobs: Mutex::default(),
            is_read: AtomicBool::new(false),
            checkpoints: Checkpoints::default(),
        };
        copy.stands_at(mark);
        copy
    }

    /// Its life and version, as far as they are known without holding it.
    pub fn known(&self) -> (i64, i64) {
        (self.life.load(Ordering::Acquire), self.version.load(Ordering::Acquire))
    }

    /// Since when letters of the sandbox count.
    pub fn begun(&self) -> Begun {
        Begun { life: self.known().0, version: self.began.load(Ordering::Acquire) }
    }

    /// Was reset last in that version.
    pub fn began(&self, version: i64) {
        self.began.store(version, Ordering::Release);
    }

    pub fn is_default(&self) -> bool {
        &*self.sandbox.name == DEFAULT
    }

    /// Whether it is a copy of the sandbox that has the name in that life. The default one may go on in another.
    pub fn is_of(&self, life: i64) -> bool {
        let own = self.known().0;
        own == 0 || own == life || self.is_default()
    }

    pub fn taken_back(&self) -> u64 {
        self.taken_back.load(Ordering::Acquire)
    }

    fn stands_at(&self, mark: Option<Mark>) {
        if let Some(mark) = mark {
            self.life.store(mark.life, Ordering::Release);
            self.sandbox.lives(mark.life);
            self.version.store(mark.version, Ordering::Release);
        }
    }

    /// What it has, for whom holds its gate. What was done outside of all sections is taken back.
    pub fn since(&self, standing: &mut Standing) -> Since {
        if !self.recording.is_empty() {
            tracing::debug!(sandbox = &*self.sandbox.name, "something was done outside of a section, and is taken back");
            self.take_back(standing);
        }
        Since { mark: standing.mark, written: self.sandbox.journal().written }
    }

    /// Is read again before it is used again.
    pub fn take_back(&self, standing: &mut Standing) {
        drop(self.recording.take());
        standing.stood = standing.mark.take().or(standing.stood);
        self.version.store(0, Ordering::Release);
        self.taken_back.fetch_add(1, Ordering::AcqRel);
    }

    /// Goes on from a commit of its own.
    pub fn committed(&self, standing: &mut Standing, mark: Mark) {
        standing.mark = Some(mark);
        self.stands_at(standing.mark);
    }

    /// Makes it as new as the ledger.
    pub fn receive(&self, machine: &Machine, standing: &mut Standing, news: &News, newest: u8) -> Result<(), Fault> {
        let received = if news.is_whole {
            self.read_again(machine, standing, news, newest)
        } else if news.rows.is_empty() {
            Ok(())
        } else {
            events::apply(machine, &self.sandbox, news, newest)
        };
        // What is made again is not recorded again.
        drop(self.recording.take());
        self.has_used(news.head.used);
        self.sandbox.used_at(news.head.used);
        match received {
            Ok(()) => {
                self.began(news.head.began);
                self.committed(standing, news.head.mark);
                Ok(())
            }
            Err(fault) => {
                self.take_back(standing);
                Err(fault)
            }
        }
    }

    /// Makes it what the ledger says, from a checkpoint on. What was begun before goes on, unless the sandbox was reset or replaced.
    fn read_again(&self, machine: &Machine, standing: &Standing, news: &News, newest: u8) -> Result<(), Fault> {
        let is_another = events::is_another(machine, news, standing.mark.or(standing.stood), newest)?;
        let reading = self.sandbox.read_again(is_another);
        events::load(machine, news, newest, |checkpoint| {
            let state = [Record::Checkpoint(Box::new(checkpoint))];
            self.sandbox.apply(&state).map_err(|error| Fault::Damaged(error.to_string()))?;
            Ok(Arc::clone(&self.sandbox))
        })?;
        drop(reading);
        machine.reindex(&self.sandbox);
        Ok(())
    }

    /// Whether all of it was recorded, and is too large for one statement.
    pub fn is_large(&self, portion: usize) -> bool {
        self.recording.has_whole() && self.sandbox.stored_bytes() > portion
    }

    /// Whether it was used so much later than the ledger says that the ledger is to be told: the shorter a sandbox is kept without use, the
    /// sooner.
    pub fn is_used_since(&self, used: i64) -> bool {
        let least = self.sandbox.ttl().and_then(|ttl| i64::try_from(ttl.as_secs() / 10).ok()).map_or(USED, |least| least.min(USED));
        self.sandbox.last_used() > used.saturating_add(least)
    }

    /// The same without a look at the ledger.
    pub fn is_used_unsaid(&self) -> bool {
        self.is_used_since(self.used.load(Ordering::Relaxed))
    }

    /// Takes down what the ledger says of its use.
    pub fn has_used(&self, used: i64) {
        self.used.fetch_max(used, Ordering::Relaxed);
    }

    /// Has a call wait for the next section; whether somebody has to begin to make sections.
    pub fn wait(&self, job: Job) -> bool {
        let mut jobs = self.jobs();
        jobs.waiting.push_back(job);
        !std::mem::replace(&mut jobs.is_served, true)
    }

    pub fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
