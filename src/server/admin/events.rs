//! What happens in a sandbox, as server-sent events: calls, scans, deliveries, the clock. However much it is, there is at most one burst
//! in a second, with the newest few of each kind and how many others there were.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use serde_json::{Value, json};

use crate::carrier::Parcel;
use crate::engine::webhooks::{DELIVERY, Delivery};
use crate::engine::{Happening, Machine, PARCEL, Sandbox, State};
use crate::fleet::Fleet;
use crate::server::admin::clock::ClockView;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::requests::EntryView;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::seats::{Place, Places};
use crate::server::admin::secrets::{Redactor, Secrets};
use crate::server::admin::state::Admin;
use crate::server::body::BrokenOff;
use crate::server::clock::wall;
use crate::world::Kind;

pub(crate) const QUERY: &[(&str, &str)] =
    &[("topics", "some of `calls,scans,deliveries,clock`, with commas between them; all unless told")];

const TOPICS: [&str; 4] = ["calls", "scans", "deliveries", "clock"];

/// How many events of a kind a burst has.
const AT_ONCE: usize = 10;

/// The least time between two bursts.
const PACE: Duration = Duration::from_secs(1);

/// The time between comments that keep the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many are open, of all sandboxes together.
static OPEN: LazyLock<Places> = LazyLock::new(Places::for_streams);

/// Who watches a sandbox, and what was seen of it.
struct Watcher {
    machine: Arc<Machine>,
    fleet: Option<Arc<Fleet>>,
    sandbox: Arc<Sandbox>,
    topics: Vec<String>,
    /// The number of the newest call.
    call: u64,
    happenings: u64,
    /// What was said of the clock.
    clock: Value,
    _seat: Place,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.sandbox.happenings.leave();
    }
}

pub(crate) async fn stream(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let sandbox = admin.sandbox(request)?;
    let topics: Vec<String> = request.query("topics").unwrap_or("calls,scans,deliveries,clock").split(',').map(str::to_owned).collect();
    if let Some(unknown) = topics.iter().find(|topic| !TOPICS.contains(&topic.as_str())) {
        return Err(Problem::bad_request(format!("`topics` are some of {}, found `{unknown}`", TOPICS.join(", "))));
    }
    let seat = OPEN.try_take(&sandbox.name)?;
    let (machine, fleet) = (Arc::clone(&admin.machine), admin.fleet.clone());
    let (call, happenings) = (sandbox.journal().written, sandbox.happenings.watch());
    let watcher = Watcher { machine, fleet, sandbox, topics, call, happenings, clock: Value::Null, _seat: seat };
    let (sender, body) = Channel::new(1);
    tokio::spawn(send(watcher, sender));
    Ok(response::stream("text/event-stream", body))
}

/// Sends bursts until the client leaves or the sandbox is gone. The first one says what time it is.
async fn send(mut watcher: Watcher, mut sender: Sender<Bytes, BrokenOff>) {
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    loop {
        let changed = watcher.sandbox.listen();
        let is_there = watcher.machine.sandbox(&watcher.sandbox.name).is_some_and(|other| Arc::ptr_eq(&other, &watcher.sandbox));
        if !is_there {
            let _ = sender.send_data(event("end", None, &json!({"reason": "the sandbox is gone"})).into()).await;
            return;
        }
        let burst = watcher.committed_burst().await;
        if !burst.is_empty() {
            watcher.sandbox.touch(wall());
            if sender.send_data(burst.into()).await.is_err() {
                return;
            }
            tokio::time::sleep(PACE).await;
            continue;
        }
        tokio::select! {
            () = changed => {}
            _ = heartbeat.tick() => {
                if sender.send_data(Bytes::from_static(b": still here\n\n")).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Watcher {
    fn has(&self, topic: &str) -> bool {
        self.topics.iter().any(|own| own == topic)
    }

    /// The next burst, of what is committed where replicas share the sandbox.
    async fn committed_burst(&mut self) -> String {
        match self.fleet.clone() {
            Some(fleet) => fleet.shown(&Arc::clone(&self.sandbox), || self.burst()).await.unwrap_or_default(),
            None => self.burst(),
        }
    }

    /// The events of what has happened since the last burst.
    fn burst(&mut self) -> String {
        let mut out = String::new();
        self.calls(&mut out);
        self.happenings(&mut out);
        self.clock(&mut out);
        out
    }

    fn calls(&mut self, out: &mut String) {
        let journal = self.sandbox.journal();
        let (before, written) = (self.call.min(journal.written), journal.written);
        let mut rows: Vec<_> = journal.after(before).take(AT_ONCE).cloned().collect();
        drop(journal);
        self.call = written;
        if rows.is_empty() || !self.has("calls") {
            return;
        }
        rows.reverse();
        skipped(out, "calls", written - before, rows.len());
        let redactor = Redactor::new(Secrets::Hidden, &self.machine, &self.sandbox);
        for row in rows.iter().map(|row| row.without_bodies()) {
            out.push_str(&event("call", Some(row.number), &EntryView::of(redactor.exchange(&row), true)));
        }
    }

    fn happenings(&mut self, out: &mut String) {
        let (new, written) = self.sandbox.happenings.after(self.happenings);
        let lost = written - self.happenings - new.len() as u64;
        self.happenings = written;
        let (mut scans, mut deliveries) = (Vec::new(), Vec::new());
        for row in new {
            match row {
                Happening::Scan(number) => scans.push(number),
                Happening::Delivery(id) => deliveries.push(id),
            }
        }
        let state = self.sandbox.lock();
        let mut events = Vec::new();
        for (topic, mut ids) in [("scans", scans), ("deliveries", deliveries)] {
            let all = ids.len() as u64 + lost;
            ids.dedup();
            let shown: Vec<_> = ids.iter().rev().take(AT_ONCE).rev().collect();
            if shown.is_empty() || !self.has(topic) {
                continue;
            }
            skipped(out, topic, all, shown.len());
            for id in shown {
                events.extend(if topic == "scans" { scan(&state, id) } else { delivery(&state, id) });
            }
        }
        drop(state);
        let redactor = Redactor::new(Secrets::Hidden, &self.machine, &self.sandbox);
        for (name, value) in events {
            out.push_str(&event(name, None, &redactor.json(&value)));
        }
    }

    /// The clock, if it was moved, set, or has something else to come. That it runs is no event.
    fn clock(&mut self, out: &mut String) {
        if !self.has("clock") {
            return;
        }
        let view = ClockView::of(&self.sandbox);
        let shown = json!(view);
        let mut known = shown.clone();
        known["now"] = json!(view.set);
        if known != self.clock {
            out.push_str(&event("clock", None, &shown));
            self.clock = known;
        }
    }
}

/// How many others there were.
fn skipped(out: &mut String, topic: &str, all: u64, shown: usize) {
    let skipped = all.saturating_sub(shown as u64);
    if skipped > 0 {
        out.push_str(&event("skipped", None, &json!({"topic": topic, "count": skipped})));
    }
}

fn scan(state: &State, number: &str) -> Option<(&'static str, Value)> {
    let parcel: Parcel = read(state, &PARCEL, number)?;
    let latest = parcel.scans.last()?;
    let (status, at, message) = (latest.status, latest.at, &latest.message);
    Some(("scan", json!({"tracking_number": number, "carrier": parcel.carrier, "status": status, "at": at, "message": message})))
}

fn delivery(state: &State, id: &str) -> Option<(&'static str, Value)> {
    let row: Delivery = read(state, &DELIVERY, id)?;
    let status = row.attempts.last().and_then(|attempt| attempt.result.status());
    let (attempts, next) = (row.attempts.len(), row.next);
    let seen = json!({"id": id, "vendor": row.vendor, "event": row.event, "subject": row.subject, "progress": row.progress,
        "attempts": attempts, "status": status, "next": next});
    Some(("delivery", seen))
}

fn read<T: serde::de::DeserializeOwned>(state: &State, kind: &Kind, id: &str) -> Option<T> {
    let accounts = state.world.accounts();
    let owner = accounts.owner_of(kind, id)?;
    serde_json::from_str(accounts.get(owner).table(kind)?.get(id)?).ok()
}

fn event(name: &str, id: Option<u64>, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).expect("views have text keys and are written to memory");
    let mut out = format!("event: {name}\n");
    if let Some(id) = id {
        let _ = writeln!(out, "id: {id}");
    }
    let _ = write!(out, "data: {data}\n\n");
    out
}
