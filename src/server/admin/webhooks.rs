//! Webhook subscriptions of every vendor.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::time::Timestamp;
use crate::engine::webhooks::{Format, Pause, SUBSCRIPTION, Subscription};
use crate::engine::{ActionError, Cx, webhooks};
use crate::scenario::{Body, ReadBody};
use crate::server::admin::deliveries::{DeliveryView, on_document, view};
use crate::server::admin::page::{Room, behind};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::requests::check_event;
use crate::server::admin::secrets::{Redacted, Redactor};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::reachability;
use crate::world::{Deed, LogLine};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub(crate) struct WebhookView {
    id: String,
    vendor: String,
    account: String,
    url: String,
    /// The vendor's names of the events; `*` is all of them.
    events: Vec<String>,
    format: Format,
    /// What bodies are signed with, or what is sent along.
    secret: Option<String>,
    active: bool,
    /// Why nothing is sent to it for the time being.
    paused: Option<Pause>,
    /// The number of failed attempts since the last successful one.
    failures: u32,
    /// The number of deliveries that were created for it.
    told: u64,
    created: Timestamp,
    /// Why nothing will ever reach its address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhook {
    vendor: String,
    /// The account of the vendor's first credential when left out.
    account: Option<String>,
    /// The vendor's names of the events; all of them when left out.
    #[serde(default)]
    events: Vec<String>,
    #[schemars(extend("format" = "uri"))]
    url: String,
    #[serde(default)]
    format: Format,
    /// What bodies are signed with, or what is sent along.
    secret: Option<String>,
}

impl ReadBody for CreateWebhook {
    const MEMBERS: &'static [&'static str] = &["vendor", "account", "events", "url", "format", "secret"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self {
            vendor: body.required("vendor"),
            account: body.text("account"),
            events: body.texts("events"),
            url: body.required("url"),
            format: body.choice("format", &FORMATS).unwrap_or_default(),
            secret: body.text("secret"),
        }
    }
}

pub(crate) async fn create(admin: &Admin, request: &AdminRequest<'_>) -> Result<WebhookView, Problem> {
    let sandbox = admin.sandbox(request)?;
    let wanted: CreateWebhook = request.read()?;
    let Some(vendor) = admin.machine.vendors().find(&wanted.vendor) else {
        let all = admin.machine.vendors().all();
        let versions: Vec<&str> = all.iter().filter(|vendor| vendor.mount == *wanted.vendor).map(|vendor| &*vendor.id).collect();
        if !versions.is_empty() {
            let detail = format!("`{}` is the address of {}: name one of them", wanted.vendor, versions.join(" and "));
            return Err(Problem::bad_request(detail));
        }
        let known: Vec<&str> = all.iter().map(|vendor| &*vendor.id).collect();
        return Err(Problem::bad_request(format!("`vendor` is one of {}, found `{}`", known.join(", "), wanted.vendor)));
    };
    let known = vendor.webhooks.events;
    if known.is_empty() {
        return Err(Problem::bad_request(format!("{} has no webhooks", vendor.id)));
    }
    if let Some(event) = wanted.events.iter().find(|event| *event != "*" && !known.contains(&event.as_str())) {
        return Err(Problem::bad_request(format!("`events` are `*` or among {}, found `{event}`", known.join(", "))));
    }
    if !webhooks::is_address(&wanted.url) {
        return Err(Problem::bad_request(format!("`url` is an address such as `http://127.0.0.1:9000/hooks`, found `{}`", wanted.url)));
    }
    let base = admin.vendor_url(request, &sandbox, &vendor.mount);
    let made = admin.machine.as_account(&sandbox, &vendor.id, wanted.account.as_deref(), wall(), |cx| {
        let events = if wanted.events.is_empty() { vec!["*".to_owned()] } else { wanted.events.clone() };
        let mut subscription = Subscription::new(&wanted.url, events, cx.now);
        subscription.format = wanted.format;
        subscription.secret.clone_from(&wanted.secret);
        subscription.base.clone_from(&base);
        let id = cx.subscribe(subscription);
        let stored: Subscription = cx.docs.get(SUBSCRIPTION, &id)?;
        let account = &cx.docs.account().name;
        Some((stored.facts(account), WebhookView::of(account, stored)))
    });
    match made {
        Ok(Some((facts, made))) => {
            sandbox.note_line(wall(), LogLine::with(Deed::Subscribed, &made.id, facts));
            let warning = admin.webhook_sender.client.obstacle(&wanted.url).await;
            let others = wanted.events.iter().filter(|event| vendor.webhooks.is_of_another_version(event));
            let others = others.map(|event| format!("`{event}` is an event of another version than {}", vendor.id));
            Ok(WebhookView { warnings: warning.into_iter().chain(others).collect(), ..made })
        }
        Ok(None) | Err(ActionError::Missing) => {
            let account = wanted.account.map(|account| format!(" `{account}`")).unwrap_or_default();
            let credentials = sandbox.lock().world.accounts().credentials(&vendor.mount);
            let known: BTreeSet<Arc<str>> = credentials.iter().map(|row| (vendor.works_in)(row)).collect();
            let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            Err(Problem::bad_request(format!("{} has no account{account} to subscribe with; its accounts are {known}", vendor.id)))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Webhooks {
    webhooks: Vec<WebhookView>,
    /// What to ask for with `after` when there are more: this page is large.
    next: Option<String>,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<Webhooks>, Problem> {
    let sandbox = admin.sandbox(request)?;
    let redactor = Redactor::read(admin, request, &sandbox)?;
    let obstacles = reachability::obstacles(&admin.webhook_sender.client, &sandbox).await;
    let state = sandbox.lock();
    let (mut webhooks, mut room) = (Vec::<WebhookView>::new(), Room::default());
    let mut next = None;
    let rows = state.rows(SUBSCRIPTION).map(|(account, id, body)| (id, (account, body)));
    for (_, (account, body)) in behind(request, rows)? {
        let Ok(row) = serde_json::from_str::<Subscription>(body) else { continue };
        if request.query("vendor").is_some_and(|vendor| row.version() != vendor) {
            continue;
        }
        if !room.takes(body) {
            next = webhooks.last().map(|last| last.id.clone());
            break;
        }
        webhooks.push(WebhookView::of(&account.name, row));
    }
    drop(state);
    for (url, obstacle) in obstacles {
        webhooks.iter_mut().filter(|row| row.url == url).for_each(|row| row.warnings.push(obstacle.clone()));
    }
    Ok(redactor.json(&Webhooks { webhooks, next }))
}

pub(crate) async fn delete(admin: &Admin, request: &AdminRequest<'_>) -> Result<(), Problem> {
    let (sandbox, ()) = on_document(admin, request, &SUBSCRIPTION, |cx, id| cx.unsubscribe(id).then_some(()))?;
    sandbox.note(wall(), Deed::Unsubscribed, Some(request.parameter("id")), None);
    Ok(())
}

pub(crate) async fn resume(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<WebhookView>, Problem> {
    view(admin, request, &SUBSCRIPTION, Some(Deed::Sent), |cx, id| {
        cx.resume(id);
        WebhookView::find(cx, id)
    })
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestWebhook {
    /// The first event of the subscription when left out.
    event: Option<String>,
}

impl ReadBody for TestWebhook {
    const MEMBERS: &'static [&'static str] = &["event"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self { event: body.text("event") }
    }
}

/// The words for how bodies are sent.
const FORMATS: [(&str, Format); 2] = [("json", Format::Json), ("form", Format::Form)];

/// Sends the test event of the vendor's portal.
pub(crate) async fn test(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<DeliveryView>, Problem> {
    let wanted: TestWebhook = request.read()?;
    wanted.event.iter().try_for_each(|event| check_event(admin, event))?;
    view(admin, request, &SUBSCRIPTION, Some(Deed::Sent), |cx, id| {
        let subscription: Subscription = cx.docs.get(SUBSCRIPTION, id)?;
        let vendor = admin.machine.vendors().find(subscription.version())?;
        let first = subscription.events.iter().find(|event| *event != "*").map(String::as_str);
        let event = wanted.event.as_deref().or(first).or_else(|| vendor.webhooks.events.first().copied())?;
        let id = cx.send_test(&subscription.id, event)?;
        DeliveryView::find(cx, &id)
    })
}

impl WebhookView {
    fn find(cx: &Cx<'_>, id: &str) -> Option<Self> {
        Some(Self::of(&cx.docs.account().name, cx.docs.get(SUBSCRIPTION, id)?))
    }

    fn of(account: &str, row: Subscription) -> Self {
        Self {
            vendor: row.version().to_owned(),
            id: row.id,
            account: account.to_owned(),
            url: row.url,
            events: row.events,
            format: row.format,
            secret: row.secret,
            active: row.active,
            paused: row.paused,
            failures: row.failures,
            told: row.told,
            created: row.created,
            warnings: Vec::new(),
        }
    }
}
