//! Managed accounts: customers of a platform, in whose name it calls with the header `SHIPPO-ACCOUNT-ID`.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::access::Mode;
use super::super::accounts::Platform;
use super::super::dialect::fields::Fields;
use super::super::dialect::page::{LISTING, Page};
use super::super::dialect::{self, NO_PLATFORM, go_fields};
use super::super::wire::{self, MANAGED_ACCOUNT, Moment};
use super::stored;
use crate::engine::{Cx, Json, Outcome, Refusal};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Managed {
    email: String,
    first_name: String,
    last_name: String,
    company_name: String,
    object_created: Moment,
    object_id: String,
    object_updated: Moment,
}

/// Newest first; without a neighbor there is the empty text.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.documents(&cx.docs, MANAGED_ACCOUNT)?.read::<Managed>();
    let Page { next, previous, results, .. } = Page::of(cx.call, cx.call.path, page);
    let body = json!({ "next": next.unwrap_or_default(), "previous": previous.unwrap_or_default(), "results": results });
    Ok(dialect::go(StatusCode::OK, &body))
}

/// Platforms open accounts with their live tokens only.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    if Mode::of(cx).is_test() || cx.call.request.header("shippo-account-id").is_some() {
        return Err(Refusal::Because(NO_PLATFORM, "Unauthorized to create accounts".into()));
    }
    let [email, first_name, last_name, company_name] = judge(&body)?;
    let account = Managed {
        email,
        first_name,
        last_name,
        company_name,
        object_created: Moment(cx.now),
        object_id: wire::new_id(cx),
        object_updated: Moment(cx.now),
    };
    cx.docs.put(MANAGED_ACCOUNT, &account.object_id, &account);
    known(cx, &account);
    Ok(dialect::go(StatusCode::CREATED, &account))
}

/// One of them.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let id = stored::named(cx)?;
    let account: Managed = cx.docs.require(MANAGED_ACCOUNT, &id)?;
    Ok(dialect::go(StatusCode::OK, &account))
}

/// Replaces what is known of it.
pub(crate) fn update(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let id = stored::named(cx)?;
    let mut account: Managed = cx.docs.require(MANAGED_ACCOUNT, &id)?;
    [account.email, account.first_name, account.last_name, account.company_name] = judge(&body)?;
    account.object_updated = Moment(cx.now);
    cx.docs.put(MANAGED_ACCOUNT, &id, &account);
    known(cx, &account);
    Ok(dialect::go(StatusCode::OK, &account))
}

/// Where callers are let in, only the vendor's own documents can be seen.
fn known(cx: &mut Cx<'_>, account: &Managed) {
    let platform = Platform { account: cx.docs.account().name.to_string(), email: account.email.clone() };
    cx.docs.shared().put(MANAGED_ACCOUNT, &account.object_id, &platform);
}

fn judge(body: &Value) -> Result<[String; 4], Refusal> {
    let mut fields = Fields::of(body)?;
    let texts = ["email", "first_name", "last_name", "company_name"].map(|name| fields.needed(name));
    if fields.is_fine("email") && !texts[0].contains('@') {
        fields.fault("email", "Enter a valid email address.");
    }
    fields.done().map_err(go_fields)?;
    Ok(texts)
}
