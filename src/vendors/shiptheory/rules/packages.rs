//! Package sizes, which people keep in the web interface.

use serde_json::json;

use crate::engine::listing::{By, Listing, Test};
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shiptheory::catalog::CATALOG;
use crate::vendors::shiptheory::listing::{self, LISTING, filter};

/// A client sends the sort fields as filters too, which compare with equality.
const SIZES: Listing = Listing {
    filters: &[
        filter("id", "/id", EQUAL),
        filter("name", "/name", Test::Caseless),
        filter("length", "/length", EQUAL),
        filter("width", "/width", EQUAL),
        filter("height", "/height", EQUAL),
        filter("active", "/active", Test::By(|active, wanted| *active == !matches!(wanted, "0" | "false"))),
    ],
    sorting: listing::sorting(&[
        listing::key("id", "/id", By::Value),
        listing::key("name", "/name", By::Caseless),
        listing::key("length", "/length", By::Value),
        listing::key("width", "/width", By::Value),
        listing::key("height", "/height", By::Value),
        listing::key("active", "/active", By::Value),
    ]),
    ..LISTING
};

const EQUAL: Test = Test::Near(0.005);

/// The sizes, sorted and in pages.
pub(in super::super) fn sizes(cx: &mut Cx<'_>) -> Outcome {
    let page = SIZES.read(cx.call)?.rows(cx.had(&CATALOG.package_sizes).to_vec())?;
    let pagination = listing::by_rows(&page);
    Ok(Reply::ok(json!({"package_sizes": page.rows, "pagination": pagination})))
}
