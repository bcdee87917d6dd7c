//! Manifests: the labels of one day, sender and account on one sheet for the carrier.

use http::StatusCode;
use indexmap::IndexSet;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::super::access;
use super::super::catalog::CATALOG;
use super::super::checks::{self, complaint, not_found};
use super::super::dialect::page::{self, FIVES};
use super::super::dialect::{NOT_FOUND, version};
use super::super::labels;
use super::super::wire::address::Address;
use super::super::wire::shipment::{Rate, Shipment};
use super::super::wire::transaction::Transaction;
use super::super::wire::{self, ADDRESS, MANIFEST, Moment, RATE, SHIPMENT, TRANSACTION};
use super::addresses::ADDRESSES;
use super::carrier_accounts;
use super::stored;
use crate::carrier::Anchor;
use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome, Refusal};
use crate::spec::Rule;

/// The topic of a manifest in the agenda.
pub(crate) const PROGRESS: &str = "manifest.progress";

/// A manifest; the stored one without its owner, and with the names of its documents in place of links.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    object_created: Moment,
    object_updated: Moment,
    object_id: String,
    object_owner: String,
    status: String,
    #[serde(default)]
    errors: Vec<String>,
    provider: String,
    shipment_date: Moment,
    address_from: String,
    documents: Vec<String>,
    carrier_account: String,
    transactions: Vec<String>,
}

/// All manifests, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    page::answer(cx, &FIVES.read(cx.call)?, MANIFEST, view)
}

/// One manifest.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let manifest = cx.docs.require(MANIFEST, &stored::named(cx))?;
    Ok(version::reply(cx.call, StatusCode::OK, view(cx, manifest)))
}

/// `async: false` waits for the carrier. Without transactions, all labels of the day are taken.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let address_from = address(cx, &body.member("address_from"), &mut report)?.unwrap_or_default();
    let (carrier_account, provider) = account(cx, &body, &mut report).unwrap_or_default();
    report.finish()?;
    let shipment_date = body.member("shipment_date").text().and_then(checks::moment).unwrap_or(cx.now);
    let named: IndexSet<&str> = body.member("transactions").elements().map(|row| row.text().unwrap_or_default()).collect();
    let transactions = named.into_iter().map(str::to_owned).collect();
    let mut manifest = Manifest {
        object_created: Moment(cx.now),
        object_updated: Moment(cx.now),
        object_id: wire::new_id(cx),
        object_owner: String::new(),
        status: "QUEUED".to_owned(),
        errors: Vec::new(),
        provider,
        shipment_date: Moment(shipment_date),
        address_from,
        documents: Vec::new(),
        carrier_account,
        transactions,
    };
    let from = sender(cx, &manifest);
    if faults(&from).is_empty() {
        manifest.transactions = eligible(cx, &manifest, &from)?;
    }
    if body.member("async").flag().unwrap_or(true) {
        cx.docs.put(MANIFEST, &manifest.object_id, &manifest);
        cx.schedule_in(SignedDuration::from_millis(500), PROGRESS, &manifest.object_id, 0);
    } else {
        make(cx, &mut manifest);
    }
    let view = view(cx, manifest);
    Ok(version::reply(cx.call, StatusCode::CREATED, view))
}

/// The carrier answers.
pub(crate) fn progress(cx: &mut Cx<'_>, id: &str) {
    if let Some(mut manifest) = cx.docs.get::<Manifest>(MANIFEST, id).filter(|manifest| manifest.status == "QUEUED") {
        make(cx, &mut manifest);
    }
}

/// Puts the labels on the manifest, or says why not.
fn make(cx: &mut Cx<'_>, manifest: &mut Manifest) {
    manifest.object_updated = Moment(cx.now);
    manifest.errors = faults(&sender(cx, manifest));
    if manifest.errors.is_empty() {
        let bought: Vec<Transaction> = manifest.transactions.iter().filter_map(|id| cx.docs.get(TRANSACTION, id)).collect();
        // Recorded 2022: the postal service's own number, and the vendor's.
        let stem = format!("{}_{}", cx.tracking_number("9275090164915800+#########_+###"), manifest.provider);
        let number = stem.split('_').next().unwrap_or_default();
        let from = sender(cx, manifest);
        let sheet = labels::manifest(cx, number, &from, &manifest.provider, manifest.shipment_date, &bought);
        labels::keep_sheet(cx, &stem, sheet);
        manifest.documents.push(format!("{stem}.pdf"));
        bought.iter().for_each(|label| cx.anchor_reached(Anchor::Manifest, &label.tracking_number));
        "SUCCESS".clone_into(&mut manifest.status);
    } else {
        "ERROR".clone_into(&mut manifest.status);
    }
    cx.docs.put(MANIFEST, &manifest.object_id, manifest);
}

fn sender(cx: &Cx<'_>, manifest: &Manifest) -> Address {
    cx.docs.get(ADDRESS, &manifest.address_from).expect("addresses are never removed")
}

/// What the carrier misses in the sender's address.
fn faults(from: &Address) -> Vec<String> {
    let missing = [("zip", &from.zip), ("city", &from.city), ("state", &from.state), ("name", &from.name)];
    missing.into_iter().filter(|(_, text)| text.is_empty()).map(|(name, _)| format!("address_from_missing_{name}")).collect()
}

/// The labels that a manifest is for: the named ones, or all of its account, day and sender's ZIP code that are on no other.
fn eligible(cx: &Cx<'_>, manifest: &Manifest, from: &Address) -> Result<Vec<String>, Refusal> {
    let mut taken: Vec<String> =
        cx.docs.list::<Manifest>(MANIFEST).filter(|row| row.status != "ERROR").flat_map(|row| row.transactions).collect();
    taken.sort_unstable();
    let fits = |label: &Transaction| taken.binary_search(&label.object_id).is_err() && fits(cx, manifest, from, label);
    if manifest.transactions.is_empty() {
        let labels: Vec<Transaction> = cx.docs.list::<Transaction>(TRANSACTION).filter(fits).collect();
        if labels.is_empty() {
            let text = "No transactions exist for Manifest request, or have already been assigned to an existing Manifest. Check that zip \
                        code matches";
            return Err(Refusal::Because(NOT_FOUND, text.into()));
        }
        return Ok(labels.into_iter().map(|label| label.object_id).collect());
    }
    if manifest.transactions.iter().all(|id| cx.docs.get::<Transaction>(TRANSACTION, id).is_some_and(|label| fits(&label))) {
        return Ok(manifest.transactions.clone());
    }
    let (named, carrier) = (manifest.transactions.join(", "), CATALOG.carrier_name(&manifest.provider));
    let (date, zip) = (manifest.shipment_date.0.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00"), &from.zip);
    let text = format!(
        "Invalid transactions {named} for manifest request. Please check that the carrier ({carrier}) matches, that the transactions are of \
         the same date ({date}), that the transactions have the correct zip code ({zip}), and that the transactions have not been assigned \
         to a different manifest."
    );
    Err(Refusal::Because(NOT_FOUND, text.into()))
}

fn fits(cx: &Cx<'_>, manifest: &Manifest, from: &Address, label: &Transaction) -> bool {
    let Some(rate) = cx.docs.get::<Rate>(RATE, label.rate()) else { return false };
    let Some(shipment) = cx.docs.get::<Shipment>(SHIPMENT, &rate.shipment) else { return false };
    let Some(sender) = cx.docs.get::<Address>(ADDRESS, shipment.address_from.id()) else { return false };
    let day = |moment: Moment| moment.0.strftime("%F").to_string();
    let area = |zip: &str| zip.chars().take(5).collect::<String>();
    label.status == "SUCCESS"
        && rate.carrier_account == manifest.carrier_account
        && area(&sender.zip) == area(&from.zip)
        && day(shipment.shipment_date) == day(manifest.shipment_date)
}

/// The id of a copy of the sender's address.
fn address(cx: &mut Cx<'_>, given: &Field<'_, '_>, report: &mut Report<'_>) -> Result<Option<String>, Refusal> {
    let Some(id) = given.text() else { return Ok(ADDRESSES.store_part(cx, given, report)?.map(|address| address.id)) };
    match cx.docs.get::<Address>(ADDRESS, id) {
        Some(mut copy) => {
            copy.object_id = wire::new_id(cx);
            copy.object_created = Moment(cx.now);
            copy.object_updated = Moment(cx.now);
            cx.docs.put(ADDRESS, &copy.object_id, &copy);
            return Ok(Some(copy.object_id));
        }
        // Observed 2017: without the id.
        None => report.add(given, complaint("Address with supplied object_id not found.")),
    }
    Ok(None)
}

/// The id and carrier of the account; old callers name the provider alone.
fn account(cx: &Cx<'_>, body: &Field<'_, '_>, report: &mut Report<'_>) -> Option<(String, String)> {
    let (sent, by_name) = (body.member("carrier_account"), body.member("provider"));
    let provider = by_name.text().unwrap_or_default().to_lowercase();
    let found = match sent.text() {
        Some(id) => carrier_accounts::find(cx, id),
        None => carrier_accounts::all(cx).into_iter().find(|account| account.carrier == provider),
    };
    match (&found, sent.text()) {
        (None, Some(id)) if report.is_fine(&sent) => report.add(&sent, complaint(not_found("CarrierAccount", id))),
        (None, None) if provider.is_empty() => report.add(&sent, Rule::Required),
        // Recorded 2022: not told beside a sender that is not there.
        (None, None) if !report.is_fine(&body.member("address_from")) => {}
        (None, None) => report.add(&by_name, complaint(format!("Invalid value specified for provider '{provider}'"))),
        _ => {}
    }
    found.map(|account| (account.object_id, account.carrier))
}

fn view(cx: &Cx<'_>, mut manifest: Manifest) -> Manifest {
    manifest.object_owner = access::owner(cx).into_owned();
    manifest.documents.iter_mut().for_each(|name| *name = labels::link(cx, name, manifest.object_created));
    manifest
}
