//! Accounts, and the credentials that open them.
//!
//! An account owns the documents that a call sees. Several credentials may share one, and one vendor may keep two sets of data for one
//! customer (Shippo's test and live mode): those are two accounts. The account with the empty name belongs to the vendor
//! itself and holds what must be found before the caller is known, such as session tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::base::{entropy, json};
use crate::world::documents::{Kind, Row, Table, Undo};

/// Up to so many accounts are searched one by one.
const LINEAR_SEARCH: usize = 8;

/// About what an account takes in memory besides its name and its documents.
const ACCOUNT: usize = 400;

/// About what a window takes.
const WINDOW: usize = 150;

/// About what a credential takes, and each member of it.
const CREDENTIAL: usize = 200;
const MEMBER: usize = 170;

/// The number of an account within its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId(pub u32);

/// The owner of documents within a mount.
#[derive(Clone, Default)]
pub struct Account {
    /// The mount that the account is with: all versions of a vendor's API that live there see the same data.
    pub mount: Name,
    /// Its name; empty for the vendor's own.
    pub name: Arc<str>,
    calls: u64,
    windows: BTreeMap<Name, (Timestamp, u64)>,
    tables: Vec<(Kind, Table)>,
}

/// One row of `accounts` in a scenario: a credential, and the account that it opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// The name of the account that it opens.
    pub account: Arc<str>,
    /// The members of the row, as the vendor's `access.rs` declares them.
    #[serde(with = "json::as_text")]
    pub fields: Arc<Map<String, Value>>,
}

/// All accounts of a world, and all credentials.
#[derive(Clone, Default)]
pub struct Accounts {
    rows: Vec<Account>,
    names: BTreeMap<Name, BTreeMap<Arc<str>, AccountId>>,
    credentials: BTreeMap<Name, Arc<[Credential]>>,
    /// The bytes of all documents of all accounts, and of those that are there only for a reset.
    bytes: usize,
    /// What all of this takes in memory besides.
    overhead: usize,
    pub(super) any_credential: bool,
}

/// These do not compile when there is another member: `persist/world.rs` has to write it, unless it follows from the others.
const _: fn(Account) = |Account { mount: _, name: _, calls: _, windows: _, tables: _ }| ();
const _: fn(Accounts) = |Accounts { rows: _, names: _, credentials: _, bytes: _, overhead: _, any_credential: _ }| ();

impl Credential {
    /// Its members, and the `account` that it opens.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = (*self.fields).clone();
        members.insert("account".to_owned(), (*self.account).into());
        members.into()
    }

    /// A text member of the row; empty when it is missing.
    #[must_use]
    pub fn text(&self, member: &str) -> &str {
        self.field(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether a member of the row is `true`.
    #[must_use]
    pub fn is(&self, member: &str) -> bool {
        self.field(member).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A class of calls of this credential alone.
    #[must_use]
    pub fn class(&self, of_all: &str) -> Name {
        let own = self
            .fields
            .values()
            .filter_map(Value::as_str)
            .fold(0, |own: u64, text| own.rotate_left(1) ^ entropy::fingerprint(text.as_bytes()));
        format!("{of_all}@{own:016x}").into()
    }

    /// Rows are short: looking through one costs less than hashing a name.
    fn field(&self, member: &str) -> Option<&Value> {
        self.fields.iter().find(|(name, _)| *name == member).map(|(_, value)| value)
    }
}

impl Account {
    /// The table of one kind, if anything was ever stored in it.
    #[must_use]
    pub fn table(&self, kind: &Kind) -> Option<&Table> {
        self.tables.iter().find(|(other, _)| other == kind).map(|(_, table)| table)
    }

    /// How many documents of one kind there are.
    #[must_use]
    pub fn count(&self, kind: &Kind) -> usize {
        self.table(kind).map_or(0, Table::len)
    }

    /// Ids and documents of one kind, in the order of creation.
    pub fn rows<'a>(&'a self, kind: &Kind) -> impl DoubleEndedIterator<Item = (&'a str, &'a str)> + use<'a> {
        self.table(kind).into_iter().flat_map(Table::iter)
    }

    /// The number of the table of one kind, made when missing.
    fn table_number(&mut self, kind: &Kind) -> usize {
        self.tables.iter().position(|(other, _)| other == kind).unwrap_or_else(|| {
            self.tables.push((kind.clone(), Table::default()));
            self.tables.len() - 1
        })
    }

    /// The kind and the table of that number.
    pub(super) fn numbered_table(&self, number: u32) -> &(Kind, Table) {
        &self.tables[number as usize]
    }

    /// How many calls it has made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// When the current window of a class of calls began, and how many it has counted.
    #[must_use]
    pub fn window(&self, class: &str) -> Option<(Timestamp, u64)> {
        self.windows.get(class).copied()
    }

    /// All classes of calls that have a window, with when it began and how many it has counted.
    pub fn windows(&self) -> impl Iterator<Item = (&Name, (Timestamp, u64))> {
        self.windows.iter().map(|(class, window)| (class, *window))
    }

    pub fn tables(&self) -> impl Iterator<Item = (&Kind, &Table)> {
        self.tables.iter().map(|(kind, table)| (kind, table))
    }
}

impl Accounts {
    /// Opens an account, which is new.
    pub(super) fn open(&mut self, mount: Name, name: &str) -> AccountId {
        let id = AccountId(u32::try_from(self.rows.len()).expect("fewer accounts than bytes of memory"));
        let name: Arc<str> = Arc::from(name);
        self.overhead += ACCOUNT + name.len();
        self.names.entry(mount.clone()).or_default().insert(Arc::clone(&name), id);
        self.rows.push(Account { mount, name, calls: 0, windows: BTreeMap::new(), tables: Vec::new() });
        id
    }

    /// The same accounts and credentials without a document.
    pub(super) fn without_documents(&self) -> Self {
        let emptied = |account: &Account| Account {
            mount: account.mount.clone(),
            name: Arc::clone(&account.name),
            calls: account.calls,
            windows: account.windows.clone(),
            tables: Vec::new(),
        };
        let tables = self.rows.iter().flat_map(|account| &account.tables);
        Self {
            rows: self.rows.iter().map(emptied).collect(),
            names: self.names.clone(),
            credentials: self.credentials.clone(),
            bytes: 0,
            overhead: self.overhead - tables.map(|(_, table)| table.overhead()).sum::<usize>(),
            any_credential: self.any_credential,
        }
    }

    /// Removes the account that was opened last, for a roll back. Its documents were removed before.
    pub(super) fn close_latest(&mut self) {
        let Some(account) = self.rows.pop() else { return };
        self.overhead -= ACCOUNT
            + account.name.len()
            + account.tables.iter().map(|(_, table)| table.overhead()).sum::<usize>()
            + account.windows.len() * WINDOW;
        if let Some(names) = self.names.get_mut(&account.mount) {
            names.remove(&account.name);
        }
    }

    /// The account of that name, if it was ever opened.
    #[must_use]
    pub fn find(&self, mount: &str, name: &str) -> Option<AccountId> {
        // Most worlds have a handful of accounts, which are looked at next: going through them costs less than two more trees.
        if self.rows.len() <= LINEAR_SEARCH {
            return self.iter().find(|(_, row)| *row.name == *name && *row.mount == *mount).map(|(id, _)| id);
        }
        self.names.get(mount)?.get(name).copied()
    }

    /// The account with that number.
    ///
    /// # Panics
    /// If the number is of another world.
    #[must_use]
    pub fn get(&self, id: AccountId) -> &Account {
        self.rows.get(id.0 as usize).expect("account numbers come from this world")
    }

    fn get_mut(&mut self, id: AccountId) -> &mut Account {
        self.rows.get_mut(id.0 as usize).expect("account numbers come from this world")
    }

    pub(super) fn set_calls(&mut self, account: AccountId, calls: u64) {
        self.get_mut(account).calls = calls;
    }

    /// Sets the window of a class of calls, and returns the window before.
    pub(super) fn set_window(&mut self, account: AccountId, class: Name, window: Option<(Timestamp, u64)>) -> Option<(Timestamp, u64)> {
        let windows = &mut self.get_mut(account).windows;
        let is_set = window.is_some();
        let before = match window {
            Some(window) => windows.insert(class, window),
            None => windows.remove(&class),
        };
        self.overhead = self.overhead + usize::from(is_set) * WINDOW - usize::from(before.is_some()) * WINDOW;
        before
    }

    /// Stores a document. Returns the number of its table, and what [`Accounts::revert`] needs.
    pub(super) fn put(&mut self, account: AccountId, kind: &Kind, row: Row) -> (u32, Undo) {
        let owner = self.get_mut(account);
        let tables = owner.tables.len();
        let number = owner.table_number(kind);
        if owner.tables.len() > tables {
            self.overhead += Table::default().overhead();
        }
        (u32::try_from(number).expect("kinds are few"), self.counted(account, number, |table| table.put(row)))
    }

    /// Removes a document, if there is one.
    pub(super) fn remove(&mut self, account: AccountId, kind: &Kind, id: &str) -> Option<(u32, Undo)> {
        let number = self.get(account).tables.iter().position(|(other, _)| other == kind)?;
        let undo = self.counted(account, number, |table| table.remove(id))?;
        Some((u32::try_from(number).expect("kinds are few"), undo))
    }

    /// Reverts the latest write to a table. A table that was made for it goes, too.
    pub(super) fn revert(&mut self, account: AccountId, table: u32, undo: Undo) {
        let made_it = undo.position == 0 && undo.before.is_none();
        self.counted(account, table as usize, |table| table.revert(undo));
        let tables = &mut self.get_mut(account).tables;
        if made_it && tables.len() == table as usize + 1 {
            let gone = tables.pop().map_or(0, |(_, table)| table.overhead());
            self.overhead -= gone;
        }
    }

    /// The bytes of all documents of all accounts, and of those that are there only for a reset.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// About the bytes that all of this takes in memory besides.
    #[must_use]
    pub fn overhead(&self) -> usize {
        self.overhead
    }

    fn counted<T>(&mut self, account: AccountId, table: usize, write: impl FnOnce(&mut Table) -> T) -> T {
        let table = &mut self.get_mut(account).tables[table].1;
        let size = |table: &Table| (table.bytes() + table.bytes_for_reset(), table.overhead());
        let before = size(table);
        let done = write(table);
        let after = size(table);
        self.bytes = self.bytes + after.0 - before.0;
        self.overhead = self.overhead + after.1 - before.1;
        done
    }

    /// Makes the present documents those that a reset goes back to.
    pub(super) fn mark_initial(&mut self) {
        let tables = self.rows.iter_mut().flat_map(|account| &mut account.tables);
        for (_, table) in tables {
            self.bytes -= table.bytes_for_reset();
            table.mark_initial();
        }
    }

    /// All accounts with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        self.rows.iter().enumerate().map(|(index, row)| (AccountId(u32::try_from(index).expect("counted on insertion")), row))
    }

    /// All documents, each with its account, kind and id.
    pub fn documents(&self) -> impl Iterator<Item = (&Account, &Kind, &str, &str)> {
        let tables = self.rows.iter().flat_map(|account| account.tables().map(move |(kind, table)| (account, kind, table)));
        tables.flat_map(|(account, kind, table)| table.iter().map(move |(id, body)| (account, kind, id, body)))
    }

    /// The first account that has a document of that kind and id.
    #[must_use]
    pub fn owner_of(&self, kind: &Kind, id: &str) -> Option<AccountId> {
        self.iter().find(|(_, account)| account.table(kind).is_some_and(|table| table.get(id).is_some())).map(|(owner, _)| owner)
    }

    /// The mounts that have credentials.
    pub fn mounts(&self) -> impl Iterator<Item = &Name> {
        self.credentials.keys()
    }

    /// The credentials of one mount.
    #[must_use]
    pub fn credentials(&self, mount: &str) -> Arc<[Credential]> {
        self.credentials.get(mount).cloned().unwrap_or_else(|| Arc::from([]))
    }

    /// Whether any credential is accepted (`credentials: any`).
    #[must_use]
    pub fn accepts_any_credential(&self) -> bool {
        self.any_credential
    }

    /// Replaces the credentials of one mount, and returns those before.
    pub(super) fn set_credentials(&mut self, mount: Name, rows: Option<Arc<[Credential]>>) -> Option<Arc<[Credential]>> {
        self.overhead += rows.as_deref().map_or(0, bytes_of);
        let before = match rows {
            Some(rows) => self.credentials.insert(mount, rows),
            None => self.credentials.remove(&mount),
        };
        self.overhead -= before.as_deref().map_or(0, bytes_of);
        before
    }
}

/// About what credentials take in memory.
fn bytes_of(rows: &[Credential]) -> usize {
    let row = |row: &Credential| {
        let members = row.fields.iter().map(|(name, value)| MEMBER + name.len() + json::allocated(value));
        CREDENTIAL + row.account.len() + members.sum::<usize>()
    };
    rows.iter().map(row).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_mount_and_name_however_many_there_are() {
        for count in [1, LINEAR_SEARCH, LINEAR_SEARCH + 1, 3 * LINEAR_SEARCH] {
            let mut accounts = Accounts::default();
            let names: Vec<String> = (0..count).map(|index| index.to_string()).collect();
            let opened: Vec<AccountId> = names.iter().map(|name| accounts.open("one".into(), name)).collect();
            let found: Vec<_> = names.iter().filter_map(|name| accounts.find("one", name)).collect();
            assert_eq!(found, opened);
            assert_eq!((accounts.find("two", "0"), accounts.find("one", "x")), (None, None));
            let other = accounts.open("two".into(), "0");
            assert_eq!((accounts.find("two", "0"), accounts.find("one", "0")), (Some(other), Some(opened[0])));
            accounts.close_latest();
            assert_eq!(accounts.find("two", "0"), None);
        }
    }

    #[test]
    fn bytes_are_those_of_all_tables_whatever_is_reverted() {
        let mut accounts = Accounts::default();
        let (first, second) = (accounts.open("one".into(), "a"), accounts.open("one".into(), "b"));
        let kind = Kind::new("box");
        let row = |text: &str| Row::new(1, text);
        let (table, _) = accounts.put(first, &kind, row("1{}"));
        assert_eq!(accounts.put(second, &kind, row("1[1]")).0, table);
        assert_eq!((accounts.bytes(), accounts.owner_of(&kind, "1"), accounts.owner_of(&kind, "2")), (7, Some(first), None));
        let before = accounts.overhead();
        let (table, undo) = accounts.put(first, &Kind::new("bag"), row("1{}"));
        accounts.revert(first, table, undo);
        assert_eq!((accounts.bytes(), accounts.overhead()), (7, before), "nothing is left of a table that was made for it");
        let (table, undo) = accounts.put(first, &kind, row("1[1,2]"));
        assert_eq!(accounts.bytes(), 10);
        accounts.revert(first, table, undo);
        assert_eq!(accounts.bytes(), 7);
        let (table, undo) = accounts.remove(second, &kind, "1").expect("it is there");
        assert_eq!((accounts.bytes(), accounts.documents().count()), (3, 1));
        accounts.revert(second, table, undo);
        assert_eq!((accounts.bytes(), accounts.documents().count()), (7, 2));
        let emptied = accounts.without_documents();
        let tables: usize = accounts.rows.iter().flat_map(|row| &row.tables).map(|(_, table)| table.overhead()).sum();
        assert_eq!((emptied.bytes(), emptied.documents().count(), emptied.overhead()), (0, 0, before - tables));
        assert_eq!((emptied.find("one", "a"), emptied.find("two", "b")), (Some(first), None));
    }
}
