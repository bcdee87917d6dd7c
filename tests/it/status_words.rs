//! What the manual says of how vendors show the statuses of parcels, and of how exchanges end, is what they do.

use std::fs;
use std::path::Path;

use http::Method;
use seatrial::base::time;
use seatrial::carrier::Status;
use seatrial::engine::{Machine, Options};
use seatrial::vendors;
use seatrial::world::End;
use serde_json::{Value, json};

use crate::advance::advance;
use crate::made_up::{self, request, set_scenario, start};

const SHIPPO: &[(&str, &str)] = &[("authorization", "ShippoToken shippo_live_any")];
const SHIPMATE: &[(&str, &str)] = &[("x-shipmate-api-key", "sm_test_12345abcde-1234-5678-90ab-abcdef0123456"), ("x-shipmate-token", "any")];
const SHIPTIME: &[(&str, &str)] = &[("authorization", "Basic c2FuZGJveDpzYW5kYm94")];
const SHIPSTATION: &[(&str, &str)] = &[("api-key", "seatrial-live")];

/// Test mode tells nothing of parcels at Shippo.
const BEGINNING: &str = "clock: {mode: frozen}\ncredentials: any\naccounts: {shippo: [{token: shippo_live_any, mode: live}]}\n";

fn call(machine: &Machine, path: &str, credentials: &[(&'static str, &str)], body: Option<Value>) -> Value {
    let headers = [&[("host", "127.0.0.1:7447"), ("accept", "application/json")], credentials].concat();
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let answer = machine.handle(&request(method, path, &headers, &body), start());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// A parcel of each vendor, by what leads to it.
fn parcels(machine: &Machine) -> [String; 4] {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let home =
        json!({"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let rated = json!({"address_from": home, "address_to": home, "parcels": [parcel], "async": false});
    let rated = call(machine, "/shippo/shipments", SHIPPO, Some(rated));
    let rates = rated["rates"].as_array().expect("there are rates");
    let rate = rates.iter().find(|rate| rate["provider"] == "USPS").expect("USPS has one");
    let bought = call(machine, "/shippo/transactions", SHIPPO, Some(json!({"rate": rate["object_id"], "async": false})));
    let to = json!({"name": "Alex", "line_1": "1 Example Street", "city": "Derby", "postcode": "DE1 1EE", "country": "GB"});
    let parcel = json!({"reference": "80000001-1", "weight": 3000, "width": 20, "length": 10, "depth": 15});
    let booking = json!({"consignment_reference": "80000001", "service_key": "DPDNEXT", "to_address": to, "parcels": [parcel]});
    let booked = call(machine, "/shipmate/v1.1/consignments", SHIPMATE, Some(booking));
    let from = json!({
        "companyName": "Shipper", "attention": "Sam", "phone": "416 555 0100", "streetAddress": "1 Example Street",
        "city": "Mississauga", "state": "ON", "countryCode": "CA", "postalCode": "L5V2N1",
    });
    let piece = json!({"length": 10, "width": 10, "height": 10, "weight": 2, "description": "Package"});
    let rates = json!({
        "from": from, "to": from, "packageType": "PACKAGE", "lineItems": [piece], "unitOfMeasurement": "IMPERIAL",
        "shipDate": "2026-01-06",
    });
    let shipped = json!({"rateRequest": rates, "carrierId": "26", "serviceId": "PurolatorGround"});
    let shipped = call(machine, "/shiptime/rest/shipments", SHIPTIME, Some(shipped));
    let home = json!({
        "name": "Ada", "phone": "555-010-0199", "address_line1": "123 Example St", "city_locality": "Vista", "state_province": "CA",
        "postal_code": "92081", "country_code": "US",
    });
    let packages = json!([{"weight": {"value": 10, "unit": "ounce"}}]);
    let shipment = json!({
        "carrier_id": "se-128005", "service_code": "usps_ground_advantage", "ship_to": home, "ship_from": home, "packages": packages,
    });
    let label = call(machine, "/shipstation/v2/labels", SHIPSTATION, Some(json!({"shipment": shipment})));
    assert_eq!(booked["message"], "Consignment Created");
    [text(&bought["tracking_number"]), "80000001".to_owned(), text(&shipped["shipId"]), text(&label["label_id"])]
}

/// The row of the table for a status.
fn row(machine: &Machine, status: Status) -> String {
    let word = status.word();
    let vendors = ["shippo", "shipmate", "shiptime", "shipstation_v2"];
    let timelines = vendors.map(|vendor| format!("  {vendor}: {{for: {{vendor: {vendor}}}, steps: [{{at: +1h, status: {word}}}]}}\n"));
    let scenario = format!("{BEGINNING}timelines:\n{}", timelines.concat());
    set_scenario(machine, &scenario).expect("a scenario");
    let [shippo, shipmate, shiptime, label] = parcels(machine);
    let sandbox = machine.default_sandbox();
    let now = sandbox.lock().world.clock().now(start());
    advance(machine, sandbox, time::shift(now, time::span("2h").expect("a span")), start());
    let cell = |values: &[&Value]| {
        let words: Vec<String> = values.iter().filter_map(|value| value.as_str()).map(|word| format!("`{word}`")).collect();
        if words.is_empty() { "–".to_owned() } else { words.join(", ") }
    };
    let found = call(machine, &format!("/shippo/tracks/usps/{shippo}"), SHIPPO, None);
    let shippo = cell(&[&found["tracking_status"]["status"], &found["tracking_status"]["substatus"]["code"]]);
    let found = call(machine, &format!("/shipmate/v1.1/consignments/{shipmate}/events"), SHIPMATE, None);
    let events = found["data"].as_object().and_then(|parcels| parcels.values().next()).map(|parcel| &parcel["tracking_events"]);
    let shipmate = cell(&[&events.expect("a parcel")[1]["type"]]);
    let shiptime = cell(&[&call(machine, &format!("/shiptime/rest/track/{shiptime}"), SHIPTIME, None)["trackingRecord"]["currentStatus"]]);
    let found = call(machine, &format!("/shipstation/v2/labels/{label}/track"), SHIPSTATION, None);
    let shipstation = cell(&[&found["status_code"], &found["status_detail_code"]]);
    format!("| `{word}` | {shippo} | {shipmate} | {shiptime} | {shipstation} |")
}

fn manual() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenarios.md")).expect("the manual is there")
}

#[test]
pub fn the_manual_says_how_vendors_show_each_status() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let rows: Vec<String> = Status::ALL.into_iter().map(|status| row(&machine, status)).collect();
    let table = rows.join("\n");
    assert!(manual().contains(&table), "{table}");
}

#[test]
pub fn the_manual_names_every_end_of_an_exchange() {
    let manual = manual();
    let told = manual.split("`$answer.wire` says how an exchange ended").nth(1).and_then(|rest| rest.split("\n\n").next());
    for (_, word) in End::ALL {
        assert!(told.is_some_and(|told| told.contains(&format!("`{word}`"))), "{word}");
    }
}
