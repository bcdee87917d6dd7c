//! Sandboxes that nobody called, and verdicts that are not kept any more: no report takes them for success.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{JSON, admin, send};
use crate::folder::Folder;
use crate::process::Server;

const EXPECT: &str = "expect: [{call: shippo.ListAddresses}]";

/// A server that judges at its end, and the reports that it leaves.
struct Judged {
    server: Server,
    folder: Folder,
}

struct End {
    code: Option<i32>,
    said: String,
    junit: String,
    json: Value,
    sarif: Value,
}

impl Judged {
    fn start() -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let folder = Folder::new(&format!("uncalled-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(folder.path()).expect("the folder can be made");
        let file = |name: &str| format!("{}/{name}", folder.path());
        std::fs::write(file("expect.yaml"), EXPECT).expect("the file can be written");
        let reports = ["v.xml", "v.json", "v.sarif"].map(file);
        let mut arguments = vec!["--verify", "--scenario"];
        let scenario = file("expect.yaml");
        arguments.push(&scenario);
        for report in &reports {
            arguments.extend(["--verify-report", report]);
        }
        Self { server: Server::start_logged(&arguments), folder }
    }

    fn call(&self) {
        assert_eq!(send(&self.server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    }

    fn post(&self, path: &str) {
        let answer = send(&self.server, "POST", &format!("/_seatrial{path}"), &[JSON], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    fn kept(&self) -> Vec<String> {
        let kept = admin(&self.server, "GET", "/verdicts", &Value::Null)["verdicts"].take();
        kept.as_array().into_iter().flatten().map(|row| row["verdict"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn left(self) -> End {
        let (code, said) = self.server.left();
        let read = |name: &str| std::fs::read_to_string(format!("{}/{name}", self.folder.path())).expect("a report");
        let value = |name: &str| serde_json::from_str(&read(name)).expect("JSON");
        End { code, said, junit: read("v.xml"), json: value("v.json"), sarif: value("v.sarif") }
    }
}

impl End {
    /// The exit code, and how many cases there are, are failures, are skipped.
    fn check(&self, code: i32, [cases, failures, skipped]: [usize; 3]) {
        let count = |tag: &str| self.junit.matches(tag).count();
        assert_eq!(self.code, Some(code), "{}", self.said);
        assert_eq!([count("<testcase"), count("<failure"), count("<skipped")], [cases, failures, skipped], "{}", self.junit);
        let results = self.sarif["runs"][0]["results"].as_array().expect("results");
        let notes = results.iter().filter(|row| row["level"] == "note").count();
        assert_eq!([results.len() - notes, notes], [failures, skipped], "{}", self.sarif);
        let rows = self.json.as_array().expect("reports");
        let told = rows.iter().filter(|row| row["skipped"].is_string() && row["verdict"] == "unknown").count();
        assert_eq!([rows.len(), told], [cases, skipped], "{}", self.json);
        assert_eq!(self.said.contains(": skipped, "), skipped > 0, "{}", self.said);
    }
}

#[test]
fn a_reset_before_the_first_call_skips_what_nobody_called() {
    for path in ["/sandboxes/default/reset", "/reset"] {
        let judged = Judged::start();
        judged.post(path);
        assert_eq!(judged.kept(), ["unknown"]);
        judged.call();
        judged.left().check(0, [2, 0, 1]);
    }
}

#[test]
fn what_nobody_called_since_the_last_reset_is_skipped() {
    let judged = Judged::start();
    judged.call();
    judged.post("/reset");
    let end = judged.left();
    end.check(0, [2, 0, 1]);
    assert!(end.said.contains("skipped, the process leaves, and nobody had called it: there was no test, or one that calls nothing"));
    // A suite that resets before each test and behind it.
    let judged = Judged::start();
    for _ in 0..2 {
        judged.post("/reset");
        judged.call();
        judged.post("/reset");
    }
    assert_eq!(judged.kept(), ["unknown", "passed", "unknown", "passed"]);
    judged.left().check(0, [5, 0, 3]);
}

#[test]
fn of_two_tests_in_a_row_that_call_nothing_one_fails() {
    let judged = Judged::start();
    judged.call();
    (0..3).for_each(|_| judged.post("/reset"));
    assert_eq!(judged.kept(), ["passed", "unknown", "failed"]);
    judged.left().check(1, [4, 2, 1]);
    let judged = Judged::start();
    judged.post("/reset");
    judged.left().check(1, [2, 1, 1]);
}

#[test]
fn a_sandbox_is_judged_by_its_own_calls_and_not_by_those_of_an_earlier_one_of_its_name() {
    let judged = Judged::start();
    let make = || admin(&judged.server, "POST", "/sandboxes", &json!({"name": "checkout", "scenario": EXPECT}));
    let made = make();
    let token = made["credentials"]["shippo"][0]["token"].as_str().expect("a token").to_owned();
    let header = format!("ShippoToken {token}");
    assert_eq!(send(&judged.server, "GET", "/shippo/addresses", &[("authorization", &header)], "").status, 200);
    assert_eq!(send(&judged.server, "DELETE", "/_seatrial/sandboxes/checkout", &[], "").json()["verdict"], "passed");
    make();
    judged.call();
    judged.left().check(1, [3, 1, 0]);
}

#[test]
fn what_another_scenario_or_a_file_ends_before_the_first_call_is_told() {
    let judged = Judged::start();
    let file = send(&judged.server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    admin(&judged.server, "POST", "/sandboxes/default/snapshot", &json!({"name": "before"}));
    admin(&judged.server, "PUT", "/sandboxes/default/scenario", &json!({"expect": [{"call": "shippo.ListParcels"}]}));
    assert_eq!(judged.kept(), ["unknown"]);
    admin(&judged.server, "POST", "/sandboxes/default/restore", &json!({"name": "before"}));
    assert_eq!(judged.kept(), ["unknown", "failed"]);
    assert_eq!(send(&judged.server, "POST", "/_seatrial/sandboxes/default/import", &[JSON], &file).status, 200);
    assert_eq!(judged.kept(), ["unknown", "failed", "failed"]);
    judged.call();
    judged.left().check(1, [4, 2, 1]);
}

#[test]
fn calls_that_were_removed_from_the_journal_are_calls() {
    let judged = Judged::start();
    judged.call();
    assert_eq!(send(&judged.server, "DELETE", "/_seatrial/sandboxes/default/requests", &[JSON], "").status, 204);
    judged.post("/reset");
    assert_eq!(judged.kept(), ["unknown"]);
    let end = judged.left();
    assert_eq!((end.code, end.json[0]["skipped"].is_string(), end.json[1]["skipped"].is_string()), (Some(1), false, true), "{}", end.json);
}
