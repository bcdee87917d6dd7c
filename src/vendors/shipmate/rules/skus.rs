//! The inventory. A SKU is stored as version 1.1 answers it, so that reading it back is copying; what only version 1.2 knows of it
//! is kept apart.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{custom_fields, locations, users};
use crate::base::ids;
use crate::base::json::Written;
use crate::engine::fields::{Field, Report};
use crate::engine::listing::{self, Bad, Listing, Number, Sorting};
use crate::engine::{Cx, Docs, Outcome, Params, Refusal, Reply};
use crate::spec::Rule;
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::checks::{self, UNIQUE};
use crate::vendors::shipmate::wire::{self, Envelope, Reference, SKU, SKU_EXTRA, SKU_NUMBER, Stamp};

/// A page. The links know of a next one, but never of the last one.
#[derive(Serialize)]
struct Skus {
    data: Vec<Written>,
    links: Links,
    meta: Meta,
}

#[derive(Serialize)]
struct Links {
    first: String,
    last: Option<String>,
    prev: Option<String>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Meta {
    current_page: usize,
    from: Option<usize>,
    path: String,
    per_page: usize,
    to: Option<usize>,
}

/// A SKU needs a number that is still free, and a name.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    users::manages(cx)?;
    let mut sku = CATALOG.new_sku.clone();
    sku["uuid"] = ids::uuid(&mut cx.rng).to_string().into();
    sku["location"] = json!(CATALOG.home());
    sku["created_at"] = json!(Stamp(wire::local(cx.now)));
    let sku = save(cx, sku, cx.credential.is("strict_skus"))?;
    Ok(Reply::created(Envelope { message: "SKU Created", data: sku }))
}

/// Only what is given changes; a number may change to one that is free.
pub fn update(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    users::manages(cx)?;
    let uuid = locate(&cx.docs, &reference)?;
    let sku = cx.docs.require(SKU, &uuid)?;
    Ok(wire::ok("SKU Updated", save(cx, sku, false)?))
}

/// A SKU is found by its number or its UUID.
pub fn get(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let uuid = locate(&cx.docs, &reference)?;
    Ok(wire::ok("SKU Retrieved", stored_view(cx, &uuid)?))
}

/// Thirty a page in order of creation. What is no page number is the first page, and a page past the end is empty.
const SKUS: Listing = Listing {
    filters: &[],
    time: |_| None,
    sorting: Sorting::NONE,
    newest_first: false,
    page: Number {
        names: &["page"],
        usual: 1,
        least: 1,
        most: usize::MAX,
        read: |text| text.trim().parse::<u32>().ok()?.try_into().ok(),
        bad: Bad::Usual,
    },
    size: Number { names: &[], usual: 30, least: 1, most: 30, read: listing::digits, bad: Bad::Usual },
    refuse_past_end: false,
    cursor: "",
    refuse: |_| Refusal::Broken,
};

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = SKUS.read(cx.call)?.documents(&cx.docs, SKU)?;
    let path = cx.call.url(cx.call.path);
    let link = |number: usize| format!("{path}?page={number}");
    let row = |number: usize| Some(number).filter(|_| !page.rows.is_empty());
    let prev = (page.number > 1).then(|| link(page.number - 1));
    let links = Links { first: link(1), last: None, prev, next: page.has_next.then(|| link(page.number + 1)) };
    let (from, to) = (row(page.skipped + 1), row(page.skipped + page.rows.len()));
    let meta = Meta { current_page: page.number, from, path, per_page: page.size, to };
    let data = page.rows.into_iter().map(|row| sku_view(cx, row.id(), row.written())).collect::<Result<_, _>>()?;
    Ok(Reply::ok(Skus { data, links, meta }))
}

fn locate(docs: &Docs<'_>, reference: &str) -> Result<String, Refusal> {
    let by_number = docs.get(SKU_NUMBER, reference);
    let by_uuid = || Some(reference.to_ascii_lowercase()).filter(|uuid| docs.has(SKU, uuid));
    by_number.or_else(by_uuid).ok_or_else(|| Refusal::missing(SKU, reference))
}

/// Stores what a body makes of a SKU, and shows it. A strict one needs more than its number and name.
fn save(cx: &mut Cx<'_>, before: Map<String, Value>, is_strict: bool) -> Result<Written, Refusal> {
    let uuid = before["uuid"].as_str().unwrap_or_default();
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let number = body.member("sku");
    let owner: Option<String> = number.text().and_then(|text| cx.docs.get(SKU_NUMBER, text));
    if owner.is_some_and(|owner| owner != uuid) {
        report.add(&number, UNIQUE);
    }
    let is_newer = wire::is_newer(cx);
    for name in CATALOG.strict_sku.iter().filter(|name| is_strict && (is_newer || !CATALOG.new_sku_extra.contains_key(*name))) {
        let field = body.member(name);
        if field.value.is_none() {
            report.add(&field, Rule::Required);
        }
    }
    let has_extra = is_newer && (is_strict || CATALOG.new_sku_extra.keys().any(|name| body.has(name)));
    let fields = if has_extra { custom_fields::Known::of(cx).check(&mut report, &body, "SKU") } else { None };
    report.finish()?;
    let mut sku = wire::filled(&CATALOG.new_sku, &before, &cx.call.body);
    for name in ["uuid", "created_at"] {
        sku[name].clone_from(&before[name]);
    }
    sku["updated_at"] = json!(Stamp(wire::local(cx.now)));
    for name in ["value_ex_vat", "vat_rate", "value_inc_vat"] {
        if sku[name].is_number() {
            sku[name] = checks::two_decimals(&sku[name]).into();
        }
    }
    if let Some(location) = sku["location"].as_str().and_then(|reference| CATALOG.location(reference)) {
        sku["location"] = json!(location);
    }
    if let Some((code, name)) = sku["country_of_origin"].as_str().and_then(|code| CATALOG.country(code)) {
        sku["country_of_origin"] = json!({"code": code, "name": name});
    }
    cx.docs.remove(SKU_NUMBER, before["sku"].as_str().unwrap_or_default());
    cx.docs.put(SKU_NUMBER, sku["sku"].as_str().unwrap_or_default(), uuid);
    cx.docs.put(SKU, uuid, &sku);
    if has_extra {
        let before = extra(&cx.docs, uuid);
        let mut extra = wire::filled(&CATALOG.new_sku_extra, &before, &cx.call.body);
        let mut own = before["custom_fields"].as_object().cloned().unwrap_or_default();
        own.extend(fields.cloned().unwrap_or_default());
        extra["custom_fields"] = own.into();
        cx.docs.put(SKU_EXTRA, uuid, &extra);
    }
    stored_view(cx, uuid)
}

fn extra(docs: &Docs<'_>, uuid: &str) -> Map<String, Value> {
    docs.get(SKU_EXTRA, uuid).unwrap_or_else(|| CATALOG.new_sku_extra.clone())
}

fn stored_view(cx: &Cx<'_>, uuid: &str) -> Result<Written, Refusal> {
    cx.docs.raw(SKU, uuid).map_or_else(|| Err(Refusal::missing(SKU, uuid)), |sku| sku_view(cx, uuid, sku.into()))
}

/// A SKU, as it is stored, as the caller's version shows it.
fn sku_view(cx: &Cx<'_>, uuid: &str, stored: Written) -> Result<Written, Refusal> {
    if !wire::is_newer(cx) {
        return Ok(stored);
    }
    let mut row = wire::as_version(cx, cx.docs.require::<Value>(SKU, uuid)?);
    row["location"] =
        row["location"]["code"].as_str().and_then(|code| CATALOG.location(code)).map(|own| locations::location_view(cx, own)).into();
    if let Value::Object(members) = &mut row {
        members.extend(extra(&cx.docs, uuid));
    }
    Ok(row.to_string().into())
}
