//! Package types of the account's own: plain documents.

use serde_json::{Value, json};

use super::super::dialect::taken;
use super::super::wire::{FORMS, Members, PACKAGE_TYPE};
use crate::engine::fields::Report;
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};

/// A code is given once.
pub(crate) static PACKAGE_TYPES: Resource =
    super::plain(PACKAGE_TYPE, "PackageType").judged(judge).completed(FORMS).with(&Conventions { merges: false, ..super::CONVENTIONS });

fn judge(cx: &mut Cx<'_>, body: &mut Value, _: &mut Report<'_>) -> Result<(), Refusal> {
    let own = cx.call.parameter("package_id").unwrap_or_default();
    let is_taken = |row: Members| row["package_code"] == body["package_code"] && row["package_id"] != own;
    if !body["package_code"].is_null() && cx.docs.list::<Members>(PACKAGE_TYPE).any(is_taken) {
        return Err(taken("package_code", body["package_code"].as_str().unwrap_or_default()));
    }
    Ok(())
}

/// All of them, not paged.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(json!({ "packages": cx.docs.all::<Members>(PACKAGE_TYPE) })))
}
