//! Shipments: documents of this version, or orders of version 1, or both. What an order says counts once it was changed elsewhere.

use serde_json::{Value, json};

use super::super::catalog::CATALOG as WORDS;
use super::super::{access, checks, dialect, labels};
use super::order::Origins;
use super::{FORMS, Members, PACKAGE_TYPE, SHIPMENT, address, moment, number, order, se};
use crate::base::entropy;
use crate::base::json::{self, Written};
use crate::base::time::Timestamp;
use crate::engine::{Cx, Refusal};
use crate::vendors::shipstation::catalog::{CATALOG, Carrier};
use crate::vendors::shipstation::wire::label::Label;
use crate::vendors::shipstation::wire::{self, CUSTOMS_ITEM, ORDER, WAREHOUSE};
use crate::world::Kind;

/// The document whose schemas shipments have, whichever version they are changed through.
pub(crate) const DOCUMENT: &str = "shipstation_v2";
/// A member of stored shipments that is not answered: what the order said when this version last wrote both.
const SYNCED: &str = "synced";
/// Whether it waits for a day, or for somebody: an order on hold.
pub(crate) const HELD: &str = "held";

/// The shipment with that number, as it is answered.
///
/// # Errors
/// `Missing`.
pub(crate) fn find(cx: &Cx<'_>, number: u64) -> Result<Members, Refusal> {
    view(cx, number).ok_or_else(|| Refusal::missing(SHIPMENT, se(number)))
}

/// The shipment that the path names.
///
/// # Errors
/// `Missing`.
pub(crate) fn named(cx: &Cx<'_>) -> Result<(u64, Members), Refusal> {
    let number = super::named(cx, "shipment_id");
    find(cx, number).map(|shipment| (number, shipment))
}

/// The shipment with that number, if there is one. An order that waits for its payment is none yet.
pub(crate) fn view(cx: &Cx<'_>, number: u64) -> Option<Members> {
    let id = number.to_string();
    let own: Option<Members> = cx.docs.get(SHIPMENT, &id);
    let Some(sold) = cx.docs.get::<Members>(ORDER, &id) else { return own };
    if sold["orderStatus"] == "awaiting_payment" {
        return None;
    }
    let read = order::view(cx, &sold);
    let Some(mut own) = own else { return Some(read) };
    let is_changed = own.shift_remove(SYNCED) != Some(mark(&read));
    for name in WORDS.shared.iter().chain(WORDS.said.iter().filter(|_| is_changed)) {
        own[name.as_str()] = read[name.as_str()].clone();
    }
    Some(own)
}

/// A shipment of a list, written as it stands there. What is an order alone becomes a shipment while it is written.
pub(crate) fn row(cx: &Cx<'_>, number: u64, origins: &mut Origins) -> Written {
    let id = number.to_string();
    let sold = cx.docs.get::<Members>(ORDER, &id).filter(|_| !cx.docs.has(SHIPMENT, &id));
    let (mut written, style) = (Vec::with_capacity(8_192), dialect::DIALECT.style);
    match sold {
        Some(sold) => style.write_within(2, &order::completing(cx, &order::as_shipment(cx, &sold, origins)), &mut written),
        None => style.write_within(2, &to_json(view(cx, number).unwrap_or_default()), &mut written),
    }
    String::from_utf8(written).expect("JSON is text").into()
}

/// What lists are filtered by where an order is on hold, instead of its status.
pub(crate) const ON_HOLD: &str = "on_hold";

/// A shipment as it is stored: by this version, as an order, or both.
pub(crate) struct StoredShipment<'d> {
    pub number: u64,
    own: Option<&'d str>,
    sold: Option<&'d str>,
}

/// A member of a shipment by its JSON pointer, of those that lists filter and sort by. Of what is stored nothing else is read, if that can
/// be helped.
pub(crate) fn member(cx: &Cx<'_>, &StoredShipment { number, own, sold }: &StoredShipment<'_>, pointer: &str) -> Value {
    let found = match (own, sold) {
        _ if !cx.docs.may_pass_all([own, sold], pointer == "/items" || own.is_some() == sold.is_some()) => Some(Value::Null),
        (Some(own), None) => Some(json::at(own, pointer).and_then(|found| serde_json::from_str(found).ok()).unwrap_or_default()),
        (None, Some(sold)) => order::member(cx, sold, pointer),
        // Version 2 says nothing of payments.
        (Some(_), Some(sold)) if pointer == "/payment_date" => order::member(cx, sold, pointer),
        _ => None,
    };
    found.unwrap_or_else(|| {
        let shipment = view(cx, number).unwrap_or_default();
        if pointer == "/shipment_status" && shipment[HELD] == true {
            return ON_HOLD.into();
        }
        Value::from(shipment).pointer(pointer).cloned().unwrap_or_default()
    })
}

/// What an order says, in short: it is another mark once version 1 has said something else.
fn mark(read: &Members) -> Value {
    let said: Value = WORDS.said.iter().map(|name| read[name.as_str()].clone()).collect();
    format!("{:016x}", entropy::fingerprint(said.to_string().as_bytes())).into()
}

/// A shipment as it is answered.
pub(crate) fn to_json(mut shipment: Members) -> Value {
    shipment.shift_remove(HELD);
    shipment.into()
}

/// All shipments, in the order of creation.
pub(crate) fn all<'d>(cx: &'d Cx<'_>) -> Vec<StoredShipment<'d>> {
    let is_open = |body: &str| json::at(body, "/orderStatus") != Some(r#""awaiting_payment""#);
    let orders = cx.docs.rows(ORDER).filter(|(_, body)| is_open(body)).map(|(id, body)| (id, cx.docs.raw(SHIPMENT, id), Some(body)));
    let own = cx.docs.rows(SHIPMENT).filter(|(id, _)| !cx.docs.has(ORDER, id)).map(|(id, body)| (id, Some(body), None));
    let row = |(id, own, sold): (&str, _, _)| Some(StoredShipment { number: id.parse().ok()?, own, sold });
    let mut rows: Vec<StoredShipment<'d>> = orders.chain(own).filter_map(row).collect();
    rows.sort_unstable_by_key(|row| row.number);
    rows
}

/// Stores a shipment, and the order that it also is.
pub(crate) fn store(cx: &mut Cx<'_>, number: u64, shipment: &Members) {
    let mut stored = shipment.clone();
    // Recorded: blank instructions are told to who sends the shipment, and null whenever it is read.
    let addresses = ["ship_to", "ship_from", "return_to"];
    for said in stored.iter_mut().filter(|(name, _)| addresses.contains(&&***name)).filter_map(|(_, end)| end.get_mut("instructions")) {
        if *said == "" {
            *said = Value::Null;
        }
    }
    order::change(cx, number, shipment);
    if let Some(sold) = cx.docs.get::<Members>(ORDER, &number.to_string()) {
        stored.insert(SYNCED.to_owned(), mark(&order::view(cx, &sold)));
    }
    cx.docs.put(SHIPMENT, &number.to_string(), &stored);
}

/// Changes members of a shipment, whether it is an order or not.
pub(crate) fn change(cx: &mut Cx<'_>, number: u64, changes: &[(&str, Value)]) {
    let Some(mut shipment) = view(cx, number) else { return };
    changes.iter().for_each(|(name, value)| shipment[*name] = value.clone());
    shipment["modified_at"] = moment(cx.now).into();
    store(cx, number, &shipment);
}

/// A shipment that was sent, whole: with the addresses of its warehouse, its weight, and the ids of its packages.
///
/// # Errors
/// When neither a sender nor a warehouse is there.
pub(crate) fn complete(cx: &mut Cx<'_>, number: u64, sent: &Value, before: Option<&Members>) -> Result<Members, Refusal> {
    let mut whole = sent.clone();
    if before.is_none() && sent["store_id"].is_null() && !access::in_sandbox(cx) {
        open_store(cx);
    }
    let kept = |name: &str, usual: Value| before.and_then(|before| before.get(name)).cloned().unwrap_or(usual);
    let store = if access::in_sandbox(cx) { Value::Null } else { se(STORE).into() };
    whole["shipment_id"] = se(number).into();
    whole["created_at"] = kept("created_at", moment(cx.now).into());
    // Recorded: the change is a little before the creation.
    whole["modified_at"] = moment(super::before(cx.now, 16)).into();
    whole["shipment_status"] = kept("shipment_status", "pending".into());
    for (name, usual) in [("ship_date", super::day(super::sending(cx.now)).into()), ("store_id", kept("store_id", store))] {
        if sent[name].is_null() {
            whole[name] = usual;
        }
    }
    if let Some(packages) = whole["packages"].as_array_mut() {
        packages.retain(Value::is_object);
        if packages.is_empty() {
            return Err(dialect::needed("packages"));
        }
    }
    let is_of_warehouse = addresses(cx, &mut whole)?;
    packages(cx, &mut whole, before);
    let mut shipment = Members::from(cx.completed_by(DOCUMENT, "Shipment", &whole, FORMS));
    // Recorded: what comes from a warehouse has no place on the map.
    for (name, _) in ["ship_from", "return_to"].into_iter().zip(is_of_warehouse).filter(|(_, is)| *is) {
        shipment.get_mut(name).and_then(Value::as_object_mut).and_then(|address| address.shift_remove("geolocation"));
    }
    if let Some(packages) = shipment["packages"].as_array() {
        shipment["total_weight"] = total(packages);
    }
    Ok(shipment)
}

/// Makes the shipment of a label that version 1 bought without an order; its number.
pub(crate) fn of_label(cx: &mut Cx<'_>, label: &Label) -> u64 {
    let number = super::next(cx, &ORDER);
    let warehouse = label.warehouse.filter(|id| cx.docs.has(WAREHOUSE, &id.to_string()));
    let sent = json!({
        "external_shipment_id": labels::auto_id(cx, number), "carrier_id": se(label.carrier), "service_code": label.service,
        "ship_date": format!("{}T00:00:00Z", label.ship_date), "ship_from": address::shipping(&label.from),
        "ship_to": address::shipping(&label.to), "warehouse_id": warehouse.map(se), "store_id": label.store.map(se),
        "confirmation": label.confirmation,
        "packages": [{
            "package_code": label.package, "weight": label.weight.as_ref().map(address::weight),
            "dimensions": address::dimensions(label.dimensions.as_ref()),
        }],
    });
    let mut shipment = complete(cx, number, &sent, None).unwrap_or_default();
    shipment["shipment_status"] = "label_purchased".into();
    store(cx, number, &shipment);
    number
}

/// The store of shipments that were made by this API.
const STORE: u64 = 322_100;

/// It is there from the first of them on: a store like that for orders by hand, under a name of its own.
fn open_store(cx: &mut Cx<'_>) {
    let manual = CATALOG.stores.first().filter(|_| !cx.docs.has(wire::STORE, &STORE.to_string())).cloned();
    let Some(mut store) = manual else { return };
    let now = json!(wire::date::trimmed(cx.now));
    (store["storeId"], store["storeName"]) = (STORE.into(), "API Shipments".into());
    for name in ["createDate", "modifyDate", "refreshDate", "lastRefreshAttempt"] {
        store[name] = now.clone();
    }
    cx.docs.put(wire::STORE, &STORE.to_string(), &store);
}

/// A warehouse stands in for the sender and for returns, and a sender for returns; which of the two are the warehouse's addresses.
fn addresses(cx: &Cx<'_>, shipment: &mut Value) -> Result<[bool; 2], Refusal> {
    let find = |id: u64| cx.docs.get::<Members>(WAREHOUSE, &id.to_string()).ok_or_else(|| Refusal::missing(WAREHOUSE, se(id)));
    let stored = shipment["warehouse_id"].as_str().and_then(number).map(find).transpose()?;
    let of = |member: &str| address::of_warehouse(stored.as_ref()?, member);
    let is_sent = ["ship_from", "return_to"].map(|name| !shipment[name].is_null());
    let is_own = |name: &str, member: &str| of(member).is_some_and(|own| address::read(&own) == address::read(&shipment[name]));
    let is_own = [is_own("ship_from", "originAddress"), is_own("return_to", "returnAddress")];
    let from = if is_sent[0] { Some(shipment["ship_from"].clone()) } else { of("originAddress") };
    let from = from.ok_or_else(|| dialect::needed("ship_from"))?;
    if !is_sent[1] {
        shipment["return_to"] = of("returnAddress").filter(|_| !is_sent[0]).unwrap_or_else(|| from.clone());
    }
    shipment["ship_from"] = from;
    Ok([!is_sent[0] || is_own[0], if is_sent[1] { is_own[1] } else { !is_sent[0] || is_own[0] }])
}

/// Ids and names of packages, and what they weigh together.
fn packages(cx: &mut Cx<'_>, shipment: &mut Value, before: Option<&Members>) {
    let Some(mut packages) = shipment["packages"].as_array().cloned() else { return };
    let types: Vec<Members> = cx.docs.all(PACKAGE_TYPE);
    for (index, package) in packages.iter_mut().enumerate() {
        let earlier = before.map(|before| before["packages"][index]["shipment_package_id"].clone()).filter(|id| !id.is_null());
        package["shipment_package_id"] = earlier.unwrap_or_else(|| se(super::next(cx, &Kind::new("shipment_package"))).into());
        let code = package["package_code"].as_str().map(str::to_lowercase);
        let is_its = |row: &&Members| row["package_id"] == package["package_id"] || row["package_code"].as_str() == code.as_deref();
        if let Some(own) = types.iter().find(is_its) {
            own_package(package, own);
            continue;
        }
        let code = code.as_deref().filter(|code| *code != "package");
        package["package_id"] = if code.is_none() { "se-3" } else { "se-5" }.into();
        package["package_name"] = code.map_or_else(|| "Package".to_owned(), title).into();
    }
    let products = packages.iter_mut().filter_map(|package| package["products"].as_array_mut()).flatten();
    for product in products.filter(|product| product["product_id"].is_null()) {
        product["product_id"] = se(super::next(cx, &CUSTOMS_ITEM)).into();
    }
    let known = before.map_or(&Value::Null, |before| &before["customs"]["customs_items"]);
    let items = shipment.pointer_mut("/customs/customs_items");
    wire::number_declared(cx, items, known, "customs_item_id", |id| se(id).into());
    shipment["total_weight"] = total(&packages);
    shipment["packages"] = packages.into();
}

/// A package of a type of the account's own, named by its id or its code: it has that type's size, unless another one is sent.
fn own_package(package: &mut Value, own: &Members) {
    for (member, name) in [("package_id", "package_id"), ("package_code", "package_code"), ("package_name", "name")] {
        package[member] = own[name].clone();
    }
    if address::read_dimensions(&package["dimensions"]).is_none() && own["dimensions"].is_object() {
        package["dimensions"] = own["dimensions"].clone();
    }
}

/// `flat_rate_envelope` as people write it.
fn title(code: &str) -> String {
    code.split('_').map(checks::capital).collect::<Vec<_>>().join(" ")
}

/// What packages weigh together, in the unit of the first.
pub(crate) fn total(packages: &[Value]) -> Value {
    let Some(first) = packages.first() else { return Value::Null };
    let unit = first["weight"]["unit"].as_str().unwrap_or("ounce");
    let ounces = |unit: &Value| address::read_weight(&json!({ "value": 1, "unit": unit })).ounces();
    let of = |package: &Value| {
        let (value, own) = (package["weight"]["value"].as_f64().unwrap_or_default(), &package["weight"]["unit"]);
        if own.as_str().unwrap_or("ounce") == unit { value } else { value * ounces(own) / ounces(&unit.into()) }
    };
    let sum: f64 = packages.iter().map(of).sum();
    let rounded = (sum * 100.0).round() / 100.0;
    json!({ "value": if rounded.is_finite() { rounded } else { f64::MAX }, "unit": unit })
}

/// The carrier that a shipment names.
pub(crate) fn carrier(shipment: &Members) -> Option<&'static Carrier> {
    CATALOG.carrier_of(number(shipment.get("carrier_id")?.as_str()?)?)
}

/// As the answer to its creation or change shows it: with times of .NET, the change a little before the creation.
pub(crate) fn made(now: Timestamp, shipment: &Members, validation: &Value) -> Value {
    let mut made = super::joined([json!({ "errors": [], "address_validation": validation }), to_json(shipment.clone())]);
    made["created_at"] = super::tick(now).into();
    made["modified_at"] = super::tick(super::before(now, 16)).into();
    if made["ship_to"]["instructions"].is_null() {
        made["ship_to"]["instructions"] = "".into();
    }
    made
}
