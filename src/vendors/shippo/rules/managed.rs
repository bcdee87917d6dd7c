//! Managed accounts: customers of a platform, in whose name it calls with the header `SHIPPO-ACCOUNT-ID`.

use http::StatusCode;
use serde_json::Value;

use super::stored::GO;
use crate::base::json::Written;
use crate::engine::fields::Report;
use crate::engine::listing;
use crate::engine::resource::{Conventions, Members, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shippo::access::Mode;
use crate::vendors::shippo::access::Platform;
use crate::vendors::shippo::dialect::page::{LISTING, Page};
use crate::vendors::shippo::dialect::{self, NO_PLATFORM};
use crate::vendors::shippo::wire::MANAGED_ACCOUNT;

/// Replaced as a whole.
pub(crate) static MANAGED: Resource =
    Resource::new(MANAGED_ACCOUNT, "ShippoAccount", &LISTING, &Conventions { page, ..GO }).finished(finish);

/// Platforms open accounts with their live tokens only.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    if Mode::of(cx).is_test() || cx.call.request.header("shippo-account-id").is_some() {
        return Err(Refusal::Because(NO_PLATFORM, "Unauthorized to create accounts".into()));
    }
    let account = MANAGED.store(cx, &cx.call.body, Report::of(cx.call), None)?;
    Ok(dialect::go(StatusCode::CREATED, &account.document))
}

/// Where callers are let in, only the vendor's own documents can be seen.
fn finish(cx: &mut Cx<'_>, _: &Members, document: &mut Members) -> Result<(), Refusal> {
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let platform = Platform { account: cx.docs.account().name.to_string(), email: text("email") };
    cx.docs.shared().put(MANAGED_ACCOUNT, &text("object_id"), &platform);
    Ok(())
}

/// Without a neighbor there is the empty text.
fn page(cx: &Cx<'_>, page: listing::Page<Written>) -> Reply {
    let mut page = Page { count: None, ..Page::of(cx.call, cx.call.path, page) };
    page.next.get_or_insert_default();
    page.previous.get_or_insert_default();
    dialect::go(StatusCode::OK, &page)
}
