//! The people of an account: those whom the sandbox has credentials for, and colleagues from the catalog.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::locations;
use crate::base::entropy;
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipmate::catalog::{CATALOG, Person};
use crate::vendors::shipmate::wire;
use crate::world::Credential;

/// Users of a third-party warehouse do not see who works for the merchant.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    manages(cx)?;
    let rows: Vec<Value> = everybody(cx).iter().map(|person| user_view(cx, person)).collect();
    Ok(Reply::ok(json!({ "data": rows })))
}

/// A user as the caller's version shows people: the newer one with the account, and with all locations.
fn user_view(cx: &Cx<'_>, person: &Person) -> Value {
    let location = locations::location_view(cx, CATALOG.location(&person.location).unwrap_or_else(|| CATALOG.home()));
    if !wire::is_newer(cx) {
        let mut row = json!(person);
        row["location"] = location;
        return row;
    }
    json!({
        "id": person.uuid,
        "user_type": "C",
        "title": person.title,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "account_name": CATALOG.account.name,
        "merchant_id": CATALOG.account.sender_id,
        "profile_image_url": person.profile_image_url,
        "account_logo_url": null,
        "location": location,
        "locations": locations::all(cx),
        "access_level": person.access_level,
        "printer_online": person.printer_online,
    })
}

/// Whether the caller may look after the account, as all but third-party users may.
pub fn manages(cx: &Cx<'_>) -> Result<(), Refusal> {
    if cx.credential.text("access_level") == "3PL_USER" { Err(Refusal::Forbidden("access_level".into())) } else { Ok(()) }
}

/// The users of the caller's account.
pub fn everybody(cx: &Cx<'_>) -> Vec<Person> {
    let rows = cx.credentials();
    let mut people: Vec<Person> = Vec::new();
    for row in rows.iter().filter(|row| row.account == cx.credential.account) {
        if people.iter().all(|person| person.email != row.text("username")) {
            people.push(person(row).into_owned());
        }
    }
    people.extend(CATALOG.users.iter().skip(1).cloned());
    people
}

/// The person behind a credential. A person outside the catalog gets a number and UUID derived from the user name.
pub fn person(credential: &Credential) -> Cow<'static, Person> {
    let username = credential.text("username");
    let known = CATALOG.users.iter().find(|person| person.email == username);
    let mut person = Cow::Borrowed(known.or(CATALOG.users.first()).expect("the catalog has users"));
    if known.is_none() {
        let (digest, stranger) = (entropy::fingerprint(username.as_bytes()), person.to_mut());
        stranger.id = 1000 + digest % 899_999;
        stranger.uuid = uuid::Uuid::from_u64_pair(digest & !0xf000 | 0x4000, digest.rotate_left(32) >> 2 | 1 << 63).to_string();
        username.clone_into(&mut stranger.email);
    }
    let own = |member| Some(credential.text(member)).filter(|text| !text.is_empty());
    if let Some(name) = own("first_name") {
        name.clone_into(&mut person.to_mut().first_name);
    }
    if let Some(name) = own("last_name") {
        name.clone_into(&mut person.to_mut().last_name);
    }
    if let Some(level) = own("access_level").filter(|level| *level != person.access_level) {
        level.clone_into(&mut person.to_mut().access_level);
    }
    person
}

/// The full name of a user, as labels show who made them.
pub fn name(credential: &Credential) -> String {
    let person = person(credential);
    format!("{} {}", person.first_name, person.last_name)
}
