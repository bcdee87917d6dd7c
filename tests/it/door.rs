//! Ways around the guard of the admin API: by webhooks that go to the server itself, by names that a web page gives to a loopback
//! address, and by the built-in receivers.

use serde_json::{Value, json};

use crate::client::{self, JSON, admin, send};
use crate::process::Server;

const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");
const ADDRESS: &str = r#"{"name": "A", "street1": "1 Main St", "city": "Boston", "state": "MA", "zip": "02101", "country": "US"}"#;

/// Has the default sandbox tell an address about a track, and reads the result of the delivery.
fn deliver(server: &Server, token: &[(&str, &str)], url: &str) -> Value {
    let ask = |method: &str, path: &str, body: &str| {
        let headers: Vec<_> = token.iter().copied().chain([JSON]).collect();
        send(server, method, &format!("/_seatrial{path}"), &headers, body).json()
    };
    let made = ask("POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}).to_string());
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    ask("POST", &format!("/webhooks/{id}/test"), r#"{"event": "track_updated"}"#);
    ask("POST", "/sandboxes/default/clock/advance", r#"{"by": "1s"}"#);
    let deliveries = ask("GET", "/sandboxes/default/deliveries", "");
    let rows = deliveries["deliveries"].as_array().unwrap_or_else(|| panic!("{deliveries}"));
    let row = rows.iter().rfind(|row| row["request"]["url"] == url).unwrap_or_else(|| panic!("{deliveries}"));
    row["attempts"][0].clone()
}

#[test]
fn a_webhook_never_reaches_the_server_that_sends_it() {
    let server = Server::start(&["--admin-listen", "127.0.0.1:0"]);
    assert_eq!(send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], ADDRESS).status, 201);
    let (admin_port, port) = (server.admin().port(), server.address().port());
    let routes = ["reset", "inbox/../sandboxes/default/reset", "inbox/x/../../sandboxes/default/reset", "inbox/%2e%2e/reset", "inbox"];
    for route in routes {
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "user@127.0.0.1", "somebody.localhost"] {
            let url = format!("http://{host}:{admin_port}/_seatrial/{}", route.replace("reset", "sandboxes/default/reset"));
            let told = deliver(&server, &[], &url);
            assert!(told["answered"]["status"].is_null(), "{url}: {told}");
        }
    }
    for url in [format!("http://127.0.0.1:{port}/shippo/addresses"), format!("https://127.0.0.1:{port}/_seatrial/inbox/x")] {
        let told = deliver(&server, &[], &url);
        assert!(told["refused"].as_str().is_some_and(|text| text.contains("this server's own")), "{url}: {told}");
    }
    let listed = send(&server, "GET", "/shippo/addresses", &[SHIPPO], "").json();
    assert_eq!(listed["results"].as_array().map(Vec::len), Some(1), "it was not reset: {listed}");
}

#[test]
fn what_this_program_sends_is_marked_and_the_guard_refuses_it() {
    let server = Server::start(&[]);
    let marked = send(&server, "POST", "/_seatrial/sandboxes/default/reset", &[JSON, ("seatrial-delivery", "dlv_1")], "");
    assert_eq!(marked.status, 403, "{}", marked.body);
    let other = Server::start(&[]);
    let told = deliver(&server, &[], &format!("http://{}/_seatrial/sandboxes/default/reset", other.address()));
    assert_eq!(told["answered"]["status"], 403, "by way of another address the mark is seen: {told}");
    let told = deliver(&server, &[], &format!("http://{}/_seatrial/inbox/far", other.address()));
    assert_eq!(told["answered"]["status"], 200, "{told}");
    let letters = admin(&other, "GET", "/inbox/far", &Value::Null);
    assert!(letters["letters"][0]["headers"]["seatrial-delivery"].as_str().is_some_and(|id| id.starts_with("dlv_")), "{letters}");
}

#[test]
fn inboxes_of_this_server_receive_without_a_token_and_others_only_what_was_asked_for() {
    let server = Server::start(&["--admin-token", "secret"]);
    let token = [("authorization", "Bearer secret")];
    let inbox = format!("http://{}/_seatrial/inbox/mine?status=202", server.address());
    assert_eq!(deliver(&server, &token, &inbox)["answered"]["status"], 202);
    let letters = send(&server, "GET", "/_seatrial/inbox/mine", &token, "").json();
    let letter = &letters["letters"][0];
    assert_eq!(
        (&letters["received"], &letter["query"], &letter["json"]["event"]),
        (&json!(1), &json!("status=202"), &json!("track_updated"))
    );
    assert_eq!(letter["headers"]["host"], server.address().to_string());
    let post = |name: &str, headers: &[(&str, &str)]| send(&server, "POST", &format!("/_seatrial/inbox/{name}"), headers, "<a/>").status;
    assert_eq!(post("mine", &[("content-type", "text/xml")]), 200);
    assert_eq!(post("nobodys", &[]), 404, "with a token, nobody else makes inboxes");
    assert_eq!(send(&server, "GET", "/_seatrial/inbox/nobodys", &token, "").status, 200);
    assert_eq!(post("nobodys", &[]), 200);
    assert_eq!(post("mine", &[("origin", "http://evil.example")]), 403);
}

#[test]
fn an_inbox_is_named_without_knowing_the_port() {
    let server = Server::start(&["--scenario", "told-while-you-are-away"]);
    let told = admin(&server, "GET", "/sandboxes/default", &Value::Null);
    assert_eq!(told["warnings"], json!([]));
    assert_eq!(deliver(&server, &[], "inbox://mine?status=202")["answered"]["status"], 202);
    let inbox = admin(&server, "GET", "/inbox/mine?wait=5s", &Value::Null);
    assert_eq!(inbox["letters"][0]["json"]["event"], "track_updated", "{inbox}");
}

#[test]
fn no_web_page_posts_to_an_inbox() {
    let server = Server::start(&[]);
    let post = |headers: &[(&str, &str)]| send(&server, "POST", "/_seatrial/inbox/any", headers, "a=b").status;
    assert_eq!(post(&[("content-type", "application/x-www-form-urlencoded")]), 200);
    assert_eq!(post(&[("host", "rebound.example")]), 403);
    assert_eq!(post(&[("origin", "http://evil.example")]), 403);
}

#[test]
fn an_inbox_has_a_name_that_every_database_takes() {
    let server = Server::start(&[]);
    for (name, status) in [("a%00b", 400), ("a%0a", 400), ("%7f", 400), (&*"n".repeat(256), 400), (&*"n".repeat(255), 200), ("a%20b", 200)]
    {
        for method in ["POST", "GET", "DELETE"] {
            let answer = send(&server, method, &format!("/_seatrial/inbox/{name}"), &[], "");
            assert!(answer.status == status || (method, answer.status) == ("DELETE", 204), "{method} {name}: {}", answer.body);
        }
    }
}

#[test]
fn an_inbox_keeps_texts_and_is_read_as_json() {
    let server = Server::start(&[]);
    let deep = format!("[{}1{}]", "[".repeat(100_000), "]".repeat(100_000));
    for (body, json) in [(r#"{"b": 1, "a": 1.50}"#, true), ("{", false), (&deep, false), ("", false)] {
        assert_eq!(send(&server, "POST", "/_seatrial/inbox/any", &[], body).status, 200);
        let answer = send(&server, "GET", "/_seatrial/inbox/any", &[], "");
        let letter = answer.json()["letters"].as_array().and_then(|rows| rows.last().cloned()).expect("it was received");
        assert_eq!((letter["text"].as_str(), letter["json"].is_object()), (Some(body), json));
        assert!(!json || answer.body.contains(r#""json":{"b": 1, "a": 1.50}"#), "byte by byte: {}", answer.body);
    }
}

#[test]
fn vendors_on_loopback_answer_under_their_own_names_only() {
    let server = Server::start(&["--allow-host", "seatrial.internal"]);
    let status = |host: &str| send(&server, "GET", "/shippo/addresses", &[SHIPPO, ("host", host)], "").status;
    for host in ["localhost:7447", "127.0.0.1", "[::1]:1", "shippo.localhost", "seatrial.internal:80", "SEATRIAL.internal"] {
        assert_eq!(status(host), 200, "{host}");
    }
    assert_eq!(send(&server, "GET", "/addresses", &[SHIPPO, ("host", "api.goshippo.com")], "").status, 200);
    for host in ["rebound.example", "127.0.0.1.evil.com", "localhost.evil.com", "10.0.0.1", ""] {
        assert_eq!(status(host), 421, "{host}");
    }
    for host in ["[127.0.0.1].evil.com", "[::1]evil", "localhost:80@evil.com", "localhost:evil.com"] {
        assert_eq!(status(host), 400, "{host}");
    }
    let raw = |request: &str| client::unchecked(server.address(), request.as_bytes());
    let two = raw("GET /shippo/addresses HTTP/1.1\r\nhost: localhost\r\nhost: evil.com\r\nconnection: close\r\n\r\n");
    assert!(two.starts_with("HTTP/1.1 400"), "{two}");
    let other = raw("GET http://evil.com/shippo/addresses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 421"), "{other}");
    let none = raw("GET /shippo/addresses HTTP/1.0\r\nauthorization: ShippoToken shippo_test_seatrial\r\n\r\n");
    assert!(none.starts_with("HTTP/1.0 200"), "{none}");
}

#[test]
fn a_foreign_web_page_makes_no_calls_to_vendors_on_loopback() {
    let server = Server::start(&["--allow-host", "shop.example", "--tls", "127.0.0.1:0"]);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let call =
        |headers: &[(&str, &str)]| send(&server, "POST", "/shippo/addresses", &[&[SHIPPO, form], headers].concat(), "name=A&country=US");
    let evil = ("origin", "http://evil.example");
    for headers in [&[evil][..], &[("sec-fetch-site", "cross-site")], &[evil, ("sec-fetch-site", "cross-site")], &[("origin", "null")]] {
        let refused = call(headers);
        assert!(refused.status == 403 && refused.body.contains("--allow-host"), "{headers:?}: {}", refused.body);
        let vendors_own = [headers, &[("host", "api.goshippo.com")]].concat();
        assert_eq!(send(&server, "POST", "/addresses", &[&[SHIPPO, form], &vendors_own[..]].concat(), "name=A").status, 403);
        assert_eq!(send(&server, "DELETE", "/shippo/webhooks/x", headers, "").status, 403);
    }
    let requests = admin(&server, "GET", "/sandboxes/default/requests", &Value::Null);
    assert_eq!(requests["requests"], json!([]), "none of them counts");
    let unmatched = admin(&server, "GET", "/requests/unmatched", &Value::Null);
    assert!(unmatched["requests"][0]["detail"].as_str().is_some_and(|detail| detail.contains("web page")), "they are told: {unmatched}");
    for headers in
        [&[][..], &[("origin", "http://localhost:5173")], &[("origin", "https://shop.example"), ("sec-fetch-site", "cross-site")]]
    {
        assert_eq!(call(headers).status, 201, "{headers:?}");
    }
    let label = [SHIPPO, ("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "image")];
    assert_eq!(send(&server, "GET", "/shippo/addresses", &label, "").status, 200, "pages show labels");
}

#[test]
fn a_host_is_the_same_with_the_root_of_all_names_and_an_absolute_target_wins_over_it() {
    let server = Server::start(&[]);
    let raw = |line: &str, host: &str| {
        let request = format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        client::unchecked(server.address(), request.as_bytes())
    };
    // 1.1 of Shipmate, Shippo: each says in its own way that nobody is logged in.
    let (shipmate, shippo) = ("\"message\":", "Authentication credentials were not provided.");
    for (line, host, shape) in [
        ("GET /v1.1/services", "api.shipmate.co.uk.", shipmate),
        ("GET /v1.1/services", "API.shipmate.co.uk.:443", shipmate),
        ("GET /addresses", "api.goshippo.com.", shippo),
        ("GET /shippo/addresses", "localhost.:7447", shippo),
        ("GET http://api.shipmate.co.uk/v1.1/services", "localhost", shipmate),
        ("GET http://api.shipmate.co.uk:80/v1.1/services", "api.goshippo.com", shipmate),
        ("GET http://API.goshippo.com./addresses", "api.shipmate.co.uk", shippo),
        ("GET https://api.goshippo.com/addresses", "rebound.example", shippo),
        ("GET http://localhost/shippo/addresses", "api.shipmate.co.uk", shippo),
    ] {
        let answer = raw(line, host);
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains(shape), "{line} {host}: {answer}");
    }
    for (host, status) in [("evil.example.", 421), ("localhost..", 421), (".", 400)] {
        assert!(raw("GET /shippo/addresses", host).starts_with(&format!("HTTP/1.1 {status}")), "{host}");
    }
    // The guard of the admin API takes no two names for one request.
    assert!(raw("GET http://localhost/_seatrial/sandboxes", "evil.example").starts_with("HTTP/1.1 403"));
    assert!(raw("GET /_seatrial/sandboxes", "localhost.:1").starts_with("HTTP/1.1 200"));
}

#[test]
fn bodies_of_the_admin_api_may_begin_with_a_byte_order_mark() {
    let server = Server::start(&[]);
    let yaml = ("content-type", "application/yaml");
    let call =
        |method: &str, path: &str, kind: (&str, &str), body: &str| send(&server, method, path, &[kind], &format!("\u{feff}{body}")).status;
    assert_eq!(call("POST", "/_seatrial/sandboxes", JSON, r#"{"name": "one"}"#), 201);
    assert_eq!(call("POST", "/_seatrial/sandboxes", yaml, "name: two"), 201);
    assert_eq!(call("PUT", "/_seatrial/sandboxes/one/scenario", yaml, "name: s"), 200);
    assert_eq!(call("PUT", "/_seatrial/sandboxes/one/scenario", JSON, r#"{"name": "s"}"#), 200);
    let file = send(&server, "GET", "/_seatrial/sandboxes/one/export", &[], "").body;
    assert_eq!(call("POST", "/_seatrial/sandboxes/one/import", JSON, &file), 200);
    assert_eq!(call("POST", "/_seatrial/sandboxes/one/reset", JSON, ""), 200);
    assert_eq!(call("POST", "/_seatrial/inbox/mine", JSON, "{}"), 200);
    let letters = send(&server, "GET", "/_seatrial/inbox/mine", &[], "").json();
    assert_eq!(letters["letters"][0]["text"], "\u{feff}{}");
}

#[test]
fn a_token_is_needed_when_anything_is_served_to_others() {
    let server = Server::start_at("0.0.0.0:0", &["--admin-listen", "127.0.0.1:0", "--admin-token", "secret"]);
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes", &[], "").status, 401);
    let server = Server::start_at("0.0.0.0:0", &["--admin-listen", "127.0.0.1:0"]);
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes", &[], "").status, 401, "one was made");
    assert_eq!(send(&server, "GET", "/shippo/addresses", &[SHIPPO, ("host", "rebound.example")], "").status, 200, "not on loopback");
}

#[test]
fn a_post_without_a_body_says_what_it_is() {
    let server = Server::start(&[]);
    let reset = |headers: &[(&str, &str)]| send(&server, "POST", "/_seatrial/sandboxes/default/reset", headers, "").status;
    assert_eq!((reset(&[]), reset(&[("content-type", "text/plain")]), reset(&[JSON])), (415, 415, 200));
}

#[test]
fn a_letter_names_its_sandbox_and_goes_with_it() {
    let server = Server::start(&[]);
    let deliver = |sandbox: &str| {
        let ask = |method: &str, path: &str, body: &Value| admin(&server, method, &format!("/sandboxes/{sandbox}{path}"), body);
        let made = ask("POST", "/webhooks", &json!({"vendor": "shippo", "url": "inbox://shared"}));
        let test = format!("/webhooks/{}/test?sandbox={sandbox}", made["id"].as_str().expect("an id"));
        admin(&server, "POST", &test, &json!({"event": "track_updated"}));
        ask("POST", "/clock/advance", &json!({"by": "1s"}));
    };
    let read = |query: &str| {
        let inbox = admin(&server, "GET", &format!("/inbox/shared{query}"), &Value::Null);
        inbox["letters"].as_array().expect("letters").iter().map(|letter| letter["sandbox"].clone()).collect::<Vec<_>>()
    };
    for sandbox in ["one", "two"] {
        assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &json!({"name": sandbox}).to_string()).status, 201);
        deliver(sandbox);
    }
    // What others send is nobody's.
    assert_eq!(send(&server, "POST", "/_seatrial/inbox/shared", &[("seatrial-sandbox", "one"), JSON], "{}").status, 200);
    assert_eq!(read("?wait=5s&min=3"), [json!("one"), json!("two"), Value::Null]);
    assert_eq!(read("?sandbox=two"), [json!("two")]);
    let letter = &admin(&server, "GET", "/inbox/shared?limit=3", &Value::Null)["letters"][0];
    assert!(letter["headers"].get("seatrial-sandbox").is_none(), "{letter}");
    send(&server, "POST", "/_seatrial/sandboxes/one/reset", &[JSON], "");
    assert_eq!(read(""), [json!("two"), Value::Null]);
    send(&server, "DELETE", "/_seatrial/sandboxes/two", &[], "");
    assert_eq!(read(""), [Value::Null]);
}
