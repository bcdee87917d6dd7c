//! The reference: what vendors can be asked, how that is known, and a call of each that works and can be made from here.

use ::http::{Method, StatusCode};
use bytes::Bytes;
use indexmap::{IndexMap, IndexSet};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::contract::{ExercisedOperation, Report};
use crate::engine::LoadedVendor;
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{chip, copy, count, counted, glyph, short, visible};
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// How many operations the list has, and how many parameters are shown of one.
const ROWS: usize = 160;
const PARAMETERS: usize = 40;

/// How much of an example is shown.
const EXAMPLE: usize = 6_000;

/// What evidence there is, each with a glyph.
const EVIDENCE: [(&str, &str); 4] = [("recorded", "check"), ("documented", "doc"), ("client", "arrow"), ("inferred", "unknown")];

/// An operation as the admin API tells it.
#[derive(Deserialize)]
struct Operation {
    operation: String,
    method: String,
    path: String,
    summary: String,
    evidence: String,
    behavior: String,
    deprecated: bool,
    parameters: Vec<Parameter>,
    statuses: Vec<u16>,
    example: Example,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    location: String,
    required: bool,
    description: String,
}

#[derive(Deserialize)]
struct Example {
    url: String,
    headers: IndexMap<String, String>,
    body: Value,
    status: u16,
    before: Vec<String>,
    after: Option<String>,
    values: Vec<Taken>,
    curl: String,
}

/// A value that an example takes from the answer to another one.
#[derive(Deserialize)]
struct Taken {
    name: String,
    operation: String,
    member: String,
}

#[derive(Deserialize)]
struct Played {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    status: Option<u16>,
    problems: Vec<String>,
}

fn icon(evidence: &str) -> &'static str {
    EVIDENCE.iter().find(|(word, _)| *word == evidence).map_or("unknown", |(_, icon)| icon)
}

/// The vendor that the path names; the first one otherwise.
fn vendor<'v>(view: &View<'v>) -> Result<&'v LoadedVendor, Failure> {
    let (word, all) = (view.parameter("vendor"), view.admin.machine.vendors().loaded());
    let found = if word.is_empty() { all.first() } else { all.iter().find(|loaded| *loaded.vendor.id == *word) };
    found.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, format!("there is no vendor `{word}`")))
}

async fn operation(view: &View<'_>, vendor: &str, id: &str) -> Result<Operation, Failure> {
    view.get(&format!("/vendors/{}/operations/{}?sandbox={}", segment(vendor), segment(id), segment(view.sandbox()))).await
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["q"])?;
    let loaded = vendor(view)?;
    let id = &*loaded.vendor.id;
    let chosen = match view.parameter("operation") {
        "" => None,
        wanted => Some(operation(view, id, wanted).await?),
    };
    let report: Report = view.get(&view.route("/contract?wait=2ms&findings=0")).await?;
    let exercised = report.vendors.into_iter().find(|row| row.vendor == id).map(|row| row.exercised).unwrap_or_default();
    let body = html! {
        div.head {
            div { h1 { "Reference" } p { "What of each vendor is emulated, and how each behavior is known." } }
            nav.seg aria-label="Vendor" {
                @for other in view.admin.machine.vendors().loaded().iter().take(20) {
                    @let name = &*other.vendor.id;
                    a href=(view.link(&format!("/reference/{}", segment(name)))) aria-current=[(name == id).then_some("true")] {
                        (short(name, 32))
                    }
                }
            }
        }
        div.cols.side {
            (operations(view, loaded, &exercised))
            div.stack {
                @match &chosen {
                    Some(chosen) => { (detail(view, loaded, chosen, &exercised)) },
                    None => { (overview(loaded)) },
                }
            }
        }
    };
    Ok(Shown::content(chosen.map_or_else(|| format!("Reference {id}"), |chosen| chosen.operation), body))
}

/// The operations of a vendor by their tags.
fn operations(view: &View<'_>, loaded: &LoadedVendor, exercised: &[ExercisedOperation]) -> Markup {
    let id = &*loaded.vendor.id;
    let all = loaded.catalog().operations();
    let query = view.query("q").map(str::to_lowercase);
    let fits = |text: &str| query.as_ref().is_none_or(|query| text.to_lowercase().contains(query));
    let mut fitting: Vec<_> = all.iter().filter(|row| fits(&row.id) || fits(&row.path) || fits(&row.tag)).collect();
    // The groups stand in the order of the document, also where it comes back to one of them later.
    let tags: IndexSet<&String> = all.iter().map(|row| &row.tag).collect();
    fitting.sort_by_key(|row| tags.get_index_of(&row.tag));
    let calls = |name: &str| exercised.iter().find(|row| row.operation == *name).map(|row| row.statuses.values().sum::<u64>());
    let mut before = "";
    html! {
        nav.box.ops aria-label={ "Operations of " (short(id, 32)) } {
            header {
                h2 { (counted(all.len(), "operation")) }
                form role="search" action=(view.link(&format!("/reference/{}", segment(id)))) {
                    label.vh for="q" { "Filter operations" }
                    input #q name="q" type="search" placeholder="Filter" size="10" value=[view.query("q")];
                }
            }
            @for row in fitting.iter().take(ROWS) {
                @if row.tag != before { h3 { (short(&row.tag, 40)) } }
                @let () = before = &row.tag;
                @let is_chosen = row.id == view.parameter("operation");
                a href=(view.link(&format!("/reference/{}/{}", segment(id), segment(&row.id)))) aria-current=[is_chosen.then_some("page")] {
                    (glyph(icon(&row.evidence))) span.vh { (short(&row.evidence, 20)) }
                    span.m { (row.method) } (short(&row.id, 40))
                    @if let Some(calls) = calls(&row.name) { span.num { (count(calls)) } }
                }
            }
            @if fitting.is_empty() { p.in { "None that fit." } }
            footer {
                @if fitting.len() > ROWS { span { (count(fitting.len() - ROWS)) " more: filter" } }
                @for (word, icon) in EVIDENCE {
                    @let number = all.iter().filter(|row| row.evidence == word).count();
                    @if number > 0 { span { (glyph(icon)) " " (word) " " (count(number)) } }
                }
            }
        }
    }
}

fn overview(loaded: &LoadedVendor) -> Markup {
    let vendor = &loaded.vendor;
    html! {
        section.box {
            header { h2 { (short(&vendor.id, 40)) } }
            div.in {
                dl.kv {
                    dt { "mount" } dd { code { "/" (short(&vendor.mount, 40)) } }
                    @if !vendor.hosts.is_empty() {
                        dt { "real hosts" }
                        dd { @for host in vendor.hosts.iter().take(6) { code { (short(host, 60)) } " " } }
                    }
                    dt { "document" } dd { a href={ "/_seatrial/specs/" (segment(&vendor.id)) } { "/_seatrial/specs/" (short(&vendor.id, 40)) } }
                    dt { "webhooks" }
                    dd {
                        @if vendor.webhooks.events.is_empty() { "none" }
                        @else { (short(&vendor.webhooks.events.join(", "), 400)) }
                    }
                }
            }
        }
        section.box { div.empty { p { "Each operation has a call that works as it stands. Choose one." } } }
    }
}

fn detail(view: &View<'_>, loaded: &LoadedVendor, chosen: &Operation, exercised: &[ExercisedOperation]) -> Markup {
    let seen = exercised.iter().find(|row| row.operation == chosen.operation);
    let requests = view.link(&format!("/requests?operation={}", segment(&chosen.operation)));
    html! {
        section.box {
            header {
                h2 { (short(&chosen.method, 10)) " " (short(&chosen.path, 100)) }
                @let tone = if chosen.evidence == "recorded" { "green" } else { "plain" };
                (chip(tone, icon(&chosen.evidence), &chosen.evidence))
            }
            div.in {
                dl.kv {
                    dt { "name" } dd { code { (short(&chosen.operation, 100)) } (copy(&chosen.operation, "name")) }
                    dt { "does" } dd { (short(&chosen.summary, 400)) }
                    dt { "behavior" }
                    dd { @if chosen.behavior == "stateful" { "stateful" } @else { "a sample from the document, without state" } }
                    @if chosen.deprecated { dt { "deprecated" } dd { "the vendor advises against it" } }
                    dt { "in " (short(view.sandbox(), 40)) }
                    dd {
                        @match seen {
                            Some(row) => { a href=(requests) { (counted(usize::try_from(row.statuses.values().sum::<u64>()).unwrap_or(0), "call")) } },
                            None => { "not called" },
                        }
                    }
                    dt { "document" }
                    dd { a href={ "/_seatrial/specs/" (segment(&loaded.vendor.id)) } { "/_seatrial/specs/" (short(&loaded.vendor.id, 40)) } }
                }
            }
        }
        (example(view, loaded, chosen))
        div.half { (parameters(chosen)) (answers(&requests, chosen, seen)) }
    }
}

fn example(view: &View<'_>, loaded: &LoadedVendor, chosen: &Operation) -> Markup {
    let Example { curl, body, before, after, status, url, .. } = &chosen.example;
    let curl: String = curl.chars().take(EXAMPLE).collect();
    let text = match body {
        Value::Null => String::new(),
        Value::String(form) => form.clone(),
        body => serde_json::to_string_pretty(body).unwrap_or_default(),
    };
    let here = view.link(&format!("/reference/{}/{}", segment(&loaded.vendor.id), segment(view.parameter("operation"))));
    html! {
        section.box {
            header { h2 { "Try it" } (copy(&chosen.example.curl, "curl")) }
            div.code tabindex="0" role="region" aria-label="Command" { pre { (visible(&curl)) } }
            form.in.fields method="post" action=(here) {
                (view.hidden())
                div.field {
                    label for="try-path" { "Path, after " code { (short(&chosen.method, 10)) } }
                    input #try-path.mono name="path" type="text" value=(path_of(url, &loaded.vendor.mount)) spellcheck="false";
                }
                @if !text.is_empty() && text.len() <= EXAMPLE {
                    div.field {
                        label for="try-body" { "Body" }
                        textarea #try-body name="body" rows=(text.lines().count().clamp(3, 18)) spellcheck="false" { (text) }
                    }
                }
                p.xs.muted {
                    "It is answered with " b { (status) } "."
                    @if let Some(after) = after { " The clock is advanced by " (short(after, 20)) " first." }
                    @if !before.is_empty() {
                        " These calls are made before it, and their answers fill in what stands in double braces: "
                        (short(&before.join(", "), 400)) "."
                    }
                }
                div { button.b.main { "Call it in " (short(view.sandbox(), 40)) } }
            }
        }
    }
}

fn parameters(chosen: &Operation) -> Markup {
    html! {
        section.box {
            header { h2 { "Parameters" } }
            @if chosen.parameters.is_empty() { div.empty { p { "None." } } }
            @else {
                div.scroll {
                    table.fold role="table" aria-label="Parameters" {
                        thead {
                            tr role="row" {
                                @for name in ["Name", "In", "Meaning"] { th scope="col" role="columnheader" { (name) } }
                            }
                        }
                        tbody {
                            @for row in chosen.parameters.iter().take(PARAMETERS) {
                                tr role="row" {
                                    td role="cell" { code { (short(&row.name, 60)) } @if row.required { " " span.xs.muted { "required" } } }
                                    td.muted role="cell" { (short(&row.location, 10)) }
                                    td.w role="cell" { (short(&row.description, 160)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn answers(requests: &str, chosen: &Operation, seen: Option<&ExercisedOperation>) -> Markup {
    let met = |status: u16| seen.and_then(|row| row.statuses.get(&status)).copied();
    let others = seen.into_iter().flat_map(|row| row.statuses.keys().copied()).filter(|status| !chosen.statuses.contains(status));
    html! {
        section.box {
            header { h2 { "Answers" } }
            div.scroll {
                table.matrix {
                    thead { tr { th scope="col" { "Status" } th.num scope="col" { "Seen" } } }
                    tbody {
                        @for status in chosen.statuses.iter().copied().chain(others) {
                            tr {
                                th scope="row" { @if status == 0 { "none" } @else { (status) } }
                                @match met(status) {
                                    Some(number) => {
                                        @let word = if status == 0 { "none".to_owned() } else { status.to_string() };
                                        td.num.seen { a href={ (requests) "&status=" (word) } { (count(number)) } }
                                    },
                                    None => { td.num.todo { span role="img" aria-label="never" { "○" } } },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The vendor's own path of an address.
fn path_of<'u>(url: &'u str, mount: &str) -> &'u str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |start| &rest[start..]);
    let path = if path.starts_with("/@") { path[1..].find('/').map_or(path, |end| &path[end + 1..]) } else { path };
    let own = path.strip_prefix('/').and_then(|path| path.strip_prefix(mount)).filter(|path| path.starts_with('/'));
    own.unwrap_or(path)
}

/// Makes the call of the form, after those that it needs, and leads to it.
pub(super) async fn attempt(view: &View<'_>) -> Result<Shown, Failure> {
    let loaded = vendor(view)?;
    let (id, mount) = (&*loaded.vendor.id, &*loaded.vendor.mount);
    let chosen = operation(view, id, view.parameter("operation")).await?;
    let mut all = Vec::new();
    for name in chosen.example.before.iter().take(20) {
        all.push(operation(view, id, name.split_once('.').map_or(name, |(_, id)| id)).await?);
    }
    all.push(chosen);
    let mut steps = Vec::new();
    for (index, own) in all.iter().enumerate() {
        let Example { url, headers, body, after, .. } = &own.example;
        steps.extend(after.as_ref().map(|span| json!({"advance": span})));
        let (mut path, mut body) = (path_of(url, mount).to_owned(), body.clone());
        if index + 1 == all.len() {
            path = view.form.text("path").map_or(path, str::to_owned);
            body = view.form.text("body").map_or(body, |text| serde_json::from_str(text).unwrap_or_else(|_| text.into()));
        }
        let mut step = json!({"call": format!("{} {path}", own.method), "headers": headers});
        match body {
            Value::Null => {}
            Value::String(text) => step["text"] = text.into(),
            body => step["json"] = body,
        }
        let taken = all.iter().flat_map(|other| &other.example.values).filter(|value| value.operation == own.operation);
        let saved: Map<String, Value> = taken.map(|value| (value.name.clone(), value.member.clone().into())).collect();
        if !saved.is_empty() {
            step["save"] = saved.into();
        }
        steps.push(step);
    }
    let story = Bytes::from(json!({"about": "an example of the reference", "steps": steps}).to_string());
    let route = view.route(&format!("/conversations?vendor={}", segment(mount)));
    let answer = view.ask(Method::POST, &route, "application/json", &story).await?;
    let played: Played = serde_json::from_slice(&view.bytes(answer).await?)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    match played.steps.last() {
        Some(Step { status: Some(_), .. }) => Ok(Shown::to(view.link("/requests/latest"))),
        _ => {
            let problems: Vec<String> = played.steps.into_iter().flat_map(|step| step.problems).collect();
            Err(Failure::new(StatusCode::BAD_REQUEST, format!("the call was not made: {}", problems.join("; "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_vendor_whatever_stands_before_them() {
        for (url, expected) in [
            ("http://127.0.0.1:7447/acme/v1/labels?page=2", "/v1/labels?page=2"),
            ("http://127.0.0.1:7447/@mine/acme/v1/labels", "/v1/labels"),
            ("http://127.0.0.1:7451/v1/labels", "/v1/labels"),
            ("https://mock.example/acmes/v1", "/acmes/v1"),
        ] {
            assert_eq!(path_of(url, "acme"), expected, "{url}");
        }
    }
}
