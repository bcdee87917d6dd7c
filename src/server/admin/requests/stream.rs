//! The journal as server-sent events: one `request` for each exchange that fits the filters, as it happens.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::engine::Sandbox;
use crate::server::admin::requests::filter::Filter;
use crate::server::admin::requests::shown::{Secrets, shown};
use crate::server::admin::{Admin, Ask, Given, Problem};

/// How often a word is said to keep the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a listener has seen of a journal.
struct Seen {
    sandbox: Weak<Sandbox>,
    filter: Filter,
    secrets: Secrets,
    number: u64,
    dropped: u64,
}

pub(in crate::server::admin) fn stream(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let (mut filter, secrets) = (Filter::read(ask)?, Secrets::read(ask)?);
    if let Some(last) = ask.parts.headers.get("last-event-id").and_then(|value| value.to_str().ok()) {
        filter = filter.after(last);
    }
    let journal = sandbox.journal();
    let number = if filter.has_start() { filter.start(&journal)? } else { journal.written };
    let seen = Seen { sandbox: Arc::downgrade(&sandbox), filter, secrets, number, dropped: journal.dropped };
    drop(journal);
    let (sender, body) = Channel::new(64);
    tokio::spawn(tell(seen, Arc::clone(&admin.changed), sender));
    Ok(Given::stream("text/event-stream", body))
}

/// Tells a listener what happens, until it leaves or the sandbox is gone.
async fn tell(mut seen: Seen, changed: Arc<Notify>, mut sender: Sender<Bytes, Infallible>) {
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    loop {
        let notified = changed.notified();
        tokio::pin!(notified);
        notified.as_mut().enable();
        let Some(events) = seen.news() else {
            let _ = sender.send_data(event("end", None, &json!({"reason": "the sandbox is gone"}))).await;
            return;
        };
        for event in events {
            if sender.send_data(event).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = notified => {}
            _ = heartbeat.tick() => {
                if sender.send_data(Bytes::from_static(b": still here\n\n")).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Seen {
    /// What came since the last time, oldest first; `None` when the sandbox is gone.
    fn news(&mut self) -> Option<Vec<Bytes>> {
        let sandbox = self.sandbox.upgrade()?;
        let journal = sandbox.journal();
        let mut rows: Vec<_> = journal.after(self.number).collect();
        let (written, dropped) = (journal.written, journal.dropped);
        drop(journal);
        rows.reverse();
        let gap = rows.first().is_some_and(|row| row.number > self.number + 1) && dropped > self.dropped;
        let lost = gap.then(|| event("dropped", None, &json!({"dropped": dropped - self.dropped})));
        (self.number, self.dropped) = (written, dropped);
        let fitting = rows.iter().filter(|row| self.filter.fits(row));
        let told = fitting.map(|row| event("request", Some(&row.id), &shown(row, self.secrets)));
        Some(lost.into_iter().chain(told).collect())
    }
}

fn event(name: &str, id: Option<&str>, data: &Value) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n").into()
}
