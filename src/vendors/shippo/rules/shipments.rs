//! Shipments: addresses and parcels put together, and the rates that the carriers give for them.

use std::borrow::Cow;

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::Value;

use super::super::access::{self, Mode};
use super::super::checks::{self, complaint, not_found};
use super::super::dialect::page::{self, CREATED, CURSOR, LISTING, MADE};
use super::super::dialect::version;
use super::super::failures;
use super::super::rates::{self, Lane};
use super::super::wire::address::{Address, SHORT};
use super::super::wire::carrier_account::CarrierAccount;
use super::super::wire::parcel::{Measures, Parcel, Shipped};
use super::super::wire::shipment::{Rate, RateView, Shipment};
use super::super::wire::{self, ADDRESS, CUSTOMS_DECLARATION, Message, Moment, PARCEL, Part, RATE, SHIPMENT};
use super::addresses::ADDRESSES;
use super::carrier_accounts;
use super::customs::DECLARATIONS;
use super::parcels::PARCELS;
use super::stored;
use crate::base::time;
use crate::engine::fields::{Field, Report};
use crate::engine::listing::{Bound, Listing};
use crate::engine::resource::Resource;
use crate::engine::{Cx, Outcome, Refusal};

/// The topic of an asynchronous shipment in the agenda.
pub(crate) const PROGRESS: &str = "shipment.progress";

const SHIPMENTS: Listing = Listing { filters: &CREATED, cursor: CURSOR, ..LISTING };

/// Shipments of the last 390 days, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let mut query = SHIPMENTS.read(cx.call)?;
    page::limit_span(&query)?;
    let oldest = time::shift(cx.now, SignedDuration::from_hours(-390 * 24));
    if cx.docs.list::<Shipment>(SHIPMENT).next().is_some_and(|first| first.object_created.0 < oldest) {
        query.and(MADE, Bound::From, oldest);
    }
    page::answer(cx, &query, SHIPMENT, view)
}

/// Rates come with the answer unless `async` is asked for.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let call = cx.call;
    let is_instant = Field::body(call).member("async").flag() != Some(true);
    let shipment = make(cx, &call.body, Report::of(call), is_instant, None)?;
    let view = view(cx, shipment);
    Ok(version::reply(cx.call, StatusCode::CREATED, view))
}

/// One shipment.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let shipment = cx.docs.require(SHIPMENT, &stored::named(cx))?;
    let view = view(cx, shipment);
    Ok(version::reply(cx.call, StatusCode::OK, view))
}

/// Stores a shipment from a body that comes by another way than its own operation, and rates it at once: by one account, if there is one.
pub(crate) fn store(cx: &mut Cx<'_>, body: &Value, account: Option<&CarrierAccount>) -> Result<Shipment, Refusal> {
    let mut body = body.clone();
    let report = Report::of_body(cx, "CreateShipment", &mut body);
    make(cx, &body, report, true, account)
}

/// Stores a shipment, with everything that comes inline, and rates it.
fn make(
    cx: &mut Cx<'_>,
    body: &Value,
    mut report: Report<'_>,
    is_instant: bool,
    account: Option<&CarrierAccount>,
) -> Result<Shipment, Refusal> {
    let body = Field::root(body);
    let mut part = |cx: &mut Cx<'_>, field: &Field<'_, '_>, resource: &Resource, noun: &str| {
        if field.value.is_some_and(|value| value == "") { Ok(None) } else { stored::part(cx, field, resource, noun, &mut report) }
    };
    let customs_declaration = part(cx, &body.member("customs_declaration"), &DECLARATIONS, "CustomsDeclaration")?;
    let address_to = part(cx, &body.member("address_to"), &ADDRESSES, "Address")?;
    let address_from = part(cx, &body.member("address_from"), &ADDRESSES, "Address")?.unwrap_or_default();
    let address_return = part(cx, &body.member("address_return"), &ADDRESSES, "Address")?;
    // One parcel alone needs no list. Versions up to 2017-03-29 had one, as `parcel`.
    let is_old = version::had_one_parcel(cx.call) || version::is_old(cx.call) && body.member("parcels").value.is_none();
    let given = body.member(if is_old { "parcel" } else { "parcels" });
    let mut parcels = Vec::new();
    parcels.extend(if given.value.is_some_and(Value::is_array) { None } else { part(cx, &given, &PARCELS, "Parcel")? });
    for row in given.elements() {
        parcels.extend(part(cx, &row, &PARCELS, "Parcel")?);
    }
    if given.value.is_none() {
        checks::require(&mut report, &body.member(if version::had_one_parcel(cx.call) { "parcel" } else { "parcels" }));
    }
    let date = body.member("shipment_date");
    if date.text().and_then(checks::moment).is_some_and(|at| at < time::shift(cx.now, SignedDuration::from_hours(-24))) {
        report.add(&date, complaint("'shipment_date' cannot be older than NOW - 1 DAY"));
    }
    let asked = body.member("carrier_accounts");
    let carrier_accounts: Vec<String> = asked.elements().filter_map(|row| row.text().map(str::to_owned)).collect();
    if let Some(id) = carrier_accounts.iter().find(|id| carrier_accounts::find(cx, id).is_none()) {
        report.add(&asked, complaint(not_found("CarrierAccount", id)));
    }
    report.finish()?;
    let text = |name: &str| body.member(name).text();
    let mut shipment = Shipment {
        carrier_accounts: account.map_or(carrier_accounts, |account| vec![account.object_id.clone()]),
        object_created: Moment(cx.now),
        object_updated: Moment(cx.now),
        object_id: wire::new_id(cx),
        object_owner: Cow::default(),
        status: "QUEUED".to_owned(),
        address_return: Part::Id(address_return.unwrap_or_else(|| address_from.clone())),
        address_from: Part::Id(address_from),
        address_to: Part::Id(address_to.unwrap_or_default()),
        parcels: parcels.into_iter().map(Part::Id).collect(),
        shipment_date: Moment(text("shipment_date").and_then(checks::moment).unwrap_or(cx.now)),
        alternate_address_to: None,
        customs_declaration: customs_declaration.map(Part::Id),
        extra: body.member("extra").object().cloned().or_else(|| serde_json::from_str(text("extra")?).ok()).unwrap_or_default(),
        rates: Vec::new(),
        messages: Vec::new(),
        metadata: text("metadata").unwrap_or_default().to_owned(),
        test: Mode::of(cx).is_test(),
        order: None,
        zips: None,
    };
    for id in shipment.parcels.iter().map(Part::id) {
        let mut parcel: Parcel = cx.docs.require(PARCEL, id)?;
        parcel.object_updated = Moment(cx.now);
        cx.docs.put(PARCEL, id, &parcel);
    }
    if let Some(text) = cx.fails(failures::RATE_UNAVAILABLE) {
        shipment.messages = asked_accounts(cx, &shipment).iter().map(|account| rates::refused(account, text)).collect();
    }
    if !is_instant {
        cx.docs.put(SHIPMENT, &shipment.object_id, &shipment);
        cx.schedule_in(SignedDuration::from_millis(300), PROGRESS, &shipment.object_id, 0);
        cx.schedule_in(SignedDuration::from_secs(1), PROGRESS, &shipment.object_id, 1);
    } else {
        rate(cx, &mut shipment);
    }
    Ok(shipment)
}

/// An asynchronous shipment waits, then has its rates.
pub(crate) fn progress(cx: &mut Cx<'_>, id: &str, step: u32) {
    let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, id).filter(|shipment| shipment.status != "SUCCESS") else { return };
    shipment.object_updated = Moment(cx.now);
    if step == 0 {
        "WAITING".clone_into(&mut shipment.status);
        cx.docs.put(SHIPMENT, id, &shipment);
    } else {
        rate(cx, &mut shipment);
    }
}

/// The accounts whose carriers rate a shipment.
fn asked_accounts(cx: &Cx<'_>, shipment: &Shipment) -> Vec<CarrierAccount> {
    let named = &shipment.carrier_accounts;
    let asked = |account: &CarrierAccount| if named.is_empty() { !account.named_only } else { named.contains(&account.object_id) };
    let mut accounts = carrier_accounts::all(cx);
    accounts.retain(|account| account.active && asked(account));
    accounts
}

/// Asks the carriers and stores what they say.
fn rate(cx: &mut Cx<'_>, shipment: &mut Shipment) {
    // What the carriers refuse to rate has their messages from the beginning.
    if shipment.messages.is_empty() {
        let accounts = asked_accounts(cx, shipment);
        let (rates, messages) = quote(cx, shipment, &accounts);
        shipment.rates = rates.into_iter().map(|rate| Part::Id(rate.object_id)).collect();
        shipment.messages = messages;
    }
    "SUCCESS".clone_into(&mut shipment.status);
    cx.docs.put(SHIPMENT, &shipment.object_id, shipment);
}

/// New rates of some accounts, stored; and what the silent ones say.
pub(crate) fn quote(cx: &mut Cx<'_>, shipment: &Shipment, accounts: &[CarrierAccount]) -> (Vec<Rate>, Vec<Message>) {
    let ends = [&shipment.address_from, &shipment.address_to].map(|part| cx.docs.get::<Address>(ADDRESS, part.id()));
    let [Some(from), Some(to)] = ends else { return (Vec::new(), Vec::new()) };
    let parcels: Vec<Measures> =
        shipment.parcels.iter().filter_map(|part| cx.docs.get::<Parcel>(PARCEL, part.id())).map(|parcel| parcel.measures()).collect();
    let (declared, now, test) = (shipment.customs_declaration.is_some(), Moment(cx.now), Mode::of(cx).is_test());
    let lithium = shipment.extra.get("dangerous_goods").is_some_and(|goods| goods["lithium_batteries"]["contains"] == true);
    let throttled = access::has(cx, |row| row.is("ups_throttled"));
    let (extra, id) = (&shipment.extra, &shipment.object_id);
    let lane = Lane { from: &from, to: &to, parcels: &parcels, declared, extra, shipment: id, now, test, lithium, throttled };
    let (mut rates, messages) = rates::ask(&lane, accounts);
    // Seen in 2026: in the order of their ids.
    let mut ids: Vec<String> = rates.iter().map(|_| wire::new_id(cx)).collect();
    ids.sort_unstable();
    for (rate, id) in rates.iter_mut().zip(ids) {
        rate.object_id = id;
        cx.docs.put(RATE, &rate.object_id, rate);
    }
    (rates, messages)
}

/// A shipment as it is answered.
fn view(cx: &Cx<'_>, mut shipment: Shipment) -> Shipment {
    let ends = [&shipment.address_from, &shipment.address_to].map(|part| part.id().to_owned());
    let zips = shipment.zips.take();
    for part in [&mut shipment.address_from, &mut shipment.address_to, &mut shipment.address_return] {
        let mut address = wire::members(cx, ADDRESS, part.id(), SHORT);
        if let Some((zips, index)) = zips.as_ref().zip(ends.iter().position(|id| id == part.id())) {
            address.insert("zip".to_owned(), zips[index].as_str().into());
        }
        *part = Part::Whole(address);
    }
    for part in &mut shipment.parcels {
        let stored = cx.docs.raw(PARCEL, part.id()).expect("what a shipment names is never removed");
        *part = Part::Whole(Shipped(stored.into()));
    }
    let owner = access::owner(cx);
    for part in &mut shipment.rates {
        let rate = cx.docs.get(RATE, part.id()).expect("rates are never removed");
        *part = Part::Whole(RateView::of(rate, owner.clone()).in_shipment());
    }
    let declaration = shipment.customs_declaration.and_then(|part| cx.docs.get(CUSTOMS_DECLARATION, part.id()));
    Shipment { object_owner: owner, customs_declaration: declaration.map(Part::Whole), test: Mode::of(cx).is_test(), ..shipment }
}
