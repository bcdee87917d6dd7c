//! Labels of parcels, as every vendor prints them, from the admin API and on the page of the parcel.

use serde_json::{Value, json};

use crate::client::{admin, send};
use crate::process::Server;

/// A parcel of each vendor that sells labels.
const GIVEN: &str = r#"
clock: {start: 2026-01-05T09:00:00Z, mode: frozen}
given:
  - shippo.CreateTransaction:
      carrier_account: usps
      servicelevel_token: usps_priority
      async: false
      shipment:
        address_from: &quay {name: Ada, street1: 215 Clayton St., city: San Francisco, state: CA, zip: "94117", country: US}
        address_to: *quay
        parcels: [{length: "5", width: "5", height: "5", distance_unit: in, weight: "2", mass_unit: lb}]
  - shipstation_v2.create_label:
      shipment:
        carrier_id: stamps_com
        service_code: usps_ground_advantage
        ship_to: &office {name: Ada, phone: 555-010-0199, address_line1: 1 Example St, city_locality: Vista, state_province: CA, postal_code: "92081", country_code: US}
        ship_from: *office
        packages: [{weight: {value: 1, unit: ounce}}]
  - shipmate.createConsignment:
      consignment_reference: C-1
      service_key: DPDNEXT
      to_address: {name: Ada, line_1: 14 Mooring Lane, city: Derby, postcode: DE1 1EE, country: GB}
      parcels: [{reference: C-1-1, weight: 3000, width: 20, length: 10, depth: 15}]
  - shiptheory.bookShipment:
      reference: S-1
      reference2: O-1
      delivery_service: 3013
      shipment_detail: {weight: 0.6, parcels: 1, value: 4.99}
      recipient: {company: Acme Ltd, firstname: Alex, lastname: Example, address_line_1: 1 Example Road, city: Inverness, country: GB, postcode: IV1 1AA, telephone: "01174960000"}
  - shiptime.shipments-post:
      rateRequest:
        from: {companyName: Example Shipper, attention: Sam Example, phone: 416 555 0100, state: "ON", streetAddress: 1 Example Street, city: Mississauga, countryCode: CA, postalCode: L5V2N1}
        to: {companyName: Example Receiver, attention: Alex Example, phone: 416 555 0101, state: "ON", streetAddress: 2 Example Street, city: Toronto, countryCode: CA, postalCode: M5S2C6}
        packageType: PACKAGE
        lineItems: [{length: 10, width: 10, height: 10, weight: 2, description: Package}]
        unitOfMeasurement: IMPERIAL
        shipDate: "2026-01-06"
      carrierId: "14"
      serviceId: "1"
"#;

#[test]
fn the_label_of_every_vendors_parcel_is_shown_and_downloaded() {
    let server = Server::start(&[]);
    let put = send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &[("content-type", "application/yaml")], GIVEN);
    assert_eq!(put.status, 200, "{}", put.body);
    let parcels = admin(&server, "GET", "/sandboxes/default/parcels", &Value::Null)["parcels"].clone();
    let parcels = parcels.as_array().expect("it is a list");
    assert_eq!(parcels.len(), 5, "{parcels:?}");
    for parcel in parcels {
        assert_eq!(parcel["label"], Value::Null, "lists do not say");
        let (vendor, number) = (&parcel["vendor"], parcel["tracking_number"].as_str().expect("it has one"));
        assert_eq!(admin(&server, "GET", &format!("/parcels/{number}"), &Value::Null)["label"], json!(true), "{vendor}");
        let label = |query: &str| send(&server, "GET", &format!("/_seatrial/parcels/{number}/label{query}"), &[], "");
        for (query, kind, mark) in [
            ("", "image/png", "IHDR"),
            ("?format=png&dpi=300", "image/png", "IHDR"),
            ("?format=pdf", "application/pdf", "%PDF-"),
            ("?format=zpl", "application/octet-stream", "^XA"),
        ] {
            let answer = label(query);
            assert!(answer.status == 200 && answer.kind == kind && answer.body.contains(mark), "{vendor} {query}: {}", answer.head);
        }
        // A program for printers has its texts in clear.
        assert!(label("?format=zpl").body.replace(' ', "").contains(number), "{vendor}: {number} is printed");
        for wrong in ["?format=gif", "?dpi=72", "?sandbox=none"] {
            assert!([400, 404].contains(&label(wrong).status), "{vendor} {wrong}");
        }
        let page = format!("/_seatrial/ui/default/parcels/{number}");
        let html = send(&server, "GET", &page, &[], "").body;
        assert!(html.contains(&format!("<img class=\"label\" src=\"{page}/label?format=png\"")), "{vendor}: {html}");
        let picture = send(&server, "GET", &format!("{page}/label"), &[], "");
        assert!(picture.status == 200 && picture.kind == "image/png" && picture.head.contains("nosniff"), "{}", picture.head);
        let file = send(&server, "GET", &format!("{page}/label?format=pdf"), &[], "");
        assert!(file.status == 200 && file.head.contains("content-disposition: attachment"), "{}", file.head);
    }
    assert_eq!(send(&server, "GET", "/_seatrial/parcels/none/label", &[], "").status, 404);
    assert_eq!(send(&server, "GET", "/_seatrial/ui/default/parcels/none/label", &[], "").status, 404);
}
