//! Logging in.

use serde_json::{Value, json};

use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptheory::{access, dialect};
use crate::world::Credential;

/// E-mail and password are exchanged for a token of 60 minutes. Whatever is wrong with them is answered alike.
pub(in super::super) fn token(cx: &mut Cx<'_>) -> Outcome {
    let given = |name: &str| cx.call.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let pair = given("email").zip(given("password"));
    let fits = |row: &Credential, (email, password): (&str, &str)| {
        row.text("email").eq_ignore_ascii_case(email) && row.text("password") == password
    };
    let login = cx.log_in(pair.is_some(), |row| pair.is_some_and(|pair| fits(row, pair)));
    let login = login.ok_or(Refusal::Because(dialect::LOGIN, Value::Null))?;
    let token = access::issue(cx, &login);
    cx.switch_account(login);
    Ok(Reply::ok(json!({"success": true, "data": {"token": token}})))
}
