//! The members of every mapping of a scenario file, in the order in which people write them. The reader refuses all others, and a test
//! holds the published JSON schema against these lists.

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
pub(crate) const OVERRIDE: [&str; 10] = ["on", "when", "respond", "patch", "latency", "fault", "refuse", "rate_limit", "times", "skip"];
pub(crate) const RESPOND: [&str; 5] = ["status", "headers", "body", "base64", "off_spec"];
pub(crate) const PATCH: [&str; 5] = ["status", "headers", "body", "set", "remove"];
pub(crate) const FAULT: [&str; 5] = ["commit", "then", "for", "status", "text"];
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
pub(crate) const ALL: [(&str, &[&str]); 23] = [
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
    ("latency", &LATENCY),
    ("rate_limit", &RATE_LIMIT),
    ("webhooks", &WEBHOOKS),
    ("subscription", &SUBSCRIPTION),
    ("expectation", &EXPECT),
    ("ordered", &EXPECT_ORDERED),
    ("webhook", &EXPECT_WEBHOOK),
];
