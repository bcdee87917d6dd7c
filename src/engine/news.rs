//! What another copy of a sandbox has recorded, for those who watch this one.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::engine::happenings::Happening;
use crate::engine::parcels::PARCEL;
use crate::engine::recorder::Record;
use crate::engine::sandbox::Sandbox;
use crate::engine::webhooks::DELIVERY;
use crate::world::{Change, Mismatch};

/// What a parcel or a delivery has behind it.
#[derive(Deserialize)]
struct Past {
    #[serde(alias = "attempts")]
    scans: Vec<IgnoredAny>,
}

impl Sandbox {
    /// Makes the changes that another copy of this sandbox has recorded, and remembers the scans and deliveries among them.
    ///
    /// # Errors
    /// When the records follow from another state than that of this sandbox.
    pub fn follow(&self, records: &[Record]) -> Result<(), Mismatch> {
        let changed: Vec<Happening> = if self.happenings.is_watched() { changed(records).collect() } else { Vec::new() };
        let before: Vec<_> = changed.iter().map(|happening| self.past(happening)).collect();
        self.apply(records)?;
        for (happening, before) in changed.into_iter().zip(before) {
            if before.is_some_and(|before| self.past(&happening).is_some_and(|now| now > before)) {
                self.happenings.put(|| happening);
            }
        }
        Ok(())
    }

    /// How many scans a parcel has, or attempts a delivery; `None` if there is none.
    fn past(&self, of: &Happening) -> Option<usize> {
        let (kind, id) = match of {
            Happening::Scan(id) => (PARCEL, id),
            Happening::Delivery(id) => (DELIVERY, id),
        };
        let state = self.lock();
        let accounts = state.world.accounts();
        let owner = accounts.owner_of(&kind, id)?;
        let past: Past = serde_json::from_str(accounts.get(owner).table(&kind)?.get(id)?).ok()?;
        Some(past.scans.len())
    }
}

/// The parcels and deliveries that were stored.
fn changed(records: &[Record]) -> impl Iterator<Item = Happening> {
    let changes = records.iter().filter_map(|record| if let Record::Changes(changes) = record { Some(changes) } else { None });
    changes.flatten().filter_map(|change| match change {
        Change::Put(_, kind, row) if *kind == PARCEL => Some(Happening::Scan(row.id().into())),
        Change::Put(_, kind, row) if *kind == DELIVERY => Some(Happening::Delivery(row.id().into())),
        _ => None,
    })
}
