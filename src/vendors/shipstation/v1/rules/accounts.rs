//! Tags, users, and accounts that partners make.

use serde_json::json;

use super::super::super::catalog::CATALOG;
use super::super::super::wire::TAG;
use super::super::super::wire::order::Members;
use crate::base::ids;
use crate::engine::{Cx, Outcome, Reply};

pub fn tags(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(cx.docs.all::<Members>(TAG)))
}

pub fn users(_: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(&CATALOG.users))
}

/// Keys are made up and open nothing: accounts come from scenarios.
pub fn register(cx: &mut Cx<'_>) -> Outcome {
    let keys = [ids::hex(cx.secrets(), 32), ids::hex(cx.secrets(), 32)];
    let seller: u64 = ids::digits(&mut cx.rng, 7).parse().unwrap_or_default();
    let body = json!({"message": "Account created.", "sellerId": seller, "success": true, "apiKey": keys[0], "apiSecret": keys[1]});
    Ok(Reply::ok(body))
}
