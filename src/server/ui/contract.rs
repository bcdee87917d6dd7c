//! Contract: what is expected of the client, what it departs in from the vendors' documents, and what was never tried.

use std::collections::BTreeSet;

use ::http::Method;
use maud::{Markup, html};
use serde::Deserialize;

use crate::contract::{ExercisedOperation, Finding, Report, VendorReport};
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{chip, count, counted, glyph, short};
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// How many expectations, and how many findings of a kind, a page has.
const ROWS: usize = 12;

/// How many operations the matrix has on a page.
const OPERATIONS: usize = 40;

/// How many statuses the matrix has at most.
const STATUSES: usize = 14;

#[derive(Deserialize)]
struct Verdicts {
    verdict: String,
    findings: Vec<Judged>,
    dropped: u64,
    unused: Vec<Unused>,
    #[serde(default)]
    pending: u64,
}

#[derive(Deserialize)]
struct Judged {
    expectation: String,
    line: usize,
    verdict: String,
    detail: String,
    evidence: Vec<String>,
    more: u64,
}

#[derive(Deserialize)]
struct Unused {
    what: String,
    name: String,
    line: Option<usize>,
    detail: String,
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["vendor", "from"])?;
    let verdicts = view.send(Method::POST, &view.route("/verify?at_most=3ms"), None).await?;
    let verdicts: Verdicts =
        serde_json::from_slice(&verdicts).map_err(|error| Failure::new(::http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let report: Report = view.get(&view.route(&format!("/contract?wait=4ms&findings={}", ROWS + 1))).await?;
    let body = html! {
        div.head {
            div {
                h1 { "Contract" }
                p { "What calls owe to the vendors' documents, and what this scenario expects of your client." }
            }
            div.row {
                a.b href=(view.link("/contract")) { "Judge again" }
                a.b href={ "/_seatrial" (view.route("/contract")) } { "JSON" }
            }
        }
        div.stack {
            @if report.pending > 0 {
                p.did role="status" {
                    (glyph("clock"))
                    (count(report.calls + report.foreign)) " requests are judged, " (count(report.pending)) " are being judged now. "
                    a href=(view.link("/contract")) { "Look again" }
                }
            }
            (expectations(view, &verdicts))
            @for (title, rows) in [
                ("Violations", &report.violations),
                ("Not in the document", &report.undocumented),
                ("Deprecated", &report.deprecated),
            ] {
                @if title == "Violations" || !rows.is_empty() { (findings(view, title, rows)) }
            }
            (coverage(view, &report))
        }
    };
    Ok(Shown::content("Contract", body))
}

fn verdict_chip(verdict: &str) -> Markup {
    match verdict {
        "passed" => chip("green", "check", "passed"),
        "failed" => chip("red", "cross", "failed"),
        _ => chip("plain", "unknown", "unknown"),
    }
}

fn expectations(view: &View<'_>, verdicts: &Verdicts) -> Markup {
    html! {
        section.box {
            header { h2 { "Expectations" } @if !verdicts.findings.is_empty() { (verdict_chip(&verdicts.verdict)) } }
            @if verdicts.pending > 0 {
                p.did role="status" {
                    (glyph("clock"))
                    "The expectations are being judged anew: " (count(verdicts.pending)) " requests are not in these verdicts yet. "
                    a href=(view.link("/contract")) { "Look again" }
                }
            }
            @if verdicts.findings.is_empty() && verdicts.pending > 0 {
                div.empty { p { "No verdict yet." } }
            } @else if verdicts.findings.is_empty() {
                div.empty { p { "The scenario expects nothing." } }
            } @else {
                div.scroll {
                    table.fold role="table" aria-label="Expectations" {
                        thead {
                            tr role="row" {
                                @for name in ["Verdict", "Expectation", "Found", "Evidence"] {
                                    th scope="col" role="columnheader" { (name) }
                                }
                            }
                        }
                        tbody { @for row in verdicts.findings.iter().take(ROWS) { (judged(view, row)) } }
                    }
                }
            }
            @if !verdicts.unused.is_empty() {
                ul.say aria-label="Without effect" {
                    @for row in verdicts.unused.iter().take(ROWS) {
                        li {
                            span.mid { (glyph("warn")) }
                            span {
                                "The " (short(&row.what, 20)) " " code { (short(&row.name, 80)) }
                                @if let Some(line) = row.line { " in line " (line) }
                                " had no effect: " (short(&row.detail, 200))
                            }
                        }
                    }
                }
            }
            footer {
                @if verdicts.findings.len() > ROWS { span { (counted(verdicts.findings.len() - ROWS, "more expectation")) } }
                span {
                    "Where evidence has left the journal, a verdict is unknown. "
                    @if verdicts.dropped > 0 { (counted(usize::try_from(verdicts.dropped).unwrap_or(usize::MAX), "request")) " made room." }
                    @else { "Nothing was dropped." }
                }
            }
        }
    }
}

/// The page of a call, whose id begins with the name of its sandbox, or of a delivery.
fn evidence(view: &View<'_>, id: &str) -> String {
    let is_call = id.strip_prefix(view.sandbox()).is_some_and(|rest| rest.starts_with('-'));
    view.link(&format!("/{}/{}", if is_call { "requests" } else { "deliveries" }, segment(id)))
}

fn judged(view: &View<'_>, row: &Judged) -> Markup {
    html! {
        tr role="row" {
            td role="cell" { (verdict_chip(&row.verdict)) }
            td.w.mono role="cell" { (short(&row.expectation, 120)) " " span.muted.xs { "L" (row.line) } }
            td.w role="cell" { (short(&row.detail, 120)) }
            td.end role="cell" {
                @for id in row.evidence.iter().take(2) { a.xs href=(evidence(view, id)) { (short(id, 40)) } " " }
                @let more = row.more + row.evidence.len().saturating_sub(2) as u64;
                @if more > 0 { span.muted.xs { "and " (count(more)) " more" } }
            }
        }
    }
}

fn findings(view: &View<'_>, title: &str, rows: &[Finding]) -> Markup {
    html! {
        section.box {
            header { h2 { (title) } @if !rows.is_empty() { span.muted.xs { "most frequent first" } } }
            @if rows.is_empty() {
                div.empty { p { "Every call is as the documents want it." } }
            } @else {
                div.scroll {
                    table.fold role="table" aria-label=(title) {
                        thead {
                            tr role="row" {
                                @for name in ["Operation", "Where", "Found", "Seen", "First"] {
                                    th scope="col" role="columnheader" { (name) }
                                }
                            }
                        }
                        tbody {
                            @for row in rows.iter().take(ROWS) {
                                tr role="row" {
                                    td role="cell" { (short(row.subject(), 44)) }
                                    td.w role="cell" { code { (short(&row.place(), 60)) } }
                                    td.w role="cell" { (short(&row.detail, 100)) " " span.muted.xs { (short(&row.rule, 40)) } }
                                    td role="cell" { (row.frequency()) }
                                    td.end.nowrap role="cell" {
                                        a.xs href=(view.link(&format!("/requests/{}", segment(&row.first)))) { (short(&row.first, 40)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if rows.len() > ROWS { footer { span { "There are more; the JSON has all." } } }
        }
    }
}

fn coverage(view: &View<'_>, report: &Report) -> Markup {
    let chosen = view.query("vendor");
    let vendor = report.vendors.iter().find(|row| chosen.is_none_or(|chosen| row.vendor == chosen));
    html! {
        section.box {
            header {
                h2 { "Operations and statuses" }
                @if !report.vendors.is_empty() {
                    nav.seg aria-label="Vendor" {
                        @for row in report.vendors.iter().take(20) {
                            @let is_chosen = vendor.is_some_and(|vendor| vendor.vendor == row.vendor);
                            a href={ (view.link("/contract?vendor=")) (segment(&row.vendor)) } aria-current=[is_chosen.then_some("true")] {
                                (short(&row.vendor, 32))
                            }
                        }
                    }
                }
            }
            @match vendor {
                Some(vendor) => { (matrix(view, vendor)) },
                None => { div.empty { p { "Nothing was called so far." } } },
            }
        }
    }
}

fn matrix(view: &View<'_>, vendor: &VendorReport) -> Markup {
    let seen = vendor.exercised.iter().flat_map(|row| row.statuses.keys().chain(&row.never).copied());
    let statuses: Vec<u16> = seen.collect::<BTreeSet<_>>().into_iter().take(STATUSES).collect();
    let from = view.query("from").and_then(|text| text.parse().ok()).unwrap_or(0).min(vendor.exercised.len());
    let end = (from + OPERATIONS).min(vendor.exercised.len());
    let link = |from: usize| view.link(&format!("/contract?vendor={}&from={from}", segment(&vendor.vendor)));
    html! {
        div.scroll tabindex="0" role="region" aria-label="Matrix of operations and statuses" {
            table.matrix {
                thead {
                    tr {
                        th scope="col" { "Operation" }
                        @for status in &statuses { th.num scope="col" { @if *status == 0 { "none" } @else { (status) } } }
                    }
                }
                tbody { @for row in &vendor.exercised[from..end] { (line(view, row, &statuses)) } }
            }
        }
        footer {
            span {
                (count(vendor.exercised.len() as u64)) " of " (counted(vendor.operations, "operation")) " called. "
                "○ is in the document and was never met."
            }
            div.push.row {
                @if from > 0 { a.b.s href=(link(from.saturating_sub(OPERATIONS))) { "Before" } }
                @if end < vendor.exercised.len() { a.b.s rel="next" href=(link(end)) { "More" } }
            }
        }
        @if !vendor.never.is_empty() {
            details {
                summary.in { (counted(vendor.never.len(), "operation")) " never called" }
                p.in { (short(&vendor.never.join(", "), 6_000)) }
            }
        }
    }
}

fn line(view: &View<'_>, row: &ExercisedOperation, statuses: &[u16]) -> Markup {
    let of = format!("/requests?operation={}", segment(&row.operation));
    html! {
        tr {
            th scope="row" { a href=(view.link(&of)) { (short(&row.operation, 60)) } }
            @for status in statuses {
                @match row.statuses.get(status) {
                    Some(number) => {
                        @let wanted = if *status == 0 { "none".to_owned() } else { status.to_string() };
                        td.num.seen { a href={ (view.link(&of)) "&status=" (wanted) } { (count(*number)) } }
                    },
                    None if row.never.contains(status) => { td.num.todo { span role="img" aria-label="never" { "○" } } },
                    None => { td.num {} },
                }
            }
        }
    }
}
