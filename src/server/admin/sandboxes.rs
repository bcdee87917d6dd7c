//! Sandboxes: made, shown, reset, removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::base::time::{self, Timestamp};
use crate::engine::{DEFAULT, Sandbox, SandboxError};
use crate::scenario::{self, Scenario};
use crate::server::admin::{Admin, Ask, Given, Problem, clock, copies, scenarios};
use crate::server::http::wall;
use crate::server::shutdown;
use crate::world::Mode;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: Option<String>,
    /// A scenario in place, or the text of one.
    scenario: Option<Value>,
    seed: Option<u64>,
    clock: Option<ClockStart>,
    /// How long it may be idle; `0s` is for ever.
    ttl: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockStart {
    start: Option<Timestamp>,
    mode: Option<Mode>,
}

pub(super) fn create_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"},
        "scenario": {"description": "a scenario, its text, or the name of one that is built in", "oneOf": [{"type": "object"}, {"type": "string"}]},
        "seed": {"type": "integer", "minimum": 0},
        "clock": {"type": "object", "additionalProperties": false, "properties": {
            "start": {"type": "string", "format": "date-time"},
            "mode": clock::mode_schema(),
        }},
        "ttl": {"type": "string", "description": "how long it may be idle before it is removed; `0s` is for ever", "example": "30m"},
    }})
}

pub(super) fn create(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let wanted: Create = ask.read()?;
    let ttl = ttl(admin, wanted.ttl.as_deref())?;
    let name = wanted.name.unwrap_or_else(|| new_name(admin));
    let mut scenario = match &wanted.scenario {
        None => Scenario::plain(),
        Some(Value::String(text)) => Arc::new(scenarios::parse(admin, text.as_bytes())?),
        Some(value) => Arc::new(scenarios::parse(admin, value.to_string().as_bytes())?),
    };
    if let Some(seed) = wanted.seed {
        Arc::make_mut(&mut scenario).seed = Some(seed);
    }
    if let Some(ClockStart { start, mode }) = wanted.clock {
        let scenario = Arc::make_mut(&mut scenario);
        scenario.clock.start = start.or(scenario.clock.start);
        scenario.clock.mode = mode.map(Into::into).or(scenario.clock.mode);
    }
    let staged = scenario::run::stage(&admin.machine, &name, &scenario, None, wall()).map_err(|found| scenarios::refused(&found))?;
    staged.touch(wall());
    staged.keep_for(ttl);
    let sandbox = admin.machine.open(staged).map_err(|error| refused(error, &name))?;
    Ok(Given::json(StatusCode::CREATED, &shown(admin, ask, &sandbox)))
}

/// How long a new sandbox is kept: what its maker said, else what the process says.
pub(super) fn ttl(admin: &Admin, wanted: Option<&str>) -> Result<Option<Duration>, Problem> {
    let Some(text) = wanted else { return Ok(admin.machine.options().ttl) };
    let span = time::duration(text).ok_or_else(|| Problem::bad(format!("`ttl` is a span such as `30m`, found `{text}`")))?;
    Ok(Some(span).filter(|span| !span.is_zero()))
}

/// A name that no sandbox has.
pub(super) fn new_name(admin: &Admin) -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = format!("s{}", MADE.fetch_add(1, Ordering::Relaxed) + 1);
        if admin.machine.sandbox(&name).is_none() {
            return name;
        }
    }
}

/// Why a sandbox cannot be opened, in words.
pub(super) fn refused(error: SandboxError, name: &str) -> Problem {
    match error {
        SandboxError::Taken => Problem::new(StatusCode::CONFLICT, format!("there is a sandbox `{name}` already")),
        SandboxError::Name => Problem::bad(format!("a name has 1 to 64 of `a-z 0-9 - _`, found `{name}`")),
        SandboxError::Full => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "there are as many sandboxes as this process holds (`--sandboxes`)")
        }
        SandboxError::Bytes => over_budget(),
    }
}

/// The answer for whatever would hold more data than there is room for.
pub(super) fn over_budget() -> Problem {
    let detail = "the sandbox would hold more data than it may (`--sandbox-bytes`), or all of them together (`--total-bytes`)";
    Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail)
}

pub(super) fn list(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let rows: Vec<Value> = admin.machine.sandboxes().iter().map(|sandbox| shown(admin, ask, sandbox)).collect();
    Ok(Given::ok(&json!({"sandboxes": rows})))
}

pub(super) fn get(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    Ok(Given::ok(&shown(admin, ask, &sandbox)))
}

pub(super) fn delete(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let name = ask.parameter("s");
    if name == DEFAULT {
        return Err(Problem::new(StatusCode::CONFLICT, "the default sandbox stays; `reset` empties it"));
    }
    let sandbox = admin.sandbox(ask)?;
    if !admin.machine.remove(name) {
        return Err(Problem::missing(format!("there is no sandbox `{name}`")));
    }
    Ok(Given::ok(&shutdown::report(&admin.machine, &sandbox, "it was deleted")))
}

pub(super) fn reset(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    shutdown::report(&admin.machine, &sandbox, "it was reset");
    sandbox.reset();
    Ok(Given::ok(&shown(admin, ask, &sandbox)))
}

pub(super) fn shown(admin: &Admin, ask: &Ask<'_>, sandbox: &Sandbox) -> Value {
    let (mut credentials, mut urls) = (Map::new(), Map::new());
    let state = sandbox.lock();
    for vendor in admin.machine.vendors().all() {
        let rows: Vec<Value> =
            state.world.accounts.credentials(vendor.mount).iter().map(|row| Value::Object((*row.facts).clone())).collect();
        credentials.insert(vendor.mount.to_owned(), rows.into());
        urls.insert(vendor.mount.to_owned(), admin.url(ask, sandbox, vendor.mount).into());
    }
    let (seed, scenario) = (state.world.seed, state.scenario.clone());
    drop(state);
    json!({
        "name": &*sandbox.name,
        "scenario": scenario,
        "seed": seed,
        "clock": clock::shown(sandbox),
        "expires": sandbox.expires(),
        "usage": admin.machine.usage(sandbox),
        "snapshots": copies::snapshots(sandbox),
        "credentials": credentials,
        "urls": urls,
    })
}
