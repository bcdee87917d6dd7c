//! A delivery with its attempts, and what came to a built-in inbox.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::engine::webhooks::{Attempt, AttemptResult};
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, copy, count, counted, full, glyph, short, visible};
use crate::server::ui::requests::now;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};
use crate::server::ui::webhooks::{Delivery, answer, has_succeeded, progress_chip};

/// How many attempts, and how many letters, a page has.
const ROWS: usize = 12;

/// How many headers of a delivery are shown, and how many characters of its body.
const HEADERS: usize = 16;
const BODY: usize = 4_000;

/// How many headers of a letter in the inbox are shown, and how many characters of its body.
const LINES: usize = 8;
const LETTER: usize = 400;

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[])?;
    let id = view.parameter("id");
    let delivery: Delivery = view.get(&format!("/deliveries/{}?sandbox={}", segment(id), segment(view.sandbox()))).await?;
    let now = now(view);
    let sent = &delivery.request;
    let latest = &delivery.attempts[delivery.attempts.len().saturating_sub(ROWS)..];
    let body = html! {
        div.head {
            div {
                p.xs { a href=(view.link("/webhooks")) data-key="u" { "Webhooks" } " / " (short(&delivery.vendor, 40)) }
                h1 { (short(&delivery.event, 80)) }
                div.meta {
                    span { (progress_chip(delivery.progress)) }
                    span { "about " b { (short(&delivery.subject, 60)) } }
                    span { "to " code { (short(&delivery.request.url, 120)) } }
                    span { "made " (parts::moment(delivery.created, now)) }
                    span { "id " code { (short(&delivery.id, 60)) } " " (copy(&delivery.id, "id")) }
                    @if delivery.test { span { b { "a test" } } }
                    @if let Some(original) = &delivery.copy_of {
                        @let link = view.link(&format!("/deliveries/{}", segment(original)));
                        span { "a repetition, by the scenario, of " a href=(link) { (short(original, 60)) } }
                    }
                    a href={ (view.link("/webhooks?webhook=")) (segment(&delivery.webhook)) } { "Others of this subscription" }
                }
            }
            div.row {
                form method="post" action=(view.link("/do/redeliver")) {
                    (view.hidden())
                    input type="hidden" name="id" value=(id);
                    button.b.main data-key="r" { "Redeliver" }
                }
            }
        }
        div.stack {
            (track(latest, delivery.next, now))
            section.box {
                header {
                    h2 { "Attempts" }
                    span.muted.xs { (counted(delivery.attempts.len(), "attempt")) ", the latest " (count(latest.len() as u64)) " shown" }
                }
                @if latest.is_empty() { div.empty { p { "None so far." } } }
                @else { ul.say { @for attempt in latest { (attempted(attempt)) } } }
            }
            section.box {
                header { h2 { "Payload" } span.muted.xs { "the same in every attempt" } }
                (headers(sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())), sent.headers.len()))
                (payload(&sent.body, BODY))
            }
        }
    };
    Ok(Shown::content(format!("Delivery {}", delivery.event), body))
}

fn track(attempts: &[Attempt], next: Option<Timestamp>, now: Timestamp) -> Markup {
    html! {
        section.box.nos aria-label="Track" {
            ol.track {
                @for (index, attempt) in attempts.iter().enumerate() {
                    @let is_reached = has_succeeded(attempt);
                    li class=(if is_reached { "green" } else { "red" }) {
                        @if let Some(before) = index.checked_sub(1).and_then(|index| attempts.get(index)) {
                            span.gap { (parts::span(attempt.at.duration_since(before.at))) }
                        }
                        span.knot { (glyph(if is_reached { "check" } else { "cross" })) }
                        span.what { (answer(&attempt.result)) }
                        span.at { (parts::moment(attempt.at, now)) }
                    }
                }
                @if let Some(next) = next {
                    li.plan {
                        @if let Some(latest) = attempts.last() { span.gap { (parts::span(next.duration_since(latest.at))) } }
                        span.knot { (glyph("clock")) }
                        span.what { "next" }
                        span.at { (parts::moment(next, now)) }
                    }
                }
            }
        }
    }
}

fn attempted(attempt: &Attempt) -> Markup {
    let is_reached = has_succeeded(attempt);
    html! {
        li {
            span class=(if is_reached { "ok" } else { "bad" }) { (glyph(if is_reached { "check" } else { "cross" })) }
            span {
                (answer(&attempt.result)) " at " time datetime=(attempt.at) { (full(attempt.at)) }
                @match &attempt.result {
                    AttemptResult::Answered { body, .. } => { @if !body.is_empty() { br; code.t { (short(body, 200)) } } },
                    AttemptResult::Silent(reason) | AttemptResult::Refused(reason) => { br; span.t { (short(reason, 300)) } },
                }
                @for (name, value) in attempt.headers.iter().take(4) { br; code.t { (short(name, 40)) ": " (short(value, 100)) } }
            }
        }
    }
}

fn headers<'h>(rows: impl Iterator<Item = (&'h str, &'h str)>, all: usize) -> Markup {
    html! {
        dl.kv.in {
            @for (name, value) in rows.take(HEADERS) { dt { code { (short(name, 40)) } } dd { code { (short(value, 160)) } } }
            @if all > HEADERS { dt { "more" } dd { (count((all - HEADERS) as u64)) } }
        }
    }
}

/// The beginning of a body; JSON is laid out.
fn payload(text: &str, most: usize) -> Markup {
    let pretty = serde_json::from_str::<Value>(text).ok().filter(|_| text.len() <= 1 << 20);
    let pretty = pretty.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = pretty.as_deref().unwrap_or(text);
    let begin: String = text.chars().take(most).collect();
    html! {
        div.code.sunk tabindex="0" role="region" aria-label="Body" {
            pre { (visible(&begin)) @if begin.len() < text.len() { "\n… " (parts::bytes(text.len() - begin.len())) " more" } }
        }
    }
}

#[derive(Deserialize)]
struct Inbox {
    letters: Vec<Letter>,
    kept: u64,
    received: u64,
}

#[derive(Deserialize)]
struct Letter {
    number: u64,
    received: Timestamp,
    sandbox: Option<String>,
    query: String,
    headers: indexmap::IndexMap<String, Value>,
    text: String,
}

/// Leads to the inbox of a name.
pub(super) async fn find_inbox(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["name"])?;
    Ok(Shown::to(view.link(&format!("/inbox/{}", segment(view.query("name").unwrap_or("default").trim())))))
}

/// What came to a built-in receiver, newest first.
pub(super) async fn inbox(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["before"])?;
    let name = view.parameter("name");
    let before = view.query("before").map(|before| format!("&before={}", segment(before))).unwrap_or_default();
    let inbox: Inbox = view.get(&format!("/inbox/{}?limit={}{before}", segment(name), ROWS + 1)).await?;
    let older = inbox.letters.len().saturating_sub(ROWS);
    let shown = &inbox.letters[older..];
    let here = view.link(&format!("/inbox/{}", segment(name)));
    let body = html! {
        div.head {
            div {
                p.xs { a href=(view.link("/webhooks")) data-key="u" { "Webhooks" } " / inbox" }
                h1 { "Inbox " (short(name, 60)) }
                p {
                    "Received " (count(inbox.received)) ", kept " (count(inbox.kept))
                    ". Times are those of the wall clock."
                }
            }
            form.row method="post" action=(view.link("/do/inbox-clear")) {
                (view.hidden())
                input type="hidden" name="name" value=(name);
                button.b.danger disabled[inbox.kept == 0] { "Empty it" }
            }
        }
        @if shown.is_empty() {
            section.box {
                div.empty {
                    h2 { "No letters" }
                    p { "What is sent to " code { "/_seatrial/inbox/" (short(name, 60)) } " appears here." }
                }
            }
        }
        div.stack {
            @for (index, letter) in shown.iter().rev().enumerate() {
                section.box {
                    header {
                        h2 { "Letter " (count(letter.number)) }
                        span.muted.xs {
                            (full(letter.received))
                            @if let Some(sandbox) = &letter.sandbox { " · " (short(sandbox, 60)) }
                            @if !letter.query.is_empty() { " · ?" (short(&letter.query, 80)) }
                        }
                    }
                    details {
                        summary.in { (counted(letter.headers.len(), "header")) }
                        @let rows = letter.headers.iter().take(LINES).map(|(name, value)| (name.as_str(), value.as_str().unwrap_or("…")));
                        (headers(rows, letter.headers.len().min(LINES)))
                    }
                    details open[index == 0] { summary.in { "Body, " (parts::bytes(letter.text.len())) } (payload(&letter.text, LETTER)) }
                }
            }
        }
        p.row {
            @if view.query("before").is_some() { a.b href=(here) { "Newest" } }
            @if let Some(oldest) = shown.first().filter(|_| older > 0) {
                a.b rel="next" href={ (here) "?before=" (oldest.number) } { "Older" }
            }
        }
    };
    Ok(Shown::content(format!("Inbox {name}"), body))
}

pub(super) async fn clear_inbox(view: &View<'_>) -> Result<(), Failure> {
    view.send(::http::Method::DELETE, &format!("/inbox/{}", segment(view.form.get("name"))), None).await.map(drop)
}
