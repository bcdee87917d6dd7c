//! What a server writes about calls, webhooks and requests that met nothing, and the journal of the latter.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{self, JSON, send};
use crate::process::Server;

const WEBHOOKS: &str = "/_seatrial/sandboxes/default/webhooks";

/// Makes a call, a faulted one, one to nobody, and an attempt of a webhook.
fn exercise(server: &Server) {
    assert_eq!(send(server, "GET", "/shippo/addresses?token=in-a-query", &SHIPPO, "").status, 200);
    let fault = r#"{"on": "shippo.ListParcels", "fault": "reset"}"#;
    assert_eq!(send(server, "PUT", "/_seatrial/sandboxes/default/faults/lost", &[JSON], fault).status, 200);
    let head = "GET /shippo/parcels/ HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken shippo_test_seatrial\r\n\r\n";
    assert_eq!(client::unchecked(server.address(), head.as_bytes()), "");
    assert_eq!(send(server, "GET", "/shipppo/addresses/token/in-a-path-of-it?password=in-a-query", &[], "").status, 404);
    let hook = json!({"vendor": "shipmate", "url": "http://ada:in-an-address@127.0.0.1:9/hook?token=in-a-query"}).to_string();
    let made = send(server, "POST", WEBHOOKS, &[JSON], &hook).json();
    let path = format!("/_seatrial/webhooks/{}/test", made["id"].as_str().expect("an id"));
    assert_eq!(send(server, "POST", &path, &[JSON], "{}").status, 201);
    let advance = "/_seatrial/sandboxes/default/clock/advance";
    assert_eq!(send(server, "POST", advance, &[JSON], r#"{"by": "1s"}"#).status, 200);
}

const SECRETS: [&str; 4] = ["in-a-query", "in-a-path-of-it", "in-an-address", "shippo_test_seatrial"];

#[test]
fn calls_webhooks_and_requests_to_nobody_are_a_line_each() {
    let server = Server::start_logged(&[]);
    exercise(&server);
    let log = server.log();
    let line = |part: &str| log.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part} in {log}"));
    let columns = |part: &str| line(part).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let call = columns("shippo.ListAddresses");
    assert_eq!(call[1..6], ["INFO", "call", "default", "shippo.ListAddresses", "GET"], "{log}");
    assert_eq!((&*call[6], call[7].ends_with("ms"), &*call[8]), ("200", true, "/shippo/addresses"), "{log}");
    let lost = line("shippo.ListParcels");
    assert!(lost.contains(" reset ") && lost.ends_with("  notes: fault  fault: lost, not carried out"), "{lost}");
    assert_eq!(columns(" webhook ")[2..4], ["webhook", "default"], "{log}");
    assert!(line(" webhook ").contains("http://127.0.0.1:9/hook  attempt 1: "), "{log}");
    assert!(line(" nowhere ").ends_with("did you mean `/shippo`?"), "{log}");
    let place = |part: &str| line(part).find(" GET ").expect("a method");
    assert_eq!(place("shippo.ListAddresses"), place("shippo.ListParcels"), "columns are aligned: {log}");
    assert!(SECRETS.iter().all(|secret| !log.contains(secret)), "{log}");
}

#[test]
fn machines_read_json() {
    let server = Server::start_logged(&["--log-format", "json"]);
    exercise(&server);
    let log = server.log();
    let rows: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let row = |target: &str| rows.iter().find(|row| row["target"] == target).unwrap_or_else(|| panic!("no {target} in {log}"));
    let call = &row("seatrial::call")["fields"];
    assert_eq!(
        (&call["operation"], &call["status"], &call["path"]),
        (&json!("shippo.ListAddresses"), &json!(200), &json!("/shippo/addresses"))
    );
    assert!(call["duration_ms"].as_f64().is_some_and(|took| took > 0.0) && call["sandbox"] == "default", "{call}");
    let lost = rows.iter().map(|row| &row["fields"]).find(|fields| fields["operation"] == "shippo.ListParcels").expect("a call");
    assert_eq!((&lost["status"], &lost["wire"]["end"], &lost["effect"]["kind"]), (&Value::Null, &json!("reset"), &json!("fault")));
    assert_eq!(row("seatrial::webhook")["fields"]["attempt"], 1);
    assert_eq!(row("seatrial::unmatched")["fields"]["status"], 404);
    assert!(SECRETS.iter().all(|secret| !log.contains(secret)), "{log}");
}

/// What a server says on a terminal, up to the first line of its log that is not one of the banner.
fn on_a_terminal(arguments: &[&str]) -> String {
    let mut words = vec!["-c", "import pty, sys; pty.spawn(sys.argv[1:])", env!("CARGO_BIN_EXE_seatrial"), "--listen", "127.0.0.1:0"];
    words.extend(arguments);
    words.push("--exit-with-stdin");
    let mut terminal = Command::new("python3").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
    let lines = BufReader::new(terminal.stdout.take().expect("it is piped")).lines().map(|line| line.expect("text"));
    let mut address = None;
    let mut said = String::new();
    for line in lines {
        said.push_str(line.trim_end());
        said.push('\n');
        if let Some(found) = line.split_whitespace().find_map(|word| word.strip_prefix("http=")) {
            address = found.parse().ok();
            // A call is the line behind the banner, and a wrong one is told in every case.
            let stream = TcpStream::connect::<SocketAddr>(address.expect("an address")).expect("it listens");
            (&stream).write_all(b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("it is read");
        }
        if address.is_some() && (line.contains("/nowhere") || line.contains("`--log warn` is silence")) {
            break;
        }
    }
    // The server leaves with its terminal.
    let _ = terminal.kill();
    let _ = terminal.wait();
    said
}

#[test]
fn a_terminal_shows_where_everything_is() {
    let said = on_a_terminal(&[]);
    let address = said.split_whitespace().find_map(|word| word.strip_prefix("http=")).expect("a ready line");
    for mount in seatrial::vendors::all().iter().map(|vendor| &vendor.mount) {
        assert!(said.contains(&format!("  http://{address}/{mount}  ")), "{mount}: {said}");
    }
    for promised in [
        "Seatrial ",
        "token shippo_test_seatrial or token shippo_live_seatrial\n",
        &format!("  http://{address}/_seatrial "),
        &format!("calls that met nothing: http://{address}/_seatrial/requests/unmatched\n"),
        "one line a call follows; `--log warn` is silence",
    ] {
        assert!(said.contains(promised), "{promised}: {said}");
    }
    let apart = on_a_terminal(&["--admin-listen", "127.0.0.1:0"]);
    let admin = apart.split_whitespace().find_map(|word| word.strip_prefix("admin=")).expect("an address");
    assert!(apart.contains(&format!("  {admin} ")), "{apart}");
}

#[test]
fn what_is_no_terminal_has_no_banner() {
    let server = Server::start_logged(&[]);
    assert!(!server.log().contains("one line a call follows"));
}

#[test]
fn warnings_alone_are_silence() {
    let server = Server::start_logged(&["--log", "warn"]);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    assert_eq!(send(&server, "GET", "/nowhere", &[], "").status, 404);
    assert_eq!(server.log(), "");
}

#[test]
fn requests_that_met_nothing_are_kept_with_a_hint() {
    let server = Server::start(&[]);
    for (path, hint) in [
        ("/shipppo/addresses", "did you mean `/shippo`?"),
        ("/api/shippo/addresses", "did you mean `/shippo`?"),
        ("/addresses/", "did you mean `/shippo/addresses/`?"),
        ("/@mine/shippo/addresses", "there is no sandbox `mine`"),
        ("/@defalt/shippo/addresses", "did you mean `/@default`?"),
        ("/_seatral/health", "did you mean `/_seatrial`?"),
        ("/quite/another?password=q7q7q7", "there are `/"),
    ] {
        let answer = send(&server, "GET", path, &[], "");
        assert_eq!((answer.status, &*answer.kind), (404, "application/problem+json"), "{path}");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(hint)), "{path}: {}", answer.body);
        let found = send(&server, "GET", "/_seatrial/requests/unmatched?limit=1", &[], "").json();
        let row = &found["requests"][0];
        assert_eq!((&row["method"], &row["status"], &row["detail"]), (&json!("GET"), &json!(404), &answer.json()["detail"]), "{path}");
        assert!(row["target"].as_str().is_some_and(|target| path.starts_with(target.split('?').next().unwrap_or_default())), "{row}");
        assert!(!row.to_string().contains("q7q7q7"), "{row}");
    }
    assert_eq!(send(&server, "GET", "/shippo/addresses", &[("host", "evil.example")], "").status, 421);
    let all = send(&server, "GET", "/_seatrial/requests/unmatched", &[], "").json();
    assert_eq!(
        (&all["written"], &all["requests"][7]["host"], &all["requests"][7]["status"]),
        (&json!(8), &json!("evil.example"), &json!(421))
    );
    assert_eq!(send(&server, "DELETE", "/_seatrial/requests/unmatched", &[], "").status, 204);
    let left = send(&server, "GET", "/_seatrial/requests/unmatched", &[], "").json();
    assert_eq!((&left["requests"], &left["written"]), (&json!([]), &json!(8)));
}

#[test]
fn a_subscription_to_where_nothing_arrives_says_so() {
    let server = Server::start(&[]);
    let warnings = |url: &str| {
        let made = send(&server, "POST", WEBHOOKS, &[JSON], &json!({"vendor": "shippo", "url": url}).to_string());
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()["warnings"].clone()
    };
    let own = server.address();
    for (url, part) in [
        ("http://203.0.113.7/hook".to_owned(), "nor on the list of `--allow-egress`"),
        ("http://169.254.169.254/latest".to_owned(), "never connected to"),
        (format!("http://{own}/shippo/addresses"), "this server's own"),
        (format!("http://{own}/_seatrial/sandboxes"), "this server's own"),
    ] {
        assert!(warnings(&url)[0].as_str().is_some_and(|warning| warning.contains(part)), "{url}: {}", warnings(&url));
    }
    for url in ["http://127.0.0.1:9/hook".to_owned(), format!("http://{own}/_seatrial/inbox/me"), "http://10.0.0.1/x".to_owned()] {
        assert_eq!(warnings(&url), Value::Null, "{url}");
    }
    for url in ["ftp://127.0.0.1/hook", "http://127.0.0.1:99999/hook", "127.0.0.1/hook"] {
        let refused = send(&server, "POST", WEBHOOKS, &[JSON], &json!({"vendor": "shippo", "url": url}).to_string());
        assert_eq!(refused.status, 400, "{url}: {}", refused.body);
    }
}

#[test]
fn one_call_resets_all_sandboxes() {
    let server = Server::start(&[]);
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], r#"{"name": "other"}"#).status, 201);
    let address = r#"{"name": "Ada", "country": "US"}"#;
    let count =
        |prefix: &str| send(&server, "GET", &format!("{prefix}/shippo/addresses"), &SHIPPO, "").json()["results"].as_array().map(Vec::len);
    assert_eq!(send(&server, "POST", "/shippo/addresses", &[SHIPPO[0], SHIPPO[1], JSON], address).status, 201);
    assert_eq!(count(""), Some(1));
    let reset = send(&server, "POST", "/_seatrial/reset", &[JSON], "").json();
    assert_eq!((reset, count("")), (json!({"reset": ["default", "other"]}), Some(0)));
}

#[test]
fn a_finding_shows_some_calls_and_counts_the_rest() {
    let server = Server::start(&[]);
    for _ in 0..25 {
        send(&server, "GET", "/shippo/addresses", &SHIPPO, "");
    }
    let fault = r#"{"on": "shippo.ListParcels", "fault": "reset"}"#;
    send(&server, "PUT", "/_seatrial/sandboxes/default/faults/lost", &[JSON], fault);
    let head = "GET /shippo/parcels/ HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken shippo_test_seatrial\r\n\r\n";
    client::unchecked(server.address(), head.as_bytes());
    let expect = r#"{"expect": [{"never": "shippo.ListAddresses"}, {"call": "shippo.ListParcels", "count": 2}]}"#;
    let report = send(&server, "POST", "/_seatrial/sandboxes/default/verify", &[JSON], expect).json();
    let (all, lost) = (&report["findings"][0], &report["findings"][1]);
    assert_eq!(
        (all["calls"].as_array().map(Vec::len), &all["more"], &all["calls"][0]),
        (Some(20), &json!(5), &json!("shippo.ListAddresses 200"))
    );
    assert_eq!((&lost["calls"], &lost["more"]), (&json!(["shippo.ListParcels reset (fault)"]), &json!(0)));
}

#[test]
fn a_subscription_that_a_vendor_or_a_scenario_makes_says_so_too() {
    let file = std::env::temp_dir().join(format!("seatrial-unreachable-{}.yaml", std::process::id()));
    let subscription = "{vendor: shippo, url: \"http://203.0.113.9/started\", events: [track_updated]}";
    std::fs::write(&file, format!("webhooks: {{subscriptions: [{subscription}]}}")).expect("the file can be written");
    let server = Server::start_logged(&["--scenario", file.to_str().expect("a UTF-8 path")]);
    let hook = json!({"url": "http://203.0.113.7/called?token=in-a-query", "event": "track_updated"}).to_string();
    let made = send(&server, "POST", "/shippo/webhooks", &SHIPPO, &hook);
    assert!(made.status == 201 && made.head.contains("webhook-unreachable"), "{}", made.head);
    let found = send(&server, "GET", "/_seatrial/sandboxes/default/requests?limit=1", &[], "").json();
    let note = &found["requests"][0]["notes"][0];
    assert_eq!((&note["code"], &note["where"], &note["blame"]), (&json!("webhook-unreachable"), &json!("url"), &json!("caller")), "{note}");
    assert!(note["detail"].as_str().is_some_and(|detail| detail.contains("`--allow-egress`")), "{note}");
    let fine = json!({"url": "http://127.0.0.1:9/called", "event": "track_updated"}).to_string();
    assert!(!send(&server, "POST", "/shippo/webhooks", &SHIPPO, &fine).head.contains("seatrial-notes"));
    let scenario = json!({"webhooks": {"subscriptions": [{"vendor": "shippo", "url": "http://203.0.113.8/scripted", "events": ["*"]}]}});
    let warned = |answer: Value| {
        answer["warnings"].as_array().into_iter().flatten().any(|row| row.as_str().is_some_and(|row| row.contains("203.0.113")))
    };
    let opened = send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &json!({"name": "s", "scenario": scenario}).to_string()).json();
    assert!(warned(opened.clone()), "{opened}");
    assert!(warned(send(&server, "GET", "/_seatrial/sandboxes/s", &[], "").json()));
    assert!(warned(send(&server, "PUT", "/_seatrial/sandboxes/s/scenario", &[JSON], &scenario.to_string()).json()));
    let listed = send(&server, "GET", WEBHOOKS, &[], "").json();
    let row = |end: &str| {
        let rows = listed["webhooks"].as_array().into_iter().flatten();
        rows.clone().find(|row| row["url"].as_str().is_some_and(|url| url.contains(end))).unwrap_or_else(|| panic!("{listed}")).clone()
    };
    assert!(warned(row("/started")) && !warned(row("127.0.0.1")), "{listed}");
    let log = server.log();
    for place in ["203.0.113.9/started", "203.0.113.7/called", "203.0.113.8/scripted"] {
        assert!(log.lines().any(|line| line.contains("WARN") && line.contains(place) && line.contains("nothing will ever reach")), "{log}");
    }
    assert!(!log.contains("in-a-query"), "{log}");
    std::fs::remove_file(file).expect("the file can go");
}
