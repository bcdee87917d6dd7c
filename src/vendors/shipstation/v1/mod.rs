//! Version 1: orders, products, customers, stores and labels. See `README.md` beside the folder.
//!
//! ```text
//! operations.rs   which operation is which rule
//! rules/          what each rule promises
//! checks.rs       how Json.NET reads requests, and how it tells their faults
//! listing.rs      filters, sort keys and pages
//! webhooks.rs     what subscribers hear
//! dialect.rs      refusals in ASP.NET's words, and the headers of every answer
//! ```

mod checks;
mod dialect;
mod failures;
mod listing;
mod operations;
pub(in crate::vendors::shipstation) mod rules;
mod webhooks;

pub(super) use webhooks::{fulfilled, labels_bought, render, sample};

use super::{access, labels, webhooks as shared, wire};
use crate::base::name::Name;
use crate::engine::auth::{Authorization, Identity};
use crate::engine::{Denial, PathStyle, Vendor};

/// ShipStation's version 1, below the mount without a prefix.
pub fn vendor() -> Vendor {
    Vendor {
        mount: super::MOUNT.into(),
        hosts: Name::list(["ssapi.shipstation.com", "ssapi6.shipstation.com", "ssapi11.shipstation.com"]),
        path_style: PathStyle { trailing_slash: true, doubled_slashes: true, case_insensitive: true, blanks: false },
        operations: Box::new(operations::rows),
        credentials: access::credentials,
        accounts: &access::ACCOUNTS,
        identify: Box::new(|request| Some(Identity::Credential(Authorization::of(request)?.basic()?.0.into()))),
        authenticate: |gate| {
            let presented = Authorization::of(gate.call.request).map(|header| header.basic().ok_or(Denial::Malformed));
            let (key, secret) = presented.transpose()?.unwrap_or_default();
            access::require(gate, &[("key", &key), ("secret", &secret)], |_| false)
        },
        decode: checks::decode,
        reading: checks::READING,
        failures: &failures::FAILURES,
        dialect: dialect::DIALECT,
        due: |cx, task| match &*task.topic {
            rules::orders::HOLD => rules::orders::hold_is_over(cx, &task.subject),
            rules::stores::REFRESHED => rules::stores::refreshed(cx, &task.subject),
            _ => {}
        },
        open: wire::open,
        scanned: shared::scanned,
        label: labels::of,
        stored: wire::STORED.into(),
        references: wire::REFERENCES,
        webhooks: shared::V1,
        secret_names: access::SECRET_NAMES,
        services: || services!(super::catalog::CATALOG.carriers, code, code),
        state: super::state,
        state_sample: r#"{"balance": 100.0}"#,
        ..vendor!("shipstation_v1")
    }
}
