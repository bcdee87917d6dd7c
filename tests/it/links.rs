//! Where links lead: to the address that the caller used, as proxies tell it, or to `--public-url`; and what is at `/`.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::client::{self, JSON, send};
use crate::process::Server;

const ADDRESS: &str = r#"{"name": "A", "street1": "1 Main St", "city": "Boston", "state": "MA", "zip": "02101", "country": "US"}"#;
const KEY: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");
const DEFAULT: &str = "/_seatrial/sandboxes/default";

/// A server with two addresses, so that a list of one has a link to the next page.
fn server(arguments: &[&str]) -> Server {
    let server = Server::start(arguments);
    for _ in 0..2 {
        assert_eq!(send(&server, "POST", "/shippo/addresses", &[KEY, JSON], ADDRESS).status, 201);
    }
    server
}

/// What a link of a vendor and an address of the admin API begin with, for a caller with these headers.
fn bases(server: &Server, prefix: &str, headers: &[(&str, &str)]) -> [String; 2] {
    let with_key: Vec<_> = headers.iter().copied().chain([KEY]).collect();
    let page = send(server, "GET", &format!("{prefix}/addresses?results=1"), &with_key, "");
    assert_eq!(page.status, 200, "{}", page.body);
    let next = page.json()["next"].as_str().unwrap_or_else(|| panic!("{}", page.body)).to_owned();
    let url = send(server, "GET", DEFAULT, headers, "").json()["urls"]["shippo"].as_str().expect("a URL").to_owned();
    [next.split("/addresses").next().unwrap_or_default().to_owned(), url]
}

#[test]
fn links_have_the_address_that_the_caller_of_a_proxy_used() {
    let server = server(&[]);
    let check = |headers: &[(&str, &str)], base: &str| {
        let expected = format!("{base}/shippo");
        assert_eq!(bases(&server, "/shippo", headers), [expected.clone(), expected], "{headers:?}");
    };
    check(&[], "http://localhost");
    check(&[("host", "localhost:81")], "http://localhost:81");
    check(&[("forwarded", "for=192.0.2.1;proto=https;host=one.example, for=10.0.0.1;proto=http;host=two.example")], "https://one.example");
    check(&[("forwarded", r#"host="[2001:db8::1]:8443";proto=https"#)], "https://[2001:db8::1]:8443");
    check(
        &[("x-forwarded-host", "a.example, b.internal"), ("x-forwarded-proto", "https"), ("x-forwarded-prefix", "/mock")],
        "https://a.example/mock",
    );
    check(&[("x-forwarded-host", "a.example"), ("x-forwarded-port", "8443"), ("x-forwarded-proto", "https")], "https://a.example:8443");
    check(&[("x-forwarded-host", "a/b")], "http://localhost");
    // In another sandbox, and for the links that are kept: those of webhooks.
    let made = send(&server, "POST", "/_seatrial/sandboxes", &[JSON, ("x-forwarded-host", "a.example")], r#"{"name": "mine"}"#).json();
    assert_eq!(made["urls"]["shiptime"], "http://a.example/@mine/shiptime", "{made}");
}

#[test]
fn what_a_proxy_says_decides_about_nothing_but_links() {
    let server = server(&[]);
    for forwarded in [("forwarded", "host=localhost"), ("x-forwarded-host", "localhost")] {
        let foreign = [("host", "evil.example"), forwarded, KEY];
        assert_eq!(send(&server, "GET", "/shippo/addresses", &foreign, "").status, 421);
        assert_eq!(send(&server, "GET", DEFAULT, &foreign, "").status, 403);
        assert_eq!(send(&server, "GET", "/", &foreign, "").status, 421);
    }
    for (name, value) in [("forwarded", "host=api.goshippo.com"), ("x-forwarded-host", "api.goshippo.com")] {
        assert_eq!(send(&server, "GET", "/addresses", &[(name, value)], "").status, 404, "no vendor is chosen by it");
        let evil = value.replace("api.goshippo.com", "evil.example");
        assert_eq!(send(&server, "GET", "/shippo/addresses", &[(name, &evil), KEY], "").status, 200);
        let changed = send(&server, "POST", &format!("{DEFAULT}/reset"), &[(name, &evil), JSON], "");
        assert_eq!(changed.status, 200, "{}", changed.body);
    }
    let foreign = [("origin", "http://a.example"), ("x-forwarded-host", "a.example"), JSON];
    assert_eq!(send(&server, "POST", &format!("{DEFAULT}/reset"), &foreign, "").status, 403);
}

#[test]
fn what_cannot_be_read_of_a_proxy_is_noted() {
    let server = Server::start(&[]);
    for (name, value) in
        [("forwarded", "host=\"a"), ("x-forwarded-proto", "gopher"), ("x-forwarded-prefix", "//a"), ("x-forwarded-port", "x")]
    {
        let answer = send(&server, "GET", "/shippo/addresses", &[(name, value), KEY], "");
        assert!(answer.status == 200 && answer.head.contains("seatrial-notes: forwarded-ignored"), "{}", answer.head);
        let entry = send(&server, "GET", &format!("{DEFAULT}/requests?limit=1"), &[], "").json()["requests"][0].clone();
        let note = &entry["notes"][0];
        assert_eq!((&note["where"], &note["blame"]), (&json!(name), &json!("caller")), "{entry}");
        assert!(note["detail"].as_str().is_some_and(|detail| detail.contains(value) && detail.contains("expected")), "{note}");
    }
}

#[test]
fn a_public_url_wins() {
    let server = server(&["--public-url", "https://carriers.example/mock/"]);
    for headers in [&[][..], &[("x-forwarded-host", "a.example"), ("x-forwarded-prefix", "/p")]] {
        let expected = "https://carriers.example/mock/shippo".to_owned();
        assert_eq!(bases(&server, "/shippo", headers), [expected.clone(), expected]);
    }
    let named = send(&server, "GET", "/addresses?results=1", &[("host", "api.goshippo.com"), KEY], "").json();
    assert!(named["next"].as_str().is_some_and(|next| next.starts_with("https://carriers.example/mock/shippo/addresses")), "{named}");
    for bad in ["carriers.example", "ftp://a.example", "https://", "https://a.example/?a=b", "https://a b"] {
        let refused = crate::process::run(&["--listen", "127.0.0.1:0", "--public-url", bad]);
        assert_eq!(refused.status.code(), Some(2), "{bad}");
    }
}

#[test]
fn http_2_names_the_host_by_its_authority() {
    let server = server(&[]);
    let ask = |authority: &str, path: &str, headers: &[(&str, &str)]| {
        let literal = |text: &str| [&[u8::try_from(text.len()).expect("a short text")][..], text.as_bytes()].concat();
        // GET and http by their numbers, path and authority by those of their names, all else in full; nothing is packed.
        let mut block = [b"\x82\x86\x04", &*literal(path), b"\x01", &*literal(authority)].concat();
        for (name, value) in headers {
            block.extend([b"\0", &*literal(name), &*literal(value)].concat());
        }
        let mut request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
        let length = u16::try_from(block.len()).expect("a short block").to_be_bytes();
        request.extend([0, length[0], length[1], 1, 5, 0, 0, 0, 1]);
        request.extend(block);
        let mut stream = client::connect(server.address());
        stream.write_all(&request).expect("it reads");
        let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let count = stream.read(&mut buffer).expect("an answer comes");
            assert!(count > 0, "the connection ended: {seen:?}");
            seen.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&seen);
            if let Some((_, rest)) = text.split_once('{')
                && rest.contains("/shippo")
            {
                return rest.to_owned();
            }
        }
    };
    let admin = ask("localhost:8181", DEFAULT, &[]);
    assert!(admin.contains("http://localhost:8181/shippo"), "{admin}");
    let page = ask("localhost:8181", "/shippo/addresses?results=1", &[KEY]);
    assert!(page.contains("http://localhost:8181/shippo/addresses"), "{page}");
    let page = ask("localhost:8181", "/shippo/addresses?results=1", &[KEY, ("x-forwarded-host", "a.example")]);
    assert!(page.contains("http://a.example/shippo/addresses"), "{page}");
}

#[test]
fn the_root_says_where_everything_is() {
    let server = Server::start(&[]);
    let ask = |accept: &str| send(&server, "GET", "/", &[("accept", accept), ("host", "localhost:81")], "");
    let text = ask("*/*");
    assert_eq!((text.status, text.kind.as_str()), (200, "text/plain; charset=utf-8"));
    assert!(text.body.contains("http://localhost:81/shippo\n") && text.body.contains("/_seatrial/openapi.json"), "{}", text.body);
    let without_page = Server::start(&["--no-ui"]);
    let html = send(&without_page, "GET", "/", &[("accept", "text/html,*/*;q=0.8"), ("host", "localhost:81")], "");
    assert!(html.kind.starts_with("text/html") && html.body.contains("<a href=\"http://localhost:81/shippo\">"), "{}", html.body);
    let found = ask("application/json").json();
    let names: Vec<_> = found["vendors"].as_array().into_iter().flatten().map(|row| row["name"].clone()).collect();
    assert!(names.contains(&json!("shippo")) && found["admin"] == "http://localhost:81/_seatrial", "{found}");
    for place in [&found["openapi"], &found["sandboxes"], &found["unmatched"], &found["documents"][0]["url"]] {
        let path = place.as_str().and_then(|url| url.strip_prefix("http://localhost:81")).unwrap_or_else(|| panic!("{place}"));
        assert_eq!(send(&server, "GET", path, &[], "").status, 200, "{path}");
    }
    let unmatched = send(&server, "GET", "/_seatrial/requests/unmatched", &[], "").json();
    assert_eq!(unmatched["requests"], json!([]), "the page was found");
    assert_eq!(send(&server, "POST", "/", &[JSON], "{}").status, 404);
    assert_eq!(send(&server, "GET", "/x", &[], "").status, 404);
}

#[test]
fn no_vendor_gives_its_root_away() {
    let server = Server::start(&["--listen", "shippo=127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    let named = send(&server, "GET", "/", &[("host", "api.goshippo.com")], "");
    assert!(named.status == 404 && named.head.contains("seatrial-request"), "{}", named.head);
    let version = send(&server, "GET", "/_seatrial/version", &[], "").json();
    let listener = |fits: &dyn Fn(&Value) -> bool| {
        let rows = version["listeners"].as_array().expect("listeners");
        let row = rows.iter().find(|row| fits(row)).and_then(|row| row["address"].as_str()).expect("a listener");
        row.parse().expect("an address")
    };
    let get = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let own = client::exchange(listener(&|row| row["mount"] == "shippo"), get);
    assert!(own.starts_with("HTTP/1.1 404") && own.contains("seatrial-request"), "{own}");
    let apart = client::exchange(listener(&|row| row["vendors"] == false), get);
    assert!(apart.starts_with("HTTP/1.1 200") && apart.contains("carrier APIs on localhost"), "{apart}");
    let vendors = send(&server, "GET", "/", &[], "");
    assert!(vendors.body.contains(&format!("http://{}/_seatrial", server.admin())), "{}", vendors.body);
}

#[test]
fn pages_of_calls_have_the_address_that_the_caller_used() {
    let check = |server: &Server, path: &str, headers: &[(&str, &str)], base: &str| {
        let with_key: Vec<_> = headers.iter().copied().chain([KEY]).collect();
        let head = send(server, "GET", path, &with_key, "").head;
        let of = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        let id = of("seatrial-request: ");
        assert_eq!(of("seatrial-log: "), format!("{base}/_seatrial/ui/go/{id}"), "{path} {headers:?}");
    };
    let server = Server::start(&[]);
    check(&server, "/shippo/addresses", &[("host", "localhost:81")], "http://localhost:81");
    let proxy = [("x-forwarded-host", "a.example"), ("x-forwarded-proto", "https"), ("x-forwarded-prefix", "/mock")];
    check(&server, "/shippo/addresses", &proxy, "https://a.example/mock");
    // A vendor that has a name to itself has no page there.
    check(&server, "/addresses", &[("host", "api.goshippo.com")], &format!("http://{}", server.admin()));
    let apart = Server::start(&["--admin-listen", "127.0.0.1:0"]);
    check(&apart, "/shippo/addresses", &proxy, &format!("http://{}", apart.admin()));
    let public = Server::start(&["--public-url", "https://sandbox.example/seatrial"]);
    check(&public, "/shippo/addresses", &[], "https://sandbox.example/seatrial");
}
