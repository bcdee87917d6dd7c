//! One replica of a fleet: its copies of all sandboxes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::base::entropy::Secret;
use crate::engine::{DEFAULT, Keeper, Machine, Sandbox};
use crate::fleet::checkpoint::apart;
use crate::fleet::copy::{Copy, Standing};
use crate::fleet::ends::Ends;
use crate::fleet::events::NEWEST;
use crate::fleet::lane::Lanes;
use crate::fleet::ledger::{Fault, Head, Hold, Ledger, ReplicaRow, answered};
use crate::fleet::list::Part;
use crate::fleet::parts;
use crate::fleet::section::{Held, Newborn, Section};
use crate::world::Entry;

/// A replica, with the sandboxes that all replicas share.
pub struct Fleet {
    pub(super) machine: Arc<Machine>,
    pub(super) ledger: Arc<dyn Ledger>,
    /// A number by chance, by which others know it.
    pub(super) id: i64,
    copies: Mutex<BTreeMap<Arc<str>, Arc<Copy>>>,
    /// What is known of the parts of the ledger.
    pub(super) parts: Vec<Part>,
    /// The turn to hold the list of sandboxes.
    pub(super) list_gate: Arc<AsyncMutex<()>>,
    /// What was made and removed in the section that holds the list.
    listed: Mutex<(Vec<Newborn>, Vec<Arc<Sandbox>>)>,
    pub(super) lanes: Lanes,
    pub(super) ends: Ends,
    /// Where sections of calls are made.
    workers: OnceLock<Handle>,
    secret: Secret,
    /// It reads the formats up to this one, and writes this one.
    pub(super) reads: u8,
    writes: AtomicU8,
}

/// The turn to change or to show a copy.
type Turn = OwnedMutexGuard<Standing>;

/// What a section holds, so that nobody else changes it.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Whether sandboxes may be made and removed.
    pub list: bool,
    pub sandboxes: Which,
}

/// Which sandboxes a section holds.
#[derive(Clone, Debug)]
pub enum Which {
    Nothing,
    One(Arc<str>),
    All,
}

impl Reach {
    /// One sandbox, which need not be there.
    #[must_use]
    pub fn one(name: impl Into<Arc<str>>) -> Self {
        Self { list: false, sandboxes: Which::One(name.into()) }
    }

    /// All sandboxes that there are.
    #[must_use]
    pub fn all() -> Self {
        Self { list: true, sandboxes: Which::All }
    }

    /// The list of sandboxes, and the one of a name if there is one.
    #[must_use]
    pub fn list(name: Option<&str>) -> Self {
        Self { list: true, sandboxes: name.map_or(Which::Nothing, |name| Which::One(name.into())) }
    }
}

/// Why a process cannot be part of a fleet.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The fleet was begun under another scenario.
    #[error("the fleet was begun with another `--scenario` or `--seed` than this")]
    Other,
    /// What answers and verdicts depend on is not the same.
    #[error("the fleet has `--{flag} {has}`, and this one is to have `{asked}`")]
    Option { flag: String, has: String, asked: String },
    /// All replicas write what this one cannot read.
    #[error("the fleet writes format {0}, which is that of a later version")]
    Later(u8),
}

impl Fleet {
    /// Becomes a replica: the machine's sandboxes are those of the fleet from now on. The first replica brings the default one, which
    /// it `begins` with; one that `insists` wants it to have begun so.
    ///
    /// # Errors
    /// When the database does not answer, or the fleet was begun with something else.
    pub async fn join(machine: Arc<Machine>, ledger: Arc<dyn Ledger>, begins: String, insists: bool) -> Result<Arc<Self>, JoinError> {
        Self::join_reading(machine, ledger, begins, insists, NEWEST).await
    }

    /// The same as another version, which reads the formats up to `reads`.
    ///
    /// # Errors
    /// As [`Fleet::join`], and when the replicas write a later format.
    pub async fn join_reading(
        machine: Arc<Machine>,
        ledger: Arc<dyn Ledger>,
        begins: String,
        insists: bool,
        reads: u8,
    ) -> Result<Arc<Self>, JoinError> {
        let mut own = Secret::default();
        SystemRandom::new().fill(&mut own).expect("the operating system gives random bytes");
        let secret = ledger.secret(own).await?;
        let id = ledger.chance();
        let parts = (0..ledger.parts()).map(|_| Part::default()).collect();
        let fleet = Arc::new(Self {
            machine,
            ledger,
            id,
            copies: Mutex::default(),
            parts,
            list_gate: Arc::default(),
            listed: Mutex::default(),
            lanes: Lanes::default(),
            ends: Ends::default(),
            workers: OnceLock::new(),
            secret,
            reads,
            writes: AtomicU8::new(1),
        });
        let mut section = fleet.section(&Reach::list(None)).await?;
        // Without it, the replica that began has ended before it had made that.
        let is_first = fleet.copy(DEFAULT).is_none();
        if insists && !is_first && !section.begun.is_empty() && section.begun != begins {
            return Err(JoinError::Other);
        }
        fleet.beat().await?;
        for part in 1..fleet.parts.len() {
            fleet.beat_in(part).await?;
        }
        if is_first {
            fleet.machine.begin_sharing();
            fleet.opened(fleet.machine.default_sandbox());
            section.begins = Some(begins);
            section.commit().await.map_err(|failed| failed.fault)?;
        }
        fleet.machine.set_keeper(Arc::new(Told(Arc::downgrade(&fleet))));
        Ok(fleet)
    }

    /// Says that this replica is there, and hears which format all of them write. In this order: who has them write a later one sees
    /// this replica, or this one hears of it. What it does not read it does not write either.
    pub(super) async fn beat(&self) -> Result<(), JoinError> {
        self.beat_in(0).await?;
        let format = self.ledger.format(self.reads).await?;
        if format > self.reads {
            return Err(JoinError::Later(format));
        }
        self.writes.store(format, Ordering::Relaxed);
        Ok(())
    }

    /// Says in a part of the ledger that this replica is there, which shows that it can write there.
    pub(super) async fn beat_in(&self, part: usize) -> Result<(), Fault> {
        self.ledger.beat(part, self.id, env!("CARGO_PKG_VERSION"), self.reads).await
    }

    /// The format that all replicas write.
    #[must_use]
    pub fn format(&self) -> u8 {
        self.writes.load(Ordering::Relaxed)
    }

    /// What all replicas sign with.
    #[must_use]
    pub fn secret(&self) -> Secret {
        self.secret
    }

    /// Sections of calls are made in that runtime; called once at start, later calls are ignored.
    pub fn work_in(&self, workers: Handle) {
        let _ = self.workers.set(workers);
    }

    pub(super) fn workers(&self) -> Handle {
        self.workers.get().cloned().unwrap_or_else(Handle::current)
    }

    pub(super) fn copies(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<Copy>>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn copy(&self, name: &str) -> Option<Arc<Copy>> {
        self.copies().get(name).cloned()
    }

    pub(super) fn all_copies(&self) -> Vec<Arc<Copy>> {
        self.copies().values().cloned().collect()
    }

    /// The copy that a sandbox is.
    pub(super) fn copy_of(&self, sandbox: &Arc<Sandbox>) -> Option<Arc<Copy>> {
        self.copy(&sandbox.name).filter(|copy| Arc::ptr_eq(&copy.sandbox, sandbox))
    }

    /// Lets go of a sandbox that there is not, or not as it is known here.
    pub(super) fn forget(&self, sandbox: &Arc<Sandbox>) {
        let mut copies = self.copies();
        if copies.get(&sandbox.name).is_some_and(|copy| Arc::ptr_eq(&copy.sandbox, sandbox))
            && let Some(copy) = copies.remove(&sandbox.name)
        {
            self.parts[copy.part].forgets();
        }
        drop(copies);
        if self.machine.sandbox(&sandbox.name).is_some_and(|registered| Arc::ptr_eq(&registered, sandbox)) {
            self.machine.forget(&sandbox.name);
        }
    }

    /// Lets go of a copy that is none any more. The default sandbox is always there.
    fn lost(&self, copy: &Copy) -> Result<(), Fault> {
        if copy.is_default() {
            return Err(Fault::Damaged("it has no default sandbox".to_owned()));
        }
        self.forget(&copy.sandbox);
        Ok(())
    }

    /// What was made and removed since the last call.
    pub(super) fn listed(&self) -> (Vec<Newborn>, Vec<Arc<Sandbox>>) {
        std::mem::take(&mut *self.listed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a section.
    ///
    /// # Errors
    /// When the database does not answer, or what it has cannot be read.
    pub async fn section(self: &Arc<Self>, reach: &Reach) -> Result<Section, Fault> {
        let holds_list = reach.list || matches!(reach.sandboxes, Which::All);
        let mut section = Section {
            fleet: Arc::clone(self),
            hold: Some(self.ledger.begin()),
            held: Vec::new(),
            list: None,
            begun: String::new(),
            begins: None,
        };
        if holds_list {
            let (gate, hold) = (Arc::clone(&self.list_gate).lock_owned(), section.hold.as_mut());
            let list = answered(async {
                let list = gate.await;
                let begun = match hold {
                    Some(hold) => hold.lock_list().await?,
                    None => String::new(),
                };
                Ok((list, begun))
            });
            let (list, begun) = list.await?;
            (section.list, section.begun) = (Some(list), begun);
            drop(self.listed());
            self.refresh().await?;
            // Whose credentials are whose. Of what cannot be read here nobody knows.
            match self.learn().await {
                Ok(()) | Err(Fault::Damaged(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        let names: Vec<Arc<str>> = match &reach.sandboxes {
            Which::Nothing => Vec::new(),
            Which::One(name) => vec![Arc::clone(name)],
            Which::All => self.copies().keys().cloned().collect(),
        };
        for name in names {
            let mut held = self.hold(&mut section, &name).await?;
            if held.is_none() && !holds_list {
                self.learn_of(&name).await?;
                held = self.hold(&mut section, &name).await?;
            }
            if held.is_none() {
                self.is_read(&name)?;
            }
            section.held.extend(held);
        }
        Ok(section)
    }

    /// Holds a sandbox, as new as the ledger; `None` if there is none of that name.
    async fn hold(self: &Arc<Self>, section: &mut Section, name: &Arc<str>) -> Result<Option<Held>, Fault> {
        let Some(copy) = self.copy(name) else { return Ok(None) };
        self.hold_copy(section.hold.as_mut().expect("it is taken only when the section ends"), copy).await
    }

    pub(super) async fn hold_copy(self: &Arc<Self>, hold: &mut Box<dyn Hold>, copy: Arc<Copy>) -> Result<Option<Held>, Fault> {
        answered(self.hold_in_turn(hold, copy)).await
    }

    async fn hold_in_turn(self: &Arc<Self>, hold: &mut Box<dyn Hold>, copy: Arc<Copy>) -> Result<Option<Held>, Fault> {
        let mut standing = Arc::clone(&copy.gate).lock_owned().await;
        if self.copy_of(&copy.sandbox).is_none() {
            // It was let go of meanwhile.
            return Ok(None);
        }
        let mut since = copy.since(&mut standing);
        if since.mark.is_none() || standing.is_late {
            let Some(read) = self.read_apart(&copy, standing).await? else { return Ok(None) };
            standing = read;
            since = copy.since(&mut standing);
        }
        let news = hold.lock(Arc::clone(&copy.sandbox.name), since).await?;
        let Some(news) = news.filter(|news| copy.is_of(news.head.mark.life)) else {
            return self.lost(&copy).map(|()| None);
        };
        if news.is_more || parts::are_in_parts(&news) {
            standing.is_late = true;
            return Err(Fault::Away(format!("sandbox `{}` is behind here", copy.sandbox.name)));
        }
        copy.receive(&self.machine, &mut standing, &news, self.reads)?;
        Ok(Some(Held { copy, standing, used: news.head.used, head: news.head, is_ahead: false, begins_anew: false, written: 0 }))
    }

    /// Makes the copy of a sandbox as new as the ledger; how often it was taken back so far. `None` if there is none of that name.
    ///
    /// # Errors
    /// When the database does not answer, or what it has cannot be read.
    pub async fn catch_up(self: &Arc<Self>, name: &str) -> Result<Option<u64>, Fault> {
        loop {
            if self.copy(name).is_none() {
                self.learn_of(name).await?;
            }
            let Some(copy) = self.copy(name) else { return self.is_read(name).map(|()| None) };
            // Another one may have the name now.
            if let Some(taken_back) = answered(self.catch_up_in_turn(&copy)).await? {
                return Ok(Some(taken_back));
            }
        }
    }

    /// The same for a copy; `None` if it is none any more. What is not over when nobody waits any more is done apart the next time.
    pub(super) async fn catch_up_in_turn(self: &Arc<Self>, copy: &Arc<Copy>) -> Result<Option<u64>, Fault> {
        let mut standing = Arc::clone(&copy.gate).lock_owned().await;
        if self.copy_of(&copy.sandbox).is_none() {
            return Ok(None);
        }
        let since = copy.since(&mut standing);
        let read = if since.mark.is_none() || standing.is_late {
            self.read_apart(copy, standing).await?
        } else {
            standing.is_late = true;
            self.read(copy, standing).await?
        };
        Ok(read.map(|_| copy.taken_back()))
    }

    /// Reads what a copy needs, and goes on with that when nobody waits for it any more.
    async fn read_apart(self: &Arc<Self>, copy: &Arc<Copy>, standing: Turn) -> Result<Option<Turn>, Fault> {
        let (fleet, own) = (Arc::clone(self), Arc::clone(copy));
        copy.is_read.store(true, Ordering::Release);
        let reading = self.workers().spawn(async move {
            let read = fleet.read(&own, standing).await;
            own.is_read.store(false, Ordering::Release);
            read
        });
        reading.await.map_err(|error| Fault::Damaged(error.to_string()))?
    }

    /// Reads what a copy needs, whose turn goes on; `None` if it is none any more.
    async fn read(&self, copy: &Arc<Copy>, mut standing: Turn) -> Result<Option<Turn>, Fault> {
        let since = copy.since(&mut standing);
        let news = self.news(&copy.sandbox.name, since).await.inspect_err(|_| standing.is_late = false)?;
        let Some(news) = news.filter(|news| copy.is_of(news.head.mark.life)) else {
            return self.lost(copy).map(|()| None);
        };
        let size = news.bytes();
        let (own, machine, reads) = (Arc::clone(copy), Arc::clone(&self.machine), self.reads);
        let receive = move || {
            standing.is_late = false;
            own.receive(&machine, &mut standing, &news, reads).map(|()| standing)
        };
        apart(self, size, receive).await?.map(Some)
    }

    /// The same for all sandboxes; how often their copies were taken back so far.
    ///
    /// # Errors
    /// As [`Fleet::catch_up`].
    pub async fn catch_up_all(self: &Arc<Self>) -> Result<u64, Fault> {
        for head in self.refresh().await? {
            if self.is_behind(&head) {
                self.catch_up(&head.name).await?;
            }
        }
        Ok(self.all_copies().iter().map(|copy| copy.taken_back()).sum())
    }

    /// Whether the copy of a sandbox is older than its row.
    pub(super) fn is_behind(&self, head: &Head) -> bool {
        self.copy(&head.name).is_some_and(|copy| copy.known() != (head.mark.life, head.mark.version))
    }

    /// Waits until nothing is under way in a sandbox; how often its copy was taken back so far. What was seen of it since another such
    /// number was told is committed if the number is still the same.
    pub async fn settled(&self, name: &str) -> Option<u64> {
        let copy = self.copy(name)?;
        drop(copy.gate.lock().await);
        Some(copy.taken_back())
    }

    /// What `look` sees of a sandbox while nothing is under way in it here, so that all of it is committed; `None` if its copy has to be
    /// read again before.
    pub async fn shown<T>(&self, sandbox: &Arc<Sandbox>, look: impl FnOnce() -> T) -> Option<T> {
        let Some(copy) = self.copy_of(sandbox) else { return Some(look()) };
        let standing = copy.gate.lock().await;
        (standing.mark.is_some() && copy.recording.is_empty()).then(look)
    }

    /// What [`Fleet::settled`] waits for in all sandboxes.
    pub async fn settled_all(&self) -> u64 {
        let copies = self.all_copies();
        for copy in &copies {
            drop(copy.gate.lock().await);
        }
        copies.iter().map(|copy| copy.taken_back()).sum()
    }

    /// The database itself, for what is no sandbox.
    pub fn ledger(&self) -> &dyn Ledger {
        &*self.ledger
    }

    /// The number of this replica.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The replicas that were heard of lately.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn replicas(&self) -> Result<Vec<ReplicaRow>, Fault> {
        self.ledger.replicas().await
    }
}

/// The keeper of a replica's machine, which does not keep the replica.
struct Told(Weak<Fleet>);

impl Keeper for Told {
    fn answered(&self, sandbox: &Arc<Sandbox>, entry: &Arc<Entry>) {
        self.0.upgrade().into_iter().for_each(|fleet| fleet.tell_end(sandbox, entry));
    }

    fn opened(&self, sandbox: &Arc<Sandbox>) {
        if let Some(fleet) = self.0.upgrade() {
            fleet.opened(sandbox);
        }
    }

    fn removed(&self, sandbox: &Sandbox) {
        if let Some(fleet) = self.0.upgrade() {
            fleet.removed(sandbox);
        }
    }

    fn is_shared(&self) -> bool {
        true
    }
}

impl Keeper for Fleet {
    fn opened(&self, sandbox: &Arc<Sandbox>) {
        let copy = Arc::new(Copy::new(sandbox, self.ledger.part_of(&sandbox.name), None, true));
        let Ok(standing) = Arc::clone(&copy.gate).try_lock_owned() else { return };
        self.copies().insert(Arc::clone(&sandbox.name), Arc::clone(&copy));
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).0.push(Newborn { copy, standing });
    }

    fn removed(&self, sandbox: &Sandbox) {
        if let Some(copy) = self.copy(&sandbox.name).filter(|copy| std::ptr::eq(&*copy.sandbox, sandbox)) {
            self.listed.lock().unwrap_or_else(PoisonError::into_inner).1.push(Arc::clone(&copy.sandbox));
        }
    }
}
