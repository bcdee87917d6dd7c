//! Shiptheory's REST API: shipments that are booked by delivery service or by shipping rules, their labels and returns,
//! and the products, tags and picking lists around them.
//!
//! ```text
//! operations.rs   which operation is which rule
//! access.rs       e-mail, password, JWT
//! rules/          one file for each tag of the document; shipments/ has the choice of a carrier, and bookings that wait
//! checks.rs       how CakePHP reads requests, and how it tells their faults
//! listing.rs      filters, sort fields and pages
//! labels.rs       what is printed
//! catalog.rs      what an account starts with
//! wire.rs         stored documents and the members of answers; wire/rows.rs shipments as search and list show them
//! dialect.rs      refusals in CakePHP's words, and answers as XML for those who would rather read that
//! ```

mod access;
mod catalog;
mod checks;
mod dialect;
mod failures;
mod labels;
mod listing;
mod operations;
mod rules;
mod wire;

use rules::products;
use rules::shipments::{routing, waiting};
use serde_json::{Value, json};
use wire::{COUNTER, PRODUCT, SHIPMENT, Shipment, TAG, Tag};

use crate::base::time::Timestamp;
use crate::engine::{PathStyle, Reference, Stored, Vendor};
use crate::world::Account;

const STORED: &[Stored] = tables![
    Shipment: SHIPMENT, Tag: TAG, u64: COUNTER; like: products::empty(Timestamp::UNIX_EPOCH) => PRODUCT; shared: ];

const REFERENCES: &[Reference] = references![
    SHIPMENT: "/reference" => SHIPMENT;
    words: SHIPMENT: "/service/id" => |id, _| id.parse().is_ok_and(|id| routing::chosen(id).is_some())];

/// Shiptheory.
pub fn vendor() -> Vendor {
    Vendor {
        hosts: vec!["api.shiptheory.com".into()],
        // Client: the vendor's guide has a blank in a query, which its web server passes on. Inferred: CakePHP's routes take final slashes.
        path_style: PathStyle { blanks: true, trailing_slash: true, ..PathStyle::default() },
        operations: Box::new(operations::rows),
        credentials: access::credentials,
        accounts: &access::ACCOUNTS,
        identify: Box::new(access::identify),
        authenticate: access::authenticate,
        decode: access::decode,
        reading: checks::READING,
        failures: &failures::FAILURES,
        dialect: dialect::DIALECT,
        due: waiting::due,
        label: labels::of,
        stored: STORED.into(),
        references: REFERENCES,
        shows_tracking: false,
        services: || services!(catalog::CATALOG.carriers, name, name),
        state,
        ..vendor!("shiptheory")
    }
}

/// `$state.shipments`, `$state.products` and `$state.tags` count what the account has.
fn state(account: &Account) -> Value {
    json!({"shipments": account.count(&SHIPMENT), "products": account.count(&PRODUCT), "tags": account.count(&TAG)})
}
