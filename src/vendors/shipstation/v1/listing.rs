//! Filters, sort keys and pages. Parameters that nobody knows are ignored; a page behind the last one is empty.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::wire::date;
use crate::engine::listing::{Bad, By, Fault, Filter, Key, Listing, Number, Page, Sorting, Test};
use crate::engine::{Call, Refusal, Reply};

/// A hundred a page, at most five hundred, in the order of creation.
pub(super) const LISTING: Listing = Listing {
    filters: &[],
    time: |text| date::filter(text),
    sorting: sorting(&[]),
    newest_first: false,
    page: Number { names: &["page"], usual: 1, least: 1, most: usize::MAX, read: page_number, bad: Bad::Usual },
    size: Number { names: &["pageSize"], usual: 100, least: 1, most: 500, read: page_number, bad: Bad::Usual },
    refuse_past_end: false,
    cursor: "",
    refuse: |faults| {
        let text = |fault: &Fault<'_>| json!([format!("The value '{}' is not valid for {}.", fault.value, fault.name)]);
        Refusal::Because("query", Value::Object(faults.iter().map(|fault| (fault.name.to_owned(), text(fault))).collect()))
    },
};

const ITEMS: Filter = Filter { name: "itemKeyword", member: "/items", test: Test::Within(has_keyword) };

pub(super) const ORDERS: Listing = Listing {
    filters: &[by("orderNumber", "/orderNumber", starts_with), by("tagId", "/tagIds", is_tagged), ITEMS],
    sorting: sorting(&[key("OrderDate", "/orderDate"), key("ModifyDate", "/modifyDate"), key("CreateDate", "/createDate")]),
    ..LISTING
};

pub(super) const SHIPMENTS: Listing = Listing {
    filters: &[
        by("carrierCode", "/carrier", super::rules::shipments::is_of_carrier),
        by("customsCountryCode", "/more/customsCountries", |countries, wanted| {
            countries.as_array().is_some_and(|rows| rows.iter().any(|row| row.as_str().is_some_and(|row| row.eq_ignore_ascii_case(wanted))))
        }),
    ],
    sorting: sorting(&[key("ShipDate", "/ship_date"), key("CreateDate", "/created")]),
    ..LISTING
};

pub(super) const FULFILLMENTS: Listing =
    Listing { filters: &[], sorting: sorting(&[key("ShipDate", "/shipDate"), key("CreateDate", "/createDate")]), ..LISTING };

pub(super) const CUSTOMERS: Listing = Listing {
    filters: &[by("tagId", "/tags", is_tagged)],
    sorting: sorting(&[key("Name", "/name"), key("ModifyDate", "/modifyDate"), key("CreateDate", "/createDate")]),
    newest_first: true,
    ..LISTING
};

pub(super) const PRODUCTS: Listing = Listing {
    filters: &[by("tagId", "/tags", is_tagged)],
    sorting: sorting(&[key("SKU", "/sku"), key("ModifyDate", "/modifyDate"), key("CreateDate", "/createDate")]),
    ..LISTING
};

const fn sorting(keys: &'static [Key]) -> Sorting {
    Sorting { key: "sortBy", direction: "sortDir", keys, descending: false }
}

const fn key(name: &'static str, member: &'static str) -> Key {
    Key { name, member, by: By::Value }
}

const fn by(name: &'static str, member: &'static str, test: fn(&Value, &str) -> bool) -> Filter {
    Filter { name, member, test: Test::By(test) }
}

fn page_number(text: &str) -> Option<usize> {
    text.trim().parse().ok()
}

/// Whether one of the tags, which are numbers or have one, has that number.
fn is_tagged(tags: &Value, wanted: &str) -> bool {
    let number = |tag: &Value| tag.as_u64().or(tag["tagId"].as_u64());
    tags.as_array().is_some_and(|tags| tags.iter().filter_map(number).any(|number| wanted.trim().parse() == Ok(number)))
}

fn starts_with(member: &Value, wanted: &str) -> bool {
    member.as_str().and_then(|text| text.get(..wanted.len())).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
}

/// Whether a line's SKU, name or options contain a word.
fn has_keyword(items: &Value, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    let contains = |value: &Value| value.as_str().is_some_and(|text| text.to_lowercase().contains(&wanted));
    let says = |row: &Value, names: [&str; 2]| names.iter().any(|name| contains(&row[*name]));
    let options = |item: &Value| item["options"].as_array().is_some_and(|rows| rows.iter().any(|row| says(row, ["name", "value"])));
    items.as_array().is_some_and(|rows| rows.iter().any(|item| says(item, ["sku", "name"]) || options(item)))
}

/// The envelope of a page. `is_short` says that the number of pages is one too small.
pub(super) fn page<T: Serialize + Send + 'static>(member: &'static str, page: Page<T>, is_short: bool) -> Reply {
    let rest = json!({ "total": page.total, "page": page.number, "pages": page.pages().saturating_sub(usize::from(is_short)) });
    Reply::ok(page.enveloped(member, rest))
}

/// Whether the query asks for what is left out otherwise.
pub(super) fn is_asked(call: &Call<'_>, name: &str) -> bool {
    matches!(call.query(name).map(str::to_ascii_lowercase).as_deref(), Some("true" | "1"))
}

/// Observed: lists of shipments and fulfillments that are asked for by order or by date of creation count one page too few.
pub(super) fn is_short(call: &Call<'_>) -> bool {
    ["orderId", "createDateStart", "createDateEnd"].iter().any(|name| call.query(name).is_some_and(|value| !value.is_empty()))
}
