//! Parcels: where everything is, and what comes next.

use indexmap::IndexMap;
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::time::Timestamp;
use crate::carrier::{Location, Scan, Status};
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, chip, count, counted, short};
use crate::server::ui::requests::now;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// How many parcels a page has.
const ROWS: usize = 40;

/// The filters, which are members of the query here and in the admin API.
const FILTERS: [&str; 5] = ["q", "vendor", "timeline", "status", "sort"];

/// What the segments stand for: a word of the query, a label, and statuses.
const SEGMENTS: [(&str, &str, &[Status]); 4] = [
    (
        "moving",
        "Moving",
        &[
            Status::Created,
            Status::PreTransit,
            Status::Manifested,
            Status::Collected,
            Status::InTransit,
            Status::OutForDelivery,
            Status::AvailableForPickup,
            // What some vendors tell of a parcel before its first scan.
            Status::Unknown,
        ],
    ),
    ("trouble", "Trouble", &[Status::DeliveryFailed, Status::Exception]),
    ("delivered", "Delivered", &[Status::Delivered]),
    ("ended", "Ended otherwise", &[Status::Returned, Status::Cancelled, Status::Lost]),
];

#[derive(Deserialize)]
struct Parcels {
    parcels: Vec<Parcel>,
    counts: IndexMap<String, u64>,
    next: Option<String>,
}

/// A parcel as the admin API tells it.
#[derive(Deserialize)]
pub(super) struct Parcel {
    pub vendor: String,
    pub account: String,
    pub tracking_number: String,
    pub carrier: String,
    pub service: String,
    pub subject: String,
    pub status: Status,
    pub created: Timestamp,
    pub timeline: String,
    pub step: u32,
    pub from: Location,
    pub to: Location,
    pub events: Vec<Scan>,
    /// Whether its label can be drawn.
    pub label: Option<bool>,
    pub upcoming: Vec<Upcoming>,
}

#[derive(Deserialize)]
pub(super) struct Upcoming {
    pub at: Option<Timestamp>,
    pub waits: Option<String>,
    pub status: Status,
    pub code: Option<String>,
    pub message: Option<String>,
    pub location: Option<Location>,
}

/// A status with its glyph; what is planned is pencilled.
pub(super) fn status_chip(status: Status, is_planned: bool) -> Markup {
    chip(if is_planned { "planned" } else { status.word() }, icon(status), status.word())
}

pub(super) fn icon(status: Status) -> &'static str {
    match status {
        Status::Created | Status::PreTransit => "dot",
        Status::Manifested => "doc",
        Status::Collected => "box",
        Status::InTransit | Status::OutForDelivery => "arrow",
        Status::DeliveryFailed | Status::Exception => "warn",
        Status::AvailableForPickup => "clock",
        Status::Delivered => "check",
        Status::Returned => "hook",
        Status::Cancelled | Status::Lost => "cross",
        Status::Unknown => "unknown",
    }
}

/// Town and postcode of a place, or its country where there is neither.
pub(super) fn place(location: &Location, most: usize) -> String {
    let parts = [&location.city, &location.zip].into_iter().filter(|part| !part.is_empty());
    let parts = parts.map(String::as_str).collect::<Vec<_>>().join(" ");
    short(if parts.is_empty() { &location.country } else { &parts }, most).into_owned()
}

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&[&FILTERS[..], &["after"]].concat())?;
    let page: Parcels = view.get(&view.route(&format!("/parcels?view=row&limit={ROWS}{}", api_query(view)))).await?;
    let now = now(view);
    let is_filtered = FILTERS.iter().any(|name| *name != "sort" && view.query(name).is_some());
    let is_first = view.query("after").is_none();
    let body = html! {
        div.head { div { h1 { "Parcels" } } }
        (filters(view, &page.counts))
        section.box {
            @if page.parcels.is_empty() {
                div.empty {
                    @if is_filtered || !is_first {
                        h2 { "None that fit" }
                        p { a href=(view.link("/parcels")) { "Clear filters" } }
                    } @else {
                        h2 { "No parcels yet" }
                        p { "Buy a label from one of the vendors; its parcels begin here." }
                    }
                }
            } @else {
                div.scroll {
                    table.fold role="table" aria-label="Parcels" {
                        thead {
                            tr role="row" {
                                @for name in ["Number", "Status", "Carrier", "Reference", "To", "Story", "Since", "Next event"] {
                                    th scope="col" role="columnheader" { (name) }
                                }
                            }
                        }
                        tbody { @for parcel in &page.parcels { (row(view, parcel, now)) } }
                    }
                }
            }
            footer {
                span {
                    @if view.query("sort") == Some("next") { "Soonest event first" } @else { "Newest first" }
                    ", counted when the page was made"
                }
                div.push.row {
                    @if !is_first { a.b.s href=(link(view, &[])) { "First page" } }
                    @if let Some(next) = &page.next { a.b.s rel="next" href=(link(view, &[("after", next)])) { "Next page" } }
                }
            }
        }
    };
    Ok(Shown::content("Parcels", body))
}

fn row(view: &View<'_>, parcel: &Parcel, now: Timestamp) -> Markup {
    html! {
        tr role="row" {
            td.link.mono.nowrap role="cell" {
                a href=(view.link(&format!("/parcels/{}", segment(&parcel.tracking_number)))) { (short(&parcel.tracking_number, 40)) }
            }
            td.end role="cell" { (status_chip(parcel.status, false)) }
            td.w role="cell" { (short(&parcel.carrier, 20)) " " span.muted { (short(&parcel.service, 24)) } }
            td.muted.nowrap role="cell" { (short(&parcel.subject, 20)) }
            td.nowrap role="cell" { (place(&parcel.to, 28)) }
            td.muted role="cell" { (short(&parcel.timeline, 32)) }
            td.nowrap.muted role="cell" data-l="since" {
                @if let Some(scan) = parcel.events.last() { (parts::moment(scan.at, now)) }
            }
            td role="cell" data-l="next" {
                @match parcel.upcoming.first() {
                    Some(Upcoming { at: Some(at), status, .. }) => { (parts::moment(*at, now)) " " (status_chip(*status, true)) },
                    Some(Upcoming { waits: Some(waits), .. }) => { span.muted { "after " (short(waits, 48)) } },
                    _ => { span.muted { "nothing planned" } },
                }
            }
        }
    }
}

/// The filters of the page for the admin API, each behind an `&`.
fn api_query(view: &View<'_>) -> String {
    let statuses = |word: &str| {
        let found = SEGMENTS.iter().find(|(name, ..)| *name == word);
        found.map_or_else(|| word.to_owned(), |(_, _, statuses)| statuses.iter().map(|status| status.word()).collect::<Vec<_>>().join(","))
    };
    let pair = |name: &str| {
        let value = view.query(name).or((name == "sort").then_some("newest"))?;
        Some(format!("&{name}={}", segment(&if name == "status" { statuses(value) } else { value.to_owned() })))
    };
    FILTERS.into_iter().chain(["after"]).filter_map(pair).collect()
}

/// The address of the list with some filters changed; an empty value leaves one out.
fn link(view: &View<'_>, changes: &[(&str, &str)]) -> String {
    let change = |name: &str| changes.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    let value = |name: &str| change(name).or_else(|| view.query(name).filter(|_| name != "after")).filter(|value| !value.is_empty());
    let names = FILTERS.into_iter().chain(["after"]);
    let query = names.filter_map(|name| Some(format!("{name}={}", segment(value(name)?)))).collect::<Vec<_>>().join("&");
    view.link(&if query.is_empty() { "/parcels".to_owned() } else { format!("/parcels?{query}") })
}

fn filters(view: &View<'_>, counts: &IndexMap<String, u64>) -> Markup {
    let of = |statuses: &[Status]| statuses.iter().filter_map(|status| counts.get(status.word())).sum::<u64>();
    let status = view.query("status").unwrap_or_default();
    let choice = |name: &'static str, value: &str, text: Markup| {
        let is_chosen = view.query(name).unwrap_or_default() == value;
        html! { a href=(link(view, &[(name, value)])) aria-current=[is_chosen.then_some("true")] { (text) } }
    };
    html! {
        form.filters role="search" action=(view.link("/parcels")) {
            label.vh for="q" { "Text" }
            input #q name="q" type="search" placeholder="Number, reference, place" size="22" value=[view.query("q")];
            label.vh for="vendor" { "Vendor" }
            select #vendor name="vendor" {
                option value="" { "All vendors" }
                @for vendor in view.admin.machine.vendors().all() {
                    option value=(vendor.id) selected[view.query("vendor") == Some(&*vendor.id)] { (vendor.id) }
                }
            }
            label.vh for="timeline" { "Story" }
            select #timeline name="timeline" {
                option value="" { "All stories" }
                @for name in stories(view).iter().map(String::as_str).chain(["usual"]) {
                    option value=(name) selected[view.query("timeline") == Some(name)] { (short(name, 48)) }
                }
            }
            @for name in ["status", "sort"] { @if let Some(value) = view.query(name) { input type="hidden" name=(name) value=(value); } }
            nav.seg aria-label="Status" {
                (choice("status", "", html! { "All " (count(counts.values().sum::<u64>())) }))
                @for (word, label, statuses) in SEGMENTS { (choice("status", word, html! { (label) " " (count(of(statuses))) })) }
                @if let Some(status) = Status::from_word(status).filter(|_| status != "delivered") {
                    (choice("status", status.word(), html! { (status.word()) " " (count(of(&[status]))) }))
                }
            }
            nav.seg aria-label="Order" {
                (choice("sort", "", html! { "Newest" }))
                (choice("sort", "next", html! { "Next event" }))
            }
            button.b { "Filter" }
        }
    }
}

/// The names of the timelines of the scenario, and of those that are built in.
pub(super) fn stories(view: &View<'_>) -> Vec<String> {
    let sandbox = view.admin.machine.sandbox(view.sandbox());
    let own = sandbox.map(|sandbox| sandbox.lock().scenario.timeline_names()).unwrap_or_default();
    let built_in = crate::carrier::library::names().map(|(name, _)| name.to_owned());
    own.into_iter().take(100).chain(built_in).collect()
}

/// How many of something there are, as a sentence begins.
pub(super) fn happened(past: usize, planned: usize) -> String {
    format!("{}, {} planned; times in UTC", counted(past, "event"), count(planned as u64))
}
