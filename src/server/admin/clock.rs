//! The virtual time of a sandbox.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::time::{self, Timestamp};
use crate::engine::Sandbox;
use crate::server::admin::{Admin, Ask, Given, Problem};
use crate::server::http::wall;
use crate::world::Mode;

/// The clock as the API shows it.
pub(super) fn shown(sandbox: &Sandbox) -> Value {
    let state = sandbox.lock();
    json!({"now": state.world.clock.now(wall()), "mode": state.world.clock.mode(), "due": state.world.agenda.len(), "next": state.world.agenda.next()})
}

pub(super) fn get(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    Ok(Given::ok(&shown(&*admin.sandbox(ask)?)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    now: Option<Timestamp>,
    mode: Option<Mode>,
}

pub(super) fn put_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": {
        "now": {"type": "string", "format": "date-time"},
        "mode": mode_schema(),
    }})
}

/// How time passes, as it is asked for.
pub(super) fn mode_schema() -> Value {
    json!({"oneOf": [
        {"type": "string", "enum": ["realtime", "frozen"]},
        {"type": "object", "additionalProperties": false, "required": ["speed"], "properties": {
            "speed": {"type": "number", "exclusiveMinimum": 0, "maximum": Mode::FASTEST},
        }},
    ]})
}

pub(super) fn put(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let wanted: Put = ask.read()?;
    if let Some(to) = wanted.now {
        forward(&sandbox, to)?;
        let moved = Arc::clone(&sandbox);
        return Ok(Given::advanced(sandbox, move |_| to, move |_, _| set(&moved, wanted.mode)));
    }
    Ok(set(&sandbox, wanted.mode))
}

fn set(sandbox: &Sandbox, mode: Option<Mode>) -> Given {
    if let Some(mode) = mode {
        sandbox.lock().world.clock.set_mode(mode, wall());
    }
    Given::ok(&shown(sandbox))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    by: Option<String>,
    to: Option<Timestamp>,
}

pub(super) fn advance_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": {
        "by": {"type": "string", "example": "72h"},
        "to": {"type": "string", "format": "date-time"},
    }})
}

pub(super) fn advance(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let told = |now, fired| Given::ok(&json!({"now": now, "fired": fired}));
    match ask.read()? {
        Advance { by: Some(by), to: None } => {
            let by = time::span(&by).ok_or_else(|| Problem::bad(format!("`by` is a span such as `72h` or `3d`, found `{by}`")))?;
            if by < SignedDuration::ZERO {
                return Err(Problem::bad("the clock only moves forward; `reset` goes back"));
            }
            Ok(Given::advanced(sandbox, move |now| time::shift(now, by), told))
        }
        Advance { by: None, to: Some(to) } => {
            forward(&sandbox, to)?;
            Ok(Given::advanced(sandbox, move |_| to, told))
        }
        _ => Err(Problem::bad("either `by` or `to` is needed")),
    }
}

fn forward(sandbox: &Sandbox, to: Timestamp) -> Result<(), Problem> {
    let now = sandbox.lock().world.clock.now(wall());
    if to < now { Err(Problem::bad(format!("the clock only moves forward, it is {now}; `reset` goes back"))) } else { Ok(()) }
}
