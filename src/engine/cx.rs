//! The context of a handler: its only access to state, time and randomness.
//!
//! **Invariant:** a handler reaches documents, time and randomness through [`Cx`] alone. It does no I/O and holds no lock, and
//! whatever it changed before it refused is rolled back, so it may be run twice, and against any store.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rand::RngExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::entropy::{self, Rng, Secret};
use crate::base::json;
use crate::base::name::Name;
use crate::base::time::{self, Timestamp};
use crate::engine::auth;
use crate::engine::business::WantedFailure;
use crate::engine::call::Call;
use crate::engine::pace::Hurry;
use crate::engine::public_urls::PublicUrls;
use crate::engine::reachability::Reachability;
use crate::engine::refusal::{Denial, Refusal};
use crate::engine::scenario::{ScenarioRuntime, drawn};
use crate::engine::vendor::Vendor;
use crate::spec::Catalog;
use crate::world::{Account, AccountId, Blame, Credential, Kind, Note, Row, Table, Task, World};

/// The context of one call, or of one due task.
pub struct Cx<'w> {
    pub now: Timestamp,
    /// The random stream of this call of this account.
    pub rng: Rng,
    /// The stream of secrets of this call, once one was drawn.
    secrets: Option<Rng>,
    /// The call; of a due task, an empty one.
    pub call: &'w Call<'w>,
    /// The credential that the caller presented.
    pub credential: Credential,
    /// The documents of the caller's account.
    pub docs: Docs<'w>,
    /// Remarks for the journal and `seatrial-notes`.
    pub notes: Vec<Note>,
    /// The business failure that the scenario wants of the call.
    pub(crate) failure: Option<&'w WantedFailure>,
    /// The business failures that were asked for, whether wanted or not, each once.
    pub(crate) asked: RefCell<Vec<&'static str>>,
    /// How many scans the parcels had that the call cancels, by tracking number.
    pub(super) cancelled: BTreeMap<String, usize>,
    /// The name of the sandbox.
    pub sandbox: &'w str,
    /// All vendors of the machine.
    pub(crate) vendors: &'w [Arc<Vendor>],
    pub(crate) vendor: &'w Vendor,
    pub(crate) documents: &'w dyn Documents,
    pub(crate) scenario: &'w dyn ScenarioRuntime,
    pub(crate) public_urls: &'w PublicUrls,
    pub(crate) reachability: &'w Reachability,
}

/// The OpenAPI documents of the machine.
pub(crate) trait Documents {
    /// The operations and schemas in that of a vendor.
    fn catalog(&self, vendor: &str) -> &Catalog;
}

/// How many bytes of documents are read for one answer, and of how many values those behind the first mebibyte may be: a value
/// takes up to a hundred times its text.
const MOST_BYTES: usize = 32 << 20;
const MOST_VALUES: usize = 500_000;
const UNWEIGHED: usize = 1 << 20;

/// How many bytes of documents a list passes over to find the members that it filters and sorts by. What is read of them counts so many
/// times: it takes as much longer.
const MOST_PASSED: usize = 256 << 20;
pub(super) const READ: usize = 8;

/// The documents of one account.
pub struct Docs<'w> {
    pub(crate) world: &'w mut World,
    account: AccountId,
    /// Whether more was to be read than fits into one answer.
    exceeded: Cell<bool>,
    /// How many bytes lists have passed over.
    passed: Cell<usize>,
    /// What is still read, where there is little time.
    hurry: Option<&'w Hurry>,
}

/// What is still read for one answer.
struct Reading {
    bytes: Cell<usize>,
    values: Cell<usize>,
}

impl Reading {
    fn new() -> Self {
        Self { bytes: Cell::new(MOST_BYTES), values: Cell::new(MOST_VALUES) }
    }

    /// Whether one more document fits.
    fn takes(&self, body: &str) -> bool {
        let left = self.bytes.get().saturating_sub(body.len());
        self.bytes.set(left);
        if left < MOST_BYTES - UNWEIGHED {
            self.values.set(self.values.get().saturating_sub(json::count_values(body.as_bytes())));
        }
        left > 0 && self.values.get() > 0
    }
}

impl<'w> Cx<'w> {
    /// A context over a world.
    pub(crate) fn new(world: &'w mut World, scenario: &'w dyn ScenarioRuntime, scope: Scope<'w>, credential: Credential, rng: Rng) -> Self {
        Self {
            now: scope.now,
            rng,
            secrets: None,
            call: scope.call,
            credential,
            docs: Docs::of(world, scope.account, scope.hurry),
            notes: Vec::new(),
            failure: None,
            asked: RefCell::default(),
            cancelled: BTreeMap::new(),
            sandbox: scope.sandbox,
            public_urls: scope.public_urls,
            reachability: scope.reachability,
            vendors: scope.vendors,
            vendor: scope.vendor,
            documents: scope.documents,
            scenario,
        }
    }

    /// What is said of the business failure of that name, if the scenario wants it of this call.
    #[must_use]
    pub fn fails(&self, name: &'static str) -> Option<&'w str> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&name) {
            asked.push(name);
        }
        self.failure?.told_by_handler(name)
    }

    /// The same for one of several things that the call is about, by its number from 1. Where the scenario wants it of others alone, nobody
    /// has asked for it.
    #[must_use]
    pub fn fails_for(&self, name: &'static str, number: u64) -> Option<&'w str> {
        let account = self.docs.account();
        // Other numbers than those of conditions, which count from 1.
        let place = usize::MAX - usize::try_from(number).unwrap_or_default();
        let drawn = || drawn((self.docs.world.seed(), account.calls()), &account.name, place);
        if self.failure.is_some_and(|failure| !failure.is_of(number, drawn)) { None } else { self.fails(name) }
    }

    /// Schedules a task about a document of this account; [`Vendor::due`] is called with it at `at`.
    pub fn schedule_at(&mut self, at: Timestamp, topic: impl Into<Name>, subject: &str, step: u32) {
        if at == Timestamp::MAX {
            // The calendar ends here, and what follows from what is due now would be due now again.
            return;
        }
        let task = Task { account: self.docs.account, vendor: self.vendor.id.clone(), topic: topic.into(), subject: subject.into(), step };
        self.docs.world.schedule(at.max(self.now), task);
    }

    /// Like [`Cx::schedule_at`], after a delay.
    pub fn schedule_in(&mut self, delay: jiff::SignedDuration, topic: impl Into<Name>, subject: &str, step: u32) {
        self.schedule_at(time::shift(self.now, delay), topic, subject, step);
    }

    /// The stream that secrets such as tokens are drawn from: nobody can foretell it, unless somebody asked for the seed. What else is
    /// drawn is the same in both cases.
    pub fn secrets(&mut self) -> &mut Rng {
        let secret = self.secret();
        self.secrets.get_or_insert_with(|| secret.map_or_else(|| self.rng.clone(), |secret| entropy::secrets_at(secret, &self.rng)))
    }

    /// What this sandbox signs tokens with besides their key.
    #[must_use]
    pub fn secret(&self) -> Option<Secret> {
        self.docs.world.secret()
    }

    /// An id of this account that counts up, when `given` ids were given before, and that no document of `kind` has. The first one is
    /// `usual` under the default seed, and elsewhere a number of `range` by the seed, so that sandboxes do not share their ids.
    #[must_use]
    pub fn sequential_id(&self, kind: &Kind, usual: u64, range: Range<u64>, given: u64) -> u64 {
        let (seed, parts) = (self.docs.world.seed(), [&*self.vendor.mount, &*self.docs.account().name, "first", &*kind.0]);
        let first = if seed == entropy::DEFAULT_SEED { usual } else { entropy::stream(seed, &parts, 0).random_range(range) };
        (first + given..).find(|id| !self.docs.has(kind.clone(), &id.to_string())).expect("numbers do not end")
    }

    /// All credentials of this vendor, for operations that log in.
    #[must_use]
    pub fn credentials(&self) -> std::sync::Arc<[Credential]> {
        self.docs.world.accounts().credentials(&self.vendor.mount)
    }

    /// What the caller has of what an established customer has: nothing where the row of `accounts` says `state: new`.
    #[must_use]
    pub fn had<'r, T>(&self, rows: &'r [T]) -> &'r [T] {
        if self.credential.text("state") == "new" { &[] } else { rows }
    }

    /// The credential that a well-formed login means: the first of those that is good now, or any of the caller's account where any login
    /// is good and no row says that this one is not. If there is none, the journal says why.
    pub fn log_in(&mut self, is_well_formed: bool, is_meant: impl Fn(&Credential) -> bool) -> Option<Credential> {
        let rows = self.credentials();
        let found = auth::first_good(&rows, self.now, |row| is_well_formed && is_meant(row));
        let denial = found.map_or(Some(Denial::Unknown), |row| row.denial(self.now));
        let Some(denial) = denial else { return found.cloned() };
        if found.is_none() && is_well_formed && self.docs.world.accounts().accepts_any_credential() {
            let own = rows.iter().find(|row| row.account == self.credential.account);
            return own.or(rows.first()).cloned();
        }
        self.notes.push(auth::login_denied(denial, self.sandbox));
        None
    }

    /// Switches to the account of a credential, as a login does: to its documents, random stream and count of calls.
    pub fn switch_account(&mut self, credential: Credential) {
        let world = &mut *self.docs.world;
        self.docs.account = world.open_account(&self.vendor.mount, &credential.account);
        let calls = world.count_call(self.docs.account);
        self.rng = entropy::stream(world.seed(), &[&self.vendor.id, &credential.account], calls);
        self.credential = credential;
    }

    /// The vendor whose rule this is.
    #[must_use]
    pub fn vendor_id(&self) -> &'w str {
        &self.vendor.id
    }

    /// The operations and schemas of the vendor's document.
    pub(crate) fn catalog(&self) -> &'w Catalog {
        self.documents.catalog(&self.vendor.id)
    }

    /// Adds a remark for the journal.
    pub fn note(&mut self, code: &'static str, blame: Blame, detail: impl Into<String>) {
        self.notes.push(Note::new(code, blame, detail));
    }
}

/// The vendor, account, call and time that a [`Cx`] is created for.
pub(crate) struct Scope<'w> {
    pub now: Timestamp,
    pub call: &'w Call<'w>,
    pub sandbox: &'w str,
    pub public_urls: &'w PublicUrls,
    pub reachability: &'w Reachability,
    pub vendors: &'w [Arc<Vendor>],
    pub vendor: &'w Vendor,
    pub documents: &'w dyn Documents,
    pub account: AccountId,
    pub hurry: Option<&'w Hurry>,
}

impl<'w> Docs<'w> {
    fn of(world: &'w mut World, account: AccountId, hurry: Option<&'w Hurry>) -> Self {
        Self { world, account, exceeded: Cell::new(false), passed: Cell::new(0), hurry }
    }
}

impl Docs<'_> {
    /// The document with that id.
    ///
    /// # Panics
    /// If it was stored from another type.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, kind: Kind, id: &str) -> Option<T> {
        self.raw(kind, id).map(json::read)
    }

    /// The document with that id, or a refusal that says that there is none.
    ///
    /// # Errors
    /// `Missing`.
    pub fn require<T: DeserializeOwned>(&self, kind: Kind, id: &str) -> Result<T, Refusal> {
        self.get(kind.clone(), id).ok_or_else(|| Refusal::missing(kind, id))
    }

    /// The document with that id, or a refusal that tells those of other accounts from those that nobody has.
    ///
    /// # Errors
    /// `Foreign` or `Missing`.
    pub fn require_own<T: DeserializeOwned>(&self, kind: Kind, id: &str) -> Result<T, Refusal> {
        self.require(kind.clone(), id).map_err(|missing| {
            let is_foreign = self.exists_in_other_account(kind.clone(), id);
            if is_foreign { Refusal::Foreign { kind, id: id.to_owned() } } else { missing }
        })
    }

    /// The document with that id as it is stored: compact JSON.
    #[must_use]
    pub fn raw(&self, kind: Kind, id: &str) -> Option<&str> {
        self.world.accounts().get(self.account).table(&kind)?.get(id).filter(|body| self.has_time_for(body))
    }

    /// Whether there is time to read a document; if not, the handler is rolled back in the end.
    fn has_time_for(&self, body: &str) -> bool {
        self.hurry.is_none_or(|hurry| hurry.takes(READ * body.len()))
    }

    /// A member of the document with that id, of which nothing else is read.
    #[must_use]
    pub fn member<T: DeserializeOwned>(&self, kind: Kind, id: &str, pointer: &str) -> Option<T> {
        json::at(self.raw(kind, id)?, pointer).map(json::read)
    }

    /// Whether there is a document with that id.
    #[must_use]
    pub fn has(&self, kind: Kind, id: &str) -> bool {
        self.account().table(&kind).is_some_and(|table| table.get(id).is_some())
    }

    /// Whether another account of the same mount has a document with that id.
    #[must_use]
    pub fn exists_in_other_account(&self, kind: Kind, id: &str) -> bool {
        let own = &self.world.accounts().get(self.account).mount;
        let mut others = self.world.accounts().iter().filter(|(other, account)| *other != self.account && account.mount == *own);
        others.any(|(_, account)| account.table(&kind).is_some_and(|table| table.get(id).is_some()))
    }

    /// Stores a document. A known id keeps its place in the order of creation.
    ///
    /// # Panics
    /// If the document cannot be JSON.
    pub fn put<T: Serialize + ?Sized>(&mut self, kind: Kind, id: &str, document: &T) {
        self.world.put(self.account, &kind, id, |out| {
            serde_json::to_writer(json::Output(out), document).expect("documents have text keys and are written to memory");
        });
    }

    /// Removes a document; whether there was one.
    pub fn remove(&mut self, kind: Kind, id: &str) -> bool {
        self.world.remove(self.account, &kind, id)
    }

    /// How many documents of a kind there are.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.account().count(&kind)
    }

    /// Ids and stored documents of a kind, oldest first; `rev()` for newest first.
    pub fn rows(&self, kind: Kind) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.account().rows(&kind).filter(|(_, body)| self.has_time_for(body))
    }

    /// The same as rows of their table. Who reads them says so ([`Self::may_pass`], [`Self::may_read`]).
    pub(super) fn stored<'d>(&'d self, kind: &Kind) -> impl DoubleEndedIterator<Item = &'d Row> + use<'d> {
        self.account().table(kind).into_iter().flat_map(Table::rows)
    }

    /// Documents of a kind, oldest first.
    pub fn list<T: DeserializeOwned>(&self, kind: Kind) -> impl DoubleEndedIterator<Item = T> {
        self.rows(kind).map(|(_, body)| json::read(body))
    }

    /// All documents of a kind, oldest first. A handler that is to read more than fits into one answer gets none, and fails in the end.
    pub fn all<T: DeserializeOwned>(&self, kind: Kind) -> Vec<T> {
        let bodies = || self.account().rows(&kind).map(|(_, body)| body);
        if self.may_read(bodies()) { bodies().map(json::read).collect() } else { Vec::new() }
    }

    /// The same by a text that each of them has.
    pub fn all_by<T: DeserializeOwned>(&self, kind: Kind, text: impl Fn(&T) -> String) -> BTreeMap<String, Vec<T>> {
        let mut all: BTreeMap<String, Vec<T>> = BTreeMap::new();
        self.all(kind).into_iter().for_each(|row| all.entry(text(&row)).or_default().push(row));
        all
    }

    /// Whether these documents may be read for one answer; if not, the handler fails in the end.
    pub(super) fn may_read<'d>(&self, mut bodies: impl Iterator<Item = &'d str>) -> bool {
        let reading = Reading::new();
        let fits = bodies.all(|body| self.has_time_for(body) && reading.takes(body));
        self.exceeded.set(self.exceeded.get() || !fits);
        fits
    }

    /// Whether these documents may be passed over for one answer, or read; if not, the handler fails in the end.
    #[must_use]
    pub fn may_pass_all<'d>(&self, bodies: impl IntoIterator<Item = Option<&'d str>>, is_read: bool) -> bool {
        let bytes: usize = bodies.into_iter().flatten().map(str::len).sum();
        self.may_pass(if is_read { READ * bytes } else { bytes })
    }

    /// Whether so many bytes more may be passed over for one answer; if not, the handler fails in the end.
    pub(super) fn may_pass(&self, bytes: usize) -> bool {
        self.passed.set(self.passed.get().saturating_add(bytes));
        let fits = self.passed.get() <= MOST_PASSED && self.hurry.is_none_or(|hurry| hurry.takes(bytes));
        self.exceeded.set(self.exceeded.get() || !fits);
        fits
    }

    /// Whether more was to be read than fits into one answer.
    pub(super) fn has_exceeded(&self) -> bool {
        self.exceeded.get()
    }

    /// The account whose documents these are.
    #[must_use]
    pub fn account(&self) -> &Account {
        self.world.accounts().get(self.account)
    }

    /// One of the vendor's own documents, which belong to no customer; see [`Docs::shared`].
    #[must_use]
    pub fn get_shared<T: DeserializeOwned>(&self, kind: Kind, id: &str) -> Option<T> {
        let shared = self.world.accounts().find(&self.account().mount, "")?;
        self.world.accounts().get(shared).table(&kind)?.get(id).filter(|body| self.has_time_for(body)).map(json::read)
    }

    /// The vendor's own documents, to be changed.
    pub fn shared(&mut self) -> Docs<'_> {
        let mount = self.account().mount.clone();
        let account = self.world.open_account(mount, "");
        Docs::of(self.world, account, self.hurry)
    }
}
