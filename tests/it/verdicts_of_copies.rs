//! Verdicts on copies of sandboxes, and on sandboxes that went back to a snapshot: what happened before that is not counted as of now.

use http::Method;
use jiff::SignedDuration;
use seatrial::base::time::{self, Timestamp};
use seatrial::engine::webhooks::{AttemptResult, Subscription};
use seatrial::engine::{Machine, Options, Sandbox};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::advance::advance_answered;
use crate::client::{JSON, admin, send};
use crate::made_up::{self, request, set_scenario};
use crate::process::Server;
use crate::verdicts::judge;

const EVENT: &str = "SHIPMENT_CREATED";

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine() -> Machine {
    let machine = made_up::machine(vendors::all(), Options::default());
    set_scenario(&machine, &format!("clock: {{start: {}, mode: frozen}}\n", wall())).expect("the scenario is fine");
    machine
}

fn notify(machine: &Machine, sandbox: &Sandbox) {
    let told = machine.as_account(sandbox, "shipmate", None, wall(), |cx| cx.notify(EVENT, "one", &json!({"about": "one"})));
    told.expect("the vendor has an account");
}

/// Lets time pass, in which the receiver gives this answer.
fn pass(machine: &Machine, sandbox: &Sandbox, hours: i64, status: u16) {
    let to = time::shift(sandbox.lock().world.clock().now(wall()), SignedDuration::from_hours(hours));
    advance_answered(machine, sandbox, to, wall(), &mut |_| AttemptResult::Answered { status, body: String::new() });
}

fn check(machine: &Machine, sandbox: &Sandbox, wanted: &str, verdict: &str) {
    let finding = judge(machine, sandbox, &format!("{{webhook: {{event: {EVENT}, {wanted}}}}}")).findings.remove(0);
    assert_eq!(finding.verdict.word(), verdict, "{wanted}: {finding:?}");
}

#[test]
fn a_copy_is_judged_by_the_webhooks_that_are_sent_in_it() {
    let machine = machine();
    let sandbox = machine.default_sandbox();
    let to = |cx: &mut seatrial::engine::Cx<'_>| cx.subscribe(Subscription::new("http://127.0.0.1:9/hook", vec!["*".to_owned()], cx.now));
    machine.as_account(sandbox, "shipmate", None, wall(), to).expect("the vendor has an account");
    notify(&machine, sandbox);
    pass(&machine, sandbox, 96, 200);
    notify(&machine, sandbox);
    pass(&machine, sandbox, 0, 500);
    let copy = machine.fork(sandbox, "copy", wall()).expect("there is room");
    check(&machine, sandbox, "min: 2, max: 2", "passed");
    check(&machine, &copy, "max: 0", "passed");
    // What was refused in the source is sent again in both.
    pass(&machine, &copy, 96, 200);
    check(&machine, &copy, "min: 1, max: 1, answered: 200", "passed");
    check(&machine, &copy, "max: 0, answered: 5xx", "passed");
    notify(&machine, &copy);
    pass(&machine, &copy, 1, 200);
    check(&machine, &copy, "min: 2, max: 2", "passed");
    check(&machine, sandbox, "max: 0, answered: 5xx", "failed");
    // The copy of a copy begins anew.
    let other = machine.fork(&copy, "other", wall()).expect("there is room");
    check(&machine, &other, "max: 0", "passed");
    notify(&machine, &other);
    pass(&machine, &other, 1, 200);
    check(&machine, &other, "min: 1, max: 1", "passed");
}

#[test]
fn the_sandbox_of_a_file_is_judged_by_the_webhooks_that_are_sent_in_it_and_one_that_goes_on_by_all() {
    let server = Server::start(&[]);
    let scenario = |name: &str| {
        let hook = json!({"vendor": "shipmate", "url": "inbox://me"});
        let sent = json!({"webhook": {"event": EVENT, "min": 1}});
        json!({"name": name, "clock": {"mode": "frozen"}, "webhooks": {"subscriptions": [hook]}, "expect": [sent]})
    };
    admin(&server, "POST", "/sandboxes", &json!({"name": "first", "scenario": scenario("one")}));
    let verdict = |sandbox: &str| admin(&server, "POST", &format!("/sandboxes/{sandbox}/verify"), &json!({}))["verdict"].take();
    assert_eq!(verdict("first"), "failed");
    let own = admin(&server, "GET", "/sandboxes/first", &Value::Null)["credentials"]["shipmate"][0].take();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (key, login) = (text(&own["api_key"]), json!({"username": own["username"], "password": own["password"]}).to_string());
    let key = ("x-shipmate-api-key", key.as_str());
    let token = text(&send(&server, "POST", "/@first/shipmate/v1.1/tokens", &[key, JSON], &login).json()["data"]["token"]);
    let example = admin(&server, "GET", "/vendors/shipmate/operations/createConsignment?sandbox=first", &Value::Null);
    let (path, body) = ("/@first/shipmate/v1.1/consignments", example["example"]["body"].to_string());
    let made = send(&server, "POST", path, &[key, ("x-shipmate-token", &token), JSON], &body);
    assert_eq!(made.status, 201, "{}", made.body);
    admin(&server, "POST", "/sandboxes/first/clock/advance", &json!({"by": "12h"}));
    assert_eq!(verdict("first"), "passed");
    let file = admin(&server, "GET", "/sandboxes/first/export", &Value::Null);
    admin(&server, "POST", "/sandboxes/second/import", &file);
    assert_eq!(verdict("second"), "failed");
    admin(&server, "PUT", "/sandboxes/first/scenario?keep=data", &scenario("two"));
    assert_eq!(verdict("first"), "passed");
    admin(&server, "POST", "/sandboxes/first/reset", &Value::Null);
    assert_eq!(verdict("first"), "failed");
}

#[test]
fn no_call_is_within_a_time_of_one_that_a_snapshot_was_restored_behind() {
    let machine = machine();
    let sandbox = machine.default_sandbox();
    let headers = [("host", "localhost"), ("authorization", "ShippoToken shippo_test_seatrial")];
    let call = |method: Method| {
        let body = if method == Method::POST { json!({"name": "Ada", "country": "US"}).to_string() } else { String::new() };
        machine.handle(&request(method, "/shippo/addresses", &headers, &body), wall());
    };
    let check = |expect: &str, verdict: &str| {
        let finding = judge(&machine, sandbox, expect).findings.remove(0);
        assert_eq!(finding.verdict.word(), verdict, "{expect}: {finding:?}");
        finding.others.join("\n")
    };
    sandbox.snapshot("begin", wall()).expect("there is room");
    pass(&machine, sandbox, 3, 200);
    call(Method::POST);
    assert!(sandbox.restore("begin", wall()));
    // Before the time of that call, and soon behind it.
    call(Method::GET);
    pass(&machine, sandbox, 4, 200);
    call(Method::GET);
    check("{call: shippo.ListAddresses, after: shippo.CreateAddress, count: 2}", "passed");
    let others = check("{call: shippo.ListAddresses, after: shippo.CreateAddress, within: 5h}", "failed");
    assert!(others.contains("a snapshot was restored"), "{others}");
    check("{never: shippo.ListAddresses, after: shippo.CreateAddress, within: 5h}", "passed");
    check("{order: [shippo.CreateAddress, shippo.ListAddresses], within: 5h}", "failed");
    check("{order: [shippo.CreateAddress, shippo.ListAddresses]}", "passed");
    call(Method::POST);
    call(Method::GET);
    check("{call: shippo.ListAddresses, after: shippo.CreateAddress, within: 5h}", "passed");
    check("{order: [shippo.CreateAddress, shippo.ListAddresses], within: 5h}", "passed");
}
