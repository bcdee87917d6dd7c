//! What one request may cost: hostile bodies, just within what is read, to an operation of each vendor that looks at all of them. None
//! has the server take 64 MiB more, or long; and of a caller who is not authenticated, a body is received and no more.

use serde_json::json;

use crate::client::{self, JSON};
use crate::process::Server;

type Header = (&'static str, &'static str);

const FORM: Header = ("content-type", "application/x-www-form-urlencoded");
const PARTS: Header = ("content-type", "multipart/form-data; boundary=x");
const TEXT: Header = ("content-type", "text/plain");

/// Operations, two members that each reads, and what lets a caller in.
const OPERATIONS: [(&str, [&str; 2], &[Header]); 7] = [
    ("/shippo/shipments", ["parcels", "address_to"], &[("authorization", "ShippoToken shippo_test_seatrial")]),
    ("/shippo/orders", ["line_items", "to_address"], &[("authorization", "ShippoToken shippo_test_seatrial")]),
    (
        "/shipmate/v1.1/consignments",
        ["parcels", "to_address"],
        &[
            ("x-shipmate-api-key", "sm_test_12345abcde-1234-5678-90ab-abcdef0123456"),
            ("x-shipmate-token", "3674eb125fe777d8c152fe52f35e78f2"),
        ],
    ),
    ("/shiptheory/v1/shipments", ["products", "packages"], &[("authorization", "Bearer AasLK190ALhaLDSj1nal92Ja...")]),
    ("/shiptime/rest/rates", ["lineItems", "from"], &[("authorization", "Basic c2FuZGJveDpzYW5kYm94")]),
    ("/shipstation/orders/createorder", ["items", "billTo"], &[("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0")]),
    ("/shipstation/v2/batches", ["shipment_ids", "rate_ids"], &[("api-key", "TEST_seatrial")]),
];

/// The most rows of one list, and of a whole body, that are read.
const ROWS: usize = 12_000;
const VALUES: usize = 65_000;
/// A long text. Bodies may be three times as long, and what is long takes at most seven times its bytes.
const LONG: usize = 3_000_000;

const MEMORY: usize = 64 << 20;
/// A build without optimizations takes ten times as long as others, of which 250 ms are expected.
const MILLISECONDS: u64 = 250 * 10;

/// The body of JSON that has both members, each with this value.
fn members(names: [&str; 2], value: &str) -> String {
    format!(r#"{{"{}": {value}, "{}": {value}}}"#, names[0], names[1])
}

fn rows(row: &str, count: usize) -> String {
    format!("[{}]", vec![row; count].join(","))
}

/// The same with as many blanks as a large body of such rows needs to be read.
fn spaced(row: &str, values: usize) -> String {
    let filled = row.matches(['[', '{']).count() - row.matches("[]").count() - row.matches("{}").count();
    format!("{row:<width$}", width = 8 * (values + filled))
}

/// What is sent, by the name of what is hostile about it.
fn bodies(names: [&str; 2]) -> Vec<(&'static str, Header, String)> {
    let lists = |row: &str, values: usize| members(names, &rows(&spaced(row, values), (VALUES / values / 2).min(ROWS)));
    let texts = |unit: &str| members(names, &format!("\"{}\"", unit.repeat(LONG / unit.len() / 2 - 20)));
    let chain = format!("{}1{}", r#"{"a":"#.repeat(60), "}".repeat(60));
    let keys = |name: &str| (0..ROWS - 1).map(|number| format!(r#""{name}{number}":1"#)).collect::<Vec<_>>().join(",");
    let pairs = |suffix: &str| (0..ROWS).map(|number| format!("{}{suffix}=123456789", names[number % 2])).collect::<Vec<_>>().join("&");
    let again = spaced(&format!(r#""{}":[{{}}]"#, names[0]), 2);
    let part = |name: &str| format!("--x\r\ncontent-disposition: form-data; name=\"{name}[][a]\"\r\n\r\n1\r\n");
    let parts: String = (0..ROWS - 1).map(|number| part(names[number % 2])).collect();
    vec![
        ("empty objects", JSON, lists("{}", 1)),
        ("objects", JSON, lists(r#"{"a":1}"#, 2)),
        ("lists", JSON, lists("[1]", 2)),
        ("numbers", JSON, lists("1", 1)),
        ("texts", JSON, lists(r#""a""#, 1)),
        ("nulls", JSON, lists("null", 1)),
        ("rows of both", JSON, lists(&members(names, r#""1""#), 3)),
        ("chains of objects", JSON, lists(&chain, 61)),
        ("nesting without end", JSON, spaced(r#"{"a":["#, 2).repeat(VALUES / 2)),
        ("a long text", JSON, texts("x")),
        ("a text of escapes", JSON, texts("\\u00e4")),
        ("many members", JSON, format!("{{{}}}", keys("k"))),
        ("many long members", JSON, format!("{{{}}}", keys(&"k".repeat(800)))),
        ("one member again and again", JSON, format!("{{{}}}", vec![again; ROWS - 1].join(","))),
        ("a text that does not end", JSON, texts("x").replace("\"}", "")),
        ("blanks", JSON, " ".repeat(LONG)),
        ("pairs", FORM, (0..ROWS).map(|number| format!("a{number}=1")).collect::<Vec<_>>().join("&")),
        ("rows of pairs", FORM, pairs("[][a]")),
        ("nested pairs", FORM, pairs("[][a][b][c]")),
        ("one long pair", FORM, "%00".repeat(LONG / 3)),
        ("parts", PARTS, format!("{parts}--x--\r\n")),
        ("neither JSON nor a form", TEXT, "<a>".repeat(LONG / 3)),
    ]
}

/// Sends a body; the status of the answer, and how much of the server's memory and time it took.
fn cost(server: &Server, path: &str, headers: &[Header], body: &str) -> (u16, usize, u64) {
    let idle = server.forget_peak();
    let before = server.busy_milliseconds();
    let status = client::send(server, "POST", path, headers, body).status;
    (status, server.peak().saturating_sub(idle), server.busy_milliseconds() - before)
}

#[test]
fn a_hostile_body_takes_a_bounded_part_of_memory_and_time() {
    for (path, names, credentials) in OPERATIONS {
        let server = Server::start(&[]);
        client::send(&server, "POST", path, &[&[JSON], credentials].concat(), "{}");
        for (name, kind, body) in bodies(names) {
            let (status, bytes, milliseconds) = cost(&server, path, &[&[kind], credentials].concat(), &body);
            let most = if body.len() > LONG / 2 { MEMORY.min(7 * body.len()) } else { MEMORY };
            assert!(bytes < most && milliseconds < MILLISECONDS, "{path}: {name}: {status}, {bytes} bytes, {milliseconds} ms");
            // ShipStation V1 fails where there is no body.
            let is_vendors = [200, 201, 202, 400, 415, 422].contains(&status) || (name, status) == ("blanks", 500);
            assert!(is_vendors, "{path}: {name} is read, and refused by the vendor: {status}");
        }
        assert!(server.resident() < 3 * MEMORY, "{path}: {} bytes stay", server.resident());
    }
}

#[test]
fn the_body_of_a_caller_without_a_credential_is_not_read() {
    for (path, names, _) in OPERATIONS {
        let server = Server::start(&[]);
        client::send(&server, "POST", path, &[JSON], "{}");
        for (name, kind, body) in bodies(names) {
            // Short bodies cost less to read than to look for a reason not to.
            let wrong = [kind, ("authorization", "ShippoToken nobody"), ("api-key", "nobody"), ("x-shipmate-api-key", "nobody")];
            let (status, bytes, milliseconds) = cost(&server, path, &wrong, &body);
            assert_eq!(status, 401, "{path}: {name}");
            let most = 8 * body.len() / 3 + (4 << 20);
            assert!(bytes < most && milliseconds < MILLISECONDS / 2, "{path}: {name}: {bytes} of {most} bytes, {milliseconds} ms");
        }
    }
}

#[test]
fn a_body_that_is_accepted_takes_at_most_twenty_times_its_bytes() {
    let server = Server::start(&[]);
    let (path, _, credentials) = OPERATIONS[5];
    let town = r#"{"name": "A", "street1": "1 Main St", "city": "Boston", "state": "MA", "postalCode": "02101", "country": "US"}"#;
    let order =
        format!(r#""orderNumber": "1", "orderDate": "2026-01-05", "orderStatus": "awaiting_shipment", "billTo": {town}, "shipTo": {town}"#);
    let body = |row: &str, count: usize| format!(r#"{{{order}, "more": {}}}"#, rows(&rows(row, 4_000), count / 4_000));
    let headers = [&[JSON], credentials].concat();
    client::send(&server, "POST", path, &headers, &body("1", 4_000));
    for (row, values) in [("[]", 1), ("{}", 1), ("[[]]", 2), (r#"{"a":{}}"#, 2), ("[[[]]]", 3), (r#"{"a":1,"b":2}"#, 3), ("[1,[2]]", 4)] {
        let count = 60_000 / values;
        let answer = client::send(&server, "POST", path, &headers, &body(row, count));
        assert_eq!(answer.status, 413, "{row}: {}", answer.body);
        let spaced = body(&spaced(row, values), count);
        let (status, bytes, _) = cost(&server, path, &headers, &spaced);
        assert_eq!(status, 200, "{row}");
        assert!(bytes < 20 * spaced.len() + (1 << 20), "{row}: {bytes} bytes for {}", spaced.len());
    }
}

/// Bodies of many short rows that are accepted; vendors add members to each row.
#[test]
fn rows_that_a_vendor_fills_up_take_at_most_twenty_times_what_is_received_or_sent() {
    let town =
        r#"{"name":"A","address_line1":"1 Main St","city_locality":"Boston","state_province":"MA","postal_code":"02101","phone":"1","#;
    let town = format!(r#"{town}"country_code":"US"}}"#);
    let order =
        r#""orderNumber":"1","orderDate":"2026-01-05","orderStatus":"awaiting_shipment","billTo":{"name":"A"},"shipTo":{"name":"A"}"#;
    let goods = r#"{"description":"x","quantity":1,"net_weight":"1","mass_unit":"lb","value_amount":"1","value_currency":"USD","#;
    let goods = &*format!(r#"{goods}"origin_country":"US"}}"#);
    let declaration = r#""contents_type":"MERCHANDISE","non_delivery_option":"RETURN","certify":true,"certify_signer":"A""#;
    let item = r#"{"sku":"a","name":"b","quantity":1,"unitPrice":1}"#;
    for (at, path, before, row, counts, after) in [
        (5, "/shipstation/orders/createorder", format!(r#"{{{order},"items":["#), item, [300, 3_000, 9_000], "]}"),
        (
            6,
            "/shipstation/v2/shipments",
            format!(
                r#"{{"shipments":[{{"ship_to":{town},"ship_from":{town},"packages":[{{"weight":{{"value":1,"unit":"ounce"}}}}],"items":["#
            ),
            r#"{"name":"b", "quantity":1}                     "#,
            [300, 3_000, 6_000],
            "]}]}",
        ),
        (0, "/shippo/customs/declarations", format!(r#"{{{declaration},"items":["#), goods, [300, 1_000, 3_000], "]}"),
    ] {
        let server = Server::start(&[]);
        let headers = [&[JSON], OPERATIONS[at].2].concat();
        let body = |count: usize| format!("{before}{}{after}", vec![row; count].join(","));
        client::send(&server, "POST", path, &headers, &body(1));
        for count in counts {
            let body = body(count);
            let idle = server.forget_peak();
            let answer = client::send(&server, "POST", path, &headers, &body);
            let (bytes, larger) = (server.peak().saturating_sub(idle), body.len().max(answer.body.len()));
            assert!([200, 201].contains(&answer.status), "{path}: {count}: {}", answer.body);
            assert!(bytes < MEMORY.min(20 * larger + (2 << 20)), "{path}: {count}: {bytes} bytes for {} and {larger}", body.len());
        }
    }
}

#[test]
fn a_schema_that_refers_to_itself_twice_costs_a_short_body_little() {
    let own = json!({"$ref": "#/components/schemas/N"});
    let twice = json!({"anyOf": [{"allOf": [own, {"required": ["x"]}]}, own]});
    let thing = json!({"type": "object", "properties": {"n": twice, "v": {"type": "integer"}}});
    let content = json!({"application/json": {"schema": own}});
    let make = json!({"operationId": "make", "requestBody": {"content": content}, "responses": {"201": {"description": "made"}}});
    let document = json!({
        "openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "components": {"schemas": {"N": thing}},
        "paths": {"/things": {"post": make}},
    });
    let file = std::env::temp_dir().join(format!("seatrial-twice-{}.json", std::process::id()));
    std::fs::write(&file, document.to_string()).expect("it can be written");
    let server = Server::start(&["--vendor", &format!("acme={}", file.display())]);
    let _ = std::fs::remove_file(&file);
    let body = format!(r#"{}{{"v":"x"}}{}"#, r#"{"n":"#.repeat(40), "}".repeat(40));
    client::send(&server, "POST", "/acme/things", &[JSON], "{}");
    let before = server.busy_milliseconds();
    client::send(&server, "POST", "/acme/things", &[JSON], &body);
    let took = server.busy_milliseconds() - before;
    assert!(took < 500, "{took} ms");
}

#[test]
fn a_dense_body_is_refused_from_eight_kibibytes_on() {
    let server = Server::start(&[]);
    for (path, names, credentials) in OPERATIONS {
        for row in ["{}", "[]", "1", "[[]]", r#"{"":{}}"#] {
            let body = |bytes: usize| format!(r#"{{"{}": {}}}"#, names[0], rows(row, bytes / (row.len() + 1)));
            let headers = [&[JSON], credentials].concat();
            let (status, bytes, milliseconds) = cost(&server, path, &headers, &body(8_000));
            assert!(bytes < 16 << 20 && milliseconds < MILLISECONDS / 2, "{path}: {row}: {bytes} bytes, {milliseconds} ms");
            assert_ne!(status, 413, "{path}: {row}");
            for bytes in [9_000, 65_000] {
                let answer = client::send(&server, "POST", path, &headers, &body(bytes));
                assert_eq!(answer.status, 413, "{path}: {row}: {}", answer.body);
            }
        }
        let piece = r#"{"length":1,"width":1,"height":1,"weight":1}"#;
        let body = format!(r#"{{"{}": {}}}"#, names[0], rows(piece, 1_000));
        assert_ne!(client::send(&server, "POST", path, &[&[JSON], credentials].concat(), &body).status, 413, "{path}");
    }
}

#[test]
fn more_rows_than_any_list_may_have_are_refused_unread() {
    let server = Server::start(&[]);
    for (path, names, credentials) in OPERATIONS {
        let keys = (0..=ROWS).map(|number| format!(r#""k{number}":1"#)).collect::<Vec<_>>().join(",");
        for (kind, body) in [
            (JSON, members(names, &rows("{\"abcdef\": 1}", ROWS + 1))),
            (JSON, format!("{{{keys}}}")),
            (FORM, vec!["a[]=123456"; ROWS + 1].join("&")),
            (FORM, vec!["a%5B1%5D%5B2%5D%5B3%5D%5B4%5D%5B5%5D%5B6%5D%5B7%5D=1"; ROWS - 1].join("&")),
        ] {
            let answer = client::send(&server, "POST", path, &[&[kind], credentials].concat(), &body);
            assert_eq!(answer.status, 413, "{path}: {:.40}: {}", body, answer.body);
            assert!(answer.head.contains("seatrial-notes: body-too-large"), "{}", answer.head);
        }
    }
}

/// Shipments of thousands of parcels, whose files have as many pages as the vendors' files have at most.
#[test]
fn files_of_thousands_of_labels_are_bounded() {
    let server = Server::start(&["--in-flight-bytes", "16MiB"]);
    let town = r#"{"companyName":"Ann","attention":"Bo","phone":"416 555 0100","streetAddress":"1 Example Street","city":"Toronto","#;
    let town = format!(r#"{town}"state":"ON","countryCode":"CA","postalCode":"M5S2C6"}}"#);
    let pieces = rows(r#"{"length":10,"width":10,"height":10,"weight":2,"description":"Package"}"#, 9_000);
    let rates = format!(r#""from":{town},"to":{town},"packageType":"PACKAGE","unitOfMeasurement":"IMPERIAL","shipDate":"2026-01-05""#);
    let body = format!(r#"{{"rateRequest":{{{rates},"lineItems":{pieces}}},"carrierId":"14","serviceId":"1"}}"#);
    let credentials = OPERATIONS[4].2;
    let booked = client::send(&server, "POST", "/shiptime/rest/shipments", &[&[JSON], credentials].concat(), &body);
    assert_eq!(booked.status, 200, "{:.500}", booked.body);
    let id = &booked.json()["shipId"];
    let idle = server.forget_peak();
    let label = client::send(&server, "GET", &format!("/shiptime/rest/shipments/{id}/label"), credentials, "");
    let bytes = server.peak().saturating_sub(idle);
    assert_eq!(label.status, 200);
    assert!(label.head.contains("seatrial-notes: label-pages"), "{}", label.head);
    assert!(label.body.contains("/Count 200") && label.body.len() < 2 << 20, "{} bytes", label.body.len());
    assert!(bytes < 16 << 20, "{bytes} bytes");

    let credentials = OPERATIONS[2].2;
    let parcel = |number: usize| format!(r#"{{"reference":"P{number}","weight":3000,"width":20,"length":10,"depth":15}}"#);
    let parcels = (0..1_000).map(parcel).collect::<Vec<_>>().join(",");
    let town = r#"{"name":"A","line_1":"1 Example Street","city":"Derby","postcode":"DE1 1EE","country":"GB"}"#;
    let body = format!(r#"{{"consignment_reference":"C","service_key":"DPDNEXT","to_address":{town},"parcels":[{parcels}]}}"#);
    let booked = client::send(&server, "POST", OPERATIONS[2].0, &[&[JSON], credentials].concat(), &body);
    assert_eq!(booked.status, 201, "{:.500}", booked.body);
    assert!(booked.head.contains("seatrial-notes: labels-left-out"), "{}", booked.head);
    assert_eq!((booked.body.matches("CT~~CD").count(), booked.body.matches("parcel_reference").count()), (100, 1_000));
}
