//! Parcels of every vendor, and a hand on them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::carrier::{Location, Parcel, Scan, Status, library};
use crate::engine::{Cx, PARCEL};
use crate::server::admin::{Admin, Ask, Given, Problem};
use crate::server::http::wall;

pub(super) fn list(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let state = sandbox.lock();
    let tables = state.world.accounts.iter().filter_map(|(_, account)| Some((account, account.table(&PARCEL)?)));
    let rows: Vec<Value> = tables
        .flat_map(|(account, table)| table.iter().map(move |(_, body)| (account, body)))
        .filter_map(|(account, body)| {
            let parcel = serde_json::from_slice(body).ok()?;
            let vendor = admin.machine.vendors().booked_with(&account.mount, &parcel)?;
            Some(shown(vendor.id, &account.name, &parcel))
        })
        .collect();
    Ok(Given::ok(&json!({"parcels": rows})).finding(rows.len()))
}

pub(super) fn get(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    on_parcel(admin, ask, |cx, parcel| shown(cx.vendor_id(), &cx.docs.account().name, parcel))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    status: String,
    code: Option<String>,
    message: Option<String>,
    location: Option<Location>,
}

pub(super) fn event_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["status"], "properties": {
        "status": {"type": "string", "enum": Status::ALL.map(Status::word)},
        "code": {"type": "string"},
        "message": {"type": "string"},
        "location": {"type": "object", "properties": {
            "city": {"type": "string"}, "state": {"type": "string"}, "zip": {"type": "string"}, "country": {"type": "string"},
        }},
    }})
}

pub(super) fn event(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let wanted: Event = ask.read()?;
    let Some(status) = Status::from_word(&wanted.status) else {
        let words = Status::ALL.map(Status::word).join(", ");
        return Err(Problem::bad(format!("`status` is one of {words}, found `{}`", wanted.status)));
    };
    on_parcel(admin, ask, move |cx, parcel| {
        let Event { code, message, location, .. } = &wanted;
        let scan = Scan { at: cx.now, status, code: code.clone(), message: message.clone(), location: location.clone() };
        cx.scan(parcel, scan);
        shown(cx.vendor_id(), &cx.docs.account().name, parcel)
    })
}

pub(super) fn next(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    on_parcel(admin, ask, |cx, parcel| {
        cx.force_next_step(parcel);
        shown(cx.vendor_id(), &cx.docs.account().name, parcel)
    })
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Follow {
    #[serde(default)]
    name: String,
}

pub(super) fn timeline_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
        "name": {"type": "string", "description": "a timeline of the scenario, or of the library", "examples": library::names().map(|(name, _)| name).collect::<Vec<_>>()},
    }})
}

pub(super) fn timeline(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let Follow { name } = ask.read()?;
    let mut is_known = true;
    let done = on_parcel(admin, ask, |cx, parcel| {
        is_known = cx.set_timeline(parcel, &name);
        shown(cx.vendor_id(), &cx.docs.account().name, parcel)
    })?;
    if !is_known {
        let names = library::names().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        return Err(Problem::bad(format!("there is no timeline `{name}` in the scenario, nor among {names}")));
    }
    Ok(done)
}

pub(super) fn timelines(_: &Admin, _: &Ask<'_>) -> Result<Given, Problem> {
    let rows: Vec<Value> = library::names().map(|(name, about)| json!({"name": name, "about": about})).collect();
    Ok(Given::ok(&json!({"timelines": rows})))
}

fn on_parcel(admin: &Admin, ask: &Ask<'_>, act: impl FnMut(&mut Cx<'_>, &mut Parcel) -> Value) -> Result<Given, Problem> {
    let number = ask.parameter("tracking");
    let sandbox = admin.holder(ask, &PARCEL, number)?;
    let done = admin.machine.with_parcel(&sandbox, number, wall(), act);
    admin.changed.notify_waiters();
    Ok(Given::ok(&done?))
}

fn shown(vendor: &str, account: &str, parcel: &Parcel) -> Value {
    json!({
        "vendor": vendor,
        "account": account,
        "tracking_number": parcel.tracking_number,
        "carrier": parcel.carrier,
        "service": parcel.service,
        "subject": parcel.subject,
        "status": parcel.status(),
        "created": parcel.created,
        "timeline": parcel.timeline.as_deref().unwrap_or("usual"),
        "step": parcel.step,
        "from": parcel.from,
        "to": parcel.to,
        "events": parcel.scans,
    })
}
