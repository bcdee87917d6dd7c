//! The inventory. A SKU is stored in the shape in which it is answered, so that reading it back is copying.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{custom_fields, locations, users};
use crate::base::ids;
use crate::engine::listing::{self, Bad, Listing, Number, Sorting};
use crate::engine::{Cx, Docs, Outcome, Params, Refusal, Reply};
use crate::vendors::shipmate::catalog::{CATALOG, Country, Location};
use crate::vendors::shipmate::countries;
use crate::vendors::shipmate::dialect;
use crate::vendors::shipmate::validation::{Fault, Field, Report};
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::wire::{self, Envelope, SKU, SKU_EXTRA, SKU_NUMBER, Stamp};

#[derive(Serialize, Deserialize, Default)]
pub struct Sku {
    uuid: String,
    sku: String,
    product_name: String,
    outer_barcode: Option<String>,
    inner_barcode: Option<String>,
    product_code: Option<String>,
    pub description_short: Option<String>,
    pub description_full: Option<String>,
    department: Option<String>,
    category: Option<String>,
    location: Option<Location>,
    warehouse_location: Option<String>,
    pub tariff_code: Option<String>,
    pub tariff_description: Option<String>,
    pub country_of_origin: Option<Country>,
    manufacturer_name: Option<String>,
    part_number: Option<String>,
    pub value_ex_vat: Option<String>,
    vat_rate: Option<String>,
    value_inc_vat: Option<String>,
    gross_weight: Option<i64>,
    net_weight: Option<i64>,
    width: Option<i64>,
    length: Option<i64>,
    depth: Option<i64>,
    hazard_codes: Vec<String>,
    is_stocked_item: Option<bool>,
    in_stock: Option<bool>,
    created_at: String,
    updated_at: String,
}

#[derive(Deserialize)]
pub struct Reference {
    r#ref: String,
}

#[derive(Serialize)]
struct Skus {
    data: Vec<Box<RawValue>>,
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

/// What a SKU must have beside its number and name where SKUs are strict.
const STRICT: [&str; 13] = [
    "tariff_code",
    "tariff_description",
    "country_of_origin",
    "value_ex_vat",
    "vat_rate",
    "value_inc_vat",
    "gross_weight",
    "net_weight",
    "width",
    "length",
    "depth",
    "is_stocked_item",
    "in_stock",
];

/// A SKU needs a number that is still free, and a name.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    users::manages(cx)?;
    let (mut report, body) = (Report::default(), Field::root(&cx.call.body));
    let mut sku = Sku { location: Some(CATALOG.home().clone()), ..Sku::default() };
    sku.fill(&mut report, &body, &cx.docs, cx.credential.is("strict_skus"));
    let extra = extra(cx, &mut report, &body, "", cx.credential.is("strict_skus"));
    dialect::settle(&report)?;
    sku.uuid = ids::uuid(&mut cx.rng).to_string();
    sku.created_at = Stamp(wire::local(cx.now)).to_string();
    sku.updated_at.clone_from(&sku.created_at);
    store(&mut cx.docs, &sku);
    if let Some(extra) = extra {
        cx.docs.put(SKU_EXTRA, &sku.uuid, &extra);
    }
    Ok(Reply::created(Envelope { message: "SKU Created", data: shown(cx, &sku.uuid)? }))
}

/// Only what is given changes; a number may change to one that is free.
pub fn update(cx: &mut Cx<'_>, Params(Reference { r#ref }): Params<Reference>) -> Outcome {
    users::manages(cx)?;
    let uuid = locate(&cx.docs, &r#ref)?;
    let mut sku: Sku = cx.docs.require(SKU, &uuid)?;
    let (mut report, body) = (Report::default(), Field::root(&cx.call.body));
    let number = sku.sku.clone();
    sku.fill(&mut report, &body, &cx.docs, false);
    let extra = extra(cx, &mut report, &body, &uuid, false);
    dialect::settle(&report)?;
    if sku.sku != number {
        cx.docs.remove(SKU_NUMBER, &number);
    }
    sku.updated_at = Stamp(wire::local(cx.now)).to_string();
    store(&mut cx.docs, &sku);
    if let Some(extra) = extra {
        cx.docs.put(SKU_EXTRA, &uuid, &extra);
    }
    Ok(Reply::ok(Envelope { message: "SKU Updated", data: shown(cx, &uuid)? }))
}

/// A SKU is found by its number or its UUID.
pub fn get(cx: &mut Cx<'_>, Params(Reference { r#ref }): Params<Reference>) -> Outcome {
    let uuid = locate(&cx.docs, &r#ref)?;
    Ok(Reply::ok(Envelope { message: "SKU Retrieved", data: shown(cx, &uuid)? }))
}

/// Thirty a page in order of creation. What is no page number is the first page, and a page past the end is empty.
const SKUS: Listing = Listing {
    filters: &[],
    time: |_| None,
    sorting: Sorting::NONE,
    newest_first: false,
    page: Number {
        name: "page",
        usual: 1,
        least: 1,
        most: usize::MAX,
        read: |text| text.trim().parse::<u32>().ok()?.try_into().ok(),
        bad: Bad::Usual,
    },
    size: Number { name: "", usual: 30, least: 1, most: 30, read: listing::digits, bad: Bad::Usual },
    refuse_past_end: false,
    cursor: "",
    refuse: |_| Refusal::Broken,
};

/// The links know of a next page, but never of the last one.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = SKUS.read(cx.call)?.documents(&cx.docs, SKU)?;
    let path = cx.call.url(&format!("{}/skus", Version::of(cx).prefix()));
    let link = |number: usize| format!("{path}?page={number}");
    let links = Links {
        first: link(1),
        last: None,
        prev: (page.number > 1).then(|| link(page.number - 1)),
        next: page.has_next.then(|| link(page.number + 1)),
    };
    let is_empty = page.rows.is_empty();
    let meta = Meta {
        current_page: page.number,
        from: (!is_empty).then_some(page.skipped + 1),
        per_page: page.size,
        to: (!is_empty).then_some(page.skipped + page.rows.len()),
        path,
    };
    let data = page.rows.into_iter().map(|(uuid, _)| shown(cx, uuid)).collect::<Result<Vec<_>, _>>()?;
    Ok(Reply::ok(Skus { data, links, meta }))
}

/// The SKU with exactly that number.
pub fn look_up(docs: &Docs<'_>, number: &str) -> Option<Sku> {
    let uuid: String = docs.get(SKU_NUMBER, number)?;
    docs.get(SKU, &uuid)
}

fn locate(docs: &Docs<'_>, reference: &str) -> Result<String, Refusal> {
    if let Some(uuid) = docs.get(SKU_NUMBER, reference) {
        return Ok(uuid);
    }
    let uuid = reference.to_ascii_lowercase();
    if docs.has(SKU, &uuid) { Ok(uuid) } else { Err(Refusal::missing(SKU, reference)) }
}

fn store(docs: &mut Docs<'_>, sku: &Sku) {
    docs.put(SKU_NUMBER, &sku.sku, &sku.uuid);
    docs.put(SKU, &sku.uuid, sku);
}

/// What version 1.2 knows of a SKU beside what both versions do; kept apart, so that reading the rest back stays copying.
#[derive(Serialize, Deserialize)]
struct Extra {
    image_url: Option<String>,
    active: bool,
    item_handling: String,
    custom_fields: Map<String, Value>,
}

impl Default for Extra {
    fn default() -> Self {
        Self { image_url: None, active: true, item_handling: "PACKABLE".to_owned(), custom_fields: Map::new() }
    }
}

/// Reads what version 1.2 adds; nothing if the request names none of it. A strict one has to say how it is handled.
fn extra(cx: &Cx<'_>, report: &mut Report, body: &Field<'_, '_>, uuid: &str, strict: bool) -> Option<Extra> {
    let named = ["image_url", "active", "item_handling", "custom_fields"].iter().any(|name| body.names(name));
    if Version::of(cx) == Version::V1_1 || !(named || strict) {
        return None;
    }
    let mut extra: Extra = cx.docs.get(SKU_EXTRA, uuid).unwrap_or_default();
    if body.names("image_url") {
        extra.image_url = report.text(&body.member("image_url")).map(str::to_owned);
    }
    extra.active = report.flag(&body.member("active")).unwrap_or(extra.active);
    let handling = |word: &str| ["PACKABLE", "NON_PACKABLE"].contains(&word).then(|| word.to_owned());
    let member = body.member("item_handling");
    let member = if strict { report.needed(member) } else { member };
    extra.item_handling = report.choice(&member, handling).unwrap_or(extra.item_handling);
    if let Some(own) = custom_fields::check(report, body, "SKU", cx) {
        extra.custom_fields.extend(own.clone());
    }
    Some(extra)
}

/// A stored SKU as the caller's version shows it.
fn shown(cx: &Cx<'_>, uuid: &str) -> Result<Box<RawValue>, Refusal> {
    let body = cx.docs.raw(SKU, uuid).ok_or_else(|| Refusal::missing(SKU, uuid))?;
    if Version::of(cx) == Version::V1_1 {
        return Ok(raw(body));
    }
    let stored: Sku = serde_json::from_slice(body).expect("a stored SKU is read by the type that wrote it");
    let extra: Extra = cx.docs.get(SKU_EXTRA, uuid).unwrap_or_default();
    let location = stored.location.as_ref().map(|location| locations::shown(cx, location));
    let mut row = Version::V1_2.shown(stored);
    row["location"] = location.into();
    let extra = serde_json::to_value(extra).expect("it is a map of texts");
    if let (Value::Object(members), Value::Object(extra)) = (&mut row, extra) {
        members.extend(extra);
    }
    Ok(serde_json::value::to_raw_value(&row).expect("a SKU is JSON"))
}

fn raw(body: &[u8]) -> Box<RawValue> {
    serde_json::from_slice(body).expect("a stored SKU is JSON")
}

impl Sku {
    /// Takes over what the request names. What it names blank becomes empty again.
    fn fill(&mut self, report: &mut Report, body: &Field<'_, '_>, docs: &Docs<'_>, strict: bool) {
        self.fill_texts(report, body, docs, strict);
        let needed = |name| strict && STRICT.contains(&name);
        for (name, place) in
            [("value_ex_vat", &mut self.value_ex_vat), ("vat_rate", &mut self.vat_rate), ("value_inc_vat", &mut self.value_inc_vat)]
        {
            take(report, body, name, needed(name), place, |report, field| report.money(field));
        }
        for (name, place) in [
            ("gross_weight", &mut self.gross_weight),
            ("net_weight", &mut self.net_weight),
            ("width", &mut self.width),
            ("length", &mut self.length),
            ("depth", &mut self.depth),
        ] {
            take(report, body, name, needed(name), place, |report, field| report.whole(field, 0));
        }
        if body.names("hazard_codes") {
            let codes = body.member("hazard_codes");
            let rows = report.list(&codes).iter().enumerate();
            self.hazard_codes = rows.filter_map(|(place, code)| report.text(&codes.element(place, code)).map(str::to_owned)).collect();
        }
        for (name, place) in [("is_stocked_item", &mut self.is_stocked_item), ("in_stock", &mut self.in_stock)] {
            take(report, body, name, needed(name), place, |report, field| report.flag(field));
        }
    }

    /// A member that a new SKU needs, and that a change cannot take away.
    fn vital<'v, 'q>(&self, report: &mut Report, body: &'q Field<'v, '_>, name: &'q str) -> Field<'v, 'q> {
        let field = body.member(name);
        if self.uuid.is_empty() || body.names(name) { report.needed(field) } else { field }
    }

    fn fill_texts(&mut self, report: &mut Report, body: &Field<'_, '_>, docs: &Docs<'_>, strict: bool) {
        let number = self.vital(report, body, "sku");
        if let Some(text) = report.text(&number) {
            let owner: Option<String> = docs.get(SKU_NUMBER, text);
            if owner.is_some_and(|owner| owner != self.uuid) {
                report.add(&number.path, Fault::Taken);
            }
            text.clone_into(&mut self.sku);
        }
        let name = self.vital(report, body, "product_name");
        if let Some(text) = report.text(&name) {
            text.clone_into(&mut self.product_name);
        }
        let needed = |name| strict && STRICT.contains(&name);
        let text = |report: &mut Report, field: &Field<'_, '_>| report.text(field).map(str::to_owned);
        for (name, place) in [
            ("outer_barcode", &mut self.outer_barcode),
            ("inner_barcode", &mut self.inner_barcode),
            ("product_code", &mut self.product_code),
            ("description_short", &mut self.description_short),
            ("description_full", &mut self.description_full),
            ("department", &mut self.department),
            ("category", &mut self.category),
        ] {
            take(report, body, name, false, place, text);
        }
        take(report, body, "location", false, &mut self.location, |report, field| {
            report.choice(field, |reference| CATALOG.location(reference).cloned())
        });
        take(report, body, "warehouse_location", false, &mut self.warehouse_location, text);
        for (name, place) in [("tariff_code", &mut self.tariff_code), ("tariff_description", &mut self.tariff_description)] {
            take(report, body, name, needed(name), place, text);
        }
        take(report, body, "country_of_origin", needed("country_of_origin"), &mut self.country_of_origin, |report, field| {
            let country = |(code, name): (&str, &str)| Country { code: code.to_owned(), name: name.to_owned() };
            report.code(field, |code| countries::by_code(code).map(country))
        });
        for (name, place) in [("manufacturer_name", &mut self.manufacturer_name), ("part_number", &mut self.part_number)] {
            take(report, body, name, false, place, text);
        }
    }
}

/// Reads one member into its place, if the request names it; complains if it is needed and missing.
fn take<T>(
    report: &mut Report,
    body: &Field<'_, '_>,
    name: &str,
    needed: bool,
    place: &mut Option<T>,
    read: impl FnOnce(&mut Report, &Field<'_, '_>) -> Option<T>,
) {
    let field = body.member(name);
    let field = if needed { report.needed(field) } else { field };
    if body.names(name) {
        *place = read(report, &field);
    }
}
