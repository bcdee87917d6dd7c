//! The calls of a sandbox as a conversation, which plays back in a sandbox of its own: it begins under the same scenario, with the
//! same seed, at the same time. What differs from sandbox to sandbox is written as conversations have it (`wording`),
//! and so are receivers of webhooks (`receivers`).

mod changed;
mod receivers;
mod wording;

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName};
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use self::receivers::Receivers;
use self::wording::{FORM, Links, Wording};
use crate::base::json::compact;
use crate::base::time::Timestamp;
use crate::engine::{self, Sandbox};
use crate::scenario;
use crate::scenario::conversation::{CredentialMap, account_rows};
use crate::scenario::run;
use crate::server::admin::problem::Problem;
use crate::server::admin::requests::again;
use crate::server::admin::secrets::{Exchange, Redactor, Secrets};
use crate::server::admin::state::Admin;
use crate::server::pieces::pause;
use crate::world::{self, Deed, End, How, LogLine, Message, Met, Note, Sent};

/// Headers that an HTTP client sets itself.
pub(super) const USUAL: [&str; 8] =
    ["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "content-type", "accept"];

/// Those of them that a client may choose, whatever it calls.
const CHOSEN: [&str; 4] = ["connection", "accept-encoding", "user-agent", "accept"];

/// Headers in which proxies say where the caller was, to which links lead: another place, when a conversation is held.
const OF_PROXIES: [&str; 5] = ["forwarded", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto"];

/// What of a scenario is not in a conversation: its verdicts, and what its steps say.
const LEFT_OUT: [&str; 3] = ["expect", "include", "description"];

const JSON: &str = "application/json";

/// A conversation as a file.
pub(super) struct Recorded {
    pub text: String,
    /// What is not in it, for which it may not play back.
    pub lacks: Vec<String>,
}

/// The calls to one vendor as a file of `tests/vendors`.
pub(super) fn conversation(admin: &Admin, sandbox: &Sandbox, rows: &[Arc<world::Entry>], redactor: &Redactor) -> Result<Recorded, Problem> {
    let mount = rows.first().map_or("", |row| mount_of(admin, row));
    if rows.iter().any(|row| mount_of(admin, row) != mount) {
        return Err(Problem::bad_request("a conversation is with one vendor; name it with `vendor`"));
    }
    let (unread, rows): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(|row| is_unread(row));
    let rows = &*rows;
    let (scenario, start, has_own_accounts) = beginning(admin, sandbox, mount, rows, redactor);
    let hidden = Redactor::new(Secrets::Hidden, &admin.machine, sandbox);
    let data = earlier(&sandbox.deeds.all(), rows.first().map_or(0, |row| row.number));
    let plays_given = data.is_none() && scenario["given"].as_array().is_some_and(|rows| !rows.is_empty());
    let mut receivers = Receivers::of(&admin.machine, sandbox, mount, rows, plays_given);
    let mut wording = Wording::new(&admin.machine, sandbox, mount, rows, has_own_accounts);
    wording.receivers = receivers.addresses();
    wording.given.clone_from(&receivers.given);
    wording.heeded = heeded(sandbox);
    let mut lacks = lacks(admin, sandbox, rows, mount, &receivers, data);
    lacks.extend(counted(unread.len() as u64, "requests could not be read, and have no step"));
    if !redactor.shows_secrets() {
        lacks.extend(hidden_things(sandbox, rows, redactor));
    }
    let scenario = scenario.to_string();
    let mut out = format!("about: Calls to {mount}, as they were recorded.\nvendor: {mount}\nscenario: {scenario}\nsteps:\n");
    let mut clock = Clock { now: start, shows_secrets: redactor.shows_secrets() };
    for row in rows {
        pause();
        clock.act(row.number, &mut receivers, &wording, &mut out);
        clock.reach(row.at, &mut receivers, &wording, &mut out);
        let links = Links::of(&admin.machine, row, mount);
        let exchange = redactor.exchange(row);
        let changed = changed::expected(&admin.machine, &exchange, &links, &wording);
        step(&exchange, &hidden.exchange(row), &links, changed, &mut wording, &mut out);
    }
    clock.act(u64::MAX, &mut receivers, &wording, &mut out);
    if let Some(last) = receivers.last() {
        clock.reach(last, &mut receivers, &wording, &mut out);
        receivers.told(last, redactor.shows_secrets(), &wording, &mut out);
    }
    let mut text = without_specials(&out);
    lacks.extend(scenario::excess(&text, &scenario));
    if !lacks.is_empty() {
        let remark = format!("# It may not play back, for what it lacks: {}.\n", lacks.join("; "));
        text.insert_str(0, &without_specials(&remark));
    }
    Ok(Recorded { text, lacks })
}

/// A text of JSON and comments, without the characters that YAML does not take as they are, or that end its lines.
fn without_specials(text: &str) -> String {
    let is_special = |letter: &char| matches!(letter, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_special(&letter) {
            true => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            false => out.push(letter),
        }
    }
    out
}

/// Whether a request was refused before anybody read it as one, which no step can make again.
fn is_unread(row: &world::Entry) -> bool {
    let codes = [Note::UNREADABLE_REQUEST, Note::BODY_TOO_LARGE, Note::LEDGER_BROKEN, Note::LEDGER_AWAY];
    row.notes.iter().any(|note| codes.contains(&note.code))
}

/// What a conversation lacks of what came before its end: calls of which there is no evidence, and what it has no steps for.
fn lacks(
    admin: &Admin,
    sandbox: &Sandbox,
    rows: &[Arc<world::Entry>],
    mount: &str,
    receivers: &Receivers,
    data: Option<String>,
) -> Vec<String> {
    let is_ours = |name: &str| {
        let vendor = name.split_once('.').map_or(name, |(vendor, _)| vendor);
        admin.machine.vendors().find(vendor).is_some_and(|vendor| vendor.mount == *mount)
    };
    let last = rows.last().map_or(0, |row| row.number);
    let journal = sandbox.journal();
    let removed: u64 = journal.removed.iter().filter(|(name, _)| is_ours(name)).map(|(_, count)| *count).sum();
    // Of webhooks that came behind the last call, others may be the cause.
    let is_before_end = |row: &world::Entry| row.number <= last || receivers.last().is_some_and(|at| row.at <= at);
    let all = journal.between(0, u64::MAX).filter(|row| is_ours(&row.vendor) && is_before_end(row));
    let had = all.filter(|row| !is_unread(row)).count();
    let dropped = journal.dropped();
    drop(journal);
    let elsewhere = counted_elsewhere(sandbox, last, is_ours);
    let cut = rows.iter().filter(|row| row.request.is_cut()).count();
    let counts = [
        (dropped, "of the sandbox's calls made room for others in the journal"),
        (removed, "calls were removed from the journal"),
        (had.saturating_sub(rows.len()) as u64, "calls came before its end that it was not asked for"),
        (elsewhere, "calls of other vendors were counted by overrides that are about all of them"),
        (cut as u64, "bodies were sent of which only the beginning was kept"),
        (receivers.under_way() as u64, "webhooks were still on their way"),
        (receivers.others() as u64, "things were done by hand for which there is no step, each told where it was done"),
    ];
    data.into_iter().chain(counts.into_iter().filter_map(|(count, what)| counted(count, what))).collect()
}

/// How many calls of others, up to the one with that number, were counted by overrides of all vendors that count.
fn counted_elsewhere(sandbox: &Sandbox, last: u64, is_ours: impl Fn(&str) -> bool) -> u64 {
    let runtime = Arc::clone(&sandbox.lock().scenario);
    let scenario = run::scenario_of(&*runtime);
    let counts = |met: &Met| {
        let rule = scenario.overrides.get(met.rule).filter(|_| met.owner.is_empty() && met.how != How::Unmatched);
        rule.is_some_and(|rule| rule.on.value.vendor().is_none() && rule.is_counting())
    };
    let journal = sandbox.journal();
    let others = journal.between(0, last).filter(|row| !is_ours(&row.vendor));
    others.filter(|row| row.tried.as_ref().is_some_and(|tried| tried.rules.iter().any(counts))).count() as u64
}

fn counted(count: u64, what: &str) -> Option<String> {
    (count > 0).then(|| format!("{count} {what}"))
}

/// What a sandbox had when the calls of its journal began, if that is more than its scenario makes.
fn earlier(log: &[LogLine], first: u64) -> Option<String> {
    log.iter().fold(None, |data, line| match line.what {
        Deed::Imported => Some("what the sandbox had from a file".to_owned()),
        Deed::Forked => Some("what the sandbox had of the one that it is a copy of".to_owned()),
        Deed::Scenario if line.detail.is_some() && line.after < first => Some("what the sandbox had under an earlier scenario".to_owned()),
        Deed::Scenario if line.detail.is_none() => None,
        _ => data,
    })
}

/// What a conversation lacks where secrets are hidden.
fn hidden_things(sandbox: &Sandbox, rows: &[Arc<world::Entry>], redactor: &Redactor) -> Vec<String> {
    let whole = scenario::whole(sandbox.lock().scenario.source());
    let members = whole.as_ref().and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let members: Vec<String> = members.filter(|name| is_played(name)).map(|name| format!("`{name}`")).collect();
    let is_whole = rows.iter().inspect(|_| pause()).all(|row| redactor.exchange(row).is_whole);
    let secrets = (!is_whole).then(|| "credentials and other secrets, which `secrets=show` writes".to_owned());
    let scenario = (!members.is_empty()).then(|| format!("the scenario's {}, which `secrets=show` writes", members.join(", ")));
    secrets.into_iter().chain(scenario).collect()
}

/// Whether a member of a scenario makes a difference to what is answered.
fn is_played(name: &str) -> bool {
    let is_about = ["apiVersion", "kind", "name", "seed", "clock"].contains(&name);
    !(is_about || LEFT_OUT.contains(&name) || name.starts_with("x-"))
}

/// The clock of a conversation, which begins with its sandbox.
struct Clock {
    now: Option<Timestamp>,
    shows_secrets: bool,
}

impl Clock {
    /// Writes what was done before the call with a number, each when it was done.
    fn act(&mut self, number: u64, receivers: &mut Receivers, wording: &Wording<'_>, out: &mut String) {
        while let Some(at) = receivers.next(number) {
            if self.now.is_some() {
                self.reach(at, receivers, wording, out);
            }
            receivers.act(self.shows_secrets, out);
        }
    }

    /// Moves on to a time, with what came until then.
    fn reach(&mut self, at: Timestamp, receivers: &mut Receivers, wording: &Wording<'_>, out: &mut String) {
        if let Some(before) = self.now.filter(|before| *before < at) {
            receivers.told(before, self.shows_secrets, wording, out);
            advance(before, at, out);
        }
        self.now = self.now.max(Some(at));
    }
}

fn advance(from: Timestamp, to: Timestamp, out: &mut String) {
    let _ = writeln!(out, "  - advance: {}", json!(format!("{:#}", to.duration_since(from))));
}

/// What the sandbox began with, and when; its clock moves between calls alone. Whether it says its accounts itself.
fn beginning(
    admin: &Admin,
    sandbox: &Sandbox,
    mount: &str,
    rows: &[Arc<world::Entry>],
    redactor: &Redactor,
) -> (Value, Option<Timestamp>, bool) {
    let state = sandbox.lock();
    let began = state.initial.clock().began();
    let (seed, source) = (state.world.seed(), state.scenario.source().to_owned());
    let theirs = state.world.accounts().credentials(mount);
    drop(state);
    // A scenario may say secrets anywhere; without them a conversation cannot be played anyway.
    let whole = scenario::whole(&source).filter(|whole| whole.is_object() && redactor.shows_secrets());
    let is_carried = whole.is_some();
    let mut scenario = whole.unwrap_or_else(|| json!({}));
    if let Some(members) = scenario.as_object_mut() {
        members.retain(|name, _| !LEFT_OUT.contains(&name.as_str()) && !name.starts_with("x-"));
    }
    if let Some(webhooks) = scenario.get_mut("webhooks").and_then(Value::as_object_mut) {
        webhooks.shift_remove("subscriptions");
    }
    let has_own_accounts = scenario.pointer(&format!("/accounts/{mount}")).is_some_and(Value::is_array);
    if !has_own_accounts {
        // A sandbox that lacks usual credentials has to lack them again, and one that has others has to have them.
        let rows = CredentialMap::usual_rows(&admin.machine, mount, &theirs, redactor.shows_secrets());
        if rows != admin.machine.usual_credentials(mount) {
            scenario["accounts"][mount] = account_rows(&rows).into();
        }
    }
    let log = sandbox.deeds.all();
    let again = rows.iter().filter(|row| !is_carried || by_hand(row));
    let again: Vec<Value> = again.filter_map(|row| done_again(admin, sandbox, &log, redactor, row)).collect();
    if !again.is_empty() {
        let rules = scenario.get_mut("overrides").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        scenario["overrides"] = again.into_iter().chain(rules).collect();
    }
    scenario["seed"] = seed.into();
    let start = rows.first().map(|row| began.min(row.at));
    scenario["clock"] = start.map_or_else(|| json!({"mode": "frozen"}), |start| json!({"start": start, "mode": "frozen"}));
    (scenario, start, has_own_accounts)
}

/// The headers that an HTTP client sets itself, of which the scenario or a fault that was switched on speaks: they make a difference.
fn heeded(sandbox: &Sandbox) -> Vec<&'static str> {
    let mut said = sandbox.lock().scenario.source().to_ascii_lowercase();
    let faults = sandbox.deeds.all().into_iter().filter(|line| line.what == Deed::FaultOn).filter_map(|line| line.detail);
    said.extend(faults.map(|detail| detail.to_string().to_ascii_lowercase()));
    CHOSEN.into_iter().filter(|name| said.contains(name)).collect()
}

/// Whether a call met a fault that was switched on, of which the scenario does not say.
fn by_hand(row: &world::Entry) -> bool {
    row.effect.as_ref().is_some_and(|effect| effect.line.is_none())
}

/// An override that does to a call what was done to it. What is known of a fault that was switched on by hand is done as that says.
fn done_again(admin: &Admin, sandbox: &Sandbox, log: &[LogLine], redactor: &Redactor, row: &world::Entry) -> Option<Value> {
    let effect = row.effect.as_ref()?;
    let read = admin.machine.reread(row, |call| (call.path.to_owned(), admin.machine.caller_of(sandbox, row, call)));
    let (path, caller) = read?;
    let nth = format!("$call.nth == {}", row.nth);
    let (on, when) = match (row.operation.as_deref().filter(|_| row.nth > 0), caller) {
        (Some(operation), Some(caller)) => {
            (operation.to_owned(), json!({"all": [nth, format!("$credential.account == {}", json!(caller.account))]}))
        }
        (Some(operation), None) => (operation.to_owned(), nth.into()),
        // What leads to no operation is known by where it leads.
        (None, _) if !redactor.shows_secrets() => return None,
        (None, _) => (format!("{}.*", row.vendor), json!({"request": {"method": row.method.as_str(), "path": path}})),
    };
    let mut rule = json!({"on": on, "when": when});
    let mut members = again::rule_with_work(&admin.machine, &redactor.exchange(row)).ok()?;
    let is_meant = |line: &&LogLine| line.what == Deed::FaultOn && line.after < row.number && line.name.as_deref() == Some(&effect.name);
    let fault = log.iter().rfind(is_meant).filter(|_| by_hand(row) && redactor.shows_secrets()).and_then(|line| line.detail.as_ref());
    let own = |name: &&str| ["respond", "patch", "fault", "refuse", "latency"].contains(name);
    let own = fault.and_then(Value::as_object).into_iter().flatten().filter(|(name, _)| own(&name.as_str()));
    let own: Map<String, Value> = own.map(|(name, how)| (name.clone(), how.clone())).collect();
    if own.keys().any(|name| name != "latency") {
        members.retain(|name, _| name == "latency");
    }
    // Of how late it may be, chance takes its part, on which what else is drawn depends.
    members.extend(own);
    rule.as_object_mut()?.extend(members);
    rule["times"] = 1.into();
    Some(rule)
}

fn mount_of<'a>(admin: &'a Admin, entry: &world::Entry) -> &'a str {
    admin.machine.vendors().find(&entry.vendor).map_or("", |vendor| &vendor.mount)
}

fn step(
    exchange: &Exchange<'_>,
    hidden: &Exchange<'_>,
    links: &Links,
    changed: Map<String, Value>,
    wording: &mut Wording<'_>,
    out: &mut String,
) {
    let Exchange { entry, target, request, .. } = exchange;
    let path = wording.target(&wording::parts(target, entry, wording.mount).1);
    // The mount alone is the vendor's `/`.
    let slash = if path.is_empty() || path.starts_with('?') { "/" } else { "" };
    let call = format!("{} {slash}{path}", entry.method);
    let _ = writeln!(out, "  - call: {}", json!(call));
    // What is refused with credentials of the default sandbox has to be so again.
    let is_strange = matches!(entry.status, Some(401 | 403));
    let body = body(exchange, wording, links, is_strange);
    let implied = match body {
        Some(("json", _)) => JSON,
        Some(("form", _)) => FORM,
        _ => "",
    };
    let usual = |name: &str, value: &str| {
        let is_usual = !wording.heeded.contains(&name)
            && USUAL.contains(&name)
            && !(name == "accept" && value != "*/*")
            && name != CONTENT_TYPE.as_str();
        is_usual || OF_PROXIES.contains(&name)
    };
    let mut headers: Map<String, Value> = Map::new();
    for header in request.headers.iter().filter(|header| !usual(header.name, &header.value)) {
        if HeaderName::from_static("content-type") == header.name && header.value == implied {
            continue;
        }
        // What looks like a name of a conversation is none.
        let value = match header.is_binary || header.value.contains("{{") {
            true => json!({"base64": STANDARD.encode(header.bytes())}),
            false => Value::from(wording.header(&header.value, is_strange)),
        };
        match headers.entry(header.name) {
            Entry::Vacant(place) => drop(place.insert(value)),
            Entry::Occupied(mut place) => match place.get_mut() {
                Value::Array(values) => values.push(value),
                first => *first = Value::Array(vec![first.take(), value]),
            },
        }
    }
    if !implied.is_empty() && entry.request.header("content-type").is_empty() {
        headers.insert("content-type".to_owned(), Value::Null);
    }
    if !headers.is_empty() {
        let _ = writeln!(out, "    headers: {}", Value::Object(headers));
    }
    if let Some(cut) = cut(&entry.request) {
        let _ = writeln!(out, "    # The body is {cut}");
    }
    // What is wrong with a body may be told by where in it, which is another place then.
    let is_reworded = match &body {
        Some(("text" | "json", value)) => value.as_str().map_or_else(|| value.to_string().len(), str::len) != entry.request.length,
        _ => false,
    };
    if let Some((kind, value)) = body {
        let written = value.as_str().filter(|_| kind == "base64").map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(out, "    {kind}: {written}");
    }
    if let Some(effect) = &entry.effect {
        let _ = writeln!(out, "    # {} of `{}`; the caller received: {}", effect.kind.word(), effect.name, outcome(entry));
    }
    expectation(exchange, hidden, is_reworded, changed, (wording, links), out);
}

/// The body of a call, and the member of a step that holds it. A body whose bytes matter is text: an error may tell where in it.
fn body(exchange: &Exchange<'_>, wording: &Wording<'_>, links: &Links, is_strange: bool) -> Option<(&'static str, Value)> {
    let Exchange { entry, request, .. } = exchange;
    let sent = str::from_utf8(&entry.request.body).unwrap_or_default();
    // What looks like a name of a conversation is none.
    if sent.contains("{{") && exchange.is_whole {
        return Some(("base64", STANDARD.encode(sent).into()));
    }
    match &request.body {
        Value::Null => None,
        Value::String(_) if request.is_binary => Some(("base64", STANDARD.encode(request.bytes().unwrap_or_default()).into())),
        Value::String(text) if entry.request.header("content-type").starts_with(FORM) => {
            let form: Map<String, Value> = engine::pairs(text).into_iter().map(|(name, value)| (name, value.into())).collect();
            if exchange.is_whole && serde_html_form::to_string(&form).is_ok_and(|again| again != *text) {
                return Some(("text", wording.sent(links, Value::from(text.as_str()), is_strange)));
            }
            Some(("form", wording.sent(links, form.into(), is_strange)))
        }
        Value::String(text) => Some(("text", wording.sent(links, Value::from(text.as_str()), is_strange))),
        value => {
            let written = value.to_string();
            let is_refused = entry.status.is_none_or(|status| status >= 400);
            let is_same = if is_refused { written == sent } else { Some(written) == in_one_spelling(&compact(sent)) };
            if exchange.is_whole && !is_same {
                return Some(("text", wording.sent(links, Value::from(sent), is_strange)));
            }
            Some(("json", wording.sent(links, value.clone(), is_strange)))
        }
    }
}

/// JSON whose texts have the escapes that they need, and no others.
fn in_one_spelling(json: &[u8]) -> Option<String> {
    let mut rest = str::from_utf8(json).ok()?;
    let mut out = String::with_capacity(rest.len());
    while let Some(start) = rest.find('"') {
        out.push_str(&rest[..start]);
        let mut texts = serde_json::Deserializer::from_str(&rest[start..]).into_iter::<String>();
        out.push_str(&Value::from(texts.next()?.ok()?).to_string());
        rest = &rest[start + texts.byte_offset()..];
    }
    out.push_str(rest);
    Some(out)
}

/// What the call of a step has to be answered with: what went over the wire, if the caller stays.
fn expectation(
    exchange: &Exchange<'_>,
    hidden: &Exchange<'_>,
    is_reworded: bool,
    changed: Map<String, Value>,
    (wording, links): (&mut Wording<'_>, &Links),
    out: &mut String,
) {
    let entry = exchange.entry;
    let Sent { end, status, .. } = entry.wire.planned();
    if end.loses_answer() {
        let _ = writeln!(out, "    expect: {}", json!({"lost": true}));
        return;
    }
    let Some(status) = status.or(entry.status) else { return };
    let has_body = engine::has_body(&entry.method, StatusCode::from_u16(status).unwrap_or_default());
    let mut expect = Map::from_iter([("status".to_owned(), Value::from(status))]);
    let mut saved = Map::new();
    if end.keeps_body()
        && has_body
        && !entry.answer.is_cut()
        && exchange.is_whole
        && !(is_reworded && status >= 400)
        && let Ok(body) = serde_json::from_slice::<Value>(&entry.answer.body)
    {
        expect.insert("json".to_owned(), wording.expected(links, &body, &hidden.answer.body, &mut saved));
    }
    if exchange.is_whole {
        wording.follow(links, entry.answer.header("location"), &mut saved);
    }
    expect.extend(changed.into_iter().filter(|(name, _)| name != "text" || has_body && !(is_reworded && status >= 400)));
    let _ = writeln!(out, "    expect: {}", Value::Object(expect));
    if !saved.is_empty() {
        let _ = writeln!(out, "    save: {}", Value::Object(saved));
    }
}

/// The comment on a body of which only the beginning was kept.
pub(super) fn cut(message: &Message) -> Option<String> {
    message.is_cut().then(|| format!("cut: the first {} of {} bytes", message.body.len(), message.length))
}

/// What the caller received, in a comment: the status, or why there is none.
pub(super) fn outcome(entry: &world::Entry) -> String {
    match (entry.wire.get().end, entry.wire.get().status, entry.status) {
        (End::Sent, Some(status), _) => status.to_string(),
        (end, _, Some(made)) => format!("{} (the answer that was made has the status {made})", end.word()),
        (end, _, None) => format!("{} (no answer was made)", end.word()),
    }
}
