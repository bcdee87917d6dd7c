//! The commands that are thin over the admin API of a running server.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{admin, send};
use crate::process::{Server, command, text};

/// What a command prints, and whether it succeeded.
fn told(server: &Server, arguments: &[&str]) -> (bool, String) {
    let output = command().args(arguments).env("SEATRIAL_URL", format!("http://{}", server.address())).output().expect("it runs");
    let is_fine = output.status.success();
    (is_fine, text(if is_fine { &output.stdout } else { &output.stderr }))
}

fn fine(server: &Server, arguments: &[&str]) -> String {
    let (is_fine, said) = told(server, arguments);
    assert!(is_fine, "{arguments:?}: {said}");
    said
}

#[test]
fn a_clock_is_shown_and_moved() {
    let server = Server::start(&[]);
    assert!(fine(&server, &["clock"]).ends_with(" realtime, nothing due\n"));
    assert!(fine(&server, &["clock", "freeze"]).contains(" frozen, "));
    let before = fine(&server, &["clock", "show"]);
    assert_eq!(fine(&server, &["clock"]), before);
    let now = |said: &str| said.split(' ').next().expect("it begins with the time").parse::<jiff::Timestamp>().expect("a time");
    let moved = fine(&server, &["clock", "advance", "72h"]);
    assert_eq!((now(&moved).duration_since(now(&before)).as_hours(), moved.ends_with(" 0 due on the way\n")), (72, true), "{moved}");
    assert!(fine(&server, &["clock", "advance", "2040-01-05T09:00:00Z"]).starts_with("2040-01-05T09:00:00Z "));
    assert!(fine(&server, &["clock", "set", "2041-01-05T09:00:00Z"]).starts_with("2041-01-05T09:00:00Z frozen"));
    assert!(fine(&server, &["clock", "run", "--speed", "60"]).contains(" 60.0 times as fast, "));
    assert!(fine(&server, &["clock", "run"]).contains(" realtime, "));
    for (arguments, expected) in [
        (&["set", "1999-01-01T00:00:00Z"][..], "the clock only moves forward, it is 20"),
        (
            &["set", "2041-01-05"],
            "error: `2041-01-05` is not an instant\nhelp: an instant has a time and a zone, like `2026-01-05T09:00:00Z`",
        ),
        (&["set", "-1h"], "error: `-1h` is not an instant\n"),
        (&["advance", "-1h"], "error: the clock does not go back\nhelp: a snapshot does, and `clock: {start: …}` of a scenario says"),
        (&["advance", "1999-01-01T00:00:00Z"], "the clock only moves forward, it is 20"),
        (&["advance", "soon"], "error: `soon` is neither a span of time nor an instant\nhelp: a span is like `72h`"),
    ] {
        let (is_fine, said) = told(&server, &[&["clock"], arguments].concat());
        assert!(!is_fine && said.contains(expected), "{arguments:?}: {said}");
    }
    let (is_fine, said) = told(&server, &["clock", "--sandbox", "nowhere"]);
    assert!(!is_fine && said.contains("there is no sandbox `nowhere`"), "{said}");
}

#[test]
fn sandboxes_are_opened_copied_kept_and_removed() {
    let server = Server::start(&[]);
    let made: Value =
        serde_json::from_str(&fine(&server, &["sandbox", "create", "mine", "--scenario", "lost-parcel", "--seed", "7"])).expect("JSON");
    assert_eq!((&made["name"], &made["scenario"], &made["seed"]), (&json!("mine"), &json!("lost-parcel"), &json!(7)));
    assert!(fine(&server, &["sandbox", "list"]).contains("mine scenario=lost-parcel now="));
    let copy: Value = serde_json::from_str(&fine(&server, &["sandbox", "fork", "copy", "--sandbox", "mine"])).expect("JSON");
    assert_eq!(copy["name"], "copy");
    let file = std::env::temp_dir().join(format!("seatrial-remote-{}.json", std::process::id()));
    std::fs::write(&file, fine(&server, &["sandbox", "export", "mine"])).expect("the folder takes files");
    let path = file.to_string_lossy().into_owned();
    assert_eq!(fine(&server, &["sandbox", "import", &path, "again"]), format!("again is what {path} says\n"));
    let again: Value = serde_json::from_str(&fine(&server, &["sandbox", "show", "again"])).expect("JSON");
    assert_eq!(again["scenario"], "lost-parcel");
    fine(&server, &["sandbox", "snapshot", "before", "--sandbox", "mine"]);
    assert_eq!(fine(&server, &["sandbox", "restore", "before", "--sandbox", "mine"]), "mine is as it was\n");
    assert!(fine(&server, &["sandbox", "reset", "mine"]).starts_with("mine is as it was when"));
    let report: Value = serde_json::from_str(&fine(&server, &["sandbox", "delete", "copy"])).expect("JSON");
    assert!(report.is_object() && !fine(&server, &["sandbox", "list"]).contains("copy "));
    // A scenario of one's own; one with a mistake leaves no sandbox.
    std::fs::write(&file, "name: own\nseed: 3\n").expect("the folder takes files");
    let own: Value = serde_json::from_str(&fine(&server, &["sandbox", "create", "own", "--scenario", &path])).expect("JSON");
    assert_eq!((&own["scenario"], &own["seed"]), (&json!("own"), &json!(3)));
    // With the files that it includes.
    let base = file.with_extension("base.yaml");
    std::fs::write(&base, "seed: 5\n").expect("the folder takes files");
    let includes = format!("include: [lost-parcel, {}]\nname: built\n", base.file_name().expect("a name").display());
    std::fs::write(&file, includes).expect("the folder takes files");
    let built: Value = serde_json::from_str(&fine(&server, &["sandbox", "create", "built", "--scenario", &path])).expect("JSON");
    assert_eq!((&built["scenario"], &built["seed"]), (&json!("built"), &json!(5)));
    std::fs::remove_file(base).expect("it is ours");
    let (is_fine, said) = told(&server, &["sandbox", "create", "less", "--scenario", &path]);
    assert!(!is_fine && said.starts_with("error[S020]") && said.contains("there is neither such a file"), "{said}");
    // Over the admin API they come in one text; what is built in needs none.
    let sent = |name: &str, scenario: &str| {
        let body = json!({"name": name, "scenario": scenario}).to_string();
        send(&server, "POST", "/_seatrial/sandboxes", &[("content-type", "application/json")], &body)
    };
    let whole = "--- # file: base.yaml\nseed: 6\n--- # file: mine.yaml\ninclude: [base.yaml, lost-parcel]\nname: mine\n";
    let made = sent("whole", whole);
    assert_eq!((made.status, &made.json()["seed"]), (201, &json!(6)), "{}", made.body);
    let bare = sent("bare", "include: base.yaml").body;
    assert!(bare.contains("behind a line `--- # file: base.yaml`") && !bare.contains("built in are"), "{bare}");
    std::fs::write(&file, "nmae: own\n").expect("the folder takes files");
    let (is_fine, said) = told(&server, &["sandbox", "create", "wrong", "--scenario", &path]);
    assert!(!is_fine && said.starts_with("error[S0") && !fine(&server, &["sandbox", "list"]).contains("wrong"), "{said}");
    let (is_fine, said) = told(&server, &["sandbox", "create", "--scenario", "no/such.yaml"]);
    assert!(!is_fine && said.ends_with("help: there is no folder `no`\n"), "{said}");
    let (is_fine, said) = told(&server, &["sandbox", "delete", "default"]);
    assert!(!is_fine && said.contains("the default sandbox stays"), "{said}");
    std::fs::remove_file(file).expect("it is ours");
}

#[test]
fn a_verdict_is_the_exit_code() {
    let server = Server::start(&[]);
    let put = |expect: &str| admin(&server, "PUT", "/sandboxes/default/scenario", &json!({"expect": [{expect: "shippo.ListAddresses"}]}));
    let coded = |arguments: &[&str]| {
        let output = command().args(arguments).env("SEATRIAL_URL", format!("http://{}", server.address())).output().expect("it runs");
        (output.status.code(), text(&output.stdout))
    };
    put("call");
    let (code, said) = coded(&["verify", "--wait", "10ms"]);
    assert!(code == Some(1) && said.starts_with("sandbox `default`: failed, 1 of 1 expectations are not met\n"), "{said}");
    // A body that says nothing of its own is none.
    for body in [Value::Null, json!({}), json!({"expect": null})] {
        assert_eq!(admin(&server, "POST", "/sandboxes/default/verify", &body)["verdict"], "failed", "{body}");
    }
    assert_eq!(coded(&["verify", "--format", "xml"]).0, Some(2));
    let (code, said) = coded(&["verify", "--format", "junit"]);
    assert!(code == Some(1) && said.contains("failures=\"1\""), "{said}");
    fine(&server, &["sandbox", "fork", "copy"]);
    let (code, said) = coded(&["sandbox", "delete", "copy"]);
    assert!(code == Some(1) && said.contains("\"verdict\": \"failed\""), "{said}");
    put("never");
    assert_eq!(
        coded(&["verify"]),
        (
            Some(0),
            "sandbox `default`: passed, all expectations hold (1)\n  passed  scenario.yaml:1: {\"never\":\"shippo.ListAddresses\"}\n"
                .to_owned()
        )
    );
    let report: Value = serde_json::from_str(&fine(&server, &["verify", "--format", "json"])).expect("JSON");
    assert_eq!(report[0]["verdict"], "passed");
}

#[test]
fn calls_are_waited_for() {
    let server = Server::start(&[]);
    let (is_fine, said) = told(&server, &["wait", "--operation", "shippo.ListAddresses", "--timeout", "50ms"]);
    assert!(!is_fine && said == "error: 0 calls have come, not 1\n", "{said}");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| told(&server, &["wait", "--operation", "shippo.ListAddresses", "--status", "2xx", "--count", "2"]));
        (0..2).for_each(|_| assert_eq!(send(&server, "GET", "/shippo/addresses/", &SHIPPO, "").status, 200));
        assert_eq!(waiting.join().expect("it ends"), (true, "2 calls\n".to_owned()));
    });
}

#[test]
fn calls_are_followed_until_their_sandbox_is_gone() {
    let server = Server::start(&[]);
    let made = admin(&server, "POST", "/sandboxes", &json!({"name": "mine"}));
    let token = format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().expect("a token"));
    let mut following = command();
    following.args(["requests", "--follow", "--sandbox", "mine"]).env("SEATRIAL_URL", format!("http://{}", server.address()));
    let mut following = following.stdout(Stdio::piped()).spawn().expect("it runs");
    let mut lines = BufReader::new(following.stdout.take().expect("stdout is piped")).lines();
    // It may have begun to listen a little later than the first calls.
    let mut first = None;
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| lines.next());
        while !reading.is_finished() {
            send(&server, "GET", "/shippo/addresses/", &[("authorization", &token)], "");
        }
        first = reading.join().expect("it reads");
    });
    let first = first.expect("a line comes").expect("it is text");
    assert!(first.contains(" GET /shippo/addresses/ shippo.ListAddresses 200"), "{first}");
    admin(&server, "DELETE", "/sandboxes/mine", &Value::Null);
    let last = lines.last().expect("a last line comes").expect("it is text");
    assert_eq!(last, "no more: the sandbox is gone");
    assert!(following.wait().expect("it ends").success());
}
