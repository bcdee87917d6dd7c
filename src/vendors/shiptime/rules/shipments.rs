//! Shipments: booked by a quote or in full, read, cancelled.

use jiff::SignedDuration;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{LISTING, SHIPMENT, pickups};
use crate::base::time::Timestamp;
use crate::carrier::label::CARRIERS;
use crate::carrier::{Location, Parcel, Scan, Status};
use crate::engine::fields::{Field, Report};
use crate::engine::{Blame, Cx, Outcome, Refusal, Reply};
use crate::spec::Rule;
use crate::vendors::shiptime::catalog::CATALOG;
use crate::vendors::shiptime::checks::{self, says};
use crate::vendors::shiptime::rates::{self, Offer};
use crate::vendors::shiptime::wire::{self, Booked, Detail, State};
use crate::vendors::shiptime::{access, dialect};

/// A requested refund is granted.
pub(super) const REFUND: &str = "shipment.refund";
/// The first shipId of the default account; sandbox ids run near it.
const FIRST: u32 = 4_826_047;

/// A booked shipment.
#[derive(Serialize, Deserialize)]
pub(in crate::vendors::shiptime) struct Shipment {
    pub(in crate::vendors::shiptime) booked: Booked,
    pub(in crate::vendors::shiptime) detail: Detail,
    pub(super) pickup: Option<i32>,
    /// Only across a border. Recorded: an invoice inside one country makes no document.
    pub(in crate::vendors::shiptime) customs_invoice: Option<Value>,
}

/// A shipment as it is printed.
#[derive(Serialize)]
struct Printed {
    #[serde(flatten)]
    booked: Booked,
    #[serde(flatten)]
    detail: Detail,
}

impl Shipment {
    /// The number that tracking follows: the first piece's.
    pub(super) fn lead(&self) -> &str {
        self.booked.tracking_numbers.first().map_or("", String::as_str)
    }

    /// A text of one of the two addresses.
    pub(in crate::vendors::shiptime) fn text(&self, end: &str, member: &str) -> &str {
        let address = if end == "from" { &self.detail.from } else { &self.detail.to };
        address.get(member).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The account's shipment with the id in the path: 403 when it is another account's, 404 when nobody has it.
pub(super) fn own(cx: &Cx<'_>, parameter: &str) -> Result<Shipment, Refusal> {
    find(cx, cx.call.parameter(parameter).unwrap_or_default())
}

pub(super) fn find(cx: &Cx<'_>, id: &str) -> Result<Shipment, Refusal> {
    cx.docs.require_own(SHIPMENT, id)
}

pub(super) fn store(cx: &mut Cx<'_>, shipment: &Shipment) {
    cx.docs.put(SHIPMENT, &shipment.booked.ship_id.to_string(), shipment);
}

/// What is to be booked.
struct Order {
    request: Map<String, Value>,
    carrier: String,
    service: String,
}

/// Books a shipment. The quote counts only without `rateRequest`, `carrierId` and `serviceId`; with any of them it is
/// ignored, and the price is made anew.
pub(in crate::vendors::shiptime) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let by_quote = body.has("quoteId") && !["rateRequest", "carrierId", "serviceId"].iter().any(|name| body.has(name));
    let mut order = if by_quote {
        let quoted = super::rates::quoted(cx, body.member("quoteId").text().unwrap_or_default());
        let (request, carrier, service) = quoted.ok_or_else(|| dialect::message("Quote not found or expired"))?;
        Order { request, carrier, service }
    } else {
        in_full(&mut report, &body)
    };
    if lacks_invoice(&order.request) {
        report.add(&body.member("rateRequest").member("customsInvoice"), Rule::Required);
    }
    let pickup = body.member("pickupDetail");
    checks::pickup(&mut report, &pickup, super::today(cx), CATALOG.carrier(&order.carrier), true);
    report.finish()?;
    // A quote is billed as it was quoted, with the insurance that it was quoted with.
    let quoted = by_quote.then(|| order.offer(cx));
    let messages = insure_by_carrier(&mut order.request);
    let offer = quoted.unwrap_or_else(|| order.offer(cx))?;
    let days = offer.days;
    let mut shipment = booked(cx, order.request, offer, messages);
    send(cx, &mut shipment, days);
    if let Some(detail) = pickup.object() {
        pickups::book(cx, &mut shipment, detail);
    }
    store(cx, &shipment);
    etiquette(cx, &shipment, pickup.value.is_some());
    Ok(Reply::ok(print(cx, shipment).booked))
}

/// The vendor asks users of its sandbox to mark tests as such and to have nothing picked up. Nothing comes of it here but a remark,
/// which spares somebody a driver at the door there.
fn etiquette(cx: &mut Cx<'_>, shipment: &Shipment, with_pickup: bool) {
    let in_sandbox = access::uses(cx.call.request, "basic");
    let says = |end: &str, words: &str| shipment.text(end, "instructions").to_lowercase().contains(words);
    let is_marked = ["from", "to"].iter().any(|end| says(end, "test") && says(end, "not for pick"));
    if in_sandbox && !is_marked {
        cx.note("etiquette-instructions", Blame::Caller, "the vendor's sandbox wants `Test booking Not for Pick up` in the instructions");
    }
    if in_sandbox && with_pickup {
        cx.note("etiquette-pickup", Blame::Caller, "the vendor's sandbox wants drop-off, or a pickup far in the future");
    }
}

/// An order that says everything itself.
fn in_full(report: &mut Report<'_>, body: &Field<'_, '_>) -> Order {
    let [request, carrier, service] = ["rateRequest", "carrierId", "serviceId"].map(|name| body.member(name));
    checks::rate_request(report, &request);
    for field in [request, carrier, service] {
        if field.value.is_none() || field.text() == Some("") {
            report.add(&field, Rule::Required);
        }
    }
    let (carrier_id, service_id) = (carrier.text().unwrap_or_default(), service.text().unwrap_or_default());
    match CATALOG.carrier(carrier_id) {
        None if !carrier_id.is_empty() => report.add(&carrier, says("is invalid")),
        Some(known) if !service_id.is_empty() && known.service(service_id).is_none() => report.add(&service, says("is invalid")),
        _ => {}
    }
    let request = request.object().map(wire::normalized).unwrap_or_default();
    Order { request, carrier: carrier_id.to_owned(), service: service_id.to_owned() }
}

impl Order {
    fn offer(&self, cx: &Cx<'_>) -> Result<Offer, Refusal> {
        let mut offers = rates::offers(cx.had(&CATALOG.carriers), &self.request).into_iter();
        offers.find(|offer| offer.carrier.id == self.carrier && offer.service.id == self.service).ok_or_else(|| {
            let carrier = CATALOG.carrier(&self.carrier);
            let service = carrier.and_then(|carrier| carrier.service(&self.service)).map_or("", |service| &service.name);
            let name = carrier.map_or("", |carrier| &carrier.name);
            Refusal::Because(dialect::CARRIER_REFUSED, format!("{name} {service} is not available for this shipment").into())
        })
    }
}

/// Recorded: the sandbox never insures by ShipTime, and says so.
fn insure_by_carrier(request: &mut Map<String, Value>) -> Vec<String> {
    match request.get_mut("insuranceType") {
        Some(insurance) if insurance == "SHIPTIME" => {
            *insurance = "CARRIER".into();
            vec!["'SHIPTIME' Insurance not applicable, insurance set to 'CARRIER'".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// Goods that cross a border need an invoice; letters do not, and rating asks for none.
fn lacks_invoice(request: &Map<String, Value>) -> bool {
    let papers = matches!(request.get("packageType").and_then(Value::as_str), None | Some("LETTER" | "MY_ENVELOPE"));
    !papers && !request.contains_key("customsInvoice") && crosses_border(request)
}

fn crosses_border(request: &Map<String, Value>) -> bool {
    let country = |end: &str| request.get(end).and_then(|end| end.get("countryCode"));
    country("from") != country("to")
}

/// A new shipment, without its pieces.
fn booked(cx: &Cx<'_>, request: Map<String, Value>, offer: Offer, messages: Vec<String>) -> Shipment {
    let id = super::next_id(cx, &SHIPMENT, FIRST);
    let customs_invoice = request.get("customsInvoice").filter(|_| crosses_border(&request)).cloned();
    let user = [cx.credential.text("username"), cx.credential.text("client_id")].into_iter().find(|name| !name.is_empty());
    let placed_by_user = user.unwrap_or_default().to_owned();
    let sent = |name: &str| cx.call.body.get(name).cloned();
    let mut request = request;
    let mut take = |name: &str| request.shift_remove(name).unwrap_or_default();
    Shipment {
        booked: Booked {
            ship_id: id,
            tracking_numbers: Vec::new(),
            // Recorded: the slash before the id is doubled.
            label_url: format!("/rest/shipments//{id}/label"),
            invoice_url: customs_invoice.as_ref().map(|_| format!("/rest/shipments//{id}/customs")),
            carrier_tracking_url: String::new(),
            pickup_confirmation: None,
            messages,
        },
        detail: Detail {
            creation_date: wire::print_moment(cx.now),
            ship_date: take("shipDate"),
            from: take("from"),
            to: take("to"),
            carrier_id: offer.carrier.id.clone(),
            carrier_name: offer.carrier.name.clone(),
            service_id: offer.service.id.clone(),
            service_name: offer.service.name.clone(),
            package_type: take("packageType"),
            units: take("unitOfMeasurement"),
            status: State::Pending,
            insurance_type: "CARRIER".to_owned(),
            shipment_items: take("lineItems"),
            transit: offer.quote.transit,
            ref1: sent("ref1"),
            ref2: sent("ref2"),
            shipment_charges: offer.quote.charges,
            placed_by_user,
        },
        pickup: None,
        customs_invoice,
    }
}

/// Gives each piece a number and starts its life.
fn send(cx: &mut Cx<'_>, shipment: &mut Shipment, transit_days: u8) {
    let detail = &shipment.detail;
    let carrier = CATALOG.carrier(&detail.carrier_id).expect("a booked carrier is in the catalog");
    let place = |end: &str| {
        let [city, state, zip, country] = ["city", "state", "postalCode", "countryCode"].map(|name| shipment.text(end, name).to_owned());
        Location { city, state, zip, country }
    };
    let ready = ready(&detail.ship_date).unwrap_or(cx.now);
    let parcel = Parcel {
        carrier: carrier.id.clone(),
        service: detail.service_id.clone(),
        subject: shipment.booked.ship_id.to_string(),
        from: place("from"),
        to: place("to"),
        created: cx.now,
        ready: Some(ready).filter(|ready| *ready > cx.now),
        transit_days,
        by: carrier.service(&detail.service_id).and_then(|service| service.by),
        scans: vec![Scan::new(cx.now, Status::Created)],
        ..Parcel::default()
    };
    let form = CARRIERS.find(&carrier.name).form(&format!("{} {}", detail.service_id, detail.service_name));
    for _ in 0..detail.shipment_items.as_array().map_or(1, Vec::len) {
        let tracking_number = cx.tracking_number(form);
        shipment.booked.tracking_numbers.push(tracking_number.clone());
        cx.create_parcel(Parcel { tracking_number, ..parcel.clone() });
    }
    shipment.booked.carrier_tracking_url = carrier.page.replace("{number}", shipment.lead());
}

/// The morning of the day on which a shipment is to be sent, in Toronto.
fn ready(ship_date: &Value) -> Option<Timestamp> {
    super::moment(wire::day(ship_date.as_str()?)?, Time::constant(9, 0, 0, 0))
}

/// A shipment with addresses as the caller reaches them.
fn print(cx: &Cx<'_>, shipment: Shipment) -> Printed {
    let Shipment { mut booked, detail, .. } = shipment;
    booked.label_url = cx.call.url(&booked.label_url);
    booked.invoice_url = booked.invoice_url.map(|path| cx.call.url(&path));
    Printed { booked, detail }
}

/// One shipment.
pub(in crate::vendors::shiptime) fn view(cx: &mut Cx<'_>) -> Outcome {
    let shipment = own(cx, "id")?;
    Ok(Reply::ok(print(cx, shipment)))
}

/// The account's shipments, newest first.
pub(in crate::vendors::shiptime) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.documents(&cx.docs, SHIPMENT)?.read();
    Ok(super::page(&page.map(|shipment| print(cx, shipment))))
}

/// Pending shipments are cancelled at once, manifested ones are refunded a day later, and what a carrier has seen stays.
pub(in crate::vendors::shiptime) fn cancel(cx: &mut Cx<'_>) -> Outcome {
    let mut shipment = own(cx, "id")?;
    let status = &mut shipment.detail.status;
    match *status {
        State::Pending => *status = State::Cancelled,
        State::Manifested => {
            *status = State::RefundRequested;
            cx.schedule_in(SignedDuration::from_hours(24), REFUND, &shipment.booked.ship_id.to_string(), 0);
        }
        State::Cancelled => return super::done(Some("Shipment is already cancelled")),
        State::RefundRequested => return super::done(Some("Refund is already requested")),
        state => {
            let word = json!(state);
            return super::done(Some(&format!("Shipment cannot be cancelled, its status is {}", word.as_str().unwrap_or_default())));
        }
    }
    for number in &shipment.booked.tracking_numbers {
        if let Some(mut parcel) = cx.parcel(number) {
            cx.cancel_parcel(&mut parcel);
        }
    }
    pickups::leave(cx, &mut shipment);
    store(cx, &shipment);
    super::done(None)
}

/// A requested refund is granted: the shipment is cancelled.
pub(super) fn refund(cx: &mut Cx<'_>, id: &str) {
    let shipment = cx.docs.get::<Shipment>(SHIPMENT, id);
    if let Some(mut shipment) = shipment.filter(|shipment| shipment.detail.status == State::RefundRequested) {
        shipment.detail.status = State::Cancelled;
        store(cx, &shipment);
    }
}
