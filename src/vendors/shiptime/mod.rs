//! ShipTime: one REST API over Canadian carriers, with quotes, shipments, pickups and tracking.
//!
//! Its server is Java with Jackson, and it shows: bodies are read by classes that refuse unknown members in the parser's
//! own words (`wire/`), every refusal has one shape and is printed over several lines (`dialect.rs`), and addresses are
//! checked against a table of postal codes (`checks.rs`, `catalog.rs`). What is known and what is chosen: `README.md`.

mod access;
mod catalog;
mod checks;
mod dialect;
mod operations;
mod pricing;
mod rules;
mod wire;

use crate::base::json::Style;
use crate::carrier::Anchor;
use crate::engine::webhooks::Webhooks;
use crate::engine::{Dialect, PathStyle, Vendor, unlimited};

/// ShipTime.
pub const VENDOR: Vendor = Vendor {
    id: "shiptime",
    mount: "shiptime",
    path_prefix: "",
    legacy_prefix: "",
    hosts: &["restapi.shiptime.com", "sandboxapi.shiptime.com", "sandboxrestapi.shiptime.com", "restapi.appspaces.ca"],
    spec: include_str!(concat!(env!("OUT_DIR"), "/shiptime/openapi.json")),
    spec_source: include_str!("../../../specs/shiptime/openapi.yaml"),
    // Recorded: `labelUrl` carries a doubled slash, and clients follow it as it is.
    path_style: PathStyle { trailing_slash: true, doubled_slashes: true, case_insensitive: false },
    operations: operations::rows,
    credentials: access::credentials,
    accounts: &access::ACCOUNTS,
    account_of: access::account_of,
    identify: access::identify,
    authenticate: access::authenticate,
    decode: wire::decode,
    reading: crate::spec::Reading::STRICT,
    limit: unlimited,
    dialect: Dialect { style: Style::Jackson, content_type: "application/json", refuse: dialect::refuse, headers: dialect::headers },
    due: rules::due,
    scanned: rules::track::scanned,
    anchors: &[Anchor::Pickup],
    webhooks: Webhooks::NONE,
    state: rules::state,
};
