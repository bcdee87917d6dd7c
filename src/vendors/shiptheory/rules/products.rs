//! The product catalogue, which bookings write into as well.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::base::time::Timestamp;
use crate::engine::fields::Field;
use crate::engine::listing::{By, Listing};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
use crate::vendors::shiptheory::checks;
use crate::vendors::shiptheory::paging::{self, LISTING};
use crate::vendors::shiptheory::wire::{self, KILOGRAMS, Line, Number, OTHERS, PRODUCT, Product};

#[derive(Deserialize)]
pub(in super::super) struct Sku {
    sku: String,
}

/// Members of answers in their usual order; the answers differ in which they have and what follows them.
const TEXTS: [&str; 9] = [
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

/// A product is added; the answer echoes what was sent.
pub(in super::super) fn add(cx: &mut Cx<'_>) -> Outcome {
    let body = Field::body(cx.call);
    let mut product = Product { created: cx.now, ..Product::default() };
    change(&mut product, &body, cx.now);
    is_free(cx, &product.sku)?;
    cx.docs.put(PRODUCT, &product.sku, &product);
    let members = TEXTS.into_iter().chain(["mid_code", "length", "width", "height", "thumbnail_url"]);
    let names: Vec<&str> = members.filter(|name| body.names(name)).chain(["created", "modified"]).collect();
    Ok(Reply::ok(json!({"success": true, "product": view_of(&product, &names)})))
}

/// One product.
pub(in super::super) fn view(cx: &mut Cx<'_>, Params(Sku { sku }): Params<Sku>) -> Outcome {
    let product: Product = cx.docs.require(PRODUCT, &sku)?;
    Ok(Reply::ok(json!({ "product": whole(&product) })))
}

const PRODUCTS: Listing = Listing {
    sorting: paging::sorting(&[
        paging::key("sku", "/sku", By::Caseless),
        paging::key("name", "/name", By::Caseless),
        paging::key("price", "/price", By::Value),
        paging::key("weight", "/weight", By::Value),
        paging::key("created", "/created", By::Time),
        paging::key("modified", "/modified", By::Time),
    ]),
    ..LISTING
};

/// The products, sorted and in pages.
pub(in super::super) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = PRODUCTS.read(cx.call)?.documents(&cx.docs, PRODUCT)?.read().map(|product| whole(&product));
    let pagination = paging::by_rows(&page);
    Ok(Reply::ok(json!({"products": page.rows, "pagination": pagination})))
}

/// Members that are sent replace those of the product, the SKU included.
pub(in super::super) fn update(cx: &mut Cx<'_>, Params(Sku { sku }): Params<Sku>) -> Outcome {
    let mut product: Product = cx.docs.require(PRODUCT, &sku)?;
    cx.call.valid()?;
    change(&mut product, &Field::body(cx.call), cx.now);
    if product.sku != sku {
        is_free(cx, &product.sku)?;
        cx.docs.remove(PRODUCT, &sku);
    }
    cx.docs.put(PRODUCT, &product.sku, &product);
    let names: Vec<&str> =
        TEXTS.into_iter().chain(["mid_code", "created", "modified", "length", "width", "height", "volume", "thumbnail_url"]).collect();
    Ok(Reply::ok(json!({"success": true, "product": view_of(&product, &names)})))
}

/// A booked product enters the catalogue, or overwrites what differs there. What the booking does not say stays.
pub(super) fn absorb(cx: &mut Cx<'_>, line: &Line) {
    let known = cx.docs.get::<Product>(PRODUCT, &line.sku);
    let mut product = known.unwrap_or_else(|| Product { sku: line.sku.clone(), created: cx.now, ..Product::default() });
    product.name = Some(line.name.clone());
    product.price = Number(line.value);
    product.weight = Number(line.weight);
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    product.commodity_code = filled(&line.commodity_code).or(product.commodity_code);
    product.commodity_description = filled(&line.commodity_description).or(product.commodity_description);
    product.commodity_manucountry =
        filled(&line.commodity_manucountry).map(|country| wire::alpha3(&country)).or(product.commodity_manucountry);
    product.commodity_composition = filled(&line.commodity_composition).or(product.commodity_composition);
    product.mid_code = filled(&line.mid_code).or(product.mid_code);
    product.modified = cx.now;
    cx.docs.put(PRODUCT, &line.sku, &product);
}

fn is_free(cx: &Cx<'_>, sku: &str) -> Result<(), Refusal> {
    if cx.docs.has(PRODUCT, sku) { Err(checks::failed("sku", "unique", "A product with this SKU already exists")) } else { Ok(()) }
}

fn change(product: &mut Product, body: &Field<'_, '_>, now: Timestamp) {
    let text = |name: &str, member: &mut Option<String>| {
        if body.names(name) {
            *member = body.member(name).text().map(str::to_owned);
        }
    };
    text("name", &mut product.name);
    text("commodity_code", &mut product.commodity_code);
    text("commodity_description", &mut product.commodity_description);
    text("commodity_manucountry", &mut product.commodity_manucountry);
    text("commodity_composition", &mut product.commodity_composition);
    text("mid_code", &mut product.mid_code);
    text("thumbnail_url", &mut product.thumbnail_url);
    product.commodity_manucountry = product.commodity_manucountry.as_deref().map(wire::alpha3);
    if body.names("barcode") {
        product.barcode = body.member("barcode").text().unwrap_or_default().to_owned();
    }
    if let Some(sku) = body.member("sku").text() {
        sku.clone_into(&mut product.sku);
    }
    for (name, member, places) in [
        ("price", &mut product.price, OTHERS),
        ("weight", &mut product.weight, KILOGRAMS),
        ("length", &mut product.length, OTHERS),
        ("width", &mut product.width, OTHERS),
        ("height", &mut product.height, OTHERS),
    ] {
        if body.names(name) {
            *member = Number(wire::rounded(body.member(name).number().unwrap_or_default(), places));
        }
    }
    product.modified = now;
}

fn whole(product: &Product) -> Value {
    let names: Vec<&str> = TEXTS.into_iter().chain(["length", "width", "height", "thumbnail_url", "created", "modified"]).collect();
    view_of(product, &names)
}

fn view_of(product: &Product, names: &[&str]) -> Value {
    let member = |name: &str| match name {
        "sku" => json!(product.sku),
        "name" => json!(product.name),
        "price" => json!(product.price),
        "weight" => json!(product.weight),
        "barcode" => json!(product.barcode),
        "commodity_code" => json!(product.commodity_code),
        "commodity_description" => json!(product.commodity_description),
        "commodity_manucountry" => json!(product.commodity_manucountry),
        "commodity_composition" => json!(product.commodity_composition),
        "mid_code" => json!(product.mid_code),
        "length" => json!(product.length),
        "width" => json!(product.width),
        "height" => json!(product.height),
        "volume" => json!(Number(product.length.0 * product.width.0 * product.height.0)),
        "thumbnail_url" => json!(product.thumbnail_url),
        "created" => json!(wire::stamp(product.created)),
        "modified" => json!(wire::stamp(product.modified)),
        _ => Value::Null,
    };
    Value::Object(names.iter().map(|name| ((*name).to_owned(), member(name))).collect::<Map<_, _>>())
}
