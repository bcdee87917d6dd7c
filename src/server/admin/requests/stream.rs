//! The journal as server-sent events: one `request` for each exchange that fits the filters, as it happens.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use serde_json::{Value, json};

use crate::engine::{Machine, Sandbox};
use crate::server::admin::requests::filter::Filter;
use crate::server::admin::requests::secrets::Secrets;
use crate::server::admin::requests::shown::shown;
use crate::server::admin::{Admin, Ask, Given, Problem};
use crate::server::http;

/// How often a word is said to keep the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a listener has seen of a journal.
struct Seen {
    machine: Arc<Machine>,
    sandbox: Weak<Sandbox>,
    filter: Filter,
    secrets: Secrets,
    number: u64,
    dropped: u64,
    /// How many calls it still wants to hear of.
    left: usize,
}

/// Why a stream ends.
struct End(&'static str);

pub(in crate::server::admin) fn stream(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let (filter, secrets) = (Filter::read(admin, ask)?, Secrets::read(ask)?);
    let last = ask.parts.headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let journal = sandbox.journal();
    let number = match last {
        // What is gone came before everything that is there.
        Some(last) => filter.clone().after(last).start(&journal).unwrap_or(0),
        None if filter.has_start() => filter.start(&journal)?,
        None => journal.written,
    };
    let (machine, left, dropped) = (Arc::clone(&admin.machine), filter.limit(), journal.dropped);
    drop(journal);
    let seen = Seen { machine, sandbox: Arc::downgrade(&sandbox), filter, secrets, number, dropped, left };
    let (sender, body) = Channel::new(64);
    tokio::spawn(tell(seen, sender));
    Ok(Given::stream("text/event-stream", body))
}

/// Tells a listener what happens, until it leaves, has heard enough, or the sandbox is gone.
async fn tell(mut seen: Seen, mut sender: Sender<Bytes, Infallible>) {
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    loop {
        let listening = seen.sandbox.upgrade().map(|sandbox| sandbox.listen());
        let (events, end) = seen.news();
        let end = end.map(|End(reason)| event("end", None, &json!({"reason": reason})));
        let is_over = end.is_some();
        for event in events.into_iter().chain(end) {
            if sender.send_data(event).await.is_err() {
                return;
            }
        }
        let Some(changed) = listening.filter(|_| !is_over) else { return };
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

impl Seen {
    /// What came since the last time, oldest first, and whether that was all.
    fn news(&mut self) -> (Vec<Bytes>, Option<End>) {
        let is_there = |sandbox: &Arc<Sandbox>| self.machine.sandbox(&sandbox.name).is_some_and(|other| Arc::ptr_eq(&other, sandbox));
        let Some(sandbox) = self.sandbox.upgrade().filter(is_there) else { return (Vec::new(), Some(End("the sandbox is gone"))) };
        // Whoever listens has not abandoned it.
        sandbox.touch(http::wall());
        let journal = sandbox.journal();
        let mut rows: Vec<_> = journal.after(self.number).collect();
        let (written, dropped) = (journal.written, journal.dropped);
        drop(journal);
        rows.reverse();
        let gap = rows.first().is_some_and(|row| row.number > self.number + 1) && dropped > self.dropped;
        let lost = gap.then(|| event("dropped", None, &json!({"dropped": dropped - self.dropped})));
        (self.number, self.dropped) = (written, dropped);
        let fitting = rows.iter().filter(|row| self.filter.fits(row)).take(self.left);
        let told: Vec<Bytes> = fitting.map(|row| event("request", Some(&row.id), &shown(row, self.secrets))).collect();
        self.left = self.left.saturating_sub(told.len());
        (lost.into_iter().chain(told).collect(), (self.left == 0).then_some(End("as many calls as were wanted")))
    }
}

fn event(name: &str, id: Option<&str>, data: &Value) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n").into()
}
