//! Signing in with a carrier: the vendor sends the browser to the carrier, which sends it back to the caller's page. The page of
//! the carrier is ours here: it agrees at once.

use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::dialect::TITLED;
use super::super::labels;
use super::super::wire::SIGN_IN;
use super::carrier_accounts;
use crate::base::ids;
use crate::engine::{Cx, Outcome, Refusal, Reply};

/// What the carrier's page needs to know, by a code that is good once.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    token: String,
    account: String,
    carrier_account: String,
    redirect_uri: String,
    state: Option<String>,
}

/// To the carrier's page.
pub(crate) fn initiate(cx: &mut Cx<'_>) -> Outcome {
    let redirect_uri = cx.call.query("redirect_uri").unwrap_or_default().to_owned();
    if redirect_uri.is_empty() {
        return Err(titled(StatusCode::BAD_REQUEST, "Bad Request", "redirect_uri is required"));
    }
    if !redirect_uri.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some()) {
        return Err(titled(StatusCode::BAD_REQUEST, "Bad Request", "redirect_uri is invalid"));
    }
    let missing = || titled(StatusCode::NOT_FOUND, "Not Found", "Carrier account not found");
    let mut account = carrier_accounts::named(cx).map_err(|_| missing())?;
    if account.sign_in.is_none() && account.is_shippo_account {
        return Err(titled(StatusCode::BAD_REQUEST, "Bad Request", "Carrier account does not support signing in"));
    }
    account.sign_in = Some("authorization_pending".to_owned());
    carrier_accounts::put(cx, &account);
    let code = ids::hex(cx.secrets(), 32);
    let pending = Pending {
        token: cx.credential.text("token").to_owned(),
        account: cx.credential.account.to_string(),
        carrier_account: account.object_id,
        redirect_uri,
        state: cx.call.query("state").map(str::to_owned),
    };
    cx.docs.shared().put(SIGN_IN, &code, &pending);
    let page = format!("/signin/{code}?{}={}", labels::KEY_PAIR_ID, labels::key_pair(cx.sandbox));
    Ok(Reply::empty(StatusCode::FOUND).with(LOCATION, &cx.call.url(&page)))
}

/// Back to the caller's page; the account is connected.
pub(crate) fn finish(cx: &mut Cx<'_>) -> Outcome {
    let code = cx.call.parameter("Code").unwrap_or_default();
    let pending: Pending = cx.docs.shared().require(SIGN_IN, code)?;
    let owner = cx.credentials().iter().find(|row| row.text("token") == pending.token).cloned();
    let mut owner = owner.ok_or_else(|| Refusal::missing(SIGN_IN, code))?;
    cx.docs.shared().remove(SIGN_IN, code);
    owner.account = pending.account.into();
    cx.switch_account(owner);
    if let Some(mut account) = carrier_accounts::find(cx, &pending.carrier_account) {
        account.sign_in = Some("connected".to_owned());
        carrier_accounts::put(cx, &account);
    }
    let mut back = pending.redirect_uri;
    if let Some(state) = pending.state {
        let mark = if back.contains('?') { '&' } else { '?' };
        let query = serde_html_form::to_string([("state", state)]).unwrap_or_default();
        back = format!("{back}{mark}{query}");
    }
    Ok(Reply::empty(StatusCode::FOUND).with(LOCATION, &back))
}

fn titled(status: StatusCode, title: &str, detail: &str) -> Refusal {
    Refusal::Because(TITLED, json!({ "status": status.as_u16(), "title": title, "detail": Value::from(detail) }))
}
