//! Booking, looking at, searching and listing shipments.
//!
//! A booking answers success whenever it was understood: an unknown increment, a carrier's refusal and a shipment that no
//! rule matches are all 200, and only the status tells them apart. There is no way to change or cancel a shipment.

pub(in crate::vendors::shiptheory) mod routing;
pub(in crate::vendors::shiptheory) mod waiting;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::routing::{Chosen, Route};
use crate::engine::listing::{By, Filter, Listing, Number, Sorting, Test};
use crate::engine::{Cx, Json, Outcome, Params, Reply};
use crate::vendors::shiptheory::catalog::CATALOG;
use crate::vendors::shiptheory::failures;
use crate::vendors::shiptheory::listing::{self, LISTING};
use crate::vendors::shiptheory::rules::{parcels, products, returns};
use crate::vendors::shiptheory::wire::{self, Booking, SHIPMENT, Service, Shipment, Status, TAG, Tag, Tone, rows};
use crate::vendors::shiptheory::{checks, labels};

/// How many days a search may span, unless the account says otherwise. The older guide says 31, the one of 2024 says 365.
const SEARCH_DAYS: i64 = 31;

#[derive(Deserialize)]
pub(in super::super) struct Reference {
    reference: String,
}

#[derive(Serialize)]
struct Booked {
    success: bool,
    status: Status,
    carrier_result: Option<CarrierResult>,
    message: Option<String>,
}

#[derive(Serialize)]
struct CarrierResult {
    status: &'static str,
    tracking: String,
    carrier: String,
    no_tracking: Option<String>,
}

/// A shipment is stored and, if a service is known for it, booked. A reference that was used before changes nothing.
pub(in super::super) fn book(cx: &mut Cx<'_>, Json(mut booking): Json<Booking>) -> Outcome {
    booking.round();
    if cx.docs.has(SHIPMENT, &booking.reference) {
        return Ok(Reply::ok(json!({"success": true, "carrier_result": null, "message": null})));
    }
    for line in booking.products.iter().flatten() {
        products::absorb(cx, line);
    }
    let route = routing::choose(cx, &booking);
    let mut shipment = stored(cx, booking);
    let (carrier_result, message) = match route {
        Route::Ignore => {
            shipment.status = Status::Ignored;
            (None, Some(tell(cx, &mut shipment, Tone::Info, "No shipping rule matched this shipment".to_owned())))
        }
        Route::Unset(chosen) => {
            assign(&mut shipment, chosen);
            let message = format!("Unable to load your {} carrier settings", chosen.carrier.settings_name);
            let message = tell(cx, &mut shipment, Tone::Error, message);
            cx.docs.put(SHIPMENT, &shipment.reference, &shipment);
            return Ok(Reply::ok(json!({"success": true, "message": message})));
        }
        Route::Approve(chosen) => {
            dispatch(cx, &mut shipment, chosen);
            waiting::wait(cx, &mut shipment);
            (None, None)
        }
        Route::Book(chosen, enclosed) => {
            dispatch(cx, &mut shipment, chosen);
            shipment.to_enclose = enclosed;
            let stop = waiting::place(cx);
            if let Some(place) = stop.filter(|place| *place != Status::PrintError) {
                waiting::stop(cx, &mut shipment, place);
                cx.docs.put(SHIPMENT, &shipment.reference, &shipment);
                return Ok(Reply::ok(Booked { success: true, status: shipment.status, carrier_result: None, message: None }));
            }
            let message = submit(cx, &mut shipment, chosen);
            let tracking = shipment.tracking_number.clone();
            if let Some(place) = stop.filter(|_| tracking.is_some()) {
                waiting::stop(cx, &mut shipment, place);
            }
            let carrier = chosen.carrier.name.clone();
            (tracking.map(|tracking| CarrierResult { status: "success", tracking, carrier, no_tracking: None }), Some(message))
        }
    };
    cx.docs.put(SHIPMENT, &shipment.reference, &shipment);
    Ok(Reply::ok(Booked { success: true, status: shipment.status, carrier_result, message }))
}

/// A shipment with its history, and its label once it is booked. The first look at the label is its printing.
pub(in super::super) fn view(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let mut shipment: Shipment = cx.docs.require_own(SHIPMENT, &reference)?;
    let tracking = shipment.tracking_number.clone().filter(|_| shipment.status == Status::Complete);
    if tracking.is_some() && !shipment.printed {
        shipment.printed = true;
        shipment.tell(cx.now, Tone::Success, format!("Printed & Archived by {} (API)", cx.credential.text("email")));
        cx.docs.put(SHIPMENT, &reference, &shipment);
    }
    let mut head = json!({
        "channel_reference_id": shipment.reference,
        "channel_reference_id_2": shipment.reference2,
        "created": wire::stamp(shipment.created),
        "modified": wire::stamp(shipment.modified),
        "status": shipment.status,
    });
    let detail = &shipment.detail;
    let members = [
        ("tracking_number", shipment.tracking_number.as_deref()),
        ("carrier", shipment.carrier.as_deref()),
        ("channel_reference_id_3", detail["reference3"].as_str()),
        ("duty_tax_number", detail["duty_tax_number"].as_str()),
        ("duty_tax_number_type", detail["duty_tax_number_type"].as_str()),
    ];
    for (name, value) in members {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            head[name] = value.into();
        }
    }
    let tags = cx.docs.list::<Tag>(TAG).filter(|tag| shipment.tags.iter().any(|id| u64::try_from(*id) == Ok(tag.id)));
    let tags: Vec<Value> = tags.map(|tag| json!({"id": tag.id, "name": tag.name})).collect();
    let line = |row: &wire::Message| json!({"message": row.message, "created": wire::stamp(row.created), "type": row.tone});
    let messages: Vec<Value> = shipment.messages.iter().map(line).collect();
    let document = json!({"shipment": head, "tags": tags, "messages": messages});
    Ok(Reply::with_file(document, "label", tracking.map(|tracking| labels::outgoing(&shipment, &tracking))))
}

/// A search knows two more filters than the list, and neither pages nor sort fields.
const FOUND: Listing =
    Listing { filters: &FOUND_BY, sorting: Sorting::NONE, page: Number { names: &[], ..LISTING.page }, newest_first: true, ..LISTING };

const FOUND_BY: [Filter; 6] = {
    let [created, modified, channel, country] = listing::SHIPMENTS;
    let from = listing::filter("created_from", "/created", Test::By(|time, from| listing::day(time) >= from));
    let to = listing::filter("created_to", "/created", Test::By(|time, to| listing::day(time) <= to));
    [from, to, created, modified, channel, country]
};

/// Shipments of some days, newest first, as many as the limit says.
pub(in super::super) fn search(cx: &mut Cx<'_>) -> Outcome {
    let day = |name: &str| cx.call.query(name).and_then(|day| day.parse().ok()).unwrap_or(Date::ZERO);
    let (from, to) = (day("created_from"), day("created_to"));
    let most = cx.credential.fields.get("search_days").and_then(Value::as_i64).unwrap_or(SEARCH_DAYS);
    if i64::from((to - from).get_days()) > most {
        let text = format!("The date range must not be longer than {most} days");
        return Err(checks::failed("created_to", "range", text));
    }
    let with_products = cx.call.query("include_products") == Some("1");
    let lines = |shipment: &Shipment| shipment.products.iter().map(|line| rows::product(cx, line)).collect();
    let hits = FOUND.read(cx.call)?.behind("", &cx.docs, SHIPMENT)?.read();
    let rows = hits.map(|shipment| rows::shipment(&shipment, with_products.then(|| lines(&shipment)))).rows;
    Ok(Reply::ok(json!({ "shipments": rows })))
}

/// Newest first unless told otherwise.
const SHIPMENTS: Listing = Listing {
    filters: &listing::SHIPMENTS,
    sorting: listing::sorting(&[listing::key("created", "/created", By::Time), listing::key("modified", "/modified", By::Time)]),
    newest_first: true,
    ..LISTING
};

/// Shipments in pages.
pub(in super::super) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = SHIPMENTS.read(cx.call)?.documents(&cx.docs, SHIPMENT)?.read().map(|shipment| rows::shipment(&shipment, None));
    let pagination = listing::by_size(cx.call, &page);
    Ok(Reply::ok(json!({"shipments": page.rows, "pagination": pagination})))
}

fn stored(cx: &Cx<'_>, booking: Booking) -> Shipment {
    let mut shipment = Shipment {
        reference: booking.reference,
        reference2: booking.reference2,
        created: cx.now,
        modified: cx.now,
        status: Status::Failed,
        carrier: None,
        service: None,
        tracking_number: None,
        detail: booking.shipment_detail,
        recipient: booking.recipient,
        sender: booking.sender,
        products: booking.products.unwrap_or_default(),
        tags: booking.tags.iter().flatten().filter_map(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok())).collect(),
        messages: Vec::new(),
        enclosed: Vec::new(),
        to_enclose: Vec::new(),
        printed: false,
    };
    let (email, peer) = (cx.credential.text("email"), cx.call.request.peer);
    shipment.tell(cx.now, Tone::Info, format!("Shipment added over API by {email} ({peer})"));
    shipment
}

fn assign(shipment: &mut Shipment, chosen: Chosen) {
    shipment.carrier = Some(chosen.carrier.name.clone());
    shipment.service = Some(Service { id: chosen.service.id, name: chosen.service.name.clone() });
}

fn dispatch(cx: &Cx<'_>, shipment: &mut Shipment, chosen: Chosen) {
    assign(shipment, chosen);
    shipment.tell(cx.now, Tone::Info, format!("To be dispatched with {}'s {}", chosen.carrier.name, chosen.service.name));
}

/// Has the carrier look at a shipment: it takes it, which gives it a number and sends its parcel on its way, or it says why
/// not. What there is to say about it.
pub(in super::super) fn submit(cx: &mut Cx<'_>, shipment: &mut Shipment, chosen: Chosen) -> String {
    if let Some(objection) = failures::of_booking(cx).or_else(|| routing::objection(chosen, shipment)) {
        shipment.status = Status::Failed;
        return tell(cx, shipment, Tone::Error, objection);
    }
    let tracking = cx.tracking_number(chosen.carrier.form(&chosen.service.name));
    shipment.status = Status::Complete;
    shipment.tracking_number = Some(tracking.clone());
    let message = tell(cx, shipment, Tone::Success, format!("{} tracking reference received: {tracking}", chosen.carrier.name));
    let way = shipment.way();
    let service = (chosen.carrier.name.as_str(), chosen.service.name.as_str(), chosen.service.days, chosen.service.by);
    parcels::ship(cx, &tracking, service, &shipment.reference, way);
    for (carrier, service) in std::mem::take(&mut shipment.to_enclose).into_iter().filter_map(|id| CATALOG.return_service(id)) {
        let label = returns::issue(cx, shipment, carrier, service);
        shipment.enclosed.push(label);
    }
    message
}

fn tell(cx: &Cx<'_>, shipment: &mut Shipment, tone: Tone, message: String) -> String {
    shipment.tell(cx.now, tone, &message);
    message
}
