//! ShipStation: version 1 (orders, stores and labels behind Basic auth) and version 2 (shipments, labels and batches behind an API
//! key). Both are views of one account: an order of version 1 is a shipment of version 2, a shipment of version 1 is a label of
//! version 2, and `se-<n>` is the carrier whose `shippingProviderId` is n.
//!
//! ```text
//! access.rs     keys, plans and what they include
//! catalog.rs    carriers, and what a new account starts with
//! wire.rs       what both versions store, and ids
//! wire/         orders, labels, addresses and amounts
//! rates.rs      what a label costs
//! labels.rs     labels: bought, voided, drawn
//! webhooks.rs   the events of both versions
//! v1/, v2/      what each version says
//! ```

mod access;
mod catalog;
mod labels;
mod rates;
pub mod v1;
pub mod v2;
mod webhooks;
mod wire;

use serde_json::{Value, json};

use crate::world::Account;

/// The mount of both versions.
pub const MOUNT: &str = "shipstation";

/// `$state.orders`, `$state.labels` and `$state.balance`: what the account has.
fn state(account: &Account) -> Value {
    let profile = account.table(&wire::PROFILE).and_then(|table| serde_json::from_str::<wire::Profile>(table.get(wire::ONLY)?).ok());
    json!({"orders": account.count(&wire::ORDER), "labels": account.count(&wire::LABEL), "balance": profile.map(|profile| profile.balance)})
}
