//! Which sandboxes there are: each part of the ledger has a list of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::fleet::checkpoint::apart;
use crate::fleet::copy::Copy;
use crate::fleet::events;
use crate::fleet::ledger::{Commit, Fault, Head, Since, answered};
use crate::fleet::patience::now;
use crate::fleet::replica::Fleet;

/// After how many commits that failed, one after the other, a replica is out of service, and for how long. Then another one is tried.
const FAILING: u32 = 3;
const LATELY: Duration = Duration::from_secs(10);
/// After how long without news of all sandboxes a replica does not rely on being told which credentials changed lately: half of how long
/// that is told.
const UNHEARD: Duration = Duration::from_secs(30);

/// What a replica knows of a part of the ledger.
#[derive(Default)]
pub(super) struct Part {
    /// The turn to compare its list with the copies, and how many had been let go of when all of it was compared.
    comparing: AsyncMutex<u64>,
    /// How often a sandbox was let go of, which may still be there.
    forgotten: AtomicU64,
    /// When it was last asked for all that was new then and is known here by now.
    heard: Mutex<Option<Instant>>,
    /// All changes of credentials up to that place are known here.
    known: AtomicI64,
    /// Why it did not answer lately, or nothing can be committed there, if that is so.
    away: Mutex<Option<String>>,
    /// How many commits have failed there, one after the other, the latest one when and why.
    failing: Mutex<Option<(u32, Instant, String)>>,
    /// The lives of sandboxes that are there and cannot be read here, and why not.
    unread: Mutex<BTreeMap<Arc<str>, (i64, String)>>,
}

impl Part {
    pub fn forgets(&self) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
    }

    /// Is as new here as it was at that time, when `latest` was the latest place in which credentials were known to have changed.
    pub fn is_heard(&self, asked: Instant, latest: i64) {
        self.knows(latest);
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
    }

    /// Says that all is known here that changed credentials up to a place.
    pub fn knows(&self, place: i64) {
        self.known.fetch_max(place, Ordering::Relaxed);
    }

    fn is_unheard(&self) -> bool {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|asked| asked.elapsed() > UNHEARD)
    }

    fn unread(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, (i64, String)>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how a commit ended there.
    pub fn ended(&self, done: Result<(), &Fault>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        *failing = match done {
            Ok(()) => None,
            Err(Fault::Damaged(_)) => failing.take(),
            Err(fault) => Some((failing.take().map_or(1, |(count, ..)| count + 1), now(), fault.to_string())),
        };
    }

    /// Why nothing is committed there, if that was so for several commits, the latest one lately.
    pub fn uncommitted(&self) -> Option<String> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_so = |(count, since, _): &&(u32, Instant, String)| *count >= FAILING && since.elapsed() < LATELY;
        failing.as_ref().filter(is_so).map(|(.., why)| why.clone())
    }

    /// Says whether it answered; what was said before.
    pub fn is_away(&self, why: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.away.lock().unwrap_or_else(PoisonError::into_inner), why)
    }
}

impl Fleet {
    /// Learns which sandboxes there are; those that are new here are read. Returns the rows of all.
    ///
    /// # Errors
    /// When a database does not answer.
    pub async fn refresh(self: &Arc<Self>) -> Result<Vec<Head>, Fault> {
        let mut all = Vec::new();
        for part in 0..self.parts.len() {
            all.extend(self.refresh_part(part).await?);
        }
        Ok(all)
    }

    /// The same for one part of the ledger.
    pub(super) async fn refresh_part(self: &Arc<Self>, part: usize) -> Result<Vec<Head>, Fault> {
        let Part { comparing, forgotten, .. } = &self.parts[part];
        let (mut compared, forgotten, known, heads) = answered(async {
            let compared = comparing.lock().await;
            let forgotten = forgotten.load(Ordering::Acquire);
            // What is written down meanwhile need not be in the answer.
            let known: Vec<_> = self.copies_in(part).into_iter().map(|copy| (Arc::clone(&copy), copy.known().0)).collect();
            Ok((compared, forgotten, known, self.ledger.heads(part, 0).await?))
        })
        .await?;
        let lives: BTreeMap<&str, i64> = heads.iter().map(|head| (&*head.name, head.mark.life)).collect();
        for (copy, life) in known {
            if life > 0 && !copy.is_default() && lives.get(&*copy.sandbox.name) != Some(&life) {
                self.forget(&copy.sandbox);
            }
        }
        self.parts[part].unread().retain(|name, row| lives.get(&**name) == Some(&row.0));
        self.load_new(&heads).await?;
        *compared = forgotten;
        Ok(heads)
    }

    /// Learns which sandboxes were made since, and whose credentials changed lately, and reads those that were let go of and are still
    /// there. After a while in which nothing was heard, all are looked at.
    ///
    /// # Errors
    /// When a database does not answer.
    pub async fn learn(self: &Arc<Self>) -> Result<(), Fault> {
        let latest = self.machine.latest_place();
        for part in 0..self.parts.len() {
            let asked = now();
            let heads = self.learn_part(part).await?;
            for copy in heads.iter().filter(|head| self.is_behind(head)).filter_map(|head| self.copy(&head.name)) {
                answered(self.catch_up_in_turn(&copy)).await?;
            }
            self.parts[part].is_heard(asked, latest);
        }
        Ok(())
    }

    /// A number that nobody else gets, larger than those before: that of the next life.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_number(&self) -> Result<i64, Fault> {
        let mut hold = self.ledger.begin();
        let number = answered(hold.life()).await?;
        hold.release();
        Ok(number)
    }

    /// Whether all is known here that was before a place in which a sandbox got a credential, so that nobody else had that before. What is
    /// not committed yet has no place, and is waited for with the sandbox.
    #[must_use]
    pub fn knows(&self, since: Option<i64>) -> bool {
        let is_known = |since| since == i64::MAX || self.parts.iter().all(|part| part.known.load(Ordering::Relaxed) >= since);
        since.is_none_or(is_known)
    }

    /// The same for a sandbox of which nothing but the name is known.
    pub(super) async fn learn_of(self: &Arc<Self>, name: &str) -> Result<(), Fault> {
        self.learn_part(self.ledger.part_of(name)).await.map(drop)
    }

    async fn learn_part(self: &Arc<Self>, part: usize) -> Result<Vec<Head>, Fault> {
        let Part { comparing, forgotten, .. } = &self.parts[part];
        let (mut compared, forgotten, heads) = answered(async {
            let compared = comparing.lock().await;
            let forgotten = forgotten.load(Ordering::Acquire);
            let known = self.copies_in(part).iter().map(|copy| copy.known().0).max().unwrap_or_default();
            let latest = if *compared == forgotten && !self.parts[part].is_unheard() { known } else { 0 };
            Ok((compared, forgotten, self.ledger.heads(part, latest).await?))
        })
        .await?;
        self.load_new(&heads).await?;
        *compared = forgotten;
        Ok(heads)
    }

    pub(super) fn copies_in(&self, part: usize) -> Vec<Arc<Copy>> {
        self.copies().values().filter(|copy| copy.part == part).cloned().collect()
    }

    async fn load_new(self: &Arc<Self>, heads: &[Head]) -> Result<(), Fault> {
        for Head { name, mark, .. } in heads {
            if let Some(copy) = self.copy(name) {
                let life = copy.known().0;
                if life == 0 || life >= mark.life || copy.is_default() {
                    continue;
                }
                // It is of an earlier one of that name.
                self.forget(&copy.sandbox);
            }
            let part = &self.parts[self.ledger.part_of(name)];
            match self.load(name).await {
                Err(Fault::Damaged(why)) => {
                    let row = (mark.life, why);
                    let mut unread = part.unread();
                    if unread.get(name) != Some(&row) {
                        tracing::error!(sandbox = &**name, why = row.1, "a sandbox cannot be read here");
                        unread.insert(Arc::clone(name), row);
                    }
                }
                other => {
                    other?;
                    part.unread().remove(name);
                }
            }
        }
        Ok(())
    }

    /// Refuses a sandbox that is there and cannot be read here.
    pub(super) fn is_read(&self, name: &str) -> Result<(), Fault> {
        match self.parts[self.ledger.part_of(name)].unread().get(name) {
            Some((_, why)) => Err(Fault::Damaged(format!("sandbox `{name}` cannot be read here: {why}"))),
            None => Ok(()),
        }
    }

    /// Refuses what is nobody's here, as long as there is a sandbox that cannot be read: it may be that one's.
    ///
    /// # Errors
    /// When there is one.
    pub fn are_read(&self) -> Result<(), Fault> {
        let name = self.parts.iter().find_map(|part| part.unread().keys().next().cloned());
        name.map_or(Ok(()), |name| self.is_read(&name))
    }

    /// Reads a sandbox that is new here.
    async fn load(self: &Arc<Self>, name: &Arc<str>) -> Result<(), Fault> {
        let Some(news) = self.news(name, Since { mark: None, written: 0 }).await? else { return Ok(()) };
        let (machine, own, reads, head) = (Arc::clone(&self.machine), Arc::clone(name), self.reads, news.head.clone());
        let size = news.bytes();
        let load = move || events::load(&machine, &news, reads, |checkpoint| Ok(machine.revive(&own, checkpoint)));
        let sandbox = apart(self, size, load).await??;
        if self.copy(name).is_some() {
            // One of the name was made here meanwhile.
            return Ok(());
        }
        sandbox.used_at(head.used);
        let copy = Arc::new(Copy::new(&sandbox, self.ledger.part_of(name), Some(head.mark), false));
        copy.began(head.began);
        self.copies().insert(Arc::clone(name), copy);
        if let Err(error) = self.machine.reopen(Arc::clone(&sandbox)) {
            self.forget(&sandbox);
            return Err(Fault::Damaged(error.to_string()));
        }
        Ok(())
    }

    /// The parts in which a commit writes.
    pub(super) fn parts_of(&self, commit: &Commit) -> BTreeSet<usize> {
        let appended = commit.appends.iter().map(|(name, ..)| name).chain(commit.used.iter().map(|(name, _)| name));
        let listed = commit.births.iter().map(|birth| &birth.name).chain(commit.deaths.iter().map(|death| &death.name));
        appended.chain(listed).map(|name| self.ledger.part_of(name)).collect()
    }

    /// Why databases did not answer lately: of each that did not.
    #[must_use]
    pub fn away(&self) -> Vec<String> {
        let away = |part: &Part| part.away.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.parts.iter().filter_map(away).collect()
    }

    /// Which those are, for anybody: neither where they are, nor who asks them.
    #[must_use]
    pub fn out_of_service(&self) -> Vec<String> {
        let count = self.parts.len();
        let of = |(part, number): (&Part, usize)| {
            part.away.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?;
            let which = if count > 1 { format!(" of database {number} of {count}") } else { String::new() };
            Some(format!("the sandboxes{which} are out of service"))
        };
        self.parts.iter().zip(1..).filter_map(of).collect()
    }

    /// Whether one of several databases did not answer lately.
    pub(super) fn is_part_away(&self, part: usize) -> bool {
        self.parts[part].away.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether no database answered lately.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away().len() == self.parts.len()
    }
}
