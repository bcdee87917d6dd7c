//! A sandbox that comes from a file is held against the tables of its vendors before it is taken, so that no call meets a document of
//! another shape later.

use serde_json::Value;

use crate::engine::machine::Machine;
use crate::engine::parcels;
use crate::engine::references::Dangling;
use crate::engine::stored::{self, Stored};
use crate::engine::webhooks::{DELIVERY, Delivery, FORGOTTEN, OVER, SUBSCRIPTION, Subscription};
use crate::world::World;

/// The tables of webhooks, which every vendor has.
const WEBHOOKS: &[Stored] = &[
    Stored::of(SUBSCRIPTION, |text| stored::read::<Subscription>(text)),
    Stored::of(DELIVERY, |text| stored::read::<Delivery>(text)),
    Stored::of(OVER, |text| stored::read::<()>(text)),
    Stored::of(FORGOTTEN, |text| stored::read::<u64>(text)),
];

/// Why a world that comes from a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the file has a table `{kind}` of {mount}, which this version does not have")]
    Table { mount: String, kind: String },
    #[error("document `{id}` in the table `{kind}` of {mount}, account `{account}`, has another shape than this version reads: {reason}")]
    Document { mount: String, account: String, kind: String, id: String, reason: serde_json::Error },
    #[error("document `{id}` in the table `{kind}` of {mount}, account `{account}`, names {dangling}")]
    Reference { mount: String, account: String, kind: String, id: String, dangling: Box<Dangling> },
}

impl Machine {
    /// Reads each document of a world by the type that will read it, and looks for what it names.
    ///
    /// # Errors
    /// The first one that is of another shape, names what is not there, or is in a table that no vendor has.
    pub fn check_documents(&self, world: &World) -> Result<(), Unreadable> {
        for (_, account) in world.accounts().iter() {
            let versions = || self.vendors().all().iter().filter(|vendor| vendor.mount == account.mount);
            let known: Vec<&Stored> = versions().flat_map(|vendor| &*vendor.stored).chain(parcels::STORED).chain(WEBHOOKS).collect();
            for (kind, table) in account.tables().filter(|(_, table)| !table.is_empty()) {
                let (mount, name) = (|| account.mount.to_string(), || kind.0.to_string());
                let stored = known.iter().find(|stored| stored.is_of(account, kind));
                let stored = stored.ok_or_else(|| Unreadable::Table { mount: mount(), kind: name() })?;
                let references: Vec<_> = versions().flat_map(|vendor| vendor.references).filter(|place| place.from == *kind).collect();
                for (id, body) in table.iter() {
                    (stored.read)(body).map_err(|reason| Unreadable::Document {
                        mount: mount(),
                        account: account.name.to_string(),
                        kind: name(),
                        id: id.to_owned(),
                        reason,
                    })?;
                    let document = if references.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap_or_default() };
                    if let Some(dangling) = references.iter().find_map(|place| place.dangling(account, &document)) {
                        let (account, id) = (account.name.to_string(), id.to_owned());
                        return Err(Unreadable::Reference { mount: mount(), account, kind: name(), id, dangling: Box::new(dangling) });
                    }
                }
            }
        }
        Ok(())
    }
}
