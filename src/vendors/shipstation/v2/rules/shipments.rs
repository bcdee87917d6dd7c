//! Shipments: created several at a time, replaced while they are pending, cancelled, tagged.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::dialect::{self, taken, wrong_state};
use super::super::listing::{self, LISTING};
use super::super::wire::order::Origins;
use super::super::wire::shipment::StoredShipment;
use super::super::wire::{self, Members, SHIPMENT, order, se, shipment, texts};
use super::super::{checks, labels as drawn, webhooks};
use super::{addresses, tags};
use crate::engine::listing::{Filter, Listing, Test};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::labels;
use crate::vendors::shipstation::wire::{IMPORT, ORDER};
use crate::world::Kind;

const SHIPMENTS: Listing = Listing {
    filters: &[
        Filter { name: "shipment_status", member: "/shipment_status", test: Test::By(is_in) },
        Filter { name: "sales_order_id", member: "/items", test: Test::By(|items, id| has(items, |item| item["sales_order_id"] == id)) },
        Filter { name: "item_keyword", member: "/items", test: Test::By(|items, word| has(items, |item| names(item, word))) },
        Filter { name: "tag", member: "/tags", test: Test::By(|tags, name| has(tags, |tag| tag["name"] == name)) },
    ],
    ..LISTING
};

/// What is on hold is pending, too.
fn is_in(found: &Value, status: &str) -> bool {
    let found = found.as_str().unwrap_or_default();
    found.eq_ignore_ascii_case(status) || status.eq_ignore_ascii_case("pending") && found == shipment::ON_HOLD
}

fn has(rows: &Value, fits: impl Fn(&Value) -> bool) -> bool {
    rows.as_array().is_some_and(|rows| rows.iter().any(fits))
}

fn names(item: &Value, word: &str) -> bool {
    ["name", "sku"].iter().any(|member| item[*member].as_str().is_some_and(|text| text.to_lowercase().contains(&word.to_lowercase())))
}

/// Newest first. Only those of the page are read as a whole.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let query = SHIPMENTS.read(cx.call)?;
    let mut rows = shipment::all(cx);
    let narrow = |rows: &mut Vec<StoredShipment<'_>>, wanted: Vec<u64>| {
        let wanted: BTreeSet<u64> = wanted.into_iter().collect();
        rows.retain(|row| wanted.contains(&row.number));
    };
    if let Some(batch) = listing::asked(cx, "batch_id") {
        let wanted = super::batches::shipments(cx, batch);
        narrow(&mut rows, wanted);
    }
    if let Some(import) = listing::asked(cx, "import_batch_id") {
        let wanted = cx.docs.get(IMPORT, import).unwrap_or_default();
        narrow(&mut rows, wanted);
    }
    if let Some(pickup) = listing::asked(cx, "pickup_id") {
        let wanted = super::package_pickups::shipments(cx, pickup);
        narrow(&mut rows, wanted);
    }
    let page = query.rows_by(rows, |row, member| shipment::member(cx, row, member))?;
    let mut origins = Origins::default();
    let page = page.map(|row| shipment::row(cx, row.number, &mut origins));
    Ok(listing::answer(cx, "shipments", page))
}

/// All or none of them can be read; what is wrong with one alone is told with it.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let mut faults = checks::of_elements(cx.call)?;
    let sent = cx.call.body["shipments"].as_array().cloned().unwrap_or_default();
    let (mut made, mut has_errors, mut imported) = (Vec::new(), false, Vec::new());
    for (index, sent) in sent.into_iter().enumerate() {
        let result = match faults.remove(&index) {
            Some(errors) => Err(errors),
            None => match make(cx, &sent) {
                Ok(done) => Ok(done),
                Err(refusal) => Err(vec![dialect::error_of(&refusal).ok_or(refusal)?]),
            },
        };
        match result {
            Ok((number, shipment, validation)) => {
                imported.push(number);
                made.push(shipment::made(cx.now, &shipment, &validation));
            }
            Err(errors) => {
                has_errors = true;
                let mut failed = Map::from_iter([("errors".to_owned(), json!(errors)), ("address_validation".to_owned(), Value::Null)]);
                failed.extend(sent.as_object().cloned().unwrap_or_default());
                made.push(failed.into());
            }
        }
    }
    if !imported.is_empty() {
        webhooks::imported(cx, &imported);
    }
    Ok(Reply::ok(json!({ "has_errors": has_errors, "shipments": made })))
}

fn make(cx: &mut Cx<'_>, sent: &Value) -> Result<(u64, Members, Value), Refusal> {
    sent["carrier_id"].as_str().map(|id| drawn::connected(cx, id)).transpose()?;
    let is_sold = sent["create_sales_order"] == true;
    let mut number = if is_sold { 0 } else { wire::next(cx, &ORDER) };
    let mut shipment = shipment::complete(cx, number, sent, None)?;
    let validation = addresses::of_shipment(cx, sent, &mut shipment)?;
    if is_sold {
        number = order::create(cx, &shipment)?;
        shipment.insert("shipment_id".to_owned(), se(number).into());
        let sold = cx.docs.get::<Members>(ORDER, &number.to_string()).unwrap_or_default();
        shipment.insert("shipment_number".to_owned(), sold["orderNumber"].clone());
        let declared = sold["internationalOptions"]["customsItems"].as_array().into_iter().flatten();
        let items = shipment["customs"].get_mut("customs_items").and_then(Value::as_array_mut).into_iter().flatten();
        items.zip(declared).for_each(|(item, row)| item["customs_item_id"] = row["customsItemId"].as_u64().map(se).into());
    }
    keep(cx, number, &shipment)?;
    Ok((number, shipment, validation))
}

/// Stores a new shipment, and the tags that it brings along.
///
/// # Errors
/// When another has its external id.
pub(crate) fn keep(cx: &mut Cx<'_>, number: u64, shipment: &Members) -> Result<(), Refusal> {
    is_free(cx, shipment, number)?;
    let names = shipment["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
    names.for_each(|name| tags::add(cx, name));
    shipment::store(cx, number, shipment);
    Ok(())
}

/// External ids are given once.
pub(crate) fn is_free(cx: &Cx<'_>, shipment: &Members, number: u64) -> Result<(), Refusal> {
    let Some(id) = shipment.get("external_shipment_id").and_then(Value::as_str) else { return Ok(()) };
    match by_external_id(cx, id).filter(|(other, _)| *other != number) {
        None => Ok(()),
        Some(_) => Err(taken("external_shipment_id", id)),
    }
}

fn by_external_id(cx: &Cx<'_>, id: &str) -> Option<(u64, Members)> {
    // As it is written in stored documents.
    let written = json!(id).to_string();
    let mut own = cx.docs.rows(SHIPMENT).filter(|(_, body)| body.contains(&written));
    own.find_map(|(number, _)| {
        let number = number.parse().ok()?;
        let shipment = shipment::view(cx, number).filter(|row| row["external_shipment_id"] == id)?;
        Some((number, shipment))
    })
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    shipment::named(cx).map(|(_, shipment)| Reply::ok(shipment::to_json(shipment)))
}

/// One shipment by the id that the caller gave it.
pub(crate) fn read_external(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("external_shipment_id").unwrap_or_default();
    let (_, shipment) = by_external_id(cx, id).ok_or_else(|| unknown_external(id))?;
    Ok(Reply::ok(shipment::to_json(shipment)))
}

/// Recorded: an external id that nobody gave.
pub(crate) fn unknown_external(id: &str) -> Refusal {
    dialect::unknown("external_shipment_id", id)
}

/// Replaces a shipment as a whole, while it is pending.
pub(crate) fn update(cx: &mut Cx<'_>) -> Outcome {
    let (number, before) = shipment::named(cx)?;
    cx.call.valid()?;
    let status = before["shipment_status"].as_str().unwrap_or_default();
    if status != "pending" {
        return Err(wrong_state("invalid_status", format!("Shipment se-{number} cannot be updated: its status is {status}.")));
    }
    let sent = cx.call.body.clone();
    sent["carrier_id"].as_str().map(|id| drawn::connected(cx, id)).transpose()?;
    let mut shipment = shipment::complete(cx, number, &sent, Some(&before))?;
    let validation = addresses::of_shipment(cx, &sent, &mut shipment)?;
    keep(cx, number, &shipment)?;
    Ok(Reply::ok(shipment::made(cx.now, &shipment, &validation)))
}

/// Cancels a shipment that has no label but voided ones.
pub(crate) fn cancel(cx: &mut Cx<'_>) -> Outcome {
    let (number, shipment) = shipment::named(cx)?;
    if shipment["shipment_status"] == "cancelled" {
        return Err(wrong_state("invalid_status", format!("Shipment se-{number} is already cancelled.")));
    }
    if labels::is_live(cx, number) {
        return Err(wrong_state("invalid_status", format!("Shipment se-{number} has a label that is not voided.")));
    }
    shipment::change(cx, number, &[("shipment_status", "cancelled".into())]);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Puts a tag on a shipment, new or known.
pub(crate) fn tag(cx: &mut Cx<'_>) -> Outcome {
    let (number, shipment) = shipment::named(cx)?;
    let name = cx.call.parameter("tag_name").unwrap_or_default().to_owned();
    tags::add(cx, &name);
    let mut tags = shipment["tags"].as_array().cloned().unwrap_or_default();
    if tags.iter().all(|tag| tag["name"] != *name) {
        tags.push(json!({ "name": name }));
    }
    shipment::change(cx, number, &[("tags", tags.into())]);
    Ok(Reply::ok(json!({ "shipment_id": se(number), "tag": { "name": name } })))
}

/// Takes a tag off a shipment.
pub(crate) fn untag(cx: &mut Cx<'_>) -> Outcome {
    let (number, shipment) = shipment::named(cx)?;
    let name = cx.call.parameter("tag_name").unwrap_or_default();
    let tags: Vec<Value> = shipment["tags"].as_array().into_iter().flatten().filter(|tag| tag["name"] != name).cloned().collect();
    shipment::change(cx, number, &[("tags", tags.into())]);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The tags of a shipment.
pub(crate) fn tags_of(cx: &mut Cx<'_>) -> Outcome {
    let (_, shipment) = shipment::named(cx)?;
    Ok(Reply::ok(json!({ "tags": shipment["tags"] })))
}

pub(crate) fn notes(cx: &mut Cx<'_>) -> Outcome {
    let (number, _) = shipment::named(cx)?;
    cx.call.valid()?;
    let notes = cx.call.body["internal_notes"].clone();
    shipment::change(cx, number, &[("internal_notes", notes)]);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Gives shipments to somebody, or to nobody.
pub(crate) fn assign(cx: &mut Cx<'_>) -> Outcome {
    let user = &cx.call.body["user_id"];
    for id in texts(&cx.call.body["shipment_ids"]) {
        let number = wire::number(id).unwrap_or_default();
        shipment::find(cx, number)?;
        if let Some(user) = user.as_str().filter(|user| !CATALOG.users.iter().any(|row| row["userId"] == *user)) {
            return Err(Refusal::missing(Kind::new("user"), user));
        }
        shipment::change(cx, number, &[("assigned_user", user.clone())]);
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Buys the label of a stored shipment.
pub(crate) fn buy(cx: &mut Cx<'_>, order: &drawn::Order<'_>) -> Result<crate::vendors::shipstation::wire::label::Label, Refusal> {
    if order.shipment["shipment_status"] == "cancelled" {
        return Err(wrong_state("invalid_status", format!("Shipment se-{} is cancelled.", order.number)));
    }
    let label = drawn::buy(cx, order)?;
    order.rate.iter().for_each(|rate| super::rates::spend(cx, rate));
    Ok(label)
}
