//! People who work in the account, and the products that version 1 knows.

use serde_json::{Map, Value, json};

use super::super::listing::{self, HUNDREDS, LISTING};
use super::super::wire::{FORMS, Members, decimal, float, moment};
use crate::engine::listing::{Filter, Listing, Number, Sorting, Test};
use crate::engine::{Cx, Outcome};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::wire::{self as shared, PRODUCT};

/// 25 a page, at most a hundred.
const USERS: Listing = Listing { newest_first: false, sorting: Sorting::NONE, size: Number { most: 100, ..LISTING.size }, ..LISTING };

const PRODUCTS: Listing = Listing {
    filters: &[Filter { name: "active", member: "/active", test: Test::By(|found, wanted| *found == (wanted == "true")) }],
    ..HUNDREDS
};

/// Those of the account, in the order in which they came.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let row = |user: &Value| {
        json!({
            "user_id": user["userId"], "name": user["name"], "username": user["userName"], "email": user["userName"], "status": "active",
            "last_login_at": null, "created_at": "2015-07-02T15:38:31Z",
        })
    };
    let page = USERS.read(cx.call)?.rows(CATALOG.users.iter().map(row).collect())?;
    Ok(listing::answer(cx, "users", page))
}

/// Newest first, a hundred a page.
pub(crate) fn products(cx: &mut Cx<'_>) -> Outcome {
    let rows: Vec<Value> = cx.docs.all::<Members>(PRODUCT).iter().map(|row| product(cx, row)).collect();
    let page = PRODUCTS.read(cx.call)?.rows(rows)?;
    Ok(listing::answer(cx, "products", page))
}

/// A product of version 1 in the spelling of this one, and what is told otherwise here.
fn product(cx: &Cx<'_>, row: &Members) -> Value {
    let snake = |name: &str| {
        name.chars().fold(String::new(), |text, sign| match sign {
            sign if sign.is_ascii_uppercase() => format!("{text}_{}", sign.to_ascii_lowercase()),
            sign => format!("{text}{sign}"),
        })
    };
    let mut sent: Value = row.iter().map(|(name, value)| (snake(name), value.clone())).collect::<Map<_, _>>().into();
    let amount = |name: &str| Some(&row[name]).filter(|value| !value.is_null()).map(|value| float(decimal(value)));
    let side = |name: &str| amount(name).unwrap_or_default();
    let (category, tags) = (&row["productCategory"], row["tags"].as_array().into_iter().flatten());
    sent["price"] = amount("price").map(|amount| json!({ "currency": "usd", "amount": amount })).into();
    sent["dimensions"] = json!({ "unit": "inch", "length": side("length"), "width": side("width"), "height": side("height") });
    sent["weight"] = amount("weightOz").map(|value| json!({ "value": value, "unit": "ounce" })).into();
    sent["customs_value"] = amount("customsValue").into();
    for name in ["create_date", "modify_date"] {
        sent[name] = sent[name].as_str().and_then(|text| shared::instant(text.parse().ok()?)).map(moment).into();
    }
    sent["product_category"] =
        category["categoryId"].as_u64().map(|id| json!({ "product_category_id": id, "name": category["name"] })).into();
    sent["tags"] = tags.map(|tag| json!({ "tag_id": tag["tagId"], "name": tag["name"], "color": tag["color"] })).collect();
    cx.completed("Product", &sent, FORMS)
}
