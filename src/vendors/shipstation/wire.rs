//! What both versions store. Ids are numbers, which version 2 writes as `se-<n>`.

pub(crate) mod address;
pub(crate) mod date;
pub(crate) mod label;
pub(crate) mod order;

use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalog::{CATALOG, Carrier};
use crate::base::time::Timestamp;
use crate::engine::{Cx, Reference, Stored};
use crate::world::Kind;

pub(crate) use crate::base::money;
use label::Label;
use money::Money;
use order::Members;

/// Orders as version 1 shows them, by `orderId`; shipments of version 2.
pub(crate) const ORDER: Kind = Kind::new("order");
/// `orderId` by `orderKey`, also of deleted orders, whose keys are spent.
pub(crate) const ORDER_KEY: Kind = Kind::new("order_key");
/// Labels by their number: shipments of version 1.
pub(crate) const LABEL: Kind = Kind::new("label");
/// Orders that were shipped by other means, as version 1 shows them.
pub(crate) const FULFILLMENT: Kind = Kind::new("fulfillment");
/// As version 1 shows them.
pub(crate) const PRODUCT: Kind = Kind::new("product");
pub(crate) const CUSTOMER: Kind = Kind::new("customer");
pub(crate) const WAREHOUSE: Kind = Kind::new("warehouse");
pub(crate) const STORE: Kind = Kind::new("store");
pub(crate) const TAG: Kind = Kind::new("tag");
/// Products by SKU and customers by user name, in lower case.
pub(crate) const PRODUCT_SKU: Kind = Kind::new("product_sku");
pub(crate) const CUSTOMER_NAME: Kind = Kind::new("customer_name");
/// The orders of an import, by its GUID.
pub(crate) const IMPORT: Kind = Kind::new("import");
/// The one document of an account that says what it has; its id is [`ONLY`].
pub(crate) const PROFILE: Kind = Kind::new("profile");
/// The labels of an order, by its number.
pub(crate) const ORDER_LABELS: Kind = Kind::new("order_labels");
/// Numbers of carriers that were disconnected.
pub(crate) const DISCONNECTED: Kind = Kind::new("disconnected_carrier");
/// Lines of what is declared at a border.
pub(crate) const CUSTOMS_ITEM: Kind = Kind::new("customs_item");
/// How many ids of a kind were given.
pub(crate) const SEQUENCE: Kind = Kind::new("sequence");

pub(crate) const ONLY: &str = "";

/// What both versions share of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub balance: Money,
}

/// The tables of both versions. Those of one version alone stand in its own list.
pub(super) const STORED: &[Stored] = tables![
    u64: ORDER_KEY, Label: LABEL, Vec<u64>: ORDER_LABELS, Vec<u64>: IMPORT, Profile: PROFILE,
    u64: SEQUENCE, u64: PRODUCT_SKU, u64: CUSTOMER_NAME, bool: DISCONNECTED;
    like: model("Order") => ORDER, model("Fulfillment") => FULFILLMENT, model("Product") => PRODUCT, model("Customer") => CUSTOMER,
        model("Warehouse") => WAREHOUSE, model("Store") => STORE, model("Tag") => TAG;
    shared: ];

/// What documents of both versions name that rules rely on.
pub(super) const REFERENCES: &[Reference] = references![
    ORDER_LABELS: "/*" => LABEL, PRODUCT_SKU: "" => PRODUCT, CUSTOMER_NAME: "" => CUSTOMER; words: ];

/// The members of a component of version 1's document.
fn model(component: &str) -> Members {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/shipstation_v1/openapi.json"))).expect("a test reads the document")
    });
    DOCUMENT["components"]["schemas"][component]["properties"].clone().into()
}

/// Puts what a new account starts with, before its first call.
pub(super) fn open(cx: &mut Cx<'_>) {
    if cx.docs.has(PROFILE, ONLY) {
        return;
    }
    let is_new = cx.credential.text("state") == "new";
    let balance = match cx.credential.text("balance") {
        "" if is_new => Money::default(),
        "" => CATALOG.balance,
        told => Money::from(Value::from(told)),
    };
    cx.docs.put(PROFILE, ONLY, &Profile { balance });
    for (kind, rows) in [(WAREHOUSE, &CATALOG.warehouses), (STORE, &CATALOG.stores), (TAG, &CATALOG.tags)] {
        // Every account has a manual store, the first of the catalog.
        let most = if is_new { usize::from(kind == STORE) } else { rows.len() };
        for row in rows.iter().take(most) {
            let id = row.as_object().and_then(|row| row.values().next()).map(Value::to_string).unwrap_or_default();
            cx.docs.put(kind.clone(), &id, row);
        }
    }
}

pub(crate) fn profile(cx: &Cx<'_>) -> Profile {
    cx.docs.get(PROFILE, ONLY).unwrap_or(Profile { balance: CATALOG.balance })
}

/// Puts money into the wallet, or takes it out; what it holds then.
pub(crate) fn add_funds(cx: &mut Cx<'_>, amount: Money) -> Money {
    let balance = profile(cx).balance + amount;
    cx.docs.put(PROFILE, ONLY, &Profile { balance });
    balance
}

/// The carriers of the account: those of the catalog, less what was disconnected.
pub(crate) fn connected(cx: &Cx<'_>) -> impl Iterator<Item = &'static Carrier> + use<> {
    let gone: Vec<u64> = cx.docs.rows(DISCONNECTED).filter_map(|(id, _)| id.parse().ok()).collect();
    CATALOG.carriers.iter().filter(move |carrier| !gone.contains(&carrier.id))
}

/// The carrier of the account that version 1 calls that; letters in any case.
pub(crate) fn carrier(cx: &Cx<'_>, code: &str) -> Option<&'static Carrier> {
    connected(cx).find(|carrier| carrier.code.eq_ignore_ascii_case(code.trim()))
}

/// An id that is sent may be any whole number; nothing has one below one.
pub(crate) fn id(sent: &Value) -> u64 {
    sent.as_u64().unwrap_or_default()
}

/// The next id of a kind; none is given twice.
pub(crate) fn next_id(cx: &mut Cx<'_>, kind: &Kind) -> u64 {
    let (usual, least, most) = CATALOG.ids.get(&*kind.0).copied().unwrap_or((100_001, 100_000, 900_000));
    let range = least..most;
    let given: u64 = cx.docs.get(SEQUENCE, &kind.0).unwrap_or_default();
    let id = cx.sequential_id(kind, usual, range.clone(), given);
    // What was skipped counts as given. No document has an id so far from the first.
    const FAR: u64 = 1 << 48;
    let first = cx.sequential_id(kind, usual, range, FAR) - FAR;
    cx.docs.put(SEQUENCE, &kind.0, &(id.saturating_sub(first).max(given) + 1));
    id
}

/// Numbers what is declared at a border. Documented: a line that says its number is that one, if it was there before; inferred: so is one
/// that is described as before.
pub(crate) fn number_declared(cx: &mut Cx<'_>, lines: Option<&mut Value>, before: &Value, name: &str, id: fn(u64) -> Value) {
    let mut known = before.as_array().cloned().unwrap_or_default();
    for line in lines.and_then(Value::as_array_mut).into_iter().flatten() {
        let same = |name: &str| known.iter().position(|old| !line[name].is_null() && old[name] == line[name]);
        let old = same(name).or_else(|| same("description")).map(|index| known.remove(index)[name].take());
        line[name] = old.filter(|old| !old.is_null()).unwrap_or_else(|| id(next_id(cx, &CUSTOMS_ITEM)));
    }
}

/// Stores a place to ship from: its name, its address and that for returns, and whether it is the default one. What neither version is
/// told stays as it was.
pub(crate) fn warehouse(cx: &mut Cx<'_>, number: u64, before: &Members, [name, origin, back, is_default]: [Value; 4]) -> Members {
    let created = before.get("createDate").cloned().unwrap_or_else(|| date::stamp(cx.now).into());
    let row = json!({
        "warehouseId": number, "warehouseName": name, "originAddress": origin, "returnAddress": back, "createDate": created,
        "isDefault": is_default, "sellerIntegrationId": before["sellerIntegrationId"],
        "extInventoryIdentity": before["extInventoryIdentity"], "registerFedexMeter": before["registerFedexMeter"],
    });
    cx.docs.put(WAREHOUSE, &number.to_string(), &row);
    if is_default == true {
        make_default(cx, number);
    }
    row.into()
}

/// One warehouse is the default one.
pub(crate) fn make_default(cx: &mut Cx<'_>, number: u64) {
    for mut row in cx.docs.all::<Members>(WAREHOUSE) {
        let is_it = row["warehouseId"] == number;
        if row["isDefault"] != is_it {
            row["isDefault"] = is_it.into();
            cx.docs.put(WAREHOUSE, &row["warehouseId"].to_string(), &row);
        }
    }
}

static PACIFIC: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("America/Los_Angeles").expect("the time zones are in the binary"));

/// US Pacific wall time, which version 1 speaks.
pub(crate) fn pacific(instant: Timestamp) -> DateTime {
    PACIFIC.to_datetime(instant)
}

/// The instant of a Pacific wall time.
pub(crate) fn instant(local: DateTime) -> Option<Timestamp> {
    PACIFIC.to_timestamp(local).ok()
}
