//! Files that answers link to.

use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use serde_json::Value;

use super::super::dialect::{about, error, refused};
use super::super::labels;
use super::super::wire::{self, BATCH, COMBINED, TEST_LABEL};
use super::{batches, manifests};
use crate::carrier::document::Drawing;
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipstation::labels as shared;
use crate::vendors::shipstation::wire::LABEL;
use crate::vendors::shipstation::wire::label::Label;

/// A label with a page for each package, one of its packages, all labels of a batch, or a form, in the format that the name ends with.
/// Links to what is not made yet, or with another token, lead to nothing.
pub(crate) fn download(cx: &mut Cx<'_>) -> Outcome {
    let name = cx.call.parameter("filename").unwrap_or_default().to_owned();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let is_linked = cx.call.parameter("subdir") == Some(&wire::token(cx, stem, 22));
    let found = if is_linked { file(cx, stem, extension) } else { None };
    let missing = || error("business_rules", "file_not_found", "The requested file was not found.", &about("filename", &name));
    let (media, file) = found.ok_or_else(|| refused(StatusCode::NOT_FOUND, missing()))?;
    let turns = cx.call.query("rotation").and_then(|degrees| degrees.parse::<u16>().ok()).unwrap_or_default() / 90;
    let reply = Reply::drawn(media, file.turned(turns));
    let is_attached = cx.call.query("download").is_some();
    Ok(if is_attached { reply.with(CONTENT_DISPOSITION, &format!("attachment; filename={name}")) } else { reply })
}

/// A file with its media type.
fn file(cx: &Cx<'_>, stem: &str, extension: &str) -> Option<(&'static str, Drawing)> {
    let (kind, number) = stem.rsplit_once('-')?;
    let number: u64 = number.parse().ok()?;
    let id = number.to_string();
    let of_label = || if cx.docs.has(BATCH, &id) { batches::labels_of(cx, number) } else { cx.docs.get(LABEL, &id).into_iter().collect() };
    match (kind, extension) {
        ("form", "pdf") => Some((PDF, shared::forms(&of_label())?)),
        ("qrcode", "pdf") => {
            let label = cx.docs.get::<Label>(LABEL, &id).or_else(|| cx.docs.get(TEST_LABEL, &id))?;
            Some((PDF, shared::qr_code(&label, labels::media(extension, &label).1)))
        }
        ("manifest", "pdf") => {
            let (submission, labels) = manifests::sheet(cx, &id)?;
            let labels: Vec<Label> = labels.iter().flat_map(labels::pieces).collect();
            (!labels.is_empty()).then(|| (PDF, shared::manifest(&submission, &labels)))
        }
        ("label" | "testlabel" | "labelpackage" | "combined", "pdf" | "png" | "zpl") => {
            let labels: Vec<Label> = match kind {
                "testlabel" => cx.docs.get(TEST_LABEL, &id).into_iter().collect(),
                "labelpackage" => package(cx, number).into_iter().collect(),
                "combined" => {
                    let ids: Vec<String> = cx.docs.get(COMBINED, &id).unwrap_or_default();
                    ids.iter().filter_map(|id| labels::find(cx, id).ok()).collect()
                }
                _ => of_label(),
            };
            let (media, format) = labels::media(extension, labels.first()?);
            Some((media, shared::draw(labels.iter().flat_map(labels::pieces), format)))
        }
        _ => None,
    }
}

/// The label of one package; where a shipment has one only, its number may be that of the label.
fn package(cx: &Cx<'_>, number: u64) -> Option<Label> {
    cx.docs.list::<Label>(LABEL).find_map(|label| {
        let is_of = |package: &Value| package["shipment_package_id"].as_str().and_then(wire::number) == Some(number);
        let packages = labels::own(&label)["packages"].as_array();
        let index = packages.and_then(|rows| rows.iter().position(is_of)).or_else(|| (label.id == number).then_some(0))?;
        labels::pieces(&label).nth(index)
    })
}

const PDF: &str = "application/pdf";
