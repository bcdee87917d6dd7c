//! What forms of the page may do: a table of actions, each of which is a call of the admin API.

use std::pin::Pin;

use ::http::StatusCode;

use crate::server::ui::clock;
use crate::server::ui::delivery;
use crate::server::ui::failure::Failure;
use crate::server::ui::parcel;
use crate::server::ui::requests;
use crate::server::ui::sandboxes;
use crate::server::ui::scenario;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::View;
use crate::server::ui::webhooks;

type Doing<'v> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'v>>;

/// A row of the table of actions.
struct Action {
    /// Behind `/do/` in the address of the form.
    name: &'static str,
    run: for<'v> fn(&'v View<'v>) -> Doing<'v>,
    /// What the next page says.
    done: &'static str,
}

macro_rules! action {
    ($name:literal, $run:path, $done:literal) => {
        Action { name: $name, run: |view| Box::pin($run(view)), done: $done }
    };
}

static ACTIONS: &[Action] = &[
    action!("advance", clock::advance, "The clock was advanced."),
    action!("next", clock::next, "The clock was advanced to the next event."),
    action!("mode", clock::mode, "Time passes as you said."),
    action!("clear", requests::clear, "The requests were removed from the journal."),
    action!("parcel-next", parcel::next, "The next event has happened."),
    action!("parcel-story", parcel::story, "The parcel is on that story, from its beginning."),
    action!("parcel-event", parcel::event, "The event has happened."),
    action!("webhook-add", webhooks::add, "The subscription was made."),
    action!("webhook-test", webhooks::test, "A test event is sent."),
    action!("webhook-resume", webhooks::resume, "The subscription is resumed; what waited is sent."),
    action!("webhook-remove", webhooks::remove, "The subscription was removed."),
    action!("redeliver", webhooks::redeliver, "The delivery is sent again."),
    action!("redeliver-all", webhooks::redeliver_all, "The failed deliveries are sent again, at most 1,000 at once."),
    action!("inbox-clear", delivery::clear_inbox, "The inbox is empty."),
    action!("sandbox-create", sandboxes::create_one, "The sandbox was created."),
    action!("sandbox-delete", sandboxes::delete, "The sandbox was deleted."),
    action!("sandbox-reset", sandboxes::reset, "The sandbox is as it was when its scenario was loaded."),
    action!("fork", sandboxes::fork_one, "The copy was made."),
    action!("snapshot", sandboxes::snapshot, "The snapshot was taken."),
    action!("restore", sandboxes::restore, "The snapshot was restored."),
    action!("snapshot-drop", sandboxes::drop_snapshot, "The snapshot was dropped."),
    action!("import", sandboxes::import_one, "The sandbox is what the file says."),
    action!("reset", scenario::reset, "The sandbox has begun again under its scenario."),
    action!("fault-on", scenario::switch_on, "The fault is switched on."),
    action!("fault-off", scenario::switch_off, "The fault is switched off."),
];

/// What a browser remembers of how the page is to be, and the values that are not the usual ones.
pub(super) const TASTES: [(&str, &[&str]); 2] = [("theme", &["light", "dark"]), ("keys", &["off"])];

/// What was done, where that is said in the words of a page.
const SAID: [(&str, &str); 1] = [("scenario", "The sandbox has begun under the new scenario.")];

/// What was done, given the name of the action.
pub(super) fn done(name: &str) -> Option<&'static str> {
    let actions = ACTIONS.iter().map(|action| (action.name, action.done));
    actions.chain(SAID).find(|(own, _)| *own == name).map(|(_, done)| done)
}

/// Does what the path says, and leads back to the page of the form.
pub(super) async fn run(view: &View<'_>) -> Result<Shown, Failure> {
    let (name, back) = (view.parameter("action"), view.back().unwrap_or_else(|| view.link("")));
    if let Some((_, values)) = TASTES.iter().find(|(taste, _)| *taste == name) {
        let wanted = values.iter().find(|value| **value == view.form.get(name));
        let (value, life) = wanted.map_or(("", "0"), |value| (*value, "31536000"));
        let cookie = format!("seatrial-{name}={value}; SameSite=Strict; Path=/_seatrial/ui; Max-Age={life}");
        return Ok(Shown::To { address: back, cookie: Some(cookie) });
    }
    let action = ACTIONS.iter().find(|action| action.name == name);
    let action = action.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "there is no such action"))?;
    (action.run)(view).await?;
    let sign = if back.contains('?') { '&' } else { '?' };
    Ok(Shown::to(format!("{back}{sign}did={name}")))
}
