//! The files that label links lead to.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::super::dialect::UNSIGNED;
use super::super::labels;
use super::super::wire::LABEL_FILE;
use crate::carrier::{pdf, png, zpl};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};

#[derive(Deserialize)]
pub(crate) struct File {
    #[serde(rename = "File")]
    name: String,
}

/// A signed link answers its file, anybody's and without a token.
pub(crate) fn download(cx: &mut Cx<'_>, Params(File { name }): Params<File>) -> Outcome {
    let denied = |text: &str| Err(Refusal::Because(UNSIGNED, Value::from(text)));
    if !labels::is_signed(&name, cx) {
        return denied("Access denied");
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let label = stem.strip_suffix("_invoice").or_else(|| stem.strip_suffix("_qr_code")).unwrap_or(stem);
    let Some(pages) = cx.docs.shared().get::<Vec<Vec<String>>>(LABEL_FILE, label) else { return denied("Access denied") };
    match extension {
        "pdf" => Ok(Reply::bytes(StatusCode::OK, "application/pdf", pdf::pages(&pages))),
        "zpl" => Ok(Reply::bytes(StatusCode::OK, "application/octet-stream", zpl::pages(&pages))),
        "png" => {
            let picture = png::page(pages.first().map_or(&[], Vec::as_slice));
            Ok(Reply::bytes(StatusCode::OK, "image/png", picture))
        }
        _ => denied("Access denied"),
    }
}
