//! Home: how to point a client here, and what happened lately.

use indexmap::IndexMap;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::contract::Report;
use crate::server::ui::failure::Failure;
use crate::server::ui::frame::Facts;
use crate::server::ui::parts::{self, copy, count, glyph, short};
use crate::server::ui::requests::now;
use crate::server::ui::rows::Calls;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// How many calls are shown.
const LATELY: usize = 8;

/// How many rows of credentials a vendor has here, and how many of them at once.
const MOST_CREDENTIALS: usize = 6;
const SHOWN_CREDENTIALS: usize = 3;

#[derive(Deserialize)]
struct Sandbox {
    credentials: IndexMap<String, Vec<Map<String, Value>>>,
    urls: IndexMap<String, String>,
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Webhooks {
    webhooks: Vec<Webhook>,
}

#[derive(Deserialize)]
struct Webhook {
    vendor: String,
    url: String,
    paused: Option<String>,
    failures: u32,
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[])?;
    let sandbox: Sandbox = view.get(&view.route("")).await?;
    let calls: Calls = view.get(&view.route(&format!("/requests?view=row&limit={LATELY}"))).await?;
    let webhooks: Webhooks = view.get(&view.route("/webhooks")).await?;
    let report: Report = view.get(&view.route("/contract?wait=2ms&findings=2")).await?;
    let body = html! {
        div.head {
            div {
                h1 { "Home" }
                @if !view.is_recorded() {
                    p { "Replace the vendor's host with these base URLs. Everything else in your client stays as it is." }
                }
            }
            div.row { a.b href="/_seatrial/openapi.json" { "Admin API" } }
        }
        div.cols {
            @if !view.is_recorded() { div.stack { (vendors(view, &sandbox)) } }
            @if view.is_recorded() {
                div.stack { (lately(view, &calls)) }
                div.stack { (attention(view, &sandbox, &webhooks, &report)) }
            } @else {
                div.stack { (attention(view, &sandbox, &webhooks, &report)) (lately(view, &calls)) }
            }
        }
    };
    Ok(Shown::content("Home", body))
}

fn vendors(view: &View<'_>, sandbox: &Sandbox) -> Markup {
    let all = view.admin.machine.vendors();
    html! {
        section.box {
            header { h2 { "Vendors" } span.muted.xs { "credentials of sandbox " b { (short(view.sandbox(), 64)) } } }
            div.scroll {
                table.fold role="table" aria-label="Vendors" {
                    thead {
                        tr role="row" {
                            th scope="col" role="columnheader" { "Vendor" }
                            th scope="col" role="columnheader" { "Base URL" }
                            th.w100 scope="col" role="columnheader" { "Credentials" }
                            th scope="col" role="columnheader" { "Requests" }
                        }
                    }
                    tbody {
                        @for (mount, url) in &sandbox.urls {
                            tr role="row" {
                                td.nowrap role="cell" {
                                    b { (short(mount, 40)) }
                                    @for vendor in all.all().iter().filter(|vendor| *vendor.mount == **mount) {
                                        br;
                                        a.xs href=(view.link(&format!("/reference/{}", segment(&vendor.id)))) { (vendor.id) }
                                    }
                                }
                                td.w role="cell" { span.url { code { (short(url, 120)) } (copy(url, &format!("base URL of {mount}"))) } }
                                td.w.w100 role="cell" {
                                    @let given = sandbox.credentials.get(mount).into_iter().flatten();
                                    @let rows: Vec<_> = given.take(MOST_CREDENTIALS).collect();
                                    @let (shown, more) = rows.split_at(rows.len().min(SHOWN_CREDENTIALS));
                                    @for row in shown { div.cred { (credential(mount, row)) } }
                                    @if !more.is_empty() {
                                        details.more {
                                            summary { (more.len()) " more" }
                                            @for row in more { div.cred { (credential(mount, row)) } }
                                        }
                                    }
                                }
                                td role="cell" {
                                    @for vendor in all.all().iter().filter(|vendor| *vendor.mount == **mount) {
                                        a.xs href={ (view.link("/requests?vendor=")) (segment(&vendor.id)) } { (vendor.id) } br;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn credential(mount: &str, row: &Map<String, Value>) -> Markup {
    html! {
        @for (name, value) in row.iter().take(8) {
            @if let Some(value) = value.as_str() {
                span {
                    span.k { (short(name, 24)) }
                    code { (short(value, 120)) }
                    @if !["mode", "account", "plan"].contains(&name.as_str()) { (copy(value, &format!("{name} of {mount}"))) }
                }
            }
        }
    }
}

fn attention(view: &View<'_>, sandbox: &Sandbox, webhooks: &Webhooks, report: &Report) -> Markup {
    let facts = Facts::of(view);
    let paused = webhooks.webhooks.iter().filter(|webhook| webhook.paused.is_some());
    let mut sentences: Vec<(&'static str, Markup)> = Vec::new();
    if facts.as_ref().is_some_and(|facts| facts.is_full) {
        sentences.push(("bad", html! { "The sandbox is full: calls that would store more are refused." }));
    }
    sentences.extend(paused.take(5).map(|webhook| {
        let failures = parts::counted(webhook.failures as usize, "attempt");
        let text = html! {
            "Webhooks of " (short(&webhook.vendor, 40)) " to " code { (short(&webhook.url, 120)) } " are paused: "
            (failures) " failed in a row."
        };
        ("mid", text)
    }));
    sentences.extend(report.violations.iter().take(2).map(|found| {
        let text = html! {
            a href=(view.link("/contract")) { (short(found.subject(), 60)) } " " code { (short(&found.place(), 60)) } ": "
            (short(&found.detail, 160)) ", " (found.frequency()) "."
        };
        ("mid", text)
    }));
    sentences.extend(sandbox.warnings.iter().take(5).map(|warning| ("mid", html! { (short(warning, 300)) })));
    if let Some(dropped) = facts.map(|facts| facts.dropped).filter(|dropped| *dropped > 0) {
        let text = html! { (count(dropped)) " older requests made room in the journal; expectations about them cannot be judged." };
        sentences.push(("mid", text));
    }
    html! {
        section.box {
            header { h2 { "Needs attention" } }
            ul.say {
                @for (tone, sentence) in &sentences { li { span class=(tone) { (glyph("warn")) } span { (sentence) } } }
                @if sentences.is_empty() { li { span.ok { (glyph("check")) } span { "Nothing needs attention." } } }
            }
        }
    }
}

fn lately(view: &View<'_>, calls: &Calls) -> Markup {
    let now = now(view);
    html! {
        section.box {
            header { h2 { "What happened lately" } }
            @if calls.requests.is_empty() {
                div.empty { p { "Nothing yet. Call one of the base URLs: it appears here." } }
            } @else {
                ul.say {
                    @for call in calls.requests.iter().rev() {
                        li {
                            @if call.was_sent() { span.act { (glyph("arrow")) } } @else { span.bad { (glyph("cut")) } }
                            span {
                                a href=(view.link(&format!("/requests/{}", segment(&call.id)))) {
                                    "#" (count(call.number)) " " (short(call.operation.as_deref().unwrap_or(&call.target), 60))
                                }
                                " " (call.outcome()) br;
                                (parts::moment(call.at, now)) " "
                                @if let Some(effect) = &call.effect { span.t { "by " (short(&effect.place(), 60)) } }
                                @else if let Some(note) = call.notes.first() { span.t { (short(&note.code, 40)) } }
                            }
                        }
                    }
                }
            }
            footer { a href=(view.link("/requests")) { "All requests" } }
        }
    }
}
