//! One request from its bytes to the journal, in the order that `engine/mod.rs` shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::base::time::{self, Timestamp};
use crate::base::{entropy, ids, text};
use crate::engine::call::{Call, Request};
use crate::engine::dialect::{Dialect, DialectCx, Stream};
use crate::engine::execute::Executed;
use crate::engine::failing;
use crate::engine::lengthy;
use crate::engine::locate::{Located, Target};
use crate::engine::machine::Machine;
use crate::engine::options::{Conform, Contract};
use crate::engine::pace::{HasTime, Later, Pace, UNLIMITED};
use crate::engine::parsed::Parsed;
use crate::engine::refusal::{Refusal, Unread};
use crate::engine::remarks;
use crate::engine::reply::{Answer, Body, Outcome, Reply};
use crate::engine::sandbox::Sandbox;
use crate::engine::transaction;
use crate::engine::unmatched;
use crate::engine::wire::Wire;
use crate::spec::Operation;
use crate::world::note;
use crate::world::{Blame, EffectKind, Entry, How, Message, Note, OnWire, Sent, Took, Tried};

impl Machine {
    /// Answers one request, whose caller has the answer at once. `wall` is the wall's time.
    pub fn handle(&self, request: &Request, wall: Timestamp) -> Answer {
        self.arrived(self.try_handle(request, wall, UNLIMITED).expect("it has all the time there is"))
    }

    /// Answers one request; `None`, without any effect, if the time was up before everything that is due in its sandbox was done.
    pub fn try_handle(&self, request: &Request, wall: Timestamp, has_time: HasTime<'_>) -> Option<Answer> {
        self.try_handle_unread(request, None, wall, has_time)
    }

    /// The same for a request that may be `unread`: the vendor's dialect words the answer then.
    pub fn try_handle_unread(&self, request: &Request, unread: Option<&Unread>, wall: Timestamp, has_time: HasTime<'_>) -> Option<Answer> {
        self.attempt(request, unread, wall, has_time, Pace::Whole).ok()
    }

    /// The same at a pace.
    ///
    /// # Errors
    /// When there is not time for it. Then it has had no effect.
    pub fn attempt(
        &self,
        request: &Request,
        unread: Option<&Unread>,
        wall: Timestamp,
        has_time: HasTime<'_>,
        pace: Pace,
    ) -> Result<Answer, Later> {
        match (self.locate(request, &text::decode_unreserved(&request.path)), unread) {
            (Target::Vendor(here), _) => self.answer(request, &here, unread, wall, (has_time, pace)),
            (_, Some(unread)) => Ok(unmatched::unread(request, unread)),
            (Target::NoSandbox(name), None) => Ok(self.no_sandbox(request, &name)),
            (Target::Nowhere, None) => Ok(self.no_mount(request)),
        }
    }

    /// The same in a given sandbox, whatever sandbox its path or credential names.
    pub fn handle_in(&self, sandbox: &Arc<Sandbox>, request: &Request, wall: Timestamp) -> Answer {
        let path = text::decode_unreserved(&request.path);
        let Target::Vendor(here) = self.locate(request, &path) else { return self.no_mount(request) };
        let here = Located { sandbox: Arc::clone(sandbox), ..here };
        self.arrived(self.answer(request, &here, None, wall, (UNLIMITED, Pace::Whole)).expect("it has all the time there is"))
    }

    /// An answer that its caller has at once. Where replicas share the sandbox, that is in the section of the call.
    fn arrived(&self, answer: Answer) -> Answer {
        if let Some(entry) = answer.entry.as_ref().filter(|entry| entry.wire.is_under_way()) {
            entry.wire.arrive();
            if !self.is_shared() {
                self.answered(entry);
            }
        }
        answer
    }

    /// Says in the vendor's words why a request is not answered, and changes nothing: a sandbox without documents answers, which is
    /// dropped. `None` if there is no time.
    pub fn refuse(&self, request: &Request, unread: &Unread, wall: Timestamp, has_time: HasTime<'_>) -> Option<Answer> {
        match self.locate(request, &text::decode_unreserved(&request.path)) {
            Target::Vendor(here) => {
                let aside = Sandbox::new(&here.sandbox.name, here.sandbox.lock().without_documents(), &self.budget);
                let here = Located { sandbox: Arc::new(aside), ..here };
                self.answer(request, &here, Some(unread), wall, (has_time, Pace::Whole)).ok().map(unnamed)
            }
            Target::NoSandbox(_) | Target::Nowhere => Some(unmatched::unread(request, unread)),
        }
    }

    fn answer(
        &self,
        request: &Request,
        here: &Located<'_>,
        unread: Option<&Unread>,
        wall: Timestamp,
        (has_time, pace): (HasTime<'_>, Pace),
    ) -> Result<Answer, Later> {
        let is_large = request.body.len() > UNREAD;
        // A large body is read after its sender's credential, for which the sandbox is locked.
        if pace != Pace::Whole && (here.sandbox.is_in_use() || is_large && here.sandbox.try_lock().is_none()) {
            return Err(Later::Busy);
        }
        let denied = |call: &Call<'_>| {
            if is_large { self.denial(&here.sandbox, &here.loaded.vendor, call, wall) } else { None }
        };
        // A vendor that does not fit its document is a fault of the program, and ends here.
        let _ = here.loaded.catalog();
        let mut parsed = Parsed::unread(request, here.prefix, here.path);
        let broken = parsed.read(here.loaded, &denied, self.options.contract).err();
        if let Some(panic) = &broken {
            tracing::error!(vendor = &*here.loaded.vendor.id, panic, "a request could not be read");
        }
        let is_long = unread.is_none() && parsed.call.operation.is_some_and(|operation| lengthy::is_long(operation, &here.sandbox));
        let draws = |operation: &Operation| operation.draws_from.is_some_and(|size| size <= request.body.len());
        if pace != Pace::Whole && is_long {
            return Err(Later::Long);
        }
        if pace == Pace::Moment && parsed.call.operation.is_some_and(draws) {
            return Err(Later::Draws);
        }
        if let Some(unread) = unread {
            parsed.row = Err(unread.refusal());
            parsed.call.violations = Arc::default();
            parsed.call.remarks.clear();
        }
        parsed.call.base = self.public_urls().base_of_links(here.prefix, &here.loaded.vendor.mount);
        here.sandbox.touch(wall);
        let reading = is_long.then(|| here.sandbox.read_long());
        let mut executed = self.execute(&here.sandbox, here.loaded, &parsed, wall, (has_time, pace))?;
        drop(reading);
        executed.notes.extend(broken.map(|panic| Note::new(Note::SANDBOX_BROKEN, Blame::Sandbox, panic)));
        // It is told before the credentials are looked at, as web servers do.
        if let Some(unread) = unread {
            executed.outcome = Err(unread.refusal());
            executed.notes.retain(|note| note.blame != Blame::Caller);
            executed.notes.push(unread.note());
        }
        Ok(self.finish(here, parsed.call, executed, wall))
    }

    /// Calls an operation with the first credential of its vendor, for the `given` of a scenario: without rate limits, overrides
    /// and faults. `None` when there is no such operation.
    pub fn perform(&self, sandbox: &Arc<Sandbox>, operation: &str, body: &Value, wall: Timestamp) -> Option<Answer> {
        self.perform_with(sandbox, operation, &[], body.clone(), wall)
    }

    /// The same with parameters: those of the path, the others of the query. Where the vendor has ids for things with names, such as the
    /// accounts of carriers, the body may say the name.
    pub fn perform_with(
        &self,
        sandbox: &Arc<Sandbox>,
        operation: &str,
        parameters: &[(String, String)],
        mut body: Value,
        wall: Timestamp,
    ) -> Option<Answer> {
        let (vendor, id) = operation.split_once('.')?;
        let loaded = self.vendors.loaded().iter().find(|loaded| loaded.vendor.id == vendor)?;
        let found = loaded.catalog().operation(id)?;
        let credential = loaded.vendor.working(sandbox.lock().world.accounts().credentials(&loaded.vendor.mount).first()?);
        with_ids(&mut body, &|member, word| (loaded.vendor.id_of)(&credential, member, word));
        let prefix = format!("/{}", loaded.vendor.mount);
        let (path, query) = filled_in(&found.path, parameters);
        let request = Request {
            method: found.method.clone(),
            path: format!("{prefix}{path}"),
            query,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            body: if body.is_null() { Bytes::new() } else { serde_json::to_vec(&body).map(Bytes::from).unwrap_or_default() },
            peer: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            mount: None,
            version: Version::HTTP_11,
            is_secure: false,
        };
        let here = Located { sandbox: Arc::clone(sandbox), is_guess: false, since: None, loaded, prefix: &prefix, path: &path };
        let mut parsed = Parsed::unread(&request, &prefix, &path);
        let _ = parsed.read(loaded, &|_| None, Contract::Off);
        parsed.call.base = self.public_urls().base_of_links(&prefix, &loaded.vendor.mount);
        let executed = self.execute_given(sandbox, &loaded.vendor, &parsed, credential, wall);
        Some(self.finish(&here, parsed.call, executed, wall))
    }

    /// Reads a call of the journal again, as it was read when it came in, but for a body of which only the beginning was kept.
    /// `None` when its vendor is not mounted.
    pub fn reread<T>(&self, entry: &Entry, look: impl FnOnce(&Call<'_>) -> T) -> Option<T> {
        let loaded = self.vendors.loaded().iter().find(|loaded| *loaded.vendor.id == *entry.vendor)?;
        let request = Request::of(entry);
        let whole = text::decode_unreserved(&request.path);
        let (prefix, path) = whole.split_at_checked(entry.path_start)?;
        let path = if path.is_empty() { "/" } else { path };
        let mut parsed = Parsed::unread(&request, prefix, path);
        let _ = parsed.read(loaded, &|_| None, Contract::Off);
        Some(look(&parsed.call))
    }

    /// What follows when the sandbox is unlocked: dialect, serializing, the check of the answer, the journal.
    pub(super) fn finish(&self, here: &Located<'_>, mut call: Call<'_>, executed: Executed, wall: Timestamp) -> Answer {
        let dialect = &here.loaded.vendor.dialect;
        let vendor = &here.loaded.vendor.id;
        let Executed { outcome, at, seed, account, number, restores, nth, quota, mut effect, dated, delay, wire, patch, .. } = executed;
        let Executed { failing, is_answered, is_passed_on, patched_by, mut notes, state, mut tried, next_due, .. } = executed;
        let quota = if failing == Some(StatusCode::TOO_MANY_REQUESTS) { Some(failing::used_up(quota, at)) } else { quota };
        let id = exchange_id(&here.sandbox.name, vendor, &account, restores, number);
        let stream = Stream { seed, vendor, account: &account, number };
        if outcome.is_ok() {
            // Only refusals say something of the body, and the values of a large one take ten times its bytes.
            call.body = Value::Null;
        }
        let cx = DialectCx {
            call: &call,
            id: &id,
            sandbox: &here.sandbox.name,
            now: at,
            quota: quota.as_ref(),
            described: &here.loaded.vendor.described,
            stream,
        };
        let is_refused = outcome.is_err();
        let is_read = !matches!(outcome, Err(Refusal::TooLarge(_) | Refusal::Failing(_)));
        let late = remarks::late(&call, outcome.as_ref().err());
        let size = call.operation.and_then(|operation| here.loaded.row(operation)).map(|row| &row.answer_size);
        let worded = transaction::guarded(|| word(dialect, &cx, outcome, failing, size, is_passed_on)).or_else(|panic| {
            tracing::error!(vendor = &**vendor, panic, "an answer could not be written");
            notes.push(Note::new(Note::SANDBOX_BROKEN, Blame::Sandbox, panic));
            transaction::guarded(|| word(dialect, &cx, Err(Refusal::Broken), None, size, false))
        });
        let (mut status, mut headers, mut body) =
            worded.unwrap_or_else(|_| (StatusCode::INTERNAL_SERVER_ERROR, HeaderMap::new(), Bytes::new()));
        // What a scenario writes stays: a patch comes after this.
        let is_respond = effect.as_ref().is_some_and(|effect| effect.kind == EffectKind::Respond);
        if dated
            && !(is_respond && headers.contains_key(DATE))
            && let Ok(date) = HeaderValue::from_str(&time::http_date(at))
        {
            headers.insert(DATE, date);
        }
        if let Some(patch) = &patch {
            let has_effect;
            ((status, headers, body), has_effect) = patch.apply(dialect.style, (status, headers, body), &mut notes);
            if let Some((turn, epoch)) = patched_by.filter(|_| !has_effect) {
                if let Some(tried) = &mut tried {
                    Tried::mark(&mut tried.rules, &turn.owner, turn.rule, How::Missed);
                }
                Self::patch_missed(&here.sandbox, &turn, epoch);
                effect = None;
            }
        }
        if !body.is_empty() && !is_passed_on && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(dialect.content_type));
        }
        notes.append(&mut call.remarks);
        for found in [Some(&call.violations), late.as_ref(), Some(&call.departures)].into_iter().flatten() {
            remarks::violations(&mut notes, Note::REQUEST_INVALID, Blame::Caller, found);
        }
        // A status that a scenario asks for, or that the vendor refuses other calls with, need not be one of the document.
        let is_odd = failing.is_some() || effect.as_ref().is_some_and(|effect| effect.kind == EffectKind::Refuse);
        // Documents of users seldom declare what any call may be refused with.
        let declares = |operation: &Operation| operation.statuses().any(|own| own.is_none_or(|own| own == status.as_u16()));
        let is_usual = |operation: &Operation| here.loaded.vendor.is_document() && is_refused && !declares(operation);
        if let Some(operation) = call.operation.filter(|row| is_read && !is_odd && self.is_checked(number) && !is_usual(row)) {
            let is_scripted = effect.as_ref().is_some_and(|effect| matches!(effect.kind, EffectKind::Respond | EffectKind::Patch));
            let blame = match (is_scripted, is_passed_on) {
                (true, _) => Blame::Scenario,
                (false, true) => Blame::Vendor,
                (false, false) => Blame::Sandbox,
            };
            let is_large = body.len() > lengthy::MOST_SAMPLED && self.options.conform == Conform::Sampled;
            let violations = if is_large { Vec::new() } else { lengthy::check(operation, status, &headers, &body) };
            remarks::violations(&mut notes, Note::ANSWER_INVALID, blame, &violations.into());
        }
        let has_body = has_body(&call.request.method, status);
        let length = if has_body { body.len() } else { 0 };
        let wire = wire.and_then(|wire| wire.applied(call.request.version, call.request.is_secure, has_body.then_some(length)));
        let sent = Wire::sent(wire, status, length);
        let sent = if has_body { sent } else { Sent { bytes: 0, ..sent } };
        notes.extend(failing::note(effect.as_ref(), sent));
        if !self.options.plain {
            add_own_headers(&mut headers, &id, &notes);
        }
        notes.extend(next_due.and_then(|due| remarks::polled(&here.sandbox, call.request, status, at, due)));
        let delay = delay.of(length);
        if let Some(effect) = &mut effect {
            (effect.lasts, effect.latency) = (wire.and_then(Wire::lasts), Some(delay).filter(|delay| !delay.is_zero()));
        }
        let takes_time = !delay.is_zero() || wire.is_some_and(Wire::takes_time);
        let answer = if is_answered { Message::sharing(&headers, &body) } else { Message::none() };
        let entry = Arc::new(Entry {
            number: 0,
            id,
            at,
            received: wall,
            took: Took::default(),
            sandbox: Arc::clone(&here.sandbox.name),
            vendor: vendor.clone(),
            operation: call.operation.map(|operation| Arc::clone(&operation.name)),
            method: call.request.method.clone(),
            target: call.request.target(),
            path_start: call.prefix.len(),
            is_secure: call.request.is_secure,
            nth,
            request: Message::new(&call.request.headers, &call.request.body),
            wire: if takes_time { OnWire::under_way(sent) } else { OnWire::new(sent) },
            status: is_answered.then_some(status.as_u16()),
            answer,
            notes,
            effect,
            state,
            tried,
        });
        let entry = Some(self.record(&here.sandbox, entry));
        let (status, headers, body) = match wire {
            Some(wire) => wire.altered(status, headers, body),
            None => (status, headers, body),
        };
        Answer { status, headers, body, delay, wire, entry, unmatched: None, quota }
    }

    fn is_checked(&self, number: u64) -> bool {
        match self.options.conform {
            Conform::All => true,
            Conform::Sampled => number <= 16 || number.is_multiple_of(64),
            Conform::Off => false,
        }
    }
}

/// How much room is made for an answer before it is written, at most.
const MOST_ROOM: usize = 256 * 1024;
/// Larger bodies are read only if their sender is authenticated. Others cost less than to look.
const UNREAD: usize = 16 * 1024;

/// An outcome as the vendor writes it: status, headers and bytes. `size` is the length of the last answer of the kind.
fn word(
    dialect: &Dialect,
    cx: &DialectCx<'_>,
    outcome: Outcome,
    failing: Option<StatusCode>,
    size: Option<&AtomicUsize>,
    is_passed_on: bool,
) -> (StatusCode, HeaderMap, Bytes) {
    let mut reply = match failing {
        Some(status) => failing::reply(dialect, status, cx),
        None => outcome.unwrap_or_else(|refusal| (dialect.refuse)(&refusal, cx)),
    };
    if !is_passed_on {
        (dialect.headers)(cx, &mut reply);
    }
    let Reply { status, headers, body } = reply;
    let body = match body {
        Body::Empty => Bytes::new(),
        Body::Bytes(bytes) => bytes,
        Body::Drawn(file) => file.file().into(),
        Body::Json(document) => {
            let mut out = Vec::with_capacity(size.map_or(256, |size| size.load(Ordering::Relaxed).min(MOST_ROOM)));
            document.write(dialect.style, &mut out);
            if let Some(size) = size {
                size.store(out.len(), Ordering::Relaxed);
            }
            if out.capacity() > out.len() + out.len() / 8 {
                out.shrink_to_fit();
            }
            out.into()
        }
    };
    (status, headers, body)
}

const REQUEST: HeaderName = HeaderName::from_static("seatrial-request");
const NOTES: HeaderName = HeaderName::from_static("seatrial-notes");

/// Whether an answer has a body: those to `HEAD` have none, nor has one of some statuses.
#[must_use]
pub fn has_body(method: &Method, status: StatusCode) -> bool {
    *method != Method::HEAD && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The headers that name an exchange and its notes.
fn add_own_headers(headers: &mut HeaderMap, id: &str, notes: &[Note]) {
    let mut add = |name, value: &str| headers.insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("?")));
    add(REQUEST, id);
    if !notes.is_empty() {
        let codes = note::codes(notes);
        add(NOTES, &codes.join(","));
    }
}

/// An answer whose exchange no journal has: the next call gets the id that it would have had.
fn unnamed(mut answer: Answer) -> Answer {
    answer.headers.remove(REQUEST);
    if let Some(entry) = &mut answer.entry {
        Arc::make_mut(entry).id = Arc::from("");
    }
    answer
}

/// The id of an exchange: the same in every run of the same calls. Numbers go back with a snapshot, so that the same calls have the same
/// answers; ids do not, as the journal goes on.
fn exchange_id(sandbox: &str, vendor: &str, account: &str, restores: u64, number: u64) -> Arc<str> {
    let mut id = String::with_capacity(sandbox.len() + vendor.len() + 48);
    [sandbox, "-", vendor, "-"].into_iter().for_each(|part| id.push_str(part));
    ids::push_hex(&mut id, &entropy::fingerprint(account.as_bytes()).to_be_bytes()[5..]);
    if restores > 0 {
        id.push_str("-r");
        id.push_str(itoa::Buffer::new().format(restores));
    }
    id.push('-');
    id.push_str(itoa::Buffer::new().format(number));
    id.into()
}

/// How often a sandbox had gone back to a snapshot before an exchange, by the id of that.
#[must_use]
pub fn restores_before(id: &str) -> u64 {
    id.rsplit('-').nth(1).and_then(|part| part.strip_prefix('r')?.parse().ok()).unwrap_or_default()
}

/// A path with its parameters in their places, and the others as a query.
fn filled_in(path: &str, parameters: &[(String, String)]) -> (String, String) {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (of_path, of_query): (Vec<_>, Vec<_>) = parameters.iter().partition(|(name, _)| path.contains(&format!("{{{name}}}")));
    let filled = of_path.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), &escaped(value)));
    let query: Vec<String> = of_query.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    (filled, query.join("&"))
}

/// Replaces names by the ids that a vendor has for them, wherever they stand.
fn with_ids(value: &mut Value, id_of: &dyn Fn(&str, &str) -> Option<String>) {
    fn walk(member: &str, value: &mut Value, id_of: &dyn Fn(&str, &str) -> Option<String>) {
        match value {
            Value::String(word) => {
                if let Some(id) = id_of(member, word) {
                    *word = id;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| walk(member, item, id_of)),
            Value::Object(members) => members.iter_mut().for_each(|(member, value)| walk(member, value, id_of)),
            _ => {}
        }
    }
    walk("", value, id_of);
}
