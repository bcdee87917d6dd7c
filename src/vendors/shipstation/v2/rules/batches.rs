//! Batches: open while members come and go, queued when they are to be processed, archived in the end.

use http::StatusCode;
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::dialect::wrong_state;
use super::super::labels::{self, Options, Order};
use super::super::listing::{self, LISTING};
use super::super::wire::{self, BATCH, Members, moment, se, shipment};
use super::super::{dialect, webhooks};
use super::{rates, shipments};
use crate::base::time::Timestamp;
use crate::engine::listing::{Listing, Number};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};
use crate::vendors::shipstation::labels as shared;
use crate::vendors::shipstation::wire::LABEL;
use crate::vendors::shipstation::wire::label::Label;

/// The topic of a batch in the agenda.
pub(crate) const PROGRESS: &str = "v2.batch";

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
    failures: Vec<Failure>,
}

/// Why a member has no label.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Failure {
    error: String,
    shipment_id: Option<String>,
    external_shipment_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(flatten)]
    members: Changed,
    external_batch_id: Option<String>,
    batch_notes: Option<String>,
    process_labels: Option<Process>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Process {
    create_batch_and_process_labels: Option<bool>,
    ship_date: Option<String>,
    label_layout: Option<String>,
    label_format: Option<String>,
    display_scheme: Option<String>,
}

/// Documented: the size of a page has another name here.
const ERRORS: Listing = Listing { size: Number { names: &["page_size", "pagesize"], ..LISTING.size }, ..LISTING };

/// Newest first, archived ones too.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.documents(&cx.docs, BATCH)?.read::<Batch>();
    Ok(listing::answer(cx, "batches", page.map(|batch| to_json(cx, &batch))))
}

/// Members that are not there make the answer 207.
pub(crate) fn create(cx: &mut Cx<'_>, Json(sent): Json<Sent>) -> Outcome {
    if let Some(id) = sent.external_batch_id.as_deref().filter(|id| by_external_id(cx, id).is_some()) {
        return Err(dialect::taken("external_batch_id", id));
    }
    let id = wire::next(cx, &BATCH);
    let mut batch = Batch {
        id,
        number: (100_001 + cx.docs.count(BATCH)).to_string(),
        external_batch_id: sent.external_batch_id,
        notes: sent.batch_notes,
        status: "open".to_owned(),
        created_at: cx.now,
        label_format: "pdf".to_owned(),
        ..Batch::default()
    };
    add_members(cx, &mut batch, sent.members);
    if let Some(process) = sent.process_labels.filter(|process| process.create_batch_and_process_labels == Some(true)) {
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
fn add_members(cx: &Cx<'_>, batch: &mut Batch, Changed { shipment_ids, rate_ids }: Changed) {
    for id in shipment_ids.into_iter().flatten() {
        let number = wire::number(&id).unwrap_or_default();
        if shipment::view(cx, number).is_none() {
            let error = "Invalid shipment_id.".to_owned();
            batch.failures.push(Failure { error, shipment_id: Some(id), ..Failure::default() });
        } else if !batch.shipments.contains(&number) {
            batch.shipments.push(number);
        }
    }
    for id in rate_ids.into_iter().flatten() {
        if !cx.docs.has(wire::RATE, &id) {
            batch.failures.push(Failure { error: "Invalid rate_id.".to_owned(), ..Failure::default() });
        } else if !batch.rates.contains(&id) {
            batch.rates.push(id);
        }
    }
}

fn named(cx: &Cx<'_>) -> Result<Batch, Refusal> {
    wire::stored(cx, BATCH).map(|(_, batch)| batch)
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let batch = named(cx)?;
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
    let mut batch = named(cx)?;
    batch.status = "archived".to_owned();
    put(cx, &batch);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Shipments and rates that are named.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Changed {
    shipment_ids: Option<Vec<String>>,
    rate_ids: Option<Vec<String>>,
}

/// The open batch that the path names, and what was sent, if anything.
fn changed<T: DeserializeOwned + Default>(cx: &Cx<'_>) -> Result<(Batch, T), Refusal> {
    let batch = named(cx)?;
    let sent = wire::sent(cx)?;
    is_open(&batch)?;
    Ok((batch, sent))
}

fn is_open(batch: &Batch) -> Result<(), Refusal> {
    if batch.status == "open" {
        return Ok(());
    }
    Err(wrong_state("batch_cannot_be_modified", format!("Batch se-{} cannot be modified: its status is {}.", batch.id, batch.status)))
}

/// Adds members to an open batch.
pub(crate) fn add(cx: &mut Cx<'_>) -> Outcome {
    let (mut batch, sent) = changed(cx)?;
    add_members(cx, &mut batch, sent);
    put(cx, &batch);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Takes members out of an open batch, which stays open without any.
pub(crate) fn remove(cx: &mut Cx<'_>) -> Outcome {
    let (mut batch, sent) = changed::<Changed>(cx)?;
    let gone: Vec<u64> = sent.shipment_ids.iter().flatten().filter_map(|id| wire::number(id)).collect();
    batch.shipments.retain(|number| !gone.contains(number));
    batch.rates.retain(|id| sent.rate_ids.iter().flatten().all(|other| other != id));
    put(cx, &batch);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// What went wrong with members.
pub(crate) fn errors(cx: &mut Cx<'_>) -> Outcome {
    let batch = named(cx)?;
    let total = batch.failures.len();
    let page = ERRORS.read(cx.call)?.cut(total, batch.failures.into_iter())?;
    let links = listing::links(cx, cx.call.path, page.number, page.pages(), page.size, page.has_next);
    Ok(Reply::ok(json!({ "errors": page.rows, "links": links })))
}

/// Queues an open batch, whose labels are bought a little later.
pub(crate) fn process(cx: &mut Cx<'_>) -> Outcome {
    let (mut batch, process) = changed(cx)?;
    queue(cx, &mut batch, process);
    put(cx, &batch);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn queue(cx: &mut Cx<'_>, batch: &mut Batch, process: Process) {
    batch.status = "queued".to_owned();
    batch.processed_at = Some(cx.now);
    // Recorded 2024: the layout is said from then on.
    batch.label_layout = Some(process.label_layout.unwrap_or_else(|| "4x6".to_owned()));
    batch.label_format = process.label_format.unwrap_or_else(|| "pdf".to_owned());
    batch.display_scheme = process.display_scheme;
    batch.ship_date = process.ship_date;
    cx.schedule_in(SignedDuration::from_secs(2), PROGRESS, &batch.id.to_string(), 1);
}

/// A queued batch is processed, and has its labels a little later.
pub(crate) fn progress(cx: &mut Cx<'_>, id: &str, step: u32) {
    let Some(mut batch) = cx.docs.get::<Batch>(BATCH, id).filter(|batch| ["queued", "processing"].contains(&&*batch.status)) else {
        return;
    };
    if step == 1 {
        batch.status = "processing".to_owned();
        for number in batch.shipments.clone() {
            shipment::change(cx, number, &[("shipment_status", "processing".into())]);
        }
        put(cx, &batch);
        return cx.schedule_in(SignedDuration::from_secs(3), PROGRESS, id, 2);
    }
    let shipments = batch.shipments.clone().into_iter().filter_map(|number| Some((number, shipment::view(cx, number)?, None)));
    let rated =
        batch.rates.iter().filter_map(|id| rates::quoted(cx, id).ok().map(|(number, shipment)| (number, shipment, Some(id.clone()))));
    let members: Vec<(u64, Members, Option<String>)> = shipments.chain(rated).collect();
    let mut labels = Vec::new();
    for (number, shipment, rate) in members {
        match purchase(cx, &batch, number, shipment.clone(), rate) {
            Ok(label) => {
                batch.completed += 1;
                batch.forms += usize::from(shared::is_abroad(&label));
                labels.push(label);
            }
            Err(refusal) => {
                shipment::change(cx, number, &[("shipment_status", "pending".into())]);
                batch.failures.push(Failure {
                    error: reason(&refusal),
                    shipment_id: Some(se(number)),
                    external_shipment_id: shipment["external_shipment_id"].as_str().map(str::to_owned),
                });
            }
        }
    }
    let end = match (batch.completed, batch.failures.is_empty()) {
        (0, _) if batch.shipments.is_empty() && batch.rates.is_empty() => "invalid",
        (_, false) => "completed_with_errors",
        (_, true) => "completed",
    };
    batch.status = end.to_owned();
    put(cx, &batch);
    shared::tell(cx, &labels.iter().collect::<Vec<_>>());
    webhooks::processed(cx, batch.id);
}

fn purchase(cx: &mut Cx<'_>, batch: &Batch, number: u64, mut shipment: Members, rate: Option<String>) -> Result<Label, Refusal> {
    if let Some(date) = &batch.ship_date {
        shipment.insert("ship_date".to_owned(), date.clone().into());
    }
    let options = Options {
        label_layout: batch.label_layout.clone(),
        label_format: Some(batch.label_format.clone()),
        display_scheme: batch.display_scheme.clone(),
        ..Options::default()
    };
    shipments::buy(cx, &Order { number, shipment: &shipment, options: &options, rate, batch: Some(batch.id), is_return: false })
}

/// A refusal as one text.
fn reason(refusal: &Refusal) -> String {
    let told = dialect::error_of(refusal).unwrap_or_default();
    told["message"].as_str().unwrap_or("The label cannot be created.").to_owned()
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
