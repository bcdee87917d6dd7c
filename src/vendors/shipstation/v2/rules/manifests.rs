//! Manifests: the labels of a carrier on one sheet, each on one manifest.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::catalog::CATALOG as WORDS;
use super::super::checks;
use super::super::dialect::{error, naming, needed, refused};
use super::super::labels;
use super::super::listing::{self, LISTING};
use super::super::wire::{self, MANIFEST, Members, day, moment, se, texts};
use crate::engine::listing::{Filter, Listing, Test};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::wire::label::Label;
use crate::vendors::shipstation::wire::{self as shared, LABEL};
use crate::world::Kind;

const MANIFESTS: Listing = Listing {
    filters: &[Filter {
        name: "label_ids",
        member: "/label_ids",
        test: Test::AnyBy(|found, wanted| texts(found).any(|id| wanted.split(',').any(|wanted| id == wanted))),
    }],
    ..LISTING
};

/// Those that pass the filters, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = MANIFESTS.read(cx.call)?.documents(&cx.docs, MANIFEST)?.read();
    Ok(listing::answer(cx, "manifests", page.map(|manifest| to_json(cx, manifest))))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let (_, manifest) = wire::stored(cx, MANIFEST)?;
    Ok(Reply::ok(to_json(cx, manifest)))
}

/// How far a request has come: it is done at once.
pub(crate) fn request(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("manifest_request_id").unwrap_or_default();
    let found = cx.docs.list::<Members>(MANIFEST).filter(|manifest| manifest[REQUEST] == id);
    let rows: Vec<Value> = found.map(|manifest| to_json(cx, manifest)).collect();
    if rows.is_empty() {
        return Err(Refusal::missing(Kind::new("manifest_request"), id));
    }
    Ok(Reply::ok(json!({ "manifest_request_id": id, "status": "completed", "manifests": rows })))
}

/// By labels, or by carrier, warehouse and day. Labels that cannot be on it are told of beside it; without any other it is refused.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut fit, mut errors) = (Vec::new(), Vec::new());
    let ids: Vec<&str> = texts(&cx.call.body["label_ids"]).collect();
    for id in &ids {
        let found = labels::find(cx, id).map_err(|_| ("invalid_identifier", "Invalid label_id."));
        match found.and_then(|label| fault(&label).map_or(Ok(label), Err)) {
            Ok(label) => fit.push(label),
            Err((code, text)) => errors.push(error("business_rules", code, text, &json!({ "label_id": id }))),
        }
    }
    if ids.is_empty() {
        fit = of_day(cx)?;
    }
    if fit.is_empty() {
        if let Some(id) = ids.into_iter().find(|id| labels::find(cx, id).is_err()) {
            return Err(Refusal::missing(LABEL, id));
        }
        let nothing = || error("business_rules", "unspecified", "There are no labels that can be put on a manifest.", &Value::Null);
        return Err(refused(StatusCode::BAD_REQUEST, errors.into_iter().next().unwrap_or_else(nothing)));
    }
    let request = se(wire::next(cx, &Kind::new("manifest_request")));
    let mut rows = Vec::new();
    let mut carriers: Vec<u64> = fit.iter().map(|label| label.carrier).collect();
    carriers.sort_unstable();
    carriers.dedup();
    for carrier in carriers {
        let labels: Vec<Label> = fit.iter().filter(|label| label.carrier == carrier).cloned().collect();
        let made = make(cx, &request, carrier, labels);
        rows.push(to_json(cx, made));
    }
    Ok(naming(cx, StatusCode::OK, |id| {
        let requests = json!([{ REQUEST: request, "status": "completed" }]);
        // Documented: the first one also stands beside the list, as before there were several.
        let first = rows.first().cloned().unwrap_or_default();
        let all = json!({ "manifests": rows, "manifest_requests": requests });
        wire::joined([all, first, json!({ "request_id": id, "errors": errors })])
    }))
}

/// The member of a stored manifest that is not answered with it.
const REQUEST: &str = "manifest_request_id";

/// Why a label cannot be on a manifest.
fn fault(label: &Label) -> Option<(&'static str, &'static str)> {
    match label {
        _ if label.voided.is_some() => Some(("invalid_status", "The label has been voided.")),
        _ if !labels::own(label)["manifest"].is_null() => Some(("invalid_status", "The label is already on a manifest.")),
        _ if CATALOG.carrier_of(label.carrier).is_some_and(|carrier| !carrier.has_manifests()) => {
            Some(("carrier_not_supported", "The carrier does not support manifests."))
        }
        _ => None,
    }
}

fn of_day(cx: &Cx<'_>) -> Result<Vec<Label>, Refusal> {
    let sent = &cx.call.body;
    let id = |name: &str| sent[name].as_str().and_then(wire::number).ok_or_else(|| needed(name));
    let (carrier, warehouse) = (id("carrier_id")?, id("warehouse_id")?);
    let date = sent["ship_date"].as_str().and_then(checks::instant).ok_or_else(|| needed("ship_date"))?;
    let date = date.to_zoned(jiff::tz::TimeZone::UTC).date();
    let is_excluded = |label: &Label| texts(&sent["excluded_label_ids"]).any(|id| id == labels::id(label));
    let fits = |label: &Label| {
        let of = (label.carrier, label.warehouse, label.ship_date);
        of == (carrier, Some(warehouse), date) && !is_excluded(label) && fault(label).is_none()
    };
    Ok(cx.docs.list::<Label>(LABEL).filter(fits).collect())
}

fn make(cx: &mut Cx<'_>, request: &str, carrier: u64, labels: Vec<Label>) -> Members {
    let (number, form) = (wire::next(cx, &MANIFEST), wire::next(cx, &Kind::new("form")));
    let first = labels.first();
    let date = first.and_then(|label| shared::instant(label.ship_date.at(0, 0, 0, 0))).map_or_else(|| day(cx.now), moment);
    let is_postal = CATALOG.carrier_of(carrier).is_some_and(|carrier| WORDS.family(&carrier.code) == "usps");
    let manifest = json!({
        "manifest_id": se(number), "form_id": se(form), "created_at": moment(cx.now), "ship_date": date, "shipments": labels.len(),
        "label_ids": labels.iter().map(labels::id).collect::<Vec<_>>(), "warehouse_id": first.and_then(|label| label.warehouse).map(se),
        // The number that the carrier gives it; that of the postal service is an electronic file number.
        "submission_id": if is_postal { (SUBMISSIONS + u128::from(number)).to_string() } else { form.to_string() },
        "carrier_id": se(carrier), REQUEST: request,
    });
    for mut label in labels {
        label.more["v2"]["manifest"] = se(number).into();
        cx.docs.put(LABEL, &label.id.to_string(), &label);
    }
    cx.docs.put(MANIFEST, &number.to_string(), &manifest);
    manifest.into()
}

/// What the numbers of submissions to the postal service begin with.
const SUBMISSIONS: u128 = 9_475_711_899_564_000_000_000;

fn to_json(cx: &Cx<'_>, mut manifest: Members) -> Value {
    manifest.shift_remove(REQUEST);
    let number = manifest["manifest_id"].as_str().and_then(wire::number).unwrap_or_default();
    manifest["manifest_download"] = json!({ "href": labels::link(cx, "manifest", number, "pdf") });
    manifest.into()
}

/// The number that the carrier gave a manifest, and its labels, for its file.
pub(crate) fn sheet(cx: &Cx<'_>, number: &str) -> Option<(String, Vec<Label>)> {
    let manifest: Members = cx.docs.get(MANIFEST, number)?;
    let labels = texts(&manifest["label_ids"]).filter_map(|id| labels::find(cx, id).ok()).collect();
    Some((manifest["submission_id"].as_str()?.to_owned(), labels))
}
