//! Requests: what was asked, in order, and where it went wrong.

use ::http::Method;
use ::http::header::{CONTENT_DISPOSITION, HeaderValue};
use bytes::Bytes;
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::time::Timestamp;
use crate::server::clock::wall;
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, count, glyph, short};
use crate::server::ui::rows::Calls;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};
use crate::world::{Deed, LogLine};

/// How many calls a page has.
const ROWS: usize = 50;

/// How many lines of what was done to the sandbox stand between them.
const LINES: usize = 25;

/// What the journal can be exported as, with the words for it.
const EXPORTS: [(&str, &str); 4] =
    [("har", "HAR"), ("ndjson", "NDJSON"), ("curl", "curl"), ("conversation", "Conversation (YAML, of one vendor)")];

/// The filters, which are members of the query here and in the admin API.
const FILTERS: [&str; 7] = ["q", "vendor", "operation", "method", "status", "note", "effect"];

/// What `note=contract` stands for: everything in which a call departs from the vendor's document.
const CONTRACT: &str = "request-invalid,unknown-member,deprecated,unknown-parameter,unknown-operation,unreadable-body,unreadable-request,\
    wrong-content-type,content-encoding,byte-order-mark,doubled-slash,not-utf-8,answer-invalid";

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[&FILTERS[..], &["before"]].concat())?;
    let calls: Calls = view.get(&view.route(&format!("/requests?view=row&limit={ROWS}{}", api_query(view, &["before"])))).await?;
    let now = now(view);
    let log = between(view, &calls).await?;
    let is_filtered = FILTERS.iter().any(|name| view.query(name).is_some());
    let is_newest = view.query("before").is_none();
    let body = html! {
        div.head {
            div { h1 { "Requests" } }
            div.row {
                @if is_newest && !is_filtered {
                    p.live hidden data-live {
                        span data-live-text { "live" } " "
                        a.b.s href=(view.link("/requests")) hidden data-live-more data-key="l" { "Show them" }
                    }
                }
                details.menu {
                    summary { "Export ▾" }
                    div.pop.fields {
                        @for (format, label) in EXPORTS {
                            a href={ (view.link("/export")) (changed(view, &[("format", format)])) } download { (label) }
                        }
                    }
                }
                a.b.danger href={ (view.link("/clear")) (page_query(view, None)) } { "Clear…" }
            }
        }
        (filters(view))
        section.box {
            @if calls.requests.is_empty() {
                (empty(view, is_filtered || !is_newest, calls.earlier.is_some()))
            } @else {
                div.scroll {
                    table.fold.reqs role="table" aria-label="Requests, newest first" {
                        thead {
                            tr role="row" {
                                th.num scope="col" role="columnheader" { "#" }
                                th scope="col" role="columnheader" { "Time" }
                                th scope="col" role="columnheader" { "Vendor" }
                                th scope="col" role="columnheader" { "Operation" }
                                th.w100 scope="col" role="columnheader" { "Request" }
                                th scope="col" role="columnheader" { "Status" }
                                th.num scope="col" role="columnheader" { "Took, ms" }
                                th scope="col" role="columnheader" { "Notes" }
                            }
                        }
                        tbody data-rows {
                            @for (index, call) in calls.requests.iter().enumerate().rev() {
                                // What was done after this call and before the one above it.
                                @let next = calls.requests.get(index + 1).map_or(u64::MAX, |next| next.number);
                                @for line in log.iter().rev().filter(|line| (call.number..next).contains(&line.after)) { (done(line, now)) }
                                (call.row(view, now))
                            }
                        }
                    }
                }
            }
            template #row { (empty_row(view)) }
            footer {
                span {
                    "Newest first"
                    @if calls.journal.dropped > 0 { " · " (count(calls.journal.dropped)) " older requests made room" }
                    @else { " · nothing dropped" }
                }
                div.push.row {
                    @if !is_newest { a.b.s href={ (view.link("/requests")) (page_query(view, None)) } { "Newest" } }
                    @if let Some(earlier) = &calls.earlier {
                        a.b.s rel="next" href={ (view.link("/requests")) (page_query(view, Some(earlier))) } { "Older" }
                    }
                }
            }
        }
    };
    Ok(Shown::content("Requests", body))
}

#[derive(Deserialize)]
struct Log {
    log: Vec<LogLine>,
}

/// What was done to the sandbox while the calls of a page came; nothing where filters have left some of them out.
async fn between(view: &View<'_>, calls: &Calls) -> Result<Vec<LogLine>, Failure> {
    let (Some(first), Some(last)) = (calls.requests.first(), calls.requests.last()) else { return Ok(Vec::new()) };
    if FILTERS.iter().any(|name| view.query(name).is_some()) {
        return Ok(Vec::new());
    }
    let until = if view.query("before").is_some() { last.number } else { u64::MAX };
    let Log { log } = view.get(&view.route(&format!("/log?since={}&until={until}&limit={LINES}", first.number))).await?;
    Ok(log)
}

/// A line between calls: what was done to the sandbox.
fn done(line: &LogLine, now: Timestamp) -> Markup {
    html! {
        tr.logline role="row" {
            td colspan="8" role="cell" { (glyph(icon(line.what))) (deed(line)) ", " (parts::moment(line.at, now)) }
        }
    }
}

fn icon(what: Deed) -> &'static str {
    match what {
        Deed::Advanced | Deed::Mode => "clock",
        Deed::Reset | Deed::SnapshotRestored | Deed::Imported | Deed::Forked => "hook",
        Deed::Scenario | Deed::SnapshotTaken => "doc",
        Deed::FaultOn | Deed::FaultOff => "bolt",
        Deed::Subscribed | Deed::Unsubscribed | Deed::Sent => "hook",
        Deed::Parcel | Deed::CallsRemoved => "doc",
    }
}

/// What was done, as a sentence without its end.
fn deed(line: &LogLine) -> String {
    let name = short(line.name.as_deref().unwrap_or_default(), 60);
    match line.what {
        Deed::Advanced => match line.fired {
            Some(fired) => format!("Clock advanced, {} on the way", parts::counted(usize::try_from(fired).unwrap_or(usize::MAX), "event")),
            None => "Clock advanced".to_owned(),
        },
        Deed::Mode => format!("Time passes: {name}"),
        Deed::Reset => "Sandbox reset".to_owned(),
        Deed::Imported => "File imported".to_owned(),
        Deed::Forked => format!("Began as a copy of {name}"),
        Deed::Scenario => format!("Scenario {name} came to work"),
        Deed::SnapshotTaken => format!("Snapshot {name} taken"),
        Deed::SnapshotRestored => format!("Snapshot {name} restored"),
        Deed::FaultOn => format!("Fault {name} switched on"),
        Deed::FaultOff => format!("Fault {name} switched off"),
        Deed::Subscribed => format!("Subscription {name} made by hand"),
        Deed::Unsubscribed => format!("Subscription {name} removed by hand"),
        Deed::Sent => format!("Sent by hand: {name}"),
        Deed::Parcel => format!("Parcel {name} moved by hand"),
        Deed::CallsRemoved => "Calls removed from the journal".to_owned(),
    }
}

/// The calls that fit the filters, for other tools.
pub(super) async fn export(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[&FILTERS[..], &["format"]].concat())?;
    let format = view.query("format").unwrap_or("har");
    let path = view.route(&format!("/requests/export?format={}{}", segment(format), api_query(view, &[])));
    let mut answer = view.ask(Method::GET, &path, "application/json", &Bytes::new()).await?;
    if !answer.status().is_success() {
        let status = answer.status();
        return view.bytes(answer).await.and(Err(Failure::new(status, "there is nothing to export")));
    }
    answer.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Ok(Shown::File(answer))
}

/// A row that the script fills for each new call.
fn empty_row(view: &View<'_>) -> Markup {
    html! {
        tr.new role="row" {
            td.num.link role="cell" { a href=(view.link("/requests/")) data-of="number" {} }
            td.nowrap.muted role="cell" { time data-of="time" {} }
            td.nos role="cell" data-of="vendor" {}
            td.op.nowrap role="cell" { span.onlys.muted data-of="vendor" {} " " b data-of="operation" {} }
            td.cut.w.link role="cell" { a tabindex="-1" data-of="link" { span.m data-of="method" {} " " span.path data-of="target" {} } }
            td role="cell" { span.st data-of="status" {} }
            td.num.muted role="cell" data-of="took" {}
            td.nowrap.end role="cell" { span.c.amber hidden data-of="note" {} span.c.blue hidden data-of="effect" {} }
        }
    }
}

/// Asks before the journal is emptied of what the filters name.
pub(super) async fn ask_to_clear(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&FILTERS)?;
    let what = FILTERS.iter().filter_map(|name| Some(format!("{name} {}", short(view.query(name)?, 60)))).collect::<Vec<_>>().join(", ");
    let body = html! {
        div.head { div { h1 { "Clear requests" } } }
        section.box {
            div.in {
                p {
                    @if what.is_empty() { "All requests of the sandbox are removed from its journal." }
                    @else { "The requests that fit (" (what) ") are removed from the journal." }
                    " Expectations are judged by what is left. Data, parcels and the clock stay as they are."
                }
            }
            footer {
                form.row method="post" action=(view.link("/do/clear")) {
                    (view.hidden())
                    @for name in FILTERS { @if let Some(value) = view.query(name) { input type="hidden" name=(name) value=(value); } }
                    button.b.danger { "Remove them" }
                    a.b href={ (view.link("/requests")) (page_query(view, None)) } { "Keep them" }
                }
            }
        }
    };
    Ok(Shown::content("Clear requests", body))
}

/// Empties the journal of what the filters of the form name.
pub(super) async fn clear(view: &View<'_>) -> Result<(), Failure> {
    let pairs = FILTERS.iter().filter_map(|name| Some(pair(name, view.form.text(name)?)));
    let query = pairs.collect::<Vec<_>>().join("&");
    view.send(Method::DELETE, &view.route(&format!("/requests?{query}")), None).await.map(drop)
}

/// The time on the sandbox's clock.
pub(super) fn now(view: &View<'_>) -> Timestamp {
    let sandbox = view.admin.machine.sandbox(view.sandbox());
    sandbox.map_or_else(wall, |sandbox| sandbox.lock().world.clock().now(wall()))
}

fn pair(name: &str, value: &str) -> String {
    let value = if name == "note" && value == "contract" { CONTRACT } else { value };
    format!("{name}={}", segment(value))
}

/// The filters of the page, and others, for the admin API; each behind an `&`.
fn api_query(view: &View<'_>, others: &[&str]) -> String {
    FILTERS.iter().chain(others).filter_map(|name| Some(format!("&{}", pair(name, view.query(name)?)))).collect()
}

/// The filters of the page as the query of a page.
fn page_query(view: &View<'_>, before: Option<&str>) -> String {
    changed(view, &[("before", before.unwrap_or_default())])
}

/// The same with some of them changed; an empty value leaves one out.
fn changed(view: &View<'_>, changes: &[(&str, &str)]) -> String {
    let change = |name: &str| changes.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    let value = |name: &str| change(name).or_else(|| view.query(name).filter(|_| name != "before")).filter(|value| !value.is_empty());
    let names = FILTERS.iter().chain(["before", "format"].iter());
    let query = names.filter_map(|name| Some(format!("{name}={}", segment(value(name)?)))).collect::<Vec<_>>().join("&");
    if query.is_empty() { query } else { format!("?{query}") }
}

fn filters(view: &View<'_>) -> Markup {
    let vendors = view.admin.machine.vendors();
    let chosen = view.query("vendor");
    let loaded = vendors.loaded().iter().filter(|loaded| chosen.is_some_and(|chosen| loaded.vendor.id == *chosen));
    let operations: Vec<&str> = loaded.flat_map(|loaded| loaded.catalog().operations()).map(|operation| &*operation.name).collect();
    let link = |name: &str, value: &str| format!("{}{}", view.link("/requests"), changed(view, &[(name, value)]));
    let segment = |name: &'static str, value: &'static str, label: &'static str| {
        let is_chosen = view.query(name).unwrap_or_default() == value;
        html! { a href=(link(name, value)) aria-current=[is_chosen.then_some("true")] { (label) } }
    };
    let switch = |name: &'static str, value: &'static str, icon: &'static str, label: &'static str| {
        let is_chosen = view.query(name) == Some(value);
        let address = link(name, if is_chosen { "" } else { value });
        html! { a href=(address) aria-current=[is_chosen.then_some("true")] { (glyph(icon)) (label) } }
    };
    html! {
        form.filters role="search" action=(view.link("/requests")) {
            label.vh for="q" { "Text" }
            input #q name="q" type="search" placeholder="Path, body or id" size="24" value=[view.query("q")];
            label.vh for="vendor" { "Vendor" }
            select #vendor name="vendor" {
                option value="" { "All vendors" }
                @for vendor in vendors.all() { option value=(vendor.id) selected[chosen == Some(&*vendor.id)] { (vendor.id) } }
            }
            @if !operations.is_empty() {
                label.vh for="operation" { "Operation" }
                select #operation name="operation" {
                    option value="" { "All operations" }
                    @for name in &operations { option selected[view.query("operation") == Some(name)] { (name) } }
                }
            } @else if let Some(operation) = view.query("operation") {
                input type="hidden" name="operation" value=(operation);
            }
            @for name in ["method", "status", "note", "effect"] {
                @if let Some(value) = view.query(name) { input type="hidden" name=(name) value=(value); }
            }
            nav.seg aria-label="Status" {
                (segment("status", "", "All"))
                (segment("status", "2xx", "2xx"))
                (segment("status", "4xx", "4xx"))
                (segment("status", "5xx", "5xx"))
                (segment("status", "none", "No answer"))
            }
            nav.seg aria-label="Only" {
                (switch("note", "contract", "warn", "Contract"))
                (switch("effect", "any", "bolt", "Override or fault"))
            }
            button.b { "Filter" }
        }
    }
}

fn empty(view: &View<'_>, is_filtered: bool, goes_on: bool) -> Markup {
    html! {
        div.empty {
            @if goes_on {
                h2 { "None that fit, so far" }
                p { "The newest 8 MiB of calls were searched. “Older” goes on with what came before." }
            } @else if is_filtered {
                h2 { "None that fit" }
                p { a href=(view.link("/requests")) { "Clear filters" } }
            } @else {
                h2 { "No requests yet" }
                p { "They appear here as soon as a client calls one of the " a href=(view.link("")) { "base URLs" } "." }
            }
        }
    }
}
