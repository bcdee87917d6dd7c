//! Webhooks: who is told, whether it was told, and what it answered.

use ::http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use crate::base::time::Timestamp;
use crate::engine::webhooks::{Attempt, AttemptResult, Pause, Progress};
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, chip, count, counted, short};
use crate::server::ui::requests::now;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// How many subscriptions, and how many deliveries, a page has.
const ROWS: usize = 25;

/// How many attempts a row shows.
const MARKS: usize = 8;

/// How far deliveries are that a segment shows.
const SEGMENTS: [(&str, &str); 5] =
    [("", "All"), ("waiting", "Waiting"), ("paused", "Paused"), ("delivered", "Delivered"), ("failed", "Failed")];

/// The filters of deliveries, which are members of the query here and in the admin API.
const FILTERS: [&str; 5] = ["vendor", "event", "webhook", "subject", "progress"];

#[derive(Deserialize)]
struct Webhooks {
    webhooks: Vec<Webhook>,
}

#[derive(Deserialize)]
struct Webhook {
    id: String,
    vendor: String,
    url: String,
    events: Vec<String>,
    active: bool,
    paused: Option<Pause>,
    failures: u32,
    told: u64,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Inboxes {
    inboxes: Vec<Inbox>,
}

/// A built-in receiver of webhooks, for all sandboxes.
#[derive(Deserialize)]
struct Inbox {
    name: String,
    letters: usize,
    received: u64,
}

#[derive(Deserialize)]
struct Deliveries {
    deliveries: Vec<Delivery>,
    found: u64,
    earlier: Option<String>,
    forgotten: u64,
}

#[derive(Deserialize)]
pub(super) struct Delivery {
    pub id: String,
    pub vendor: String,
    /// The id of the subscription.
    pub webhook: String,
    pub event: String,
    pub subject: String,
    pub created: Timestamp,
    pub progress: Progress,
    pub next: Option<Timestamp>,
    pub copy_of: Option<String>,
    pub test: bool,
    pub request: Sent,
    pub attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
pub(super) struct Sent {
    pub url: String,
    pub headers: indexmap::IndexMap<String, String>,
    pub body: String,
}

pub(super) fn progress_chip(progress: Progress) -> Markup {
    match progress {
        Progress::Waiting => chip("plain", "clock", "waiting"),
        Progress::Sending => chip("blue", "arrow", "sending"),
        Progress::Paused => chip("amber", "warn", "paused"),
        Progress::Delivered => chip("green", "check", "delivered"),
        Progress::Failed => chip("red", "cross", "failed"),
        Progress::Dropped => chip("plain", "cut", "dropped"),
    }
}

/// What a subscriber answered, in a word.
pub(super) fn answer(result: &AttemptResult) -> Markup {
    match result {
        AttemptResult::Answered { status: status @ 200..300, .. } => html! { span.st { (status) } },
        AttemptResult::Answered { status, .. } => html! { span.st.c5 { (status) } },
        AttemptResult::Silent(_) => html! { span.st.cx { "no answer" } },
        AttemptResult::Refused(_) => html! { span.st.cx { "not allowed" } },
    }
}

pub(super) fn has_succeeded(attempt: &Attempt) -> bool {
    matches!(attempt.result, AttemptResult::Answered { status: 200..300, .. })
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[&FILTERS[..], &["before", "from"]].concat())?;
    let Webhooks { webhooks } = view.get(&view.route("/webhooks")).await?;
    let query = FILTERS.iter().chain(&["before"]).filter_map(|name| Some(format!("&{name}={}", segment(view.query(name)?))));
    let query: String = query.collect();
    let deliveries: Deliveries = view.get(&view.route(&format!("/deliveries?limit={ROWS}{query}"))).await?;
    let Inboxes { inboxes } = view.get("/inboxes").await?;
    let now = now(view);
    let from = view.query("from").and_then(|text| text.parse().ok()).unwrap_or(0).min(webhooks.len());
    let end = (from + ROWS).min(webhooks.len());
    let body = html! {
        div.head { div { h1 { "Webhooks" } } }
        div.stack {
            section.box {
                header { h2 { "Subscriptions" } span.muted.xs { (count(webhooks.len() as u64)) } }
                @if webhooks.is_empty() {
                    div.empty {
                        h2 { "Nobody is told" }
                        p { "Subscribe below, or as the vendor's API has it; a built-in inbox may be the receiver." }
                    }
                } @else { (subscriptions(view, &webhooks[from..end])) }
                @if webhooks.len() > ROWS {
                    footer {
                        span { (count(from as u64 + 1)) " to " (count(end as u64)) " of " (count(webhooks.len() as u64)) }
                        div.push.row {
                            @if from > 0 { a.b.s href={ (view.link("/webhooks?from=")) (from.saturating_sub(ROWS)) } { "Before" } }
                            @if end < webhooks.len() { a.b.s href={ (view.link("/webhooks?from=")) (end) } { "More" } }
                        }
                    }
                }
            }
            div.cols {
                (list(view, &deliveries, now))
                div.stack { (subscribe(view)) (inbox(view, &inboxes)) }
            }
        }
    };
    Ok(Shown::content("Webhooks", body))
}

fn subscriptions(view: &View<'_>, webhooks: &[Webhook]) -> Markup {
    html! {
        div.scroll {
            table.fold role="table" aria-label="Subscriptions" {
                thead {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Vendor" }
                        th.w100 scope="col" role="columnheader" { "URL" }
                        th scope="col" role="columnheader" { "Events" }
                        th scope="col" role="columnheader" { "State" }
                        th.num scope="col" role="columnheader" { "Deliveries" }
                        th scope="col" role="columnheader" { span.vh { "Actions" } }
                    }
                }
                tbody { @for webhook in webhooks { (subscription(view, webhook)) } }
            }
        }
    }
}

fn subscription(view: &View<'_>, webhook: &Webhook) -> Markup {
    let form = |action: &str, label: &'static str, class: &'static str| {
        html! {
            form method="post" action=(view.link(&format!("/do/{action}"))) {
                (view.hidden())
                input type="hidden" name="id" value=(webhook.id);
                button class=(class) { (label) }
            }
        }
    };
    let inbox = inbox_of(&webhook.url);
    html! {
        tr role="row" {
            td.nowrap role="cell" { (short(&webhook.vendor, 32)) }
            td.w role="cell" {
                a.mono href={ (view.link("/webhooks?webhook=")) (segment(&webhook.id)) } { (short(&webhook.url, 100)) }
                @if let Some(name) = inbox { " " a.xs href=(view.link(&format!("/inbox/{name}"))) { "inbox" } }
                @for warning in webhook.warnings.iter().take(1) { p.xs { span.mid { (parts::glyph("warn")) " " (short(warning, 160)) } } }
            }
            td.muted role="cell" {
                @if webhook.events.iter().any(|event| event == "*") { "every event" }
                @else { (short(&webhook.events.join(", "), 60)) }
            }
            td role="cell" {
                @match (&webhook.paused, webhook.active) {
                    (Some(pause), _) => {
                        (chip("amber", "warn", pause_word(pause))) " "
                        span.xs.muted { (counted(webhook.failures as usize, "failure")) }
                    },
                    (None, true) => { (chip("green", "check", "active")) },
                    (None, false) => { (chip("plain", "cross", "inactive")) },
                }
            }
            td.num role="cell" data-l="deliveries" { (count(webhook.told)) }
            td.nowrap.end role="cell" {
                div.row {
                    @if webhook.paused.is_some() { (form("webhook-resume", "Resume", "b s main")) }
                    (form("webhook-test", "Test", "b s"))
                    a.b.s.danger href=(view.link(&format!("/webhooks/{}/remove", segment(&webhook.id)))) { "Remove…" }
                }
            }
        }
    }
}

/// The name of the built-in receiver that an address is of.
fn inbox_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("/_seatrial/inbox/")?;
    let name = rest.split(['?', '#']).next()?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))).then_some(name)
}

fn list(view: &View<'_>, page: &Deliveries, now: Timestamp) -> Markup {
    let link = |changes: &[(&str, &str)]| {
        let change = |name: &str| changes.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        let value = |name: &str| change(name).or_else(|| view.query(name).filter(|_| name != "before")).filter(|value| !value.is_empty());
        let names = FILTERS.iter().chain(&["before"]);
        let query = names.filter_map(|name| Some(format!("{name}={}", segment(value(name)?)))).collect::<Vec<_>>();
        view.link(&format!("/webhooks?{}", query.join("&")))
    };
    let is_filtered = FILTERS.iter().any(|name| view.query(name).is_some());
    let progress = view.query("progress").unwrap_or_default();
    html! {
        section.box {
            header {
                h2 { "Deliveries" }
                nav.seg aria-label="Progress" {
                    @for (word, label) in SEGMENTS {
                        a href=(link(&[("progress", word)])) aria-current=[(word == progress).then_some("true")] { (label) }
                    }
                }
            }
            @if page.deliveries.is_empty() {
                div.empty {
                    h2 { @if is_filtered { "None that fit" } @else { "No deliveries yet" } }
                    @if is_filtered { p { a href=(view.link("/webhooks")) { "Clear filters" } } }
                }
            } @else {
                div.scroll {
                    table.fold role="table" aria-label="Deliveries, newest first" {
                        thead {
                            tr role="row" {
                                @for name in ["Made", "Vendor", "Event", "About", "Attempts", "Last", "Progress"] {
                                    th scope="col" role="columnheader" { (name) }
                                }
                            }
                        }
                        tbody { @for delivery in page.deliveries.iter().rev() { (row(view, delivery, now)) } }
                    }
                }
            }
            footer {
                span {
                    (count(page.found)) @if is_filtered { " fit" } @else { " kept" }
                    @if page.forgotten > 0 { " · " (count(page.forgotten)) " older ones made room" } @else { " · nothing forgotten" }
                }
                div.push.row {
                    @if progress == "failed" && page.found > 0 { (redeliver_those(view, page.found)) }
                    @if is_filtered { a.b.s href=(view.link("/webhooks")) { "All" } }
                    @if view.query("before").is_some() { a.b.s href=(link(&[])) { "Newest" } }
                    @if let Some(earlier) = &page.earlier { a.b.s rel="next" href=(link(&[("before", earlier)])) { "Older" } }
                }
            }
        }
    }
}

/// The form that sends all those again that fit the filters.
fn redeliver_those(view: &View<'_>, found: u64) -> Markup {
    html! {
        form method="post" action=(view.link("/do/redeliver-all")) {
            (view.hidden())
            @for name in FILTERS { @if let Some(value) = view.query(name) { input type="hidden" name=(name) value=(value); } }
            button.b.s { "Redeliver " (count(found)) " failed" }
        }
    }
}

fn row(view: &View<'_>, delivery: &Delivery, now: Timestamp) -> Markup {
    html! {
        tr role="row" {
            td.nowrap.muted role="cell" { (parts::moment(delivery.created, now)) }
            td.nos role="cell" { (short(&delivery.vendor, 24)) }
            td.link role="cell" { a href=(view.link(&format!("/deliveries/{}", segment(&delivery.id)))) { (short(&delivery.event, 40)) } }
            td.muted.w role="cell" { (short(&delivery.subject, 32)) }
            td.nowrap role="cell" { (marks(&delivery.attempts)) }
            td role="cell" { @if let Some(last) = delivery.attempts.last() { (answer(&last.result)) } }
            td.end role="cell" {
                (progress_chip(delivery.progress))
                @if let Some(next) = delivery.next { " " span.xs.muted { "next " (parts::moment(next, now)) } }
            }
        }
    }
}

/// Attempts as marks: round ones reached their aim.
fn marks(attempts: &[Attempt]) -> Markup {
    let failed = attempts.iter().filter(|attempt| !has_succeeded(attempt)).count();
    html! {
        @if attempts.is_empty() { span.muted { "none" } }
        @else {
            span.att role="img" aria-label={ (counted(attempts.len(), "attempt")) ", " (count(failed as u64)) " failed" } {
                @for attempt in &attempts[attempts.len().saturating_sub(MARKS)..] { i.f[!has_succeeded(attempt)] {} }
            }
        }
    }
}

fn pause_word(pause: &Pause) -> &'static str {
    match pause {
        Pause::Failures => "paused",
        Pause::Gone => "gone (410)",
    }
}

fn subscribe(view: &View<'_>) -> Markup {
    let vendors = view.admin.machine.vendors();
    html! {
        section.box {
            header { h2 { "Subscribe" } }
            form.in.fields method="post" action=(view.link("/do/webhook-add")) {
                (view.hidden())
                div.field {
                    label for="to-vendor" { "Vendor" }
                    select #to-vendor name="vendor" {
                        @for vendor in vendors.all().iter().filter(|vendor| !vendor.webhooks.events.is_empty()) { option { (vendor.id) } }
                    }
                }
                div.field {
                    label for="to-url" { "URL" }
                    input #to-url name="url" type="text" required placeholder="http://127.0.0.1:9000/hooks";
                }
                div.field {
                    label for="to-events" { "Events, with commas between them" }
                    input #to-events name="events" type="text" placeholder="every event";
                }
                div { button.b { "Subscribe" } }
            }
        }
    }
}

fn inbox(view: &View<'_>, inboxes: &[Inbox]) -> Markup {
    html! {
        section.box {
            header { h2 { "Built-in inboxes" } span.muted.xs { (count(inboxes.len())) } }
            @if !inboxes.is_empty() {
                ul.say aria-label="Inboxes" {
                    @for inbox in inboxes.iter().take(ROWS) {
                        li {
                            span.act { (parts::glyph("hook")) }
                            span {
                                a href=(view.link(&format!("/inbox/{}", segment(&inbox.name)))) { (short(&inbox.name, 60)) }
                                " " span.t { (counted(inbox.letters, "letter")) " of " (count(inbox.received)) }
                            }
                        }
                    }
                }
            }
            form.in.fields method="get" action=(view.link("/inbox")) {
                div.field { label for="inbox-name" { "Name" } input #inbox-name name="name" type="text" required placeholder="shop"; }
                p.xs.muted { "Whatever is sent to " code { "/_seatrial/inbox/NAME" } " is kept there, for all sandboxes." }
                div { button.b { "Open" } }
            }
        }
    }
}

/// Asks before a subscription is removed.
pub(super) async fn ask_to_remove(view: &View<'_>) -> Result<Shown, Failure> {
    let Webhooks { webhooks } = view.get(&view.route("/webhooks")).await?;
    let id = view.parameter("id");
    let missing = || Failure::new(::http::StatusCode::NOT_FOUND, format!("there is no webhook `{id}`"));
    let webhook = webhooks.iter().find(|webhook| webhook.id == id).ok_or_else(missing)?;
    let body = html! {
        div.head { div { h1 { "Remove a subscription" } } }
        section.box {
            div.in {
                p {
                    "The subscription of " b { (short(&webhook.vendor, 40)) } " to " code { (short(&webhook.url, 200)) }
                    " ends: nothing is sent to it any more."
                }
            }
            footer {
                form.row method="post" action=(view.link("/do/webhook-remove")) {
                    (view.hidden())
                    input type="hidden" name="back" value=(view.link("/webhooks"));
                    input type="hidden" name="id" value=(id);
                    button.b.danger { "Remove it" }
                    a.b href=(view.link("/webhooks")) { "Keep it" }
                }
            }
        }
    };
    Ok(Shown::content("Remove a subscription", body))
}

fn route(view: &View<'_>, what: &str, rest: &str) -> String {
    format!("/{what}/{}{rest}?sandbox={}", segment(view.form.get("id")), segment(view.sandbox()))
}

pub(super) async fn add(view: &View<'_>) -> Result<(), Failure> {
    let events: Vec<&str> = view.form.get("events").split(',').map(str::trim).filter(|event| !event.is_empty()).collect();
    let body = json!({"vendor": view.form.get("vendor"), "url": view.form.get("url").trim(), "events": events});
    view.send(Method::POST, &view.route("/webhooks"), Some(&body)).await.map(drop)
}

pub(super) async fn test(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &route(view, "webhooks", "/test"), Some(&json!({}))).await.map(drop)
}

pub(super) async fn resume(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &route(view, "webhooks", "/resume"), Some(&json!({}))).await.map(drop)
}

pub(super) async fn remove(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::DELETE, &route(view, "webhooks", ""), None).await.map(drop)
}

pub(super) async fn redeliver(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &route(view, "deliveries", "/redeliver"), Some(&json!({}))).await.map(drop)
}

/// Sends those again that fit the filters of the form.
pub(super) async fn redeliver_all(view: &View<'_>) -> Result<(), Failure> {
    let pairs = FILTERS.iter().filter_map(|name| Some(format!("{name}={}", segment(view.form.text(name)?))));
    let query = pairs.chain(["limit=1000".to_owned()]).collect::<Vec<_>>().join("&");
    view.send(Method::POST, &view.route(&format!("/deliveries/redeliver?{query}")), None).await.map(drop)
}
