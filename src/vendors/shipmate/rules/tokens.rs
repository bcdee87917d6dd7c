//! Logging in and out. Tokens do not expire; they end when their holder deletes them.

use serde::Serialize;
use serde_json::Value;

use super::users;
use crate::base::ids;
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipmate::access;
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::dialect::{self, BAD_LOGIN};
use crate::vendors::shipmate::validation::{Field, Report};
use crate::vendors::shipmate::wire::{Envelope, SESSION, Session};
use crate::world::Credential;

#[derive(Serialize)]
struct Login {
    token: String,
    user: Profile,
}

#[derive(Serialize)]
struct Profile {
    id: u64,
    user_type: &'static str,
    first_name: String,
    last_name: String,
    email: String,
    account_name: &'static str,
    sender_id: &'static str,
}

/// A right user name and password make a new token; earlier ones stay good.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, root) = (Report::default(), Field::root(&cx.call.body));
    let username = report.required_text(&root.member("username"));
    let password = report.required_text(&root.member("password"));
    dialect::settle(&report)?;
    let rows = cx.credentials();
    let known =
        |row: &&Credential| row.account == cx.credential.account && row.text("username") == username && row.text("password") == password;
    let user = rows.iter().find(known).ok_or(Refusal::Because(BAD_LOGIN, Value::Null))?;
    let token = ids::hex(&mut cx.rng, 32);
    let session = Session { account: (&*user.account).into(), username: username.into(), ended: false };
    cx.docs.shared().put(SESSION, &token, &session);
    Ok(Reply::ok(Envelope { message: "Login Successful", data: login(token, user) }))
}

/// A caller who gets this far has a valid token.
pub fn get(cx: &mut Cx<'_>) -> Outcome {
    let token = access::token(cx.call).to_owned();
    Ok(Reply::ok(Envelope { message: "Token Valid", data: login(token, &cx.credential) }))
}

/// The presented token ends; others of the same user stay good.
pub fn delete(cx: &mut Cx<'_>) -> Outcome {
    let token = access::token(cx.call);
    let user = &cx.credential;
    let mut shared = cx.docs.shared();
    if !shared.remove(SESSION, token) {
        shared.put(SESSION, token, &Session { account: (&*user.account).into(), username: user.text("username").into(), ended: true });
    }
    Ok(Reply::ok(Envelope { message: "Logout Successful", data: Value::Null }))
}

fn login(token: String, user: &Credential) -> Login {
    let person = users::person(user);
    let account = &CATALOG.account;
    Login {
        token,
        user: Profile {
            id: person.id,
            user_type: "C",
            first_name: person.first_name,
            last_name: person.last_name,
            email: person.email,
            account_name: &account.name,
            sender_id: &account.sender_id,
        },
    }
}
