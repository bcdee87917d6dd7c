//! What a consumer has to have done: each kind of expectation, how its verdict is asked for, and how it is written.

use http::Method;
use jiff::SignedDuration;
use seatrial::base::time;
use seatrial::engine::{Machine, Options, Sandbox};
use seatrial::scenario::verify::{Allowance, Format, Report, verify};
use seatrial::scenario::{self, run::MachineVocabulary};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::advance::advance;
use crate::client::{JSON, admin, send};
use crate::folder::Folder;
use crate::made_up::{self, request, set_scenario, start};
use crate::process::{Server, run, text};

/// A machine with a frozen sandbox, and calls of Shippo.
pub struct World(Machine);

impl World {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let machine = made_up::machine(vendors::all(), options);
        set_scenario(&machine, "clock: {start: 2026-01-05T09:00:00Z, mode: frozen}").expect("a scenario");
        Self(machine)
    }

    pub fn call(&self, method: Method, path: &str, body: &Value) {
        let headers = [("host", "localhost"), ("authorization", "ShippoToken shippo_test_seatrial")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.0.handle(&request(method, &format!("/shippo{path}"), &headers, &body), start());
    }

    pub fn create(&self, name: &str) {
        self.call(Method::POST, "/addresses", &json!({"name": name, "country": "US"}));
    }

    pub fn list(&self) {
        self.call(Method::GET, "/addresses", &Value::Null);
    }

    pub fn wait(&self, span: &str) {
        let sandbox = self.0.default_sandbox();
        let now = sandbox.lock().world.clock().now(start());
        let span: SignedDuration = time::span(span).expect("a span");
        advance(&self.0, sandbox, time::shift(now, span), start());
    }

    pub fn judge(&self, expect: &str) -> Report {
        judge(&self.0, self.0.default_sandbox(), expect)
    }

    pub fn check(&self, expect: &str, verdict: &str, detail: &str) {
        let finding = self.judge(expect).findings.remove(0);
        assert_eq!((finding.verdict.word(), finding.detail.as_str()), (verdict, detail), "{expect}");
    }
}

/// Holds an expectation against what a sandbox has of evidence.
pub fn judge(machine: &Machine, sandbox: &Sandbox, expect: &str) -> Report {
    let text = format!("expect:\n  - {expect}\n");
    let scenario = scenario::load(&text, "expect.yaml", &MachineVocabulary(machine));
    let scenario = scenario.unwrap_or_else(|problems| panic!("{}", problems.iter().map(ToString::to_string).collect::<String>()));
    verify(machine, sandbox, &scenario, &Allowance::of_one(&|| false))
}

#[test]
fn calls_may_have_to_follow_another_within_a_time() {
    let world = World::new();
    world.list();
    world.check(
        "{call: shippo.ListAddresses, after: shippo.CreateAddress}",
        "failed",
        "call count 0, expected at least 1; no call of `shippo.CreateAddress` came, which they are to follow",
    );
    world.create("Ada");
    world.wait("3h");
    world.list();
    world.check("{call: shippo.ListAddresses, after: shippo.CreateAddress, count: 1}", "passed", "call count 1, expected 1");
    world.check("{call: shippo.ListAddresses, after: shippo.CreateAddress, within: 3h}", "passed", "call count 1, expected at least 1");
    world.check("{call: shippo.ListAddresses, after: shippo.CreateAddress, within: 2h}", "failed", "call count 0, expected at least 1");
    world.check("{never: shippo.ListAddresses, after: shippo.CreateAddress, within: 2h}", "passed", "call count 0, expected 0");
    world.check("{never: shippo.ListAddresses, after: shippo.CreateAddress}", "failed", "call count 1, expected 0");
    // A call does not follow itself.
    world.check("{never: shippo.CreateAddress, after: shippo.CreateAddress}", "passed", "call count 0, expected 0");
    // Every call that others are after counts, the second one as well.
    let soon = |kind: &str| format!("{{{kind}: shippo.ListAddresses, after: shippo.CreateAddress, within: 2h}}");
    world.wait("20h");
    world.create("Bob");
    world.check(&soon("never"), "passed", "call count 0, expected 0");
    world.wait("1h");
    world.list();
    world.check(&soon("never"), "failed", "call count 1, expected 0");
    world.check(&soon("call"), "passed", "call count 1, expected at least 1");
    // What follows the first one soon does so behind a later one, too.
    world.check("{never: shippo.CreateAddress, after: shippo.CreateAddress, within: 22h}", "passed", "call count 0, expected 0");
    world.wait("1h");
    world.create("Cy");
    world.check("{never: shippo.CreateAddress, after: shippo.CreateAddress, within: 3h}", "failed", "call count 1, expected 0");
    world.check("{never: shippo.CreateAddress, after: shippo.CreateAddress, within: 1h}", "passed", "call count 0, expected 0");
}

#[test]
fn a_call_is_soon_after_the_first_one_only() {
    let world = World::new();
    let never = "{never: shippo.ListAddresses, after: shippo.CreateAddress, within: 2h}";
    world.create("Ada");
    world.wait("1h");
    world.list();
    world.check(never, "failed", "call count 1, expected 0");
    world.wait("20h");
    world.create("Bob");
    world.check(never, "failed", "call count 1, expected 0");
    let world = World::new();
    world.list();
    world.create("Ada");
    world.check(never, "passed", "call count 0, expected 0");
}

#[test]
fn an_order_may_have_conditions_and_a_time() {
    let world = World::new();
    world.create("Ada");
    world.wait("10h");
    world.create("Bob");
    world.wait("1h");
    world.list();
    let order = |rest: &str| format!("{{order: [shippo.CreateAddress, shippo.ListAddresses]{rest}}}");
    world.check(&order(""), "passed", "all calls came in this order");
    // The second address is recent enough, although the first is not.
    world.check(&order(", within: 1h"), "passed", "all calls came in this order");
    world.check(&order(", within: 30m"), "failed", "no call of `shippo.ListAddresses` after that of `shippo.CreateAddress` within 30m");
    let named = |first: &str, second: &str| {
        format!(
            "{{order: [{{call: shippo.CreateAddress, when: $request.body.name == '{first}'}}, \
             {{call: shippo.CreateAddress, when: $request.body.name == '{second}'}}]}}"
        )
    };
    world.check(&named("Ada", "Bob"), "passed", "all calls came in this order");
    world.check(&named("Bob", "Ada"), "failed", "no call of `shippo.CreateAddress` after that of `shippo.CreateAddress`");
    // One call takes one place.
    world.check(
        "{order: [shippo.ListAddresses, shippo.ListAddresses]}",
        "failed",
        "no call of `shippo.ListAddresses` after that of `shippo.ListAddresses`",
    );
}

#[test]
fn an_order_names_its_calls_and_takes_a_bounded_look_at_them() {
    let world = World::new();
    world.create("Ada");
    (0..2).for_each(|_| world.list());
    let order = |places: usize| format!("{{order: [shippo.CreateAddress{}]}}", ", shippo.ListAddresses".repeat(places - 1));
    let found = world.judge(&order(3)).findings.remove(0);
    let (newest, all) = (found.evidence.last().map(String::as_str), found.evidence.len());
    assert!(found.calls[0].starts_with("shippo.CreateAddress") && found.calls[2].starts_with("shippo.ListAddresses"), "{:?}", found.calls);
    let last = world.0.default_sandbox().journal().iter().last().map(|entry| entry.id.to_string());
    assert_eq!((newest, all), (last.as_deref(), 3));
    (0..250).for_each(|_| world.list());
    let none = "no call of `shippo.ListAddresses` after that of `shippo.ListAddresses`";
    world.check(&order(300), "failed", none);
    // So many calls are not held against so many places.
    world.check(&order(20_000), "unknown", &format!("{none}; some of the evidence was evicted, removed or cut"));
}

#[test]
fn calls_may_have_to_keep_to_the_document() {
    let world = World::new();
    world.check("{valid: shippo.*}", "passed", "no such call came");
    world.create("Ada");
    world.check("{valid: '*'}", "passed", "all of 1 calls keep to the vendor's document");
    world.call(Method::POST, "/addresses", &json!({"name": "Ada", "country": "US", "planet": "Mars"}));
    world.call(Method::GET, "/adresses", &Value::Null);
    world.check("{valid: shippo.CreateAddress}", "failed", "1 of 2 calls depart from the vendor's document");
    let but_excepted = "calls keep to the vendor's document, or depart in nothing but what is excepted";
    world.check("{valid: shippo.CreateAddress, except: [unknown-member]}", "passed", &format!("all of 2 {but_excepted}"));
    // The vendor takes a number where its document has a text, and without `--contract` nothing is noted of it.
    world.call(Method::POST, "/addresses", &json!({"name": "Ada", "country": "US", "zip": 94117}));
    world.check("{valid: shippo.CreateAddress, except: [unknown-member]}", "failed", "1 of 3 calls depart from the vendor's document");
    world.check("{valid: shippo.CreateAddress, except: [unknown-member, request-invalid]}", "passed", &format!("all of 3 {but_excepted}"));
    let report = world.judge("{valid: '*'}");
    let seen = &report.findings[0].calls;
    let [member, nowhere, text] = &seen[..] else { panic!("{seen:?}") };
    let unknown = "planet (unknown-member): found a member that the document does not have, expected one of `name`, ";
    assert!(member.starts_with(&format!("shippo.CreateAddress 201 (unknown-member): {unknown}")), "{seen:?}");
    let found = "found `GET /adresses`, expected a path of the document of shippo";
    let near = "did you mean `GET /addresses` (shippo.ListAddresses)?";
    assert_eq!(nowhere, &format!("shippo 404 (unknown-operation): /adresses (unknown-operation): {found}; {near}"));
    assert_eq!(text, "shippo.CreateAddress 201: body /zip (type): found `94117`, expected the type string");
}

#[test]
fn expectations_see_what_was_answered() {
    let world = World::new();
    world.create("Ada");
    world.call(Method::POST, "/addresses", &json!({"name": "Bob"}));
    world.check("{never: '*', when: $answer.status >= 500}", "passed", "call count 0, expected 0");
    world.check("{call: shippo.CreateAddress, when: $answer.status == 400, count: 1}", "passed", "call count 1, expected 1");
    world.check(
        "{call: '*', when: $answer.body.name == 'Ada' and $answer.wire == 'sent' and $answer.headers.content-type contains 'json', count: 1}",
        "passed",
        "call count 1, expected 1",
    );
}

#[test]
fn evidence_that_is_gone_is_said() {
    let world = World::with(Options { journal_bytes: 4_000, ..Options::default() });
    (0..40).for_each(|_| world.list());
    world.create("Ada");
    let gone = "some of the evidence was evicted, removed or cut";
    for (expect, verdict) in [
        ("{never: shippo.CreateRefund}", "unknown"),
        ("{call: shippo.ListAddresses, count: 40}", "unknown"),
        ("{valid: shippo.*}", "unknown"),
        ("{order: [shippo.CreateRefund, shippo.CreateAddress]}", "unknown"),
        ("{call: shippo.CreateAddress}", "passed"),
        ("{never: shippo.CreateAddress}", "failed"),
    ] {
        let report = world.judge(expect);
        let finding = &report.findings[0];
        assert_eq!(finding.verdict.word(), verdict, "{expect}: {}", finding.detail);
        assert!(verdict != "unknown" || finding.detail.contains(gone) || finding.detail.contains("no longer in the journal"), "{expect}");
        assert!(verdict == "passed" || Format::Text.write(&[report]).contains("calls are no longer in the journal"), "{expect}");
    }
    // An answer of which only the beginning was kept is no evidence about its body, but about its status.
    let world = World::new();
    (0..120).for_each(|index| world.create(&format!("Somebody with a name of some length, number {index} {}", "x".repeat(700))));
    world.call(Method::GET, "/addresses?results=100", &Value::Null);
    let cut = |when: &str| world.judge(&format!("{{never: shippo.ListAddresses, when: {when}}}")).findings[0].verdict.word();
    assert_eq!((cut("$answer.body contains 'x'"), cut("$answer.status == 500")), ("unknown", "passed"));
    // Nor is such a body of a request.
    world.create(&"x".repeat(70_000));
    let cut = |when: &str| world.judge(&format!("{{never: shippo.CreateAddress, when: {when}}}")).findings[0].verdict.word();
    assert_eq!((cut("$request.body.name == 'Bob'"), cut("$request.headers.x-a == 'b' or $answer.status == 500")), ("unknown", "passed"));
}

#[test]
fn what_no_document_has_is_no_departure_from_it() {
    let world = World::new();
    let headers = [("host", "localhost"), ("authorization", "ShippoToken shippo_test_seatrial"), ("x-forwarded-host", "no host")];
    world.0.handle(&request(Method::GET, "/shippo/addresses", &headers, ""), start());
    let notes: Vec<&str> = world.0.default_sandbox().journal().iter().flat_map(|entry| entry.notes.iter().map(|note| note.code)).collect();
    assert_eq!(notes, ["forwarded-ignored"]);
    world.check("{valid: shippo.*}", "passed", "all of 1 calls keep to the vendor's document");
}

const EXPECT: &str = "name: told
expect:
  - {call: shippo.CreateAddress, count: 1}
  - never: shippo.ListAddresses
    when: $request.query.page != '<&\"]]>'
";

#[test]
fn what_was_removed_from_the_journal_is_said() {
    let world = World::new();
    let check = |expect: &str, verdict: &str, detail: &str| {
        let finding = world.judge(expect).findings.remove(0);
        assert_eq!(finding.verdict.word(), verdict, "{expect}: {}", finding.detail);
        assert!(finding.detail.contains(detail), "{expect}: {}", finding.detail);
    };
    world.create("Ada");
    world.list();
    check("{never: shippo.CreateAddress}", "failed", "call count 1, expected 0");
    let sandbox = world.0.default_sandbox();
    sandbox.retain_in_journal(|entry| entry.operation.as_deref() != Some("shippo.CreateAddress"));
    let gone = "some of the evidence was evicted, removed or cut";
    check("{never: shippo.CreateAddress}", "unknown", gone);
    check("{never: shippo.CreateAddress, when: $request.body.name == 'Bob'}", "unknown", gone);
    check("{call: shippo.*, count: 2}", "unknown", gone);
    check("{call: shippo.ListAddresses, after: shippo.CreateAddress}", "unknown", gone);
    let opening = "; no call of `shippo.CreateAddress` is in the journal any more, which they are to follow";
    check("{call: shippo.ListAddresses, after: shippo.CreateAddress}", "unknown", opening);
    check("{valid: shippo.*}", "unknown", gone);
    // Of what is gone nobody knows whether the call that is left came before it.
    world.create("Bob");
    let report = world.judge("{call: shippo.ListAddresses, after: shippo.CreateAddress}");
    assert_eq!(report.findings[0].others, [""; 0], "{report:?}");
    sandbox.retain_in_journal(|entry| entry.operation.as_deref() != Some("shippo.CreateAddress"));
    check("{valid: shippo.*}", "unknown", gone);
    // What is left suffices for these.
    check("{call: shippo.*}", "passed", "call count 1");
    check("{never: shippo.CreateParcel}", "passed", "call count 0");
    check("{call: shippo.ListAddresses, count: 1}", "passed", "call count 1");
    sandbox.retain_in_journal(|_| false);
    check("{call: shippo.ListAddresses, count: 1}", "unknown", gone);
    assert!(set_scenario(&world.0, "name: anew").is_ok());
    check("{never: shippo.CreateAddress}", "passed", "call count 0");
}

#[test]
fn what_was_removed_is_gone_after_a_start_as_well() {
    let folder = Folder::new("removed-evidence");
    let server = Server::start_logged(&["--data-dir", folder.path()]);
    let verdict = |server: &Server| admin(server, "POST", "/sandboxes/default/verify", &Value::Null)["verdict"].clone();
    admin(&server, "PUT", "/sandboxes/default/scenario", &json!({"expect": [{"never": "shippo.ListAddresses"}]}));
    assert_eq!(verdict(&server), "passed");
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    assert_eq!(verdict(&server), "failed");
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/default/requests", &[JSON], "").status, 204);
    assert_eq!(verdict(&server), "unknown");
    assert_eq!(server.left().0, Some(0));
    let server = Server::start(&["--data-dir", folder.path()]);
    assert_eq!(verdict(&server), "unknown");
}

#[test]
fn a_verdict_is_written_for_people_and_for_programs() {
    let server = Server::start(&[]);
    let yaml = [("content-type", "application/yaml")];
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &yaml, EXPECT).status, 200);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    let said = |format: &str| {
        let answer = send(&server, "POST", &format!("/_seatrial/sandboxes/default/verify?format={format}"), &[JSON], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    };
    let plain = said("text");
    assert_eq!(plain.kind, "text/plain; charset=utf-8");
    let lines: Vec<&str> = plain.body.lines().collect();
    assert_eq!(lines[0], "sandbox `default`: failed, 2 of 2 expectations are not met");
    assert_eq!(lines[1], "  failed  scenario.yaml:3: {call: shippo.CreateAddress, count: 1}");
    assert_eq!(lines[2], "          call count 0, expected 1");
    assert_eq!(lines[4], "          call count 1, expected 0");
    assert!(lines[5].starts_with("            default-") && lines[5].ends_with(" shippo.ListAddresses 200"), "{}", lines[5]);
    assert_eq!(lines[6], "  calls that came:");
    assert!(lines[7].ends_with(lines[5].trim()), "{}", lines[7]);
    let junit = said("junit");
    assert_eq!(junit.kind, "application/xml");
    let read = cases_and_failures(&junit.body);
    assert_eq!(read, (2, 2), "{}", junit.body);
    assert!(junit.body.contains("&lt;&amp;&quot;]]&gt;"), "{}", junit.body);
    let sarif = said("sarif").json();
    let rows = sarif["runs"][0]["results"].as_array().expect("results");
    assert_eq!((rows.len(), &rows[1]["locations"][0]["physicalLocation"]["region"]["startLine"]), (2, &json!(4)));
    assert_eq!(said("json").json()["findings"][1]["line"], 4);
    let wrong = send(&server, "POST", "/_seatrial/sandboxes/default/verify?format=xml", &[JSON], "");
    assert_eq!(wrong.status, 400, "{}", wrong.body);
}

/// How many test cases and failures an XML document has, whose tags have to be nested properly.
fn cases_and_failures(text: &str) -> (usize, usize) {
    let mut open = Vec::new();
    let (mut cases, mut failures) = (0, 0);
    for tag in text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        match tag {
            _ if tag.starts_with('?') => {}
            _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(name.to_owned()), "{text}"),
            _ if tag.ends_with('/') => {}
            _ => open.push(name.to_owned()),
        }
        cases += usize::from(name == "testcase" && !tag.starts_with('/'));
        failures += usize::from(name == "failure" && !tag.starts_with('/'));
    }
    assert!(open.is_empty(), "{text}");
    (cases, failures)
}

#[test]
fn a_verdict_is_waited_for() {
    let server = Server::start(&[]);
    let expect = json!({"expect": [{"call": "shippo.ListAddresses", "count": 1}]});
    std::thread::scope(|scope| {
        let verdict = scope.spawn(|| admin(&server, "POST", "/sandboxes/default/verify?wait=60s", &expect));
        assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
        assert_eq!(verdict.join().expect("it ends")["verdict"], "passed");
    });
    // What failed for good is not waited for.
    let never = json!({"expect": [{"never": "shippo.ListAddresses"}, {"call": "shippo.CreateRefund"}]});
    assert_eq!(admin(&server, "POST", "/sandboxes/default/verify?wait=60s", &never)["verdict"], "failed");
    assert_eq!(
        admin(&server, "POST", "/sandboxes/default/verify?wait=1ms", &json!({"expect": [{"call": "shippo.CreateRefund"}]}))["verdict"],
        "failed"
    );
}

#[test]
fn the_verdict_on_a_sandbox_that_ended_is_kept() {
    let server = Server::start(&[]);
    let scenario = "expect: [{call: shippo.ListAddresses, when: $request.headers.authorization contains 'x'}]";
    let made = json!({"name": "mine", "scenario": scenario});
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &made.to_string()).status, 201);
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/mine", &[], "").json()["verdict"], "failed");
    let kept = admin(&server, "GET", "/verdicts", &Value::Null)["verdicts"].take();
    assert_eq!((kept.as_array().map(Vec::len), &kept[0]["sandbox"], &kept[0]["why"]), (Some(1), &json!("mine"), &json!("it was deleted")));
    assert_eq!(kept[0]["verdict"], "failed");
}

/// What ends where a snapshot of another scenario is restored, or a file is imported.
#[test]
fn the_verdict_on_what_a_snapshot_or_a_file_replaces_is_kept() {
    let server = Server::start(&[]);
    let why = || {
        let kept = admin(&server, "GET", "/verdicts", &Value::Null)["verdicts"].take();
        let rows = kept.as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| format!("{}: {}", row["why"], row["verdict"]).replace('"', "")).collect::<Vec<_>>()
    };
    let sandbox = |method: &str, path: &str, body: &Value| admin(&server, method, &format!("/sandboxes/default{path}"), body);
    sandbox("POST", "/snapshot", &json!({"name": "before"}));
    sandbox("PUT", "/scenario?keep=data", &json!({"expect": [{"never": "shippo.ListAddresses"}]}));
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    sandbox("POST", "/snapshot", &json!({"name": "same"}));
    sandbox("POST", "/restore", &json!({"name": "same"}));
    assert_eq!(why(), [""; 0], "the scenario is the same, and the calls are still there");
    let file = send(&server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    sandbox("POST", "/restore", &json!({"name": "before"}));
    assert_eq!(why(), ["it goes on under another scenario: failed"]);
    sandbox("PUT", "/scenario?keep=data", &json!({"expect": [{"call": "shippo.CreateRefund"}]}));
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/import", &[JSON], &file).status, 200);
    assert_eq!(why(), ["it goes on under another scenario: failed", "a file took its place: failed"]);
}

fn scenario_file(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("seatrial-{name}-{}.yaml", std::process::id()));
    std::fs::write(&path, "expect: [{call: shippo.ListAddresses, count: 1}]").expect("the file can be written");
    path
}

#[test]
fn the_exit_code_is_the_verdict() {
    let (file, report) = (scenario_file("verified"), std::env::temp_dir().join(format!("seatrial-verdict-{}.xml", std::process::id())));
    let (file_name, report_name) = (file.to_string_lossy().into_owned(), report.to_string_lossy().into_owned());
    let serve = || Server::start_logged(&["--verify", "--verify-report", &report_name, "--scenario", &file_name]);
    let server = serve();
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    let (code, said) = server.left();
    assert!(said.contains("sandbox `default`: passed, all expectations hold (1)"), "{said}");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(cases_and_failures(&std::fs::read_to_string(&report).expect("a report")), (1, 0));
    // Nobody called: that is no silent success.
    let (code, said) = serve().left();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(":1: {call: shippo.ListAddresses, count: 1}\n          call count 0, expected 1\n"), "{said}");
    assert_eq!(cases_and_failures(&std::fs::read_to_string(&report).expect("a report")), (1, 1));
    // What a test did before a reset counts as well, and the reset at the end does not.
    let server = serve();
    send(&server, "GET", "/shippo/addresses", &SHIPPO, "");
    send(&server, "POST", "/_seatrial/reset", &[JSON], "");
    assert_eq!(server.left().0, Some(0));
    let server = serve();
    send(&server, "GET", "/shippo/parcels", &SHIPPO, "");
    send(&server, "POST", "/_seatrial/reset", &[JSON], "");
    send(&server, "GET", "/shippo/addresses", &SHIPPO, "");
    assert_eq!(server.left().0, Some(1));
    std::fs::remove_file(&file).and_then(|()| std::fs::remove_file(&report)).expect("they are there");
    let wrong = run(&["--listen", "127.0.0.1:0", "--verify", "--scenario", &file_name]);
    assert!(text(&wrong.stderr).contains("neither a file nor a built-in scenario"));
}

#[test]
fn each_expectation_is_told_with_its_own_file() {
    let first = scenario_file("first");
    let second = first.with_file_name(format!("seatrial-second-{}.yaml", std::process::id()));
    std::fs::write(&second, "name: b\n\nexpect:\n  - {never: shippo.ListParcels}\n  - {call: shippo.ListRefunds}")
        .expect("it can be written");
    let name = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let server = Server::start_logged(&["--verify", "--scenario", &name(&first), "--scenario", &name(&second)]);
    let (code, said) = server.left();
    assert_eq!(code, Some(1), "{said}");
    for (file, line, row) in [(&first, 1, "call: shippo.ListAddresses, count: 1"), (&second, 5, "call: shippo.ListRefunds")] {
        assert!(said.contains(&format!("  failed  {}:{line}: {{{row}}}", file.display())), "{said}");
    }
    [first, second].iter().for_each(|file| std::fs::remove_file(file).expect("it is there"));
}

#[test]
fn what_had_no_effect_is_said_when_the_process_leaves() {
    let file = std::env::temp_dir().join(format!("seatrial-unused-{}.yaml", std::process::id()));
    let second = "  {on: shippo.ListAddresses, when: $call.nth == 7, fault: 503}";
    std::fs::write(
        &file,
        format!("expect: [{{call: shippo.CreateRefund}}]\noverrides: [{{on: shippo.CreateRefund, fault: 503}},\n{second}]"),
    )
    .expect("the file can be written");
    let server = Server::start_logged(&["--scenario", file.to_str().expect("a UTF-8 path")]);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    let said = server.log();
    for expected in [
        "the process leaves; ",
        "is not met: call count 0, expected at least 1",
        "override `shippo.CreateRefund` in line 2 had no effect: no call came to it",
        "override `shippo.ListAddresses` in line 3 had no effect: none of 1 calls fulfilled its conditions, or all were taken by an",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    std::fs::remove_file(file).expect("the file can go");
}
