//! From an id to its page.

use ::http::StatusCode;

use crate::engine::DEFAULT;
use crate::server::ui::failure::Failure;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{PAGES, View, segment};

/// Home of the default sandbox.
pub(super) async fn default(_: &View<'_>) -> Result<Shown, Failure> {
    Ok(Shown::to(format!("{PAGES}/{DEFAULT}")))
}

/// The page of a call, by the id that its answer had.
pub(super) async fn look_up(view: &View<'_>) -> Result<Shown, Failure> {
    let id = Some(view.parameter("id")).filter(|id| !id.is_empty()).or(view.query("id")).unwrap_or_default().trim();
    let sandboxes = view.admin.machine.sandboxes();
    // An id begins with the name of its sandbox.
    let mut own = sandboxes.iter().filter(|sandbox| id.strip_prefix(&*sandbox.name).is_some_and(|rest| rest.starts_with('-')));
    if let Some(sandbox) = own.find(|sandbox| sandbox.journal().iter().rev().any(|entry| *entry.id == *id)) {
        return Ok(Shown::to(format!("{PAGES}/{}/requests/{}", segment(&sandbox.name), segment(id))));
    }
    Err(Failure::new(StatusCode::NOT_FOUND, format!("nothing here has the id `{id}`; calls that made room for others are gone")))
}
