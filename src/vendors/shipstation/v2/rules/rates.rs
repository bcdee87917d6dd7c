//! Rates: quoted for a shipment, which stays, or estimated for a weight, which leaves nothing behind.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::dialect::{error, needed, refused};
use super::super::failures;
use super::super::rates::{self, Lane};
use super::super::wire::price::Priced;
use super::super::wire::{self, Members, RATE, RATES, address, se, shipment, tick};
use super::{addresses, shipments};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};
use crate::vendors::shipstation::wire::ORDER;
use crate::world::Kind;

#[derive(Deserialize)]
pub(crate) struct Asked {
    shipment_id: Option<String>,
    shipment: Option<Value>,
    rate_options: RateOptions,
}

#[derive(Deserialize)]
struct RateOptions {
    carrier_ids: Vec<String>,
    package_types: Option<Vec<String>>,
    service_codes: Option<Vec<String>>,
}

/// Rates of the carriers that are named. A carrier that fails is told of in the answer, which is 200 all the same.
pub(crate) fn calculate(cx: &mut Cx<'_>, Json(asked): Json<Asked>) -> Outcome {
    let (number, shipment) = match (&asked.shipment_id, &asked.shipment) {
        (Some(id), _) => {
            let number = wire::number(id).unwrap_or_default();
            (number, shipment::find(cx, number)?)
        }
        (None, Some(sent)) => {
            let number = wire::next(cx, &ORDER);
            let mut sent = sent.clone();
            // Recorded 2023: the only carrier that is asked is the shipment's.
            if let ([only], true) = (&*asked.rate_options.carrier_ids, sent["carrier_id"].is_null()) {
                sent["carrier_id"] = only.clone().into();
            }
            let mut stored = shipment::complete(cx, number, &sent, None)?;
            // Recorded 2026: the recipient's address comes back as the postal service writes it.
            if let Some(to) = stored.get_mut("ship_to").filter(|to| to["country_code"] == "US") {
                addresses::clean(to);
            }
            shipments::keep(cx, number, &stored);
            (number, stored)
        }
        (None, None) => return Err(needed("shipment")),
    };
    let RateOptions { carrier_ids, package_types, service_codes } = asked.rate_options;
    let lane = lane(&shipment, service_codes.unwrap_or_default());
    let (mut rates, mut errors) = (Vec::new(), Vec::new());
    for id in &carrier_ids {
        let carrier = rates::connected(cx).find(|carrier| wire::number(id) == Some(carrier.id));
        match carrier.map(|carrier| rates::of_carrier(cx, carrier, &lane)) {
            Some(Ok(rows)) => rates.extend(rows),
            Some(Err(error)) => errors.push(error),
            None => {
                let more = json!({ "carrier_id": id, "carrier_code": "unknown", "carrier_name": "unknown" });
                errors.push(error("business_rules", "carrier_not_connected", format!("Carrier {id} is not connected."), &more));
            }
        }
    }
    if let Some(wanted) = package_types.filter(|wanted| !wanted.is_empty()) {
        rates.retain(|rate| rate["package_type"].as_str().is_none_or(|found| wanted.iter().any(|wanted| wanted == found)));
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
        let mut whole = json!({ "rate_id": id });
        for (name, value) in rate.as_object().into_iter().flatten() {
            whole[name.as_str()] = value.clone();
        }
        *rate = whole;
    }
    rates::mark(&mut rates);
    for rate in &rates {
        let mut stored = rate.as_object().cloned().unwrap_or_default();
        stored.insert(OF.to_owned(), number.into());
        cx.docs.put(RATE, rate["rate_id"].as_str().unwrap_or_default(), &stored);
    }
    let request = se(wire::next(cx, &Kind::new("rate_request")));
    let response = json!({
        "rates": rates, "invalid_rates": [], "rate_request_id": request, "shipment_id": se(number), "created_at": tick(cx.now),
        "status": if is_empty { "error" } else { "completed" }, "errors": errors,
    });
    cx.docs.put(RATES, &number.to_string(), &response);
    super::super::webhooks::rated(cx, number);
    Ok(Reply::ok(Priced(wire::joined([json!({ "rate_response": response }), shipment::shown(shipment)]))))
}

/// The member of a stored rate that is not answered: the number of its shipment.
pub(crate) const OF: &str = "shipment";

fn lane(shipment: &Members, services: Vec<String>) -> Lane {
    let packages = shipment["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let (from, to) = Lane::between(&shipment["ship_from"], &shipment["ship_to"]);
    let package = packages.first().and_then(|package| package["package_code"].as_str()).filter(|code| *code != "package");
    Lane {
        from,
        to,
        pieces: packages.iter().map(rates::piece).collect(),
        options: rates::options(shipment),
        package: package.map(str::to_owned),
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
    cx.call.valid()?;
    let body = cx.call.body.clone();
    let mut ids: Vec<&str> = body["carrier_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ids.extend(body["carrier_id"].as_str());
    if ids.is_empty() {
        return Err(needed("carrier_ids"));
    }
    let place = |end: &str| {
        let text = |name: &str| body[format!("{end}_{name}")].as_str().unwrap_or_default().to_owned();
        crate::carrier::Location {
            city: text("city_locality"),
            state: text("state_province"),
            zip: text("postal_code"),
            country: text("country_code"),
        }
    };
    let sent = body["ship_date"].as_str().and_then(super::super::checks::instant).unwrap_or(cx.now);
    let lane = Lane {
        from: place("from"),
        to: place("to"),
        pieces: vec![rates::piece(&body)],
        options: rates::options(&Members(body.as_object().cloned().unwrap_or_default())),
        package: None,
        services: Vec::new(),
        has_dimensions: false,
        date: sent.to_zoned(jiff::tz::TimeZone::UTC).date(),
    };
    let mut rows = Vec::new();
    for id in ids {
        let Some(carrier) = rates::connected(cx).find(|carrier| wire::number(id) == Some(carrier.id)) else { continue };
        match rates::of_carrier(cx, carrier, &lane) {
            Ok(rates) => rows.extend(rates.into_iter().map(rates::estimate)),
            Err(error) => rows.push(rates::no_estimate(cx, carrier, sent, &error)),
        }
    }
    Ok(Reply::ok(Priced(rows.into())))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let mut rate: Members = cx.docs.require(RATE, cx.call.parameter("rate_id").unwrap_or_default())?;
    rate.shift_remove(OF);
    Ok(Reply::ok(Priced(rate.into())))
}

/// The latest rates of a shipment; those that were never asked for are none yet.
pub(crate) fn of_shipment(cx: &mut Cx<'_>) -> Outcome {
    let (number, _) = shipment::named(cx)?;
    let none = || refused(StatusCode::NOT_FOUND, error("business_rules", "no_rates_returned", "No rates were returned.", &Value::Null));
    cx.docs.get::<Members>(RATES, &number.to_string()).map(|rates| Reply::ok(Priced(rates.into()))).ok_or_else(none)
}

/// The shipment that a rate was quoted for, with its carrier and service.
pub(crate) fn quoted(cx: &Cx<'_>, id: &str) -> Result<(u64, Members), Refusal> {
    let invalid = || {
        let more = json!({ "field_name": "rate_id", "field_value": id });
        refused(StatusCode::NOT_FOUND, error("business_rules", "invalid_identifier", "rate_id was invalid, unable to create label", &more))
    };
    let rate: Members = cx.docs.get(RATE, id).ok_or_else(invalid)?;
    let number = rate[OF].as_u64().unwrap_or_default();
    let mut shipment = shipment::find(cx, number)?;
    for name in ["carrier_id", "service_code"] {
        shipment.insert(name.to_owned(), rate[name].clone());
    }
    if let (Some(package), Some(first)) = (rate["package_type"].as_str(), shipment.get_mut("packages").and_then(|rows| rows.get_mut(0))) {
        first["package_code"] = package.into();
    }
    Ok((number, shipment))
}
