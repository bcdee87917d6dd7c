//! ShipTime: one REST API over Canadian carriers, with quotes, shipments, pickups and tracking.
//!
//! Its server is Java with Jackson, and it shows: bodies are read by classes that refuse unknown members in the parser's
//! own words (`wire/jackson.rs`), every refusal has one shape and is printed over several lines (`dialect.rs`), and addresses are
//! checked against a table of postal codes (`checks.rs`, `catalog.rs`). What is known and what is chosen: `README.md`.

mod access;
mod catalog;
mod checks;
mod dialect;
mod failures;
mod labels;
mod operations;
mod rates;
mod rules;
mod wire;

use crate::base::json::Style;
use crate::base::name::Name;
use crate::carrier::Anchor;
use crate::engine::{Dialect, PathStyle, Vendor};

/// ShipTime.
pub fn vendor() -> Vendor {
    Vendor {
        hosts: Name::list(["restapi.shiptime.com", "sandboxapi.shiptime.com", "sandboxrestapi.shiptime.com", "restapi.appspaces.ca"]),
        // Recorded: `labelUrl` carries a doubled slash, and clients follow it as it is.
        path_style: PathStyle { trailing_slash: true, doubled_slashes: true, case_insensitive: false, blanks: false },
        operations: Box::new(operations::rows),
        credentials: access::credentials,
        accounts: &access::ACCOUNTS,
        identify: Box::new(access::identify),
        authenticate: access::authenticate,
        grants: access::grants,
        decode: wire::jackson::decode,
        reading: wire::jackson::READING,
        failures: &failures::FAILURES,
        dialect: Dialect {
            style: Style::Jackson,
            content_type: "application/json",
            refuse: dialect::refuse,
            statuses: &[],
            headers: dialect::headers,
        },
        due: rules::due,
        scanned: rules::track::scanned,
        label: labels::of,
        anchors: &[Anchor::Pickup],
        stored: rules::STORED.into(),
        references: rules::REFERENCES,
        services: || services!(catalog::CATALOG.carriers, id, id),
        notes: &[
            ("etiquette-instructions", "ShipTime's own sandbox wants `Test booking Not for Pick up` in the instructions."),
            ("etiquette-pickup", "ShipTime's own sandbox wants drop-off, or a pickup far in the future."),
            ("quotes-dropped", "The oldest rating made room for this one."),
            ("label-pages", "The label has a page for as many pieces as there are in one file, and the shipment has more."),
        ],
        state: rules::state,
        state_sample: r#"{"last_shipment": 1, "last_pickup": 1}"#,
        ..vendor!("shiptime")
    }
}
