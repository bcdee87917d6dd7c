//! Sorting and pages, as CakePHP's paginator does them: unknown sort fields are ignored, limits are cut to 1..100, and a page
//! behind the last one is not found. Filters compare with a member for equality, all of them at once: without letter case, as the
//! database behind Shiptheory does, but for the status and the carrier name, which the guide names as exceptions. Names carry a
//! literal dot, so they are read from the raw query rather than as PHP would.

use serde_json::{Value, json};

use crate::engine::listing::{Bad, By, Fault, Filter, Key, Listing, Number, Page, Sorting, Test};
use crate::engine::{Call, Refusal};
use crate::vendors::shiptheory::wire;
use crate::world::Kind;

/// What is missing when a page is.
const PAGE: Kind = Kind::new("page");

/// In the order of creation.
pub(super) const LISTING: Listing = Listing {
    filters: &[],
    time: |_| None,
    sorting: sorting(&[]),
    newest_first: false,
    page: Number { names: &["page"], usual: 1, least: 1, most: usize::MAX, read: whole, bad: Bad::Least },
    size: Number { names: &["limit"], usual: 25, least: 1, most: 100, read: whole, bad: Bad::Least },
    refuse_past_end: true,
    cursor: "",
    refuse,
};

/// The sort fields of a list.
pub(super) const fn sorting(keys: &'static [Key]) -> Sorting {
    Sorting { key: "sort", direction: "direction", keys, descending: false }
}

/// A sort field that is a member of the document.
pub(super) const fn key(name: &'static str, member: &'static str, by: By) -> Key {
    Key { name, member, by }
}

/// The counts as the sizes and products print them: the rows of this page, and the limit in force.
pub(super) fn by_rows<T>(page: &Page<T>) -> Value {
    counts(page, page.rows.len(), page.size.into())
}

/// The counts as tags and shipments print them: the size of a page, and the limit asked for or `false`.
pub(super) fn by_size<T>(call: &Call<'_>, page: &Page<T>) -> Value {
    let is_limited = call.query("limit").is_some();
    counts(page, page.size, if is_limited { page.size.into() } else { Value::Bool(false) })
}

fn counts<T>(page: &Page<T>, results_per_page: usize, limit: Value) -> Value {
    let pages = page.pages().max(1);
    json!({ "page": page.number, "pages": pages, "results": page.total, "results_per_page": results_per_page, "limit": limit })
}

fn refuse(faults: &[Fault<'_>]) -> Refusal {
    Refusal::missing(PAGE, faults.first().map(|fault| fault.value).unwrap_or_default())
}

/// PHP's cast of a text to a number: its leading digits, else 0.
fn whole(text: &str) -> Option<usize> {
    let digits = text.trim_start().bytes().take_while(u8::is_ascii_digit).take(9);
    Some(digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

/// What lists and searches of shipments filter by beside what the document says.
pub(super) const SHIPMENTS: [Filter; 4] = [
    filter("created", "/created", Test::By(is_day)),
    filter("modified", "/modified", Test::By(is_day)),
    filter("channel_name", "", Test::By(|_, name| name.eq_ignore_ascii_case("api"))),
    filter("Countries.code", "/recipient/country", Test::By(is_country)),
];

/// A filter by a member.
pub(super) const fn filter(name: &'static str, member: &'static str, test: Test) -> Filter {
    Filter { name, member, test }
}

/// The day of a stored time.
pub(super) fn day(time: &Value) -> &str {
    time.as_str().and_then(|time| time.get(..10)).unwrap_or_default()
}

fn is_day(time: &Value, wanted: &str) -> bool {
    day(time) == wanted
}

fn is_country(country: &Value, wanted: &str) -> bool {
    wire::alpha3(country.as_str().unwrap_or_default()) == wanted.to_uppercase()
}
