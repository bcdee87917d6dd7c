//! What notes say of a request: where it departs from what was expected, what was found, and what is nearest. The vendor's own answer
//! stays as it is.

use serde_json::{Value, json};

use crate::client::{self, JSON, send};
use crate::folder::Folder;
use crate::process::Server;

const JOURNAL: &str = "/_seatrial/sandboxes/default/requests";
const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");
const KEY: (&str, &str) = ("x-shipmate-api-key", "sm_test_12345abcde-1234-5678-90ab-abcdef0123456");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// All that an estimate needs but a carrier.
const ESTIMATE: &str = r#"{
    "from_country_code": "US", "from_postal_code": "78701", "from_city_locality": "Austin", "from_state_province": "TX",
    "to_country_code": "US", "to_postal_code": "94117", "to_city_locality": "San Francisco", "to_state_province": "CA",
    "weight": {"value": 1, "unit": "pound"}, "ship_date": "2030-01-05T00:00:00Z"
}"#;

/// The notes on the newest call of the journal.
fn notes(server: &Server) -> Vec<Value> {
    let found = send(server, "GET", &format!("{JOURNAL}?limit=1"), &[], "").json();
    found["requests"][0]["notes"].as_array().expect("an entry has notes").clone()
}

/// Makes a call and looks for a note with that code, at that place, with these parts in its detail.
fn check(server: &Server, call: &str, headers: &[(&str, &str)], body: &str, (code, place, parts): (&str, &str, &[&str])) {
    let (method, path) = call.split_once(' ').expect("a method and a path");
    let headers: Vec<_> = [("host", "localhost")].iter().chain(headers).copied().collect();
    let answer = send(server, method, path, &headers, body);
    let notes = notes(server);
    let note = notes.iter().find(|note| note["code"] == code && note["where"] == place);
    let note = note.unwrap_or_else(|| panic!("{call}: no {code} at `{place}` in {}", json!(notes)));
    let detail = note["detail"].as_str().expect("a text");
    assert!(parts.iter().all(|part| detail.contains(part)), "{call}: {detail}");
    assert_eq!(note["blame"], "caller", "{call}");
    assert!(answer.head.contains(code), "{call}: the header says it: {}", answer.head);
}

#[test]
fn every_departure_of_a_request_says_why() {
    let server = Server::start(&[]);
    let address = r#"{"name": "Ada", "stret1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"}"#;
    let found = "found a member that the document does not have, expected one of `";
    let json = [SHIPPO, JSON];
    check(&server, "POST /shippo/addresses", &json, address, ("unknown-member", "stret1", &[found, "; did you mean `street1`?"]));
    let parcels = r#"{"address_from": {"contry": "US"}, "parcels": [{"lenght": "5", "weight": "1"}], "async": false}"#;
    check(&server, "POST /shippo/shipments", &json, parcels, ("unknown-member", "parcels.0.lenght", &["did you mean `length`?"]));
    check(&server, "POST /shippo/shipments", &json, parcels, ("unknown-member", "address_from.contry", &["did you mean `country`?"]));
    let label = r#"{"rate": "x", "label_file_type": "PDF_4X7"}"#;
    let wrong = ("request-invalid", "label_file_type", &["found `\"PDF_4X7\"`, expected one of `", "did you mean `PDF_4x6`?"][..]);
    check(&server, "POST /shippo/transactions", &json, label, wrong);
    check(
        &server,
        "GET /shippo/adresses/",
        &[SHIPPO],
        "",
        ("unknown-operation", "/adresses/", &["did you mean `GET /addresses` (shippo.ListAddresses)?"]),
    );
    check(
        &server,
        "PATCH /shippo/addresses",
        &json,
        "{}",
        ("unknown-operation", "/addresses", &["found `PATCH /addresses`, expected `", "`GET`"]),
    );
    let near = [
        ("POST /shipstation/orders/createordr", "/orders/createordr", "`DELETE`; did you mean `POST /orders/createorder` ("),
        ("POST /shiptime/rates", "/rates", "did you mean `POST /rest/rates` ("),
        ("GET /shipmate/services", "/services", "/services` ("),
        ("GET /shippo/api/v1/addresses", "/api/v1/addresses", "did you mean `GET /addresses` (shippo.ListAddresses)?"),
        ("GET /shippo/track/usps/920559016491733753432", "/track/usps/920559016491733753432", "did you mean `GET /tracks/{"),
    ];
    for (call, path, near) in near {
        check(&server, call, &[SHIPPO], "", ("unknown-operation", path, &[near]));
    }
    check(&server, "GET /shippo/addresses?pgae=1", &[SHIPPO], "", ("unknown-parameter", "pgae", &["did you mean `page`?"]));
    check(
        &server,
        "POST /shippo/addresses",
        &json,
        "{\"name\": ",
        ("unreadable-body", "", &["found a body that cannot be read (", "), expected JSON"]),
    );
    check(&server, "POST /shippo/addresses", &json, "name=Ada", ("unreadable-body", "", &["is it a form?"]));
    // The vendor takes them for nothing, and says only which members it has not found.
    let key = KEY;
    let token = ("x-shipmate-token", "3674eb125fe777d8c152fe52f35e78f2");
    let broken = ("unreadable-body", "", &["found a body that cannot be read (", "), expected JSON"][..]);
    check(&server, "POST /shipmate/v1.1/skus", &[key, token, JSON], "{\"sku\": ", broken);
    check(&server, "POST /shipmate/v1.2/skus?sku=a", &[key, token, JSON], "{'sku': 1}", broken);
    let posted = (
        "wrong-content-type",
        "content-type",
        &["found `application/x-www-form-urlencoded` and a body that is JSON, expected `application/json`"][..],
    );
    check(&server, "POST /shippo/addresses", &[SHIPPO, FORM], address, posted);
    let plain = ("wrong-content-type", "content-type", &["found `text/plain`"][..]);
    check(&server, "POST /shippo/addresses", &[SHIPPO, ("content-type", "text/plain")], "x", plain);
    let zipped = ("content-encoding", "content-encoding", &["found `gzip`, expected a body that is not encoded"][..]);
    check(&server, "POST /shippo/addresses", &[SHIPPO, JSON, ("content-encoding", "gzip")], "{}", zipped);
    check(&server, "POST /shiptheory/v1/token", &[JSON], "\u{feff}{}", ("byte-order-mark", "", &["(UTF-8)"]));
    check(&server, "GET /shipmate//v1.1/services", &[], "", ("doubled-slash", "//v1.1/services", &["does the base URL end with a slash?"]));
    check(&server, "GET /shippo//addresses/", &[SHIPPO], "", ("doubled-slash", "//addresses/", &[]));
}

#[test]
fn what_only_a_handler_misses_is_noted() {
    let server = Server::start(&[]);
    let key = ("api-key", "TEST_seatrial");
    for (path, body, lacking) in
        [("rates", r#"{"rate_options": {"carrier_ids": ["se-128005"]}}"#, "shipment"), ("rates/estimate", ESTIMATE, "carrier_ids")]
    {
        let found = ("request-invalid", lacking, &["found "][..]);
        check(&server, &format!("POST /shipstation/v2/{path}"), &[key, JSON], body, found);
    }
}

#[test]
fn a_credential_that_lets_nobody_in_is_noted() {
    let server = Server::start(&[]);
    let lists = "expected one of the sandbox `default`: `/_seatrial/sandboxes/default` lists them";
    let unknown = ("credential-unknown", "", &["found an unknown credential", lists][..]);
    check(&server, "GET /shippo/addresses", &[("authorization", "ShippoToken nonsense")], "", unknown);
    check(&server, "GET /shiptime/rest/boxes", &[("authorization", "Basic eDp5")], "", unknown);
    check(&server, "GET /shipstation/orders", &[("authorization", "Basic !!")], "", ("credential-malformed", "", &[]));
    check(&server, "GET /shippo/addresses", &[], "", ("credential-missing", "", &["found no credential"]));
    for (path, sent, expected) in [
        ("/shippo/addresses", "Token shippo_test_seatrial", "found the scheme `Token`, expected `ShippoToken`: "),
        ("/shippo/addresses", "shippo_test_seatrial", "found a credential without a scheme, expected `ShippoToken`: "),
        ("/shiptheory/v1/services", "Basic eDp5", "found the scheme `Basic`, expected `bearer`: "),
        ("/shipstation/v2/carriers", "Basic eDp5", "found the scheme `Basic`, expected `api_key`: "),
    ] {
        check(&server, &format!("GET {path}"), &[("authorization", sent)], "", ("credential-malformed", "", &[expected]));
    }
    let login = ("credential-unknown", "", &["found a login that names nobody", lists][..]);
    check(&server, "POST /shiptheory/v1/token", &[JSON], r#"{"email": "a@b.c", "password": "wrong-password"}"#, login);
    check(&server, "POST /shiptime/oauth2/token", &[FORM], "grant_type=client_credentials&client_id=x&client_secret=y", login);
    check(&server, "POST /shipmate/v1.1/tokens", &[JSON, KEY], r#"{"username": "test@shipmate.co.uk", "password": "wrong"}"#, login);
}

#[test]
fn a_login_that_was_good_once_is_noted_as_what_it_is() {
    let folder = Folder::new("logins");
    let rows = "
        accounts:
          shiptheory:
            - {email: you@youremail.com, password: password, expires: 2026-01-01T00:00:00Z}
            - {email: they@youremail.com, password: password, revoked: true}
          shiptime: [{client_id: x, client_secret: y, revoked: true}]
    ";
    let server = Server::start(&["--scenario", &folder.put("logins.yaml", rows)]);
    let expired = ("credential-expired", "", &["found the login of an expired credential"][..]);
    check(&server, "POST /shiptheory/v1/token", &[JSON], r#"{"email": "You@youremail.com", "password": "password"}"#, expired);
    let revoked = ("credential-revoked", "", &["found the login of a revoked credential"][..]);
    check(&server, "POST /shiptheory/v1/token", &[JSON], r#"{"email": "they@youremail.com", "password": "password"}"#, revoked);
    check(&server, "POST /shiptime/oauth2/token", &[FORM], "grant_type=client_credentials&client_id=x&client_secret=y", revoked);
}

#[test]
fn notes_show_no_secret_that_they_found() {
    let server = Server::start(&[]);
    let body = format!(r#"{{"email": "a@b.c", "password": {{"q7": "{}"}}}}"#, "in-a-password");
    send(&server, "POST", "/shiptheory/v1/token", &[JSON], &body);
    send(&server, "POST", "/shiptheory/v1/token", &[JSON], r#"{"email": "a@b.c", "password": 7654321}"#);
    let shown = send(&server, "GET", JOURNAL, &[], "").body;
    assert!(!shown.contains("7654321") && !shown.contains("in-a-password"), "{shown}");
}

#[test]
fn a_request_that_is_as_documented_has_no_notes() {
    let server = Server::start(&[]);
    let address =
        r#"{"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US", "metadata": "x"}"#;
    let answer = send(&server, "POST", "/shippo/addresses", &[("host", "localhost"), SHIPPO, JSON], address);
    assert_eq!((answer.status, notes(&server)), (201, Vec::new()), "{}", answer.body);
    assert!(!answer.head.contains("seatrial-notes"), "{}", answer.head);
    client::send(&server, "GET", "/shippo/addresses?page=1&results=5", &[("host", "localhost"), SHIPPO], "");
    assert_eq!(notes(&server), Vec::<Value>::new());
}

#[test]
fn a_body_that_its_vendor_reads_is_not_called_unreadable() {
    let server = Server::start(&[]);
    let basic = ("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0");
    let to = "{name: 'Ada', street1: '1 Main St', city: 'Austin', state: 'TX', postalCode: '73301', country: 'US'}";
    let order =
        format!("{{orderNumber: 'A-1', orderDate: '2026-01-05', orderStatus: 'awaiting_shipment', billTo: {to}, shipTo: {to}}} // ours");
    for path in ["/shipstation/orders/createorder", "/shipstation/orders/createorder?source=shop"] {
        let answer = send(&server, "POST", path, &[("host", "localhost"), basic, JSON], &order);
        let codes: Vec<_> = notes(&server).iter().map(|note| note["code"].clone()).collect();
        assert!(answer.status == 200 && !codes.contains(&json!("unreadable-body")), "{path}: {codes:?}: {}", answer.body);
    }
}
