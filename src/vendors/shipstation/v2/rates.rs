//! What carriers ask for a shipment, in the words of this version.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::access::in_sandbox;
use super::catalog::CATALOG as WORDS;
use super::dialect::{carriers_error, error};
use super::wire::{self, address, se};
use crate::base::time::Timestamp;
use crate::carrier::rating::{Options, Piece};
use crate::carrier::{Location, transit};
use crate::engine::{CARRIER_REFUSES, Cx};
use crate::vendors::shipstation::access;
use crate::vendors::shipstation::catalog::Carrier;
use crate::vendors::shipstation::rates::{self as shared, Cost, Load, Quote};
use crate::vendors::shipstation::wire as both;
use crate::vendors::shipstation::wire::money::Money;

/// What is to be sent where.
#[derive(Default)]
pub(super) struct Lane {
    pub from: Location,
    pub to: Location,
    pub pieces: Vec<Piece>,
    pub options: Options,
    pub confirmation: Option<String>,
    /// The only package types that are wanted; those that carriers usually quote if there are none.
    pub packages: Vec<String>,
    /// The package types that the carrier has to have.
    pub sent: Vec<String>,
    pub services: Vec<String>,
    pub has_dimensions: bool,
    pub date: Date,
}

/// A package, or the load of an estimate, as carriers measure it.
pub(super) fn piece(package: &Value) -> Piece {
    shared::piece(&address::read_weight(&package["weight"]), address::read_dimensions(&package["dimensions"]).as_ref())
}

/// What a shipment, or an estimate, asks beside the transport.
pub(super) fn options(shipment: &wire::Members) -> Options {
    let indicators = [&shipment["ship_to"]["address_residential_indicator"], &shipment["address_residential_indicator"]];
    let is_insured = shipment["insurance_provider"] == "carrier";
    let packages = shipment["packages"].as_array().into_iter().flatten().filter(|_| is_insured);
    Options {
        residential: indicators.iter().any(|word| **word == "yes"),
        saturday: shipment["advanced_options"]["saturday_delivery"] == true,
        signature: shared::signature(shipment["confirmation"].as_str()),
        insured: packages.map(|package| Money::from(package["insured_value"]["amount"].clone()).0 / 100).sum(),
    }
}

/// The carriers of the account; sandbox accounts have those that are the carrier's own.
pub(super) fn connected(cx: &Cx<'_>) -> impl Iterator<Item = &'static Carrier> + use<> {
    let is_sandbox = in_sandbox(cx);
    both::connected(cx).filter(move |carrier| !is_sandbox || carrier.is_in_sandbox())
}

/// The carrier of the account with that id.
pub(super) fn find(cx: &Cx<'_>, id: &str) -> Option<&'static Carrier> {
    let number = wire::number(id)?;
    connected(cx).find(|carrier| carrier.id == number)
}

/// Whether a package type is one of the account's own, which has its size alone: carriers take it for a plain package.
pub(super) fn is_own_package(cx: &Cx<'_>, code: &str) -> bool {
    cx.docs.list::<wire::Members>(wire::PACKAGE_TYPE).any(|row| row["package_code"] == code)
}

/// Recorded 2026: a carrier that takes one package at a time, with its bare number in the text.
pub(super) fn several(carrier: &Carrier, is_sandbox: bool) -> Value {
    let text = format!("carrier {} does not support multipackage. unable to rate the shipment", carrier.id);
    error("validation", "multipackage_not_supported", text, &named(carrier, is_sandbox))
}

/// A confirmation that a carrier does not have.
pub(super) fn unconfirmed(carrier: &Carrier, word: Option<&str>, is_sandbox: bool) -> Option<Value> {
    let word = word.filter(|word| !carrier.confirms(word))?;
    let text = format!("The confirmation '{word}' is not supported by {}.", carrier.friendly_name(is_sandbox));
    Some(error("business_rules", "confirmation_not_supported", text, &named(carrier, is_sandbox)))
}

/// The members of errors that say whose they are.
fn named(carrier: &Carrier, is_sandbox: bool) -> Value {
    json!({
        "carrier_id": se(carrier.id), "carrier_code": carrier.code_v2(is_sandbox), "carrier_name": carrier.friendly_name(is_sandbox),
    })
}

/// Recorded 2023: a carrier that refuses the account's login.
pub(super) fn login_refused(carrier: &Carrier, is_sandbox: bool) -> Value {
    let mut error = error("security", "unauthorized", access::login_refused(carrier), &named(carrier, is_sandbox));
    error["error_source"] = "carrier".into();
    error
}

/// The rates of one carrier, or why it has none.
pub(super) fn of_carrier(cx: &Cx<'_>, carrier: &'static Carrier, lane: &Lane) -> Result<Vec<Value>, Value> {
    let is_sandbox = in_sandbox(cx);
    if lane.pieces.len() > 1 && !carrier.takes_several() {
        return Err(several(carrier, is_sandbox));
    }
    let login = access::is_failing(&cx.credential, carrier).then(|| access::login_refused(carrier));
    let refused = cx.fails(CARRIER_REFUSES).map(str::to_owned).or(login).or_else(|| shared::misplaced(&lane.to));
    if let Some(text) = refused {
        return Err(carriers_error(&text, &named(carrier, is_sandbox)));
    }
    if let Some(error) = unconfirmed(carrier, lane.confirmation.as_deref(), is_sandbox) {
        return Err(error);
    }
    let load = Load::of(carrier, [&lane.from, &lane.to], lane.pieces.clone(), lane.options);
    let mut quotes = shared::quote(2, carrier, None, None, &load);
    quotes.retain(|quote| {
        let is_had = lane.sent.iter().all(|code| carrier.package(code).is_some());
        let code = &quote.package.code;
        // Recorded 2026: UPS tells a price for each service, where no package of its own is asked for.
        let is_usual = lane.packages.is_empty() && (code == "package" || WORDS.family(&carrier.code) != "ups");
        is_had && (is_usual || lane.packages.contains(code)) && (lane.services.is_empty() || lane.services.contains(&quote.service.code))
    });
    if quotes.is_empty() {
        let text = "No applicable services available for the configured shipment.";
        return Err(carriers_error(text, &named(carrier, is_sandbox)));
    }
    Ok(quotes.iter().map(|quote| to_json(cx, carrier, quote, lane, &load)).collect())
}

fn to_json(cx: &Cx<'_>, carrier: &'static Carrier, quote: &Quote, lane: &Lane, load: &Load) -> Value {
    let (is_sandbox, family) = (in_sandbox(cx), WORDS.family(&carrier.code));
    let is_postal = family == "usps";
    let in_days = shared::days(quote.service, load).max(1);
    let saturdays = quote.service.tariff.is_some_and(|tariff| tariff.delivers_on_saturdays());
    let arrival = transit::delivery(lane.date, in_days, &lane.to.country, saturdays);
    let by = WORDS.arrivals.get(&quote.service.code);
    let hour = by.map_or(if is_postal { "00:00" } else { "23:00" }, String::as_str);
    let said = if is_postal { in_days.to_string() } else { phrase(arrival, hour, by.is_some()) };
    let is_flat = quote.package.flat_rate && lane.has_dimensions;
    let cost = &quote.cost;
    let warning = "Heads up! You've included custom dimensions for a package type with a standardized size. For more accurate rates, \
                   consider removing the dimensions for this shipment.";
    json!({
        "rate_type": "shipment", "carrier_id": se(carrier.id), "shipping_amount": wire::dollars(cost.shipping),
        "insurance_amount": wire::dollars(cost.insurance), "confirmation_amount": wire::dollars(cost.confirmation),
        "other_amount": wire::dollars(cost.other), "requested_comparison_amount": wire::dollars(Money::default()),
        "rate_details": details(is_postal, cost),
        "zone": quote.service.tariff.and_then(|tariff| tariff.zone(&load.lane)).filter(|_| is_postal),
        // Recorded 2026: only the postal service names the plain package.
        "package_type": Some(&quote.package.code).filter(|code| is_postal || *code != "package"),
        "carrier_weight": null, "delivery_days": in_days, "guaranteed_service": by.is_some(),
        "estimated_delivery_date": format!("{arrival}T{hour}:00Z"), "carrier_delivery_days": said,
        "ship_date": format!("{}T00:00:00Z", lane.date), "negotiated_rate": !carrier.wallet, "service_type": quote.service.name,
        "service_code": quote.service.code,
        "trackable": !["letter", "large_envelope_or_flat", "postcard"].contains(&&*quote.package.code),
        "carrier_code": carrier.code_v2(is_sandbox), "carrier_nickname": carrier.nickname_v2(is_sandbox),
        "carrier_friendly_name": carrier.friendly_name(is_sandbox), "display_scheme": null,
        "validation_status": if is_flat { "has_warnings" } else { "valid" },
        "warning_messages": if is_flat { vec![warning] } else { Vec::new() }, "error_messages": [],
    })
}

/// `Saturday 8/29 By 11:00 PM`; recorded with both `By` and `by`.
fn phrase(day: Date, hour: &str, is_promised: bool) -> String {
    let hours: u8 = hour.get(..2).and_then(|text| text.parse().ok()).unwrap_or(23);
    let half = if hours < 12 { "AM" } else { "PM" };
    let (twelve, minutes) = (if hours.is_multiple_of(12) { 12 } else { hours % 12 }, hour.get(3..).unwrap_or("00"));
    let by = if is_promised { "by" } else { "By" };
    format!("{} {}/{} {by} {twelve:02}:{minutes} {half}", day.strftime("%A"), day.month(), day.day())
}

/// What a price is made of. Recorded April 2026: fuel is counted in `other_amount` and listed here.
fn details(is_postal: bool, cost: &Cost) -> Vec<Value> {
    let row = |kind, description, code: Option<&str>, amount| detail(kind, description, code, amount, "Carrier");
    let base = if is_postal { ("shipping", None) } else { ("Shipping", Some("BaseServiceCharge")) };
    let more = cost.surcharges.iter().map(|charge| {
        let code = (charge.code == "FUEL").then_some("375");
        row(kind(charge.code), charge.name, code, Money::of_cents(charge.cents))
    });
    std::iter::once(row("shipping", base.0, base.1, cost.shipping)).chain(more).collect()
}

/// A part of a price.
pub(super) fn detail(kind: &str, description: &str, code: Option<&str>, amount: Money, source: &str) -> Value {
    json!({
        "rate_detail_type": kind, "carrier_description": description, "carrier_billing_code": code, "carrier_memo": null,
        "amount": wire::dollars(amount), "billing_source": source,
    })
}

/// What this version calls a charge of a tariff.
pub(super) fn kind(charge: &str) -> &'static str {
    WORDS.charges.get(charge).map_or("additional_fees", String::as_str)
}

/// Marks the best, the cheapest and the fastest rate, each with one word, and puts them in front. Media mail is not for everybody.
pub(super) fn mark(rates: &mut [Value]) {
    type Key<'k> = &'k dyn Fn(&Value) -> (f64, f64);
    let amounts = ["shipping_amount", "insurance_amount", "confirmation_amount", "other_amount"];
    let amount = |rate: &Value| amounts.iter().filter_map(|name| rate[*name]["amount"].as_f64()).sum::<f64>();
    let days = |rate: &Value| rate["delivery_days"].as_f64().unwrap_or(9.0);
    // The postal service promises a day, which ends at midnight.
    let text = |rate: &Value| rate["estimated_delivery_date"].as_str().and_then(|at| at.get(11..13)?.parse::<f64>().ok());
    let hour = |rate: &Value| text(rate).filter(|hour| *hour > 0.0).unwrap_or(24.0);
    let marks: [(&str, Key<'_>); 3] = [
        ("best_value", &|rate| (amount(rate) * days(rate).sqrt(), days(rate))),
        ("cheapest", &|rate| (amount(rate), days(rate))),
        ("fastest", &|rate| (days(rate) + hour(rate) / 24.0, amount(rate))),
    ];
    let mut front = 0;
    for (word, key) in marks {
        let open = |rate: &&Value| rate["service_code"] != "usps_media_mail";
        let least = rates.iter().filter(open).map(key).min_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
        let Some(index) = least.and_then(|least| rates.iter().position(|rate| open(&rate) && key(rate) == least)) else { continue };
        match rates[index]["rate_attributes"].as_array_mut() {
            Some(words) => words.push(word.into()),
            None => {
                rates[index]["rate_attributes"] = json!([word]);
                rates[front..=index].rotate_right(1);
                front += 1;
            }
        }
    }
}

/// An estimate is a rate that nobody can buy.
pub(super) fn estimate(mut rate: Value) -> Value {
    rate["rate_type"] = "check".into();
    rate["validation_status"] = "unknown".into();
    rate["warning_messages"] = json!([]);
    rate
}

/// Recorded: what stands in place of the estimates of a carrier that has none.
pub(super) fn no_estimate(cx: &Cx<'_>, id: &str, carrier: Option<&Carrier>, date: Timestamp, error: &Value) -> Value {
    let is_sandbox = in_sandbox(cx);
    let own = json!({
        "carrier_id": id, "ship_date": wire::day(date), "error_messages": [error["message"]],
        "carrier_code": carrier.map_or("unknown", |carrier| carrier.code_v2(is_sandbox)),
        "carrier_nickname": carrier.and_then(|carrier| carrier.nickname_v2(is_sandbox)),
        "carrier_friendly_name": carrier.map_or("unknown", |carrier| carrier.friendly_name(is_sandbox)),
    });
    wire::joined([WORDS.no_estimate.clone(), own])
}
