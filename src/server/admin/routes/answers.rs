//! The JSON Schemas of what the routes answer. A test holds them against real answers.

use serde_json::{Value, json};

use crate::carrier::Status;
use crate::server::admin::requests;

/// An object with exactly these members.
fn object(members: Value) -> Value {
    let names: Vec<String> = members.as_object().into_iter().flat_map(|members| members.keys().cloned()).collect();
    json!({"type": "object", "additionalProperties": false, "required": names, "properties": members})
}

fn rows(name: &str, row: Value) -> Value {
    object(json!({name: {"type": "array", "items": row}}))
}

fn text() -> Value {
    json!({"type": "string"})
}

fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn health() -> Value {
    object(json!({"status": {"type": "string", "enum": ["ok"]}}))
}

pub(super) fn version() -> Value {
    object(json!({"name": text(), "version": text(), "vendors": {"type": "array", "items": text()}}))
}

pub(super) fn coverage() -> Value {
    rows("coverage", json!({"type": "object", "required": ["vendor", "operations", "rows", "gaps"]}))
}

pub(super) fn document() -> Value {
    json!({"type": "object", "required": ["openapi", "paths"]})
}

pub(super) fn snapshot() -> Value {
    object(json!({"name": text(), "at": time(), "bytes": number()}))
}

pub(super) fn snapshots() -> Value {
    rows("snapshots", snapshot())
}

pub(super) fn clock() -> Value {
    let mode = json!({"oneOf": [text(), object(json!({"speed": {"type": "number"}}))]});
    object(json!({"now": time(), "mode": mode, "due": number(), "next": {"type": ["string", "null"], "format": "date-time"}}))
}

pub(super) fn advanced() -> Value {
    json!({"type": "object", "required": ["now", "fired"], "properties": {"now": time(), "fired": number()}})
}

pub(super) fn sandbox() -> Value {
    let usage = json!({
        "documents": number(), "documents_limit": number(), "journal": number(), "journal_limit": number(), "full": {"type": "boolean"},
    });
    object(json!({
        "name": text(),
        "scenario": text(),
        "seed": number(),
        "clock": clock(),
        "expires": {"type": ["string", "null"], "format": "date-time"},
        "usage": object(usage),
        "snapshots": {"type": "array", "items": snapshot()},
        "credentials": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}},
        "urls": {"type": "object", "additionalProperties": {"type": "string"}},
    }))
}

pub(super) fn sandboxes() -> Value {
    rows("sandboxes", sandbox())
}

pub(super) fn file() -> Value {
    json!({"type": "object", "required": ["world", "scenario", "given", "counted", "faults"]})
}

pub(super) fn scenario() -> Value {
    object(json!({"name": text(), "source": text()}))
}

pub(super) fn fault() -> Value {
    object(json!({"name": text(), "fault": {"type": "object"}, "met": number()}))
}

pub(super) fn faults() -> Value {
    rows("faults", fault())
}

pub(super) fn entries() -> Value {
    object(json!({
        "requests": {"type": "array", "items": requests::entry_schema()},
        "journal": object(json!({"written": number(), "dropped": number(), "bytes": number()})),
    }))
}

pub(super) fn count() -> Value {
    object(json!({"count": number(), "complete": {"type": "boolean"}, "dropped": number()}))
}

pub(super) fn report() -> Value {
    let verdict = json!({"type": "string", "enum": ["passed", "unknown", "failed"]});
    let texts = json!({"type": "array", "items": text()});
    let unused = object(json!({
        "what": {"type": "string", "enum": ["override", "timeline", "fault"]},
        "name": text(),
        "line": {"type": ["integer", "null"]},
        "detail": text(),
    }));
    let finding = object(json!({"expectation": text(), "verdict": verdict, "detail": text(), "evidence": texts}));
    object(json!({
        "verdict": verdict,
        "findings": {"type": "array", "items": finding},
        "dropped": number(),
        "unused": {"type": "array", "items": unused},
    }))
}

pub(super) fn played() -> Value {
    let step = object(json!({
        "step": text(),
        "status": {"type": ["integer", "null"]},
        "problems": {"type": "array", "items": text()},
    }));
    object(json!({
        "about": {"type": ["string", "null"]},
        "verdict": {"type": "string", "enum": ["passed", "failed"]},
        "steps": {"type": "array", "items": step},
    }))
}

pub(super) fn parcel() -> Value {
    let event = json!({"type": "object", "required": ["at", "status"], "properties": {"at": time(), "status": text()}});
    object(json!({
        "vendor": text(),
        "account": text(),
        "tracking_number": text(),
        "carrier": text(),
        "service": text(),
        "subject": text(),
        "status": {"type": "string", "enum": Status::ALL.map(Status::word)},
        "created": time(),
        "timeline": text(),
        "step": number(),
        "from": {"type": "object"},
        "to": {"type": "object"},
        "events": {"type": "array", "items": event},
    }))
}

pub(super) fn parcels() -> Value {
    rows("parcels", parcel())
}

pub(super) fn webhook() -> Value {
    let maybe = json!({"type": ["string", "null"]});
    object(json!({
        "id": text(),
        "vendor": text(),
        "account": text(),
        "url": text(),
        "events": {"type": "array", "items": text()},
        "format": {"type": "string", "enum": ["json", "form"]},
        "secret": maybe,
        "active": {"type": "boolean"},
        "paused": maybe,
        "failures": number(),
        "told": number(),
        "created": time(),
    }))
}

pub(super) fn webhooks() -> Value {
    rows("webhooks", webhook())
}

pub(super) fn delivery() -> Value {
    let maybe = json!({"type": ["string", "null"]});
    object(json!({
        "id": text(),
        "vendor": text(),
        "account": text(),
        "webhook": text(),
        "event": text(),
        "subject": text(),
        "created": time(),
        "progress": text(),
        "next": maybe,
        "copy_of": maybe,
        "test": {"type": "boolean"},
        "request": object(json!({"url": text(), "headers": {"type": "object"}, "body": text()})),
        "attempts": {"type": "array", "items": {"type": "object", "required": ["at"]}},
    }))
}

pub(super) fn deliveries() -> Value {
    object(json!({"deliveries": {"type": "array", "items": delivery()}, "found": number(), "forgotten": number()}))
}

pub(super) fn letters() -> Value {
    object(json!({"letters": {"type": "array", "items": {"type": "object"}}, "received": number()}))
}

pub(super) fn received() -> Value {
    object(json!({"received": {"type": "boolean"}}))
}
