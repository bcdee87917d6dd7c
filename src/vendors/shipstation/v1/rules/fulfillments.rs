//! Orders that were shipped by other means.

use super::super::super::wire::FULFILLMENT;
use super::super::listing::{self, FULFILLMENTS};
use crate::base::json::Written;
use crate::engine::{Cx, Outcome};

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = FULFILLMENTS.read(cx.call)?.documents(&cx.docs, FULFILLMENT)?.map(|(_, body)| Written(body.into()));
    Ok(listing::page("fulfillments", page, listing::is_short(cx.call)))
}
