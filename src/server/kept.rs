//! What is shown to somebody is kept first, where sandboxes outlive the process.

use http::StatusCode;

use crate::engine::{Answer, Machine, Request, Unread};
use crate::server::clock::wall;
use crate::store::{Lost, Store};

/// Waits until what an answer shows is kept.
pub(super) async fn answer(store: &Store, machine: &Machine, answer: &Answer) -> Result<(), Lost> {
    let sandbox = answer.entry.as_ref().and_then(|entry| machine.sandbox(&entry.sandbox));
    store.kept(sandbox.as_deref()).await
}

/// Waits until all is kept that anybody may see.
pub(super) async fn everything(store: Option<&Store>) -> Result<(), Lost> {
    match store {
        None => Ok(()),
        Some(store) => store.reached(store.awaited()).await,
    }
}

/// The vendor's answer to a call whose work cannot be kept; `None` if it was for no vendor, or its sandbox is busy.
pub(super) fn refused(machine: &Machine, asked: &Request, lost: &Lost) -> Option<Answer> {
    let unread = Unread::new(StatusCode::INTERNAL_SERVER_ERROR, &*lost.0);
    machine.try_handle_unread(asked, Some(&unread), wall(), &|| false)
}
