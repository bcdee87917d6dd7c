//! Documents of labels and shipments for their carrier, and files with several labels.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::labels;
use super::super::wire::{self, COMBINED, DOCUMENT, Members, TEST_LABEL, se, shipment};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::labels as shared;
use crate::vendors::shipstation::wire::label::Label;
use crate::world::Kind;

/// The member of a stored document that is not answered: what it is of.
const OF: &str = "of";

/// What the path names, which is there.
fn owner(cx: &Cx<'_>) -> Result<String, Refusal> {
    let is_label = cx.call.parameter("label_id").is_some();
    if is_label { labels::named(cx).map(|_| ()) } else { shipment::named(cx).map(|_| ()) }?;
    Ok(format!("{} {}", if is_label { "label" } else { "shipment" }, cx.call.parameters[0].1))
}

fn all(cx: &Cx<'_>) -> Result<Vec<Members>, Refusal> {
    let owner = owner(cx)?;
    Ok(cx.docs.list::<Members>(DOCUMENT).filter(|row| row[OF] == *owner).collect())
}

fn to_json(mut document: Members) -> Value {
    document.shift_remove(OF);
    document.into()
}

pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(json!({ "documents": all(cx)?.into_iter().map(to_json).collect::<Vec<_>>() })))
}

/// Documented: the answer says where the file goes.
pub(crate) fn register(cx: &mut Cx<'_>) -> Outcome {
    let owner = owner(cx)?;
    cx.call.valid()?;
    let (id, sent) = (se(wire::next(cx, &Kind::new("document"))), cx.call.body.clone());
    let document = json!({
        "document_id": id, "type": sent["type"].as_str().map(str::to_lowercase), "format": sent["format"],
        "file_name": sent["file_name"], "status": "pending",
        "upload": { "method": "PUT", "href": cx.call.url(&format!("/v2/documents/{id}/upload")) }, OF: owner,
    });
    cx.docs.put(DOCUMENT, &id, &document);
    Ok(Reply::ok(to_json(cx.docs.require(DOCUMENT, &id)?)))
}

/// All documents of a label go to its carrier. By design: files need not be sent before.
pub(crate) fn send(cx: &mut Cx<'_>) -> Outcome {
    let rows = all(cx)?;
    let ids: Vec<Value> = rows.iter().map(|row| row["document_id"].clone()).collect();
    for mut row in rows {
        row.insert("status".to_owned(), "sent".into());
        cx.docs.put(DOCUMENT, row["document_id"].as_str().unwrap_or_default(), &row);
    }
    Ok(Reply::ok(json!({ "sent_count": ids.len(), "document_ids": ids })))
}

pub(crate) fn delete(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("document_id").unwrap_or_default().to_owned();
    if !all(cx)?.iter().any(|row| row["document_id"] == *id) {
        return Err(Refusal::missing(DOCUMENT, id));
    }
    cx.docs.remove(DOCUMENT, &id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The labels of a shipment, each a document by the id of the label.
pub(crate) fn of_shipment(cx: &mut Cx<'_>) -> Outcome {
    let (number, _) = shipment::named(cx)?;
    let row = |label: Label| {
        let id = labels::id(&label);
        json!({ "document_id": id, "type": "label", "format": "pdf", "href": cx.call.url(&format!("/v2/documents/{id}/download")) })
    };
    let labels = shared::of_order(cx, number).chain(cx.docs.get(TEST_LABEL, &number.to_string()));
    Ok(Reply::ok(json!({ "documents": labels.map(row).collect::<Vec<_>>() })))
}

/// The label that a document is.
pub(crate) fn download(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("document_id").unwrap_or_default();
    let label = labels::find(cx, id).map_err(|_| Refusal::missing(DOCUMENT, id))?;
    let (media, format) = labels::media("pdf", &label);
    Ok(Reply::drawn(media, shared::draw(labels::pieces(&label), format)))
}

/// Up to thirty labels as one file.
pub(crate) fn combine(cx: &mut Cx<'_>) -> Outcome {
    let (ids, kind) = (&cx.call.body["label_ids"], &cx.call.body["label_download_type"]);
    let found = wire::texts(ids).map(|id| labels::find(cx, id)).collect::<Result<Vec<Label>, _>>()?;
    let number = wire::next(cx, &COMBINED);
    cx.docs.put(COMBINED, &number.to_string(), &found.iter().map(labels::id).collect::<Vec<_>>());
    let inline = found.first().filter(|_| kind == "inline");
    let files = inline.map(|first| labels::inline("/label_download/href", &found, labels::media("pdf", first)));
    let document = json!({ "label_download": { "href": labels::link(cx, "combined", number, "pdf") } });
    Ok(Reply::enclosing(document, files.into_iter().collect(), |document| document))
}
