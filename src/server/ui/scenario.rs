//! Scenario: what was prepared, and whether it has any effect; faults that are switched on; a draft with its mistakes in their lines.

use ::http::{Method, StatusCode};
use bytes::Bytes;
use maud::{Markup, html};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, chip, count, counted, glyph, short, visible};
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// How many lines of a scenario are shown, and how many letters of each.
const MOST_LINES: usize = 400;
const LONGEST: usize = 200;

/// How many faults, rules and mistakes are shown.
const MOST: usize = 50;

/// Faults that a button switches on; a form takes any other.
const PRESETS: [(&str, &str, &str); 4] = [
    ("slow", "Slow, 2 s", r#"{"on": "*", "latency": "2s"}"#),
    ("unavailable", "503", r#"{"on": "*", "fault": 503}"#),
    ("lost", "Reset after the work", r#"{"on": "*", "fault": {"commit": true, "then": "reset"}}"#),
    ("empty", "Empty", r#"{"on": "*", "fault": "empty"}"#),
];

#[derive(Deserialize)]
struct Scenario {
    name: String,
    source: String,
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Rules {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    what: String,
    name: String,
    line: usize,
    matched: u64,
    effects: u64,
    unused: Option<String>,
}

#[derive(Deserialize)]
struct Faults {
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    name: String,
    fault: Value,
    met: u64,
}

#[derive(Deserialize)]
struct BuiltIn {
    scenarios: Vec<BuiltInScenario>,
}

#[derive(Deserialize)]
struct BuiltInScenario {
    name: String,
    description: String,
}

#[derive(Deserialize)]
struct Checked {
    diagnostics: Vec<Diagnostic>,
}

/// A mistake, or something that surprises, in a draft.
#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    code: String,
    message: String,
    line: usize,
    column: usize,
    label: Option<String>,
    help: Option<String>,
}

/// A draft, and what is said of it.
struct Draft {
    text: String,
    diagnostics: Option<Vec<Diagnostic>>,
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["built_in"])?;
    let draft = match view.query("built_in") {
        Some(name) => Some(Draft { text: built_in(view, name).await?, diagnostics: None }),
        None => None,
    };
    page(view, draft).await
}

/// Checks the draft of a form, or applies it when that is what its button says.
pub(super) async fn draft(view: &View<'_>) -> Result<Shown, Failure> {
    let text = view.form.get("draft").replace("\r\n", "\n");
    let body = Bytes::from(text.clone());
    let checked: Checked = yaml(view, Method::POST, "/scenarios/check", &body).await?;
    let is_clean = checked.diagnostics.iter().all(|found| found.level == "warning");
    if is_clean && view.form.get("do") == "apply" {
        let keep = if view.form.get("keep") == "data" { "?keep=data" } else { "" };
        let _: Value = yaml(view, Method::PUT, &view.route(&format!("/scenario{keep}")), &body).await?;
        return Ok(Shown::to(view.link("/scenario?did=scenario")));
    }
    page(view, Some(Draft { text, diagnostics: Some(checked.diagnostics) })).await
}

/// Begins anew: the sandbox as it was when its scenario was loaded.
pub(super) async fn reset(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &view.route("/reset"), Some(&json!({}))).await.map(drop)
}

/// Switches a fault on, given as JSON or YAML.
pub(super) async fn switch_on(view: &View<'_>) -> Result<(), Failure> {
    let name = view.form.text("name").ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, "a fault needs a name"))?;
    let body = Bytes::from(view.form.get("fault").to_owned());
    let _: Value = yaml(view, Method::PUT, &view.route(&format!("/faults/{}", segment(name))), &body).await?;
    Ok(())
}

pub(super) async fn switch_off(view: &View<'_>) -> Result<(), Failure> {
    let path = format!("/faults/{}", segment(view.form.get("name")));
    view.send(Method::DELETE, &view.route(&path), None).await.map(drop)
}

/// Calls a route with a body of YAML.
async fn yaml<T: DeserializeOwned>(view: &View<'_>, method: Method, path: &str, body: &Bytes) -> Result<T, Failure> {
    let answer = view.ask(method, path, "application/yaml", body).await?;
    let bytes = view.bytes(answer).await?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

async fn built_in(view: &View<'_>, name: &str) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Text {
        source: String,
    }
    Ok(view.get::<Text>(&format!("/scenarios/{}", segment(name))).await?.source)
}

async fn page(view: &View<'_>, draft: Option<Draft>) -> Result<Shown, Failure> {
    let scenario: Scenario = view.get(&view.route("/scenario")).await?;
    let rules: Rules = view.get(&view.route("/scenario/rules")).await?;
    let faults: Faults = view.get(&view.route("/faults")).await?;
    let known: BuiltIn = view.get("/scenarios").await?;
    let body = html! {
        div.head {
            div {
                h1 { "Scenario" }
                p {
                    @if scenario.source.is_empty() { "No scenario: vendors behave as documented." }
                    @else {
                        code { (short(&scenario.name, 80)) }
                        " is at work. Faults are tried before its overrides; the first that matches has its effect."
                    }
                }
            }
            form method="post" action=(view.link("/do/reset")) { (view.hidden()) button.b.danger { "Begin again" } }
        }
        @for warning in scenario.warnings.iter().take(5) { div.notice.mid { (glyph("warn")) div { (short(warning, 400)) } } }
        div.half {
            div.stack {
                (at_work(&scenario, &rules.rules))
                (switches(view, &faults.faults))
            }
            (editor(view, &scenario, draft.as_ref(), &known.scenarios))
        }
    };
    Ok(Shown::content("Scenario", body))
}

/// The scenario with the effect of each rule at the end of its line.
fn at_work(scenario: &Scenario, rules: &[Rule]) -> Markup {
    let unused: Vec<&Rule> = rules.iter().filter(|rule| rule.unused.is_some()).take(MOST).collect();
    let of = |line: usize| rules.iter().filter(move |rule| rule.line == line);
    html! {
        section.box {
            header { h2 { "At work" } @if !unused.is_empty() { (chip("amber", "warn", "not all had an effect")) } }
            @if scenario.source.is_empty() {
                div.empty { p { "Write one beside this, or begin with one that is built in." } }
            } @else {
                div.code tabindex="0" {
                    ol.lines {
                        @for (index, line) in scenario.source.lines().take(MOST_LINES).enumerate() {
                            li.warn[of(index + 1).any(|rule| rule.unused.is_some())].hit[of(index + 1).any(|rule| rule.effects > 0)] {
                                span { (short(line, LONGEST)) }
                                @for rule in of(index + 1).take(2) { span.tail.on[rule.effects > 0] { (effect(rule)) } }
                            }
                        }
                    }
                }
                @if scenario.source.lines().nth(MOST_LINES).is_some() {
                    p.in.xs.muted { "Only the first " (MOST_LINES) " lines are shown." }
                }
            }
            @if !unused.is_empty() {
                ul.say {
                    @for rule in &unused {
                        li {
                            span.mid { (glyph("warn")) }
                            span {
                                "The " (short(&rule.what, 20)) " " code { (short(&rule.name, 80)) } " in line " (rule.line)
                                " had no effect: "
                                (short(rule.unused.as_deref().unwrap_or_default(), 300))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn effect(rule: &Rule) -> String {
    match (rule.what.as_str(), &rule.unused) {
        ("timeline", None) => counted(usize::try_from(rule.effects).unwrap_or(usize::MAX), "parcel"),
        (_, Some(_)) if rule.matched == 0 => "no effect".to_owned(),
        _ => format!("had an effect on {} of {}", count(rule.effects), count(rule.matched.max(rule.effects))),
    }
}

fn switches(view: &View<'_>, faults: &[Fault]) -> Markup {
    html! {
        section.box {
            header { h2 { "Faults" } span.muted.xs { (count(faults.len() as u64)) " switched on" } }
            @if !faults.is_empty() {
                div.scroll {
                    table.fold role="table" aria-label="Faults that are switched on" {
                        thead {
                            tr role="row" {
                                th scope="col" role="columnheader" { "Name" }
                                th.w100 scope="col" role="columnheader" { "Does" }
                                th.num scope="col" role="columnheader" { "Calls" }
                                th scope="col" role="columnheader" { span.vh { "Switch" } }
                            }
                        }
                        tbody {
                            @for fault in faults.iter().take(MOST) {
                                tr role="row" {
                                    td.nowrap role="cell" { b { (short(&fault.name, 40)) } }
                                    td.w role="cell" { code { (short(&fault.fault.to_string(), 160)) } }
                                    td.num role="cell" data-l="calls" { (count(fault.met)) }
                                    td.end role="cell" {
                                        form method="post" action=(view.link("/do/fault-off")) {
                                            (view.hidden())
                                            input type="hidden" name="name" value=(fault.name);
                                            button.b.s aria-label={ "Switch off " (short(&fault.name, 64)) } { "Switch off" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            div.in.stack {
                div.row role="group" aria-label="Switch on for all vendors" {
                    span.muted.xs { "Switch on for every call" }
                    @for (name, label, fault) in PRESETS {
                        form method="post" action=(view.link("/do/fault-on")) {
                            (view.hidden())
                            input type="hidden" name="name" value=(name);
                            input type="hidden" name="fault" value=(fault);
                            button.b.s { (label) }
                        }
                    }
                }
                form.fields method="post" action=(view.link("/do/fault-on")) {
                    (view.hidden())
                    div.field {
                        label for="fault-name" { "Name" }
                        input #fault-name name="name" type="text" required maxlength="64" value="mine";
                    }
                    div.field {
                        label for="fault-text" { "Override, as in a scenario" }
                        textarea #fault-text name="fault" rows="4" spellcheck="false" { "on: \"*\"\nfault: 429\ntimes: 1" }
                    }
                    div { button.b { "Switch on" } }
                }
            }
        }
    }
}

/// The draft, and what is wrong with it.
fn editor(view: &View<'_>, scenario: &Scenario, draft: Option<&Draft>, known: &[BuiltInScenario]) -> Markup {
    let text = draft.map_or(scenario.source.as_str(), |draft| draft.text.as_str());
    let found = draft.and_then(|draft| draft.diagnostics.as_deref());
    let is_refused = found.is_some_and(|found| found.iter().any(|found| found.level != "warning"));
    html! {
        section.box {
            header {
                h2 { "Draft" }
                @match found {
                    Some([]) => { (chip("green", "check", "no mistakes")) },
                    Some(found) => { (chip(if is_refused { "red" } else { "amber" }, "warn", &counted(found.len(), "problem"))) },
                    None => {},
                }
            }
            @if let Some(found) = found.filter(|found| !found.is_empty()) { (problems(text, found)) }
            form.in.fields method="post" action=(view.link("/scenario")) {
                (view.hidden())
                div.field {
                    label for="draft" { "YAML" }
                    textarea #draft name="draft" rows="22" spellcheck="false" placeholder="name: mine" { "\n" (text) }
                }
                label.row { input type="checkbox" name="keep" value="data"; "keep data and time" }
                div.row {
                    button.b #check name="do" value="check" { "Check" }
                    button.b.main name="do" value="apply" { "Apply" }
                    span.xs.muted { "Applies only what has no mistakes; the sandbox begins anew under it unless its data is kept." }
                }
            }
            form.in.fields method="get" action=(view.link("/scenario")) {
                div.field {
                    label for="built-in" { "Begin with one that is built in" }
                    span.row {
                        select #built-in name="built_in" {
                            @for row in known { option value=(row.name) { (row.name) " – " (short(&row.description, 70)) } }
                        }
                        button.b { "Show" }
                    }
                }
            }
        }
    }
}

/// Problems under the lines that they are about, as a terminal shows them.
fn problems(text: &str, found: &[Diagnostic]) -> Markup {
    let lines: Vec<&str> = text.lines().collect();
    html! {
        ul.problems aria-label="Problems of the draft" {
            @for problem in found.iter().take(MOST) {
                li {
                    p {
                        (glyph("warn"))
                        b class=(if problem.level == "warning" { "mid" } else { "bad" }) {
                            (short(&problem.level, 10)) "[" (short(&problem.code, 10)) "]"
                        }
                        ": " (short(&problem.message, 600))
                        " " span.muted { "line " (problem.line) ", column " (problem.column) }
                    }
                    @if let Some(line) = problem.line.checked_sub(1).and_then(|index| lines.get(index)) {
                        pre tabindex="0" {
                            (problem.line) " | " (visible(&line.chars().take(LONGEST).collect::<String>())) "\n"
                            (" ".repeat(problem.line.to_string().len() + 2 + problem.column.min(LONGEST))) b.bad { "^" }
                            @if let Some(label) = &problem.label { " " (short(label, 300)) }
                        }
                    }
                    @if let Some(help) = &problem.help { p.muted { "help: " (parts::short(help, 600)) } }
                }
            }
        }
    }
}
