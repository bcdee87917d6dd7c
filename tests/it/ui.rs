//! The page for browsers: who may see it, that nothing of what it shows is markup, what it says, and that its forms do what they say.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::client::{self, Answer, JSON, admin, send};
use crate::process::Server;

const BASE: &str = "/_seatrial/ui/default";
const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const REQUESTS: &str = "/sandboxes/default/requests";

/// What must never come out as it went in.
const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}\u{202e}\u{200b}</title></style>";

fn page(server: &Server, path: &str) -> Answer {
    let path = if path.starts_with('/') && !path.starts_with("/_seatrial") { format!("{BASE}{path}") } else { path.to_owned() };
    send(server, "GET", if path.is_empty() { BASE } else { &path }, &[("accept", "text/html")], "")
}

/// The value of the first attribute or text between two marks.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}

/// Posts a form of the home page.
fn post(server: &Server, action: &str, fields: &str, headers: &[(&str, &str)]) -> Answer {
    let token = between(&page(server, "").body, "name=\"token\" value=\"", "\"").to_owned();
    let body = format!("token={token}&back={BASE}/requests&{fields}");
    send(server, "POST", &format!("{BASE}/do/{action}"), &[&[FORM], headers].concat(), &body)
}

/// The id of the newest call.
fn newest(server: &Server) -> String {
    let found = admin(server, "GET", &format!("{REQUESTS}?limit=1"), &Value::Null);
    found["requests"][0]["id"].as_str().expect("there is one").to_owned()
}

/// Looks for markup that is not ours: no element that runs something, no attribute that does, no style.
fn is_inert(path: &str, html: &str) {
    let scripts: Vec<&str> = html.match_indices("<script").map(|(start, _)| &html[start..(start + 120).min(html.len())]).collect();
    assert!(scripts.iter().all(|script| script.starts_with("<script src=\"/_seatrial/ui/assets/")), "{path}: {scripts:?}");
    assert!(scripts.len() <= 1, "{path}");
    for mark in ["<img src=x", " onerror=", " onclick=", " style=", "<style", "javascript:", "\u{202e}", "\u{200b}", "<iframe"] {
        let mark_in_text = mark == " onerror=" && html.contains("&lt;img src=x onerror=");
        assert!(!html.contains(mark) || mark_in_text, "{path}: {mark}");
    }
}

#[test]
fn every_page_has_the_headers_that_keep_it_apart() {
    let server = Server::start(&[]);
    send(&server, "GET", "/shippo/addresses", &[SHIPPO], "");
    let id = newest(&server);
    let one = format!("/requests/{id}");
    for path in ["", "/requests", &one, "/requests/none", "/clear", "/nowhere", "/requests?vendr=x"] {
        let answer = page(&server, path);
        assert!(answer.kind.starts_with("text/html"), "{path}: {}", answer.kind);
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';",
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
            "cache-control: no-store",
        ] {
            assert!(answer.head.contains(header), "{path}: {header} in {}", answer.head);
        }
        is_inert(path, &answer.body);
    }
    assert_eq!((page(&server, "/requests/none").status, page(&server, "/nowhere").status), (404, 404));
    let misspelled = page(&server, "/requests?vendr=x");
    assert!(misspelled.status == 400 && misspelled.body.contains("did you mean `vendor`?"), "{}", misspelled.body);
    for file in ["export?format=curl", "export?format=override", "body/answer"] {
        let answer = page(&server, &format!("{one}/{file}"));
        assert!(answer.status == 200 && answer.kind.starts_with("text/plain"), "{file}: {}", answer.head);
        assert!(answer.head.contains("content-security-policy: sandbox;") && answer.head.contains("nosniff"), "{file}: {}", answer.head);
    }
}

#[test]
fn browsers_are_led_to_the_page_unless_there_is_none() {
    let html = [("accept", "text/html")];
    let server = Server::start(&[]);
    let root = send(&server, "GET", "/", &html, "");
    assert!(root.status == 303 && root.head.contains("location: http://localhost/_seatrial/ui/"), "{}", root.head);
    assert!(send(&server, "GET", "/_seatrial/", &html, "").head.contains("location: /_seatrial/ui/"));
    assert!(page(&server, "/_seatrial/ui/").head.contains("location: /_seatrial/ui/default"));
    let without = Server::start(&["--no-ui"]);
    assert_eq!(send(&without, "GET", "/", &html, "").status, 200);
    assert_eq!((page(&without, "").status, page(&without, "/_seatrial/ui/").status), (404, 404));
}

#[test]
fn the_files_of_the_page_are_compressed_and_kept_by_browsers() {
    let server = Server::start(&[]);
    let html = page(&server, "").body;
    for (before, kind) in [("rel=\"stylesheet\" href=\"", "text/css"), ("<script src=\"", "text/javascript")] {
        let path = between(&html, before, "\"");
        let plain = send(&server, "GET", path, &[], "");
        assert!(plain.status == 200 && plain.kind.starts_with(kind), "{}", plain.head);
        assert!(plain.head.contains("immutable") && plain.head.contains("nosniff"), "{}", plain.head);
        let packed = send(&server, "GET", path, &[("accept-encoding", "gzip, br")], "");
        assert!(packed.head.contains("content-encoding: gzip") && packed.body.len() < plain.body.len(), "{}", packed.head);
        let etag = between(&plain.head, "etag: ", "\r\n").to_owned();
        assert_eq!(send(&server, "GET", path, &[("if-none-match", &etag)], "").status, 304);
    }
    assert_eq!(page(&server, "/_seatrial/ui/assets/00000000/seatrial.css").status, 404);
}

#[test]
fn forms_that_are_not_ours_do_nothing() {
    let server = Server::start(&[]);
    let now = || admin(&server, "GET", "/sandboxes/default/clock", &Value::Null)["now"].clone();
    admin(&server, "PUT", "/sandboxes/default/clock", &json!({"mode": "frozen"}));
    let before = now();
    let cases = [
        ("token=&by=1h", &[FORM][..], 403),
        ("token=AAAA&by=1h", &[FORM, ("sec-fetch-site", "same-origin")][..], 403),
        ("{\"by\": \"1h\"}", &[JSON][..], 415),
        ("by=1h", &[("content-type", "text/plain")][..], 415),
    ];
    for (body, headers, expected) in cases {
        let answer = send(&server, "POST", &format!("{BASE}/do/advance"), headers, body);
        assert_eq!(answer.status, expected, "{body}: {}", answer.body);
    }
    for headers in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example"), ("origin", "null"), ("host", "rebound.example")] {
        assert_eq!(post(&server, "advance", "by=1h", &[headers]).status, 403, "{headers:?}");
    }
    assert_eq!(send(&server, "GET", &format!("{BASE}/do/advance?by=1h"), &[], "").status, 405);
    assert_eq!(now(), before);
    // The admin API goes on refusing forms, whatever they bring.
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/clock/advance", &[FORM], "by=1h").status, 415);
}

#[test]
fn forms_do_what_they_say_and_lead_back() {
    let server = Server::start(&[]);
    let clock = || admin(&server, "GET", "/sandboxes/default/clock", &Value::Null);
    let own = [("origin", "http://localhost"), ("sec-fetch-site", "same-origin")];
    let frozen = post(&server, "mode", "mode=frozen", &own);
    assert!(
        frozen.status == 303 && frozen.head.contains(&format!("location: {BASE}/requests?did=mode")),
        "{} {}",
        frozen.head,
        frozen.body
    );
    assert!(page(&server, "/requests?did=mode").body.contains("Time passes as you said."));
    let before = clock()["now"].as_str().expect("a time").to_owned();
    assert_eq!(post(&server, "advance", "by=72h", &own).status, 303);
    assert!(clock()["now"].as_str() > Some(&before));
    let past = post(&server, "advance", &format!("to={before}"), &own);
    assert!(past.status == 400 && past.body.contains("the clock only moves forward"), "{}", past.body);
    assert_eq!(post(&server, "next", "", &own).status, 409);
    send(&server, "GET", "/shippo/addresses", &[SHIPPO], "");
    assert_eq!(post(&server, "clear", "vendor=shipmate_v1_1", &own).status, 400);
    assert_eq!(post(&server, "clear", "", &own).status, 303);
    assert_eq!(admin(&server, "GET", &format!("{REQUESTS}/count"), &Value::Null)["count"], 0);
    let elsewhere = post(&server, "mode", "mode=frozen&back=//evil.example", &own);
    assert!(elsewhere.head.contains(&format!("location: {BASE}?did=mode")), "{}", elsewhere.head);
    let theme = post(&server, "theme", "theme=dark", &own);
    assert!(theme.head.contains("set-cookie: seatrial-theme=dark;"), "{}", theme.head);
    let dark = send(&server, "GET", BASE, &[("cookie", "seatrial-theme=dark")], "");
    assert!(dark.body.contains("data-theme=\"dark\""));
}

#[test]
fn what_clients_send_is_never_markup() {
    let server = Server::start(&[]);
    let body = json!({"name": HOSTILE, HOSTILE: [HOSTILE], "country": "US"}).to_string();
    let encoded = "%3Cscript%3Ealert(1)%3C/script%3E";
    let headers = [SHIPPO, JSON, ("user-agent", "<script>alert(1)</script>"), ("x-hostile", "<img src=x onerror=alert(2)>")];
    send(&server, "POST", &format!("/shippo/addresses?{encoded}='{encoded}"), &headers, &body);
    let first = newest(&server);
    send(&server, "GET", &format!("/shippo/{encoded}"), &headers, "");
    let second = newest(&server);
    let fault = json!({"on": "shippo.ListAddresses", "respond":
        {"status": 200, "body": HOSTILE, "headers": {"x-a": "<script>alert(1)</script>"}, "off_spec": true}});
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/hostile", &[JSON], &fault.to_string()).status, 200);
    send(&server, "GET", "/shippo/addresses", &headers, "");
    let third = newest(&server);
    for path in ["".to_owned(), "/requests".to_owned()].into_iter().chain([first, second, third].map(|id| format!("/requests/{id}"))) {
        let answer = page(&server, &path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        is_inert(&path, &answer.body);
        assert!(answer.body.matches("</title>").count() == 1, "{path}");
    }
    let asked = page(&server, &format!("/requests?q={encoded}"));
    is_inert("q", &asked.body);
    assert!(asked.body.contains("value=\"&lt;script&gt;alert(1)&lt;/script&gt;\""), "{}", asked.body);
    is_inert("go", &page(&server, &format!("/_seatrial/ui/go?id={encoded}")).body);
    is_inert("sandbox", &page(&server, &format!("/_seatrial/ui/{encoded}")).body);
}

#[test]
fn a_request_says_why_it_was_answered_so() {
    let server = Server::start(&[]);
    send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], r#"{"name": "Ada", "stret1": "1 Main St", "country": "US"}"#);
    let misspelled = page(&server, &format!("/requests/{}", newest(&server)));
    assert!(misspelled.body.contains("did you mean `street1`?"), "{}", misspelled.body);
    let line = between(&misspelled.body, "<li class=\"warn\">", "</li>");
    assert!(line.contains("stret1"), "the remark stands in the line of the body: {line}");
    let fault =
        json!({"on": "shippo.CreateAddress", "when": {"all": ["$request.body.name == 'Ada'"]}, "fault": {"commit": true, "then": "reset"}});
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/lost", &[JSON], &fault.to_string()).status, 200);
    send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], r#"{"name": "Ada", "country": "US"}"#);
    let lost = page(&server, &format!("/requests/{}", newest(&server))).body;
    for expected in [
        "fault <code>lost</code> <b>had its effect</b>",
        "<b>reset</b>: the caller received no answer; the work was done all the same",
        "committed",
    ] {
        assert!(lost.contains(expected), "{expected}: {lost}");
    }
    send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], r#"{"name": "Eve", "country": "US"}"#);
    let other = page(&server, &format!("/requests/{}", newest(&server))).body;
    assert!(other.contains("<b>did not match</b>") && other.contains("Eve"), "{other}");
    send(&server, "GET", "/shippo/addresses", &[("authorization", "ShippoToken wrong")], "");
    let refused = page(&server, &format!("/requests/{}", newest(&server))).body;
    assert!(refused.contains("credential-unknown"), "{refused}");
    let all = page(&server, "/requests").body;
    assert!(all.contains("<span class=\"st cx\">reset</span>") && all.contains("fault lost"), "{all}");
    let found = page(&server, "/requests?status=none").body;
    assert_eq!(found.matches("<tr role=\"row\"><td").count(), 1, "{found}");
    let id = newest(&server);
    let led = page(&server, &format!("/_seatrial/ui/go/{id}"));
    assert!(led.status == 303 && led.head.contains(&format!("location: {BASE}/requests/{id}")), "{}", led.head);
}

#[test]
fn lists_are_pages_with_filters() {
    let server = Server::start(&[]);
    for number in 0..60 {
        send(&server, "GET", &format!("/shippo/addresses?page={number}"), &[SHIPPO], "");
    }
    let first = page(&server, "/requests").body;
    let rows = |html: &str| html.matches("<tr role=\"row\"><td").count();
    assert_eq!(rows(&first), 50);
    let older = between(&first, "rel=\"next\" href=\"", "\"").replace("&amp;", "&");
    let second = page(&server, &older).body;
    assert_eq!(rows(&second), 10, "{older}");
    assert!(second.contains("Newest") && !second.contains("rel=\"next\""));
    assert_eq!(rows(&page(&server, "/requests?q=PAGE%3D5").body), 11);
    assert!(page(&server, "/requests?vendor=shiptheory").body.contains("None that fit"));
    let found = admin(&server, "GET", &format!("{REQUESTS}?view=row&limit=1"), &Value::Null);
    let row = &found["requests"][0];
    assert!(row["request"]["headers"] == json!({}) && row["answer"]["body"].is_null() && row["answer"]["length"] != 0, "{row}");
}

#[test]
fn with_a_token_the_page_asks_for_it_first() {
    let server = Server::start(&["--admin-token", "known-to-few"]);
    let asked = page(&server, "/requests");
    assert!(asked.status == 401 && asked.body.contains("type=\"password\"") && !asked.body.contains("class=\"tabs\""), "{}", asked.body);
    let token = between(&asked.body, "name=\"token\" value=\"", "\"");
    let log_in =
        |fields: &str| send(&server, "POST", "/_seatrial/ui/login", &[FORM], &format!("token={token}&back={BASE}/requests&{fields}"));
    let wrong = log_in("secret=guess");
    assert!(wrong.status == 403 && !wrong.head.contains("set-cookie"), "{}", wrong.head);
    let up = send(&server, "POST", "/_seatrial/ui/login", &[FORM], &format!("token={token}&back={BASE}/../../x&secret=known-to-few"));
    assert!(up.status == 303 && up.head.contains("location: /_seatrial/ui/\r\n"), "{}", up.head);
    let entered = log_in("secret=known-to-few");
    assert!(entered.status == 303 && entered.head.contains(&format!("location: {BASE}/requests")), "{}", entered.head);
    assert!(entered.head.contains("httponly; samesite=strict; path=/_seatrial;"), "{}", entered.head);
    let unlike = send(&server, "POST", "/_seatrial/ui/login", &[FORM], "token=x&secret=known-to-few");
    assert!(unlike.status == 403 && !unlike.head.contains("set-cookie"));
    // The answer of a test is in lower case, so programs' way in is what is tried here.
    let programs = send(&server, "GET", BASE, &[("authorization", "Bearer known-to-few")], "");
    assert!(programs.status == 200 && !programs.body.contains("known-to-few"), "{}", programs.head);
    assert_eq!(send(&server, "POST", &format!("{BASE}/do/advance"), &[FORM], &format!("token={token}&by=1h")).status, 401);
}

/// Whoever has the token waits for nobody who has not.
#[test]
fn wrong_tokens_keep_nobody_out() {
    let server = Server::start(&["--admin-token", "known-to-few"]);
    let asked = page(&server, "/requests").body;
    let token = between(&asked, "name=\"token\" value=\"", "\"");
    let form = |secret: &str| format!("token={token}&back={BASE}/requests&secret={secret}");
    let wrong: Vec<_> = (0..30)
        .map(|_| {
            let (mut stream, form) = (client::connect(server.admin()), form("guess"));
            let (name, kind) = FORM;
            let head = format!("POST /_seatrial/ui/login HTTP/1.1\r\nhost: localhost\r\n{name}: {kind}\r\ncontent-length: {}", form.len());
            stream.write_all(format!("{head}\r\n\r\n{form}").as_bytes()).expect("it reads");
            stream
        })
        .collect();
    // A client of these tests waits for ten seconds.
    assert_eq!(send(&server, "POST", "/_seatrial/ui/login", &[FORM], &form("known-to-few")).status, 303);
    drop(wrong);
}

/// What a page is like where a sandbox has much: it stays small, and says what there is.
#[test]
fn pages_stay_small_with_many_calls_and_sandboxes() {
    let server = Server::start(&["--journal-bytes", "512MiB", "--journals-bytes", "1GiB"]);
    for number in 0..100 {
        admin(&server, "POST", "/sandboxes", &json!({"name": format!("many-{number}")}));
    }
    let calls = 4_000;
    fill(&server, calls);
    let kept = admin(&server, "GET", &format!("{REQUESTS}/count"), &Value::Null);
    assert_eq!((kept["count"].as_u64(), kept["dropped"].as_u64()), (Some(calls as u64), Some(0)));
    let newest = newest(&server);
    let one = format!("/requests/{newest}");
    for path in ["", "/requests", "/requests?q=never-there", "/requests?before=2000", "/requests?status=404", &one, "/scenario", "/clear"] {
        let answer = page(&server, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(answer.body.len() <= 64 << 10, "{path} has {} bytes", answer.body.len());
        assert!(answer.body.matches("<tr role=\"row\"").count() <= 101, "{path}");
    }
    assert!(page(&server, "/requests").body.contains("<span class=\"n\">4,000</span>"));
    let middle = page(&server, "/requests?before=2000").body;
    assert!(middle.contains(">1,999</a>") && !middle.contains(">2,000</a>"), "{middle}");
}

/// Makes calls by one connection, many at once.
fn fill(server: &Server, calls: usize) {
    let mut stream = client::connect(server.address());
    let long = "x".repeat(300);
    let request = format!("GET /shippo/nowhere?{long} HTTP/1.1\r\nhost: localhost\r\n{}: {}\r\n\r\n", SHIPPO.0, SHIPPO.1);
    let batch = request.repeat(250);
    let (mut buffer, mut rest) = (vec![0; 1 << 16], Vec::new());
    for _ in 0..calls / 250 {
        stream.write_all(batch.as_bytes()).expect("it reads");
        let mut seen = 0;
        while seen < 250 {
            let count = stream.read(&mut buffer).expect("it answers");
            rest.extend_from_slice(&buffer[..count]);
            seen += rest.windows(9).filter(|window| *window == b"HTTP/1.1 ").count();
            rest.drain(..rest.len().saturating_sub(8));
        }
    }
}

#[test]
fn a_draft_is_checked_in_its_lines_and_applied_when_it_has_no_mistakes() {
    let server = Server::start(&[]);
    let draft = |text: &str, action: &str| {
        let token = between(&page(&server, "").body, "name=\"token\" value=\"", "\"").to_owned();
        let pairs = [("token", token.as_str()), ("draft", text), ("do", action)];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        send(&server, "POST", &format!("{BASE}/scenario"), &[FORM], &body)
    };
    let wrong = draft("name: x\noverrides:\n  - on: shippo.CreatAddress\n    fault: 500\n", "apply");
    assert_eq!(wrong.status, 200);
    for expected in ["1 problem", "error[S", "line 3, column", "did you mean `shippo.CreateAddress`?", "  - on: shippo.CreatAddress"] {
        assert!(wrong.body.contains(expected), "{expected}: {}", wrong.body);
    }
    // What is edited is sent back as it is, and stands in the textarea; all else shows what is hidden in it.
    let hostile = draft(&format!("name: {HOSTILE}\n{HOSTILE}: 1\n"), "check").body;
    let (before, rest) = hostile.split_once("<textarea id=\"draft\"").expect("a draft is edited");
    let (edited, after) = rest.split_once("</textarea>").expect("the draft ends");
    assert!(!edited.contains("<script") && !edited.contains("<img"), "{edited}");
    is_inert("draft", &format!("{before}{after}"));
    let right = "name: mine\noverrides:\n  - {on: shippo.CreateAddress, fault: 500, times: 1}\n  - {on: shippo.ListParcels, fault: 500}\n";
    assert!(draft(right, "check").body.contains("no mistakes"));
    assert_eq!(admin(&server, "GET", "/sandboxes/default/scenario", &Value::Null)["source"], "");
    let applied = draft(right, "apply");
    assert!(applied.status == 303 && applied.head.contains(&format!("location: {BASE}/scenario?did=scenario")), "{}", applied.head);
    send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], "{}");
    let shown = page(&server, "/scenario").body;
    for expected in ["had an effect on 1 of 1", "no effect", "The override <code>shippo.ListParcels</code> in line 4 had no effect"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let built_in = page(&server, "/scenario?built_in=lost-parcel").body;
    assert!(built_in.contains("name: lost-parcel"), "{built_in}");
}

#[test]
fn faults_are_switched_on_and_off_by_forms() {
    let server = Server::start(&[]);
    assert_eq!(post(&server, "fault-on", "name=down&fault=on%3A+%22*%22%0Afault%3A+503", &[]).status, 303);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &[SHIPPO], "").status, 503);
    assert!(page(&server, "/scenario").body.contains("aria-label=\"Switch off down\""));
    let wrong = post(&server, "fault-on", "name=bad&fault=on%3A+shippo.Nothing%0Afault%3A+503", &[]);
    assert!(wrong.status == 422 && wrong.body.contains("shippo.Nothing"), "{}", wrong.body);
    assert_eq!(post(&server, "fault-off", "name=down", &[]).status, 303);
    assert_eq!(post(&server, "fault-off", "name=down", &[]).status, 404);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &[SHIPPO], "").status, 200);
}

#[test]
fn a_stream_tells_what_happens_in_bursts() {
    let server = Server::start(&[]);
    admin(&server, "PUT", "/sandboxes/default/clock", &json!({"mode": "frozen"}));
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let address = json!({"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"});
    let label = json!({"async": false, "carrier_account": "f82c50551bc7a9182d8e91293e0a7468", "servicelevel_token": "usps_priority",
        "shipment": {"address_from": address, "address_to": address, "parcels": [parcel]}});
    let live = ("authorization", "ShippoToken shippo_live_seatrial");
    let bought = send(&server, "POST", "/shippo/transactions", &[live, JSON], &label.to_string()).json();
    let number = bought["tracking_number"].as_str().expect("a label has a number");
    let mut stream = client::connect(server.admin());
    stream.write_all(b"GET /_seatrial/sandboxes/default/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it reads");
    let mut seen = String::new();
    let mut until = |mark: &str| {
        let mut buffer = [0; 4096];
        while !seen.contains(mark) {
            let count = stream.read(&mut buffer).expect("an event comes");
            assert!(count > 0, "{seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        seen.clone()
    };
    until("event: clock\n");
    for _ in 0..15 {
        send(&server, "GET", "/shippo/addresses", &[SHIPPO], "");
    }
    admin(&server, "POST", &format!("/parcels/{number}/next"), &Value::Null);
    let told = until("event: scan\n");
    assert!(told.contains("event: call\n") && !told.contains("\"body\":{"), "{told}");
    until(&format!("\"tracking_number\":\"{number}\""));
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes/default/stream?topics=cals", &[], "").status, 400);
}
