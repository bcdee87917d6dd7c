//! Who may call: one key in a header. Sandbox keys have a world of their own, and the plan says what a key opens.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, StatusCode};

use crate::engine::auth::{AuthRequest, Identity};
use crate::engine::{Cx, Refusal, Request};
use crate::vendors::shipstation::access;
use crate::world::{Account, Credential};

/// A right that the account lacks, whatever its plan is.
pub(super) const FEATURE: &str = "feature";

/// The key tells sandboxes apart.
pub(super) fn identify(request: &Request) -> Option<Identity<'_>> {
    request.header("api-key").map(|key| Identity::Credential(key.into()))
}

/// Whether a request says how long its body is, be it that the parts of the body do so.
fn has_length(request: &Request) -> bool {
    let is_told = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| request.headers.contains_key(name));
    is_told || !request.body.is_empty() || ![Method::POST, Method::PUT].contains(&request.method)
}

/// Lets a caller in. Observed: what says nothing of the length of its body is refused before. The inventory is an add-on of any plan;
/// reading tracking by number is one of production accounts.
pub(super) fn authenticate(gate: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    let key = gate.call.request.header("api-key").unwrap_or_default();
    let is_inventory =
        gate.call.operation.is_some_and(|operation| ["inventory", "purchase_orders", "suppliers", "totes"].contains(&&*operation.tag));
    let is_included = if is_inventory { |row: &Credential| access::has_addon(row, "inventory") } else { |_: &Credential| false };
    let row = access::require(gate, &[("api_key", key)], is_included);
    if !has_length(gate.call.request) {
        return Err(Refusal::Failing(StatusCode::LENGTH_REQUIRED));
    }
    let mut row = row?;
    let lacks = |addon: &str| !is_test(&row) && !access::has_addon(&row, addon);
    // Recorded 2026: 401, where a low plan as a whole is 402.
    if is_inventory && lacks("inventory")
        || gate.call.operation.is_some_and(|operation| operation.id == "get_tracking_log") && lacks("tracking")
    {
        return Err(Refusal::Forbidden(FEATURE.into()));
    }
    row.account = works_in(&row);
    Ok(row)
}

/// How the keys of test accounts begin.
const TEST: &str = "TEST_";

/// How the names of accounts end in which sandbox keys work.
const SANDBOX: &str = " sandbox";

/// Sandbox keys have a world beside that of the account.
pub(super) fn works_in(row: &Credential) -> Arc<str> {
    let is_beside = is_test(row) && !row.account.ends_with(SANDBOX);
    if is_beside { format!("{}{SANDBOX}", row.account).into() } else { Arc::clone(&row.account) }
}

/// Whether it is a sandbox key.
pub(super) fn is_test(credential: &Credential) -> bool {
    credential.text("api_key").starts_with(TEST)
}

/// Sandbox keys are told by how they begin; rows of version 1 have none.
pub(super) fn is_of_kind(request: &Request, row: &Credential) -> bool {
    let is_sandbox = request.header("api-key").is_some_and(|key| key.starts_with(TEST));
    !row.text("api_key").is_empty() && is_sandbox == is_test(row)
}

/// Whether a context stands in the world of a sandbox key.
pub(super) fn in_sandbox(cx: &Cx<'_>) -> bool {
    is_sandbox(cx.docs.account())
}

/// Whether an account is the world of a sandbox key.
pub(super) fn is_sandbox(account: &Account) -> bool {
    account.name.ends_with(SANDBOX)
}
