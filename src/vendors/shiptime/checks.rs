//! What the document cannot say of requests, and how what is wrong with them is worded: every fault of one pass, in a fixed order.
//!
//! Recorded: the faults of addresses, their order, the phone that is listed twice, and that a missing city shows only
//! where it disagrees with the postal code. The checks of everything else are inferred from the published limits.

use jiff::civil::{Date, Weekday};
use serde_json::Value;

use super::catalog::{CATALOG, Carrier};
use super::wire;
use crate::carrier::countries;
use crate::engine::Call;
use crate::engine::fields::{Field, Report};
use crate::spec::{JsonType, ParameterIn, Rule, Step, Violation};

/// A rule that the document cannot say, by what its message says behind the name of the member.
pub(super) fn says(text: impl Into<Value>) -> Rule {
    Rule::Vendor("says", text.into())
}

/// Violations as ShipTime words them.
pub(super) fn messages(call: &Call<'_>, violations: &[Violation]) -> Vec<String> {
    let mut messages = Vec::<String>::new();
    for row in violations {
        if row.location == ParameterIn::Path {
            let (name, value) = (row.top(), row.value.as_ref().and_then(Value::as_str).unwrap_or_default());
            return vec![format!("Invalid {}: {value}", if name == "id" { "shipId" } else { name })];
        }
        let (at, count) = (place(call, row), |limit: Option<usize>| limit.unwrap_or_default());
        let told = match &row.rule {
            Rule::Vendor(_, text) => text.as_str().unwrap_or_default().to_owned(),
            _ if is_blank(row.value.as_ref()) => "is empty".to_owned(),
            Rule::MaxLength(limits) => format!("exceeds maximum length of {}", count(limits.max)),
            Rule::MinLength(limits) => format!("is below minimum length of {}", count(limits.min)),
            Rule::Minimum(_) if row.location == ParameterIn::Body => "must be greater than 0".to_owned(),
            _ => "is invalid".to_owned(),
        };
        let message = format!("{at} {told}");
        // What is empty breaks other rules, too.
        if messages.last() == Some(&message) {
            continue;
        }
        if let Some(address) = message.strip_suffix("Phone is empty") {
            // Recorded: an empty phone is told twice, once before the country and the state; two checks find it.
            let is_between = |told: &&String| ["CountryCode", "State "].iter().any(|name| told.starts_with(&format!("{address}{name}")));
            let between = messages.iter().rev().take_while(is_between).count();
            messages.insert(messages.len() - between, message.clone());
        }
        messages.push(message);
    }
    messages
}

/// Where something is wrong: payloads and what they hold are joined by slashes, members of models follow a space.
fn place(call: &Call<'_>, violation: &Violation) -> String {
    let Some(operation) = call.operation.filter(|_| violation.location == ParameterIn::Body) else { return violation.dotted() };
    let schemas = operation.schemas_along(&violation.path);
    let java_type = |index: usize| schemas.get(index).and_then(|schema| schema.extension("x-java-type")).unwrap_or_default();
    let mut place = java_type(0).rsplit('.').next().unwrap_or_default().to_owned();
    for (index, step) in violation.path.iter().enumerate() {
        let holds_more = schemas.get(index + 1).is_some_and(|schema| matches!(schema.json_type, Some(JsonType::Object | JsonType::Array)));
        match step {
            Step::Element(index) => place.push_str(&format!("[{index}]")),
            step => {
                let mut letters = step.name().chars();
                place.push(if holds_more || java_type(index).contains(".payload.") { '/' } else { ' ' });
                place.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                place.push_str(letters.as_str());
            }
        }
    }
    place
}

fn is_blank(value: Option<&Value>) -> bool {
    value.is_none_or(|value| match value {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(rows) => rows.is_empty(),
        _ => false,
    })
}

/// Checks a rate request beyond the document.
pub(super) fn rate_request(report: &mut Report<'_>, request: &Field<'_, '_>) {
    ["from", "to"].iter().for_each(|end| address(report, &request.member(end)));
    let (pieces, invoice) = (request.member("lineItems"), request.member("customsInvoice"));
    let country = |end| request.member(end).member("countryCode").text().filter(|code| countries::find(code).is_some());
    if request.member("packageType").text() == Some("PALLET") && country("from").zip(country("to")).is_some_and(|(from, to)| from != to) {
        for piece in pieces.elements().filter(|piece| is_blank(piece.member("freightClass").value)) {
            report.add(&piece.member("freightClass"), Rule::Required);
        }
    }
    let goods = invoice.member("invoiceItems");
    // Recorded: an item says what all of its quantity weighs. Weights have three decimals.
    let weight = |rows: &Field<'_, '_>| rows.elements().filter_map(|row| row.member("weight").number()).sum::<f64>();
    let is_fine = |rows: &Field<'_, '_>| rows.elements().all(|row| report.is_fine(&row.member("weight")));
    if weight(&pieces) > 0.0 && is_fine(&pieces) && is_fine(&goods) && weight(&goods) > weight(&pieces) + 0.000_5 {
        report.add(&goods, says("exceed the weight of the shipment"));
    }
}

/// What two members of an address together can say: states and postal codes by country, and the city by postal code.
fn address(report: &mut Report<'_>, address: &Field<'_, '_>) {
    let code = address.member("countryCode");
    if report.is_fine(&code) && code.text().is_some_and(|code| countries::find(code).is_none()) {
        report.add(&code, says("is invalid"));
    }
    let Some(country) = code.text().and_then(|code| CATALOG.countries.get(code)) else { return };
    let (state, postal_code) = (address.member("state"), address.member("postalCode"));
    if is_blank(state.value) {
        report.add(&state, Rule::Required);
    } else if !country.states.split(',').any(|code| state.text() == Some(code)) {
        report.add(&state, says(format!("is invalid. Valid values are {}", country.states)));
    }
    let Some(code) = postal_code.text().filter(|_| report.is_fine(&postal_code)) else { return };
    if !country.shape.is_match(code) {
        report.add(&postal_code, says(format!("is invalid. The string '{code}' must match {}", country.postal_code)));
        return;
    }
    let city = address.member("city").text().unwrap_or("null");
    // Places of the United States are not checked; their codes begin with a digit.
    let right = CATALOG.city(code).filter(|_| !code.starts_with(|letter: char| letter.is_ascii_digit()));
    if let Some(right) = right.filter(|right| !right.is(city)) {
        let told = format!("does not match city name ({city}). The postal code '{code}' is only valid for {}", right.city);
        report.add(&postal_code, says(told));
    }
}

/// When a driver may come: on a business day from today on, for as long as the carrier needs, and before its cutoff. Recorded: while
/// a shipment is booked the cutoff does not count.
pub(super) fn pickup(report: &mut Report<'_>, detail: &Field<'_, '_>, today: Date, carrier: Option<&Carrier>, is_booking: bool) {
    let other = detail.member("otherLocation");
    if detail.member("location").text() == Some("Other") && is_blank(other.value) {
        report.add(&other, Rule::Required);
    }
    let date = detail.member("pickupDate");
    match date.text().and_then(wire::day) {
        Some(day) if day < today => report.add(&date, says("is in the past")),
        Some(day) if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) => report.add(&date, says("must be a business day")),
        _ => {}
    }
    let close = detail.member("closeTime");
    let times = detail.member("readyTime").text().and_then(minutes).zip(close.text().and_then(minutes));
    let Some(((ready, end), carrier)) = times.zip(carrier) else { return };
    let cutoff = carrier.cutoff.as_deref().filter(|cutoff| !is_booking && minutes(cutoff).is_some_and(|last| end > last));
    if minutes(&carrier.interval).is_some_and(|needed| end - ready < needed) {
        report.add(&close, says(format!("must be at least {} after ReadyTime", carrier.interval)));
    } else if let Some(cutoff) = cutoff {
        report.add(&close, says(format!("cannot be later than the cutoff time {cutoff}")));
    }
}

/// Minutes since midnight, of `HH:mm` or `H:mm`.
fn minutes(text: &str) -> Option<i32> {
    wire::time(text).map(|time| i32::from(time.hour()) * 60 + i32::from(time.minute()))
}

/// Recorded: ten and eleven bare digits and `1-NNN-NNN-NNNN` all pass, whatever the published format says.
pub(super) fn is_phone(phone: &str) -> bool {
    let digits = phone.bytes().filter(u8::is_ascii_digit).count();
    (10..=15).contains(&phone.chars().count()) && digits >= 10
}
