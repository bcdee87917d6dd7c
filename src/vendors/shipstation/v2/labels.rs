//! Labels in the words of this version: bought for a shipment, shown, and linked to. What leads to a carrier is in the folder above.

use http::StatusCode;
use serde_json::{Value, json};

use super::access::in_sandbox;
use super::catalog::CATALOG as WORDS;
use super::dialect::{about, bad, needed, refused, unknown_id, unspecified};
use super::wire::order as sold;
use super::wire::price::priced;
use super::wire::{self, Members, TEST_LABEL, address, moment, se, shipment, tick};
use super::{checks, rates};
use crate::base::time::Timestamp;
use crate::carrier::label::CARRIERS;
use crate::carrier::print::{Format, Paper};
use crate::carrier::{Location, Parcel, Status};
use crate::engine::{Blame, Cx, Enclosed, Refusal, Reply};
use crate::vendors::shipstation::catalog::{CATALOG, Carrier};
use crate::vendors::shipstation::labels::{self, Purchase};
use crate::vendors::shipstation::rates as both_rates;
use crate::vendors::shipstation::wire::address::Address;
use crate::vendors::shipstation::wire::label::Label;
use crate::vendors::shipstation::wire::money::Money;
use crate::vendors::shipstation::wire::{self as shared, LABEL, ORDER, order};

/// What this version alone keeps of a label: its packages with the numbers of those after the first, the caller's ids and options, the
/// recipient's e-mail address, the rate, batch and manifest, and whether it is paid once the carrier has the parcel.
pub(super) fn own(label: &Label) -> &Value {
    &label.more["v2"]
}

/// Whether a counter prints a label for a code, or may.
fn has_qr_code(own: &Value) -> bool {
    own["display_scheme"].as_str().is_some_and(|scheme| scheme.to_lowercase().contains("qr_code"))
}

/// What a batch says of itself among the options of its labels.
pub(super) const BATCH_NUMBER: &str = "batch_number";

/// What a label is bought for.
pub(super) struct Order<'a> {
    pub number: u64,
    pub shipment: &'a Members,
    /// What the caller asks of the label, besides the shipment.
    pub options: &'a Value,
    pub rate: Option<String>,
    pub batch: Option<u64>,
    pub is_return: bool,
}

/// Buys the label of a stored shipment.
///
/// # Errors
/// What the vendor or the carrier has against it.
pub(super) fn buy(cx: &mut Cx<'_>, bought: &Order<'_>) -> Result<Label, Refusal> {
    let Order { number, shipment, options, .. } = bought;
    let text = |name: &str| shipment.get(name).and_then(Value::as_str);
    let service = text("service_code").ok_or_else(|| needed("service_code"))?;
    let carrier = carrier(cx, shipment, service)?;
    let wrong =
        |what: &str, member: &str, code: &str| unspecified(format!("invalid {what} '{code}'"), &about(&format!("shipment.{member}"), code));
    let service = carrier.service(service).ok_or_else(|| wrong("service_code", "_service_code", service))?;
    let packages = shipment["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let kinds = packages.iter().enumerate().map(|(index, package)| {
        let code = package["package_code"].as_str().unwrap_or("package");
        let plain = || carrier.package("package").filter(|_| rates::is_own_package(cx, code));
        carrier.package(code).or_else(plain).ok_or_else(|| wrong("package_code", &format!("_packages[{index}]._package_code"), code))
    });
    let package = *kinds.collect::<Result<Vec<_>, _>>()?.first().ok_or_else(|| needed("packages"))?;
    if packages.len() > 1 && !carrier.takes_several() {
        return Err(refused(StatusCode::BAD_REQUEST, rates::several(carrier, in_sandbox(cx))));
    }
    let ship_date = ship_date(cx, text("ship_date"))?;
    checks::weighs(shipment)?;
    checks::are_whole(shipment)?;
    if let Some(error) = rates::unconfirmed(carrier, text("confirmation"), in_sandbox(cx)) {
        return Err(refused(StatusCode::BAD_REQUEST, error));
    }
    let to: Address = address::read(&shipment["ship_to"]);
    if let Some(text) = both_rates::misplaced(&Location::from(&to)) {
        return Err(labels::refused(text));
    }
    checks::declares(shipment)?;
    let sold = cx.docs.has(ORDER, &number.to_string()).then(|| order::find(cx, *number)).transpose()?;
    let mut own = kept(cx, bought);
    // Documented: only files of PDF are that large.
    if is_word(&own["label_layout"], "letter") && !own["label_format"].is_null() && !is_word(&own["label_format"], "pdf") {
        own["label_layout"] = "4x6".into();
        cx.note("label-layout", Blame::Caller, "`label_layout` `letter` is for `label_format` `pdf` alone, expected `4x6`");
    }
    let others = packages.len().saturating_sub(1);
    let form = CARRIERS.find(&carrier.code).form(&service.code);
    let is_test = options["test_label"] == true;
    let numbers: Vec<String> = (0..if is_test { 0 } else { others }).map(|_| cx.tracking_number(form)).collect();
    own["numbers"] = json!(numbers);
    let purchase = Purchase {
        carrier,
        service,
        package,
        pieces: packages.iter().map(rates::piece).collect(),
        options: rates::options(shipment),
        order: sold.as_ref(),
        label: Label {
            order: Some(*number),
            confirmation: text("confirmation").filter(|word| *word != "none").map(str::to_owned),
            ship_date,
            from: address::read(&shipment["ship_from"]),
            to,
            weight: Some(address::read_weight(&shipment["total_weight"])),
            dimensions: packages.first().and_then(|package| address::read_dimensions(&package["dimensions"])),
            is_return: bought.is_return,
            warehouse: text("warehouse_id").and_then(wire::number),
            store: text("store_id").and_then(wire::number),
            more: said(cx, bought, own),
            ..Label::default()
        },
    };
    if is_test {
        // Recorded 2019: a label that costs nothing and moves nothing.
        let label = Label { id: *number, ..labels::sample(cx, purchase, "9999999999999")? };
        cx.docs.put(TEST_LABEL, &number.to_string(), &label);
        return Ok(label);
    }
    let label = labels::buy(cx, purchase)?;
    // Each package is a parcel of its own, which travels with the first.
    if let Some(parcel) = cx.parcel(&label.tracking_number) {
        numbers.into_iter().for_each(|tracking_number| cx.create_parcel(Parcel { tracking_number, ..parcel.clone() }));
    }
    if sold.is_none() || cx.docs.has(wire::SHIPMENT, &number.to_string()) {
        let mut kept = (*shipment).clone();
        if kept["external_shipment_id"].is_null() && sold.is_none() {
            kept["external_shipment_id"] = self::own(&label)["external_shipment_id"].clone();
        }
        kept["shipment_status"] = "label_purchased".into();
        kept["carrier_id"] = se(carrier.id).into();
        kept["service_code"] = json!(service.code);
        kept["modified_at"] = moment(cx.now).into();
        shipment::store(cx, *number, &kept);
    }
    Ok(label)
}

/// What either version alone says of a label.
fn said(cx: &Cx<'_>, Order { number, shipment, options, batch, .. }: &Order<'_>, own: Value) -> Members {
    let option = &shipment["advanced_options"];
    let billing = json!({
        "billToParty": option["bill_to_party"], "billToAccount": option["bill_to_account"],
        "billToPostalCode": option["bill_to_postal_code"], "billToCountryCode": option["bill_to_country_code"],
        "storeId": shipment["store_id"].as_str().and_then(wire::number),
    });
    let batch_number = batch.and_then(|_| options[BATCH_NUMBER].as_str());
    let said = json!({
        "v2": own, "batchNumber": batch_number, "insuranceOptions": self::sold::insurance(shipment), "advancedOptions": billing,
        "shipmentItems": order::lines(cx, *number), "customs": self::sold::declared(shipment),
    });
    said.into()
}

/// The carrier that a shipment names, or else the only one that has its service. Documented for FedEx: of several accounts one is named.
fn carrier(cx: &Cx<'_>, shipment: &Members, service: &str) -> Result<&'static Carrier, Refusal> {
    match shipment.get("carrier_id").and_then(Value::as_str) {
        Some(id) => connected(cx, id),
        None => {
            let mut sellers = rates::connected(cx).filter(|carrier| carrier.service(service).is_some());
            let first = sellers.next().ok_or_else(|| needed("carrier_id"))?;
            let name = first.friendly_name(in_sandbox(cx));
            let text = || format!("carrier_id is required because you have multiple {name} accounts connected.");
            if sellers.next().is_none() { Ok(first) } else { Err(unspecified(text(), &Value::Null)) }
        }
    }
}

/// The carrier of the account with that id.
///
/// # Errors
/// When there is none.
pub(super) fn connected(cx: &Cx<'_>, id: &str) -> Result<&'static Carrier, Refusal> {
    rates::find(cx, id).ok_or_else(|| refused(StatusCode::BAD_REQUEST, unknown_id("carrier_id", id)))
}

/// Recorded 2023: days that have passed in UTC are refused.
fn ship_date(cx: &Cx<'_>, text: Option<&str>) -> Result<jiff::civil::Date, Refusal> {
    let day = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let wanted = text.and_then(checks::instant).map_or_else(|| day(wire::sending(cx.now)), day);
    if wanted < day(cx.now) {
        let message = "ship_date must equal today\u{2019}s date or a future date";
        return Err(bad("validation", "invalid_date", message, &about("ship_date", text)));
    }
    Ok(wanted)
}

fn is_word(sent: &Value, word: &str) -> bool {
    sent.as_str().is_some_and(|sent| sent.eq_ignore_ascii_case(word))
}

/// Recorded: the external id of what was bought without one.
pub(crate) fn auto_id(cx: &Cx<'_>, shipment: u64) -> Value {
    format!("SEAuto-{}", wire::token(cx, &format!("shipment {shipment}"), 22)).into()
}

/// What this version keeps of a new label.
fn kept(cx: &Cx<'_>, bought: &Order<'_>) -> Value {
    let Order { shipment, options, .. } = bought;
    let external = Some(&shipment["external_shipment_id"]).filter(|id| id.is_string()).cloned();
    let external = external.unwrap_or_else(|| auto_id(cx, bought.number));
    json!({
        "packages": shipment["packages"], "external_shipment_id": external, "external_order_id": shipment["external_order_id"],
        "label_layout": options["label_layout"], "label_format": options["label_format"], "display_scheme": options["display_scheme"],
        "charge_event": options["charge_event"], "label_image_id": options["label_image_id"], "rma_number": options["rma_number"],
        "email": shipment["ship_to"]["email"], "rate": bought.rate, "batch": bought.batch, "numbers": [],
        "unpaid": is_word(&options["charge_event"], "on_carrier_acceptance"), "manifest": null,
    })
}

/// The label that an id names.
///
/// # Errors
/// `Missing`.
pub(super) fn find(cx: &Cx<'_>, id: &str) -> Result<Label, Refusal> {
    let test = id.strip_prefix("se-test-").and_then(|number| cx.docs.get::<Label>(TEST_LABEL, number));
    let label = || cx.docs.get::<Label>(LABEL, &wire::number(id)?.to_string());
    test.or_else(label).ok_or_else(|| Refusal::missing(LABEL, id))
}

/// The label that the path names.
///
/// # Errors
/// `Missing`.
pub(super) fn named(cx: &Cx<'_>) -> Result<Label, Refusal> {
    find(cx, cx.call.parameter("label_id").unwrap_or_default())
}

/// Whether the query asks for the file itself, not for links to it.
pub(super) fn asks_for_file(cx: &Cx<'_>) -> bool {
    cx.call.query("label_download_type").is_some_and(|kind| kind.eq_ignore_ascii_case("inline"))
}

/// Whether it was bought to try.
fn is_test(label: &Label) -> bool {
    label.batch == 0
}

/// The id of a label.
pub(super) fn id(label: &Label) -> String {
    if is_test(label) { format!("se-test-{}", label.id) } else { se(label.id) }
}

/// A label in the state that it is in.
pub(super) fn status(cx: &Cx<'_>, label: &Label) -> (&'static str, &'static str) {
    let parcel = cx.parcel(&label.tracking_number).map(|parcel| parcel.status());
    let tracking = match parcel {
        Some(Status::Delivered) => "delivered",
        Some(Status::Exception | Status::Returned | Status::Lost) => "error",
        // Recorded: a new label is on its way already.
        Some(_) => "in_transit",
        None => "unknown",
    };
    let status = match (is_test(label), label.voided) {
        (_, Some(_)) => "voided",
        (true, None) => "processing",
        (false, None) => "completed",
    };
    (status, tracking)
}

/// The answer with a label, which is `is_new` to who has just bought it, and has links to its files, or else the files.
pub(super) fn answer(cx: &Cx<'_>, label: &Label, is_new: bool, is_inline: bool) -> Reply {
    let pieces: Vec<Label> = if is_inline { pieces(label).collect() } else { Vec::new() };
    let media = media(own(label)["label_format"].as_str().unwrap_or("pdf"), label);
    let of_package = |(index, piece): (usize, &[Label])| inline(&format!("/packages/{index}/label_download/href"), piece, media);
    let each = pieces.chunks(1).filter(|_| !is_test(label)).enumerate().map(of_package);
    let files = is_inline.then(|| inline("/label_download/href", &pieces, media)).into_iter().chain(each).collect();
    Reply::enclosing(to_json(cx, label, is_new, is_inline), files, priced)
}

/// A label as it is answered: `is_new` to who has just bought it.
pub(super) fn to_json(cx: &Cx<'_>, label: &Label, is_new: bool, is_inline: bool) -> Value {
    let (own, is_sandbox) = (own(label), in_sandbox(cx));
    let told = |name: &str, usual: &'static str| own[name].as_str().unwrap_or(usual).to_owned();
    let carrier = CATALOG.carrier_of(label.carrier);
    let (status, tracking) = status(cx, label);
    let created = if is_new { tick(label.created) } else { moment(label.created) };
    let midnight = shared::instant(label.ship_date.at(0, 0, 0, 0)).map(moment);
    let is_international = labels::is_abroad(label);
    let format = own["label_format"].as_str().unwrap_or("pdf");
    let batch = own["batch"].as_u64().or(Some(label.batch).filter(|_| !is_sandbox && !is_test(label))).map(se).unwrap_or_default();
    let code = carrier.map(|carrier| carrier.code_v2(is_sandbox));
    let mut to = wire::joined([json!({ "geolocation": [] }), address::shipping(&label.to)]);
    to["email"] = own["email"].clone();
    let stem = if is_test(label) { "testlabel" } else { "label" };
    let package = own["packages"][0]["package_code"].as_str();
    let shown = json!({
        "label_id": id(label), "status": status, "shipment_id": label.order.map(se),
        "external_shipment_id": own["external_shipment_id"], "external_order_id": own["external_order_id"], "ship_date": midnight,
        "created_at": created, "shipment_cost": wire::dollars(label.cost), "insurance_cost": wire::dollars(label.insurance_cost),
        "requested_comparison_amount": (is_new || !cx.call.parameters.is_empty()).then(|| wire::dollars(Money::default())),
        "rate_details": rate_details(carrier, label), "tracking_number": label.tracking_number, "is_return_label": label.is_return,
        "rma_number": own["rma_number"], "is_international": is_international, "batch_id": batch, "carrier_id": se(label.carrier),
        "service_code": label.service, "package_code": package.or(label.package.as_deref()).unwrap_or("package"),
        "voided": label.voided.is_some(), "voided_at": label.voided.map(moment), "void_type": null, "refund_details": null,
        "label_format": format, "display_scheme": told("display_scheme", "label"), "label_layout": told("label_layout", "4x6"),
        "trackable": true, "label_image_id": own["label_image_id"],
    });
    let rest = json!({
        "carrier_code": code, "carrier_weight": billed(carrier, label), "confirmation": label.confirmation.as_deref().unwrap_or("none"),
        "tracking_status": tracking, "label_download": download(cx, stem, label.id, format, is_inline),
        "form_download": (is_international && !is_test(label)).then(|| json!({ "href": link(cx, "form", label.id, "pdf") })),
        "qr_code_download": has_qr_code(own).then(|| json!({ "href": link(cx, "qrcode", label.id, "pdf") })),
        "insurance_claim": null, "paperless_download": null,
        "packages": packages(cx, label, own, format, is_inline),
        "charge_event": told("charge_event", "carrier_default"), "alternative_identifiers": [], "shipping_rule_id": null,
        "tracking_url": tracking_url(carrier.map_or("", |carrier| &carrier.code), &label.tracking_number), "pickup_windows": [],
        "ship_to": to,
    });
    wire::joined([shown, rest])
}

/// Recorded 2026: FedEx tells what it bills, by the size where that is more than the weight.
fn billed(carrier: Option<&Carrier>, label: &Label) -> Value {
    let is_told = carrier.is_some_and(|carrier| WORDS.family(&carrier.code) == "fedex");
    let (Some(weight), true) = (&label.weight, is_told) else { return Value::Null };
    let sides = label.dimensions.as_ref().map_or(0.0, |sizes| {
        let inch = if sizes.units == "centimeters" { 2.54 } else { 1.0 };
        [sizes.length, sizes.width, sizes.height].into_iter().map(|side| wire::float(side) / inch).product()
    });
    let pounds = (weight.ounces() / 16.0).max(sides / 139.0);
    json!({ "value": (pounds * 10.0).round() / 10.0, "unit": "pound" })
}

/// What a price has in it beside the transport and the insurance, of carriers whose labels tell it. Recorded: FedEx, and not UPS.
pub(crate) fn charges(carrier: &Carrier, price: &both_rates::Cost) -> Vec<(String, String, i64)> {
    let told = price.surcharges.iter().filter(|charge| WORDS.family(&carrier.code) == "fedex" && charge.code != "INSURANCE");
    let mut charges: Vec<_> = told.map(|charge| (charge.code.to_owned(), charge.name.to_owned(), charge.cents)).collect();
    charges.sort_by_key(|(code, ..)| code != "FUEL");
    charges
}

/// What the price is made of.
fn rate_details(carrier: Option<&Carrier>, label: &Label) -> Vec<Value> {
    let row = |kind, text: &str, amount, source| rates::detail(kind, text, None, amount, source);
    match carrier.map(|carrier| WORDS.family(&carrier.code)) {
        _ if label.cost == Money::default() => Vec::new(),
        Some("fedex") => fedex_details(label),
        Some("ups") => vec![row("shipping", "TransportationCharge", label.cost, "carrier")],
        _ => vec![row("shipping", "shipping", label.cost, "carrier")],
    }
}

/// Recorded 2026: fuel, the transport, and a fee of ShipStation's own, which is that part of the transport here as it was there.
fn fedex_details(label: &Label) -> Vec<Value> {
    let charge = |(code, name, cents): &(String, String, i64)| {
        let is_ground = ["fedex_ground", "fedex_home_delivery"].contains(&&*label.service);
        let name = if code == "FUEL" && is_ground { "FedEx Ground Fuel" } else { name };
        rates::detail(rates::kind(code), name, None, Money::of_cents(*cents), "carrier")
    };
    let transport = label.cost - label.charges.iter().map(|(_, _, cents)| Money::of_cents(*cents)).sum();
    let fee = Money::of_cents((transport.0 / 100).saturating_mul(407) / (1_417 + 407));
    let own = [
        rates::detail("shipping", "Total Net Freight", None, transport - fee, "carrier"),
        rates::detail("shipping", "Additional Fee", None, fee, "product"),
    ];
    label.charges.iter().map(charge).chain(own).collect()
}

fn packages(cx: &Cx<'_>, label: &Label, own: &Value, format: &str, is_inline: bool) -> Vec<Value> {
    let only = || {
        let weight = label.weight.as_ref().map_or_else(|| json!({ "value": 0.0, "unit": "ounce" }), address::weight);
        json!({ "package_code": label.package, "weight": weight, "dimensions": address::dimensions(label.dimensions.as_ref()) })
    };
    let rows = own["packages"].as_array().filter(|rows| !rows.is_empty()).cloned().unwrap_or_else(|| vec![only()]);
    let none = json!({ "reference1": null, "reference2": null, "reference3": null });
    let row = |(index, package): (usize, Value)| {
        let number = package["shipment_package_id"].as_str().and_then(wire::number).unwrap_or(label.id);
        let read = |name: &str, usual: Value| package.get(name).filter(|value| !value.is_null()).cloned().unwrap_or(usual);
        let mut file = download(cx, "labelpackage", number, format, is_inline);
        if is_test(label) {
            file = Value::Null;
        } else if format == "pdf" && !is_inline {
            file.as_object_mut().map(|file| file.shift_remove("href"));
        }
        json!({
            "package_id": number, "package_code": read("package_code", "package".into()), "weight": package["weight"],
            "dimensions": package["dimensions"], "insured_value": read("insured_value", wire::dollars(Money::default())),
            "tracking_number": (!is_test(label)).then(|| number_of(index, label)), "label_download": file, "qr_code_download": null,
            "paperless_download": null,
            "label_messages": read("label_messages", none.clone()), "external_package_id": package["external_package_id"],
            "content_description": package["content_description"], "sequence": index + 1, "alternative_identifiers": [],
            "has_label_documents": false, "has_form_documents": false, "has_qr_code_documents": has_qr_code(own),
            "has_paperless_label_documents": false,
        })
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// The tracking number of one of its packages; the first has that of the label.
fn number_of(index: usize, label: &Label) -> &str {
    index.checked_sub(1).and_then(|index| own(label)["numbers"][index].as_str()).unwrap_or(&label.tracking_number)
}

/// Links to a label in all formats, or to the one that was asked for, or the place for the file itself.
fn download(cx: &Cx<'_>, stem: &str, number: u64, format: &str, is_inline: bool) -> Value {
    let name = |extension: &str| link(cx, stem, number, extension);
    match format {
        _ if is_inline => json!({ "href": "" }),
        "pdf" if stem != "testlabel" => json!({ "pdf": name("pdf"), "png": name("png"), "zpl": name("zpl"), "href": name("pdf") }),
        _ => json!({ "href": name(format) }),
    }
}

/// A label for each of its packages, as they are printed: each has that one alone. By design: of very many packages, for the first 200.
pub(super) fn pieces(label: &Label) -> impl Iterator<Item = Label> {
    let packages = own(label)["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mut whole = label.clone();
    let is_one = packages.len() < 2;
    (!is_one).then(|| whole.more["v2"]["packages"].take());
    let only = is_one.then(|| whole.clone());
    let piece = move |(index, package): (usize, &Value)| {
        let (weight, dimensions) = (Some(address::read_weight(&package["weight"])), address::read_dimensions(&package["dimensions"]));
        let (tracking_number, piece) = (number_of(index, label).to_owned(), [count(index + 1), count(packages.len())]);
        let mut own = Label { tracking_number, weight, dimensions, piece, ..whole.clone() };
        own.more["v2"]["packages"] = json!([package]);
        own
    };
    only.into_iter().chain(packages.iter().enumerate().take(if is_one { 0 } else { 200 }).map(piece))
}

/// Labels as an address that has the file in it.
pub(super) fn inline(pointer: &str, labels: &[Label], (media, format): (&str, Format)) -> Enclosed {
    Enclosed { prefix: format!("data:{media};base64,"), ..Enclosed::new(pointer, labels::draw(labels, format)) }
}

/// The media type of a file with that extension, and how a label is printed in it.
pub(super) fn media(extension: &str, label: &Label) -> (&'static str, Format) {
    let paper = match &*own(label)["label_layout"].as_str().unwrap_or_default().to_lowercase() {
        "letter" => Paper::Letter,
        "a4" => Paper::A4,
        "a6" => Paper::A6,
        _ => Paper::Inch4x6,
    };
    match extension {
        "png" => ("image/png", Format::png(paper, 203)),
        "zpl" => ("application/zpl", Format::zpl(203)),
        _ => ("application/pdf", Format::pdf(paper)),
    }
}

/// A link to a file; it is for holders of the key.
pub(super) fn link(cx: &Cx<'_>, stem: &str, number: u64, extension: &str) -> String {
    let folder = if in_sandbox(cx) { 10 } else { 14 };
    cx.call.url(&format!("/v2/downloads/{folder}/{}/{stem}-{number}.{extension}", wire::token(cx, &format!("{stem}-{number}"), 22)))
}

/// Where the carrier tells of a parcel.
pub(super) fn tracking_url(carrier: &str, number: &str) -> Option<String> {
    WORDS.tracking_urls.get(WORDS.family(carrier)).map(|url| format!("{url}{number}"))
}
