//! Products, which come with the SKUs of orders.

use super::super::super::wire::{PRODUCT, PRODUCT_SKU, date};
use super::super::listing;
use super::create::FORMS;
use super::{Id, done, stored};
use crate::base::json::{self, Written};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::scales::Scales;
use crate::engine::{Cx, Outcome, Params};

static PRODUCTS: Resource = Resource::new(PRODUCT, "Product", &listing::PRODUCTS, &Conventions { forms: FORMS, ..Conventions::USUAL });

/// Those that are active, unless the others are asked for. Recorded: there is one page less than there are.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let (query, shows_all) = (listing::PRODUCTS.read(cx.call)?, listing::is_asked(cx.call, "showInactive"));
    let rows = cx.docs.rows(PRODUCT).map(|(_, body)| body);
    let rows = rows.filter(|body| shows_all || json::at(body, "/active") != Some("false"));
    Ok(listing::page("products", query.bodies(&cx.docs, rows.collect())?.map(Written::from), true))
}

pub fn get(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    stored(cx, PRODUCT, &id)
}

/// What is sent takes the place of a product; its number and the day of its creation stay.
pub fn update(cx: &mut Cx<'_>) -> Outcome {
    let (id, before) = PRODUCTS.find(cx)?;
    cx.call.valid()?;
    let mut product = cx.completed("Product", &cx.call.body, FORMS);
    product["productId"] = before["productId"].clone();
    product["createDate"] = before["createDate"].clone();
    product["modifyDate"] = date::trimmed(cx.now).into();
    let [gone, known] = [&before["sku"], &product["sku"]].map(|sku| sku.as_str().map(str::to_lowercase));
    gone.into_iter().for_each(|sku| _ = cx.docs.remove(PRODUCT_SKU, &sku));
    known.into_iter().for_each(|sku| cx.docs.put(PRODUCT_SKU, &sku, &product["productId"]));
    cx.docs.put(PRODUCT, &id, &Scales::of(&cx.call.request.body).write(&product));
    // Recorded: the text has no full stop.
    Ok(done("The requested product has been updated"))
}
