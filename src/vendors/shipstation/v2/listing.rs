//! Pages: the caller's filters, then `page` and `page_size`, and links that are empty where there is no such page.

use serde::Serialize;
use serde_json::{Value, json};

use super::checks;
use crate::engine::listing::{self, Bad, By, Envelope, Key, Listing, Number, Page, Sorting};
use crate::engine::{Cx, Refusal, Reply};

/// 25 a page, at most 500, newest first.
pub(super) const LISTING: Listing = Listing {
    filters: &[],
    time: checks::instant,
    sorting: Sorting {
        key: "sort_by",
        direction: "sort_dir",
        keys: &[
            Key { name: "created_at", member: "", by: By::Time },
            Key { name: "modified_at", member: "/modified_at", by: By::Time },
            Key { name: "processed_at", member: "/processed_at", by: By::Time },
            Key { name: "ship_date", member: "/ship_date", by: By::Time },
            Key { name: "shipped_at", member: "/ship_date", by: By::Time },
        ],
        descending: true,
    },
    newest_first: true,
    page: Number { names: &["page"], usual: 1, least: 1, most: usize::MAX, read: listing::digits, bad: Bad::Usual },
    size: Number { names: &["page_size"], usual: 25, least: 1, most: 500, read: listing::digits, bad: Bad::Usual },
    refuse_past_end: false,
    cursor: "",
    refuse: |_| Refusal::Broken,
};

/// At most a hundred a page.
pub(super) const HUNDREDS: Listing = Listing { size: Number { usual: 100, most: 100, ..LISTING.size }, ..LISTING };

/// Oldest first, as the inventory is listed; documented with `limit`, and later with `page_size`.
pub(super) const INVENTORY: Listing =
    Listing { newest_first: false, sorting: Sorting::NONE, size: Number { names: &["page_size", "limit"], ..LISTING.size }, ..LISTING };

/// A page as it is answered, with its rows under that name.
pub(super) fn envelope<T>(cx: &Cx<'_>, name: &str, page: Page<T>) -> Envelope<T> {
    let (number, pages) = (page.number, page.pages());
    let links = links(cx, cx.call.path, number, pages, page.size, page.has_next);
    let rest = json!({ "total": page.total, "page": number, "pages": pages, "links": links });
    page.enveloped(name, rest)
}

/// The same as an answer.
pub(super) fn answer<T: Serialize + Send + 'static>(cx: &Cx<'_>, name: &str, page: Page<T>) -> Reply {
    Reply::ok(envelope(cx, name, page))
}

/// What the query asks for under a name; to .NET a blank is nothing.
pub(super) fn asked<'c>(cx: &'c Cx<'_>, name: &str) -> Option<&'c str> {
    cx.call.query(name).filter(|value| !value.is_empty())
}

/// Links to the first, last, previous and next page of a path.
pub(super) fn links(cx: &Cx<'_>, path: &str, number: usize, pages: usize, size: usize, has_next: bool) -> Value {
    // The size of a page has older names, which links keep.
    let name = ["pagesize", "limit"].into_iter().find(|name| cx.call.query(name).is_some()).unwrap_or("page_size");
    let href = |number: usize| {
        let filters = listing::with(listing::with(cx.call.query.clone(), "page", None), "page_size", None);
        let numbered = listing::with(filters, "page", Some(number.to_string()));
        json!({ "href": listing::link(cx.call, path, &listing::with(numbered, name, Some(size.to_string()))) })
    };
    let neighbor = |is_there: bool, number: usize| if is_there { href(number) } else { json!({}) };
    json!({
        "first": href(1), "last": href(pages.max(1)), "prev": neighbor(number > 1, number.saturating_sub(1)),
        "next": neighbor(has_next, number.saturating_add(1)),
    })
}
