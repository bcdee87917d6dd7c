//! From an id to its page.

use std::sync::Arc;

use ::http::StatusCode;

use crate::engine::webhooks::{DELIVERY, SUBSCRIPTION};
use crate::engine::{DEFAULT, PARCEL, Sandbox};
use crate::server::ui::failure::Failure;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, link, segment};

/// Home of the default sandbox, or of the recorded one.
pub(super) async fn default(view: &View<'_>) -> Result<Shown, Failure> {
    let name = view.admin.recording.as_deref().unwrap_or(DEFAULT);
    Ok(Shown::to(link(name, "")))
}

/// The page of a call, a parcel, a delivery or a subscription, by its id; and of whatever else has an id, the calls about it. The sandbox
/// of the page comes before the others.
pub(super) async fn look_up(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["id", "sandbox"])?;
    let id = Some(view.parameter("id")).filter(|id| !id.is_empty()).or(view.query("id")).unwrap_or_default().trim();
    let own = view.query("sandbox").unwrap_or(DEFAULT);
    if id.is_empty() {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "an id is needed: of a request, a parcel, a delivery, or of what a vendor made"));
    }
    let mut sandboxes = view.admin.machine.sandboxes();
    sandboxes.sort_by_key(|sandbox| *sandbox.name != *own);
    let found = sandboxes.iter().find_map(|sandbox| Some((sandbox, known(sandbox, id)?)));
    let home = sandboxes.first().filter(|sandbox| *sandbox.name == *own);
    let found = found.or_else(|| Some((home?, mentioned(view, home?, id)?)));
    let Some((sandbox, place)) = found else {
        let detail = format!("nothing here has the id `{id}`; calls that made room for others are gone");
        return Err(Failure::new(StatusCode::NOT_FOUND, detail));
    };
    Ok(Shown::to(link(&sandbox.name, &place)))
}

/// The page of what has that id in a sandbox, below its home.
fn known(sandbox: &Sandbox, id: &str) -> Option<String> {
    // The id of a call begins with the name of its sandbox.
    let is_call = id.strip_prefix(&*sandbox.name).is_some_and(|rest| rest.starts_with('-'));
    if is_call && sandbox.journal().iter().rev().any(|entry| *entry.id == *id) {
        return Some(format!("/requests/{}", segment(id)));
    }
    let state = sandbox.lock();
    let accounts = state.world.accounts();
    let is = |kind| accounts.owner_of(&kind, id).is_some();
    let pages = [(PARCEL, "/parcels/"), (DELIVERY, "/deliveries/"), (SUBSCRIPTION, "/webhooks?webhook=")];
    let page = pages.into_iter().find(|(kind, _)| is(kind.clone())).map(|(_, page)| page);
    let is_document = || accounts.iter().any(|(_, account)| account.tables().any(|(_, table)| table.get(id).is_some()));
    let page = page.or_else(|| is_document().then_some("/requests?q="))?;
    Some(format!("{page}{}", segment(id)))
}

/// The page of the only parcel of what has that id, or of the call with that number.
fn mentioned(view: &View<'_>, sandbox: &Arc<Sandbox>, id: &str) -> Option<String> {
    let parcels = view.admin.lists.parcels.of(sandbox, sandbox.lock().world.accounts(), view.admin.machine.vendors());
    let mut about = parcels.iter().filter(|(_, parcel)| parcel.is_about(id));
    match (about.next(), about.next()) {
        (Some((_, parcel)), None) => return Some(format!("/parcels/{}", segment(parcel.id()))),
        (Some(_), Some(_)) => return Some(format!("/parcels?q={}", segment(id))),
        _ => {}
    }
    let number = id.trim_start_matches('#').replace(',', "").parse().ok()?;
    sandbox.journal().get(number).map(|entry| format!("/requests/{}", segment(&entry.id)))
}
