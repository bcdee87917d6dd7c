//! Products, which come with the SKUs of orders.

use super::super::super::wire::order::Members;
use super::super::super::wire::{PRODUCT, PRODUCT_SKU, date};
use super::super::listing;
use super::create::FORMS;
use super::done;
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome};

pub(crate) static PRODUCTS: Resource =
    Resource::new(PRODUCT, "Product", &listing::PRODUCTS, &Conventions { forms: FORMS, ..Conventions::USUAL });

/// Those that are active, unless the others are asked for. Recorded: there is one page less than there are.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let query = listing::PRODUCTS.read(cx.call)?;
    if listing::is_asked(cx.call, "showInactive") {
        return Ok(listing::page("products", query.documents(&cx.docs, PRODUCT)?.written(), true));
    }
    let mut rows: Vec<Members> = cx.docs.all(PRODUCT);
    rows.retain(|row| row["active"] != false);
    Ok(listing::page("products", query.rows(rows)?, true))
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
    cx.docs.put(PRODUCT, &id, &product);
    // Recorded: the text has no full stop.
    Ok(done("The requested product has been updated"))
}
