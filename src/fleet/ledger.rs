//! What a fleet needs of its database.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::base::entropy::Secret;
use crate::fleet::parts::Parts;

/// A trip to the database and back.
pub type Trip<'t, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 't>>;

/// Why a trip brought nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// The database does not answer, or refuses. Nothing was committed, unless this was the trip of a commit.
    #[error("the database is away: {0}")]
    Away(String),
    /// What it answers is nothing that this version wrote.
    #[error("the ledger is damaged: {0}")]
    Damaged(String),
}

impl Fault {
    /// What anybody may know of it who calls: neither where the database is, nor who asks it.
    #[must_use]
    pub fn in_public(&self) -> &'static str {
        match self {
            Self::Away(_) => "the database is away",
            Self::Damaged(_) => "the ledger is damaged",
        }
    }
}

/// How long a database that is silent is waited for.
const SILENCE: Duration = Duration::from_secs(8);

/// Waits for a turn, and for what the database says then, but not longer than for one trip: others that had their turn before may have
/// waited in vain.
pub(super) async fn answered<T>(trip: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let silent = |_| Err(Fault::Away("it does not answer".to_owned()));
    tokio::time::timeout(SILENCE, trip).await.unwrap_or_else(silent)
}

/// Where a copy of a sandbox stands. The token is a number by chance: a version that was lost with a database that forgot it, and
/// written again by somebody else, has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which of all sandboxes that ever had the name; those that were made later have larger numbers.
    pub life: i64,
    pub version: i64,
    pub token: i64,
}

/// Since when letters of a sandbox count: its life, and the version in which it was reset last, zero if it was not. Later ones are larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Begun {
    pub life: i64,
    pub version: i64,
}

impl Begun {
    /// What comes after a life: none of it counts any more.
    #[must_use]
    pub fn after(life: i64) -> Self {
        Self { life: life.saturating_add(1), version: 0 }
    }
}

/// The row of a sandbox.
#[derive(Clone, Debug)]
pub struct Head {
    pub name: Arc<str>,
    pub mark: Mark,
    /// The version in which it was reset last.
    pub began: i64,
    /// Bytes written since the latest checkpoint, and of that one.
    pub since_checkpoint: i64,
    pub checkpoint_bytes: i64,
    /// When it was last used, in seconds of the wall's time.
    pub used: i64,
    /// The replica that sends its webhooks, if there is one.
    pub courier: Option<i64>,
}

impl Head {
    #[must_use]
    pub fn begun(&self) -> Begun {
        Begun { life: self.mark.life, version: self.began }
    }
}

/// What a copy has already.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// `None` if it has nothing that can be gone on with.
    pub mark: Option<Mark>,
    /// The number of the latest exchange in its journal.
    pub written: u64,
}

/// What one commit wrote to a sandbox, whatever else it wrote.
#[derive(Clone, Debug)]
pub struct Row {
    pub version: i64,
    /// The token of the version that it follows.
    pub before: i64,
    pub events: Vec<u8>,
}

/// What a copy needs, to be as new as the ledger.
#[derive(Clone, Debug)]
pub struct News {
    pub head: Head,
    /// Whether the rows begin with a checkpoint, in place of what the copy has.
    pub is_whole: bool,
    /// Of a sandbox that is held: whether there is more than one statement reads, or the copy has nothing that can be gone on with. The
    /// copy has to catch up first, without holding the sandbox; there are no rows, and no exchanges.
    pub is_more: bool,
    /// In order, without a gap. What is in parts has to be read by these.
    pub rows: Vec<Row>,
    /// Numbers and bytes of exchanges, in order.
    pub exchanges: Vec<(u64, Vec<u8>)>,
}

impl News {
    /// The bytes that it has.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let rows: usize = self.rows.iter().map(|row| row.events.len()).sum();
        rows + self.exchanges.iter().map(|(_, body)| body.len()).sum::<usize>()
    }
}

/// What a section did to a sandbox.
#[derive(Clone, Debug, Default)]
pub struct Append {
    pub events: Vec<u8>,
    /// What was written before, if that is not the events themselves.
    pub parts: Option<Parts>,
    pub exchanges: Vec<(u64, Vec<u8>)>,
    /// The exchanges up to this number are gone.
    pub cleared: Option<u64>,
    /// Exchanges that are gone besides.
    pub unlisted: Vec<u64>,
    /// Exchanges that may be there already, and are written again: their answers have ended since.
    pub again: Vec<u64>,
    /// With a checkpoint: exchanges below this number are gone.
    pub checkpoint: Option<u64>,
    /// Whether its credentials may be others now.
    pub readdresses: bool,
    /// Whether its letters count from now on.
    pub begins_anew: bool,
    pub used: i64,
}

impl Append {
    /// The bytes that it writes.
    #[must_use]
    pub fn bytes(&self) -> i64 {
        let exchanges: usize = self.exchanges.iter().map(|(_, bytes)| bytes.len()).sum();
        let parts = self.parts.as_ref().map_or(0, |parts| parts.bytes);
        i64::try_from((self.events.len() + exchanges) as u64 + parts).unwrap_or(i64::MAX)
    }
}

/// A checkpoint whose parts are all written, and which is to count from now on.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub name: Arc<str>,
    /// What it stands for: all up to this version, and with it.
    pub mark: Mark,
    /// How much had been written since the checkpoint before.
    pub since: i64,
    pub parts: Parts,
}

/// A sandbox that is new.
#[derive(Clone, Debug)]
pub struct Birth {
    pub name: Arc<str>,
    pub life: i64,
    pub append: Append,
}

/// A sandbox that is gone.
#[derive(Clone, Debug)]
pub struct Death {
    pub name: Arc<str>,
    pub life: i64,
}

/// What a transaction writes when it ends, all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// What names the commit, for ever.
    pub token: i64,
    /// The text that the fleet is begun with, as its first sandbox is made.
    pub begins: Option<String>,
    /// Sandboxes that are held, and where they stood.
    pub appends: Vec<(Arc<str>, Mark, Append)>,
    pub births: Vec<Birth>,
    pub deaths: Vec<Death>,
    /// Sandboxes that are held and were only looked at, and when.
    pub used: Vec<(Arc<str>, i64)>,
}

impl Commit {
    /// By what it is found, unless all that it writes is when sandboxes were used.
    #[must_use]
    pub fn receipt(&self) -> Option<Receipt> {
        let (appended, born) = (self.appends.iter().map(|(name, ..)| name), self.births.iter().map(|birth| &birth.name));
        let name = appended.chain(born).chain(self.deaths.iter().map(|death| &death.name)).next()?;
        Some(Receipt { name: Arc::clone(name), token: self.token })
    }
}

/// By what a commit is found whose end nobody heard of.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub name: Arc<str>,
    pub token: i64,
}

/// A process of the fleet.
#[derive(Clone, Debug)]
pub struct ReplicaRow {
    pub id: i64,
    pub version: String,
    /// It reads the formats up to this one.
    pub reads: u8,
    /// How long ago it was last heard of.
    pub seen: Duration,
}

/// What inboxes begin with in which replicas tell each other something; those of users do not.
pub const AMONG_REPLICAS: char = '\u{1}';

/// A letter on its way to an inbox.
#[derive(Clone, Debug)]
pub struct Letter {
    pub body: Vec<u8>,
    /// The lightest ones make room for others, and of these the oldest.
    pub weight: i16,
}

impl Letter {
    /// The weight of letters that are counted where they make room.
    pub const HEAVY: i16 = 2;
}

impl From<Vec<u8>> for Letter {
    fn from(body: Vec<u8>) -> Self {
        Self { body, weight: 0 }
    }
}

/// What an inbox holds, and how much it had.
#[derive(Clone, Debug, Default, Hash)]
pub struct Letters {
    /// How many it ever received.
    pub received: u64,
    /// How many of them were heavy and made room for others.
    pub dropped_heavy: u64,
    /// The letters that it still has, with their numbers, in order.
    pub letters: Vec<(u64, Vec<u8>)>,
    /// What each sandbox has in it, and those who are none.
    pub shares: Vec<Share>,
}

/// What a sandbox has in an inbox, or all who are none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    pub sandbox: Option<String>,
    /// Since when its letters were counted; the life is zero where an earlier version has written the first of them.
    pub begun: Begun,
    /// How many came since then.
    pub received: u64,
}

/// An inbox, without what is in it.
#[derive(Clone, Debug)]
pub struct InboxRow {
    pub name: String,
    pub letters: u64,
    pub received: u64,
    /// When it received the latest, in microseconds of the wall's time.
    pub latest: Option<i64>,
    /// What each sandbox has in it, and those who are none.
    pub shares: Vec<Share>,
}

/// The records of all sandboxes, in order. It may have several parts, each of which has its own sandboxes.
pub trait Ledger: Send + Sync {
    /// How many parts there are.
    fn parts(&self) -> usize {
        1
    }

    /// The part that has the sandbox of a name, or would have it.
    fn part_of(&self, _: &str) -> usize {
        0
    }

    /// A number by chance, which nobody else has. A ledger that has to do the same again, for a test, has its own.
    fn chance(&self) -> i64 {
        let mut bytes = [0; 8];
        SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
        i64::from_le_bytes(bytes) & i64::MAX
    }

    /// A transaction, in which nothing is held yet.
    fn begin(&self) -> Box<dyn Hold>;

    /// By what a commit is found, if it is.
    fn receipt(&self, commit: &Commit) -> Option<Receipt> {
        commit.receipt()
    }

    /// The rows of all sandboxes of a part that were made after a life, or whose credentials may have changed lately, the oldest first.
    fn heads(&self, part: usize, after: i64) -> Trip<'_, Vec<Head>>;

    /// The rows of those that are named.
    fn heads_of(&self, names: Vec<Arc<str>>) -> Trip<'_, Vec<Head>>;

    /// What a copy needs, without holding the sandbox; `None` if there is none.
    fn news(&self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>>;

    /// How much one statement writes or reads, as far as that can be chosen.
    fn portion(&self) -> usize {
        1 << 20
    }

    /// Writes one of the parts of what a token names, which is for a version of a sandbox, again if that was done before. They count
    /// for nothing until a commit or a checkpoint refers to them, and go after a while without it.
    fn write_part(&self, name: Arc<str>, version: i64, token: i64, number: u32, body: Vec<u8>) -> Trip<'_, ()>;

    /// Reads one; `None` if it is gone, or is not there yet.
    fn part(&self, name: Arc<str>, token: i64, number: u32) -> Trip<'_, Option<Vec<u8>>>;

    /// Whether somebody writes parts for a sandbox now.
    fn is_written(&self, name: Arc<str>) -> Trip<'_, bool>;

    /// Has a checkpoint count, unless there is a later one, what it stands for is not what happened, or some of its parts are gone;
    /// whether it does. Asking twice changes nothing.
    fn set_checkpoint(&self, checkpoint: Checkpoint) -> Trip<'_, bool>;

    /// Removes a portion of what is superfluous in a sandbox: records that its checkpoint stands for, parts that nothing refers to, and
    /// of the life that is given, exchanges below a number. Whether there may be more. Who is behind may still read it for a while.
    fn tidy(&self, name: Arc<str>, below: Option<(i64, u64)>) -> Trip<'_, bool>;

    /// The names of sandboxes of a part of the ledger that have parts which nothing refers to, also of those that are gone.
    fn untidy(&self, part: usize) -> Trip<'_, Vec<Arc<str>>>;

    /// Whether a commit was made whose end nobody heard of. Waits until it cannot be made any more.
    fn is_committed(&self, receipt: Receipt) -> Trip<'_, bool>;

    /// Makes a replica the one that sends the webhooks of a sandbox, for a span of time, unless another one is.
    fn take_lane(&self, name: Arc<str>, courier: i64, span: Duration) -> Trip<'_, bool>;

    /// Gives that up, so that another one need not wait.
    fn leave_lane(&self, name: Arc<str>, courier: i64) -> Trip<'_, ()>;

    /// What all replicas sign with; the first one who brings a secret sets it.
    fn secret(&self, own: Secret) -> Trip<'_, Secret>;

    /// Says in a part that a replica is there, and up to which format it reads; refused where it could not write a commit either.
    fn beat(&self, part: usize, id: i64, version: &'static str, reads: u8) -> Trip<'_, ()>;

    /// The format that all replicas write; the first one who brings one sets it. Who has said before what he reads hears of a later one.
    fn format(&self, own: u8) -> Trip<'_, u8>;

    /// What all replicas have alike; empty while nobody has said so.
    fn options(&self) -> Trip<'_, String>;

    /// Has all replicas have other things alike than `before`, unless somebody has changed that, or replicas were heard of lately, which go
    /// on with that; whether that was done. Where it is only added to what was said before, replicas do not matter.
    fn set_options(&self, before: String, own: String) -> Trip<'_, bool>;

    /// Has all replicas write a format from now on, unless some of those that were heard of lately do not read it: these.
    fn upgrade(&self, format: u8) -> Trip<'_, Vec<ReplicaRow>>;

    /// The replicas that were heard of lately.
    fn replicas(&self) -> Trip<'_, Vec<ReplicaRow>>;

    /// Adds letters to an inbox, within bounds. They count for the sandbox whose webhooks they are, if they are some, since it has begun.
    /// Those that it had before go, and one from before it has begun does not come.
    fn post(&self, inbox: String, sandbox: Option<(String, Begun)>, letters: Vec<Letter>) -> Trip<'_, ()>;

    /// The letters of an inbox; `None` if there is none of that name. With `opens` there is one from now on.
    fn letters(&self, inbox: String, opens: bool) -> Trip<'_, Option<Letters>>;

    /// All inboxes of users, in the order of their names.
    fn inboxes(&self) -> Trip<'_, Vec<InboxRow>>;

    /// Removes an inbox, with its letters; of one among replicas the letters alone.
    fn clear(&self, inbox: String) -> Trip<'_, ()>;

    /// Removes the letters from before sandboxes have begun so; of an earlier life also inboxes in which nobody else has had a letter.
    fn forget(&self, sandboxes: Vec<(String, Begun)>) -> Trip<'_, ()>;
}

/// A transaction. What it holds, nobody else appends to until it ends; dropping it rolls it back.
pub trait Hold: Send {
    /// Holds the list of sandboxes: nobody else makes or removes one. Returns the text that the fleet was begun with; it is empty before.
    fn lock_list(&mut self) -> Trip<'_, String>;

    /// Holds a sandbox; `None` if there is none. What is new is told if one statement reads it.
    fn lock(&mut self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>>;

    /// Holds, in a transaction that holds nothing yet, what was held before: the list, and sandboxes, if all of these still stand where
    /// they did; whether that is so.
    fn lock_again(&mut self, list: bool, marks: Vec<(Arc<str>, Mark)>) -> Trip<'_, bool>;

    /// The next life of all, for a sandbox that is made while the list is held.
    fn life(&mut self) -> Trip<'_, i64>;

    /// Writes and ends. An error leaves open whether it was written.
    fn commit(self: Box<Self>, commit: Commit) -> Trip<'static, ()>;

    /// Ends without having written anything.
    fn release(self: Box<Self>);
}
