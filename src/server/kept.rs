//! What is shown to somebody is kept first, where sandboxes outlive the process.

use http::StatusCode;

use crate::engine::{Answer, Machine, Request, Unread};
use crate::server::clock::wall;
use crate::store::{Lost, Store};

/// Waits until all is kept that anybody may see.
pub(super) async fn everything(store: Option<&Store>) -> Result<(), Lost> {
    match store {
        None => Ok(()),
        Some(store) => store.keep().await,
    }
}

/// The vendor's answer to a call whose work cannot be kept; `None` if it was for no vendor, or its sandbox is busy.
pub(super) fn refused(machine: &Machine, asked: &Request, lost: &Lost) -> Option<Answer> {
    let unread = Unread::new(StatusCode::INTERNAL_SERVER_ERROR, &*lost.0);
    machine.try_handle_unread(asked, Some(&unread), wall(), &|| false)
}
