//! Parts in the ledger in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use seatrial::fleet::{Checkpoint, Fault, News, Parts, Since};
use tokio::time::Instant;

use super::{Memory, Shared, Tables};
use crate::fleet::network::now;

/// How long what is superfluous is kept, and how long ago somebody who writes parts has written the latest one.
const KEPT: Duration = Duration::from_secs(60);
const WRITTEN: Duration = Duration::from_secs(10);

/// The version that parts are of, when the latest of them came, and all of them by their numbers.
pub(super) type Numbered = (i64, Instant, BTreeMap<u32, Vec<u8>>);

impl Memory {
    /// Writes and reads so much at once.
    pub fn set_portion(&self, bytes: usize) {
        self.0.portion.store(bytes, Ordering::Relaxed);
    }

    /// Takes so many more parts, and then none for which somebody waits: who writes them dies meanwhile.
    pub fn takes_parts(&self, count: usize) {
        self.0.parts_left.store(count + 1, Ordering::Relaxed);
    }

    /// Takes all parts again.
    pub fn takes_all_parts(&self) {
        self.0.parts_left.store(0, Ordering::Relaxed);
    }

    /// Has no checkpoint count, or again.
    pub fn refuses_checkpoints(&self, refuses: bool) {
        self.0.refuses_checkpoints.store(refuses, Ordering::Relaxed);
    }

    /// How many parts there are of a sandbox, and those of what it refers to.
    pub fn parts(&self, name: &str) -> (usize, usize) {
        let tables = self.tables();
        let own = tables.parts.iter().filter(|((own, _), _)| **own == *name);
        let count = |stray: bool| own.clone().filter(|(key, _)| !stray || tables.refers_to(key)).map(|(_, (.., parts))| parts.len()).sum();
        (count(false), count(true))
    }

    /// Has something else in the place of the parts of a sandbox.
    pub fn damage_parts(&self, name: &str) {
        let mut tables = self.tables();
        let own = tables.parts.iter_mut().filter(|((own, _), _)| **own == *name).flat_map(|(_, (.., parts))| parts.values_mut());
        own.for_each(|part| part[0] ^= 1);
    }
}

impl Shared {
    pub fn portion(&self) -> usize {
        match self.portion.load(Ordering::Relaxed) {
            0 => 1 << 20,
            bytes => bytes,
        }
    }

    /// What is new while the sandbox is held, if it is not much.
    pub fn read_held(&self, name: &str, since: Since) -> Option<News> {
        let news = self.read(name, since)?;
        if !news.is_whole && news.bytes() <= 4 * self.portion() {
            return Some(news);
        }
        Some(News { head: news.head, is_whole: false, is_more: true, rows: Vec::new(), exchanges: Vec::new() })
    }

    pub async fn write_part(&self, name: Arc<str>, version: i64, token: i64, number: u32, body: Vec<u8>) -> Result<(), Fault> {
        self.answers().await?;
        match self.parts_left.load(Ordering::Relaxed) {
            0 => {}
            1 => std::future::pending().await,
            left => self.parts_left.store(left - 1, Ordering::Relaxed),
        }
        assert!(body.len() <= self.portion(), "a part is no larger than a statement writes");
        let mut tables = self.tables();
        let (_, at, parts) = tables.parts.entry((name, token)).or_insert_with(|| (version, now(), BTreeMap::new()));
        *at = now();
        parts.entry(number).or_insert(body);
        Ok(())
    }

    pub async fn part(&self, name: Arc<str>, token: i64, number: u32) -> Result<Option<Vec<u8>>, Fault> {
        self.answers().await?;
        Ok(self.tables().parts.get(&(name, token)).and_then(|(.., parts)| parts.get(&number)).cloned())
    }

    pub async fn has_writer(&self, name: Arc<str>) -> Result<bool, Fault> {
        self.answers().await?;
        Ok(self.tables().parts.iter().any(|((own, _), (_, at, _))| *own == name && at.elapsed() < WRITTEN))
    }

    pub async fn set_checkpoint(&self, checkpoint: Checkpoint) -> Result<bool, Fault> {
        let Checkpoint { name, mark, since, parts } = checkpoint;
        let lock = Arc::clone(self.tables().locks.entry(Arc::clone(&name)).or_default());
        let _held = lock.lock_owned().await;
        self.answers().await?;
        self.is_written()?;
        if self.refuses_checkpoints.load(Ordering::Relaxed) {
            return Err(Fault::Damaged("it is refused".to_owned()));
        }
        let mut tables = self.tables();
        let are_there = tables.are_there(&name, &parts);
        let Some(kept) = tables.sandboxes.get_mut(&name).filter(|kept| kept.head.mark.life == mark.life) else { return Ok(false) };
        let happened = kept.rows.iter().any(|(_, after, row)| (row.version, *after) == (mark.version, mark.token));
        let is_set = kept.apart.as_ref().is_some_and(|own| own.token == parts.token);
        if !is_set && are_there && happened && kept.checkpoint < mark.version {
            (kept.checkpoint, kept.head.checkpoint_bytes) = (mark.version, parts.bytes.cast_signed());
            kept.head.since_checkpoint = (kept.head.since_checkpoint - since).max(0);
            kept.apart = Some(parts);
            return Ok(true);
        }
        Ok(is_set)
    }

    pub async fn tidy(&self, name: Arc<str>, below: Option<(i64, u64)>) -> Result<bool, Fault> {
        self.answers().await?;
        let mut tables = self.tables();
        if let (Some((life, number)), Some(kept)) = (below, tables.sandboxes.get_mut(&name))
            && kept.head.mark.life == life
        {
            kept.exchanges.retain(|own, _| *own >= number);
        }
        let stray = tables.parts.keys().find(|key| key.0 == name && tables.is_stray(key)).cloned();
        Ok(stray.is_some_and(|stray| tables.parts.remove(&stray).is_some()))
    }

    pub async fn untidy(&self) -> Result<Vec<Arc<str>>, Fault> {
        self.answers().await?;
        let tables = self.tables();
        let strays: BTreeSet<_> = tables.parts.keys().filter(|key| tables.is_stray(key)).map(|(name, _)| Arc::clone(name)).collect();
        Ok(strays.into_iter().collect())
    }
}

impl Tables {
    fn refers_to(&self, key: &(Arc<str>, i64)) -> bool {
        let ((name, token), version) = (key, self.parts.get(key).map_or(0, |(version, ..)| *version));
        self.sandboxes.get(name).is_some_and(|kept| {
            let is_checkpoint = kept.apart.as_ref().is_some_and(|parts| parts.token == *token);
            is_checkpoint || kept.rows.iter().any(|(_, after, row)| (row.version, *after) == (version, *token))
        })
    }

    pub fn are_there(&self, name: &Arc<str>, parts: &Parts) -> bool {
        self.parts.get(&(Arc::clone(name), parts.token)).is_some_and(|(.., all)| all.len() == parts.count as usize)
    }

    fn is_stray(&self, key: &(Arc<str>, i64)) -> bool {
        self.parts[key].1.elapsed() > KEPT && !self.refers_to(key)
    }
}
