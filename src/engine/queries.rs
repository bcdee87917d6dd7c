//! Documents of all accounts of a sandbox, for those who look at it from outside: the admin API, verification, and tests.

use serde::de::DeserializeOwned;

use crate::carrier::Parcel;
use crate::carrier::timeline::Next;
use crate::engine::parcels::{self, PARCEL};
use crate::engine::sandbox::Sandbox;
use crate::engine::state::State;
use crate::engine::webhooks::{DELIVERY, Delivery, FORGOTTEN};
use crate::world::{Account, Kind, Row, Table};

impl State {
    /// The ids and stored documents of a kind with their accounts: account by account, in the order of creation.
    pub fn rows(&self, kind: Kind) -> impl Iterator<Item = (&Account, &str, &str)> {
        let accounts = self.world.accounts().iter();
        accounts.flat_map(move |(_, account)| account.rows(&kind).map(move |(id, body)| (account, id, body)))
    }

    /// The documents of a kind with their accounts: account by account, in the order of creation. Documents that are not a `T`,
    /// which an imported file may have, are left out.
    pub fn documents<T: DeserializeOwned>(&self, kind: Kind) -> impl Iterator<Item = (&Account, T)> {
        let accounts = self.world.accounts().iter();
        accounts.flat_map(move |(_, account)| {
            let documents = account.rows(&kind).filter_map(|(_, body)| serde_json::from_str(body).ok());
            documents.map(move |document| (account, document))
        })
    }

    /// What the timeline of an account's parcel holds for it: at most so many steps, up to the first that waits for something other than
    /// its time.
    #[must_use]
    pub fn plan(&self, account: &Account, parcel: &Parcel, most: usize) -> Vec<Next> {
        parcels::plan(&*self.scenario, account, parcel, most)
    }

    /// How many deliveries were removed to keep the budget of their accounts.
    #[must_use]
    pub fn forgotten_deliveries(&self) -> u64 {
        self.documents::<u64>(FORGOTTEN).map(|(_, count)| count).sum()
    }
}

impl Sandbox {
    /// All deliveries: account by account, in the order of creation.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.documents(&DELIVERY)
    }

    /// All parcels: account by account, in the order of creation.
    #[must_use]
    pub fn parcels(&self) -> Vec<Parcel> {
        self.documents(&PARCEL)
    }

    /// How many parcels each account has.
    #[must_use]
    pub fn parcel_counts(&self) -> Vec<usize> {
        self.lock().world.accounts().iter().map(|(_, account)| account.count(&PARCEL)).collect()
    }

    /// The tracking numbers of those that were made since each account had so many.
    #[must_use]
    pub fn newest_parcels(&self, counts: &[usize]) -> Vec<String> {
        let state = self.lock();
        let mut found = Vec::new();
        for (number, (_, account)) in state.world.accounts().iter().enumerate() {
            let new = account.count(&PARCEL).saturating_sub(counts.get(number).copied().unwrap_or_default());
            let rows = account.table(&PARCEL).into_iter().flat_map(|table| table.rows().rev().take(new));
            let at = found.len();
            found.extend(rows.map(|row| row.id().to_owned()));
            found[at..].reverse();
        }
        found
    }

    /// All documents of a kind, which are read while others may use the sandbox.
    fn documents<T: DeserializeOwned>(&self, kind: &Kind) -> Vec<T> {
        let state = self.lock();
        let tables = state.world.accounts().iter().filter_map(|(_, account)| account.table(kind));
        let rows: Vec<Row> = tables.flat_map(Table::rows).cloned().collect();
        drop(state);
        rows.iter().filter_map(|row| serde_json::from_str(row.body()).ok()).collect()
    }
}
