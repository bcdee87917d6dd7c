//! Batches: open while members come and go, queued when they are to be processed, archived in the end.

use http::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::dialect::wrong_state;
use super::super::labels::{self, BATCH_NUMBER, Order};
use super::super::listing::{self, LISTING};
use super::super::wire::{self, BATCH, Members, moment, se, shipment, texts};
use super::super::{dialect, failures, webhooks};
use super::{rates, shipments};
use crate::base::time::Timestamp;
use crate::engine::listing::{Listing, Number};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::labels as shared;
use crate::vendors::shipstation::wire::LABEL;
use crate::vendors::shipstation::wire::label::Label;

/// The topic of a batch in the agenda.
pub(crate) const PROGRESS: &str = "v2.batch";

/// How many members are processed, or have their labels bought, before others get to the sandbox.
const PART: usize = 250;

/// A batch as it is stored.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Batch {
    id: u64,
    number: String,
    external_batch_id: Option<String>,
    notes: Option<String>,
    status: String,
    created_at: Timestamp,
    processed_at: Option<Timestamp>,
    label_layout: Option<String>,
    label_format: String,
    display_scheme: Option<String>,
    ship_date: Option<String>,
    shipments: Vec<u64>,
    rates: Vec<String>,
    completed: usize,
    forms: usize,
    /// Why members have no labels, as it is answered.
    failures: Vec<Value>,
    /// What is to be said of members that a scenario lets fail, by their numbers from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<(usize, String)>,
}

impl Batch {
    fn fail(&mut self, error: &str, shipment: Option<&str>, external: &Value) {
        self.failures.push(json!({ "error": error, "shipment_id": shipment, "external_shipment_id": external }));
    }
}

/// Documented: the size of a page has another name here.
const ERRORS: Listing = Listing { size: Number { names: &["page_size", "pagesize"], ..LISTING.size }, ..LISTING };

/// Newest first, archived ones too.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.documents(&cx.docs, BATCH)?.read::<Batch>();
    Ok(listing::answer(cx, "batches", page.map(|batch| to_json(cx, &batch))))
}

/// Members that are not there make the answer 207.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (sent, text) = (&cx.call.body, |name: &str| cx.call.body[name].as_str());
    if let Some(id) = text("external_batch_id").filter(|id| by_external_id(cx, id).is_some()) {
        return Err(dialect::taken("external_batch_id", id));
    }
    let id = wire::next(cx, &BATCH);
    let mut batch = Batch {
        id,
        number: (100_001 + cx.docs.count(BATCH)).to_string(),
        external_batch_id: text("external_batch_id").map(str::to_owned),
        notes: text("batch_notes").map(str::to_owned),
        status: "open".to_owned(),
        created_at: cx.now,
        label_format: "pdf".to_owned(),
        ..Batch::default()
    };
    add_members(cx, &mut batch);
    let process = &sent["process_labels"];
    if process["create_batch_and_process_labels"] == true {
        queue(cx, &mut batch, process);
    }
    put(cx, &batch);
    let status = if batch.failures.is_empty() { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    Ok(Reply::json(status, to_json(cx, &batch)))
}

fn put(cx: &mut Cx<'_>, batch: &Batch) {
    cx.docs.put(BATCH, &batch.id.to_string(), batch);
}

/// Adds shipments and rates, each once; those that are not there are failures.
fn add_members(cx: &Cx<'_>, batch: &mut Batch) {
    for id in texts(&cx.call.body["shipment_ids"]) {
        let number = wire::number(id).unwrap_or_default();
        if shipment::view(cx, number).is_none() {
            batch.fail("Invalid shipment_id.", Some(id), &Value::Null);
        } else if !batch.shipments.contains(&number) {
            batch.shipments.push(number);
        }
    }
    for id in texts(&cx.call.body["rate_ids"]) {
        if !cx.docs.has(wire::RATE, id) {
            batch.fail("Invalid rate_id.", None, &Value::Null);
        } else if !batch.rates.iter().any(|other| other == id) {
            batch.rates.push(id.to_owned());
        }
    }
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let (_, batch): (u64, Batch) = wire::stored(cx, BATCH)?;
    Ok(Reply::ok(to_json(cx, &batch)))
}

fn by_external_id(cx: &Cx<'_>, id: &str) -> Option<Batch> {
    cx.docs.list::<Batch>(BATCH).rev().find(|batch| batch.external_batch_id.as_deref() == Some(id))
}

/// One batch by the id that the caller gave it.
pub(crate) fn read_external(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("external_batch_id").unwrap_or_default();
    let batch = by_external_id(cx, id).ok_or_else(|| dialect::unknown("external_batch_id", id))?;
    Ok(Reply::ok(to_json(cx, &batch)))
}

/// Archives a batch, which is still there.
pub(crate) fn archive(cx: &mut Cx<'_>) -> Outcome {
    let (_, mut batch): (u64, Batch) = wire::stored(cx, BATCH)?;
    batch.status = "archived".to_owned();
    put(cx, &batch);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The open batch that the path names, when nothing is wrong with the request.
fn changed(cx: &Cx<'_>) -> Result<Batch, Refusal> {
    let (_, batch): (u64, Batch) = wire::stored(cx, BATCH)?;
    cx.call.valid()?;
    if batch.status == "open" {
        return Ok(batch);
    }
    Err(wrong_state("batch_cannot_be_modified", format!("Batch se-{} cannot be modified: its status is {}.", batch.id, batch.status)))
}

/// Adds members to an open batch.
pub(crate) fn add(cx: &mut Cx<'_>) -> Outcome {
    let mut batch = changed(cx)?;
    add_members(cx, &mut batch);
    put(cx, &batch);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Takes members out of an open batch, which stays open without any.
pub(crate) fn remove(cx: &mut Cx<'_>) -> Outcome {
    let mut batch = changed(cx)?;
    let gone: Vec<u64> = texts(&cx.call.body["shipment_ids"]).filter_map(wire::number).collect();
    batch.shipments.retain(|number| !gone.contains(number));
    batch.rates.retain(|id| texts(&cx.call.body["rate_ids"]).all(|other| other != id));
    put(cx, &batch);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// What went wrong with members.
pub(crate) fn errors(cx: &mut Cx<'_>) -> Outcome {
    let (_, batch): (u64, Batch) = wire::stored(cx, BATCH)?;
    let total = batch.failures.len();
    let page = ERRORS.read(cx.call)?.cut(total, batch.failures.into_iter())?;
    let links = listing::links(cx, cx.call.path, page.number, page.pages(), page.size, page.has_next);
    Ok(Reply::ok(json!({ "errors": page.rows, "links": links })))
}

/// Queues an open batch, whose labels are bought a little later.
pub(crate) fn process(cx: &mut Cx<'_>) -> Outcome {
    let mut batch = changed(cx)?;
    queue(cx, &mut batch, &cx.call.body);
    put(cx, &batch);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn queue(cx: &mut Cx<'_>, batch: &mut Batch, process: &Value) {
    let text = |name: &str| process[name].as_str().map(str::to_owned);
    batch.status = "queued".to_owned();
    batch.processed_at = Some(cx.now);
    // Recorded 2024: the layout is said from then on.
    batch.label_layout = text("label_layout").or_else(|| Some("4x6".to_owned()));
    batch.label_format = text("label_format").unwrap_or_else(|| "pdf".to_owned());
    batch.display_scheme = text("display_scheme");
    batch.ship_date = text("ship_date");
    let members = 0..batch.shipments.len() + batch.rates.len();
    batch.refused = members.filter_map(|index| Some((index, failures::of_member(cx, index as u64 + 1)?))).collect();
    cx.schedule_in(SignedDuration::from_secs(2), PROGRESS, &batch.id.to_string(), 1);
}

/// A queued batch is processed, and has its labels a little later. Steps of odd numbers process a part each, those of even numbers buy
/// the labels of one.
pub(crate) fn progress(cx: &mut Cx<'_>, id: &str, step: u32) {
    let Some(mut batch) = cx.docs.get::<Batch>(BATCH, id).filter(|batch| ["queued", "processing"].contains(&&*batch.status)) else {
        return;
    };
    let start = (step as usize - 1) / 2 * PART;
    if step % 2 == 1 {
        batch.status = "processing".to_owned();
        for &number in batch.shipments.iter().skip(start).take(PART) {
            shipment::change(cx, number, &[("shipment_status", "processing".into())]);
        }
        put(cx, &batch);
        return if start + PART < batch.shipments.len() {
            cx.schedule_in(SignedDuration::ZERO, PROGRESS, id, step + 2);
        } else {
            cx.schedule_in(SignedDuration::from_secs(3), PROGRESS, id, 2);
        };
    }
    let shipments = batch.shipments.iter().map(|number| (Some(*number), None));
    let members = shipments.chain(batch.rates.iter().map(|id| (None, Some(id.clone()))));
    for (index, (number, rate)) in members.enumerate().skip(start).take(PART).collect::<Vec<_>>() {
        let found = match (number, &rate) {
            (Some(number), _) => shipment::view(cx, number).map(|shipment| (number, shipment)),
            (None, rate) => rate.as_ref().and_then(|id| rates::quoted(cx, id).ok()),
        };
        let Some((number, shipment)) = found else { continue };
        let bought = match batch.refused.iter().find(|(own, _)| *own == index) {
            Some((_, reason)) => Err(reason.clone()),
            None => purchase(cx, &batch, number, shipment.clone(), rate).map_err(|refusal| dialect::reason(&refusal)),
        };
        match bought {
            Ok(label) => {
                batch.completed += 1;
                batch.forms += usize::from(shared::is_abroad(&label));
            }
            Err(reason) => {
                shipment::change(cx, number, &[("shipment_status", "pending".into())]);
                batch.fail(&reason, Some(&se(number)), &shipment["external_shipment_id"]);
            }
        }
    }
    if start + PART < batch.shipments.len() + batch.rates.len() {
        put(cx, &batch);
        return cx.schedule_in(SignedDuration::ZERO, PROGRESS, id, step + 2);
    }
    batch.status = match (batch.completed, batch.failures.is_empty()) {
        (0, _) if batch.shipments.is_empty() && batch.rates.is_empty() => "invalid".to_owned(),
        (_, false) => "completed_with_errors".to_owned(),
        (_, true) => "completed".to_owned(),
    };
    put(cx, &batch);
    let labels = labels_of(cx, batch.id);
    shared::tell(cx, &labels.iter().collect::<Vec<_>>());
    webhooks::processed(cx, batch.id);
}

fn purchase(cx: &mut Cx<'_>, batch: &Batch, number: u64, mut shipment: Members, rate: Option<String>) -> Result<Label, Refusal> {
    batch.ship_date.iter().for_each(|date| shipment["ship_date"] = date.clone().into());
    let Batch { label_layout, label_format, display_scheme, .. } = batch;
    let options =
        json!({ "label_layout": label_layout, "label_format": label_format, "display_scheme": display_scheme, BATCH_NUMBER: batch.number });
    shipments::buy(cx, &Order { number, shipment: &shipment, options: &options, rate, batch: Some(batch.id), is_return: false })
}

/// The numbers of the shipments of a batch; a label that was bought alone has one of its own.
pub(crate) fn shipments(cx: &Cx<'_>, id: &str) -> Vec<u64> {
    let number = wire::number(id).unwrap_or_default();
    match cx.docs.get::<Batch>(BATCH, &number.to_string()) {
        Some(batch) => batch.shipments,
        None => cx.docs.list::<Label>(LABEL).filter(|label| label.batch == number).filter_map(|label| label.order).collect(),
    }
}

/// The labels that were bought in a batch.
pub(crate) fn labels_of(cx: &Cx<'_>, number: u64) -> Vec<Label> {
    cx.docs.list::<Label>(LABEL).filter(|label| label.batch == number).collect()
}

/// Recorded: links to the files are there before the files are.
fn to_json(cx: &Cx<'_>, batch: &Batch) -> Value {
    let (id, number) = (se(batch.id), batch.id);
    let file = |extension: &str| labels::link(cx, "label", number, extension);
    json!({
        "label_layout": batch.label_layout, "label_format": batch.label_format, "batch_id": id,
        "external_batch_id": batch.external_batch_id, "batch_number": batch.number, "batch_notes": batch.notes,
        "created_at": moment(batch.created_at), "processed_at": batch.processed_at.map(moment), "errors": batch.failures.len(),
        "process_errors": null, "warnings": 0, "completed": batch.completed, "forms": batch.forms,
        "count": batch.shipments.len() + batch.rates.len(),
        "batch_shipments_url": { "href": cx.call.url(&format!("/v2/shipments?batch_id={id}")) },
        "batch_labels_url": { "href": cx.call.url(&format!("/v2/labels?batch_id={id}")) },
        "batch_errors_url": { "href": cx.call.url(&format!("/v2/batches/{id}/errors")) },
        "label_download": { "pdf": file("pdf"), "zpl": file("zpl"), "href": file("pdf") },
        "form_download": { "href": labels::link(cx, "form", number, "pdf") }, "status": batch.status,
    })
}
