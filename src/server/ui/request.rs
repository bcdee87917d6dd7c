//! A request: why this was the answer, before what was sent and what came back.

use ::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use ::http::{Method, Response, StatusCode};
use bytes::Bytes;
use maud::{Markup, html};
use serde::Deserialize;

use crate::server::body::{Payload, full_body};
use crate::server::ui::body as lines;
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, copy, count, full, glyph, short};
use crate::server::ui::requests::now;
use crate::server::ui::rows::{Call, Message, Note, Step, tone};
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// What texts that are no page are served with, so that no browser takes them for one.
const INERT: &str = "sandbox; default-src 'none'";

/// Formats of the call for other tools.
const FORMATS: [(&str, &str); 4] = [("curl", "curl"), ("har", "HAR"), ("conversation", "Conversation YAML"), ("override", "Override YAML")];

/// How many overrides and faults are shown that left the call alone.
const MOST_RULES: usize = 20;

/// What the overrides and faults were to the call.
#[derive(Deserialize)]
struct Explanation {
    rules: Vec<Rule>,
    others: usize,
    remarks: Vec<String>,
}

#[derive(Deserialize)]
struct Rule {
    what: String,
    name: String,
    line: Option<usize>,
    #[serde(default)]
    column: Option<usize>,
    outcome: String,
    detail: String,
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[])?;
    let call = read(view).await?;
    let explanation: Explanation = view.get(&route(view, "/explain")).await?;
    let (older, newer) = neighbors(view, call.number);
    let link = |id: &str| view.link(&format!("/requests/{}", segment(id)));
    let of = |step: Step| call.notes.iter().filter(|note| note.step() == step).collect::<Vec<_>>();
    let about_request: Vec<&Note> = of(Step::Contract);
    let about_answer = of(Step::Answer);
    let body = html! {
        div.head {
            div {
                p.xs { a href=(view.link("/requests")) data-key="u" { "Requests" } " / #" (count(call.number)) }
                h1 { span.mono { (short(&call.method, 12)) " " (short(&call.target, 200)) } }
                div.meta {
                    span { b { (short(call.operation.as_deref().unwrap_or(&call.vendor), 80)) } }
                    span { (call.outcome()) }
                    span { "virtual " b { (parts::moment(call.at, now(view))) } }
                    @let received = call.received.strftime("%-d %b %H:%M:%S%.3f");
                    span { "received " b { time datetime=(call.received) title=(full(call.received)) { (received) } } }
                    @if let Some(took) = call.duration_ms { span { "took " b { (format!("{took:.1} ms")) } } }
                    span { "id " code { (short(&call.id, 120)) } " " (copy(&call.id, "id")) }
                }
            }
            nav.row aria-label="Neighbors" {
                @if let Some(id) = &older { a.b rel="prev" href=(link(id)) { "← Older " kbd.nos { "k" } } }
                @if let Some(id) = &newer { a.b rel="next" href=(link(id)) { "Newer → " kbd.nos { "j" } } }
            }
        }
        div.stack {
            section.box {
                header { h2 { "Why this answer" } (call.chips()) }
                ol.way { (way(view, &call, &explanation, &of)) }
            }
            div.row role="group" aria-label="Copy this exchange as" {
                span.muted.xs { "Copy as" }
                @for (format, label) in FORMATS {
                    @if format != "override" || call.operation.is_some() {
                        @let key = (format == "curl").then_some("c");
                        a.b href={ (link(&call.id)) "/export?format=" (format) } data-copy-from data-key=[key] {
                            (label) @if format == "curl" { " " kbd.nos { "c" } }
                        }
                    }
                }
                span.xs.muted { "credentials are left out" }
            }
            div.half {
                (message(view, "Request", None, Some(&call.request), &about_request, &call.id))
                @let answer = call.answer.as_ref();
                (message(view, "Answer", answer.map(|answer| answer.status), answer.map(|answer| &answer.message), &about_answer, &call.id))
            }
        }
    };
    Ok(Shown::content(format!("#{} {}", count(call.number), call.operation.as_deref().unwrap_or(&call.target)), body))
}

/// The page of the newest call.
pub(super) async fn latest(view: &View<'_>) -> Result<Shown, Failure> {
    let (newest, _) = neighbors(view, u64::MAX);
    Ok(Shown::to(newest.map_or_else(|| view.link("/requests"), |id| view.link(&format!("/requests/{}", segment(&id))))))
}

/// A body as text, whole.
pub(super) async fn body(view: &View<'_>) -> Result<Shown, Failure> {
    let call = read(view).await?;
    let message = match view.parameter("of") {
        "request" => Some(&call.request),
        "answer" => call.answer.as_ref().map(|answer| &answer.message),
        _ => None,
    };
    let message = message.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "there is no such body"))?;
    Ok(Shown::File(inert(lines::text(message).into(), None)))
}

/// The call for other tools.
pub(super) async fn export(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["format"])?;
    let format = view.query("format").unwrap_or("curl");
    let bytes = view.send(Method::GET, &route(view, &format!("/export?format={}", segment(format))), None).await?;
    let name = match format {
        "har" => "call.har",
        "curl" => "call.sh",
        "ndjson" => "call.ndjson",
        _ => "call.yaml",
    };
    Ok(Shown::File(inert(bytes, Some(name))))
}

async fn read(view: &View<'_>) -> Result<Call, Failure> {
    view.get(&route(view, "")).await
}

fn route(view: &View<'_>, rest: &str) -> String {
    format!("/requests/{}{rest}", segment(view.parameter("id")))
}

fn inert(text: Bytes, name: Option<&str>) -> Response<Payload> {
    let mut response = Response::new(full_body(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(INERT));
    let disposition = name.map(|name| format!("inline; filename=\"{name}\""));
    headers.extend(disposition.and_then(|text| text.parse().ok()).map(|value| (CONTENT_DISPOSITION, value)));
    response
}

/// The calls right before and after, if they are still there.
fn neighbors(view: &View<'_>, number: u64) -> (Option<String>, Option<String>) {
    let Some(sandbox) = view.admin.machine.sandbox(view.sandbox()) else { return (None, None) };
    let journal = sandbox.journal();
    let older = journal.between(0, number).next().map(|entry| entry.id.to_string());
    (older, journal.next(number).map(|entry| entry.id.to_string()))
}

/// The steps on the way to the answer, in their order.
fn way<'c>(view: &View<'_>, call: &'c Call, explanation: &Explanation, of: &dyn Fn(Step) -> Vec<&'c Note>) -> Markup {
    let fired = explanation.rules.iter().find(|rule| rule.outcome == "fired");
    let is_vendors = call.operation.is_some();
    // Whether the scenario answered in place of the vendor.
    let instead = call.effect.as_ref().is_some_and(|effect| !effect.committed && !matches!(effect.kind.as_str(), "patch" | "latency"));
    let sandbox = view.sandbox();
    html! {
        (step("Route", &of(Step::Route), html! {
            (short(&call.method, 12)) " " code { (short(call.target.split('?').next().unwrap_or_default(), 160)) }
            @match &call.operation {
                Some(name) => { " is " b { (short(name, 80)) } },
                None => { " leads to no operation of " b { (short(&call.vendor, 40)) } },
            }
            " in sandbox " (short(sandbox, 64))
        }))
        (step("Contract", &of(Step::Contract), html! {
            @if is_vendors { "the request is as the document wants it" } @else { span.muted { "not checked" } }
        }))
        (step("Credentials", &of(Step::Credentials), html! {
            @if is_vendors { "accepted, or not needed" } @else { span.muted { "not looked at" } }
        }))
        @let none = explanation.rules.is_empty();
        li.act[fired.is_some()] {
            (glyph(if fired.is_some() { "bolt" } else { "check" }))
            b { "Scenario" }
            ul {
                @if let Some(rule) = fired { li { (rule_line(rule, &explanation.rules)) } }
                @for note in of(Step::Scenario) { @if note.code != "fault" || fired.is_none() { li { (lines::remark(note)) } } }
                @if none && fired.is_none() { li.muted { "no override or fault is about this operation" } }
                @let others = explanation.rules.iter().filter(|rule| rule.outcome != "fired");
                @for rule in others.take(MOST_RULES) { li.muted { (rule_line(rule, &explanation.rules)) } }
                @if explanation.others > 0 { li.muted { (parts::counted(explanation.others, "rule")) " about other operations" } }
                @for remark in explanation.remarks.iter().take(5) { li.muted { (short(remark, 300)) } }
            }
        }
        @if instead {
            li { (glyph("cross")) b { "Behavior" } span.muted { "not run, nothing was stored" } }
        } @else {
            (step("Behavior", &of(Step::Behavior), html! {
                @match call.answer.as_ref().map(|answer| answer.status) {
                    None => { span.muted { "no answer was made" } },
                    Some(400..500) => { "the vendor refuses; what a refusal leaves undone is rolled back" },
                    Some(_) => { "done" },
                }
            }))
        }
        (step("Answer", &of(Step::Answer), html! {
            @match &call.answer {
                Some(answer) => {
                    span class={ "st " (tone(Some(answer.status))) } { (answer.status) } ", " (parts::bytes(answer.message.length))
                },
                None => { span.muted { "none" } },
            }
        }))
        li.bad[!call.was_sent()] {
            (glyph(if call.was_sent() { "check" } else { "cut" }))
            b { "Sent" }
            span {
                @if call.was_sent() { (parts::bytes(call.wire.bytes)) ", whole" }
                @else {
                    b { (short(&call.wire.end, 20)) } ": the caller received "
                    @match call.status { Some(status) => { (status) " and " (parts::bytes(call.wire.bytes)) }, None => { "no answer" } }
                    @if call.effect.as_ref().is_some_and(|effect| effect.committed) { "; the work was done all the same" }
                }
            }
        }
    }
}

fn step(name: &'static str, notes: &[&Note], usual: Markup) -> Markup {
    let blame = |note: &Note| html! { @if note.blame != "caller" { " · blame: " b { (short(&note.blame, 20)) } } };
    html! {
        @if notes.is_empty() {
            li { (glyph("check")) b { (name) } span { (usual) } }
        } @else {
            li.bad {
                (glyph("warn"))
                b { (name) }
                ul {
                    @for note in notes.iter().take(20) {
                        li { (lines::remark(note)) (blame(note)) " " span.muted { "· " (short(&note.code, 40)) } }
                    }
                    @if notes.len() > 20 { li.muted { "and " (count(notes.len() as u64 - 20)) " more" } }
                }
            }
        }
    }
}

fn rule_line(rule: &Rule, all: &[Rule]) -> Markup {
    let column = rule.column.filter(|_| all.iter().filter(|other| other.line == rule.line).count() > 1);
    let outcome = match rule.outcome.as_str() {
        "fired" => "had its effect",
        "condition_failed" => "did not match",
        "passed_over" => "matched, and left the call alone",
        "not_reached" => "was not reached",
        _ => "unknown",
    };
    html! {
        @match rule.line {
            Some(line) => {
                "override in line " (line) @if let Some(column) = column { ", column " (column) }
                " (" code { (short(&rule.name, 80)) } ")"
            },
            None => { (short(&rule.what, 20)) " " code { (short(&rule.name, 80)) } },
        }
        " " b { (outcome) }
        @if !rule.detail.is_empty() { ": " (short(&rule.detail, 300)) }
    }
}

fn message(view: &View<'_>, title: &'static str, status: Option<u16>, message: Option<&Message>, notes: &[&Note], id: &str) -> Markup {
    let whole = view.link(&format!("/requests/{}/body/{}", segment(id), title.to_lowercase()));
    html! {
        section.box {
            header {
                h2 { (title) @if let Some(status) = status { " " span class={ "st " (tone(Some(status))) } { (status) } } }
                @if let Some(message) = message {
                    span.muted.xs {
                        @if let Some(kind) = message.headers.get("content-type").and_then(|kind| kind.as_str()) { (short(kind, 60)) " · " }
                        (parts::bytes(message.length))
                    }
                    @if message.length > 0 { a.copy href=(whole) data-copy-from { "copy body" } }
                }
            }
            @match message {
                Some(message) => { (lines::render(message, notes, &whole)) (lines::headers(message)) },
                None => { p.in.muted { "No answer was made." } },
            }
        }
    }
}
