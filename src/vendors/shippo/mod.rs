//! Shippo, API version 2018-02-08, with the shapes of 2017-03-29 for callers that ask for them.
//!
//! ```text
//! access       who may call, in which of the two worlds, and who owns what is made there
//! operations   which operation is which rule
//! rules/       what each rule promises
//! checks       how requests are read, and how what is wrong with them is worded
//! rates        what each carrier account says to a shipment
//! labels       signed links to labels
//! webhooks     what subscribers hear, worded and signed
//! catalog      what a new account starts with, read-only
//! wire/        what is stored and answered
//! dialect/     refusals, pages and old versions in the vendor's words
//! ```

mod access;
mod catalog;
mod checks;
mod dialect;
mod failures;
mod labels;
mod operations;
mod rates;
mod rules;
mod webhooks;
mod wire;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::access::Mode;
use self::catalog::CATALOG;
use crate::carrier::Anchor;
use crate::engine::Vendor;
use crate::world::{Account, Credential};

/// Shippo.
pub fn vendor() -> Vendor {
    Vendor {
        legacy_prefix: "/v1".into(),
        hosts: vec!["api.goshippo.com".into()],
        operations: Box::new(operations::rows),
        credentials: access::credentials,
        accounts: &access::ACCOUNTS,
        identify: Box::new(access::identify),
        authenticate: access::authenticate,
        works_in: access::works_in,
        is_of_kind: access::is_of_kind,
        is_test: |credential| Mode::of_account(&credential.account).is_test(),
        reading: checks::READING,
        failures: &failures::FAILURES,
        dialect: dialect::DIALECT,
        due: rules::due,
        scanned: rules::scanned,
        label: labels::of,
        anchors: &[Anchor::Batch, Anchor::Manifest, Anchor::Pickup],
        stored: rules::STORED.into(),
        references: rules::REFERENCES,
        webhooks: webhooks::WEBHOOKS,
        secret_names: access::SECRET_NAMES,
        id_of,
        services: || services!(CATALOG.carriers, token, token),
        codes: || CATALOG.tracking_codes.iter().map(|row| &*row.code).collect(),
        state,
        state_sample: r#"{"cheapest": "a", "fastest": "a", "best": "a", "rates": {"usps": ["a"]}}"#,
        ..vendor!("shippo")
    }
}

/// The account of a carrier by the carrier's name: `carrier_account: usps`.
fn id_of(credential: &Credential, member: &str, word: &str) -> Option<String> {
    if !["carrier_account", "carrier_accounts", "default_carrier_account"].contains(&member) {
        return None;
    }
    let rows = &CATALOG.accounts[&Mode::of_account(&credential.account)];
    rows.iter().find(|row| row.carrier == word).map(|row| row.object_id.clone())
}

/// `$state.cheapest`, `$state.fastest` and `$state.best` are the marked rates of the latest shipment that was rated, and `$state.rates`
/// has all of them by their carriers: `$request.body.rate in $state.rates.usps`.
fn state(account: &Account) -> Value {
    let rates = account.table(&wire::RATE).into_iter().flat_map(|table| table.iter().rev());
    let mut rates = rates.filter_map(|(_, body)| serde_json::from_str::<wire::shipment::Rate>(body).ok()).peekable();
    let latest = rates.peek().map(|rate| rate.shipment.clone());
    let rates: Vec<_> = rates.take_while(|rate| Some(&rate.shipment) == latest.as_ref()).collect();
    let marked = |mark: &str| rates.iter().find(|rate| rate.attributes.iter().any(|word| word == mark)).map(|rate| &rate.object_id);
    let mut by_carrier: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rate in &rates {
        by_carrier.entry(&rate.carrier).or_default().push(&rate.object_id);
    }
    json!({ "cheapest": marked("CHEAPEST"), "fastest": marked("FASTEST"), "best": marked("BESTVALUE"), "rates": by_carrier })
}
