//! A section: sandboxes are held, brought up to date, changed, and committed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::engine::{SINCE_MADE, Sandbox};
use crate::fleet::copy::{Copy, Standing};
use crate::fleet::events::{self, PARTED};
use crate::fleet::ledger::{Append, Birth, Commit, Death, Fault, Head, Hold, Mark, Receipt};
use crate::fleet::parts::Target;
use crate::fleet::patience::{PAUSE, Patience};
use crate::fleet::replica::{Fleet, Reach};

/// What chance adds to the pause before another try, in milliseconds.
const JITTER: u64 = 60;

/// How many parts are written while what a section holds is held. What has more of them is written before it is held again.
const AT_ONCE: usize = 32;

/// Sandboxes that are held. Dropping it takes back what was done in them.
pub struct Section {
    pub(super) fleet: Arc<Fleet>,
    pub(super) hold: Option<Box<dyn Hold>>,
    pub(super) held: Vec<Held>,
    /// With the list of sandboxes: nobody else makes or removes one.
    pub(super) list: Option<OwnedMutexGuard<()>>,
    /// With that, what the fleet was begun with, and what it is begun with here.
    pub(super) begun: String,
    pub(super) begins: Option<String>,
}

/// A sandbox that is held.
pub(super) struct Held {
    pub copy: Arc<Copy>,
    pub standing: OwnedMutexGuard<Standing>,
    pub head: Head,
    /// Whether it holds what is not committed.
    pub is_ahead: bool,
    /// When it was last used, as a commit says.
    pub used: i64,
    /// Whether its letters count from now on.
    pub begins_anew: bool,
    /// How many bytes a commit writes.
    pub written: i64,
}

/// A sandbox that was made in the section.
pub(super) struct Newborn {
    pub copy: Arc<Copy>,
    pub standing: OwnedMutexGuard<Standing>,
}

/// Why a section was not committed, or nobody knows whether it was.
#[derive(Debug)]
pub struct Failed {
    pub fault: Fault,
    /// By what the commit is found, if there was one.
    pub receipt: Option<Receipt>,
}

/// What was done in a section that failed, and by what its commit is found, if nobody knows yet whether there was one.
pub type Undecided<T> = Option<(Receipt, T)>;

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self { fault, receipt: None }
    }
}

/// What a section made and removed, until it is committed.
struct Listed {
    fleet: Arc<Fleet>,
    born: Vec<Newborn>,
    gone: Vec<Arc<Sandbox>>,
}

impl Listed {
    /// Nothing is undone when it is dropped.
    fn settle(mut self) -> Vec<Newborn> {
        self.gone.drain(..).for_each(|sandbox| self.fleet.forget(&sandbox));
        std::mem::take(&mut self.born)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        // What is still there is read again.
        self.gone.iter().for_each(|sandbox| self.fleet.forget(sandbox));
        self.born.iter().for_each(|newborn| self.fleet.forget(&newborn.copy.sandbox));
    }
}

impl Section {
    /// Whether it holds a sandbox.
    #[must_use]
    pub fn holds(&self, sandbox: &Arc<Sandbox>) -> bool {
        self.held.iter().any(|held| Arc::ptr_eq(&held.copy.sandbox, sandbox))
    }

    /// The copies of the sandboxes that it holds.
    pub(super) fn copies(&self) -> impl Iterator<Item = &Copy> {
        self.held.iter().map(|held| &*held.copy)
    }

    /// Who sends the webhooks of the sandbox that is held.
    #[must_use]
    pub fn courier(&self) -> Option<i64> {
        self.held.first().and_then(|held| held.head.courier)
    }

    /// Has letters of a sandbox that is held count from now on, as it was reset.
    pub fn begins_anew(&mut self, sandbox: &Arc<Sandbox>) {
        let held = self.held.iter_mut().find(|held| Arc::ptr_eq(&held.copy.sandbox, sandbox));
        held.into_iter().for_each(|held| held.begins_anew = true);
    }

    /// Whether a sandbox got credentials while others could get the same ones.
    #[must_use]
    pub fn claims_unlisted(&self) -> bool {
        self.list.is_none() && self.copies().any(|copy| copy.sandbox.has_claims_due())
    }

    /// Writes what was done, and ends.
    ///
    /// # Errors
    /// When that is not possible. What was done is taken back then.
    pub async fn commit(mut self) -> Result<(), Failed> {
        let Some(mut hold) = self.hold.take() else { return Ok(()) };
        let (born, gone) = if self.list.is_some() { self.fleet.listed() } else { Default::default() };
        let listed = Listed { fleet: Arc::clone(&self.fleet), born, gone };
        let mut commit = Commit { token: self.fleet.ledger.chance(), begins: self.begins.take(), ..Commit::default() };
        let (mut readdressed, mut places) = (Vec::new(), Vec::new());
        for sandbox in self.held.iter().map(|held| &held.copy.sandbox).filter(|sandbox| sandbox.has_claims_due()) {
            // Earlier formats do not say since when a sandbox has a credential.
            let place = if self.fleet.format() < PARTED { SINCE_MADE } else { hold.life().await? };
            self.fleet.machine.claim(sandbox, place);
            places.push(place);
            readdressed.push(Arc::clone(sandbox));
        }
        let again = self.let_go_if_large(&mut hold, &listed.born);
        for held in &mut self.held {
            let sandbox = &held.copy.sandbox;
            let used = sandbox.last_used();
            held.used = used;
            held.is_ahead = !held.copy.recording.is_empty();
            if held.is_ahead {
                self.fleet.checkpoint_in_call(&held.copy, &held.head);
                let append = self.fleet.encode(&held.copy, held.head.mark.version + 1, commit.token).await?;
                held.written = append.bytes();
                if !sandbox.is_removed() {
                    commit.appends.push((
                        Arc::clone(&sandbox.name),
                        held.head.mark,
                        Append { used, begins_anew: held.begins_anew, ..append },
                    ));
                }
            } else if held.copy.is_used_since(held.head.used) {
                commit.used.push((Arc::clone(&sandbox.name), used));
            }
        }
        let mut births = Vec::new();
        for Newborn { copy, .. } in &listed.born {
            let sandbox = &copy.sandbox;
            // Its name may be that of one that is no copy here.
            self.fleet.is_read(&sandbox.name)?;
            let append = Append { used: sandbox.last_used(), ..self.fleet.encode(copy, 1, commit.token).await? };
            births.push((Arc::clone(&sandbox.name), append));
        }
        if let Some(with_list) = again {
            self.hold_again(&mut hold, with_list, &commit).await?;
        }
        for (name, append) in births {
            commit.births.push(Birth { name, life: hold.life().await?, append });
        }
        for sandbox in &listed.gone {
            if let Some(copy) = self.fleet.copy_of(sandbox) {
                commit.deaths.push(Death { name: Arc::clone(&sandbox.name), life: copy.known().0 });
            }
        }
        let receipt = self.fleet.ledger.receipt(&commit);
        if receipt.is_none() && commit.used.is_empty() {
            hold.release();
            return Ok(());
        }
        let (token, used) = (commit.token, commit.used.clone());
        let lives: Vec<i64> = commit.births.iter().map(|birth| birth.life).collect();
        let parts = self.fleet.parts_of(&commit);
        let committed = hold.commit(commit).await;
        // Of several nobody knows which one has failed.
        if committed.is_ok() || parts.len() == 1 {
            parts.iter().for_each(|part| self.fleet.parts[*part].ended(committed.as_ref().map(drop)));
        }
        committed.map_err(|fault| Failed { fault, receipt })?;
        readdressed.iter().for_each(|sandbox| self.fleet.machine.reindex(sandbox));
        if let Some(latest) = places.iter().chain(&lives).max().filter(|_| self.list.is_some()) {
            self.fleet.parts.iter().for_each(|part| part.knows(*latest));
        }
        for (name, second) in used {
            self.held.iter().filter(|held| held.copy.sandbox.name == name).for_each(|held| held.copy.has_used(second));
        }
        for held in self.held.iter_mut().filter(|held| held.is_ahead) {
            held.copy.has_used(held.used);
            let mark = Mark { version: held.head.mark.version + 1, token, ..held.head.mark };
            if held.begins_anew {
                held.copy.began(mark.version);
            }
            held.copy.committed(&mut held.standing, mark);
            held.is_ahead = false;
            held.head.since_checkpoint += held.written;
            self.fleet.checkpoint_apart(&held.copy, &held.head);
        }
        for (Newborn { copy, mut standing }, life) in listed.settle().into_iter().zip(lives) {
            copy.committed(&mut standing, Mark { life, version: 1, token });
        }
        Ok(())
    }
}

impl Section {
    /// Lets go of what is held if all of a sandbox is to be written and that takes long, so that nobody waits for it; whether the list
    /// was held then. What is to be written is still nobody else's in this process.
    fn let_go_if_large(&mut self, hold: &mut Box<dyn Hold>, born: &[Newborn]) -> Option<bool> {
        let (portion, is_parted) = (self.fleet.ledger.portion(), self.fleet.format() >= PARTED);
        let is_large = |copy: &Copy| is_parted && copy.is_large(AT_ONCE * portion);
        if !self.copies().any(is_large) && !born.iter().any(|newborn| is_large(&newborn.copy)) {
            return None;
        }
        *hold = self.fleet.ledger.begin();
        self.held.retain(|held| !held.copy.recording.is_empty());
        Some(self.list.take().is_some())
    }

    /// Holds that again, where nothing has changed meanwhile.
    async fn hold_again(&mut self, hold: &mut Box<dyn Hold>, with_list: bool, commit: &Commit) -> Result<(), Fault> {
        if with_list {
            self.list = Some(Arc::clone(&self.fleet.list_gate).lock_owned().await);
        }
        let marks = commit.appends.iter().map(|(name, mark, _)| (Arc::clone(name), *mark)).collect();
        if hold.lock_again(with_list, marks).await? {
            return Ok(());
        }
        Err(Fault::Away("a sandbox was changed while it was replaced".to_owned()))
    }
}

impl Fleet {
    /// What a copy has recorded, to be written as a version. What is too large for one statement is written now, in parts.
    async fn encode(&self, copy: &Copy, version: i64, token: i64) -> Result<Append, Fault> {
        let (format, size) = (self.format(), copy.sandbox.stored_bytes());
        let is_large = format >= PARTED && copy.is_large(self.ledger.portion());
        let (mut append, events) = events::gather(copy.recording.take(), &copy.sandbox, format)?;
        if is_large {
            let target = Target { name: Arc::clone(&copy.sandbox.name), version, token, size };
            let parts = self.write_parts(&target, events).await?;
            (append.events, append.parts) = (parts.reference(), Some(parts));
        } else {
            append.events = events.bytes()?;
        }
        Ok(append)
    }

    /// What to do after a section failed: `true` if it was committed after all, `false` if it is to be tried again, now.
    ///
    /// # Errors
    /// When there is no time left for that.
    pub async fn after(&self, failed: Failed, patience: &Patience) -> Result<bool, Fault> {
        let Failed { fault, mut receipt } = failed;
        if matches!(fault, Fault::Damaged(_)) {
            return Err(fault);
        }
        tracing::debug!(%fault, "a section failed");
        loop {
            if patience.is_over() {
                return Err(fault);
            }
            tokio::time::sleep(PAUSE + Duration::from_millis(self.ledger.chance().unsigned_abs() % JITTER)).await;
            match &receipt {
                None => return Ok(false),
                Some(known) => match self.ledger.is_committed(known.clone()).await {
                    Ok(true) => return Ok(true),
                    Ok(false) => receipt = None,
                    Err(_) => {}
                },
            }
        }
    }

    /// Does something in a section, again if that fails; it is not seen before it is committed.
    ///
    /// # Errors
    /// When the database does not answer for a while.
    pub async fn run<T>(self: &Arc<Self>, reach: &Reach, act: impl FnMut(&Section) -> T) -> Result<T, Fault> {
        self.try_run(reach, act).await.map_err(|(fault, _)| fault)
    }

    /// The same, and what was done last, if nobody knows whether it was committed.
    ///
    /// # Errors
    /// As [`Fleet::run`].
    pub async fn try_run<T>(self: &Arc<Self>, reach: &Reach, mut act: impl FnMut(&Section) -> T) -> Result<T, (Fault, Undecided<T>)> {
        let patience = Patience::new();
        loop {
            let failed = match self.section(reach).await {
                Ok(section) => {
                    let done = act(&section);
                    match section.commit().await {
                        Ok(()) => return Ok(done),
                        Err(failed) => {
                            let receipt = failed.receipt.clone();
                            match self.after(failed, &patience).await {
                                Ok(true) => return Ok(done),
                                Ok(false) => continue,
                                Err(fault) => return Err((fault, receipt.map(|receipt| (receipt, done)))),
                            }
                        }
                    }
                }
                Err(fault) => Failed::from(fault),
            };
            self.after(failed, &patience).await.map_err(|fault| (fault, None))?;
        }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        let mut was_changed = false;
        for held in &mut self.held {
            if held.is_ahead || !held.copy.recording.is_empty() {
                held.copy.take_back(&mut held.standing);
                was_changed = true;
            }
        }
        let Some(hold) = self.hold.take() else { return };
        if self.list.is_some() {
            let (born, gone) = self.fleet.listed();
            was_changed |= !born.is_empty() || !gone.is_empty();
            drop(Listed { fleet: Arc::clone(&self.fleet), born, gone });
        }
        if !was_changed {
            hold.release();
        }
    }
}
