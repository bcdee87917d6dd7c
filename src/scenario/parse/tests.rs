//! What the notations of a scenario file mean once they are read.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::engine::Wire;
use crate::scenario::ast::{
    Answered, Between, Condition, Count, Deliveries, Effect, Expected, Failure, Latency, Override, Per, RateLimit, Spread, Then, Trigger,
    Webhooks,
};
use crate::scenario::expr::Scope;

struct World(Value);

impl Scope for World {
    fn root(&self, root: &str) -> Option<&Value> {
        self.0.get(root)
    }
}

fn read(text: &str) -> Scenario {
    match parse(text, "test") {
        Ok(scenario) => scenario,
        Err(problems) => panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

fn codes(text: &str) -> Vec<&'static str> {
    parse(text, "test").err().unwrap_or_default().iter().map(|problem| problem.code).collect()
}

fn only(text: &str) -> Override {
    let mut overrides = read(&format!("overrides:\n  - {text}")).overrides;
    assert_eq!(overrides.len(), 1);
    overrides.remove(0)
}

#[test]
fn what_is_not_said_has_its_default() {
    let scenario = read("{}");
    assert_eq!((scenario.seed, scenario.clock, scenario.credentials), (None, Clock::default(), Credentials::Listed));
    assert_eq!((scenario.rate_limits, scenario.webhooks), (RateLimits::Off, Webhooks::default()));
    let (Scenario { source, bytes, .. }, empty) = (read("overrides:\n# - none for now\n"), read("overrides:\n# - none for now\n"));
    assert_eq!(empty, Scenario { source, bytes, ..scenario });
}

#[test]
fn the_example_of_the_documentation_means_what_it_says() {
    // What fails in the words of a vendor is known where there are vendors.
    let lines = include_str!("../../../tests/it/every_member.yaml").lines().filter(|line| !line.contains("items: "));
    let scenario = read(&lines.collect::<Vec<_>>().join("\n"));
    assert_eq!(scenario.seed, Some(42));
    assert_eq!(scenario.clock.mode, Some(ClockMode::Frozen));
    assert_eq!(scenario.clock.start, "2026-01-05T09:00:00Z".parse().ok());
    let accounts = &scenario.accounts["shipstation"];
    assert_eq!(
        accounts.iter().map(|it| Value::from(it.members.clone())).collect::<Vec<_>>(),
        [json!({"key": "a", "secret": "b", "plan": "starter"})]
    );
    assert_eq!(
        scenario.given.iter().map(|it| (it.operation.to_string(), it.body.fixed().expect("no expressions"))).collect::<Vec<_>>(),
        [("shipmate.createSku".to_owned(), json!({"sku": "TSHIRT1-XS", "product_name": "T-shirt"})),]
    );
    let [timeline] = scenario.timelines.as_slice() else { panic!("one timeline") };
    let triggers: Vec<_> = timeline.steps.iter().map(|step| format!("{:?} {}", step.trigger, step.status)).collect();
    assert_eq!(triggers, ["At(0s, None) pre_transit", "At(6h, None) in_transit", "At(48h, None) exception", "AfterReads(3) returned"]);
    assert_eq!(timeline.then, Then::Hold);
    let abroad = World(json!({"parcel": {"to": {"country": "CA"}}}));
    assert!(timeline.when.as_ref().is_some_and(|when| when.is_true(&abroad)));
    let effects: Vec<_> = scenario.overrides.iter().map(|it| (it.on.to_string(), it.times)).collect();
    assert_eq!(
        effects,
        [
            ("shippo.CreateTransaction".to_owned(), Some(1)),
            ("shippo.GetTransaction".to_owned(), Some(1)),
            ("shippo.GetTransaction".to_owned(), Some(1)),
            ("shiptheory.*".to_owned(), None),
            ("shiptime.*".to_owned(), None),
            ("shippo.GetTrack".to_owned(), None),
            ("shippo.ListShipments".to_owned(), None),
            ("shipmate.createConsignment".to_owned(), None),
        ]
    );
    let seconds = |min, max| Some(Between { min: Duration::from_secs(min), max: Duration::from_secs(max) });
    assert_eq!(scenario.webhooks.forged.map(|(share, _)| share), [0.0, 0.0, 0.1]);
    let usual = Webhooks::default();
    let genuine = Webhooks { forged: usual.forged, spans: usual.spans, ..scenario.webhooks };
    assert_eq!(genuine, Webhooks { duplicate: 0.1, reorder: 2, delay: seconds(0, 30), ..Webhooks::default() });
    assert!(matches!(&scenario.expect[0].kind, Expected::Call { count: Count { min: 1, max: Some(2) }, .. }));
    assert!(matches!(
        &scenario.expect[3].kind,
        Expected::Webhook(Deliveries { count: Count { min: 3, max: None }, answered: Some(Answered::Class(2)), forged: None, .. })
    ));
}

#[test]
fn effects_have_short_forms() {
    let fault = |text: &str| match only(text).effect {
        Some(Effect::Fault(fault)) => (fault.commit, fault.then),
        other => panic!("{other:?} is no fault"),
    };
    assert_eq!(fault("{on: '*', fault: reset}"), (false, Failure::Wire(Wire::Reset)));
    assert_eq!(fault("{on: '*', fault: 503}"), (false, Failure::Status(503)));
    assert_eq!(fault("{on: '*', fault: {commit: true, then: truncate}}"), (true, Failure::Wire(Wire::Truncate)));
    let limit = RateLimit { per: Per::default(), limit: 3, window: Duration::from_secs(90) };
    assert_eq!(only("{on: '*', rate_limit: {limit: 3, window: 1m30s}}").effect, Some(Effect::RateLimit(limit)));
    let latency = Between { min: Duration::from_millis(250), max: Duration::from_millis(250) };
    assert_eq!(only("{on: '*', latency: 250ms}").latency, Some(Latency { time: Spread::Even(latency), per_byte: Duration::ZERO }));
}

#[test]
fn answers_by_hand_are_templates() {
    let entry = only("{on: a.b, when: true, respond: {status: 409, headers: {x-n: 5}, body: [\"{{ $call.nth }}\", 1.50]}}");
    let Some(Effect::Respond(response)) = entry.effect else { panic!("a response") };
    let world = World(json!({"call": {"nth": 2}}));
    assert_eq!(response.body.map(|body| body.render(&world, &mut 1000)), Some(Some(json!([2, 1.5]))));
    assert_eq!(
        response
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.render_text(&world, &mut 1000).unwrap_or_default()))
            .collect::<Vec<_>>(),
        [("x-n", "5".to_owned())]
    );
    assert!(matches!(entry.when, Some(Condition::Test(_))));
}

#[test]
fn steps_may_wait_for_calls() {
    let timelines = read("timelines: {a: {steps: [{on: shipmate.*, status: collected}], then: repeat}}").timelines;
    assert!(matches!(&timelines[0].steps[0].trigger, Trigger::On(on) if on.matches("shipmate", "x") && !on.matches("shippo", "x")));
}

#[test]
fn cost_grows_with_the_size_of_the_file_only() {
    let keys: String = (0..40_000).map(|n| format!("k{n}: 1\n")).collect();
    assert_eq!(codes(&keys).len(), MAX_PROBLEMS + 1);
    assert_eq!(super::read(&keys, "keys.yaml", &node::SCENARIO, None, scenario).1.len(), MAX_PROBLEMS + 1, "no more are looked at");
    let overrides: String = (0..19_000).map(|n| format!("- {{on: a.b{n}, fault: reset}}\n")).collect();
    assert_eq!(codes(&format!("overrides:\n{overrides}")), [""; 0]);
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(200_000), "*a, ".repeat(10_000));
    assert_eq!(codes(&long), ["S002"]);
    let patterns = "- {on: a.b, times: 1, fault: reset, when: $request.path matches '^\\w+$'}\n".repeat(300);
    assert_eq!(codes(&format!("overrides:\n{patterns}")), ["S002"]);
    let large = (0..3_000).map(|n| format!("- on: a.b\n  fault: reset\n  when: $request.path matches '\\w{{{}}}'\n", 2000 + n));
    let mut expected = vec!["S010"; 16];
    expected.push("S002");
    assert_eq!(codes(&format!("overrides:\n{}", large.collect::<String>())), expected);
    let paths = format!("body: \"{}\"", "{{ $reqest }} ".repeat(10_000));
    let text = format!("overrides:\n- on: a.b\n  respond:\n    status: 200\n    {paths}\n");
    assert_eq!(codes(&text).len(), MAX_PROBLEMS + 1);
    let shadowed = "- {on: a.b, fault: reset}\n".repeat(19_000);
    assert_eq!(codes(&format!("overrides:\n{shadowed}")).len(), MAX_PROBLEMS + 1);
}
