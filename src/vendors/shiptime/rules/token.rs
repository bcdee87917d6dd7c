//! Tokens of the production API.

use http::StatusCode;
use serde_json::{Value, json};

use crate::base::json::Style;
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::access::{self, SCOPE};
use crate::vendors::shiptime::dialect;

/// A client id and its secret are traded for a token, whether they come in the form or as a Basic pair, but not in both: then a
/// gateway refuses the call. What is missing is told before what is wrong.
pub(in crate::vendors::shiptime) fn issue(cx: &mut Cx<'_>) -> Outcome {
    let field = |name: &str| cx.call.body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (grant, mut client_id, mut secret) = (field("grant_type"), field("client_id"), field("client_secret"));
    let header = cx.call.request.headers.contains_key(http::header::AUTHORIZATION);
    if header {
        let pair = access::client_pair(cx.call.request).filter(|_| client_id.is_empty() && secret.is_empty());
        (client_id, secret) = pair.ok_or(Refusal::Because("gateway", Value::Null))?;
    }
    if grant.is_empty() {
        return Err(dialect::oauth("invalid_request", "grant_type"));
    }
    if grant != "client_credentials" {
        return Err(dialect::oauth("unsupported_grant_type", ""));
    }
    if let Some((name, _)) = [("client_id", &client_id), ("client_secret", &secret)].into_iter().find(|(_, value)| value.is_empty()) {
        return Err(dialect::oauth("invalid_request", name));
    }
    let client = cx.log_in(true, |row| row.text("client_id") == client_id && row.text("client_secret") == secret);
    let client = client.ok_or_else(|| dialect::oauth("invalid_client", if header { "header" } else { "" }))?;
    cx.switch_account(client.clone());
    let scope = Some(client.text("scope")).filter(|scope| !scope.is_empty()).unwrap_or(SCOPE).to_owned();
    let (access_token, expires_in) = access::sign(cx, &client, &scope);
    let token = json!({"access_token": access_token, "token_type": "Bearer", "expires_in": expires_in, "scope": scope});
    Ok(Reply::written(StatusCode::OK, Style::Compact.to_string(&token).into_bytes()))
}
