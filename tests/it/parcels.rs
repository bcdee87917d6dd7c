//! Parcels of a vendor that tells nothing of them, as the sandbox keeps them.

use http::Method;
use seatrial::base::time;
use seatrial::carrier::Parcel;
use seatrial::engine::{Machine, Options};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::advance::advance;
use crate::made_up::{self, request, start};

fn call(machine: &Machine, path: &str, body: &Value) -> Value {
    let headers = [("host", "127.0.0.1:7447"), ("accept", "application/json"), ("authorization", "Bearer AasLK190ALhaLDSj1nal92Ja...")];
    let request = request(Method::POST, path, &headers, &body.to_string());
    serde_json::from_slice(&machine.handle(&request, start()).body).expect("the answer is JSON")
}

#[test]
fn a_shiptheory_booking_is_delivered_on_the_day_and_by_the_time_of_its_service() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let booking = json!({
        "reference": "S-1",
        "reference2": "O-1",
        "delivery_service": 3013,
        "shipment_detail": {"weight": 0.6, "parcels": 1, "value": 4.99},
        "recipient": {
            "company": "Acme Ltd", "firstname": "Alex", "lastname": "Example", "address_line_1": "1 Example Road", "city": "Inverness",
            "country": "GB", "postcode": "IV1 1AA", "telephone": "01174960000",
        },
    });
    let answer = call(&machine, "/shiptheory/v1/shipments", &booking);
    let number = answer["carrier_result"]["tracking"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let check = |span: &str, hour: &str, status: &str, city: &str| {
        let sandbox = machine.default_sandbox();
        let now = sandbox.lock().world.clock().now(start());
        advance(&machine, sandbox, time::shift(now, time::span(span).expect("a test writes valid spans")), start());
        let parcel: Option<Parcel> = machine.with_parcel(sandbox, &number, start(), |_, parcel| parcel.clone()).ok();
        let scan = parcel.and_then(|parcel| parcel.scans.last().cloned()).expect("the parcel was scanned when it was made");
        let place = scan.location.as_ref().map_or("", |place| &place.city);
        let found = (scan.at.strftime("%d %H").to_string(), scan.status.word(), place);
        assert_eq!((found.0.as_str(), found.1, found.2), (hour, status, city));
    };
    check("0s", "05 09", "created", "");
    check("9h", "05 17", "manifested", "Bath");
    check("1h", "05 18", "collected", "Bath");
    check("3h", "05 21", "in_transit", "Bristol");
    // The Highlands are a day further, and sold as `by 10.00`.
    check("24h", "06 20", "in_transit", "Cumbernauld");
    check("10h", "07 06", "out_for_delivery", "Inverness");
    check("3h", "07 09", "delivered", "Inverness");
}
