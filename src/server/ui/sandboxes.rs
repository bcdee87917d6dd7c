//! Sandboxes: which worlds there are, and what may be done to one as a whole.

use ::http::header::{CONTENT_DISPOSITION, HeaderValue};
use ::http::{Method, StatusCode};
use bytes::Bytes;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::time::Timestamp;
use crate::engine::DEFAULT;
use crate::server::clock::wall;
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, count, full, short};
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{self, PAGES, View, segment};

/// How many sandboxes a page has.
const ROWS: usize = 40;

/// What goes, and what stays, when a sandbox is reset.
const RESET: &str = "Data, journal, faults and the clock go back to when the scenario was loaded; snapshots stay.";

/// How many snapshots a page has.
const SNAPSHOTS: usize = 50;

#[derive(Deserialize)]
struct Sandboxes {
    sandboxes: Vec<Sandbox>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Sandbox {
    name: String,
    scenario: String,
    seed: u64,
    clock: Clock,
    expires: Option<Timestamp>,
    usage: Usage,
    requests: u64,
    parcels: u64,
    snapshots: Vec<Snapshot>,
}

#[derive(Deserialize)]
struct Clock {
    now: Timestamp,
    mode: Value,
    due: u64,
}

#[derive(Deserialize)]
struct Usage {
    documents: usize,
    documents_limit: usize,
    journal: usize,
    journal_limit: usize,
    full: bool,
}

#[derive(Deserialize)]
struct Snapshot {
    name: String,
    at: Timestamp,
    bytes: usize,
}

impl Sandbox {
    /// The address of one of its pages.
    fn link(&self, rest: &str) -> String {
        view::link(&self.name, rest)
    }

    fn expiry(&self) -> String {
        self.expires.map_or_else(|| "stays".to_owned(), |at| format!("in {}", parts::span(at.duration_since(wall()))))
    }

    fn mode(&self) -> String {
        match (&self.clock.mode, self.clock.mode["speed"].as_f64()) {
            (Value::String(mode), _) => short(mode, 20).into_owned(),
            (_, Some(speed)) => format!("× {}", count(speed as u64)),
            _ => String::new(),
        }
    }
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["q", "after"])?;
    let pairs = ["q", "after"].into_iter().filter_map(|name| Some(format!("&{name}={}", segment(view.query(name)?))));
    let page: Sandboxes = view.get(&format!("/sandboxes?view=row&limit={ROWS}{}", pairs.collect::<String>())).await?;
    let query = view.query("q").map(|text| format!("q={}&", segment(text))).unwrap_or_default();
    let body = html! {
        div.head {
            div {
                h1 { "Sandboxes" }
                p {
                    "Each has its own clock, data, journal and credentials. Who presents its credentials, or calls "
                    code { "/@name/…" } ", is in it."
                }
            }
        }
        form.filters role="search" action={ (PAGES) "/sandboxes" } {
            label.vh for="q" { "Name" }
            input #q name="q" type="search" placeholder="Name or scenario" size="24" value=[view.query("q")];
            button.b { "Filter" }
        }
        div.cols {
            section.box {
                @if page.sandboxes.is_empty() {
                    div.empty { h2 { "None that fit" } p { a href={ (PAGES) "/sandboxes" } { "All sandboxes" } } }
                } @else { (table(&page.sandboxes)) }
                footer {
                    span { (count(view.admin.machine.sandboxes().len() as u64)) " in this process" }
                    div.push.row {
                        @if view.query("after").is_some() { a.b.s href={ (PAGES) "/sandboxes?" (query) } { "First page" } }
                        @if let Some(next) = &page.next {
                            a.b.s rel="next" href={ (PAGES) "/sandboxes?" (query) "after=" (segment(next)) } { "Next page" }
                        }
                    }
                }
            }
            (maker(view, false))
        }
    };
    Ok(Shown::content("Sandboxes", body))
}

fn table(sandboxes: &[Sandbox]) -> Markup {
    html! {
        div.scroll {
            table.fold role="table" aria-label="Sandboxes" {
                thead {
                    tr role="row" {
                        @for name in ["Name", "Scenario", "Clock", "Requests", "Parcels", "Data", "Expires", "Snapshots"] {
                            th scope="col" role="columnheader" { (name) }
                        }
                    }
                }
                tbody {
                    @for sandbox in sandboxes {
                        tr role="row" {
                            td.nowrap role="cell" {
                                a href=(sandbox.link("")) { b { (short(&sandbox.name, 64)) } } " "
                                a.xs href=(sandbox.link("/sandbox")) aria-label={ "Change " (short(&sandbox.name, 64)) } { "change" }
                            }
                            td.w role="cell" { (short(&sandbox.scenario, 60)) }
                            td.nowrap role="cell" {
                                (sandbox.clock.now.strftime("%-d %b %Y %H:%M:%S")) " " span.muted { (sandbox.mode()) }
                            }
                            td.num role="cell" data-l="requests" { (count(sandbox.requests)) }
                            td.num role="cell" data-l="parcels" { (count(sandbox.parcels)) }
                            td.num.muted role="cell" data-l="data" { (parts::bytes(sandbox.usage.documents)) }
                            td.nowrap.muted role="cell" data-l="expires" { (sandbox.expiry()) }
                            td.num role="cell" data-l="snapshots" { (count(sandbox.snapshots.len() as u64)) }
                        }
                    }
                }
            }
        }
    }
}

/// The form that makes a sandbox: a new one, or a copy of that of the page.
fn maker(view: &View<'_>, is_copy: bool) -> Markup {
    let (title, action) = if is_copy { ("Fork", "fork") } else { ("Create", "sandbox-create") };
    html! {
        section.box {
            header { h2 { (title) } }
            form.in.fields method="post" action=(view.link(&format!("/do/{action}"))) {
                (view.hidden())
                div.field {
                    label for="new-name" { @if is_copy { "Name of the copy" } @else { "Name" } }
                    input #new-name name="name" type="text" maxlength="64" placeholder="made up";
                }
                @if !is_copy {
                    div.field {
                        label for="new-scenario" { "Scenario, built in" }
                        input #new-scenario name="scenario" type="text" placeholder="none";
                    }
                }
                div.half {
                    div.field {
                        label for="new-seed" { "Seed" }
                        input #new-seed name="seed" type="text" placeholder="of the name";
                    }
                    div.field {
                        label for="new-ttl" { "Removed when idle for" }
                        input #new-ttl name="ttl" type="text" placeholder="as usual";
                    }
                }
                @if is_copy { p.xs.muted { "It has the same data and time, and credentials of its own." } }
                div { button.b { (title) } }
            }
        }
    }
}

/// What may be done to one sandbox as a whole.
pub(super) async fn one(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[])?;
    let sandbox: Sandbox = view.get(&view.route("")).await?;
    let usage = &sandbox.usage;
    let body = html! {
        div.head {
            div {
                p.xs { a href={ (PAGES) "/sandboxes" } { "Sandboxes" } }
                h1 { "Sandbox " (short(&sandbox.name, 64)) }
                div.meta {
                    span { "scenario " b { (short(&sandbox.scenario, 80)) } }
                    span { "seed " b { (sandbox.seed) } }
                    span { b { (full(sandbox.clock.now)) } " " (sandbox.mode()) ", " (count(sandbox.clock.due)) " planned" }
                    span { "data " b { (parts::bytes(usage.documents)) } " of " (parts::bytes(usage.documents_limit)) }
                    span { "journal " b { (parts::bytes(usage.journal)) } " of " (parts::bytes(usage.journal_limit)) }
                    span { b { (sandbox.expiry()) } }
                    @if usage.full { span.mid { "full: calls that would store more are refused" } }
                }
            }
            div.row {
                a.b href=(view.link("/sandbox/export")) download { "Export" }
                a.b.danger href=(view.link("/sandbox/reset")) { "Reset…" }
                @if sandbox.name == DEFAULT { span.xs.muted { "The default sandbox stays." } }
                @else { a.b.danger href=(view.link("/sandbox/delete")) { "Delete…" } }
            }
        }
        div.cols {
            div.stack { (snapshots(view, &sandbox)) (import(view)) }
            (maker(view, true))
        }
    };
    Ok(Shown::content("Sandbox", body))
}

fn snapshots(view: &View<'_>, sandbox: &Sandbox) -> Markup {
    let ask = |what: &str, name: &str| view.link(&format!("/sandbox/{what}?name={}", segment(name)));
    html! {
        section.box {
            header { h2 { "Snapshots" } span.muted.xs { (count(sandbox.snapshots.len() as u64)) } }
            @if !sandbox.snapshots.is_empty() {
                div.scroll {
                    table.fold role="table" aria-label="Snapshots" {
                        thead {
                            tr role="row" {
                                th.w100 scope="col" role="columnheader" { "Name" }
                                th scope="col" role="columnheader" { "Taken" }
                                th.num scope="col" role="columnheader" { "Size" }
                                th scope="col" role="columnheader" { span.vh { "Actions" } }
                            }
                        }
                        tbody {
                            @for row in sandbox.snapshots.iter().take(SNAPSHOTS) {
                                tr role="row" {
                                    td.w role="cell" { b { (short(&row.name, 64)) } }
                                    td.nowrap role="cell" { (full(row.at)) }
                                    td.num role="cell" { (parts::bytes(row.bytes)) }
                                    td.end role="cell" {
                                        div.row {
                                            a.b.s href=(ask("restore", &row.name)) { "Restore…" }
                                            a.b.s.danger href=(ask("drop", &row.name)) { "Drop…" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            form.in.fields method="post" action=(view.link("/do/snapshot")) {
                (view.hidden())
                div.field {
                    label for="snapshot" { "Keep the state of this moment under a name" }
                    span.row { input #snapshot name="name" type="text" maxlength="64" placeholder="default"; button.b { "Snapshot" } }
                }
            }
        }
    }
}

fn import(view: &View<'_>) -> Markup {
    html! {
        section.box {
            header { h2 { "Import" } }
            form.in.fields method="post" action=(view.link("/do/import")) {
                (view.hidden())
                div.field {
                    label for="file" { "An exported file, in place of everything here" }
                    textarea #file name="file" rows="6" spellcheck="false" required {}
                }
                p.xs.muted { "Up to 1 MiB; the admin API takes larger ones." }
                div { button.b { "Import" } }
            }
        }
    }
}

/// Asks on a page of its own before something goes.
pub(super) async fn ask(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["name"])?;
    let snapshot = view.query("name").unwrap_or_default();
    let (title, action, goes, back) = match view.parameter("what") {
        "reset" => ("Reset the sandbox", "sandbox-reset", RESET, "/sandbox"),
        "delete" => ("Delete the sandbox", "sandbox-delete", "Its data, journal, snapshots and credentials go.", ""),
        "restore" => {
            ("Restore a snapshot", "restore", "Data and clock go back to it; what came after is lost. The snapshot stays.", "/sandbox")
        }
        "drop" => ("Drop a snapshot", "snapshot-drop", "It can not be restored any more.", "/sandbox"),
        _ => return Err(Failure::new(StatusCode::NOT_FOUND, "there is no such page")),
    };
    let back = if back.is_empty() { format!("{PAGES}/sandboxes") } else { view.link(back) };
    let body = html! {
        div.head { div { h1 { (title) } } }
        section.box {
            div.in {
                p {
                    "Sandbox " b { (short(view.sandbox(), 64)) }
                    @if !snapshot.is_empty() { ", snapshot " b { (short(snapshot, 64)) } }
                    ". " (goes)
                }
            }
            footer {
                form.row method="post" action=(view.link(&format!("/do/{action}"))) {
                    (view.hidden())
                    input type="hidden" name="back" value=(back);
                    input type="hidden" name="name" value=(snapshot);
                    button.b.danger { (title) }
                    a.b href=(view.link("/sandbox")) { "Keep it as it is" }
                }
            }
        }
    };
    Ok(Shown::content(title, body))
}

pub(super) async fn export(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[])?;
    let mut answer = view.ask(Method::GET, &view.route("/export"), "application/json", &Bytes::new()).await?;
    let status = answer.status();
    if !status.is_success() {
        return view.bytes(answer).await.and(Err(Failure::new(status, "there is nothing to export")));
    }
    answer.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"sandbox.json\""));
    Ok(Shown::File(answer))
}

/// The fields of the form that are filled in, as members of a body.
fn members(view: &View<'_>, names: &[&str]) -> serde_json::Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), Value::from(view.form.text(name)?)))).collect()
}

/// What the form of a new sandbox says.
fn wanted(view: &View<'_>) -> Result<Value, Failure> {
    let mut body = members(view, &["name", "scenario", "ttl"]);
    if let Some(seed) = view.form.text("seed") {
        let seed: u64 = seed.parse().map_err(|_| Failure::new(StatusCode::BAD_REQUEST, format!("a seed is a number, found `{seed}`")))?;
        body.insert("seed".to_owned(), seed.into());
    }
    Ok(body.into())
}

pub(super) async fn create_one(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, "/sandboxes", Some(&wanted(view)?)).await.map(drop)
}

pub(super) async fn fork_one(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &view.route("/fork"), Some(&wanted(view)?)).await.map(drop)
}

pub(super) async fn reset(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &view.route("/reset"), Some(&json!({}))).await.map(drop)
}

pub(super) async fn snapshot(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &view.route("/snapshot"), Some(&members(view, &["name"]).into())).await.map(drop)
}

pub(super) async fn restore(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &view.route("/restore"), Some(&json!({"name": view.form.get("name")}))).await.map(drop)
}

pub(super) async fn drop_snapshot(view: &View<'_>) -> Result<(), Failure> {
    let path = view.route(&format!("/snapshots/{}", segment(view.form.get("name"))));
    view.send(Method::DELETE, &path, None).await.map(drop)
}

pub(super) async fn delete(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::DELETE, &view.route(""), None).await.map(drop)
}

pub(super) async fn import_one(view: &View<'_>) -> Result<(), Failure> {
    let file = Bytes::copy_from_slice(view.form.get("file").as_bytes());
    let answer = view.ask(Method::POST, &view.route("/import"), "application/json", &file).await?;
    view.bytes(answer).await.map(drop)
}
