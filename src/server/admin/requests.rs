//! The journal: listed, counted, waited for, streamed, exported, emptied, all with the same filters.

mod again;
mod entry;
mod export;
mod filter;
mod recorded;
mod stream;
mod unmatched;

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::entry::EntryView;
pub(crate) use self::export::export;
pub(crate) use self::filter::{COUNT, EXPORT, EXPORT_ONE, FILTERS, Filter, LIST, STREAM, check_event};
pub(crate) use self::stream::stream;
pub(crate) use self::unmatched::{QUERY as UNMATCHED, UnmatchedRequests, clear as clear_unmatched, list as list_unmatched};
use crate::engine::Sandbox;
use crate::scenario::explain::{self, Explanation};
use crate::server::admin::long_poll::long_poll;
use crate::server::admin::page::{Rows, to_text};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::AdminResponse;
use crate::server::admin::secrets::{Redacted, Redactor};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::pieces::pause;
use crate::world::{Deed, Entry};

#[derive(Serialize, JsonSchema)]
pub(crate) struct Requests {
    /// The newest that fit the filters, oldest first.
    requests: Rows<EntryView>,
    /// What to ask for with `before` when older ones were left out.
    earlier: Option<String>,
    journal: JournalView,
}

/// The size of a journal.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Journal")]
struct JournalView {
    /// How many exchanges were ever written.
    written: u64,
    /// How many of them made room for others.
    dropped: u64,
    bytes: usize,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Requests, Problem> {
    let filter = Filter::read(admin, request)?;
    let is_row = match request.query("view") {
        None => false,
        Some("row") => true,
        Some(other) => return Err(Problem::bad_request(format!("`view` is `row`, found `{other}`"))),
    };
    let look = || {
        let sandbox = admin.sandbox(request)?;
        let (found, size) = filter.look(&sandbox, |journal| {
            let size = JournalView { written: journal.written, dropped: journal.dropped(), bytes: journal.bytes() };
            (filter.newest(journal, 100), size)
        });
        let (rows, mut earlier) = found?;
        let redactor = Redactor::read(admin, request, &sandbox)?;
        let (mut requests, mut oldest, secrets) = (Rows::default(), None, redactor.digest());
        for row in rows.iter().rev() {
            pause();
            let is_on_page = if is_row {
                requests.push(&EntryView::of(redactor.exchange(&row.without_bodies()), true))
            } else {
                let write = || to_text(&EntryView::of(redactor.exchange(row), false));
                requests.push_written(|| admin.lists.calls.of(row, secrets, write))
            };
            if !is_on_page {
                earlier = oldest;
                break;
            }
            oldest = Some(Arc::clone(&row.id));
        }
        let earlier = earlier.map(|id| id.to_string());
        Ok((Requests { requests: requests.reversed(), earlier, journal: size }, rows.len()))
    };
    long_poll(request, || admin.sandbox_changed(request), look).await
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Count {
    /// How many exchanges fit the filters.
    count: usize,
    /// Whether the journal still holds everything that was ever written.
    complete: bool,
    /// How many exchanges made room for others.
    dropped: u64,
}

pub(crate) async fn count(admin: &Admin, request: &AdminRequest<'_>) -> Result<Count, Problem> {
    let filter = Filter::read(admin, request)?;
    let look = || {
        let sandbox = admin.sandbox(request)?;
        let (found, dropped) = filter.look(&sandbox, |journal| (filter.find(journal, usize::MAX), journal.dropped()));
        let count = found?.len();
        Ok((Count { count, complete: dropped == 0, dropped }, count))
    };
    long_poll(request, || admin.sandbox_changed(request), look).await
}

pub(crate) async fn delete(admin: &Admin, request: &AdminRequest<'_>) -> Result<(), Problem> {
    let sandbox = admin.sandbox(request)?;
    let filter = Filter::read(admin, request)?;
    if filter.is_everything() {
        sandbox.retain_in_journal(|_| false);
        sandbox.note(wall(), Deed::CallsRemoved, None, None);
        return Ok(());
    }
    let gone: BTreeSet<u64> = filter.look(&sandbox, |journal| filter.find(journal, usize::MAX))?.iter().map(|entry| entry.number).collect();
    sandbox.retain_in_journal(|entry| !gone.contains(&entry.number));
    sandbox.note(wall(), Deed::CallsRemoved, None, None);
    Ok(())
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<EntryView, Problem> {
    let (sandbox, entry) = find(admin, request)?;
    Ok(EntryView::of(Redactor::read(admin, request, &sandbox)?.exchange(&entry), false))
}

pub(crate) async fn explain(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<Explanation>, Problem> {
    let (sandbox, entry) = find(admin, request)?;
    let (explanation, seen) = explain::explain(&admin.machine, &sandbox, &entry);
    Ok(Redactor::read(admin, request, &sandbox)?.json_of_request(&explanation, &seen))
}

/// One exchange for other tools.
pub(crate) async fn export_one(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    export::export_one(admin, request, find(admin, request)?).await
}

/// The exchange that the path names, and its sandbox.
fn find(admin: &Admin, request: &AdminRequest<'_>) -> Result<(Arc<Sandbox>, Arc<Entry>), Problem> {
    let id = request.parameter("id");
    // An id begins with the name of its sandbox, so most others need not be searched.
    let sandboxes = admin.machine.sandboxes();
    let mut own = sandboxes.iter().filter(|sandbox| id.strip_prefix(&*sandbox.name).is_some_and(|rest| rest.starts_with('-')));
    let in_journal = |sandbox: &Sandbox| sandbox.journal().iter().rev().find(|entry| *entry.id == *id).cloned();
    let found = own.find_map(|sandbox| Some((Arc::clone(sandbox), in_journal(sandbox)?)));
    found.ok_or_else(|| Problem::not_found(format!("no journal holds `{id}`")))
}
