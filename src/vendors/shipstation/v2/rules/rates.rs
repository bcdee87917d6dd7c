//! Rates: quoted for a shipment, which stays, or estimated for a weight, which leaves nothing behind.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::checks;
use super::super::dialect::{about, error, needed, refused, wrong_state};
use super::super::failures;
use super::super::rates::{self, Lane};
use super::super::wire::price::priced;
use super::super::wire::{self, Members, RATE, RATES, address, se, shipment, texts, tick};
use super::{addresses, shipments};
use crate::carrier::Location;
use crate::engine::{Blame, Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::wire::ORDER;
use crate::world::Kind;

/// Rates of the carriers that are named. A carrier that fails is told of in the answer, which is 200 all the same.
pub(crate) fn calculate(cx: &mut Cx<'_>) -> Outcome {
    let (asked, mut validation) = (&cx.call.body, Value::Null);
    let (number, shipment) = match (&asked["shipment_id"], &asked["shipment"]) {
        (Value::String(id), _) => {
            let number = wire::number(id).unwrap_or_default();
            (number, shipment::find(cx, number)?)
        }
        (_, Value::Null) => return Err(needed("shipment")),
        (_, sent) => {
            let number = wire::next(cx, &ORDER);
            let mut sent = sent.clone();
            // Recorded 2023: the only carrier that is asked is the shipment's.
            if let ([only], true) = (&*texts(&asked["rate_options"]["carrier_ids"]).collect::<Vec<_>>(), sent["carrier_id"].is_null()) {
                sent["carrier_id"] = (*only).into();
            }
            let mut stored = shipment::complete(cx, number, &sent, None)?;
            shipments::is_free(cx, &stored, number)?;
            validation = addresses::looked_up(cx, &sent);
            // Recorded 2026: the recipient's address comes back as the postal service writes it.
            if let Some(to) = stored.get_mut("ship_to").filter(|to| to["country_code"] == "US") {
                addresses::clean(to);
            }
            shipments::keep(cx, number, &stored)?;
            (number, stored)
        }
    };
    checks::weighs(&shipment)?;
    checks::are_whole(&shipment)?;
    let response = rated(cx, number, &shipment);
    let mut answer = wire::joined([json!({ "rate_response": response }), shipment::to_json(shipment)]);
    if !validation.is_null() {
        answer["address_validation"] = validation;
    }
    Ok(Reply::ok(priced(answer)))
}

/// Documented: the rates are to be read at the shipments later on. They are there at once.
pub(crate) fn calculate_many(cx: &mut Cx<'_>) -> Outcome {
    let mut numbers: Vec<u64> = texts(&cx.call.body["shipment_ids"]).filter_map(wire::number).collect();
    for sent in cx.call.body["shipments"].as_array().into_iter().flatten() {
        let number = wire::next(cx, &ORDER);
        let stored = shipment::complete(cx, number, sent, None)?;
        shipments::keep(cx, number, &stored)?;
        numbers.push(number);
    }
    let mut rows = Vec::new();
    for number in numbers {
        let shipment = shipment::find(cx, number)?;
        let made = rated(cx, number, &shipment);
        let (request, created) = (&made["rate_request_id"], &made["created_at"]);
        rows.push(
            json!({ "rate_request_id": request, "shipment_id": se(number), "created_at": created, "status": "working", "errors": [] }),
        );
    }
    Ok(Reply::ok(rows))
}

/// The rates of a stored shipment by the options of the call, which can be bought from then on.
fn rated(cx: &mut Cx<'_>, number: u64, shipment: &Members) -> Value {
    let options = &cx.call.body["rate_options"];
    if let Some(currency) = options["preferred_currency"].as_str().filter(|currency| !currency.eq_ignore_ascii_case("usd")) {
        cx.note("currency-not-converted", Blame::Sandbox, format!("rates are in `usd`, found `preferred_currency` `{currency}`"));
    }
    let codes = |name: &str| texts(&options[name]).map(str::to_lowercase).collect();
    let lane = lane(cx, shipment, codes("service_codes"), codes("package_types"));
    let (mut rates, mut errors) = (Vec::new(), Vec::new());
    for id in texts(&options["carrier_ids"]) {
        let found = rates::find(cx, id).ok_or_else(|| not_connected(id));
        match found.and_then(|carrier| rates::of_carrier(cx, carrier, &lane)) {
            Ok(rows) => rates.extend(rows),
            Err(error) => errors.push(error),
        }
    }
    let none = cx.fails(failures::RATE_UNAVAILABLE);
    if none.is_some() {
        rates.clear();
        errors.clear();
    }
    let is_empty = rates.is_empty();
    if is_empty && errors.is_empty() {
        errors.push(error("business_rules", "no_rates_returned", none.unwrap_or("No rates were returned."), &Value::Null));
    }
    for rate in &mut rates {
        let id = se(wire::next(cx, &RATE));
        *rate = wire::joined([json!({ "rate_id": id }), rate.take()]);
    }
    rates::mark(&mut rates);
    for rate in &rates {
        let mut stored = rate.clone();
        stored[OF] = number.into();
        cx.docs.put(RATE, rate["rate_id"].as_str().unwrap_or_default(), &stored);
    }
    let request = se(wire::next(cx, &Kind::new("rate_request")));
    let response = json!({
        "rates": rates, "invalid_rates": [], "rate_request_id": request, "shipment_id": se(number), "created_at": tick(cx.now),
        "status": if is_empty { "error" } else { "completed" }, "errors": errors,
    });
    cx.docs.put(RATES, &number.to_string(), &response);
    super::super::webhooks::rated(cx, number);
    response
}

/// The error of a carrier that the account does not have.
fn not_connected(id: &str) -> Value {
    let more = json!({ "carrier_id": id, "carrier_code": "unknown", "carrier_name": "unknown" });
    error("business_rules", "carrier_not_connected", format!("Carrier {id} is not connected."), &more)
}

/// The member of a stored rate that is not answered: the number of its shipment.
pub(crate) const OF: &str = "shipment";

/// Package types that are named for the rates come before that of the shipment.
fn lane(cx: &Cx<'_>, shipment: &Members, services: Vec<String>, wanted: Vec<String>) -> Lane {
    let packages = shipment["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let place = |end: &str| Location::from(&address::read(&shipment[end]));
    let usual = |code: &str| if rates::is_own_package(cx, code) { "package" } else { code }.to_owned();
    let sent = packages.iter().filter(|_| wanted.is_empty()).filter_map(|package| package["package_code"].as_str());
    let first = sent.clone().next().filter(|code| *code != "package");
    Lane {
        from: place("ship_from"),
        to: place("ship_to"),
        pieces: packages.iter().map(rates::piece).collect(),
        options: rates::options(shipment),
        confirmation: shipment["confirmation"].as_str().map(str::to_owned),
        packages: wanted.iter().map(String::as_str).chain(first).map(usual).collect(),
        sent: sent.map(usual).collect(),
        services,
        has_dimensions: packages.iter().any(|package| address::read_dimensions(&package["dimensions"]).is_some()),
        date: day(&shipment["ship_date"]),
    }
}

/// The day of a stored time.
fn day(text: &Value) -> jiff::civil::Date {
    text.as_str().and_then(|text| text.get(..10)?.parse().ok()).unwrap_or(jiff::civil::Date::ZERO)
}

/// A bare array of what carriers ask, which nobody can buy.
pub(crate) fn estimate(cx: &mut Cx<'_>) -> Outcome {
    let body = &cx.call.body;
    let only = body["carrier_id"].as_str().filter(|id| texts(&body["carrier_ids"]).all(|other| other != *id));
    let ids: Vec<&str> = texts(&body["carrier_ids"]).chain(only).collect();
    if ids.is_empty() {
        return Err(needed("carrier_ids"));
    }
    let place = |end: &str| {
        let text = |name: &str| body[format!("{end}_{name}")].as_str().unwrap_or_default().to_owned();
        let country = text("country_code").to_uppercase();
        Location { city: text("city_locality"), state: text("state_province"), zip: text("postal_code"), country }
    };
    checks::weighs(&json!({ "packages": [body] }).into())?;
    let sent = body["ship_date"].as_str().and_then(checks::instant).unwrap_or_else(|| wire::sending(cx.now));
    let lane = Lane {
        from: place("from"),
        to: place("to"),
        pieces: vec![rates::piece(body)],
        options: rates::options(&body.clone().into()),
        confirmation: body["confirmation"].as_str().map(str::to_owned),
        date: sent.to_zoned(jiff::tz::TimeZone::UTC).date(),
        ..Lane::default()
    };
    let mut rows = Vec::new();
    for id in ids {
        let carrier = rates::find(cx, id);
        match carrier.map_or_else(|| Err(not_connected(id)), |carrier| rates::of_carrier(cx, carrier, &lane)) {
            Ok(rates) => rows.extend(rates.into_iter().map(rates::estimate)),
            Err(error) => rows.push(rates::no_estimate(cx, id, carrier, sent, &error)),
        }
    }
    Ok(Reply::ok(priced(rows.into())))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let mut rate: Members = cx.docs.require(RATE, cx.call.parameter("rate_id").unwrap_or_default())?;
    rate.shift_remove(OF);
    Ok(Reply::ok(priced(rate.into())))
}

/// The latest rates of a shipment; those that were never asked for are none yet.
pub(crate) fn of_shipment(cx: &mut Cx<'_>) -> Outcome {
    let (number, _) = shipment::named(cx)?;
    let none = || refused(StatusCode::NOT_FOUND, error("business_rules", "no_rates_returned", "No rates were returned.", &Value::Null));
    let since = cx.call.query("created_at_start").and_then(checks::instant);
    let is_new = |rates: &Members| since <= rates["created_at"].as_str().and_then(checks::instant);
    let found = cx.docs.get::<Members>(RATES, &number.to_string()).filter(is_new);
    found.map(|rates| Reply::ok(priced(rates.into()))).ok_or_else(none)
}

/// The shipment that a rate was quoted for, with its carrier and service.
pub(crate) fn quoted(cx: &Cx<'_>, id: &str) -> Result<(u64, Members), Refusal> {
    let text = "rate_id was invalid, unable to create label";
    let invalid = || refused(StatusCode::NOT_FOUND, error("business_rules", "invalid_identifier", text, &about("rate_id", id)));
    let rate: Members = cx.docs.get(RATE, id).ok_or_else(invalid)?;
    // A rate is bought once.
    let number = rate[OF].as_u64().ok_or_else(invalid)?;
    let mut shipment = shipment::find(cx, number)?;
    take(cx, &mut shipment, &rate.into());
    Ok((number, shipment))
}

/// A rate was bought, and cannot be bought again.
pub(crate) fn spend(cx: &mut Cx<'_>, id: &str) {
    if let Some(mut rate) = cx.docs.get::<Members>(RATE, id) {
        rate.shift_remove(OF);
        cx.docs.put(RATE, id, &rate);
    }
}

/// Gives a shipment the carrier and service of the rate with that mark.
///
/// # Errors
/// When no carrier quotes anything.
pub(crate) fn choose(cx: &Cx<'_>, word: &str, shipment: &mut Members) -> Result<(), Refusal> {
    let lane = lane(cx, shipment, Vec::new(), Vec::new());
    let mut rows: Vec<Value> = rates::connected(cx).filter_map(|carrier| rates::of_carrier(cx, carrier, &lane).ok()).flatten().collect();
    rates::mark(&mut rows);
    let is_marked = |rate: &&Value| rate["rate_attributes"].as_array().is_some_and(|words| words.iter().any(|found| *found == word));
    let none = || wrong_state("no_rates_returned", "No rates were returned.");
    take(cx, shipment, rows.iter().find(is_marked).ok_or_else(none)?);
    Ok(())
}

/// Gives a shipment the carrier, service and package of a rate.
fn take(cx: &Cx<'_>, shipment: &mut Members, rate: &Value) {
    for name in ["carrier_id", "service_code"] {
        shipment[name] = rate[name].clone();
    }
    let package = rate["package_type"].as_str().unwrap_or("package");
    let packages: Vec<&mut Value> = shipment.get_mut("packages").and_then(Value::as_array_mut).into_iter().flatten().collect();
    for sent in packages {
        let is_own = sent["package_code"].as_str().is_some_and(|code| rates::is_own_package(cx, code));
        if package != "package" || !is_own {
            sent["package_code"] = package.into();
        }
    }
}
