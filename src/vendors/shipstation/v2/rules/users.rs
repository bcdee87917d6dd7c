//! People who work in the account, and the products that version 1 knows.

use serde_json::{Value, json};

use super::super::listing::{self, HUNDREDS, LISTING};
use super::super::wire::{Members, decimal, float, joined, moment};
use crate::engine::listing::{Filter, Listing, Number, Sorting, Test};
use crate::engine::{Cx, Outcome};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::wire::{self as shared, PRODUCT};

/// 25 a page, at most a hundred.
const USERS: Listing = Listing {
    filters: &[Filter { name: "status", member: "/status", test: Test::Caseless }],
    newest_first: false,
    sorting: Sorting::NONE,
    size: Number { most: 100, ..LISTING.size },
    ..LISTING
};

const PRODUCTS: Listing = Listing {
    filters: &[
        Filter { name: "sku", member: "/sku", test: Test::Equal },
        Filter { name: "name", member: "/name", test: Test::Contains },
        Filter {
            name: "active",
            member: "/active",
            test: Test::By(|found, wanted| found.as_bool().is_some_and(|found| found == (wanted == "true"))),
        },
    ],
    ..HUNDREDS
};

/// Those of the account, in the order in which they came.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    cx.call.valid()?;
    let row = |user: &Value| {
        json!({
            "user_id": user["userId"], "name": user["name"], "username": user["userName"], "email": user["userName"], "status": "active",
            "last_login_at": null, "created_at": "2015-07-02T15:38:31Z",
        })
    };
    let page = USERS.read(cx.call)?.rows(CATALOG.users.iter().map(row).collect())?;
    Ok(listing::answer(cx, "users", &page))
}

/// Newest first, a hundred a page.
pub(crate) fn products(cx: &mut Cx<'_>) -> Outcome {
    cx.call.valid()?;
    let rows: Vec<Value> = cx.docs.all::<Members>(PRODUCT).iter().map(product).collect();
    let page = PRODUCTS.read(cx.call)?.rows(rows)?;
    Ok(listing::answer(cx, "products", &page))
}

fn product(row: &Members) -> Value {
    let read = |name: &str| row.get(name).cloned().unwrap_or_default();
    let at = |name: &str| read(name).as_str().and_then(|text| shared::instant(text.parse().ok()?)).map(moment);
    let amount = |name: &str| Some(read(name)).filter(|value| !value.is_null()).map(|value| float(decimal(&value)));
    let ounces = amount("weightOz").map(|value| json!({ "value": value, "unit": "ounce" }));
    let side = |name: &str| amount(name).unwrap_or_default();
    let sizes = json!({ "unit": "inch", "length": side("length"), "width": side("width"), "height": side("height") });
    let category = read("productCategory");
    let tags = read("tags");
    let tags =
        tags.as_array().into_iter().flatten().map(|tag| json!({ "tag_id": tag["tagId"], "name": tag["name"], "color": tag["color"] }));
    let category = match category["categoryId"].as_u64() {
        Some(id) => json!({ "product_category_id": id, "name": category["name"] }),
        None => Value::Null,
    };
    let about = json!({
        "product_id": read("productId"), "sku": read("sku"), "name": read("name"), "upc": read("upc"),
        "thumbnail_url": read("thumbnailUrl"),
        "price": amount("price").map(|amount| json!({ "currency": "usd", "amount": amount })), "dimensions": sizes, "weight": ounces,
        "internal_notes": read("internalNotes"), "fulfillment_sku": read("fulfillmentSku"), "create_date": at("createDate"),
        "modify_date": at("modifyDate"), "active": read("active"), "product_category": category, "preset_group": Value::Null,
    });
    let rest = json!({
        "warehouse_location": read("warehouseLocation"), "default_carrier_code": read("defaultCarrierCode"),
        "default_service_code": read("defaultServiceCode"), "default_package_code": read("defaultPackageCode"),
        "default_intl_carrier_code": read("defaultIntlCarrierCode"), "default_intl_service_code": read("defaultIntlServiceCode"),
        "default_intl_package_code": read("defaultIntlPackageCode"), "default_confirmation": read("defaultConfirmation"),
        "default_intl_confirmation": read("defaultIntlConfirmation"), "customs_description": read("customsDescription"),
        "customs_value": amount("customsValue"), "customs_tariff_no": read("customsTariffNo"),
        "customs_country_code": read("customsCountryCode"), "no_customs": read("noCustoms"), "tags": tags.collect::<Vec<_>>(),
        "aliases": [], "product_type": read("productType"), "is_returnable": Value::Null, "should_override_name": Value::Null,
        "is_bundle": false, "bundle_components": [], "auto_split_option": Value::Null, "auto_split_custom_quantity": Value::Null,
    });
    joined([about, rest])
}
