//! Boxes to choose from.

use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shiptime::catalog::CATALOG;

/// The boxes of the account and those of its carriers are one list.
pub(in crate::vendors::shiptime) fn list(cx: &mut Cx<'_>) -> Outcome {
    super::token::needs(cx, "boxes:read")?;
    Ok(Reply::ok(CATALOG.boxes.clone()))
}
