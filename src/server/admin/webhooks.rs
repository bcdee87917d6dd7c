//! Subscriptions of every vendor, what they were told, and a hand on both; and the built-in inboxes.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::time::Timestamp;
use crate::engine::webhooks::{DELIVERY, Delivery, FORGOTTEN, Format, Progress, SUBSCRIPTION, Subscription};
use crate::engine::{ActionError, Cx};
use crate::server::admin::{Admin, Ask, Given, Problem};
use crate::server::http::wall;
use crate::world::Kind;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    #[serde(default)]
    vendor: String,
    account: Option<String>,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    url: String,
    #[serde(default)]
    format: Format,
    secret: Option<String>,
}

pub(super) fn create_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["vendor", "url"], "properties": {
        "vendor": {"type": "string"},
        "account": {"type": "string", "description": "whose; the account of the vendor's first credential otherwise"},
        "events": {"type": "array", "items": {"type": "string"}, "description": "the vendor's words; all of them when left out"},
        "url": {"type": "string", "format": "uri"},
        "format": {"type": "string", "enum": ["json", "form"]},
        "secret": {"type": "string", "description": "what bodies are signed with, or what is sent along"},
    }})
}

pub(super) fn create(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let wanted: Create = ask.read()?;
    let Some(vendor) = admin.machine.vendors().find(&wanted.vendor) else {
        let known: Vec<&str> = admin.machine.vendors().all().iter().map(|vendor| vendor.id).collect();
        return Err(Problem::bad(format!("`vendor` is one of {}, found `{}`", known.join(", "), wanted.vendor)));
    };
    let known = vendor.webhooks.events;
    if known.is_empty() {
        return Err(Problem::bad(format!("{} has no webhooks", vendor.id)));
    }
    if let Some(event) = wanted.events.iter().find(|event| *event != "*" && !known.contains(&event.as_str())) {
        return Err(Problem::bad(format!("`events` are `*` or among {}, found `{event}`", known.join(", "))));
    }
    if !wanted.url.parse::<http::Uri>().is_ok_and(|url| url.scheme().is_some() && url.host().is_some()) {
        return Err(Problem::bad(format!("`url` is an address such as `http://127.0.0.1:9000/hooks`, found `{}`", wanted.url)));
    }
    let base = admin.url(ask, &sandbox, vendor.mount);
    let made = admin.machine.as_account(&sandbox, vendor.id, wanted.account.as_deref(), wall(), |cx| {
        let events = if wanted.events.is_empty() { vec!["*".to_owned()] } else { wanted.events.clone() };
        let mut subscription = Subscription::new(&wanted.url, events, cx.now);
        subscription.format = wanted.format;
        subscription.secret.clone_from(&wanted.secret);
        subscription.base.clone_from(&base);
        let id = cx.subscribe(subscription);
        subscribed(cx, &id)
    });
    match made {
        Ok(made) => Ok(Given::json(StatusCode::CREATED, &made)),
        Err(ActionError::Missing) => {
            let account = wanted.account.map(|account| format!(" `{account}`")).unwrap_or_default();
            Err(Problem::bad(format!("{} has no account{account} to subscribe with", vendor.id)))
        }
        Err(why) => Err(why.into()),
    }
}

pub(super) fn list(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let state = sandbox.lock();
    let tables = state.world.accounts.iter().filter_map(|(_, account)| Some((account, account.table(&SUBSCRIPTION)?)));
    let rows = tables.flat_map(|(account, table)| table.iter().map(move |(_, body)| (account, body)));
    let rows = rows.filter_map(|(account, body)| Some(shown(&account.name, &serde_json::from_slice(body).ok()?)));
    let rows: Vec<Value> = rows.filter(|row| ask.query("vendor").is_none_or(|vendor| row["vendor"] == vendor)).collect();
    Ok(Given::ok(&json!({"webhooks": rows})).finding(rows.len()))
}

pub(super) fn delete(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    on(admin, ask, &SUBSCRIPTION, |cx, id| cx.unsubscribe(id).then(Given::empty))
}

pub(super) fn resume(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    on(admin, ask, &SUBSCRIPTION, |cx, id| {
        cx.resume(id);
        Some(Given::ok(&subscribed(cx, id)?))
    })
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    event: Option<String>,
}

pub(super) fn test_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": {"event": {"type": "string"}}})
}

/// Sends what the vendor's portal sends when somebody tries a webhook out.
pub(super) fn test(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let wanted: Test = ask.read()?;
    on(admin, ask, &SUBSCRIPTION, |cx, id| {
        let subscription: Subscription = cx.docs.get(SUBSCRIPTION, id)?;
        let vendor = admin.machine.vendors().find(&subscription.vendor)?;
        let first = subscription.events.iter().find(|event| *event != "*").map(String::as_str);
        let event = wanted.event.as_deref().or(first).or_else(|| vendor.webhooks.events.first().copied())?;
        let id = cx.try_out(&subscription.id, event)?;
        Some(Given::json(StatusCode::CREATED, &told(&cx.docs.account().name, &cx.docs.get(DELIVERY, &id)?)))
    })
}

pub(super) fn deliveries(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let limit: usize = ask.number("limit")?.unwrap_or(100);
    let since: Option<Timestamp> = match ask.query("since") {
        Some(text) => Some(text.parse().map_err(|_| Problem::bad(format!("`since` is a time, found `{text}`")))?),
        None => None,
    };
    let progress: Option<Progress> = match ask.query("progress") {
        Some(word) => Some(serde_json::from_value(word.into()).map_err(|error| Problem::bad(format!("`progress`: {error}")))?),
        None => None,
    };
    let is = |name: &str, value: &str| ask.query(name).is_none_or(|wanted| wanted == value);
    let fits = |row: &Delivery| {
        is("vendor", &row.vendor)
            && is("event", &row.event)
            && is("webhook", &row.subscription)
            && is("subject", &row.subject)
            && progress.is_none_or(|progress| row.progress == progress)
            && since.is_none_or(|since| row.created > since)
    };
    let (mut rows, mut forgotten): (Vec<(String, Delivery)>, u64) = (Vec::new(), 0);
    let state = sandbox.lock();
    for (_, account) in state.world.accounts.iter() {
        let read = |kind: Kind| account.table(&kind).into_iter().flat_map(crate::world::Table::iter).map(|(_, body)| body);
        let found = read(DELIVERY).filter_map(|body| serde_json::from_slice(body).ok()).filter(fits);
        rows.extend(found.map(|row| (account.name.to_string(), row)));
        forgotten += read(FORGOTTEN).filter_map(|body| serde_json::from_slice::<u64>(body).ok()).sum::<u64>();
    }
    drop(state);
    rows.sort_by_key(|(_, row)| row.created);
    let found = rows.len();
    let newest: Vec<Value> = rows.iter().skip(found.saturating_sub(limit)).map(|(account, row)| told(account, row)).collect();
    Ok(Given::ok(&json!({"deliveries": newest, "found": found, "forgotten": forgotten})).finding(found))
}

pub(super) fn delivery(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    on(admin, ask, &DELIVERY, |cx, id| Some(Given::ok(&told(&cx.docs.account().name, &cx.docs.get(DELIVERY, id)?))))
}

pub(super) fn redeliver(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let busy = || Problem::new(StatusCode::CONFLICT, "this delivery is on its way just now");
    on(admin, ask, &DELIVERY, |cx, id| {
        if !cx.redeliver(id) {
            return Some(Err(busy()));
        }
        Some(Ok(Given::ok(&told(&cx.docs.account().name, &cx.docs.get(DELIVERY, id)?))))
    })?
}

pub(super) fn inbox(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let (letters, received) = admin.inboxes.read(ask.parameter("name"));
    Ok(Given::ok(&json!({"letters": letters, "received": received})).finding(letters.len()))
}

pub(super) fn clear_inbox(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    admin.inboxes.clear(ask.parameter("name"));
    Ok(Given::empty())
}

pub(super) fn post(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let status: u16 = ask.number("status")?.unwrap_or(200);
    let status = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 200);
    let status = status.ok_or_else(|| Problem::bad("`status` is a number from 200 to 999"))?;
    admin.inboxes.put(ask.parameter("name"), ask.parts, ask.body, wall());
    Ok(Given::json(status, &json!({"received": status.is_success()})))
}

/// Does something to the subscription or delivery that the path names, in whichever sandbox has it.
fn on<T>(admin: &Admin, ask: &Ask<'_>, kind: &Kind, act: impl Fn(&mut Cx<'_>, &str) -> Option<T>) -> Result<T, Problem> {
    let id = ask.parameter("id");
    let sandbox = admin.holder(ask, kind, id)?;
    let done = admin.machine.with_webhook(&sandbox, kind, id, wall(), |cx| act(cx, id));
    admin.changed.notify_waiters();
    done?.ok_or_else(|| Problem::missing(format!("there is no {} `{id}`", kind.0)))
}

fn subscribed(cx: &Cx<'_>, id: &str) -> Option<Value> {
    Some(shown(&cx.docs.account().name, &cx.docs.get(SUBSCRIPTION, id)?))
}

fn shown(account: &str, row: &Subscription) -> Value {
    json!({
        "id": row.id,
        "vendor": row.vendor,
        "account": account,
        "url": row.url,
        "events": row.events,
        "format": row.format,
        "secret": row.secret,
        "active": row.active,
        "paused": row.paused,
        "failures": row.failures,
        "told": row.told,
        "created": row.created,
    })
}

fn told(account: &str, row: &Delivery) -> Value {
    let headers: serde_json::Map<String, Value> = row.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "id": row.id,
        "vendor": row.vendor,
        "account": account,
        "webhook": row.subscription,
        "event": row.event,
        "subject": row.subject,
        "created": row.created,
        "progress": row.progress,
        "next": row.next,
        "copy_of": row.copy_of,
        "test": row.test,
        "request": {"url": row.url, "headers": headers, "body": row.body},
        "attempts": row.attempts,
    })
}
