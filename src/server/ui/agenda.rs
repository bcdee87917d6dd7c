//! The agenda: what will happen, and when.

use maud::{Markup, html};
use serde::Deserialize;

use crate::base::time::Timestamp;
use crate::engine::TaskKind;
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, chip, counted, full, short};
use crate::server::ui::requests::now;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// How many tasks a page has.
const ROWS: usize = 50;

/// The kinds that segments show, and their labels.
const SEGMENTS: [(&str, &str); 4] = [("", "All"), ("parcel", "Parcels"), ("webhook", "Webhooks"), ("vendor", "Vendors")];

const FILTERS: [&str; 2] = ["kind", "subject"];

#[derive(Deserialize)]
struct Agenda {
    tasks: Vec<Task>,
    due: usize,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Task {
    at: Timestamp,
    kind: TaskKind,
    topic: String,
    vendor: String,
    subject: String,
    what: Option<String>,
    outdated: bool,
    waits_for_room: bool,
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[&FILTERS[..], &["after"]].concat())?;
    let query = FILTERS.iter().chain(&["after"]).filter_map(|name| Some(format!("&{name}={}", segment(view.query(name)?))));
    let query: String = query.collect();
    let agenda: Agenda = view.get(&view.route(&format!("/agenda?limit={ROWS}{query}"))).await?;
    let now = now(view);
    let is_filtered = FILTERS.iter().any(|name| view.query(name).is_some());
    let kind = view.query("kind").unwrap_or_default();
    let body = html! {
        div.head {
            div {
                h1 { "Agenda" }
                p { "It is " (full(now)) ". What is planned here happens when the clock gets there, in this order." }
            }
        }
        form.filters role="search" action=(view.link("/agenda")) {
            label.vh for="subject" { "About" }
            input #subject name="subject" type="search" placeholder="Number or id" size="24" value=[view.query("subject")];
            @if !kind.is_empty() { input type="hidden" name="kind" value=(kind); }
            nav.seg aria-label="Kind" {
                @for (word, label) in SEGMENTS {
                    a href=(link(view, &[("kind", word)])) aria-current=[(word == kind).then_some("true")] { (label) }
                }
            }
            button.b { "Filter" }
        }
        section.box {
            @if agenda.tasks.is_empty() {
                div.empty {
                    @if is_filtered || view.query("after").is_some() {
                        h2 { "None that fit" }
                        p { a href=(view.link("/agenda")) { "Clear filters" } }
                    } @else {
                        h2 { "Nothing is planned" }
                        p { "Buy a label, or subscribe to webhooks: what follows from it is planned here." }
                    }
                }
            } @else { (table(view, &agenda.tasks, now)) }
            footer {
                span { (counted(agenda.due, "task")) " planned" }
                div.push.row {
                    @if view.query("after").is_some() { a.b.s href=(link(view, &[])) { "Soonest" } }
                    @if let Some(next) = &agenda.next { a.b.s rel="next" href=(link(view, &[("after", next)])) { "Later" } }
                }
            }
        }
    };
    Ok(Shown::content("Agenda", body))
}

fn table(view: &View<'_>, tasks: &[Task], now: Timestamp) -> Markup {
    html! {
        div.scroll {
            table.fold role="table" aria-label="What will happen, soonest first" {
                thead {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Time" }
                        th scope="col" role="columnheader" { "In" }
                        th scope="col" role="columnheader" { "What" }
                        th.w100 scope="col" role="columnheader" { "About" }
                        th scope="col" role="columnheader" { "Vendor" }
                        th scope="col" role="columnheader" { span.vh { "Action" } }
                    }
                }
                tbody { @for task in tasks { (row(view, task, now)) } }
            }
        }
    }
}

fn row(view: &View<'_>, task: &Task, now: Timestamp) -> Markup {
    let (icon, place) = match task.kind {
        TaskKind::Parcel => ("box", format!("/parcels/{}", segment(&task.subject))),
        TaskKind::Webhook => ("hook", format!("/deliveries/{}", segment(&task.subject))),
        TaskKind::Vendor => ("clock", format!("/requests?q={}", segment(&task.subject))),
    };
    let what = task.what.as_deref().unwrap_or(&task.topic);
    html! {
        tr role="row" {
            td.nowrap role="cell" { (parts::moment(task.at, now)) }
            td.nowrap.muted role="cell" {
                @if task.waits_for_room { "when there is room" }
                @else if task.at > now { (parts::span(task.at.duration_since(now))) }
                @else { "now" }
            }
            td.nowrap role="cell" {
                (chip("planned", icon, what))
                @if task.outdated { " " span.xs.muted { "outdated, without effect" } }
            }
            td.w.mono role="cell" { a href=(view.link(&place)) { (short(&task.subject, 60)) } }
            td.muted role="cell" { (short(&task.vendor, 32)) }
            td.end role="cell" {
                @if !task.waits_for_room {
                    form method="post" action=(view.link("/do/advance")) {
                        (view.hidden())
                        input type="hidden" name="to" value=(task.at.max(now));
                        button.b.s aria-label={ "Advance to here, " (short(what, 40)) " of " (short(&task.subject, 60)) } {
                            "Advance to here"
                        }
                    }
                }
            }
        }
    }
}

/// The address of the list with some of its query changed; an empty value leaves one out.
fn link(view: &View<'_>, changes: &[(&str, &str)]) -> String {
    let change = |name: &str| changes.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    let value = |name: &str| change(name).or_else(|| view.query(name).filter(|_| name != "after")).filter(|value| !value.is_empty());
    let names = FILTERS.iter().chain(&["after"]);
    let query = names.filter_map(|name| Some(format!("{name}={}", segment(value(name)?)))).collect::<Vec<_>>().join("&");
    view.link(&if query.is_empty() { "/agenda".to_owned() } else { format!("/agenda?{query}") })
}
