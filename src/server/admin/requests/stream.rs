//! The journal as server-sent events: one `request` for each exchange that fits the filters, as it happens.

use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use serde_json::json;

use crate::engine::{Machine, Sandbox};
use crate::fleet::Fleet;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::requests::entry::EntryView;
use crate::server::admin::requests::filter::Filter;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::seats::{Place, Places};
use crate::server::admin::secrets::{Redactor, Secrets};
use crate::server::admin::state::Admin;
use crate::server::body::BrokenOff;
use crate::server::clock::wall;

/// The time between comments that keep the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many calls are made into events at once.
const AT_ONCE: usize = 8;

/// The places of these streams.
static OPEN: LazyLock<Places> = LazyLock::new(Places::for_streams);

/// What a client has received of a journal.
struct Subscriber {
    machine: Arc<Machine>,
    fleet: Option<Arc<Fleet>>,
    sandbox: Weak<Sandbox>,
    filter: Filter,
    secrets: Secrets,
    number: u64,
    dropped: u64,
    /// How many calls it is still to receive.
    left: usize,
    _seat: Place,
}

/// The reason for the end of a stream, as its last event says.
struct StreamEnd(&'static str);

pub(crate) async fn stream(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let sandbox = admin.sandbox(request)?;
    let (filter, secrets) = (Filter::read(admin, request)?, Secrets::read(request)?);
    let last = request.header("last-event-id");
    let journal = sandbox.journal();
    let number = match last {
        // What is gone came before everything that is there.
        Some(last) => filter.clone().after(last).start(&journal).unwrap_or(0),
        None if filter.has_start() => filter.start(&journal)?,
        None => journal.written,
    };
    let seat = OPEN.try_take(&sandbox.name)?;
    let (machine, fleet) = (Arc::clone(&admin.machine), admin.fleet.clone());
    let (left, dropped) = (filter.limit(), journal.dropped());
    drop(journal);
    let sandbox = Arc::downgrade(&sandbox);
    let subscriber = Subscriber { machine, fleet, sandbox, filter, secrets, number, dropped, left, _seat: seat };
    let (sender, body) = Channel::new(1);
    tokio::spawn(send(subscriber, sender));
    Ok(response::stream("text/event-stream", body))
}

/// Sends events until the client disconnects, has received `limit` calls, or the sandbox is gone.
async fn send(mut subscriber: Subscriber, mut sender: Sender<Bytes, BrokenOff>) {
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    loop {
        let listening = subscriber.sandbox.upgrade().map(|sandbox| sandbox.listen());
        // A few at a time, so that a client that does not read holds no more.
        let end = loop {
            match subscriber.next_committed().await {
                Ok(events) if events.is_empty() => break None,
                Ok(events) => {
                    for event in events {
                        if sender.send_data(event).await.is_err() {
                            return;
                        }
                    }
                }
                Err(end) => break Some(end),
            }
        };
        if let Some(StreamEnd(reason)) = end {
            let _ = sender.send_data(event("end", None, &json!({"reason": reason}))).await;
            return;
        }
        let Some(changed) = listening else { return };
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

impl Subscriber {
    /// The next events of what is committed, where replicas share the sandbox.
    async fn next_committed(&mut self) -> Result<Vec<Bytes>, StreamEnd> {
        match (self.fleet.clone(), self.sandbox.upgrade()) {
            (Some(fleet), Some(sandbox)) => fleet.shown(&sandbox, || self.next_events()).await.unwrap_or(Ok(Vec::new())),
            _ => self.next_events(),
        }
    }

    /// The events of the next calls that fit, behind one that says what was lost before them; none when there are none yet.
    fn next_events(&mut self) -> Result<Vec<Bytes>, StreamEnd> {
        let is_there = |sandbox: &Arc<Sandbox>| self.machine.sandbox(&sandbox.name).is_some_and(|other| Arc::ptr_eq(&other, sandbox));
        let sandbox = self.sandbox.upgrade().filter(is_there).ok_or(StreamEnd("the sandbox is gone"))?;
        if self.left == 0 {
            return Err(StreamEnd("as many calls as were wanted"));
        }
        // A sandbox with a subscriber is in use.
        sandbox.touch(wall());
        let (first, rows, written, dropped) = self.filter.look(&sandbox, |journal| {
            let first = journal.next(self.number).map(|row| row.number);
            let behind = std::iter::successors(journal.next(self.number), |row| journal.next(row.number));
            let rows: Vec<_> = behind.filter(|row| self.filter.fits(row)).take(self.left.min(AT_ONCE)).cloned().collect();
            (first, rows, journal.written, journal.dropped())
        });
        let gap = first.is_some_and(|first| first > self.number + 1) && dropped > self.dropped;
        let lost = gap.then(|| event("dropped", None, &json!({"dropped": dropped - self.dropped})));
        self.number = rows.last().map_or(written, |row| row.number);
        self.dropped = dropped;
        self.left -= rows.len();
        if rows.is_empty() {
            return Ok(lost.into_iter().collect());
        }
        let redactor = Redactor::new(self.secrets, &self.machine, &sandbox);
        let shown = rows.iter().map(|row| event("request", Some(&row.id), &EntryView::of(redactor.exchange(row), false)));
        Ok(lost.into_iter().chain(shown).collect())
    }
}

fn event(name: &str, id: Option<&str>, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("views have text keys and are written to memory");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n").into()
}
