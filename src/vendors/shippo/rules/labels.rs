//! The files that label links lead to.

use serde::Deserialize;
use serde_json::Value;

use super::super::dialect::UNSIGNED;
use super::super::labels::{self, Printed};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};

#[derive(Deserialize)]
pub(crate) struct File {
    #[serde(rename = "File")]
    name: String,
}

/// A signed link answers its file, anybody's and without a token.
pub(crate) fn download(cx: &mut Cx<'_>, Params(File { name }): Params<File>) -> Outcome {
    let found = if labels::is_signed(&name, cx) { Printed::file(cx, &name) } else { None };
    let (kind, file) = found.ok_or_else(|| Refusal::Because(UNSIGNED, Value::from("Access denied")))?;
    Ok(Reply::drawn(kind, file))
}
