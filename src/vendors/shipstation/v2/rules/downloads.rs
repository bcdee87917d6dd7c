//! Files that answers link to.

use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use serde_json::{Value, json};

use super::super::dialect::{error, refused};
use super::super::labels::{self, Own};
use super::super::wire::{self, BATCH, COMBINED, TEST_LABEL};
use super::{batches, manifests};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::labels as shared;
use crate::vendors::shipstation::wire::LABEL;
use crate::vendors::shipstation::wire::label::Label;

/// A label, one of its packages, a form or all labels of a batch, in the format that the name ends with. Links to what is not made yet,
/// or with another token, lead to nothing.
pub(crate) fn download(cx: &mut Cx<'_>) -> Outcome {
    let name = cx.call.parameter("filename").unwrap_or_default().to_owned();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let (kind, number) = stem.rsplit_once('-').unwrap_or_default();
    let number: u64 = number.parse().unwrap_or_default();
    let is_linked = cx.call.parameter("subdir") == Some(&wire::token(cx, stem, 22));
    let found = if is_linked && ["pdf", "png", "zpl"].contains(&extension) { labels_of(cx, kind, number) } else { Vec::new() };
    let Some(first) = found.first() else { return Err(missing(&name)) };
    let (media, format) = labels::media(extension, first);
    let reply = Reply::bytes(StatusCode::OK, media, shared::draw_all(&found, format));
    Ok(match cx.call.query("download") {
        Some(_) => reply.with(CONTENT_DISPOSITION, &format!("attachment; filename={name}")),
        None => reply,
    })
}

fn labels_of(cx: &Cx<'_>, kind: &str, number: u64) -> Vec<Label> {
    let id = number.to_string();
    let is_of_package = |label: &Label| {
        Own::of(label).packages.iter().any(|package| package["shipment_package_id"].as_str().and_then(wire::number) == Some(number))
    };
    match kind {
        "manifest" => manifests::labels_of(cx, number),
        "combined" => {
            let ids: Vec<String> = cx.docs.get(COMBINED, &id).unwrap_or_default();
            ids.iter().filter_map(|id| labels::find(cx, id).ok()).collect()
        }
        "testlabel" => cx.docs.get(TEST_LABEL, &id).into_iter().collect(),
        "labelpackage" => cx.docs.list::<Label>(LABEL).find(|label| label.id == number || is_of_package(label)).into_iter().collect(),
        _ if cx.docs.has(BATCH, &id) => batches::labels_of(cx, number),
        _ => cx.docs.get(LABEL, &id).into_iter().collect(),
    }
}

fn missing(name: &str) -> Refusal {
    let more = json!({ "field_name": "filename", "field_value": Value::from(name) });
    refused(StatusCode::NOT_FOUND, error("business_rules", "file_not_found", "The requested file was not found.", &more))
}
