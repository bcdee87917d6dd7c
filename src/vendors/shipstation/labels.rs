//! Labels: bought from a carrier, voided, and drawn. Everything that leads to `carrier/` is here and in `rates.rs`.

mod printed;

pub(crate) use printed::{draw, forms, manifest, of, qr_code};

use serde_json::{Value, json};

use super::catalog::{CATALOG, Carrier, Package, Service};
use super::rates::Cost;
use super::wire::address::Weight;
use super::wire::label::Label;
use super::wire::money::Money;
use super::wire::order::{self, Members};
use super::wire::{self, LABEL, ORDER_LABELS};
use super::{access, rates, v1, v2};
use crate::base::time;
use crate::carrier::label::CARRIERS;
use crate::carrier::rating::{Options, Piece};
use crate::carrier::{Location, Parcel, Scan, Status};
use crate::engine::{Cx, Refusal};
use crate::world::Kind;

/// The code of a refusal by a carrier; its facts are the carrier's words.
pub(crate) const CARRIER: &str = "carrier";

/// What a label is bought for.
pub(crate) struct Purchase<'a> {
    pub carrier: &'static Carrier,
    pub service: &'static Service,
    pub package: &'static Package,
    /// Its packages as they are rated, and what is asked beside the transport.
    pub pieces: Vec<Piece>,
    pub options: Options,
    /// The order that it ships, which is shipped by it.
    pub order: Option<&'a Members>,
    /// What else the caller says of the label.
    pub label: Label,
}

/// Buys a label: it is paid, its parcel is on its way to the carrier, its order is shipped, and subscribers of both versions hear of it.
///
/// # Errors
/// [`CARRIER`], when it does not take the load there, or the wallet is empty.
pub(crate) fn buy(cx: &mut Cx<'_>, purchase: Purchase<'_>) -> Result<Label, Refusal> {
    let Priced { from, to, price, days } = priced(cx, &purchase)?;
    let (carrier, due, mut label) = (purchase.carrier, price.total(), label(cx, purchase));
    if is_paid_from_wallet(&label) {
        let balance = wire::profile(cx).balance;
        if balance < due {
            return Err(refused(format!("Insufficient funds: the postage costs ${due}, the balance is ${balance}.")));
        }
        wire::add_funds(cx, Money::default() - due);
    }
    (label.insurance_cost, label.cost) = (price.insurance, due - price.insurance);
    label.charges = v2::charges(carrier, &price);
    label.id = wire::next_id(cx, &LABEL);
    let together = label.more["v2"]["batch"].as_u64();
    label.batch = together.unwrap_or_else(|| wire::next_id(cx, &Kind::new("batch")));
    let own = carrier.tracking.as_deref().filter(|_| carrier.country(&from.country) == carrier.country(&to.country));
    label.tracking_number = cx.tracking_number(own.unwrap_or_else(|| CARRIERS.find(&carrier.code).form(&label.service)));
    let shipment = label.order.unwrap_or_else(|| v2::shipment_of(cx, &label));
    label.order = Some(shipment);
    if label.more["v2"].is_null() {
        label.more["v2"] = json!({ "external_shipment_id": v2::auto_id(cx, shipment) });
    }
    cx.docs.put(LABEL, &label.id.to_string(), &label);
    if let Some(order) = label.order {
        let mut labels: Vec<u64> = cx.docs.get(ORDER_LABELS, &order.to_string()).unwrap_or_default();
        labels.push(label.id);
        cx.docs.put(ORDER_LABELS, &order.to_string(), &labels);
    }
    send(cx, &label, days, from, to);
    if let Some(order) = label.order {
        let shipped = [
            ("orderStatus", json!("shipped")),
            ("carrierCode", json!(carrier.code)),
            ("serviceCode", json!(label.service)),
            ("packageCode", json!(label.package)),
            ("shipDate", json!(label.ship_date)),
            ("holdUntilDate", Value::Null),
        ];
        order::change(cx, order, shipped);
    }
    if together.is_none() {
        tell(cx, &[&label]);
    }
    Ok(label)
}

/// Labels were bought together, alone or as a batch, which both versions tell once. The first does not tell of returns.
pub(crate) fn tell(cx: &mut Cx<'_>, labels: &[&Label]) {
    let Some(batch) = labels.first().map(|label| label.batch) else { return };
    let mut stores: Vec<u64> = labels.iter().filter_map(|label| label.store).collect();
    stores.dedup();
    if labels.iter().any(|label| !label.is_return) {
        v1::labels_bought(cx, batch, &stores);
    }
    v2::labels_bought(cx, batch, if let [store] = stores[..] { Some(store) } else { None });
}

/// A label as [`buy`] makes it, with a number that no parcel has. Nothing is paid or stored.
///
/// # Errors
/// [`CARRIER`], when it does not take the load there.
pub(crate) fn sample(cx: &Cx<'_>, purchase: Purchase<'_>, number: &str) -> Result<Label, Refusal> {
    priced(cx, &purchase)?;
    Ok(Label { tracking_number: number.to_owned(), ..label(cx, purchase) })
}

/// Where a purchase goes from and to, its price, and the working days that it was estimated with.
struct Priced {
    from: Location,
    to: Location,
    price: Cost,
    days: u8,
}

fn priced(cx: &Cx<'_>, purchase: &Purchase<'_>) -> Result<Priced, Refusal> {
    if access::is_failing(&cx.credential, purchase.carrier) {
        return Err(refused(access::login_refused(purchase.carrier)));
    }
    let Label { from, to, weight, confirmation, .. } = &purchase.label;
    weighs(weight.as_ref())?;
    if let Some((end, index)) = [("from", from), ("to", to)].into_iter().find_map(|(end, row)| Some((end, rates::lacking(row)?))) {
        return Err(refused(format!("Missing or invalid ship {end} {}.", ["street", "city", "state", "postal code"][index])));
    }
    let (from, to) = (Location::from(from), Location::from(to));
    if let Some(text) = rates::uncoded(&to) {
        return Err(refused(text));
    }
    // Documented: only FedEx has it.
    if confirmation.as_deref() == Some("direct_signature") && !purchase.carrier.code.starts_with("fedex") {
        return Err(refused(format!("The confirmation direct_signature is not supported by {}.", purchase.service.name)));
    }
    let load = rates::Load::of(purchase.carrier, [&from, &to], purchase.pieces.clone(), purchase.options);
    let cost = rates::price(purchase.service, purchase.package, &load);
    let price = cost.ok_or_else(|| refused(format!("{} is not available for this shipment.", purchase.service.name)))?;
    let days = rates::days(purchase.service, &load);
    Ok(Priced { from, to, price, days })
}

/// What weighs nothing is neither sold nor quoted.
pub(crate) fn weighs(weight: Option<&Weight>) -> Result<(), Refusal> {
    let nothing = || refused("The weight of the package must be greater than zero.");
    weight.filter(|weight| weight.ounces() > 0.0).map(|_| ()).ok_or_else(nothing)
}

/// The label of a purchase.
fn label(cx: &Cx<'_>, Purchase { carrier, service, package, order, label, .. }: Purchase<'_>) -> Label {
    let text = |name: &str| order.and_then(|order| order[name].as_str()).map(str::to_owned);
    Label {
        order: order.map(|order| wire::id(&order["orderId"])).or(label.order),
        order_number: text("orderNumber"),
        order_key: text("orderKey"),
        customer_email: text("customerEmail"),
        user: CATALOG.users.first().and_then(|user| user["userId"].as_str()).map(str::to_owned),
        carrier: carrier.id,
        service: service.code.clone(),
        package: Some(package.code.clone()),
        created: cx.now,
        ..label
    }
}

/// Hands a label's parcel to its carrier.
fn send(cx: &mut Cx<'_>, label: &Label, days: u8, from: Location, to: Location) {
    cx.create_parcel(Parcel {
        tracking_number: label.tracking_number.clone(),
        carrier: CATALOG.carrier_of(label.carrier).map(|carrier| carrier.code.clone()).unwrap_or_default(),
        service: label.service.clone(),
        subject: label.id.to_string(),
        transit_days: days,
        from,
        to,
        created: cx.now,
        scans: vec![Scan::new(cx.now, Status::Created)],
        ..Parcel::default()
    });
}

/// How long a label may be voided.
const VOID_PERIOD: jiff::SignedDuration = jiff::SignedDuration::from_hours(28 * 24);

/// Why a label can be voided no more, by the code and in the words of version 2.
pub(crate) fn void_fault(cx: &Cx<'_>, label: &Label) -> Option<(&'static str, &'static str)> {
    let is_scanned = || cx.parcel(&label.tracking_number).is_some_and(|parcel| parcel.is_scanned());
    match () {
        () if label.voided.is_some() => Some(("label_already_voided", "This label has already been voided.")),
        () if is_scanned() => Some(("label_already_used", "This label has already been used and cannot be voided.")),
        () if cx.now <= time::shift(label.created, VOID_PERIOD) => None,
        () => Some(("label_not_found_within_void_period", "This label is too old to be voided.")),
    }
}

/// Voids a label that is not voided: its price returns to the wallet, and its order is open again when it was the last one.
pub(crate) fn void(cx: &mut Cx<'_>, mut label: Label) -> Label {
    if is_paid_from_wallet(&label) {
        wire::add_funds(cx, label.cost + label.insurance_cost);
    }
    label.voided = Some(cx.now);
    cx.docs.put(LABEL, &label.id.to_string(), &label);
    if let Some(mut parcel) = cx.parcel(&label.tracking_number) {
        cx.cancel_parcel(&mut parcel);
    }
    if let Some(order) = label.order.filter(|order| !is_live(cx, *order)) {
        order::change(cx, order, [("orderStatus", json!("awaiting_shipment"))]);
    }
    v2::label_voided(cx, &label);
    label
}

/// Whether a label has been paid from the wallet: it may be that it is paid once its carrier has the parcel.
fn is_paid_from_wallet(label: &Label) -> bool {
    CATALOG.carrier_of(label.carrier).is_some_and(|carrier| carrier.wallet) && label.more["v2"]["unpaid"] != true
}

/// A carrier has scanned a parcel: its label is paid now, if it was to be paid then.
pub(crate) fn accepted(cx: &mut Cx<'_>, parcel: &Parcel) {
    let is_waiting = |body: &str| body.contains(r#""unpaid":true"#);
    if !parcel.is_scanned() || !cx.docs.raw(LABEL, &parcel.subject).is_some_and(is_waiting) {
        return;
    }
    let is_unpaid = |label: &Label| label.more["v2"]["unpaid"] == true;
    let Some(mut label) = cx.docs.get::<Label>(LABEL, &parcel.subject).filter(is_unpaid) else { return };
    label.more["v2"]["unpaid"] = false.into();
    if is_paid_from_wallet(&label) {
        wire::add_funds(cx, Money::default() - label.cost - label.insurance_cost);
    }
    cx.docs.put(LABEL, &parcel.subject, &label);
}

/// Whether a label crosses a border on the way that its carrier takes.
pub(crate) fn is_abroad(label: &Label) -> bool {
    let carrier = CATALOG.carrier_of(label.carrier);
    let [from, to] = [&label.from, &label.to].map(|end| end.country.as_deref().unwrap_or_default());
    carrier.map_or(from, |carrier| carrier.country(from)) != carrier.map_or(to, |carrier| carrier.country(to))
}

/// Whether an order has a label that is not voided.
pub(crate) fn is_live(cx: &Cx<'_>, order: u64) -> bool {
    of_order(cx, order).any(|label| label.voided.is_none() && !label.is_return)
}

/// The labels of an order, oldest first.
pub(crate) fn of_order<'c>(cx: &'c Cx<'_>, order: u64) -> impl Iterator<Item = Label> + 'c {
    let labels: Vec<u64> = cx.docs.get(ORDER_LABELS, &order.to_string()).unwrap_or_default();
    labels.into_iter().filter_map(|id| cx.docs.get(LABEL, &id.to_string()))
}

/// A carrier's refusal, in its words.
pub(crate) fn refused(text: impl Into<Value>) -> Refusal {
    Refusal::Because(CARRIER, text.into())
}
