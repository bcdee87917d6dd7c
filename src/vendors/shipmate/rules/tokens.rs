//! Logging in and out. Tokens do not expire unless a scenario says so; they end when their holder deletes them.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{locations, users};
use crate::base::{ids, time};
use crate::engine::fields::Field;
use crate::engine::{Cx, Outcome, Refusal};
use crate::vendors::shipmate::access;
use crate::vendors::shipmate::catalog::{CATALOG, Person};
use crate::vendors::shipmate::dialect::BAD_LOGIN;
use crate::vendors::shipmate::wire::{self, SESSION, Session};
use crate::world::Credential;

#[derive(Serialize)]
struct Login {
    token: String,
    user: Profile,
}

/// A user of a session. A person of the catalog is not copied.
struct Profile {
    person: Cow<'static, Person>,
    is_newer: bool,
    /// The places where the user may work, when version 1.2 reads a token back.
    locations: Option<Vec<Value>>,
}

/// A right user name and password make a new token; earlier ones stay good.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    let root = Field::body(cx.call);
    let [username, password] = ["username", "password"].map(|name| root.member(name).text().unwrap_or_default());
    let named = |row: &Credential| row.text("username").eq_ignore_ascii_case(username) && row.text("password") == password;
    let account = cx.credential.account.clone();
    let user = cx
        .log_in(!username.is_empty() && !password.is_empty(), |row| row.account == account && named(row))
        .ok_or(Refusal::Because(BAD_LOGIN, Value::Null))?;
    let token = ids::hex(cx.secrets(), 32);
    let expires = user.token_lifetime().map(|lifetime| time::shift(cx.now, lifetime));
    let session = Session { account: (&*user.account).into(), username: user.text("username").into(), ended: false, expires };
    cx.docs.shared().put(SESSION, &token, &session);
    Ok(wire::ok("Login Successful", Login { token, user: profile(cx, &user, None) }))
}

/// A caller who gets this far has a valid token.
pub fn get(cx: &mut Cx<'_>) -> Outcome {
    // In a session the post code has a name of its own.
    let place = |row| wire::renamed(row, "address_post_zip_code", "address_postal_zip_code");
    let locations = wire::is_newer(cx).then(|| locations::all(cx).into_iter().map(place).collect());
    let token = access::token(cx.call).to_owned();
    Ok(wire::ok("Token Valid", Login { token, user: profile(cx, &cx.credential, locations) }))
}

/// The presented token ends; others of the same user stay good.
pub fn delete(cx: &mut Cx<'_>) -> Outcome {
    let token = access::token(cx.call);
    let user = &cx.credential;
    let mut shared = cx.docs.shared();
    if !shared.remove(SESSION, token) {
        let session = Session { account: (&*user.account).into(), username: user.text("username").into(), ended: true, expires: None };
        shared.put(SESSION, token, &session);
    }
    Ok(wire::ok("Logout Successful", Value::Null))
}

fn profile(cx: &Cx<'_>, user: &Credential, locations: Option<Vec<Value>>) -> Profile {
    Profile { person: users::person(user), is_newer: wire::is_newer(cx), locations }
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { person, is_newer, locations } = self;
        let mut row = serializer.serialize_map(None)?;
        if *is_newer {
            row.serialize_entry("id", &person.uuid)?;
        } else {
            row.serialize_entry("id", &person.id)?;
        }
        row.serialize_entry("user_type", "C")?;
        row.serialize_entry("first_name", &person.first_name)?;
        row.serialize_entry("last_name", &person.last_name)?;
        row.serialize_entry("email", &person.email)?;
        row.serialize_entry("account_name", &CATALOG.account.name)?;
        row.serialize_entry(if *is_newer { "merchant_id" } else { "sender_id" }, &CATALOG.account.sender_id)?;
        if let Some(locations) = locations {
            row.serialize_entry("account_logo_url", &())?;
            row.serialize_entry("locations", locations)?;
        }
        row.end()
    }
}
