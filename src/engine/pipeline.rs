//! The way of one request, as the door of this folder draws it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::base::{entropy, text};
use crate::engine::auth::AuthRequest;
use crate::engine::call::{self, Call, Request};
use crate::engine::cx::{self, Cx, Scope};
use crate::engine::dialect::{DialectCx, Stream};
use crate::engine::limits::{self, Quota};
use crate::engine::locate::{Located, Target};
use crate::engine::machine::Machine;
use crate::engine::options::Conform;
use crate::engine::parcels;
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Answer, Body, Outcome, Reply, Wire};
use crate::engine::sandbox::{Sandbox, State};
use crate::engine::script::{self, Decision, Instead, View};
use crate::engine::vendor::{OperationRow, Vendor};
use crate::spec::{Catalog, Operation, Route};
use crate::world::{Credential, Exchange};

/// The account of callers whom we do not know.
const NOBODY: &str = "nobody";

/// A call that was read, and what parsed it came to.
struct Parsed<'m> {
    call: Call<'m>,
    row: Option<&'m OperationRow>,
    /// Why the call cannot be behaved, if its caller is let in.
    refusal: Option<Refusal>,
}

/// What happened while the world was locked.
struct Executed {
    outcome: Outcome,
    at: Timestamp,
    seed: u64,
    account: Arc<str>,
    number: u64,
    quota: Option<Quota>,
    /// Whether the world's time is not the wall's, so that answers carry it.
    dated: bool,
    delay: Duration,
    wire: Option<Wire>,
    failing: Option<StatusCode>,
    notes: Vec<Box<str>>,
}

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
        let executed = self.execute(&here.sandbox, here.loaded.vendor, &parsed, None, wall);
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
        let credential = sandbox.lock().world.accounts.credentials(loaded.vendor.mount).first().cloned()?;
        let executed = self.execute(sandbox, loaded.vendor, &parsed, Some(credential), wall);
        Some(self.finish(&here, &parsed.call, executed))
    }

    /// Everything that needs the world.
    fn execute(
        &self,
        sandbox: &Sandbox,
        vendor: &'static Vendor,
        parsed: &Parsed<'_>,
        known: Option<Credential>,
        wall: Timestamp,
    ) -> Executed {
        let call = &parsed.call;
        let mut guard = sandbox.lock();
        let state = &mut *guard;
        let now = state.world.clock.now(wall);
        let dated = !state.world.clock.is_wall();
        self.run_due_tasks(sandbox, state, now);
        // Data that is prepared, for the `given` of a scenario, meets neither limits nor faults.
        let counts = known.is_none();
        let admission = known.map_or_else(|| admit(sandbox, vendor, call, state, now), |credential| Ok(Some(credential)));
        let (credential, denied) = match admission {
            Ok(credential) => (credential, None),
            Err(refusal) => (None, Some(refusal)),
        };
        let account = state.world.accounts.open(vendor.mount, credential.as_ref().map_or(NOBODY, |credential| &credential.account));
        let owner = state.world.accounts.get_mut(account);
        owner.calls += 1;
        let (number, name) = (owner.calls, Arc::clone(&owner.name));
        let limit = credential.as_ref().filter(|_| counts).and_then(|credential| (vendor.limit)(call, credential));
        let quota = limit.map(|limit| limits::count(owner, limit, now));
        let mut rng = entropy::stream(state.world.seed, &[vendor.id, &name], number);
        let documents = state.world.accounts.get(account);
        let view = View { vendor: vendor.id, call, account: credential.is_some().then_some(account), documents, state: vendor.state, now };
        let decision = if counts { script::decide(&mut state.faults, state.script.as_mut(), &view, &mut rng) } else { Decision::default() };
        let exceeded = quota.clone().filter(|quota| quota.is_exceeded() && state.script.enforces_limits());
        let refusal = match (&parsed.refusal, denied) {
            (Some(Refusal::UnknownPath { .. }), denied) => Some(Refusal::UnknownPath { authenticated: denied.is_none() }),
            (_, Some(denied)) => Some(denied),
            (refusal, None) => exceeded.map(Refusal::RateLimited).or_else(|| refusal.clone()),
        };
        let mut executed = Executed {
            outcome: Err(Refusal::Broken),
            at: now,
            seed: state.world.seed,
            account: Arc::clone(&name),
            number,
            quota: decision.quota.or(quota),
            dated,
            delay: decision.delay,
            wire: decision.wire,
            failing: decision.failing,
            notes: Vec::new(),
        };
        executed.outcome = match (decision.instead, refusal, parsed.row) {
            (Some(Instead::Reply(reply)), ..) => Ok(reply),
            (Some(Instead::Refusal(refusal)), ..) | (None, Some(refusal), _) => Err(refusal),
            (None, None, None) => Err(Refusal::UnknownPath { authenticated: true }),
            (None, None, Some(row)) => {
                let credential = credential.unwrap_or_else(|| Credential { account: name, facts: Arc::default() });
                let place = Scope {
                    now,
                    call,
                    sandbox: &sandbox.name,
                    public_urls: self.public_urls(),
                    vendors: self.vendors.all(),
                    vendor,
                    account,
                };
                run_handler(state, row, place, credential, rng, self.room(sandbox), &mut executed)
            }
        };
        sandbox.count(state);
        executed
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
        Route::WrongMethod(allowed) => return Parsed { call, row: None, refusal: Some(Refusal::WrongMethod(allowed)) },
        Route::Unknown => return Parsed { call, row: None, refusal: Some(Refusal::UnknownPath { authenticated: false }) },
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
    Parsed { call, row, refusal }
}

/// The credential of the caller, as the vendor authenticates it; none for an open operation.
fn admit(
    sandbox: &Sandbox,
    vendor: &'static Vendor,
    call: &Call<'_>,
    state: &mut State,
    now: Timestamp,
) -> Result<Option<Credential>, Refusal> {
    if call.operation.is_some_and(|operation| operation.security.is_empty()) {
        return Ok(None);
    }
    let accounts = &mut state.world.accounts;
    let shared = accounts.open(vendor.mount, "");
    let credentials = accounts.credentials(vendor.mount);
    let gate = AuthRequest { call, sandbox: &sandbox.name, now, credentials: &credentials, shared: accounts.get(shared) };
    match (vendor.authenticate)(&gate) {
        Ok(credential) => match credential.denial(now) {
            Some(denial) => Err(Refusal::Unauthenticated(denial)),
            None => Ok(Some(credential)),
        },
        Err(Refusal::Unauthenticated(_)) if accounts.any_credential => Ok(credentials.first().cloned()),
        Err(refusal) => Err(refusal),
    }
}

/// Runs a row. What it wrote is taken back when it refuses or fails.
fn run_handler(
    state: &mut State,
    row: &OperationRow,
    place: Scope<'_>,
    credential: Credential,
    rng: entropy::Rng,
    room: usize,
    executed: &mut Executed,
) -> Outcome {
    let mut log = Vec::new();
    let before = state.world.accounts.bytes();
    let mut cx = Cx::new(&mut state.world, state.script.as_mut(), &mut log, place, credential, rng);
    let done = guarded(|| {
        let outcome = (row.handler)(&mut cx);
        if outcome.is_ok() {
            parcels::called(&mut cx);
        }
        outcome
    });
    let added = std::mem::take(&mut cx.added);
    executed.notes = std::mem::take(&mut cx.notes);
    let owner = cx.docs.account();
    executed.account = Arc::clone(&owner.name);
    executed.number = owner.calls;
    drop(cx);
    let grown = state.world.accounts.bytes().saturating_sub(before);
    let done = if grown > room {
        executed.notes.push(format!("sandbox-full: {grown} bytes of documents do not fit, {room} are left").into());
        Ok(Err(Refusal::Broken))
    } else {
        done
    };
    let outcome = done.unwrap_or_else(|panic| {
        tracing::error!(operation = row.operation, panic, "a behavior failed and was taken back");
        executed.notes.push(format!("sandbox-broken: {panic}").into());
        Err(Refusal::Broken)
    });
    if outcome.is_err() {
        cx::roll_back(&mut state.world, &mut log, added);
    }
    outcome
}

/// Runs something that may panic; the panic's message.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
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
