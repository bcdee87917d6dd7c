//! The members of every mapping of a scenario file, in the order in which people write them. The reader refuses all others, and a test
//! holds the published JSON schema against these lists.

use crate::scenario::error::nearest;
use crate::scenario::node::{Kind, Member};

pub(crate) const SCENARIO: [&str; 15] = [
    "apiVersion",
    "kind",
    "name",
    "description",
    "include",
    "seed",
    "clock",
    "credentials",
    "accounts",
    "given",
    "timelines",
    "overrides",
    "rate_limits",
    "webhooks",
    "expect",
];
pub(crate) const CLOCK: [&str; 2] = ["start", "mode"];
pub(crate) const CLOCK_MODE: [&str; 1] = ["speed"];
/// What rows of `accounts` have whatever their mount.
pub(crate) const ACCOUNT: [&str; 4] = ["account", "expires", "revoked", "rotates_to"];
/// What stands beside the operation of a row of `given`.
pub(crate) const GIVEN: [&str; 3] = ["as", "parameters", "until"];
pub(crate) const TIMELINE: [&str; 5] = ["for", "from", "use", "steps", "then"];
pub(crate) const TIMELINE_FOR: [&str; 2] = ["vendor", "when"];
pub(crate) const STEP: [&str; 8] = ["at", "from", "after_reads", "on", "status", "code", "location", "message"];
pub(crate) const LOCATION: [&str; 4] = ["city", "state", "postcode", "country"];
pub(crate) const CONDITION: [&str; 6] = ["all", "any", "not", "request", "chance", "clock"];
pub(crate) const REQUEST: [&str; 6] = ["method", "path", "parameters", "query", "headers", "body"];
pub(crate) const WINDOW: [&str; 5] = ["from", "until", "daily", "days", "zone"];
pub(crate) const OVERRIDE: [&str; 12] =
    ["on", "when", "after", "respond", "patch", "latency", "fault", "refuse", "rate_limit", "times", "skip", "per"];
pub(crate) const RESPOND: [&str; 5] = ["status", "headers", "body", "base64", "off_spec"];
pub(crate) const PATCH: [&str; 5] = ["status", "headers", "body", "set", "remove"];
pub(crate) const FAULT: [&str; 6] = ["commit", "then", "for", "status", "text", "items"];
pub(crate) const ITEMS: [&str; 1] = ["chance"];
pub(crate) const LATENCY: [&str; 4] = ["time", "median", "p99", "per_byte"];
pub(crate) const RATE_LIMIT: [&str; 3] = ["per", "limit", "window"];
pub(crate) const WEBHOOKS: [&str; 8] =
    ["duplicate", "reorder", "delay", "drop", "forged_signature", "stale_timestamp", "wrong_secret", "subscriptions"];
pub(crate) const SUBSCRIPTION: [&str; 6] = ["vendor", "account", "url", "events", "format", "secret"];
pub(crate) const EXPECT: [&str; 10] = ["call", "never", "order", "valid", "webhook", "count", "when", "after", "within", "except"];
pub(crate) const EXPECT_ORDERED: [&str; 2] = ["call", "when"];
pub(crate) const EXPECT_WEBHOOK: [&str; 6] = ["event", "min", "max", "answered", "within", "forged"];

pub(crate) const CONVERSATION: [&str; 5] = ["about", "vendor", "scenario", "headers", "steps"];
pub(crate) const CONVERSATION_STEP: [&str; 15] = [
    "call",
    "advance",
    "subscribe",
    "unsubscribe",
    "receives",
    "headers",
    "json",
    "form",
    "text",
    "base64",
    "expect",
    "save",
    "poll",
    "repeat",
    "note",
];
pub(crate) const CONVERSATION_POLL: [&str; 2] = ["every", "for"];
pub(crate) const CONVERSATION_EXPECT: [&str; 7] = ["status", "lost", "headers", "json", "has", "text", "notes"];
pub(crate) const CONVERSATION_SUBSCRIBE: [&str; 7] = ["vendor", "account", "events", "format", "secret", "answers", "as"];
pub(crate) const CONVERSATION_RECEIPT: [&str; 10] = ["event", "subject", "method", "at", "headers", "json", "has", "form", "text", "hmac"];
pub(crate) const CONVERSATION_HMAC: [&str; 4] = ["header", "secret", "value", "over"];

/// What diagnostics call the body of a request.
pub(crate) const BODY: &str = "the body";

/// What to write in the place of members that a mapping does not have: what they stand in, or the word for the same.
const INSTEAD: [(&str, &[&str], &str); 80] = [
    ("a scenario", &["subscriptions"], "`webhooks: {subscriptions: [{vendor: …, url: \"inbox://me\"}]}`"),
    ("an override", &["text"], "`fault: {then: carrier_refuses, text: …}`, or `refuse: …`"),
    ("an override", &["nth"], "`when: $call.nth == 2`"),
    ("an override", &["probability", "percent", "share"], "`when: {chance: 0.2}`"),
    ("an override", &["match", "matches", "if", "where"], "`when: {request: {body: {…}}}`, or an expression behind `when`"),
    ("an override", &["commit", "then", "for"], "`fault: {commit: true, then: reset}`"),
    ("an override", &["status", "off_spec"], "`respond: {status: 500, body: {…}}`, or `fault: 500`"),
    (
        "an override",
        &["body", "headers", "base64"],
        "`respond: {status: 503, headers: {…}, body: {…}}`, which has both: a `fault` has neither",
    ),
    ("an override", &["set", "remove"], "`patch: {remove: [/rates/0]}`"),
    ("an override", &["limit", "window"], "`rate_limit: {limit: 60, window: 60s}`"),
    ("an override", &["from", "since", "start", "starts", "begin", "begins"], "`after: 2h`, or `after: vendor.operationId`"),
    ("an override", &["until", "duration", "timeToLive", "expires"], "`after: 0s..2h`"),
    ("an override", &["each", "key", "by", "group_by", "groupBy"], "`per: $request.parameters.TransactionId`, beside `times` or `skip`"),
    ("`items`", &["share", "percent", "probability", "random"], "`chance: 0.1`"),
    ("`fault`", &["of", "item", "only", "which", "share"], "`items: [2, 4..6]`, or `items: {chance: 0.1}`"),
    ("an override", &["time", "median", "p99", "per_byte", "delay"], "`latency: 2s`, or `latency: {median: 300ms, p99: 4s}`"),
    ("an override", &["chance"], "`when: {chance: 0.2}`"),
    ("an override", &["all", "any", "not"], "`when: {any: […]}`"),
    ("an override", &["request"], "`when: {request: {body: {…}}}`"),
    ("an override", &["clock"], "`when: {clock: {days: [sat, sun]}}`"),
    ("an override", &["reset", "timeout", "error"], "`fault: reset`, or `fault: 500`"),
    ("an override", &["call", "operation", "vendor"], "`on: vendor.operationId`"),
    ("an override", &["count", "repeat"], "`times: 2`"),
    ("`fault`", &["on", "when", "times", "skip", "latency"], "it beside `fault`"),
    ("`fault`", &["headers", "body", "base64"], "`respond: {status: 503, headers: {…}, body: {…}}` in the place of `fault`"),
    ("`fault`", &["timeout", "stall", "drip"], "`{then: timeout, for: 30s}`"),
    ("`fault`", &["html_gateway"], "`{then: html_gateway, status: 504}`"),
    ("`fault`", &["reset", "empty", "truncate", "garbage", "type", "kind", "error", "code"], "`then: reset`, or `then: 500`"),
    ("`respond`", &["json", "text", "data", "content"], "`body: …`"),
    ("`respond`", &["code", "status_code", "statusCode", "http_status"], "`status: 500`"),
    ("`respond`", &["on", "when", "times", "skip", "latency"], "it beside `respond`"),
    ("`patch`", &["on", "when", "times", "skip", "latency"], "it beside `patch`"),
    ("`rate_limit`", &["calls", "requests", "max", "count"], "`limit: 60`"),
    ("a condition", &["or", "one", "some"], "`any`"),
    ("a condition", &["and", "every"], "`all`"),
    ("a condition", &["on", "fault", "latency", "times", "skip"], "it beside `when`"),
    ("a condition", &["nth", "operation"], "`$call.nth == 1`, an expression"),
    ("a condition", &["none", "nor", "neither"], "`not: {any: […]}`"),
    ("a condition", &["method"], "`request: {method: POST}`"),
    ("a condition", &["path"], "`request: {path: \"/parcels/*\"}`"),
    ("a condition", &["parameters", "query", "headers", "body"], "`request: {body: {…}}`"),
    ("a condition", &["from", "until", "daily", "days", "zone"], "`clock: {days: [sat, sun]}`"),
    ("an expectation", &["event", "min", "max", "answered", "forged"], "`webhook: {event: …, min: 1}`, or `call` with a `count`"),
    ("an expectation", &["on", "operation"], "`call: vendor.operationId`"),
    ("an expectation", &["times", "exactly"], "`count: 2`"),
    ("an expectation", &["all", "any", "not", "request"], "`when: {any: […]}`"),
    ("an expectation", &["status", "wire", "answer"], "`when: $answer.status == 201`"),
    ("an expectation", &["method", "path", "query", "headers", "body"], "`when: {request: {body: {…}}}`"),
    ("`webhook`", &["vendor"], "`event` alone: its name says the vendor"),
    ("`webhook`", &["count", "times"], "`min` and `max`"),
    ("a timeline", &["vendor", "when"], "`for: {vendor: …, when: …}`"),
    ("a timeline", &["at", "status", "after_reads", "on", "code", "location", "message"], "`steps: [{at: +6h, status: in_transit}]`"),
    ("a step of a timeline", &["after", "delay", "wait"], "`at: +3h`"),
    ("a step of a timeline", &["city", "state", "postcode", "country"], "`location: {city: Bath, country: GB}`"),
    ("a step", &["get", "post", "put", "delete", "method", "url", "path"], "`call: GET /parcels`"),
    ("`request`", &["nth", "operation"], "`$call.nth == 1`, an expression, beside `request`"),
    ("`request`", &["url", "uri", "target"], "`path: …`"),
    ("`request`", &["json", "data", "payload", "bodyPatterns", "jsonBody"], "`body: {…}`"),
    ("`respond`", &["file"], "its text as `body`, or its bytes as `base64`"),
    ("`respond`", &["delay"], "`latency: 3s` beside `respond`"),
    ("an expectation", &["before", "then", "followed_by"], "`order: [first, second]`"),
    ("a timeline", &["repeat", "loop"], "`then: repeat`"),
    ("a step", &["after", "delay", "wait", "sleep"], "`advance: 3h`"),
    ("a step", &["status", "has"], "`expect: {status: 200}`"),
    ("a step", &["body", "data"], "`json: {…}`"),
    (BODY, &["start_at", "frozen_at", "startAt", "frozenAt", "start", "mode", "frozen"], "`clock: {start: …, mode: frozen}`"),
    (BODY, &["for", "duration", "time", "span", "seconds", "hours", "days"], "`by: 3h`"),
    ("`clock`", &["speed"], "`mode: {speed: 3600}`"),
    ("`clock`", &["frozen", "realtime", "freeze"], "`mode: frozen`"),
    // Words of other servers of mocks.
    ("a scenario", &["mappings", "stubs", "expectations", "interactions"], "`overrides`, and of what is to come `expect`"),
    ("an override", &["priority"], "its row further up: the first that matches a call is taken"),
    ("an override", &["scenarioName", "requiredScenarioState", "newScenarioState"], "`times: 1`, `skip: 1`, or `when: $call.nth == 2`"),
    ("an override", &["fixedDelayMilliseconds", "delayDistribution"], "`latency: 2s`, or `latency: {median: 300ms, p99: 4s}`"),
    ("an override", &["urlPath", "urlPattern", "urlPathPattern", "httpRequest"], "`on: vendor.operationId`, and `when: {request: {…}}`"),
    ("an override", &["response", "httpResponse"], "`respond: {status: 500, body: {…}}`"),
    ("`respond`", &["jsonBody"], "`body: {…}`"),
    ("`respond`", &["fixedDelayMilliseconds", "delayDistribution"], "`latency: 3s` beside `respond`"),
    ("`request`", &["urlPath", "urlPattern", "urlPathPattern", "pathPattern"], "`path: \"/parcels/*\"`, or `path: \"~/…/\"`"),
    ("`request`", &["queryParameters", "queryStringParameters"], "`query: {…}`"),
    ("`webhooks`", &["vendor", "account", "url", "events", "format", "secret"], "`subscriptions: [{vendor: …, url: \"inbox://me\"}]`"),
];

/// A mapping as it is written where something else stands in its place.
pub(crate) fn written(what: &str) -> Option<&'static str> {
    let forms = [
        ("`clock`", "for example `clock: {start: 2026-01-05T09:00:00Z, mode: frozen}`"),
        ("`expect`", "for example `expect: {status: 200}`"),
        ("`respond`", "for example `respond: {status: 500, body: {…}}`"),
        ("`patch`", "for example `patch: {set: {/rates/0/amount: \"0.00\"}, remove: [/rates/1]}`"),
        ("`rate_limit`", "for example `rate_limit: {limit: 60, window: 60s}`"),
        ("`for`", "for example `for: {vendor: shippo}`"),
        ("`webhook`", "for example `webhook: {event: track_updated, min: 1}`"),
        ("a location", "for example `location: {city: Bath, country: GB}`"),
        ("an expectation", "for example `- {call: shippo.CreateTransaction, count: 1}`"),
        ("`webhooks`", "for example `webhooks: {subscriptions: [{vendor: shippo, url: \"inbox://me\"}]}`"),
    ];
    forms.iter().find(|(own, _)| *own == what).map(|(_, form)| *form)
}

/// What to write in the place of a member that a mapping does not have, in words for people. A number is what a member counts that has
/// nearly that name.
pub(crate) fn instead(what: &str, Member { key, value }: &Member, known: &[&str]) -> Option<String> {
    let name = key.value.as_str();
    if matches!(&value.kind, Kind::Number(number) if number.is_u64()) && nearest(name, known.iter().copied()).is_some() {
        return None;
    }
    // Bodies of requests differ in their members.
    let is_there = |written: &str| what != BODY || written[1..].split(':').next().is_some_and(|member| known.contains(&member));
    let (.., written) = INSTEAD.iter().find(|(own, names, written)| *own == what && names.contains(&name) && is_there(written))?;
    Some(format!("write {written}"))
}

/// A name of a place for anchors, made of one that is none.
pub(crate) fn free(name: &str) -> String {
    let name = name.strip_prefix("x_").unwrap_or(name);
    format!("x-{}", name.trim_start_matches(|letter: char| !letter.is_alphanumeric()))
}

/// Where a member belongs that stands in a wrong place, in words for people.
pub(crate) fn elsewhere(name: &str) -> Option<String> {
    let places: [(&[&str], &str); 7] = [
        (&OVERRIDE, "a row of `overrides`"),
        (&EXPECT, "a row of `expect`"),
        (&TIMELINE, "a timeline, under its name in `timelines`"),
        (&STEP, "one of the `steps` of a timeline"),
        (&WEBHOOKS, "`webhooks`"),
        (&CLOCK, "`clock`"),
        (&SCENARIO, "the outermost mapping"),
    ];
    // What readers of YAML 1.1 make of `on`.
    let written = if name == "true" { "on" } else { name };
    let (_, place) = places.iter().find(|(names, _)| names.contains(&written))?;
    Some(format!("`{written}` is a member of {place}"))
}

/// Every list of conversations with the name of its definition in their schema.
#[cfg(test)]
pub(crate) const CONVERSATIONS: [(&str, &[&str]); 7] = [
    ("conversation", &CONVERSATION),
    ("told_step", &CONVERSATION_STEP),
    ("poll", &CONVERSATION_POLL),
    ("expected_answer", &CONVERSATION_EXPECT),
    ("receiver", &CONVERSATION_SUBSCRIBE),
    ("received_webhook", &CONVERSATION_RECEIPT),
    ("hmac", &CONVERSATION_HMAC),
];

/// Every list with the name of its definition in the schema.
#[cfg(test)]
pub(crate) const ALL: [(&str, &[&str]); 24] = [
    ("scenario", &SCENARIO),
    ("clock", &CLOCK),
    ("speed", &CLOCK_MODE),
    ("account", &ACCOUNT),
    ("given", &GIVEN),
    ("timeline", &TIMELINE),
    ("for", &TIMELINE_FOR),
    ("step", &STEP),
    ("location", &LOCATION),
    ("conditions", &CONDITION),
    ("request", &REQUEST),
    ("window", &WINDOW),
    ("override", &OVERRIDE),
    ("respond", &RESPOND),
    ("patch", &PATCH),
    ("failure", &FAULT),
    ("items", &ITEMS),
    ("latency", &LATENCY),
    ("rate_limit", &RATE_LIMIT),
    ("webhooks", &WEBHOOKS),
    ("subscription", &SUBSCRIPTION),
    ("expectation", &EXPECT),
    ("ordered", &EXPECT_ORDERED),
    ("webhook", &EXPECT_WEBHOOK),
];
