//! Version 2: shipments, labels, batches and inventory behind an API key.

mod operations;
mod webhooks;

pub(super) use webhooks::{label_bought, render, sample, sign};

use super::{access, webhooks as shared, wire};
use crate::base::name::Name;
use crate::engine::Vendor;
use crate::engine::auth::Identity;

/// ShipStation's version 2.
pub fn vendor() -> Vendor {
    Vendor {
        mount: super::MOUNT.into(),
        path_prefix: "/v2".into(),
        hosts: Name::list(["api.shipstation.com"]),
        operations: Box::new(operations::rows),
        // Those of version 1 open both.
        credentials: |_, _| Vec::new(),
        accounts: &access::ACCOUNTS,
        identify: |request| request.header("api-key").map(|key| Identity::Credential(key.to_owned())),
        authenticate: |gate| {
            let key = gate.call.request.header("api-key").unwrap_or_default();
            access::require(gate, &[("api_key", key)], |credential| access::has_addon(credential, "inventory"))
        },
        is_test: |credential| credential.text("api_key").starts_with("TEST_"),
        open: wire::open,
        stored: wire::STORED,
        webhooks: shared::WEBHOOKS,
        state: super::state,
        ..vendor!("shipstation_v2")
    }
}
