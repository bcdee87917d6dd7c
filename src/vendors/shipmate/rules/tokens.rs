//! Logging in and out. Tokens do not expire; they end when their holder deletes them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::{locations, users};
use crate::base::ids;
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipmate::access;
use crate::vendors::shipmate::catalog::{CATALOG, Location, Person};
use crate::vendors::shipmate::dialect::{self, BAD_LOGIN};
use crate::vendors::shipmate::validation::{Field, Report};
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::wire::{Envelope, SESSION, Session};
use crate::world::Credential;

#[derive(Serialize)]
struct Login {
    token: String,
    user: Profile,
}

#[derive(Serialize)]
struct Profile {
    id: Value,
    user_type: &'static str,
    first_name: Cow<'static, str>,
    last_name: Cow<'static, str>,
    email: Cow<'static, str>,
    account_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_logo_url: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locations: Option<Vec<Value>>,
}

/// A right user name and password make a new token; earlier ones stay good.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, root) = (Report::default(), Field::root(&cx.call.body));
    let username = report.required_text(root.member("username"));
    let secret = report.needed(root.member("password"));
    report.text(&secret);
    dialect::settle(&report)?;
    let rows = cx.credentials();
    // Blanks around a password belong to it.
    let password = secret.value.and_then(Value::as_str).unwrap_or_default();
    let named = |row: &Credential| row.text("username").eq_ignore_ascii_case(username) && row.text("password") == password;
    let known = |row: &&Credential| row.account == cx.credential.account && named(row);
    let user = rows.iter().find(known).ok_or(Refusal::Because(BAD_LOGIN, Value::Null))?;
    let token = ids::hex(&mut cx.rng, 32);
    let session = Session { account: (&*user.account).into(), username: user.text("username").into(), ended: false };
    cx.docs.shared().put(SESSION, &token, &session);
    Ok(Reply::ok(Envelope { message: "Login Successful", data: login(cx, token, user, false) }))
}

/// A caller who gets this far has a valid token.
pub fn get(cx: &mut Cx<'_>) -> Outcome {
    let token = access::token(cx.call).to_owned();
    Ok(Reply::ok(Envelope { message: "Token Valid", data: login(cx, token, &cx.credential, true) }))
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

/// The session and its user; when version 1.2 reads a token back, with the places where the user may work.
fn login(cx: &Cx<'_>, token: String, user: &Credential, whole: bool) -> Login {
    let newer = Version::of(cx) == Version::V1_2;
    let person = users::person(user);
    // A person of the catalog is not copied.
    let text = |field: fn(&Person) -> &String| match &person {
        Cow::Borrowed(person) => Cow::Borrowed(field(person).as_str()),
        Cow::Owned(person) => Cow::Owned(field(person).clone()),
    };
    let account = &CATALOG.account;
    Login {
        token,
        user: Profile {
            id: if newer { person.uuid.as_str().into() } else { person.id.into() },
            user_type: "C",
            first_name: text(|person| &person.first_name),
            last_name: text(|person| &person.last_name),
            email: text(|person| &person.email),
            account_name: &account.name,
            sender_id: (!newer).then_some(&account.sender_id),
            merchant_id: newer.then_some(&account.sender_id),
            account_logo_url: (newer && whole).then_some(Value::Null),
            locations: (newer && whole).then(|| CATALOG.locations.iter().map(|location| workplace(cx, location)).collect()),
        },
    }
}

/// A location as it stands in a session, where the post code has a name of its own.
fn workplace(cx: &Cx<'_>, location: &Location) -> Value {
    let Value::Object(members) = locations::shown(cx, location) else { return Value::Null };
    let name = |name: String| if name == "address_post_zip_code" { "address_postal_zip_code".to_owned() } else { name };
    members.into_iter().map(|(member, value)| (name(member), value)).collect()
}
