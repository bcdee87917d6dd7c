//! Manifests: the labels of a carrier on one sheet, each on one manifest.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::catalog::CATALOG as WORDS;
use super::super::checks;
use super::super::dialect::{error, naming, needed, refused};
use super::super::labels::{self, Own};
use super::super::listing::{self, LISTING};
use super::super::wire::{self, MANIFEST, day, moment, se};
use crate::base::time::Timestamp;
use crate::engine::listing::{Filter, Listing, Test};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::wire::label::Label;
use crate::vendors::shipstation::wire::{self as shared, LABEL};
use crate::world::Kind;

/// A manifest as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    id: u64,
    form: u64,
    request: u64,
    created_at: Timestamp,
    ship_date: String,
    label_ids: Vec<String>,
    warehouse_id: Option<String>,
    carrier_id: String,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    carrier_id: Option<String>,
    warehouse_id: Option<String>,
    ship_date: Option<String>,
    label_ids: Option<Vec<String>>,
    excluded_label_ids: Option<Vec<String>>,
}

const MANIFESTS: Listing = Listing {
    filters: &[Filter {
        name: "label_ids",
        member: "/label_ids",
        test: Test::By(|found, wanted| {
            found.as_array().is_some_and(|rows| rows.iter().any(|id| wanted.split(',').any(|wanted| *id == *wanted)))
        }),
    }],
    ..LISTING
};

/// Those that pass the filters, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = MANIFESTS.read(cx.call)?.documents(&cx.docs, MANIFEST)?.read::<Manifest>();
    Ok(listing::answer(cx, "manifests", page.map(|manifest| to_json(cx, &manifest))))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let (_, manifest) = wire::stored(cx, MANIFEST)?;
    Ok(Reply::ok(to_json(cx, &manifest)))
}

/// How far a request has come: it is done at once.
pub(crate) fn request(cx: &mut Cx<'_>) -> Outcome {
    let number = wire::named(cx, "manifest_request_id");
    let found: Vec<Manifest> = cx.docs.list::<Manifest>(MANIFEST).filter(|manifest| manifest.request == number).collect();
    if found.is_empty() {
        return Err(Refusal::missing(Kind::new("manifest_request"), se(number)));
    }
    let rows: Vec<Value> = found.iter().map(|manifest| to_json(cx, manifest)).collect();
    Ok(Reply::ok(json!({ "manifest_request_id": se(number), "status": "completed", "manifests": rows })))
}

/// By labels, or by carrier, warehouse and day. Labels that cannot be on it are told of beside it; without any other it is refused.
pub(crate) fn create(cx: &mut Cx<'_>, Json(sent): Json<Sent>) -> Outcome {
    let (mut fit, mut errors) = (Vec::new(), Vec::new());
    match &sent.label_ids {
        Some(ids) if !ids.is_empty() => {
            for id in ids {
                match labels::find(cx, id) {
                    Err(_) => errors.push(about(id, "invalid_identifier", "Invalid label_id.")),
                    Ok(label) => match fault(&label) {
                        Some((code, text)) => errors.push(about(id, code, text)),
                        None => fit.push(label),
                    },
                }
            }
        }
        _ => fit = of_day(cx, &sent)?,
    }
    if fit.is_empty() {
        if let Some(id) = sent.label_ids.iter().flatten().find(|id| labels::find(cx, id).is_err()) {
            return Err(Refusal::missing(LABEL, id.as_str()));
        }
        let nothing = || error("business_rules", "unspecified", "There are no labels that can be put on a manifest.", &Value::Null);
        return Err(refused(StatusCode::BAD_REQUEST, errors.into_iter().next().unwrap_or_else(nothing)));
    }
    let request = wire::next(cx, &Kind::new("manifest_request"));
    let mut made = Vec::new();
    let mut carriers: Vec<u64> = fit.iter().map(|label| label.carrier).collect();
    carriers.sort_unstable();
    carriers.dedup();
    for carrier in carriers {
        let labels: Vec<Label> = fit.iter().filter(|label| label.carrier == carrier).cloned().collect();
        made.push(make(cx, request, carrier, labels));
    }
    let rows: Vec<Value> = made.iter().map(|manifest| to_json(cx, manifest)).collect();
    Ok(naming(cx, StatusCode::OK, |id| {
        let requests = json!([{ "manifest_request_id": se(request), "status": "completed" }]);
        // Documented: the first one also stands beside the list, as before there were several.
        let first = rows.first().cloned().unwrap_or_default();
        let all = json!({ "manifests": rows, "manifest_requests": requests });
        wire::joined([all, first, json!({ "request_id": id, "errors": errors })])
    }))
}

fn about(id: &str, code: &str, text: &str) -> Value {
    error("business_rules", code, text, &json!({ "label_id": id }))
}

/// Why a label cannot be on a manifest.
fn fault(label: &Label) -> Option<(&'static str, &'static str)> {
    match label {
        _ if label.voided.is_some() => Some(("invalid_status", "The label has been voided.")),
        _ if Own::of(label).manifest.is_some() => Some(("invalid_status", "The label is already on a manifest.")),
        _ if CATALOG.carrier_of(label.carrier).is_some_and(|carrier| !carrier.has_manifests()) => {
            Some(("carrier_not_supported", "The carrier does not support manifests."))
        }
        _ => None,
    }
}

fn of_day(cx: &Cx<'_>, sent: &Sent) -> Result<Vec<Label>, Refusal> {
    let id = |value: &Option<String>, name: &str| value.as_deref().and_then(wire::number).ok_or_else(|| needed(name));
    let (carrier, warehouse) = (id(&sent.carrier_id, "carrier_id")?, id(&sent.warehouse_id, "warehouse_id")?);
    let date = sent.ship_date.as_deref().and_then(checks::instant).ok_or_else(|| needed("ship_date"))?;
    let date = date.to_zoned(jiff::tz::TimeZone::UTC).date();
    let excluded = sent.excluded_label_ids.clone().unwrap_or_default();
    let fits = |label: &Label| {
        label.carrier == carrier
            && label.warehouse == Some(warehouse)
            && label.ship_date == date
            && !excluded.contains(&labels::id(label))
            && fault(label).is_none()
    };
    Ok(cx.docs.list::<Label>(LABEL).filter(fits).collect())
}

fn make(cx: &mut Cx<'_>, request: u64, carrier: u64, labels: Vec<Label>) -> Manifest {
    let first = labels.first();
    let manifest = Manifest {
        id: wire::next(cx, &MANIFEST),
        form: wire::next(cx, &Kind::new("form")),
        request,
        created_at: cx.now,
        ship_date: first.and_then(|label| shared::instant(label.ship_date.at(0, 0, 0, 0))).map_or_else(|| day(cx.now), moment),
        warehouse_id: first.and_then(|label| label.warehouse).map(se),
        label_ids: labels.iter().map(labels::id).collect(),
        carrier_id: se(carrier),
    };
    for mut label in labels {
        let own = Own { manifest: Some(se(manifest.id)), ..Own::of(&label) };
        own.keep(&mut label);
        cx.docs.put(LABEL, &label.id.to_string(), &label);
    }
    cx.docs.put(MANIFEST, &manifest.id.to_string(), &manifest);
    manifest
}

fn to_json(cx: &Cx<'_>, manifest: &Manifest) -> Value {
    json!({
        "manifest_id": se(manifest.id), "form_id": se(manifest.form), "created_at": moment(manifest.created_at),
        "ship_date": manifest.ship_date, "shipments": manifest.label_ids.len(), "label_ids": manifest.label_ids,
        "warehouse_id": manifest.warehouse_id, "submission_id": submission(manifest),
        "carrier_id": manifest.carrier_id,
        "manifest_download": { "href": labels::link(cx, "manifest", manifest.id, "pdf") },
    })
}

/// The number that the carrier gave it; that of the postal service is an electronic file number.
fn submission(manifest: &Manifest) -> String {
    let carrier = wire::number(&manifest.carrier_id).and_then(|id| CATALOG.carrier_of(id));
    let is_postal = carrier.is_some_and(|carrier| WORDS.family(&carrier.code) == "usps");
    if is_postal { (SUBMISSIONS + u128::from(manifest.id)).to_string() } else { manifest.form.to_string() }
}

/// What the numbers of submissions to the postal service begin with.
const SUBMISSIONS: u128 = 9_475_711_899_564_000_000_000;

/// The number that the carrier gave a manifest, for its file.
pub(crate) fn submission_of(cx: &Cx<'_>, number: u64) -> String {
    cx.docs.get(MANIFEST, &number.to_string()).map_or_else(|| se(number), |manifest: Manifest| submission(&manifest))
}

/// The labels of a manifest, for its file.
pub(crate) fn labels_of(cx: &Cx<'_>, number: u64) -> Vec<Label> {
    let manifest: Option<Manifest> = cx.docs.get(MANIFEST, &number.to_string());
    manifest.into_iter().flat_map(|manifest| manifest.label_ids).filter_map(|id| labels::find(cx, &id).ok()).collect()
}
