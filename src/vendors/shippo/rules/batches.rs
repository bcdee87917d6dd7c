//! Batches: many shipments, validated in the background and bought as one.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::access::{self, Mode};
use super::super::catalog::CATALOG;
use super::super::checks::{self, REQUIRED, complaint, not_found};
use super::super::dialect::page::{LISTING, Page};
use super::super::dialect::{because_of, version};
use super::super::failures;
use super::super::labels;
use super::super::rates;
use super::super::webhooks;
use super::super::wire::carrier_account::CarrierAccount;
use super::super::wire::shipment::{Rate, Shipment};
use super::super::wire::{self, BATCH, Message, Moment, RATE, SHIPMENT};
use super::carrier_accounts;
use super::purchase::{self, Wishes};
use super::shipments;
use super::stored::named;
use crate::carrier::Anchor;
use crate::carrier::print::Format;
use crate::engine::fields::{Field, Report};
use crate::engine::listing::{Listing, Number};
use crate::engine::{Cx, Extract, Json, Outcome, Refusal};
use crate::spec::Rule;

/// The topics of a batch in the agenda.
pub(crate) const VALIDATION: &str = "batch.validation";
pub(crate) const PURCHASE: &str = "batch.purchase";

/// How many labels a merged file holds.
const MERGED: usize = 100;
/// How many shipments a batch holds.
const MOST: usize = 10_000;
/// How many of them are validated, or bought, before others get to the sandbox.
const PART: usize = 500;
/// How many letters of its own a shipment of a batch has.
const LONGEST_METADATA: usize = 100;

const FORMAT: &str = "Invalid create request.\n\
    Please ensure the format of your request body is correct.\n\
    Formatting options:\n\
    1. With inline shipping details (https://goshippo.com/docs/reference/bash#batches-create)\n\
    2. With existing shipping object IDs, same as (1), but replace \"batch_shipments\" with a list of existing shipment object IDs\n";

/// A batch as it is stored: with all its shipments, and the names of its files. Its answer has a page of them, and links.
#[derive(Serialize, Deserialize)]
pub(super) struct Batch {
    object_id: String,
    object_owner: String,
    status: Status,
    object_created: Moment,
    object_updated: Moment,
    metadata: String,
    default_carrier_account: String,
    default_servicelevel_token: String,
    label_filetype: Option<String>,
    batch_shipments: Page<Entry>,
    object_results: Map<String, Value>,
    label_url: Vec<String>,
    test: bool,
    /// What is still to be validated, as it was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<Value>,
    /// The labels that are bought, while others are still to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bought: Vec<String>,
}

/// Where a batch, or a shipment of one, is in its life.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    #[default]
    Validating,
    Valid,
    Invalid,
    Purchasing,
    Purchased,
    TransactionFailed,
}

/// One shipment of a batch.
#[derive(Default, Serialize, Deserialize)]
struct Entry {
    metadata: String,
    carrier_account: Option<String>,
    servicelevel_token: Option<String>,
    /// Empty where none could be made: the vendor's libraries want a text here.
    shipment: String,
    transaction: Option<String>,
    object_id: String,
    status: Status,
    messages: Vec<String>,
    /// What the carrier is to say of its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<Message>,
}

/// What shipments are counted, and listed, by.
const RESULTS: [&str; 4] = ["purchase_succeeded", "purchase_failed", "creation_failed", "creation_succeeded"];

/// The answer is empty: the shipments are validated a moment later.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let rows = match body.member("batch_shipments").value {
        Some(Value::Array(rows)) => rows,
        None => return Err(Refusal::invalid("batch_shipments", Rule::Required)),
        Some(_) => return Err(because_of(FORMAT)),
    };
    let account = body.member("default_carrier_account");
    if let Some(id) = account.text().filter(|id| report.is_fine(&account) && carrier_accounts::find(cx, id).is_none()) {
        let text = format!(
            "Invalid account object_id provided '{id}'. Please list the available CarrierAccount objects (/v1/carrier_accounts) to get \
             your valid object_ids."
        );
        report.add(&account, complaint(text));
    }
    let token = body.member("default_servicelevel_token");
    if let Some(text) = token.text().filter(|token| !token.is_empty()).and_then(checks::unknown_service) {
        report.add(&token, complaint(text));
    }
    report.finish()?;
    let text = |name: &str| body.member(name).text().unwrap_or_default().to_owned();
    let batch = Batch {
        object_id: wire::new_id(cx),
        object_owner: String::new(),
        status: Status::Validating,
        object_created: Moment(cx.now),
        object_updated: Moment(cx.now),
        metadata: text("metadata"),
        default_carrier_account: text("default_carrier_account"),
        default_servicelevel_token: text("default_servicelevel_token"),
        label_filetype: Some(text("label_filetype")).filter(|file| !file.is_empty()),
        batch_shipments: Page::default(),
        object_results: Map::new(),
        label_url: Vec::new(),
        test: Mode::of(cx).is_test(),
        waiting: rows.clone(),
        bought: Vec::new(),
    };
    cx.docs.put(BATCH, &batch.object_id, &batch);
    cx.schedule_in(SignedDuration::from_millis(2_300), VALIDATION, &batch.object_id, 0);
    answer(cx, StatusCode::CREATED, batch)
}

/// A batch and one page of its shipments, of one result if that is asked for.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let batch = cx.docs.require(BATCH, &named(cx))?;
    answer(cx, StatusCode::OK, batch)
}

/// New shipments are validated at once, those of a batch that is still being validated with it.
pub(crate) fn add(cx: &mut Cx<'_>) -> Outcome {
    let mut batch = open(cx)?;
    let Json(rows) = Json::<Vec<Value>>::extract(cx.call)?;
    if batch.batch_shipments.results.len() + batch.waiting.len() + rows.len() > MOST {
        return Err(because_of(format!("A batch holds no more than {MOST} shipments.")));
    }
    batch.waiting.extend(rows);
    if batch.status != Status::Validating {
        validate(cx, &mut batch, MOST);
    }
    store(cx, &mut batch);
    answer(cx, StatusCode::OK, batch)
}

/// Takes batch shipments out by their own ids.
pub(crate) fn remove(cx: &mut Cx<'_>) -> Outcome {
    let mut batch = open(cx)?;
    let Json(rows) = Json::<Vec<Value>>::extract(cx.call)?;
    for row in &rows {
        let entries = &mut batch.batch_shipments.results;
        let index = entries.iter().position(|entry| row == &entry.object_id);
        let index = index.ok_or_else(|| because_of(not_found("BatchShipment", row.as_str().unwrap_or(&row.to_string()))))?;
        entries.remove(index);
    }
    if batch.status != Status::Validating {
        validate(cx, &mut batch, MOST);
    }
    store(cx, &mut batch);
    answer(cx, StatusCode::OK, batch)
}

/// Only a valid batch can be bought; its labels are made in the background.
pub(crate) fn purchase(cx: &mut Cx<'_>) -> Outcome {
    let mut batch: Batch = cx.docs.require(BATCH, &named(cx))?;
    if batch.status != Status::Valid {
        return Err(because_of("Only batches in VALID state can be purchased."));
    }
    batch.status = Status::Purchasing;
    for (number, entry) in (1..).zip(&mut batch.batch_shipments.results) {
        entry.refusal = failures::of_purchase(cx, "", Some(number));
    }
    store(cx, &mut batch);
    cx.schedule_in(SignedDuration::from_secs(3), PURCHASE, &batch.object_id, 0);
    answer(cx, StatusCode::ACCEPTED, batch)
}

/// The validation of a batch ends, after as many steps as it has parts.
pub(crate) fn validated(cx: &mut Cx<'_>, id: &str, step: u32) {
    let Some(mut batch) = cx.docs.get::<Batch>(BATCH, id).filter(|batch| batch.status == Status::Validating) else { return };
    validate(cx, &mut batch, PART);
    store(cx, &mut batch);
    match batch.status {
        Status::Validating => cx.schedule_in(SignedDuration::ZERO, VALIDATION, id, step + 1),
        _ => webhooks::batch(cx, webhooks::BATCH_CREATED, id),
    }
}

/// The purchase of a batch ends, after as many steps as it has parts.
pub(crate) fn purchased(cx: &mut Cx<'_>, id: &str, step: u32) {
    let Some(mut batch) = cx.docs.get::<Batch>(BATCH, id).filter(|batch| batch.status == Status::Purchasing) else { return };
    let format = labels::format(batch.label_filetype.as_deref());
    let mut entries = std::mem::take(&mut batch.batch_shipments.results);
    let (start, all) = (step as usize * PART, entries.len());
    for entry in entries.iter_mut().skip(start).take(PART) {
        match buy(cx, &batch, entry, format) {
            Ok(labels) => batch.bought.extend(labels),
            Err(texts) => {
                entry.status = Status::TransactionFailed;
                entry.messages = texts;
            }
        }
    }
    batch.batch_shipments.results = entries;
    if start + PART < all {
        store(cx, &mut batch);
        return cx.schedule_in(SignedDuration::ZERO, PURCHASE, id, step + 1);
    }
    let bought = std::mem::take(&mut batch.bought);
    for (number, bought) in bought.chunks(MERGED).enumerate() {
        batch.label_url.push(labels::keep_merged(cx, &format!("{id}_{number}"), bought, format));
    }
    batch.status = Status::Purchased;
    store(cx, &mut batch);
    webhooks::batch(cx, webhooks::BATCH_PURCHASED, id);
}

fn store(cx: &mut Cx<'_>, batch: &mut Batch) {
    batch.object_updated = Moment(cx.now);
    cx.docs.put(BATCH, &batch.object_id, batch);
}

/// A batch whose shipments may still change.
fn open(cx: &Cx<'_>) -> Result<Batch, Refusal> {
    let batch: Batch = cx.docs.require(BATCH, &named(cx))?;
    match batch.status {
        Status::Purchasing | Status::Purchased => Err(because_of("Batch has already been purchased and cannot be modified.")),
        _ => Ok(batch),
    }
}

/// Makes shipments of what waits, so many at most. All of them have to be valid in the end.
fn validate(cx: &mut Cx<'_>, batch: &mut Batch, most: usize) {
    let later = batch.waiting.split_off(most.min(batch.waiting.len()));
    for row in std::mem::replace(&mut batch.waiting, later) {
        let entry = entry(cx, batch, &row);
        batch.batch_shipments.results.push(entry);
    }
    if !batch.waiting.is_empty() {
        return;
    }
    let is_invalid = batch.batch_shipments.results.iter().any(|entry| entry.status == Status::Invalid);
    batch.status = if is_invalid { Status::Invalid } else { Status::Valid };
}

/// One shipment of a batch, from what was sent for it: an id, or an object around an id or a shipment.
fn entry(cx: &mut Cx<'_>, batch: &Batch, sent: &Value) -> Entry {
    let text = |name: &str| sent.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut entry = Entry {
        metadata: text("metadata").unwrap_or_default(),
        carrier_account: text("carrier_account"),
        servicelevel_token: text("servicelevel_token"),
        shipment: String::new(),
        transaction: None,
        object_id: wire::new_id(cx),
        status: Status::Valid,
        messages: Vec::new(),
        refusal: None,
    };
    let is_short = entry.metadata.chars().count() <= LONGEST_METADATA;
    if !is_short {
        entry.metadata.clear();
    }
    let (account_id, token) = choice(batch, &entry);
    let account = carrier_accounts::find(cx, account_id);
    let mut known = None;
    let long = || vec![format!("metadata: Ensure this field has no more than {LONGEST_METADATA} characters.")];
    let checked = shipment(cx, sent, account.as_ref()).and_then(|shipment| {
        known = Some(shipment.object_id.clone());
        let account = account.as_ref().ok_or_else(|| vec!["Carrier account with the provided object_id does not exist".to_owned()])?;
        find_rate(cx, &shipment, account, token).map(drop).map_err(|text| vec![text])?;
        if is_short { Ok(()) } else { Err(long()) }
    });
    if let Err(texts) = checked {
        entry.status = Status::Invalid;
        entry.messages = texts;
    }
    entry.shipment = known.unwrap_or_default();
    entry
}

/// The carrier account and service of an entry: its own, or those of the batch.
fn choice<'a>(batch: &'a Batch, entry: &'a Entry) -> (&'a str, &'a str) {
    let account = entry.carrier_account.as_deref().unwrap_or(&batch.default_carrier_account);
    let token = entry.servicelevel_token.as_deref().unwrap_or(&batch.default_servicelevel_token);
    (account, token)
}

/// The shipment that is named or brought along.
fn shipment(cx: &mut Cx<'_>, sent: &Value, account: Option<&CarrierAccount>) -> Result<Shipment, Vec<String>> {
    let given = if sent.is_string() { Some(sent) } else { sent.get("shipment") };
    match given {
        None | Some(Value::Null) => Err(vec![format!("shipment: {REQUIRED}")]),
        Some(Value::String(id)) => cx.docs.get(SHIPMENT, id).ok_or_else(|| vec![not_found("Shipment", id)]),
        Some(inline) => {
            let mut body = inline.clone();
            // Batches of version 2017-03-29 still bring their one parcel along as `parcel`.
            if let Value::Object(members) = &mut body
                && let (false, Some(parcel)) = (members.contains_key("parcels"), members.get("parcel").cloned())
            {
                members.insert("parcels".to_owned(), parcel);
            }
            shipments::store(cx, &body, account).map_err(|refusal| checks::flat(&refusal))
        }
    }
}

/// A rate of an account and service for a shipment: one of its own, or a new one.
fn find_rate(cx: &mut Cx<'_>, shipment: &Shipment, account: &CarrierAccount, token: &str) -> Result<Rate, String> {
    let fits = |rate: &Rate| rate.carrier_account == account.object_id && rate.service == token;
    let known = shipment
        .rates
        .iter()
        .filter_map(|part| cx.docs.get::<Rate>(RATE, part.id()))
        .find(|rate| fits(rate) && !purchase::is_expired(rate, cx.now));
    if let Some(rate) = known {
        return Ok(rate);
    }
    if let Some(text) = checks::unknown_service(token) {
        return Err(text);
    }
    let (rates, messages) = shipments::quote(cx, shipment, std::slice::from_ref(account));
    rates.into_iter().find(fits).ok_or_else(|| match rates::said(&messages, &account.carrier, token) {
        Some(message) => message.text.clone(),
        None => format!("Servicelevel {token} is not available for this shipment"),
    })
}

/// Buys the labels of an entry, one for each parcel; their ids, or what the carrier says of the first.
fn buy(cx: &mut Cx<'_>, batch: &Batch, entry: &mut Entry, format: Format) -> Result<Vec<String>, Vec<String>> {
    let (account, token) = choice(batch, entry);
    let found = cx.docs.get::<Shipment>(SHIPMENT, &entry.shipment).zip(carrier_accounts::find(cx, account));
    let (shipment, account) = found.ok_or_else(|| vec!["Shipment does not exist".to_owned()])?;
    let rate = find_rate(cx, &shipment, &account, token).map_err(|text| vec![text])?;
    let wishes = Wishes { format, metadata: entry.metadata.clone(), order: None, instant: false };
    let mut labels = purchase::queue(cx, &rate, &shipment, &wishes);
    let source = &CATALOG.carrier(&rate.carrier).source;
    let refusal = entry.refusal.take().map(|message| Message { source: source.clone(), ..message });
    for label in &mut labels {
        label.refusal.clone_from(&refusal);
        purchase::fulfill(cx, label);
        webhooks::transaction(cx, webhooks::TRANSACTION_CREATED, label);
    }
    for label in &labels {
        cx.anchor_reached(Anchor::Batch, &label.tracking_number);
    }
    let bought = labels.iter().filter(|label| label.status == "SUCCESS").map(|label| label.object_id.clone()).collect();
    let first = labels.swap_remove(0);
    entry.transaction = Some(first.object_id.clone());
    if first.status == "SUCCESS" {
        return Ok(bought);
    }
    Err(first.messages.into_iter().map(|message| message.text).collect())
}

/// The entries of a batch, as many a page as go into one file.
const ENTRIES: Listing = Listing { size: Number { usual: MERGED, ..LISTING.size }, ..LISTING };

fn answer(cx: &Cx<'_>, status: StatusCode, mut batch: Batch) -> Outcome {
    let (call, query) = (cx.call, ENTRIES.read(cx.call)?);
    let own = format!("/batches/{}", batch.object_id);
    let path = if call.request.method == Method::GET { call.path } else { &own };
    let mut entries = std::mem::take(&mut batch.batch_shipments.results);
    let count = |result: &&str| entries.iter().filter(|entry| is_under(entry, result)).count();
    batch.object_results = RESULTS.iter().map(|result| ((*result).to_owned(), count(result).into())).collect();
    entries.iter_mut().for_each(|entry| entry.refusal = None);
    entries.retain(|entry| is_under(entry, call.query("object_results").unwrap_or_default()));
    let count = Some(entries.len());
    batch.batch_shipments = Page { count, ..Page::of(call, path, query.cut(entries.len(), entries.into_iter())?) };
    batch.label_url.iter_mut().for_each(|name| *name = labels::link(cx, name, batch.object_created));
    batch.object_owner = access::owner(cx).into_owned();
    batch.waiting.clear();
    Ok(version::reply(call, status, batch))
}

fn is_under(entry: &Entry, result: &str) -> bool {
    match result {
        "creation_failed" => entry.status == Status::Invalid,
        "creation_succeeded" => entry.status != Status::Invalid,
        "purchase_failed" => entry.status == Status::TransactionFailed,
        "purchase_succeeded" => entry.status == Status::Valid && entry.transaction.is_some(),
        _ => true,
    }
}
