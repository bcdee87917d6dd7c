//! The journal: listed, counted, waited for, streamed, exported, emptied, all by the same filters.

mod export;
mod filter;
mod secrets;
mod shown;
mod stream;

use serde_json::{Value, json};

use crate::server::admin::{Admin, Ask, Given, Problem};
use crate::world::Entry;

pub(super) use export::export;
use filter::Filter;
pub(super) use filter::{COUNT, EXPORT, FILTERS, LIST, STREAM};
use secrets::Secrets;
pub(super) use shown::entry_schema;
use shown::shown;
pub(super) use stream::stream;

pub(super) fn list(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let (filter, secrets) = (Filter::read(admin, ask)?, Secrets::read(ask)?);
    let journal = sandbox.journal();
    let rows = filter.find(&journal, 100)?;
    let counts = json!({"written": journal.written, "dropped": journal.dropped, "bytes": journal.bytes()});
    drop(journal);
    let shown: Vec<Value> = rows.iter().map(|row| shown(row, secrets)).collect();
    Ok(Given::ok(&json!({"requests": shown, "journal": counts})).finding(rows.len()))
}

pub(super) fn count(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let filter = Filter::read(admin, ask)?;
    let journal = sandbox.journal();
    let found = filter.find(&journal, usize::MAX)?.len();
    Ok(Given::ok(&json!({"count": found, "complete": journal.dropped == 0, "dropped": journal.dropped})).finding(found))
}

pub(super) fn delete(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let filter = Filter::read(admin, ask)?;
    if filter.is_everything() {
        sandbox.forget();
        return Ok(Given::empty());
    }
    let mut journal = sandbox.journal();
    let gone: std::collections::BTreeSet<u64> = filter.find(&journal, usize::MAX)?.iter().map(|entry| entry.number).collect();
    journal.retain(|entry| !gone.contains(&entry.number));
    Ok(Given::empty())
}

pub(super) fn get(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let (id, secrets) = (ask.parameter("id"), Secrets::read(ask)?);
    let found = |entry: &Entry| entry.id == id;
    // An id begins with the name of its sandbox, so most others need not be searched.
    let sandboxes = admin.machine.sandboxes();
    let own = sandboxes.iter().filter(|sandbox| id.strip_prefix(&*sandbox.name).is_some_and(|rest| rest.starts_with('-')));
    let entry = own.filter_map(|sandbox| sandbox.journal().iter().rev().find(found)).next();
    entry.map(|entry| Given::ok(&shown(&entry, secrets))).ok_or_else(|| Problem::missing(format!("no journal holds `{id}`")))
}
