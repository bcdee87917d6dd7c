//! The product catalogue, which bookings write into as well.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::base::time::Timestamp;
use crate::engine::fields::Field;
use crate::engine::listing::{By, Listing};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
use crate::vendors::shiptheory::checks;
use crate::vendors::shiptheory::listing::{self, LISTING};
use crate::vendors::shiptheory::wire::{self, KILOGRAMS, Number, OTHERS, PRODUCT};

#[derive(Deserialize)]
pub(in super::super) struct Sku {
    sku: String,
}

/// A product as it is stored: all of the members that answers show.
pub(in super::super) type Product = Map<String, Value>;

/// The members that all answers begin with; they differ in what follows.
const HEAD: [&str; 9] = [
    "sku",
    "name",
    "price",
    "weight",
    "barcode",
    "commodity_code",
    "commodity_description",
    "commodity_manucountry",
    "commodity_composition",
];
const SENT: [&str; 5] = ["mid_code", "length", "width", "height", "thumbnail_url"];
const SHOWN: [&str; 6] = ["length", "width", "height", "thumbnail_url", "created", "modified"];
const UPDATED: [&str; 8] = ["mid_code", "created", "modified", "length", "width", "height", "volume", "thumbnail_url"];

/// A product is added; the answer echoes what was sent.
pub(in super::super) fn add(cx: &mut Cx<'_>) -> Outcome {
    let body = Field::body(cx.call);
    let mut product = empty(cx.now);
    change(&mut product, &body);
    let sku = text(&product, "sku").to_owned();
    is_free(cx, &sku)?;
    cx.docs.put(PRODUCT, &sku, &product);
    let echoed = HEAD.into_iter().chain(SENT).filter(|name| body.has(name));
    Ok(Reply::ok(json!({"success": true, "product": view_of(&product, echoed.chain(["created", "modified"]))})))
}

/// One product.
pub(in super::super) fn view(cx: &mut Cx<'_>, Params(Sku { sku }): Params<Sku>) -> Outcome {
    let product: Product = cx.docs.require(PRODUCT, &sku)?;
    Ok(Reply::ok(json!({ "product": full_view(&product) })))
}

const PRODUCTS: Listing = Listing {
    sorting: listing::sorting(&[
        listing::key("sku", "/sku", By::Caseless),
        listing::key("name", "/name", By::Caseless),
        listing::key("price", "/price", By::Value),
        listing::key("weight", "/weight", By::Value),
        listing::key("created", "/created", By::Value),
        listing::key("modified", "/modified", By::Value),
    ]),
    ..LISTING
};

/// The products, sorted and in pages.
pub(in super::super) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = PRODUCTS.read(cx.call)?.documents(&cx.docs, PRODUCT)?.read().map(|product: Product| full_view(&product));
    let pagination = listing::by_rows(&page);
    Ok(Reply::ok(json!({"products": page.rows, "pagination": pagination})))
}

/// Members that are sent replace those of the product, the SKU included.
pub(in super::super) fn update(cx: &mut Cx<'_>, Params(Sku { sku }): Params<Sku>) -> Outcome {
    let mut product: Product = cx.docs.require(PRODUCT, &sku)?;
    cx.call.valid()?;
    change(&mut product, &Field::body(cx.call));
    product.insert("modified".to_owned(), wire::stamp(cx.now).into());
    let renamed = text(&product, "sku").to_owned();
    if renamed != sku {
        is_free(cx, &renamed)?;
        cx.docs.remove(PRODUCT, &sku);
    }
    cx.docs.put(PRODUCT, &renamed, &product);
    Ok(Reply::ok(json!({"success": true, "product": view_of(&product, HEAD.into_iter().chain(UPDATED))})))
}

/// A booked product enters the catalogue, or overwrites what differs there. What the booking does not say stays.
pub(super) fn absorb(cx: &mut Cx<'_>, line: &Value) {
    let sku = wire::text(line, "sku");
    let mut product = cx.docs.get::<Product>(PRODUCT, sku).unwrap_or_else(|| empty(cx.now));
    for name in HEAD.into_iter().chain(["mid_code"]).filter(|name| *name != "barcode") {
        let value = &line[if name == "price" { "value" } else { name }];
        if !value.is_null() && value.as_str() != Some("") {
            set(&mut product, name, value);
        }
    }
    product.insert("modified".to_owned(), wire::stamp(cx.now).into());
    cx.docs.put(PRODUCT, sku, &product);
}

pub(in super::super) fn empty(now: Timestamp) -> Product {
    let stamp = Value::from(wire::stamp(now));
    let default = |name: &str| match name {
        "price" | "weight" | "length" | "width" | "height" => json!(0),
        "barcode" => json!(""),
        "created" | "modified" => stamp.clone(),
        _ => Value::Null,
    };
    HEAD.into_iter().chain(SENT).chain(["created", "modified"]).map(|name| (name.to_owned(), default(name))).collect()
}

fn is_free(cx: &Cx<'_>, sku: &str) -> Result<(), Refusal> {
    if cx.docs.has(PRODUCT, sku) { Err(checks::failed("sku", "unique", "A product with this SKU already exists")) } else { Ok(()) }
}

fn change(product: &mut Product, body: &Field<'_, '_>) {
    for name in HEAD.into_iter().chain(SENT).filter(|name| body.has(name)) {
        set(product, name, body.member(name).value.unwrap_or(&Value::Null));
    }
}

fn set(product: &mut Product, name: &str, value: &Value) {
    let rounded = |places| json!(Number(wire::rounded(value.as_f64().unwrap_or_default(), places)));
    let value = match (name, value) {
        ("weight", _) => rounded(KILOGRAMS),
        ("price" | "length" | "width" | "height", _) => rounded(OTHERS),
        ("barcode", Value::Null) => json!(""),
        ("commodity_manucountry", Value::String(country)) => wire::alpha3(country).into(),
        _ => value.clone(),
    };
    product.insert(name.to_owned(), value);
}

fn text<'p>(product: &'p Product, name: &str) -> &'p str {
    product[name].as_str().unwrap_or_default()
}

fn full_view(product: &Product) -> Value {
    view_of(product, HEAD.into_iter().chain(SHOWN))
}

fn view_of<'n>(product: &Product, names: impl Iterator<Item = &'n str>) -> Value {
    let side = |name: &str| product[name].as_f64().unwrap_or_default();
    let member = |name: &str| match name {
        "volume" => json!(Number(side("length") * side("width") * side("height"))),
        _ => product[name].clone(),
    };
    Value::Object(names.map(|name| (name.to_owned(), member(name))).collect())
}
