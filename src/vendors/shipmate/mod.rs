//! Shipmate, API versions 1.1 and 1.2: consignments (later called shipments), labels, tracking and a SKU inventory behind an
//! application key and a user token. Both versions see the data of one account.
//!
//! ```text
//! operations.rs   which operation is which rule
//! access.rs       who may call, and whose data they see
//! rules/          what each rule promises
//! checks.rs       how Laravel reads requests, and how it tells their faults
//! catalog.rs      what a new account starts with, read-only
//! wire.rs         what is stored of a consignment, what the versions call differently, UK time
//! labels.rs       a stored consignment as label rows, and the labels themselves
//! webhooks.rs     what subscribers hear, and how it is worded
//! dialect.rs      refusals in the vendor's words
//! ```

mod access;
mod catalog;
mod checks;
mod dialect;
mod failures;
mod labels;
mod operations;
mod rules;
mod webhooks;
mod wire;

use serde_json::{Value, json};

use crate::base::name::Name;
use crate::engine::Vendor;
use crate::world::Account;

/// The id of version 1.2.
const V1_2: &str = "shipmate_v1_2";

/// Shipmate v1.1.
pub fn vendor() -> Vendor {
    Vendor {
        hosts: Name::list(["api.shipmate.co.uk", "api-staging.shipmate.co.uk"]),
        operations: Box::new(operations::rows),
        credentials: access::credentials,
        accounts: &access::ACCOUNTS,
        identify: Box::new(access::identify),
        authenticate: access::authenticate,
        decode: access::decode,
        reading: checks::READING,
        failures: &failures::FAILURES,
        dialect: dialect::DIALECT,
        scanned: webhooks::scanned,
        label: labels::of,
        stored: wire::STORED.into(),
        references: wire::REFERENCES,
        webhooks: webhooks::WEBHOOKS,
        secret_names: access::SECRET_NAMES,
        services: || catalog::CATALOG.services.iter().map(|service| (&*service.carrier, vec![&*service.key])).collect(),
        codes: || catalog::CATALOG.events.iter().map(|row| &*row.code).collect(),
        notes: &[("labels-left-out", "The answer has labels of as many parcels as there are in one, and the consignment has more.")],
        state,
        ..vendor!("shipmate")
    }
}

/// Shipmate v1.2.
pub fn vendor_v1_2() -> Vendor {
    Vendor {
        id: V1_2.into(),
        path_prefix: "/v1.2".into(),
        spec: include_str!(concat!(env!("OUT_DIR"), "/shipmate_v1_2/openapi.json")).into(),
        spec_source: include_str!("../../../specs/shipmate_v1_2/openapi.yaml").into(),
        examples: include_str!(concat!(env!("OUT_DIR"), "/shipmate_v1_2/examples.json")),
        operations: Box::new(operations::rows_v1_2),
        // Those of version 1.1 open both.
        credentials: |_, _| Vec::new(),
        dialect: dialect::DIALECT_V1_2,
        ..vendor()
    }
}

/// `$state.consignments` and `$state.skus` count what the account has.
fn state(account: &Account) -> Value {
    json!({"consignments": account.count(&wire::CONSIGNMENT), "skus": account.count(&wire::SKU)})
}
