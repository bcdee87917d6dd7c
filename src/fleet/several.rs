//! A ledger over several databases.
//!
//! Each sandbox is in one of them, by rendezvous hashing of its name: of all places, it has the one whose digest with the name is the
//! largest. So they have equal shares, any replica knows where a sandbox is, and one place more would take names from the others
//! without moving any between them. What belongs to the whole fleet is in the first database: what it was begun with, its secret,
//! its replicas, its inboxes, and the numbers of lives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ring::digest::{SHA256, digest};

use crate::base::entropy::Secret;
use crate::fleet::ledger::{
    Begun, Checkpoint, Commit, Fault, Head, Hold, InboxRow, Ledger, Letter, Letters, Mark, News, Receipt, ReplicaRow, Since, Trip,
};

/// Several databases as one ledger.
pub struct Several {
    databases: Arc<[Database]>,
}

/// One of them, and what it is called.
struct Database {
    name: String,
    ledger: Box<dyn Ledger>,
}

/// A transaction in each database that is needed.
struct Transactions {
    databases: Arc<[Database]>,
    /// In the order of the databases.
    open: BTreeMap<usize, Box<dyn Hold>>,
}

/// The place of a name among several.
#[must_use]
pub fn place_of(name: &str, places: usize) -> usize {
    let digest_at = |place: &usize| {
        let digest = digest(&SHA256, format!("{place}/{name}").as_bytes());
        <[u8; 32]>::try_from(digest.as_ref()).unwrap_or_default()
    };
    (0..places).max_by_key(digest_at).unwrap_or_default()
}

impl Database {
    /// A trip to this one, which says so when it fails.
    async fn to<T>(&self, trip: Trip<'_, T>) -> Result<T, Fault> {
        trip.await.map_err(|fault| match fault {
            Fault::Away(why) => Fault::Away(format!("{}: {why}", self.name)),
            Fault::Damaged(why) => Fault::Damaged(format!("{}: {why}", self.name)),
        })
    }
}

impl Several {
    /// A ledger over databases with their names, whose order is never another one. There is at least one.
    #[must_use]
    pub fn new(databases: impl IntoIterator<Item = (String, Box<dyn Ledger>)>) -> Self {
        Self { databases: databases.into_iter().map(|(name, ledger)| Database { name, ledger }).collect() }
    }

    fn of(&self, name: &str) -> &Database {
        &self.databases[self.part_of(name)]
    }

    fn first(&self) -> &Database {
        &self.databases[0]
    }
}

/// What a commit writes in each place, in the order in which that is done. Databases do not commit together: one decides whether all of
/// it counts as done. That is where a sandbox is made or removed. It comes first, while what the new one was copied from is still held;
/// what that did by itself meanwhile it does again. Where none is, it comes last: who has not heard of that one does all of it again.
fn split(commit: Commit, places: usize) -> Vec<(usize, Commit)> {
    let mut parts: Vec<_> = (0..places).map(|place| (place, Commit { token: commit.token, ..Commit::default() })).collect();
    let place = |name: &str| place_of(name, places);
    if let Some(first) = parts.first_mut() {
        first.1.begins = commit.begins;
    }
    commit.appends.into_iter().for_each(|append| parts[place(&append.0)].1.appends.push(append));
    commit.births.into_iter().for_each(|birth| parts[place(&birth.name)].1.births.push(birth));
    commit.deaths.into_iter().for_each(|death| parts[place(&death.name)].1.deaths.push(death));
    commit.used.into_iter().for_each(|used| parts[place(&used.0)].1.used.push(used));
    parts.retain(|(_, part)| rank(part).is_some());
    parts.sort_by_key(|(_, part)| rank(part));
    parts
}

/// When a part is written among the others; `None` if there is nothing to write.
fn rank(part: &Commit) -> Option<u8> {
    let Commit { begins, appends, births, deaths, used, .. } = part;
    // What the fleet is begun with counts for nothing before its first sandbox is there.
    let ranks = [begins.is_none(), births.is_empty() && deaths.is_empty(), appends.is_empty(), used.is_empty()];
    ranks.into_iter().zip(0..).find_map(|(is_empty, rank)| (!is_empty).then_some(rank))
}

impl Ledger for Several {
    fn parts(&self) -> usize {
        self.databases.len()
    }

    fn part_of(&self, name: &str) -> usize {
        place_of(name, self.databases.len())
    }

    fn receipt(&self, commit: &Commit) -> Option<Receipt> {
        let Commit { token, appends, births, deaths, .. } = commit;
        let listed = births.iter().map(|birth| &birth.name).chain(deaths.iter().map(|death| &death.name));
        let last = listed.max_by_key(|name| self.part_of(name));
        let name = last.or_else(|| appends.iter().map(|(name, ..)| name).max_by_key(|name| self.part_of(name)))?;
        Some(Receipt { name: Arc::clone(name), token: *token })
    }

    fn chance(&self) -> i64 {
        self.first().ledger.chance()
    }

    fn begin(&self) -> Box<dyn Hold> {
        Box::new(Transactions { databases: Arc::clone(&self.databases), open: BTreeMap::new() })
    }

    fn heads(&self, part: usize, after: i64) -> Trip<'_, Vec<Head>> {
        let database = &self.databases[part];
        Box::pin(database.to(database.ledger.heads(0, after)))
    }

    fn heads_of(&self, names: Vec<Arc<str>>) -> Trip<'_, Vec<Head>> {
        Box::pin(async move {
            let mut by_place: BTreeMap<usize, Vec<Arc<str>>> = BTreeMap::new();
            names.into_iter().for_each(|name| by_place.entry(self.part_of(&name)).or_default().push(name));
            let mut heads = Vec::new();
            for (place, names) in by_place {
                let database = &self.databases[place];
                heads.extend(database.to(database.ledger.heads_of(names)).await?);
            }
            Ok(heads)
        })
    }

    fn news(&self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>> {
        let database = self.of(&name);
        Box::pin(database.to(database.ledger.news(name, since)))
    }

    fn portion(&self) -> usize {
        self.first().ledger.portion()
    }

    fn write_part(&self, name: Arc<str>, version: i64, token: i64, number: u32, body: Vec<u8>) -> Trip<'_, ()> {
        let database = self.of(&name);
        Box::pin(database.to(database.ledger.write_part(name, version, token, number, body)))
    }

    fn part(&self, name: Arc<str>, token: i64, number: u32) -> Trip<'_, Option<Vec<u8>>> {
        let database = self.of(&name);
        Box::pin(database.to(database.ledger.part(name, token, number)))
    }

    fn is_written(&self, name: Arc<str>) -> Trip<'_, bool> {
        let database = self.of(&name);
        Box::pin(database.to(database.ledger.is_written(name)))
    }

    fn set_checkpoint(&self, checkpoint: Checkpoint) -> Trip<'_, bool> {
        let database = self.of(&checkpoint.name);
        Box::pin(database.to(database.ledger.set_checkpoint(checkpoint)))
    }

    fn tidy(&self, name: Arc<str>, below: Option<(i64, u64)>) -> Trip<'_, bool> {
        let database = self.of(&name);
        Box::pin(database.to(database.ledger.tidy(name, below)))
    }

    fn untidy(&self, part: usize) -> Trip<'_, Vec<Arc<str>>> {
        let database = &self.databases[part];
        Box::pin(database.to(database.ledger.untidy(0)))
    }

    fn is_committed(&self, receipt: Receipt) -> Trip<'_, bool> {
        let database = self.of(&receipt.name);
        Box::pin(database.to(database.ledger.is_committed(receipt)))
    }

    fn take_lane(&self, name: Arc<str>, courier: i64, span: Duration) -> Trip<'_, bool> {
        let database = self.of(&name);
        Box::pin(database.to(database.ledger.take_lane(name, courier, span)))
    }

    fn leave_lane(&self, name: Arc<str>, courier: i64) -> Trip<'_, ()> {
        let database = self.of(&name);
        Box::pin(database.to(database.ledger.leave_lane(name, courier)))
    }

    fn secret(&self, own: Secret) -> Trip<'_, Secret> {
        Box::pin(self.first().to(self.first().ledger.secret(own)))
    }

    fn beat(&self, part: usize, id: i64, version: &'static str, reads: u8) -> Trip<'_, ()> {
        let database = &self.databases[part];
        Box::pin(database.to(database.ledger.beat(0, id, version, reads)))
    }

    fn format(&self, own: u8) -> Trip<'_, u8> {
        Box::pin(self.first().to(self.first().ledger.format(own)))
    }

    fn options(&self) -> Trip<'_, String> {
        Box::pin(self.first().to(self.first().ledger.options()))
    }

    fn set_options(&self, before: String, own: String) -> Trip<'_, bool> {
        Box::pin(self.first().to(self.first().ledger.set_options(before, own)))
    }

    fn upgrade(&self, format: u8) -> Trip<'_, Vec<ReplicaRow>> {
        Box::pin(self.first().to(self.first().ledger.upgrade(format)))
    }

    fn replicas(&self) -> Trip<'_, Vec<ReplicaRow>> {
        Box::pin(self.first().to(self.first().ledger.replicas()))
    }

    fn post(&self, inbox: String, sandbox: Option<(String, Begun)>, letters: Vec<Letter>) -> Trip<'_, ()> {
        Box::pin(self.first().to(self.first().ledger.post(inbox, sandbox, letters)))
    }

    fn letters(&self, inbox: String, opens: bool) -> Trip<'_, Option<Letters>> {
        Box::pin(self.first().to(self.first().ledger.letters(inbox, opens)))
    }

    fn inboxes(&self) -> Trip<'_, Vec<InboxRow>> {
        Box::pin(self.first().to(self.first().ledger.inboxes()))
    }

    fn clear(&self, inbox: String) -> Trip<'_, ()> {
        Box::pin(self.first().to(self.first().ledger.clear(inbox)))
    }

    fn forget(&self, sandboxes: Vec<(String, Begun)>) -> Trip<'_, ()> {
        Box::pin(self.first().to(self.first().ledger.forget(sandboxes)))
    }
}

impl Hold for Transactions {
    /// The lists of all, always in the same order, so that nobody waits for somebody who waits for him.
    fn lock_list(&mut self) -> Trip<'_, String> {
        Box::pin(async {
            let mut begun = None;
            for (place, database) in self.databases.iter().enumerate() {
                let hold = self.open.entry(place).or_insert_with(|| database.ledger.begin());
                let text = database.to(hold.lock_list()).await?;
                begun.get_or_insert(text);
            }
            Ok(begun.unwrap_or_default())
        })
    }

    fn lock(&mut self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>> {
        let place = place_of(&name, self.databases.len());
        let database = &self.databases[place];
        let hold = self.open.entry(place).or_insert_with(|| database.ledger.begin());
        Box::pin(database.to(hold.lock(name, since)))
    }

    fn lock_again(&mut self, list: bool, marks: Vec<(Arc<str>, Mark)>) -> Trip<'_, bool> {
        Box::pin(async move {
            let mut by_place: BTreeMap<usize, Vec<(Arc<str>, Mark)>> = BTreeMap::new();
            by_place.extend((0..self.databases.len()).filter(|_| list).map(|place| (place, Vec::new())));
            marks.into_iter().for_each(|row| by_place.entry(place_of(&row.0, self.databases.len())).or_default().push(row));
            for (place, marks) in by_place {
                let database = &self.databases[place];
                let hold = self.open.entry(place).or_insert_with(|| database.ledger.begin());
                if !database.to(hold.lock_again(list, marks)).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn life(&mut self) -> Trip<'_, i64> {
        let database = &self.databases[0];
        let hold = self.open.entry(0).or_insert_with(|| database.ledger.begin());
        Box::pin(database.to(hold.life()))
    }

    fn commit(mut self: Box<Self>, commit: Commit) -> Trip<'static, ()> {
        Box::pin(async move {
            for (place, part) in split(commit, self.databases.len()) {
                let database = &self.databases[place];
                let hold = self.open.remove(&place).ok_or_else(|| Fault::Damaged("what is written is not held".to_owned()))?;
                database.to(hold.commit(part)).await?;
            }
            self.release();
            Ok(())
        })
    }

    fn release(self: Box<Self>) {
        self.open.into_values().for_each(|hold| hold.release());
    }
}
