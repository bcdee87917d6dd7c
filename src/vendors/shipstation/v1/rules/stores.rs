//! Stores, their imports, and the marketplaces that they may be of.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::super::catalog::CATALOG;
use super::super::super::wire::order::Members;
use super::super::super::wire::{self, STORE, date};
use super::super::dialect::message;
use super::super::listing::{self, LISTING};
use super::done;
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::v2;

pub(crate) static STORES: Resource = Resource::new(STORE, "Store", &LISTING, &Conventions::USUAL);

/// The topic of the end of an import.
pub(in crate::vendors::shipstation::v1) const REFRESHED: &str = "store.refreshed";
/// How long an import takes.
const IMPORT_LASTS: SignedDuration = SignedDuration::from_secs(60);

/// Stores that are active, unless the others are asked for.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let shows_all = listing::is_asked(cx.call, "showInactive");
    let marketplace: Option<u64> = cx.call.query("marketplaceId").and_then(|id| id.trim().parse().ok());
    let mut stores: Vec<Members> = cx.docs.all(STORE);
    stores.retain(|store| (shows_all || store["active"] == true) && marketplace.is_none_or(|id| store["marketplaceId"] == id));
    Ok(Reply::ok(stores))
}

/// What a store is called and how it is reached can be changed, where it comes from cannot.
pub fn update(cx: &mut Cx<'_>) -> Outcome {
    let (id, mut store) = STORES.find(cx)?;
    cx.call.valid()?;
    let sent = cx.completed("Store", &cx.call.body, &[]);
    for name in ["storeName", "companyName", "phone", "publicEmail", "website", "email", "active", "autoRefresh", "statusMappings"] {
        if cx.call.body.get(name).is_some_and(|value| !value.is_null() || store[name].is_string()) {
            store[name] = sent[name].clone();
        }
    }
    store["modifyDate"] = date::trimmed(cx.now).into();
    cx.docs.put(STORE, &id, &store);
    Ok(Reply::ok(store))
}

pub fn deactivate(cx: &mut Cx<'_>) -> Outcome {
    set_active(cx, false).map(|()| done("The requested store has been deactivated."))
}

pub fn reactivate(cx: &mut Cx<'_>) -> Outcome {
    set_active(cx, true).map(|()| done("The requested store has been reactivated."))
}

fn set_active(cx: &mut Cx<'_>, active: bool) -> Result<(), Refusal> {
    let id = wire::id(&cx.call.body["storeId"]).to_string();
    let mut store: Members = cx.docs.require(STORE, &id)?;
    store["active"] = active.into();
    store["modifyDate"] = date::trimmed(cx.now).into();
    cx.docs.put(STORE, &id, &store);
    Ok(())
}

pub fn marketplaces(_: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(&CATALOG.marketplaces))
}

/// An import begins now and ends in a minute: of one store, or of all that have a marketplace. Manual ones import nothing.
pub fn refresh(cx: &mut Cx<'_>) -> Outcome {
    let asked = cx.call.query("storeId").map(Value::from).or_else(|| cx.call.body.get("storeId").cloned());
    let id = asked.filter(|id| !id.is_null() && *id != "").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
    let mut stores: Vec<Members> = match &id {
        Some(id) => vec![cx.docs.require(STORE, id)?],
        None => cx.docs.all(STORE),
    };
    if id.is_some() && stores[0]["marketplaceId"] == 0 {
        return Err(message("This store cannot be refreshed."));
    }
    stores.retain(|store| store["marketplaceId"] != 0 && store["active"] == true);
    for mut store in stores {
        store["lastRefreshAttempt"] = date::trimmed(cx.now).into();
        let id = store["storeId"].to_string();
        cx.docs.put(STORE, &id, &store);
        cx.schedule_in(IMPORT_LASTS, REFRESHED, &id, 0);
    }
    Ok(done("Store refresh initiated"))
}

/// An import has ended: the store says when.
pub(in crate::vendors::shipstation::v1) fn refreshed(cx: &mut Cx<'_>, id: &str) {
    let Some(mut store) = cx.docs.get::<Members>(STORE, id) else { return };
    store["refreshDate"] = date::trimmed(cx.now).into();
    cx.docs.put(STORE, id, &store);
    v2::refreshed(cx, id);
}

/// Inferred: what is between the two times of a store is an import that is under way.
pub fn refresh_status(cx: &mut Cx<'_>) -> Outcome {
    let store: Members = cx.docs.require(STORE, cx.call.query("storeId").unwrap_or_default().trim())?;
    let time = |name: &str| store[name].as_str().and_then(date::read);
    let is_running = time("lastRefreshAttempt") > time("refreshDate");
    let (id, status) = if is_running { (Some(2), Some("Updating orders")) } else { (None, None) };
    let day = |name: &str| time(name).map(|at| at.strftime("%-m/%-d/%Y").to_string());
    Ok(Reply::ok(json!({
        "storeId": store["storeId"], "refreshStatusId": id, "refreshStatus": status, "lastRefreshAttempt": day("lastRefreshAttempt"),
        "refreshDate": day("refreshDate"),
    })))
}
