//! A conversation that was exported holds in a sandbox of another server, which has another name, other secrets and another address:
//! some of the stories of each vendor; `ROUND_TRIPS=all cargo test --test it round_trips` tries all of them.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use crate::client::{Answer, JSON, admin, send, unchecked};
use crate::folder::Folder;
use crate::listener::listen;
use crate::process::{Server, run, text};

const VENDORS: [&str; 7] = ["shipmate", "shipmate_v1_2", "shippo", "shipstation_v1", "shipstation_v2", "shiptheory", "shiptime"];

/// Of so many stories without webhooks one is tried.
const ONE_IN: usize = 16;

/// A story with its vendor, the path of its file and what it begins with.
pub struct Told {
    vendor: &'static str,
    pub path: String,
    scenario: Value,
}

impl Told {
    /// The name of a sandbox for it alone.
    fn name(&self) -> String {
        let file = self.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".yaml");
        format!("{}-{file}", self.vendor).replace('_', "-")
    }
}

/// All stories of the vendors, or some of them: those with webhooks, the longest of each vendor, and one of many.
pub fn stories(tries_all: bool) -> Vec<Told> {
    let mut found = Vec::new();
    for vendor in VENDORS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors").join(vendor);
        let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let mut paths: Vec<String> = files.map(|path| path.to_string_lossy().replace('\\', "/")).collect();
        paths.sort();
        let texts: Vec<String> = paths.iter().map(|path| fs::read_to_string(path).expect("a story")).collect();
        let longest = (0..texts.len()).max_by_key(|index| texts[*index].matches("  - call:").count()).expect("there are stories");
        for (index, (path, text)) in paths.into_iter().zip(&texts).enumerate() {
            if tries_all || index == longest || index % ONE_IN == 0 || path.contains("webhooks") {
                let story: Value = serde_saphyr::from_str(text).expect("YAML");
                let scenario = if story["scenario"].is_object() { story["scenario"].clone() } else { json!({}) };
                found.push(Told { vendor, path, scenario });
            }
        }
    }
    found
}

/// Makes a sandbox with a clock that stands still.
pub fn make(server: &Server, name: &str, scenario: &Value) {
    let mut body = json!({"name": name, "scenario": scenario});
    if scenario["clock"].is_null() {
        body["clock"] = json!({"start": "2026-01-05T09:00:00Z", "mode": "frozen"});
    }
    let made = admin(server, "POST", "/sandboxes", &body);
    assert_eq!(made["name"], name, "{made}");
}

pub fn export(server: &Server, sandbox: &str) -> String {
    let path = format!("/_seatrial/sandboxes/{sandbox}/requests/export?format=conversation&secrets=show&limit=1000");
    let exported = send(server, "GET", &path, &[], "");
    assert_eq!(exported.status, 200, "{}", exported.body);
    exported.body
}

/// Holds conversations with a server that has nothing of them; what it says if they do not hold.
pub fn differences(folder: &Folder) -> Option<String> {
    let server = Server::start(&[]);
    let base_url = format!("http://{}", server.address());
    let output = run(&["contract", "run", folder.path(), "--base-url", &base_url, "--isolated", "--timeout", "5s"]);
    (output.status.code() != Some(0)).then(|| format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
fn what_is_exported_holds_elsewhere() {
    let server = Server::start(&[]);
    let base_url = format!("http://{}", server.address());
    let folder = Folder::new("round-trips");
    let stories = stories(std::env::var("ROUND_TRIPS").is_ok_and(|which| which == "all"));
    let next = Mutex::new(stories.iter());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(story) = next.lock().expect("nobody panics with it").next() else { return };
                    let name = story.name();
                    make(&server, &name, &story.scenario);
                    // What is expected there is said for other credentials: only what is answered matters.
                    run(&["contract", "run", &story.path, "--base-url", &base_url, "--sandbox", &name]);
                    folder.put(&format!("{name}.yaml"), &export(&server, &name));
                    admin(&server, "DELETE", &format!("/sandboxes/{name}"), &Value::Null);
                }
            });
        }
    });
    assert!(stories.len() > 40, "{}", stories.len());
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
}

/// The steps of an exported conversation.
fn steps(exported: &str) -> Vec<Value> {
    let conversation: Value = serde_saphyr::from_str(exported).unwrap_or_else(|error| panic!("{error}\n{exported}"));
    conversation["steps"].as_array().expect("it has steps").clone()
}

/// Creates an address three times.
fn thrice(server: &Server, sandbox: &str) {
    let sandboxes = admin(server, "GET", &format!("/sandboxes/{sandbox}"), &Value::Null);
    let token = sandboxes["credentials"]["shippo"][0]["token"].as_str().expect("a token").to_owned();
    let body = r#"{"name": "seatrial", "country": "US", "company": "shippo_test_seatrial"}"#;
    let head = format!("POST /@{sandbox}/shippo/addresses HTTP/1.1\r\nhost: {}\r\nauthorization: ShippoToken {token}", server.address());
    let request = format!("{head}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for _ in 0..3 {
        unchecked(server.address(), request.as_bytes());
    }
}

/// What goes wrong on the wire; whether callers receive no whole answer, and whether the work may be left undone.
const FAULTS: [(&str, bool, bool); 17] = [
    ("reset", true, true),
    ("empty", true, true),
    ("timeout", true, true),
    ("garbage", true, true),
    ("tls_alert", true, true),
    ("h2_reset", true, true),
    ("h2_goaway", true, true),
    ("html_gateway", false, true),
    ("truncate", true, false),
    ("length_long", true, false),
    ("bad_chunk", true, false),
    ("stall", true, false),
    ("length_short", false, false),
    ("drip", false, false),
    ("wrong_type", false, false),
    ("bad_json", false, false),
    ("duplicate_header", false, false),
];

#[test]
fn what_went_wrong_on_the_wire_goes_wrong_again() {
    let server = Server::start(&[]);
    let folder = Folder::new("round-trips-wire");
    for (fault, is_lost, may_be_undone) in FAULTS {
        for commit in [false, true].into_iter().skip(usize::from(!may_be_undone)) {
            let takes_time = ["timeout", "stall", "drip"].contains(&fault);
            let mut how = json!({"commit": commit, "then": fault});
            if takes_time {
                how["for"] = "50ms".into();
            }
            let rule = json!({"on": "shippo.CreateAddress", "fault": how});
            let name = format!("{}-{commit}", fault.replace('_', "-"));
            make(&server, &name, &json!({"overrides": [{"when": "$call.nth == 2", "on": rule["on"], "fault": rule["fault"]}]}));
            thrice(&server, &name);
            let exported = export(&server, &name);
            let expected = &steps(&exported)[1]["expect"];
            assert_eq!(expected["lost"] == true, is_lost, "{exported}");
            assert_eq!(expected["status"].is_u64(), !is_lost, "{exported}");
            folder.put(&format!("{name}.yaml"), &exported);
            if takes_time {
                continue;
            }
            // The same, switched on by hand, which no scenario says.
            let name = format!("{name}-by-hand");
            make(&server, &name, &json!({}));
            let path = format!("/_seatrial/sandboxes/{name}/faults/mine");
            assert_eq!(send(&server, "PUT", &path, &[JSON], &rule.to_string()).status, 200);
            thrice(&server, &name);
            folder.put(&format!("{name}.yaml"), &export(&server, &name));
        }
    }
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
}

#[test]
fn receivers_anywhere_are_that_of_the_conversation() {
    let server = Server::start(&[]);
    let (url, heard) = listen("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    make(&server, "told", &json!({}));
    let hook = json!({"vendor": "shippo", "url": url, "events": ["transaction_created"]});
    admin(&server, "POST", "/sandboxes/told/webhooks", &hook);
    let view = admin(&server, "GET", "/sandboxes/told", &Value::Null);
    let authorization = format!("ShippoToken {}", view["credentials"]["shippo"][0]["token"].as_str().expect("a token"));
    let address = json!({"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let label = json!({"async": false, "carrier_account": "2c05985c735e64bdfeff181cc4c148cc", "servicelevel_token": "usps_priority",
        "shipment": {"address_from": address, "address_to": address, "parcels": [parcel]}});
    let bought = send(&server, "POST", "/@told/shippo/transactions", &[JSON, ("authorization", &authorization)], &label.to_string());
    assert_eq!(bought.status, 201, "{}", bought.body);
    heard.recv().expect("it is told");
    admin(&server, "GET", "/sandboxes/told/deliveries?wait=5s", &Value::Null);
    admin(&server, "POST", "/sandboxes/told/clock/advance", &json!({"by": "1h"}));
    let exported = export(&server, "told");
    let steps = steps(&exported);
    assert_eq!((&steps[0]["subscribe"]["answers"], &steps[0]["subscribe"]["vendor"]), (&json!(503), &json!("shippo")), "{exported}");
    let told: Vec<&Value> = steps.iter().filter(|step| step["receives"].is_array()).collect();
    assert!(!told.is_empty() && told[0]["receives"][0]["event"] == "transaction_created", "{exported}");
    assert!(!exported.contains(&url), "{exported}");
    let folder = Folder::with("round-trips-told", &[("told.yaml", &exported)]);
    if let Some(found) = differences(&folder) {
        panic!("{found}\n{exported}");
    }
}

/// Buys a label at Shippo in the live mode.
pub fn buy(server: &Server, sandbox: &str) {
    let bought = post_label(server, sandbox);
    assert_eq!(bought.status, 201, "{}", bought.body);
}

fn post_label(server: &Server, sandbox: &str) -> Answer {
    let view = admin(server, "GET", &format!("/sandboxes/{sandbox}"), &Value::Null);
    let rows = view["credentials"]["shippo"].as_array().expect("rows");
    let live = rows.iter().find(|row| row["token"].as_str().is_some_and(|token| token.starts_with("shippo_live"))).expect("a live one");
    let authorization = format!("ShippoToken {}", live["token"].as_str().expect("a token"));
    let address = json!({"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let label = json!({"async": false, "carrier_account": "f82c50551bc7a9182d8e91293e0a7468", "servicelevel_token": "usps_priority",
        "shipment": {"address_from": address, "address_to": address, "parcels": [parcel]}});
    let path = format!("/@{sandbox}/shippo/transactions");
    send(server, "POST", &path, &[JSON, ("authorization", &authorization)], &label.to_string())
}

pub fn advance(server: &Server, sandbox: &str, by: &str) {
    admin(server, "POST", &format!("/sandboxes/{sandbox}/clock/advance"), &json!({"by": by}));
}

#[test]
fn webhooks_of_calls_whose_answers_are_lost_come_again() {
    let server = Server::start(&[]);
    let folder = Folder::new("round-trips-lost");
    for then in ["reset", "truncate", "empty"] {
        make(&server, then, &json!({"overrides": [{"on": "shippo.CreateTransaction", "fault": {"commit": true, "then": then}}]}));
        admin(
            &server,
            "POST",
            &format!("/sandboxes/{then}/webhooks"),
            &json!({"vendor": "shippo", "account": "live", "url": "inbox://me"}),
        );
        post_label(&server, then);
        advance(&server, then, "1s");
        post_label(&server, then);
        let exported = export(&server, then);
        let came = kinds(&exported);
        assert_eq!(came, ["subscribe", "call", "receives", "advance", "call", "receives"], "{exported}");
        folder.put(&format!("{then}.yaml"), &exported);
    }
    assert_eq!(differences(&folder), None);
}

/// The kinds of steps of an exported conversation, in order.
pub fn kinds(exported: &str) -> Vec<String> {
    let kind = |step: Value| step.as_object().and_then(|step| step.keys().next().cloned()).expect("a step has a kind");
    steps(exported).into_iter().map(kind).collect()
}

#[test]
fn subscriptions_stand_where_they_were_made_and_removed() {
    let server = Server::start(&[]);
    let hook = json!({"vendor": "shippo", "account": "live", "url": "inbox://me"});
    make(&server, "late", &json!({}));
    buy(&server, "late");
    admin(&server, "POST", "/sandboxes/late/webhooks", &hook);
    advance(&server, "late", "48h");
    buy(&server, "late");
    advance(&server, "late", "1h");
    let late = export(&server, "late");
    assert_eq!(kinds(&late), ["call", "subscribe", "advance", "call", "receives"], "{late}");

    make(&server, "ended", &json!({}));
    let made = admin(&server, "POST", "/sandboxes/ended/webhooks", &hook);
    buy(&server, "ended");
    advance(&server, "ended", "48h");
    let path = format!("/_seatrial/webhooks/{}?sandbox=ended", made["id"].as_str().expect("an id"));
    assert_eq!(send(&server, "DELETE", &path, &[], "").status, 204);
    advance(&server, "ended", "48h");
    buy(&server, "ended");
    let ended = export(&server, "ended");
    assert_eq!(kinds(&ended), ["subscribe", "call", "receives", "advance", "unsubscribe", "receives", "advance", "call"], "{ended}");
    let folder = Folder::with("round-trips-late", &[("late.yaml", &late), ("ended.yaml", &ended)]);
    assert_eq!(differences(&folder), None, "{late}\n{ended}");
}

/// A long story of each vendor, with a receiver that comes late, and one that goes while parcels move.
#[test]
fn receivers_of_all_vendors_may_come_late_and_go() {
    let server = Server::start(&[]);
    let base_url = format!("http://{}", server.address());
    let folder = Folder::new("round-trips-by-hand");
    let mut counts = [0, 0];
    for story in stories(false).into_iter().filter(|story| story.vendor != "shiptheory" && story.path.contains("webhooks")) {
        let name = format!("{}-by-hand", story.name());
        make(&server, &name, &story.scenario);
        let play = || drop(run(&["contract", "run", &story.path, "--base-url", &base_url, "--sandbox", &name]));
        let subscribe = |inbox: &str| {
            let hook = json!({"vendor": story.vendor, "url": format!("inbox://{inbox}")});
            let made = admin(&server, "POST", &format!("/sandboxes/{name}/webhooks"), &hook);
            made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
        };
        play();
        let first = subscribe("first");
        advance(&server, &name, "30h");
        subscribe("second");
        let path = format!("/_seatrial/webhooks/{first}?sandbox={name}");
        assert_eq!(send(&server, "DELETE", &path, &[], "").status, 204);
        play();
        advance(&server, &name, "30h");
        let exported = export(&server, &name);
        let kinds = kinds(&exported);
        for (count, kind) in counts.iter_mut().zip(["unsubscribe", "receives"]) {
            *count += kinds.iter().filter(|found| *found == kind).count();
        }
        folder.put(&format!("{name}.yaml"), &exported);
        admin(&server, "DELETE", &format!("/sandboxes/{name}"), &Value::Null);
    }
    assert!(counts[0] > 5 && counts[1] > counts[0], "{counts:?}");
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
}

#[test]
fn what_a_conversation_lacks_is_said() {
    let server = Server::start(&["--journal-bytes", "65536"]);
    let lacks = |sandbox: &str| {
        let path = format!("/_seatrial/sandboxes/{sandbox}/requests/export?format=conversation&secrets=show&limit=1000");
        let exported = send(&server, "GET", &path, &[], "");
        let said = exported.head.lines().find_map(|line| line.strip_prefix("seatrial-lacks: ")).unwrap_or_default();
        (said.to_owned(), exported.body)
    };
    make(&server, "whole", &json!({}));
    buy(&server, "whole");
    let (said, file) = lacks("whole");
    assert!(said.is_empty() && file.starts_with("about:"), "{said}\n{file}");

    // Without its secrets nothing of it is taken, and no scenario that has some.
    make(&server, "hidden", &json!({"timelines": {"slow": {"steps": [{"at": "+1h", "status": "delivered"}]}}, "seed": 3}));
    buy(&server, "hidden");
    let exported = send(&server, "GET", "/_seatrial/sandboxes/hidden/requests/export?format=conversation", &[], "");
    let lacked = "credentials and other secrets, which `secrets=show` writes; the scenario's `timelines`, which `secrets=show` writes";
    assert!(exported.head.contains(&format!("seatrial-lacks: {lacked}\r\n")), "{}", exported.head);
    assert!(exported.body.starts_with(&format!("# It may not play back, for what it lacks: {lacked}.\nabout:")), "{}", exported.body);

    make(&server, "restored", &json!({}));
    admin(&server, "POST", "/sandboxes/restored/snapshot", &json!({"name": "s\n1"}));
    buy(&server, "restored");
    admin(&server, "POST", "/sandboxes/restored/restore", &json!({"name": "s\n1"}));
    buy(&server, "restored");
    let (said, file) = lacks("restored");
    assert!(said.starts_with("1 things were done by hand") && file.starts_with("# It may not play back"), "{said}\n{file}");
    assert!(file.contains(r#"  # Here the snapshot "s\n1" was restored; a conversation has no step for that"#), "{file}");
    assert_eq!(kinds(&file), ["call", "call"]);

    send(&server, "DELETE", "/_seatrial/sandboxes/restored/requests?limit=1", &[], "");
    assert!(lacks("restored").0.contains("1 calls were removed from the journal"), "{}", lacks("restored").0);
    (0..60).for_each(|_| buy(&server, "whole"));
    let (said, file) = lacks("whole");
    assert!(said.contains("made room for others") && file.contains(&said), "{said}\n{file:.400}");
}

#[test]
fn answers_to_head_are_expected_without_their_bodies() {
    let server = Server::start(&[]);
    make(&server, "headed", &json!({"seed": 42}));
    let view = admin(&server, "GET", "/sandboxes/headed", &Value::Null);
    let token = format!("ShippoToken {}", view["credentials"]["shippo"][0]["token"].as_str().expect("a token"));
    let headers = [("authorization", &*token), JSON];
    let body = json!({"name": "Ada", "country": "US"}).to_string();
    assert_eq!(send(&server, "POST", "/@headed/shippo/addresses/", &headers, &body).status, 201);
    let head = format!("HEAD /@headed/shippo/addresses HTTP/1.1\r\nhost: {}\r\nauthorization: {token}", server.address());
    unchecked(server.address(), format!("{head}\r\nconnection: close\r\n\r\n").as_bytes());
    ["", "?page=2"].iter().for_each(|query| drop(send(&server, "GET", &format!("/@headed/shippo{query}"), &headers, "")));
    let exported = export(&server, "headed");
    assert_eq!((&steps(&exported)[2]["call"], &steps(&exported)[3]["call"]), (&json!("GET /"), &json!("GET /?page=2")), "{exported}");
    assert_eq!(steps(&exported)[1]["expect"], json!({"status": 200}), "{exported}");
    let folder = Folder::with("round-trips-headed", &[("headed.yaml", &exported)]);
    assert_eq!(differences(&folder), None, "{exported}");
}

/// Links of answers lead to where the caller was, which is another place when they are played back; so does a player in the process.
#[test]
fn links_to_oneself_are_compared_by_what_they_lead_to() {
    let server = Server::start(&[]);
    make(&server, "linked", &json!({"seed": 42}));
    let view = admin(&server, "GET", "/sandboxes/linked", &Value::Null);
    let token = view["credentials"]["shippo"][0]["token"].as_str().expect("a token").to_owned();
    let headers = [("authorization", &*format!("ShippoToken {token}")), JSON];
    for name in ["Ada", "Bob", "Cem"] {
        let body = json!({"name": name, "country": "US"}).to_string();
        assert_eq!(send(&server, "POST", "/@linked/shippo/addresses/", &headers, &body).status, 201);
    }
    let listed = send(&server, "GET", "/@linked/shippo/addresses/?results=1", &headers, "");
    assert!(listed.json()["next"].as_str().is_some_and(|next| next.contains("/@linked/shippo/addresses")), "{}", listed.body);
    let exported = export(&server, "linked");
    let conversation: Value = serde_saphyr::from_str(&exported).expect("YAML");
    admin(&server, "POST", "/sandboxes", &json!({"name": "back", "scenario": conversation["scenario"]}));
    let path = "/_seatrial/sandboxes/back/conversations?vendor=shippo";
    let back = send(&server, "POST", path, &[("content-type", "application/yaml")], &exported).json();
    let problems = back["steps"].as_array().into_iter().flatten().filter(|step| step["problems"] != json!([]));
    assert_eq!(problems.collect::<Vec<_>>(), Vec::<&Value>::new(), "{exported}");
    assert_eq!(back["verdict"], "passed");
}

#[test]
fn subscriptions_are_of_the_version_that_made_them() {
    let server = Server::start(&[]);
    let hook = |vendor: &str| json!({"vendor": vendor, "url": "inbox://me"});
    for vendor in ["shipstation_v1", "shipstation_v2"] {
        let made = admin(&server, "POST", "/sandboxes/default/webhooks", &hook(vendor));
        assert_eq!(made["vendor"], vendor, "{made}");
        let test = format!("/webhooks/{}/test", made["id"].as_str().expect("an id"));
        assert_eq!(admin(&server, "POST", &test, &json!({}))["vendor"], vendor);
    }
    let own = [JSON, ("api-key", "TEST_seatrial")];
    let body = json!({"event": "track", "url": "http://127.0.0.1:9/own"}).to_string();
    let made = send(&server, "POST", "/shipstation/v2/environment/webhooks", &own, &body);
    assert_eq!(made.status, 200, "{}", made.body);
    for (vendor, count) in [("shipstation_v1", 1), ("shipstation_v2", 2)] {
        let found = admin(&server, "GET", &format!("/sandboxes/default/webhooks?vendor={vendor}"), &Value::Null);
        assert_eq!(found["webhooks"].as_array().map(Vec::len), Some(count), "{found}");
        let sent = admin(&server, "GET", &format!("/sandboxes/default/deliveries?vendor={vendor}"), &Value::Null);
        assert_eq!(sent["found"], 1, "{sent}");
    }
    // A file of an earlier version does not say which version made them: the one that keeps those of both.
    let mut file = admin(&server, "GET", "/sandboxes/default/export", &Value::Null);
    let text = file.to_string();
    assert!(text.contains("made_with"), "{text:.2000}");
    file = serde_json::from_str(&text.replace(r#""made_with":"shipstation_v2","#, "")).expect("JSON");
    assert!(!file.to_string().contains("made_with"));
    admin(&server, "POST", "/sandboxes/old/import", &file);
    let old = admin(&server, "GET", "/sandboxes/old/webhooks?vendor=shipstation_v1", &Value::Null);
    assert_eq!(old["webhooks"].as_array().map(Vec::len), Some(3), "{old}");
}
