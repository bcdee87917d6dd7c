//! Deliveries of webhooks, with all attempts.

use std::sync::Arc;

use http::StatusCode;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::base::time::Timestamp;
use crate::engine::webhooks::{Attempt, DELIVERY, Delivery, Forgery, Progress};
use crate::engine::{ActionError, Cx, Sandbox};
use crate::server::admin::briefs::{DeliveryBrief, Known};
use crate::server::admin::long_poll::long_poll;
use crate::server::admin::page::Room;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::requests::check_event;
use crate::server::admin::secrets::{self, Redacted, Redactor};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::world::{Deed, Kind};

/// The query of a list.
pub(crate) const QUERY: &[(&str, &str)] = &[
    ("vendor", "only those of this vendor"),
    ("event", "only this event"),
    ("webhook", "only those of this subscription"),
    ("subject", "only about this"),
    ("progress", "only `waiting`, `sending`, `paused`, `delivered`, `failed` or `dropped` ones"),
    ("since", "only those made after this time"),
    ("limit", "at most so many, the newest ones (100)"),
    ("before", "only those before the one with this id: the `earlier` of another answer"),
    ("wait", "wait so long for a delivery, such as `5s`"),
    ("min", "how many deliveries `wait` waits for (1)"),
    secrets::QUERY,
];

/// The part of the query that chooses some deliveries.
pub(crate) const FILTERS: &[(&str, &str)] = QUERY.split_at(7).0;

/// How many are sent again at once.
const MOST_AGAIN: usize = 1_000;

/// One event for one subscriber, with every attempt to deliver it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub(crate) struct DeliveryView {
    id: String,
    vendor: String,
    account: String,
    /// The id of the subscription.
    webhook: String,
    /// The vendor's name of the event.
    event: String,
    /// What the event is about.
    subject: String,
    created: Timestamp,
    progress: Progress,
    /// When the next attempt is due.
    next: Option<Timestamp>,
    /// The delivery that a scenario's `webhooks.duplicate` has repeated.
    copy_of: Option<String>,
    /// What is wrong with the attempts to come, as a scenario's `webhooks` want it; nothing of what is sent again by hand. Each of the
    /// `attempts` has what was wrong with it.
    forged: Option<Forgery>,
    /// Whether it is a test event.
    test: bool,
    request: DeliveryRequest,
    attempts: Vec<Attempt>,
}

/// What is sent in every attempt.
#[derive(Serialize, JsonSchema)]
struct DeliveryRequest {
    url: String,
    headers: IndexMap<String, String>,
    body: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deliveries {
    /// The newest that fit the filters, oldest first.
    deliveries: Vec<DeliveryView>,
    /// How many fit the filters.
    found: usize,
    /// What to ask for with `before` when older ones were left out.
    earlier: Option<String>,
    /// How many made room for others.
    forgotten: u64,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<Deliveries>, Problem> {
    let filter = Filter::read(admin, request)?;
    let look = || {
        let sandbox = admin.sandbox(request)?;
        let state = sandbox.lock();
        let accounts = state.world.accounts();
        let mut rows = admin.lists.deliveries.of(&sandbox, accounts, admin.machine.vendors());
        rows.retain(|(_, row)| filter.fits(row));
        rows.sort_by_key(|(_, row)| row.created);
        let found = rows.len();
        if let Some(before) = filter.before {
            let end = rows.iter().position(|(_, row)| row.id() == before);
            let refused = || Problem::bad_request(format!("`before` is the id of a delivery that fits, found `{before}`"));
            rows.truncate(end.ok_or_else(refused)?);
        }
        let (mut room, mut left) = (Room::default(), filter.limit);
        let shown = |row: &Known<DeliveryBrief>| {
            let has_room = left > 0 && room.takes(row.body());
            left = left.saturating_sub(1);
            has_room
        };
        let count = rows.iter().rev().map(|(_, row)| &**row).map(shown).take_while(|is_shown| *is_shown).count();
        let older = rows.len() - count;
        let views = rows[older..].iter().filter_map(|(account, row)| {
            let row = serde_json::from_str(row.body()).ok()?;
            Some(DeliveryView::of(&accounts.get(*account).name, row))
        });
        let deliveries: Vec<DeliveryView> = views.collect();
        let earlier = deliveries.first().filter(|_| older > 0).map(|oldest| oldest.id.clone());
        let forgotten = state.forgotten_deliveries();
        drop(state);
        let redactor = Redactor::read(admin, request, &sandbox)?;
        Ok((redactor.json(&Deliveries { deliveries, found, earlier, forgotten }), found))
    };
    long_poll(request, || admin.sandbox_changed(request), look).await
}

struct Filter<'a> {
    vendor: Option<&'a str>,
    event: Option<&'a str>,
    webhook: Option<&'a str>,
    subject: Option<&'a str>,
    progress: Option<Progress>,
    since: Option<Timestamp>,
    before: Option<&'a str>,
    limit: usize,
}

impl<'a> Filter<'a> {
    fn read(admin: &Admin, request: &'a AdminRequest<'_>) -> Result<Self, Problem> {
        request.query("event").map_or(Ok(()), |event| check_event(admin, event))?;
        let limit = request.number("limit")?.unwrap_or(100);
        let since = request.query("since");
        let since = since.map(|text| text.parse().map_err(|_| Problem::bad_request(format!("`since` is a time, found `{text}`"))));
        let progress = request.query("progress");
        let progress =
            progress.map(|word| serde_json::from_value(word.into()).map_err(|error| Problem::bad_request(format!("`progress`: {error}"))));
        Ok(Self {
            vendor: request.query("vendor"),
            event: request.query("event"),
            webhook: request.query("webhook"),
            subject: request.query("subject"),
            progress: progress.transpose()?,
            since: since.transpose()?,
            before: request.query("before"),
            limit,
        })
    }

    fn fits(&self, row: &DeliveryBrief) -> bool {
        let is = |wanted: Option<&str>, value: &str| wanted.is_none_or(|wanted| wanted == value);
        is(self.vendor, &row.vendor)
            && is(self.event, &row.event)
            && is(self.webhook, &row.subscription)
            && is(self.subject, &row.subject)
            && self.progress.is_none_or(|progress| row.progress == progress)
            && self.since.is_none_or(|since| row.created > since)
    }
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<DeliveryView>, Problem> {
    view(admin, request, &DELIVERY, None, |cx, id| DeliveryView::find(cx, id))
}

pub(crate) async fn redeliver(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<DeliveryView>, Problem> {
    let (sandbox, delivery) = on_document(admin, request, &DELIVERY, |cx, id| {
        if !cx.redeliver(id) {
            return Some(Err(Problem::new(StatusCode::CONFLICT, "this delivery is on its way just now")));
        }
        DeliveryView::find(cx, id).map(Ok)
    })?;
    let delivery = delivery?;
    sandbox.note(wall(), Deed::Sent, Some(&delivery.id), None);
    Ok(Redactor::read(admin, request, &sandbox)?.json(&delivery))
}

/// What became of deliveries that were to be sent again.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Redelivered {
    /// How many are sent again.
    redelivered: usize,
    /// How many were on their way just then.
    on_their_way: usize,
    /// How many more fit the filters, and were left alone.
    left: usize,
}

/// Sends those again that fit the filters, oldest first; those that have failed, unless the filters say otherwise.
pub(crate) async fn redeliver_all(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redelivered, Problem> {
    let sandbox = admin.sandbox(request)?;
    let mut filter = Filter::read(admin, request)?;
    filter.progress = filter.progress.or(Some(Progress::Failed));
    let mut rows = admin.lists.deliveries.of(&sandbox, sandbox.lock().world.accounts(), admin.machine.vendors());
    rows.retain(|(_, row)| filter.fits(row));
    rows.sort_by_key(|(_, row)| row.created);
    let left = rows.len().saturating_sub(filter.limit.min(MOST_AGAIN));
    let (mut redelivered, mut on_their_way) = (0, 0);
    let done = rows[left..].iter().try_for_each(|(_, row)| {
        match admin.machine.with_webhook(&sandbox, &DELIVERY, row.id(), wall(), |cx| cx.redeliver(row.id())) {
            Ok(true) => redelivered += 1,
            Ok(false) => on_their_way += 1,
            // It made room for others meanwhile.
            Err(ActionError::Missing) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    });
    if redelivered > 0 {
        // One line for all, of which the log has only so many.
        sandbox.note(wall(), Deed::Sent, Some(&format!("{redelivered} deliveries")), None);
    }
    admin.changed.notify_waiters();
    done?;
    Ok(Redelivered { redelivered, on_their_way, left })
}

/// Does something as [`on_document`] does, and shows what comes of it; `deed` goes into the log of the sandbox.
pub(crate) fn view<T: Serialize>(
    admin: &Admin,
    request: &AdminRequest<'_>,
    kind: &Kind,
    deed: Option<Deed>,
    act: impl Fn(&mut Cx<'_>, &str) -> Option<T>,
) -> Result<Redacted<T>, Problem> {
    let (sandbox, done) = on_document(admin, request, kind, act)?;
    if let Some(deed) = deed {
        sandbox.note(wall(), deed, Some(request.parameter("id")), None);
    }
    Ok(Redactor::read(admin, request, &sandbox)?.json(&done))
}

/// Does something to the subscription or delivery that the path names, in the sandbox that has it, which is returned too.
pub(crate) fn on_document<T>(
    admin: &Admin,
    request: &AdminRequest<'_>,
    kind: &Kind,
    act: impl Fn(&mut Cx<'_>, &str) -> Option<T>,
) -> Result<(Arc<Sandbox>, T), Problem> {
    let id = request.parameter("id");
    let sandbox = admin.find_owner(request, kind, id)?;
    let done = admin.machine.with_webhook(&sandbox, kind, id, wall(), |cx| act(cx, id));
    admin.changed.notify_waiters();
    let done = done?.ok_or_else(|| Problem::not_found(format!("there is no {} `{id}`", kind.0)))?;
    Ok((sandbox, done))
}

impl DeliveryView {
    pub fn find(cx: &Cx<'_>, id: &str) -> Option<Self> {
        Some(Self::of(&cx.docs.account().name, cx.docs.get(DELIVERY, id)?))
    }

    fn of(account: &str, row: Delivery) -> Self {
        Self {
            id: row.id,
            vendor: row.vendor,
            account: account.to_owned(),
            webhook: row.subscription,
            event: row.event,
            subject: row.subject,
            created: row.created,
            progress: row.progress,
            next: row.next,
            copy_of: row.copy_of,
            forged: row.forged,
            test: row.test,
            request: DeliveryRequest { url: row.url, headers: row.headers.into_iter().collect(), body: row.body },
            attempts: row.attempts,
        }
    }
}
