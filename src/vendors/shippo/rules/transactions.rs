//! Transactions: labels bought from a rate, or in one call with their shipment. What the carrier refuses is a transaction
//! in error, not a refused call.

use http::StatusCode;
use serde_json::Value;

use super::super::access;
use super::super::catalog::CATALOG;
use super::super::checks::{self, complaint, not_found};
use super::super::dialect::page::{self, CREATED, LISTING};
use super::super::dialect::version;
use super::super::failures;
use super::super::labels;
use super::super::rates;
use super::super::webhooks;
use super::super::wire::shipment::{Rate, Shipment};
use super::super::wire::track;
use super::super::wire::transaction::Transaction;
use super::super::wire::{Message, ORDER, Part, RATE, SHIPMENT, TRANSACTION};
use super::carrier_accounts;
use super::purchase::{self, Wishes};
use super::{shipments, stored};
use crate::engine::fields::{Field, Report};
use crate::engine::listing::{Filter, Listing, Test};
use crate::engine::{Cx, Outcome, Refusal};

/// By rate, status, tracking status and time of creation.
const TRANSACTIONS: Listing = Listing { filters: &FILTERS, ..LISTING };

const FILTERS: [Filter; 8] = {
    let [after, from, before, until] = CREATED;
    [
        Filter { name: "rate", member: "/rate", test: Test::Equal },
        Filter { name: "object_status", member: "/status", test: Test::Equal },
        Filter { name: "tracking_status", member: "/tracking_status", test: Test::Equal },
        Filter { name: "q", member: "", test: Test::Within(mentions) },
        after,
        from,
        before,
        until,
    ]
};

/// Whether a transaction has a text in its number, its metadata or the ids of itself and its order.
fn mentions(transaction: &Value, text: &str) -> bool {
    let text = text.to_lowercase();
    let names = ["tracking_number", "metadata", "object_id", "order"];
    names.iter().filter_map(|name| transaction[name].as_str()).any(|member| member.to_lowercase().contains(&text))
}

/// Newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let query = TRANSACTIONS.read(cx.call)?;
    page::limit_span(&query)?;
    page::answer(cx, &query, TRANSACTION, view)
}

/// Buys a label for each parcel and answers the first. Purchases in one call, and `async: false`, wait for the carrier.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let instant = body.member("shipment").value.is_some() && body.member("rate").value.is_none();
    let bought = if instant { ship(cx, &body, &mut report)? } else { from_rate(cx, &body.member("rate"), &mut report) };
    let order = body.member("order").text().filter(|id| !id.is_empty());
    if let Some(id) = order.filter(|id| !cx.docs.has(ORDER, id)) {
        report.add(&body.member("order"), complaint(not_found("Order", id)));
    }
    report.finish()?;
    let format = labels::format(body.member("label_file_type").text());
    let metadata = body.member("metadata").text().unwrap_or_default().to_owned();
    let wishes = Wishes { format, metadata, order: order.map(str::to_owned), instant };
    let queued = body.member("async").flag().unwrap_or(!instant) || cx.fails(failures::LABEL_PENDING).is_some();
    let transaction = match bought {
        Some(Bought { shipment, rate: Ok(rate) }) => buy(cx, &rate, &shipment, &wishes, queued),
        Some(Bought { shipment, rate: Err((carrier, message)) }) => purchase::fail(cx, &carrier, &shipment, &wishes, message),
        None => return Err(Refusal::Broken),
    };
    let view = view(cx, transaction);
    Ok(version::reply(cx.call, StatusCode::CREATED, view))
}

/// One transaction. Parsed it reads its tracking: under a test token there is no other way to.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let id = stored::named(cx);
    let mut transaction: Transaction = cx.docs.require(TRANSACTION, &id)?;
    if cx.read_parcel(&transaction.tracking_number).is_some() {
        // The read may have moved the parcel on.
        transaction = cx.docs.require(TRANSACTION, &id)?;
    }
    let view = view(cx, transaction);
    Ok(version::reply(cx.call, StatusCode::OK, view))
}

/// A shipment with the rate that is bought, or the carrier and what it says instead.
struct Bought {
    shipment: Shipment,
    rate: Result<Rate, (String, Message)>,
}

fn from_rate(cx: &Cx<'_>, field: &Field<'_, '_>, report: &mut Report<'_>) -> Option<Bought> {
    if !checks::require(report, field) || !report.is_fine(field) {
        return None;
    }
    let id = field.text()?;
    let rate = cx.docs.get::<Rate>(RATE, id);
    match &rate {
        None => report.add(field, complaint(not_found("Rate", id))),
        Some(rate) if purchase::is_expired(rate, cx.now) => report.add(field, complaint("Rate has expired.")),
        Some(_) => {}
    }
    let shipment = cx.docs.get(SHIPMENT, &rate.as_ref()?.shipment)?;
    Some(Bought { shipment, rate: Ok(rate?) })
}

fn ship(cx: &mut Cx<'_>, body: &Field<'_, '_>, report: &mut Report<'_>) -> Result<Option<Bought>, Refusal> {
    let (named, level) = (body.member("carrier_account"), body.member("servicelevel_token"));
    let account = named.text().and_then(|id| carrier_accounts::find(cx, id));
    if checks::require(report, &named) && account.is_none() && report.is_fine(&named) {
        // Seen in 2018: in other words than everywhere else.
        report.add(&named, complaint(format!("Account with object_id {} was not found.", named.text().unwrap_or_default())));
    }
    if checks::require(report, &level)
        && let Some(text) = level.text().and_then(checks::unknown_service)
    {
        report.add(&level, complaint(text));
    }
    let part = body.member("shipment");
    let Some(sent) = part.value.filter(|_| part.object().is_some()) else { return Ok(None) };
    // Its faults are told all together, as its own operation tells them.
    report.forgive(&part);
    let shipment = report.part(&part, shipments::store(cx, sent, account.as_ref()))?;
    let (Some(shipment), Some(account), Some(token)) = (shipment, account, level.text()) else { return Ok(None) };
    let carrier = account.carrier;
    let rates = shipment.rates.iter().filter_map(|part| cx.docs.get::<Rate>(RATE, part.id()));
    let rate = rates.into_iter().find(|rate| rate.service == token).ok_or_else(|| {
        let said = rates::said(&shipment.messages, &carrier, token).cloned();
        let text = format!("Service level {token} is not available for this shipment.");
        let source = CATALOG.quoting_carrier(&carrier).map_or_else(|| CATALOG.carrier_name(&carrier), |carrier| &carrier.source);
        (carrier.clone(), said.unwrap_or_else(|| Message::new(source, text)))
    });
    Ok(Some(Bought { shipment, rate }))
}

/// Buys a label for each parcel; the first.
fn buy(cx: &mut Cx<'_>, rate: &Rate, shipment: &Shipment, wishes: &Wishes, queued: bool) -> Transaction {
    let mut rows = purchase::queue(cx, rate, shipment, wishes);
    let refusal = failures::of_purchase(cx, &CATALOG.carrier(&rate.carrier).source, None);
    for row in &mut rows {
        purchase::refuse(cx, row, refusal.as_ref());
        if queued {
            purchase::schedule(cx, &row.object_id);
        } else {
            purchase::fulfill(cx, row);
        }
        webhooks::transaction(cx, webhooks::TRANSACTION_CREATED, row);
    }
    rows.swap_remove(0)
}

/// A transaction as subscribers hear of it: with its whole rate.
pub(crate) fn event_view(cx: &Cx<'_>, transaction: Transaction) -> Transaction {
    view(cx, Transaction { instant: true, ..transaction })
}

/// A transaction as it is answered.
fn view(cx: &Cx<'_>, mut transaction: Transaction) -> Transaction {
    // Some accounts are still shown the event of old versions.
    let (whole, old) = (cx.credential.is("tracking_status_objects"), version::is_old(cx.call));
    if old || whole {
        let number = Some(&transaction.tracking_number).filter(|number| !number.is_empty());
        // Recorded 2017: nothing until the first scan.
        let parcel = number.and_then(|number| cx.parcel(number)).filter(|parcel| whole || !parcel.scans.is_empty());
        let latest = parcel.as_ref().and_then(track::latest);
        transaction.tracking_status = serde_json::to_value(latest).unwrap_or_default();
        transaction.tracking_history = old.then(|| parcel.as_ref().map(track::history).unwrap_or_default());
    }
    if !transaction.tracking_number.is_empty() {
        let link = |name: String| labels::link(cx, &name, transaction.object_created);
        let id = &transaction.object_id;
        transaction.tracking_url_provider = CATALOG.carrier(&transaction.carrier).tracking_url(&transaction.tracking_number);
        transaction.label_url = link(format!("{id}.{}", transaction.file.extension()));
        transaction.commercial_invoice_url = transaction.invoice.then(|| link(format!("{id}_invoice.pdf")));
        transaction.qr_code_url = transaction.qr_code.then(|| link(format!("{id}_qr_code.pdf")));
    }
    transaction.rate = transaction.rate.filter(|rate| !rate.id().is_empty());
    // Client: undocumented, of lists.
    let is_expanded = cx.call.query.iter().any(|(name, value)| name == "expand[]" && value == "rate");
    if transaction.instant || is_expanded {
        let rate = transaction.rate.and_then(|rate| cx.docs.get::<Rate>(RATE, rate.id()));
        transaction.rate = rate.map(|rate| Part::Whole(rate.into()));
    }
    let object_owner = access::owner(cx);
    let (instant, carrier, file, paper, invoice, qr_code, refusal) = Default::default();
    Transaction { object_owner, instant, carrier, file, paper, invoice, qr_code, refusal, ..transaction }
}
