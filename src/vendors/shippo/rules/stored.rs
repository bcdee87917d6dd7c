//! Operations without a rule of their own: a stored document by its id, or a page of them, as they are stored.

use http::StatusCode;
use serde_json::Value;

use super::super::dialect::{page, version};
use super::super::wire;
use crate::engine::listing::Listing;
use crate::engine::{Cx, Outcome, Refusal};
use crate::world::Kind;

/// The document that the path names.
pub(crate) fn one(kind: Kind) -> impl Fn(&mut Cx<'_>) -> Outcome + Send + Sync + 'static {
    move |cx| {
        let id = named(cx)?;
        let document: Value = cx.docs.require(kind.clone(), &id)?;
        Ok(version::reply(cx.call, StatusCode::OK, document))
    }
}

/// All documents of a kind, newest first.
pub(crate) fn list(kind: Kind, listing: &'static Listing) -> impl Fn(&mut Cx<'_>) -> Outcome + Send + Sync + 'static {
    move |cx| page::stored(cx, listing, kind.clone())
}

/// The id in the path; what cannot be one is a path that does not exist.
pub(crate) fn named(cx: &Cx<'_>) -> Result<String, Refusal> {
    let id = cx.call.parameters.first().map(|(_, id)| id.as_str()).unwrap_or_default();
    if wire::is_object_id(id) { Ok(id.to_owned()) } else { Err(Refusal::UnknownPath { authenticated: true }) }
}
