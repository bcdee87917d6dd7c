//! Version 2: shipments, labels, batches and inventory behind an API key.
//!
//! ```text
//! operations.rs   which operation is which rule
//! access.rs       keys, the world of sandbox keys, and what a plan lacks
//! rules/          what each rule promises
//! checks.rs       how Json.NET reads requests, and how what is wrong with them is told
//! listing.rs      pages and their links
//! rates.rs        what carriers ask
//! labels.rs       labels: bought, shown, linked to
//! webhooks.rs     what subscribers hear
//! catalog.rs      what this version says of carriers
//! wire.rs, wire/  what is stored, ids, times; orders of version 1 as shipments
//! dialect.rs      refusals in the vendor's words, and the headers of every answer
//! ```

mod access;
mod catalog;
mod checks;
mod dialect;
mod failures;
mod labels;
mod listing;
mod operations;
mod rates;
mod rules;
mod webhooks;
mod wire;

pub(super) use labels::{auto_id, charges};
pub(super) use rules::labels::voided as label_voided;
pub(super) use webhooks::{fulfilled, labels_bought, orders_imported, refreshed, render, sample, scanned, sign};
pub(super) use wire::address::read as address;
pub(super) use wire::shipment::of_label as shipment_of;

use super::catalog::CATALOG;
use super::{access as shared_access, webhooks as shared, wire as both};
use crate::base::name::Name;
use crate::engine::{Vendor, decode};
use crate::world::Credential;

/// ShipStation's version 2, below `/v2`.
pub fn vendor() -> Vendor {
    Vendor {
        mount: super::MOUNT.into(),
        path_prefix: "/v2".into(),
        alias_prefix: "/v1".into(),
        hosts: Name::list(["api.shipstation.com"]),
        operations: Box::new(operations::rows),
        // Those of version 1 open both.
        credentials: |_, _| Vec::new(),
        accounts: &shared_access::ACCOUNTS,
        identify: Box::new(access::identify),
        authenticate: access::authenticate,
        works_in: access::works_in,
        is_of_kind: access::is_of_kind,
        is_test: access::is_test,
        decode: decode::json_net,
        reading: checks::READING,
        failures: &failures::FAILURES,
        dialect: dialect::DIALECT,
        open: both::open,
        due: rules::due,
        scanned: shared::scanned,
        label: super::labels::of,
        subject_as_sent: |label| label.parse().ok().map(wire::se),
        stored: wire::STORED.into(),
        webhooks: shared::V2,
        secret_names: shared_access::SECRET_NAMES,
        id_of,
        services: || services!(super::catalog::CATALOG.carriers, code, code),
        codes: || catalog::CATALOG.details.keys().map(String::as_str).collect(),
        notes: &[
            ("currency-not-converted", "Rates are in `usd`, whatever `preferred_currency` says."),
            ("customer-notified", "The vendor would tell the customer by e-mail; nobody is sent one here."),
            ("label-layout", "A `label_layout` of `letter` is for `label_format` `pdf` alone."),
        ],
        state: super::state,
        state_sample: r#"{"balance": 100.0}"#,
        ..vendor!("shipstation_v2")
    }
}

/// The id of a carrier by its code: `carrier_id: stamps_com`.
fn id_of(_: &Credential, member: &str, word: &str) -> Option<String> {
    let carrier = CATALOG.carriers.iter().find(|carrier| carrier.code == word || carrier.v2_code.as_deref() == Some(word));
    carrier.filter(|_| ["carrier_id", "carrier_ids"].contains(&member)).map(|carrier| wire::se(carrier.id))
}
