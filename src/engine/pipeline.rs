//! The way of one request, as the door of this folder draws it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::base::{entropy, text};
use crate::engine::call::{self, Call, Request};
use crate::engine::dialect::{DialectCx, Stream};
use crate::engine::execute::{Executed, Parsed};
use crate::engine::locate::{Located, Target};
use crate::engine::machine::Machine;
use crate::engine::options::Conform;
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Answer, Body, Reply};
use crate::engine::sandbox::Sandbox;
use crate::spec::{Catalog, Operation, Route};
use crate::world::Exchange;

impl Machine {
    /// Answers one request. `wall` is the wall's time.
    pub fn handle(&self, request: &Request, wall: Timestamp) -> Answer {
        match self.locate(request, &text::decode_unreserved(&request.path)) {
            Target::Vendor(here) => self.answer(request, &here, wall),
            Target::NoSandbox(name) => not_found_problem(&format!("there is no sandbox `{name}`")),
            Target::Nowhere => not_found_problem(&self.no_such_mount()),
        }
    }

    /// Answers one request in a sandbox, whatever it says about where it belongs.
    pub fn handle_in(&self, sandbox: &Arc<Sandbox>, request: &Request, wall: Timestamp) -> Answer {
        match self.locate(request, &text::decode_unreserved(&request.path)) {
            Target::Vendor(here) => self.answer(request, &Located { sandbox: Arc::clone(sandbox), ..here }, wall),
            Target::NoSandbox(_) | Target::Nowhere => not_found_problem(&self.no_such_mount()),
        }
    }

    fn answer(&self, request: &Request, here: &Located<'_>, wall: Timestamp) -> Answer {
        let parsed = read(request, here);
        here.sandbox.touch(wall);
        let executed = self.execute(&here.sandbox, here.loaded.vendor, &parsed, wall);
        self.finish(here, &parsed.call, executed)
    }

    /// What to tell somebody whose address leads to no vendor.
    fn no_such_mount(&self) -> String {
        format!("no vendor is mounted here; there are `/{}`", self.vendors.mounts().join("`, `/"))
    }

    /// Has an operation happen as if a customer had called it, for the `given` of a scenario, and whatever the scenario has in
    /// store for calls; the status and body of the vendor's answer. `None` when there is no such operation.
    pub fn perform(&self, sandbox: &Arc<Sandbox>, operation: &str, body: &Value, wall: Timestamp) -> Option<Answer> {
        let (vendor, id) = operation.split_once('.')?;
        let loaded = self.vendors.loaded().iter().find(|loaded| loaded.vendor.id == vendor)?;
        let found = loaded.catalog().operation(id)?;
        let prefix = format!("/{}", loaded.vendor.mount);
        let request = Request {
            method: found.method.clone(),
            path: format!("{prefix}{}", found.path),
            query: String::new(),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            body: serde_json::to_vec(body).map(Bytes::from).unwrap_or_default(),
            peer: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            mount: None,
        };
        let here = Located { sandbox: Arc::clone(sandbox), loaded, prefix: &prefix, path: &found.path };
        let parsed = read(&request, &here);
        let credential = sandbox.lock().world.accounts().credentials(loaded.vendor.mount).first().cloned()?;
        let executed = self.execute_given(sandbox, loaded.vendor, &parsed, credential, wall);
        Some(self.finish(&here, &parsed.call, executed))
    }

    /// Everything after the world is free again: words, bytes, the check of the answer, the journal.
    fn finish(&self, here: &Located<'_>, call: &Call<'_>, executed: Executed) -> Answer {
        let dialect = &here.loaded.vendor.dialect;
        let vendor = here.loaded.vendor.id;
        let Executed { outcome, at, seed, account, number, quota, dated, delay, wire, failing, mut notes } = executed;
        let id = exchange_id(&here.sandbox.name, vendor, &account, number);
        let stream = Stream { seed, vendor, account: &account, number };
        let cx = DialectCx { call, id: &id, sandbox: &here.sandbox.name, now: at, quota: quota.clone(), stream };
        let outcome = if failing.is_some() { Err(Refusal::Broken) } else { outcome };
        let mut reply = outcome.unwrap_or_else(|refusal| (dialect.refuse)(&refusal, &cx));
        reply.status = failing.unwrap_or(reply.status);
        (dialect.headers)(&cx, &mut reply);
        let Reply { status, mut headers, body } = reply;
        let body = match body {
            Body::Empty => Bytes::new(),
            Body::Bytes(bytes) => bytes,
            Body::Json(document) => {
                let mut out = Vec::with_capacity(4096);
                document.write(dialect.style, &mut out);
                out.into()
            }
        };
        if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(dialect.content_type));
        }
        if dated && let Ok(date) = HeaderValue::from_str(&at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
            headers.insert(DATE, date);
        }
        if !call.violations.is_empty() {
            let paths = call.violations.iter().take(8).map(|row| row.path.as_str()).collect::<Vec<_>>().join(", ");
            notes.push(format!("request-invalid: {paths}").into());
        }
        if let Some(operation) = call.operation.filter(|_| self.is_checked(number)) {
            check(here.loaded.catalog(), operation, status, &headers, &body, &mut notes);
        }
        if !self.options.plain {
            headers.insert(REQUEST, HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("?")));
            if !notes.is_empty() {
                let codes: Vec<&str> = notes.iter().map(|note| note.split(':').next().unwrap_or_default()).collect();
                headers.insert(NOTES, HeaderValue::from_str(&codes.join(",")).unwrap_or(HeaderValue::from_static("?")));
            }
        }
        let exchange = Exchange {
            id: &id,
            at,
            vendor,
            operation: call.name(),
            method: &call.request.method,
            path: &call.request.path,
            query: &call.request.query,
            request_headers: &call.request.headers,
            request_body: &call.request.body,
            status: status.as_u16(),
            reply_headers: &headers,
            reply_body: &body,
            notes: &notes,
        };
        here.sandbox.record(&exchange, self.options.journals_bytes);
        Answer { status, headers, body, delay, wire, quota }
    }

    fn is_checked(&self, number: u64) -> bool {
        match self.options.conform {
            Conform::All => true,
            Conform::Sampled => number <= 16 || number.is_multiple_of(64),
            Conform::Off => false,
        }
    }
}

const REQUEST: HeaderName = HeaderName::from_static("seatrial-request");
const NOTES: HeaderName = HeaderName::from_static("seatrial-notes");

/// Route, decode, validate: what can be known without the world.
fn read<'m>(request: &'m Request, here: &Located<'m>) -> Parsed<'m> {
    let (loaded, vendor) = (here.loaded, here.loaded.vendor);
    let mut call = Call {
        request,
        operation: None,
        prefix: here.prefix,
        path: here.path,
        parameters: Vec::new(),
        query: call::pairs(&request.query),
        body: Value::Null,
        violations: Vec::new(),
    };
    let (operation, parameters) = match loaded.route(&request.method, here.path) {
        Route::Found(operation, parameters) => (operation, parameters),
        Route::WrongMethod(allowed) => return Parsed { call, row: Err(Refusal::WrongMethod(allowed)) },
        Route::Unknown => return Parsed { call, row: Err(Refusal::UnknownPath { authenticated: false }) },
    };
    call.operation = Some(operation);
    call.parameters = parameters;
    if vendor.path_style.case_insensitive {
        operation.spell_as_declared(&mut call.query);
    }
    let row = loaded.row(operation);
    let mut refusal = None;
    if operation.body.is_some() {
        match (vendor.decode)(request, operation) {
            Ok(body) => call.body = body,
            Err(unreadable) => refusal = Some(unreadable),
        }
        if refusal.is_none() {
            let optional = call.body.is_null() && operation.body.as_ref().is_some_and(|body| !body.required);
            if !optional {
                let all = row.is_some_and(|row| row.spec_validated);
                call.violations = loaded.catalog().check_body(operation, &call.body, all);
            }
        }
    }
    if !call.query.is_empty() || operation.needs_query {
        call.violations.extend(loaded.catalog().check_query(operation, &call.query));
    }
    if refusal.is_none() && !call.violations.is_empty() && row.is_some_and(|row| row.spec_validated) {
        refusal = Some(Refusal::Invalid(call.violations.clone()));
    }
    let row = row.ok_or(Refusal::UnknownPath { authenticated: true });
    Parsed { call, row: refusal.map_or(row, Err) }
}

fn check(catalog: &Catalog, operation: &Operation, status: StatusCode, headers: &HeaderMap, body: &Bytes, notes: &mut Vec<Box<str>>) {
    let is_json = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("json"));
    let parsed: Option<Value> = if is_json { serde_json::from_slice(body).ok() } else { None };
    for violation in catalog.check_answer(operation, status.as_u16(), parsed.as_ref()) {
        notes.push(format!("answer-invalid: {} {:?}", violation.path, violation.rule).into());
    }
}

/// The name of an exchange: the same in every run of the same calls.
fn exchange_id(sandbox: &str, vendor: &str, account: &str, number: u64) -> String {
    let account_digest = entropy::fingerprint(account.as_bytes()) & 0xff_ffff;
    format!("{sandbox}-{vendor}-{account_digest:06x}-{number}")
}

/// The answer for an address that belongs to no vendor: ours, as a problem document.
fn not_found_problem(detail: &str) -> Answer {
    let problem = serde_json::json!({"type": "about:blank", "title": "Not Found", "status": 404, "detail": detail});
    Answer {
        status: StatusCode::NOT_FOUND,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))]),
        body: problem.to_string().into(),
        delay: Duration::ZERO,
        wire: None,
        quota: None,
    }
}
