//! Shipments: booked by a quote or in full, read, cancelled.

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{LISTING, SHIPMENT, pickups, rates, token};
use crate::base::ids;
use crate::base::time::Timestamp;
use crate::carrier::{Location, Parcel, Scan, Status};
use crate::engine::{Blame, Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::access;
use crate::vendors::shiptime::catalog::{CATALOG, Carrier};
use crate::vendors::shiptime::checks::{self, Problem, Window};
use crate::vendors::shiptime::dialect;
use crate::vendors::shiptime::pricing::{self, Offer};
use crate::vendors::shiptime::wire::jackson::print_moment;
use crate::vendors::shiptime::wire::payloads::SHIP_REQUEST;
use crate::vendors::shiptime::wire::{Booked, Charges, Detail, Done, Page, Transit};

/// A requested refund is granted.
pub(super) const REFUND: &str = "shipment.refund";
/// The first shipId of the default account; sandbox ids run near it.
const FIRST: i32 = 4_826_047;

/// A booked shipment.
#[derive(Serialize, Deserialize)]
pub(super) struct Shipment {
    pub(super) id: i32,
    pub(super) numbers: Vec<String>,
    pub(super) created: Timestamp,
    pub(super) request: Map<String, Value>,
    pub(super) carrier: String,
    pub(super) service: String,
    pub(super) state: State,
    pub(super) pickup: Option<i32>,
    pub(super) confirmation: Option<String>,
    messages: Vec<String>,
    charges: Charges,
    transit: Transit,
    ref1: Option<String>,
    ref2: Option<String>,
    placed_by: String,
}

/// Where a shipment is in its life, in the vendor's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Pending,
    Manifested,
    InTransit,
    Delivered,
    RefundRequested,
    Cancelled,
    Exception,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Manifested => "MANIFESTED",
            Self::InTransit => "IN_TRANSIT",
            Self::Delivered => "DELIVERED",
            Self::RefundRequested => "REFUND_REQUESTED",
            Self::Cancelled => "CANCELLED",
            Self::Exception => "EXCEPTION",
        }
    }

    /// Whether no carrier's scan changes it any more.
    pub(super) fn is_called_off(self) -> bool {
        matches!(self, Self::Cancelled | Self::RefundRequested)
    }
}

impl Shipment {
    pub(super) fn carrier(&self) -> &'static Carrier {
        CATALOG.carrier(&self.carrier).expect("a booked carrier is in the catalog")
    }

    pub(super) fn service_name(&self) -> &'static str {
        self.carrier().service(&self.service).map_or("", |service| &service.name)
    }

    /// The number that tracking follows: the first piece's.
    pub(super) fn lead(&self) -> &str {
        self.numbers.first().map_or("", String::as_str)
    }

    /// A text of one of the two addresses.
    pub(super) fn text(&self, end: &str, member: &str) -> &str {
        self.request.get(end).and_then(|end| end.get(member)).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether there is a customs document. Recorded: an invoice inside one country makes none.
    pub(super) fn has_customs(&self) -> bool {
        self.request.contains_key("customsInvoice") && pricing::crosses_border(&self.request)
    }

    fn member(&self, name: &str) -> Value {
        self.request.get(name).cloned().unwrap_or_default()
    }
}

/// The account's shipment with the id in the path: 403 when it is another account's, 404 when nobody has it.
pub(super) fn own(cx: &Cx<'_>, parameter: &str) -> Result<Shipment, Refusal> {
    let id = super::ship_id(cx, parameter)?;
    find(cx, id)
}

pub(super) fn find(cx: &Cx<'_>, id: &str) -> Result<Shipment, Refusal> {
    match cx.docs.get(SHIPMENT, id) {
        Some(shipment) => Ok(shipment),
        None if cx.docs.exists_in_other_account(SHIPMENT, id) => Err(Refusal::Foreign { kind: SHIPMENT, id: id.to_owned() }),
        None => Err(Refusal::missing(SHIPMENT, id)),
    }
}

pub(super) fn store(cx: &mut Cx<'_>, shipment: &Shipment) {
    cx.docs.put(SHIPMENT, &shipment.id.to_string(), shipment);
}

/// Books a shipment. The quote counts only without `rateRequest`, `carrierId` and `serviceId`; with any of them it is
/// ignored, and the price is made anew.
pub(in crate::vendors::shiptime) fn create(cx: &mut Cx<'_>) -> Outcome {
    token::needs(cx, "orders:write")?;
    let body = super::body(cx, &SHIP_REQUEST)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let by_quote = body.contains_key("quoteId") && !["rateRequest", "carrierId", "serviceId"].iter().any(|name| body.contains_key(*name));
    let mut order = if by_quote { by_quote_alone(cx, &text("quoteId").unwrap_or_default())? } else { in_full(&body)? };
    if lacks_invoice(&order.request) {
        order.faults.push(checks::part("ShipRequest/RateRequest/CustomsInvoice", Problem::Empty));
    }
    let detail = body.get("pickupDetail").and_then(Value::as_object);
    if let Some(detail) = detail {
        let window = Window { today: super::today(cx), carrier: CATALOG.carrier(&order.carrier), cutoff: false, detail };
        order.faults.extend(checks::pickup("ShipRequest/PickupDetail", &window));
    }
    if !order.faults.is_empty() {
        return Err(dialect::faults(&order.faults));
    }
    let offer = order.offer()?;
    let mut shipment = Shipment {
        id: super::next_id(cx, SHIPMENT, FIRST),
        numbers: Vec::new(),
        created: cx.now,
        carrier: offer.carrier.id.clone(),
        service: offer.service.id.clone(),
        state: State::Pending,
        pickup: None,
        confirmation: None,
        messages: order.messages,
        charges: offer.charges,
        transit: offer.transit,
        ref1: text("ref1"),
        ref2: text("ref2"),
        placed_by: placed_by(cx),
        request: order.request,
    };
    send(cx, &mut shipment, offer.days);
    if let Some(detail) = detail {
        pickups::book(cx, &mut shipment, detail);
    }
    store(cx, &shipment);
    etiquette(cx, &shipment, detail.is_some());
    Ok(Reply::ok(booked(cx, &shipment)))
}

/// The vendor asks users of its sandbox to mark tests as such and to have nothing picked up. Nothing comes of it here but a remark,
/// which spares somebody a driver at the door there.
fn etiquette(cx: &mut Cx<'_>, shipment: &Shipment, with_pickup: bool) {
    if !access::uses(cx.call.request, "basic") {
        return;
    }
    let marked = ["from", "to"].iter().filter_map(|end| shipment.request.get(*end)?.get("instructions")?.as_str()).any(|text| {
        let text = text.to_lowercase();
        text.contains("test") && text.contains("not for pick")
    });
    if !marked {
        cx.note("etiquette-instructions", Blame::Caller, "the vendor's sandbox wants `Test booking Not for Pick up` in the instructions");
    }
    if with_pickup {
        cx.note("etiquette-pickup", Blame::Caller, "the vendor's sandbox wants drop-off, or a pickup far in the future");
    }
}

/// What is to be booked.
struct Order {
    request: Map<String, Value>,
    carrier: String,
    service: String,
    faults: Vec<checks::Fault>,
    messages: Vec<String>,
    /// The insurance that the price was quoted with, when it was not the carrier's.
    quoted_insurance: Option<Value>,
}

impl Order {
    fn new(mut request: Map<String, Value>, carrier: String, service: String, by_quote: bool) -> Self {
        // Recorded: the sandbox never insures by ShipTime, and says so.
        let insured = request.get("insuranceType").and_then(Value::as_str) == Some("SHIPTIME");
        let taken = if insured { request.insert("insuranceType".to_owned(), "CARRIER".into()) } else { None };
        let messages =
            if insured { vec!["'SHIPTIME' Insurance not applicable, insurance set to 'CARRIER'".to_owned()] } else { Vec::new() };
        Self { request, carrier, service, faults: Vec::new(), messages, quoted_insurance: taken.filter(|_| by_quote) }
    }

    /// The price. A quote is billed as it was quoted, with the insurance that it was quoted with.
    fn offer(&self) -> Result<Offer, Refusal> {
        let mut priced = self.request.clone();
        if let Some(insurance) = &self.quoted_insurance {
            priced.insert("insuranceType".to_owned(), insurance.clone());
        }
        let offer = pricing::offers(&priced).into_iter().find(|offer| offer.carrier.id == self.carrier && offer.service.id == self.service);
        offer.ok_or_else(|| {
            let carrier = CATALOG.carrier(&self.carrier);
            let service = carrier.and_then(|carrier| carrier.service(&self.service)).map_or("", |service| &service.name);
            Refusal::Because("carrier_refused", format!("{} {service}", carrier.map_or("", |carrier| &carrier.name)).into())
        })
    }
}

fn by_quote_alone(cx: &Cx<'_>, quote_id: &str) -> Result<Order, Refusal> {
    let (request, carrier, service) =
        rates::quoted(cx, quote_id).ok_or_else(|| dialect::messages(vec!["Quote not found or expired".to_owned()]))?;
    Ok(Order::new(request, carrier, service, true))
}

fn in_full(body: &Map<String, Value>) -> Result<Order, Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let request = body.get("rateRequest").and_then(Value::as_object).cloned();
    let (carrier, service) = (text("carrierId"), text("serviceId"));
    let mut faults = match &request {
        Some(request) => checks::rate_request("ShipRequest/RateRequest", request),
        None => vec![checks::part("ShipRequest/RateRequest", Problem::Empty)],
    };
    let known = CATALOG.carrier(&carrier);
    match known {
        _ if carrier.is_empty() => faults.push(checks::part("ShipRequest/CarrierId", Problem::Empty)),
        None => faults.push(checks::part("ShipRequest/CarrierId", Problem::Invalid)),
        Some(_) => {}
    }
    if service.is_empty() {
        faults.push(checks::part("ShipRequest/ServiceId", Problem::Empty));
    } else if known.is_some_and(|known| known.service(&service).is_none()) {
        faults.push(checks::part("ShipRequest/ServiceId", Problem::Invalid));
    }
    let mut order = Order::new(request.unwrap_or_default(), carrier, service, false);
    order.faults = faults;
    Ok(order)
}

/// Goods that cross a border need an invoice; letters do not, and rating asks for none.
fn lacks_invoice(request: &Map<String, Value>) -> bool {
    let papers = matches!(request.get("packageType").and_then(Value::as_str), None | Some("LETTER" | "MY_ENVELOPE"));
    !papers && !request.contains_key("customsInvoice") && pricing::crosses_border(request)
}

/// Gives each piece a number and starts its life.
fn send(cx: &mut Cx<'_>, shipment: &mut Shipment, transit_days: u8) {
    let pieces = shipment.request.get("lineItems").and_then(Value::as_array).map_or(1, Vec::len);
    let carrier = shipment.carrier();
    let place = |end: &str| Location {
        city: shipment.text(end, "city").to_owned(),
        state: shipment.text(end, "state").to_owned(),
        zip: shipment.text(end, "postalCode").to_owned(),
        country: shipment.text(end, "countryCode").to_owned(),
    };
    let (from, to) = (place("from"), place("to"));
    let ready = ready(&shipment.request).unwrap_or(cx.now);
    for _ in 0..pieces {
        let tracking_number = number(cx, &carrier.number);
        shipment.numbers.push(tracking_number.clone());
        cx.create_parcel(Parcel {
            tracking_number,
            carrier: carrier.id.clone(),
            service: shipment.service.clone(),
            subject: shipment.id.to_string(),
            from: from.clone(),
            to: to.clone(),
            created: cx.now,
            ready: Some(ready).filter(|ready| *ready > cx.now),
            transit_days,
            by: carrier.service(&shipment.service).and_then(|service| service.by),
            scans: vec![Scan { at: cx.now, status: Status::Created, code: None, message: None, location: None }],
            ..Parcel::default()
        });
    }
}

/// The morning of the day on which a shipment is to be sent, in Toronto.
fn ready(request: &Map<String, Value>) -> Option<Timestamp> {
    let date: Date = request.get("shipDate")?.as_str()?.get(..10)?.parse().ok()?;
    date.at(9, 0, 0, 0).to_zoned(super::toronto()).ok().map(|zoned| zoned.timestamp())
}

/// A tracking number by the carrier's pattern, in which `#` is a digit.
fn number(cx: &mut Cx<'_>, pattern: &str) -> String {
    let wanted = pattern.matches('#').count();
    let digits = ids::digits(&mut cx.rng, wanted.max(1));
    let mut digits = digits.chars();
    pattern.chars().map(|letter| if letter == '#' { digits.next().unwrap_or('0') } else { letter }).collect()
}

fn placed_by(cx: &Cx<'_>) -> String {
    let user = cx.credential.text("username");
    if user.is_empty() { cx.credential.text("client_id").to_owned() } else { user.to_owned() }
}

/// One shipment.
pub(in crate::vendors::shiptime) fn view(cx: &mut Cx<'_>) -> Outcome {
    let shipment = own(cx, "id")?;
    Ok(Reply::ok(detail(cx, shipment)))
}

/// The account's shipments, newest first.
pub(in crate::vendors::shiptime) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.documents(&cx.docs, SHIPMENT)?.read();
    Ok(Reply::ok(Page::from(page.map(|shipment| detail(cx, shipment)))))
}

/// Pending shipments are cancelled at once, manifested ones are refunded a day later, and what a carrier has seen stays.
pub(in crate::vendors::shiptime) fn cancel(cx: &mut Cx<'_>) -> Outcome {
    token::needs(cx, "orders:write")?;
    let mut shipment = own(cx, "id")?;
    let no = |text: String| Ok(Reply::ok(Done { success: false, messages: vec![text] }));
    match shipment.state {
        State::Pending => shipment.state = State::Cancelled,
        State::Manifested => {
            shipment.state = State::RefundRequested;
            cx.schedule_in(SignedDuration::from_hours(24), REFUND, &shipment.id.to_string(), 0);
        }
        State::Cancelled => return no("Shipment is already cancelled".to_owned()),
        State::RefundRequested => return no("Refund is already requested".to_owned()),
        state => {
            return no(format!("Shipment cannot be cancelled, its status is {}", state.word()));
        }
    }
    for number in &shipment.numbers {
        if let Some(mut parcel) = cx.parcel(number) {
            cx.cancel_parcel(&mut parcel);
        }
    }
    pickups::leave(cx, &mut shipment);
    store(cx, &shipment);
    Ok(Reply::ok(Done { success: true, messages: Vec::new() }))
}

/// A requested refund is granted: the shipment is cancelled.
pub(super) fn refund(cx: &mut Cx<'_>, id: &str) {
    let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, id) else {
        return;
    };
    if shipment.state == State::RefundRequested {
        shipment.state = State::Cancelled;
        store(cx, &shipment);
    }
}

fn booked(cx: &Cx<'_>, shipment: &Shipment) -> Booked {
    let id = shipment.id;
    Booked {
        ship_id: id,
        tracking_numbers: shipment.numbers.clone(),
        // Recorded: the slash before the id is doubled.
        label_url: cx.call.url(&format!("/rest/shipments//{id}/label")),
        invoice_url: shipment.has_customs().then(|| cx.call.url(&format!("/rest/shipments//{id}/customs"))),
        carrier_tracking_url: shipment.carrier().page.replace("{number}", shipment.lead()),
        pickup_confirmation: shipment.confirmation.clone(),
        messages: shipment.messages.clone(),
    }
}

fn detail(cx: &Cx<'_>, shipment: Shipment) -> Detail {
    let text = |name: &str| shipment.request.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Detail {
        booked: booked(cx, &shipment),
        creation_date: print_moment(shipment.created),
        ship_date: text("shipDate"),
        from: shipment.member("from"),
        to: shipment.member("to"),
        carrier_name: &shipment.carrier().name,
        service_name: shipment.service_name(),
        package_type: text("packageType"),
        units: text("unitOfMeasurement"),
        status: shipment.state.word(),
        insurance_type: "CARRIER",
        shipment_items: shipment.member("lineItems"),
        carrier_id: shipment.carrier,
        service_id: shipment.service,
        transit: shipment.transit,
        ref1: shipment.ref1,
        ref2: shipment.ref2,
        shipment_charges: shipment.charges,
        placed_by_user: shipment.placed_by,
    }
}
