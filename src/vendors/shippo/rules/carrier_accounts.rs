//! Carrier accounts of the caller's mode: those that the vendor provides, and the caller's own.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::access::{self, Mode};
use super::super::catalog::CATALOG;
use super::super::checks::complaint;
use super::super::dialect::page::{FIVES, Page};
use super::super::dialect::{because_of, version};
use super::super::wire::carrier_account::CarrierAccount;
use super::super::wire::{self, CARRIER_ACCOUNT};
use super::stored;
use crate::engine::fields::{Field, Report};
use crate::engine::listing::{Filter, Listing, Test};
use crate::engine::{Cx, Extract, Json, Outcome, Refusal};

/// Carriers whose accounts are connected by signing in with them.
const SIGN_IN: [&str; 2] = ["fedex", "ups"];

#[derive(Deserialize)]
pub(crate) struct Sent {
    carrier: String,
    account_id: String,
    parameters: Option<Value>,
    active: Option<bool>,
    metadata: Option<String>,
}

const ACCOUNTS: Listing = Listing {
    filters: &[
        Filter { name: "carrier", member: "/carrier", test: Test::Equal },
        Filter { name: "account_id", member: "/account_id", test: Test::Equal },
    ],
    newest_first: false,
    ..FIVES
};

/// All of them, five a page; `service_levels` shows those of each.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let call = cx.call;
    let levels = matches!(call.query("service_levels"), Some("true" | "True" | "1"));
    let page = ACCOUNTS.read(call)?.rows(all(cx))?.map(|account| {
        let sign_in = account.sign_in.as_ref().map_or_else(|| json!({ "type": "default" }), |at| json!({ "type": "oauth", "status": at }));
        let carrier = account.carrier.clone();
        let mut shown = view(cx, account);
        shown["object_info"] = json!({ "authentication": sign_in });
        if levels {
            shown["service_levels"] = service_levels(&carrier);
        }
        shown
    });
    Ok(version::reply(call, StatusCode::OK, Page::of(call, call.path, page)))
}

/// One of them, never with its service levels.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let account = named(cx)?;
    Ok(version::reply(cx.call, StatusCode::OK, view(cx, account)))
}

/// Connects an account that the caller has with a carrier; carrier and account id together name it.
pub(crate) fn create(cx: &mut Cx<'_>, Json(sent): Json<Sent>) -> Outcome {
    let Sent { carrier, account_id, .. } = &sent;
    if all(cx).iter().any(|account| account.carrier == *carrier && account.account_id == *account_id) {
        return Err(because_of(format!("Carrier account with carrier {carrier} and account_id {account_id} already exists.")));
    }
    let account = new(cx, sent.carrier.clone());
    let account = sent.change(account);
    put(cx, &account);
    Ok(version::reply(cx.call, StatusCode::CREATED, view(cx, account)))
}

/// Carrier and account id have to be sent along and cannot change; what else is missing stays.
pub(crate) fn update(cx: &mut Cx<'_>) -> Outcome {
    let account = named(cx)?;
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    for (name, value) in [("carrier", &account.carrier), ("account_id", &account.account_id)] {
        let sent = body.member(name);
        if report.is_fine(&sent) && sent.text() != Some(value) {
            report.add(&sent, complaint("This field cannot be changed."));
        }
    }
    report.finish()?;
    let Json(sent) = Json::<Sent>::extract(cx.call)?;
    let account = sent.change(account);
    put(cx, &account);
    Ok(version::reply(cx.call, StatusCode::OK, view(cx, account)))
}

impl Sent {
    fn change(self, account: CarrierAccount) -> CarrierAccount {
        let parameters = |sent: Value| masked(sent.as_object().cloned().unwrap_or_default());
        CarrierAccount {
            account_id: self.account_id,
            parameters: self.parameters.map_or(account.parameters, parameters),
            active: self.active.unwrap_or(account.active),
            metadata: self.metadata.unwrap_or(account.metadata),
            ..account
        }
    }
}

/// Parameters as they are kept and shown: without what opens an account.
pub(super) fn masked(mut parameters: Map<String, Value>) -> Map<String, Value> {
    let is_secret = |name: &str| ["key", "password", "secret", "token"].iter().any(|word| name.to_lowercase().ends_with(word));
    for (_, value) in parameters.iter_mut().filter(|(name, value)| is_secret(name) && !value.is_null() && *value != "") {
        *value = "******".into();
    }
    parameters
}

/// The account that the path names.
pub(super) fn named(cx: &Cx<'_>) -> Result<CarrierAccount, Refusal> {
    let id = stored::named(cx);
    find(cx, &id).ok_or_else(|| Refusal::missing(CARRIER_ACCOUNT, id))
}

/// A new account of the caller's own; parcels are sent from where the vendor's accounts of that carrier send them.
pub(super) fn new(cx: &mut Cx<'_>, carrier: String) -> CarrierAccount {
    let origin = CATALOG.accounts[&Mode::Test].iter().find(|account| account.carrier == carrier).map_or("US", |account| &account.origin);
    CarrierAccount {
        object_id: wire::new_id(cx),
        account_id: String::new(),
        parameters: Map::new(),
        active: true,
        is_shippo_account: false,
        metadata: String::new(),
        origin: origin.to_owned(),
        master: None,
        restricted: None,
        named_only: false,
        established: false,
        sign_in: SIGN_IN.contains(&carrier.as_str()).then(|| "disconnected".to_owned()),
        carrier,
    }
}

/// An account as it is answered.
pub(super) fn view(cx: &Cx<'_>, account: CarrierAccount) -> Value {
    let name = CATALOG.carrier_name(&account.carrier);
    let stem = CATALOG.quoting_carrier(&account.carrier).map_or(&account.carrier, |carrier| &carrier.image);
    let image = |size: &str| format!("https://shippo-static-v2.s3.amazonaws.com/providers/{size}/{stem}.png");
    json!({
        "carrier": account.carrier, "object_id": account.object_id, "object_owner": access::owner(cx), "account_id": account.account_id,
        "parameters": account.parameters, "test": Mode::of(cx).is_test(), "active": account.active,
        "is_shippo_account": account.is_shippo_account, "metadata": account.metadata, "carrier_name": name,
        "carrier_images": { "75": image("75"), "200": image("200") },
    })
}

fn service_levels(token: &str) -> Value {
    let returns = matches!(token, "usps" | "ups" | "fedex");
    CATALOG.services(token).map(|(token, name)| json!({ "name": name, "token": token, "supports_return_labels": returns })).collect()
}

/// All that its owner has: the owner's own, newest first, then those that the catalog knows.
pub(crate) fn all(cx: &Cx<'_>) -> Vec<CarrierAccount> {
    let mut changed: Vec<CarrierAccount> = cx.docs.all(CARRIER_ACCOUNT);
    changed.reverse();
    let rows = rows(cx);
    let is_own = |row: &&CarrierAccount| !rows.iter().any(|other| other.object_id == row.object_id);
    let (is_new, is_usual) = (access::is_new(cx), access::carriers(cx).is_none());
    let known = |row: &&CarrierAccount| {
        let stored = changed.iter().find(|other| other.object_id == row.object_id).cloned();
        let row = stored.or(of(row, is_new))?;
        // A new customer, and one whose carriers are named, have no other of the carrier: theirs is asked without being named.
        Some(CarrierAccount { named_only: row.named_only && !is_new && is_usual, ..row })
    };
    changed.iter().filter(is_own).cloned().chain(rows.iter().filter_map(known)).collect()
}

/// The rows of the catalog that the customer has.
fn rows(cx: &Cx<'_>) -> Vec<&'static CarrierAccount> {
    let rows = CATALOG.accounts[&Mode::of(cx)].iter();
    let Some(carriers) = access::carriers(cx) else {
        return rows.collect();
    };
    let mut left: Vec<_> = rows.filter(|row| !row.established).chain(&CATALOG.further_accounts).collect();
    let next = |carrier: String| left.iter().position(|row| row.carrier == carrier).map(|index| left.remove(index));
    carriers.into_iter().filter_map(next).collect()
}

/// The one with that id.
pub(crate) fn find(cx: &Cx<'_>, id: &str) -> Option<CarrierAccount> {
    let mut rows = CATALOG.accounts[&Mode::of(cx)].iter().chain(&CATALOG.further_accounts);
    let known = || of(rows.find(|row| row.object_id == id)?, access::is_new(cx));
    cx.docs.get(CARRIER_ACCOUNT, id).or_else(known)
}

/// A row of the catalog as a customer has it.
fn of(row: &CarrierAccount, is_new: bool) -> Option<CarrierAccount> {
    let restricted = row.restricted.clone().filter(|_| is_new);
    (!(is_new && row.established)).then(|| CarrierAccount { restricted, ..row.clone() })
}

/// Stores one, new or changed.
pub(crate) fn put(cx: &mut Cx<'_>, account: &CarrierAccount) {
    cx.docs.put(CARRIER_ACCOUNT, &account.object_id, account);
}
