//! A parcel: its past, its plan, and a hand on it.

use ::http::Method;
use ::http::header::{CONTENT_DISPOSITION, HeaderValue};
use bytes::Bytes;
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::base::time::Timestamp;
use crate::carrier::{Location, Scan, Status, library};
use crate::server::ui::failure::Failure;
use crate::server::ui::form::Form;
use crate::server::ui::parcels::{Parcel, Upcoming, happened, icon, place, status_chip, stories};
use crate::server::ui::parts::{self, copy, count, glyph, short};
use crate::server::ui::requests::now;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::{View, segment};

/// How many events a page has.
const ROWS: usize = 30;

/// How many planned ones it has.
const PLANNED: usize = 12;

/// How many knots the track has.
const KNOTS: usize = 12;

pub(super) async fn show(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["before"])?;
    let number = view.parameter("number");
    let parcel: Parcel = view.get(&route(view, number, "")).await?;
    let now = now(view);
    let end = view.query("before").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX).min(parcel.events.len());
    let body = html! {
        div.head {
            div {
                p.xs { a href=(view.link("/parcels")) data-key="u" { "Parcels" } " / " (short(&parcel.vendor, 40)) }
                h1 { span.mono { (short(&parcel.tracking_number, 60)) } " " (copy(&parcel.tracking_number, "number")) }
                div.meta {
                    span { (status_chip(parcel.status, false)) }
                    span { (short(&parcel.carrier, 40)) " " b { (short(&parcel.service, 60)) } }
                    span { (place(&parcel.from, 40)) " → " b { (place(&parcel.to, 40)) } }
                    span { "reference " b { (short(&parcel.subject, 60)) } }
                    span { "story " b { (short(&parcel.timeline, 60)) } ", " (count(parcel.step)) " steps taken" }
                    span { "account " b { (short(&parcel.account, 40)) } }
                    span { "bought " (parts::moment(parcel.created, now)) }
                    a href={ (view.link("/requests?q=")) (segment(number)) } { "Requests about it" }
                }
            }
            div.row {
                form method="post" action=(view.link("/do/parcel-next")) {
                    (view.hidden()) (named(number))
                    button.b.main data-key="n" disabled[parcel.upcoming.is_empty()] { "Make next event happen" }
                }
            }
        }
        div.stack {
            (track(&parcel, now))
            div.cols {
                div.stack { (events(view, &parcel, end, now)) }
                div.stack {
                    @if parcel.label == Some(true) { (printed(view, &parcel)) }
                    (hand(view, &parcel))
                }
            }
        }
    };
    Ok(Shown::content(format!("Parcel {}", parcel.tracking_number), body))
}

fn route(view: &View<'_>, number: &str, rest: &str) -> String {
    format!("/parcels/{}{rest}?sandbox={}", segment(number), segment(view.sandbox()))
}

/// The field of a form that says which parcel is meant.
fn named(number: &str) -> Markup {
    html! { input type="hidden" name="number" value=(number); }
}

/// The latest of the past and the first of what is planned, with now between them.
fn track(parcel: &Parcel, now: Timestamp) -> Markup {
    let planned: Vec<&Upcoming> = parcel.upcoming.iter().take(KNOTS / 2).collect();
    let past = &parcel.events[parcel.events.len().saturating_sub(KNOTS - planned.len())..];
    let gap = |from: Timestamp, to: Timestamp| parts::span(to.duration_since(from));
    html! {
        section.box.nos aria-label="Track" {
            ol.track {
                @for (index, scan) in past.iter().enumerate() {
                    li class=(tone(scan.status)) {
                        @if let Some(before) = index.checked_sub(1).and_then(|index| past.get(index)) {
                            span.gap { (gap(before.at, scan.at)) }
                        }
                        span.knot { (glyph(icon(scan.status))) }
                        span.what { (scan.status.word().replace('_', " ")) }
                        span.at { (parts::moment(scan.at, now)) }
                    }
                }
                li.now {
                    @if let Some(latest) = past.last() { span.gap { (gap(latest.at, now)) } }
                    span.what { "now" }
                    span.at { (now.strftime("%H:%M")) }
                }
                @for (index, step) in planned.iter().enumerate() {
                    li.plan {
                        @let before = index.checked_sub(1).map_or(Some(now), |index| planned[index].at);
                        @if let (Some(before), Some(at)) = (before, step.at) { span.gap { "in " (gap(before, at)) } }
                        span.knot { (glyph(icon(step.status))) }
                        span.what { (step.status.word().replace('_', " ")) }
                        span.at { @match step.at { Some(at) => { (parts::moment(at, now)) }, None => { "waits" } } }
                    }
                }
            }
        }
    }
}

fn tone(status: Status) -> &'static str {
    match status {
        Status::DeliveryFailed | Status::Exception => "amber",
        Status::Delivered => "green",
        Status::Lost => "red",
        _ => "",
    }
}

fn events(view: &View<'_>, parcel: &Parcel, end: usize, now: Timestamp) -> Markup {
    let number = &parcel.tracking_number;
    let start = end.saturating_sub(ROWS);
    let is_latest = end == parcel.events.len();
    let here = view.link(&format!("/parcels/{}", segment(number)));
    html! {
        section.box {
            header { h2 { "Events" } span.muted.xs { (happened(parcel.events.len(), parcel.upcoming.len())) } }
            div.scroll {
                table.fold.rails role="table" aria-label="Events" {
                    thead {
                        tr role="row" {
                            th scope="col" role="columnheader" { span.vh { "Past or planned" } }
                            th scope="col" role="columnheader" { "Time" }
                            th scope="col" role="columnheader" { "Status" }
                            th scope="col" role="columnheader" { "Place" }
                            th.w100 scope="col" role="columnheader" { "Message" }
                            th scope="col" role="columnheader" { span.vh { "Action" } }
                        }
                    }
                    tbody {
                        @for scan in &parcel.events[start..end] { (past(scan, now)) }
                        @if is_latest {
                            tr.nowline role="row" {
                                td.rail role="cell" { i {} }
                                td colspan="5" role="cell" { "Now, " (now.strftime("%a %-d %b %H:%M:%S")) }
                            }
                            @for step in parcel.upcoming.iter().take(PLANNED) { (planned(view, step, now)) }
                        }
                    }
                }
            }
            footer {
                span {
                    @if parcel.upcoming.is_empty() { "Nothing is planned for it." }
                    @else { "Planned events may change: scans by hand, another story and calls about this parcel move them." }
                }
                div.push.row {
                    @if start > 0 { a.b.s rel="prev" href={ (here) "?before=" (start) } { "Earlier events" } }
                    @if !is_latest { a.b.s href=(here) { "Latest events" } }
                }
            }
        }
    }
}

fn past(scan: &Scan, now: Timestamp) -> Markup {
    html! {
        tr role="row" {
            td.rail role="cell" { i {} }
            td.nowrap role="cell" { (parts::moment(scan.at, now)) }
            td role="cell" { (status_chip(scan.status, false)) }
            (said(scan.location.as_ref(), scan.code.as_deref(), scan.message.as_deref()))
            td role="cell" {}
        }
    }
}

fn planned(view: &View<'_>, step: &Upcoming, now: Timestamp) -> Markup {
    html! {
        tr.plan role="row" {
            td.rail role="cell" { i {} }
            td.nowrap role="cell" {
                @match (step.at, &step.waits) {
                    (Some(at), _) => { (parts::moment(at, now)) },
                    (None, waits) => { "after " (short(waits.as_deref().unwrap_or("something else"), 60)) },
                }
            }
            td role="cell" { (status_chip(step.status, true)) }
            (said(step.location.as_ref(), step.code.as_deref(), step.message.as_deref()))
            td.end role="cell" {
                @if let Some(at) = step.at {
                    form method="post" action=(view.link("/do/advance")) {
                        (view.hidden())
                        input type="hidden" name="to" value=(at.max(now));
                        button.b.s aria-label={ "Advance to here, " (step.status.word()) } { "Advance to here" }
                    }
                }
            }
        }
    }
}

/// The cells for where something happens, and what is told of it.
fn said(location: Option<&Location>, code: Option<&str>, message: Option<&str>) -> Markup {
    html! {
        td.nowrap role="cell" { @if let Some(location) = location { (place(location, 40)) } }
        td.w role="cell" {
            @if let Some(code) = code { code { (short(code, 40)) } " " }
            @if let Some(message) = message { (short(message, 100)) }
        }
    }
}

/// Its label, as a picture and as files.
fn printed(view: &View<'_>, parcel: &Parcel) -> Markup {
    let file = |format: &str| view.link(&format!("/parcels/{}/label?format={format}", segment(&parcel.tracking_number)));
    html! {
        section.box {
            header { h2 { "Label" } }
            div.in {
                a href=(file("png")) {
                    @let alt = format!("Label of parcel {}", short(&parcel.tracking_number, 60));
                    img.label src=(file("png")) width="812" height="1218" loading="lazy" alt=(alt);
                }
            }
            footer {
                a href=(file("png")) download="label.png" { "PNG" }
                a href=(file("pdf")) download="label.pdf" { "PDF" }
                a href=(file("zpl")) download="label.zpl" { "ZPL" }
            }
        }
    }
}

/// Its label as a file, for the picture and for downloads.
pub(super) async fn label(view: &View<'_>) -> Result<Shown, Failure> {
    view.check_query(&["format"])?;
    let format = view.query("format").unwrap_or("png");
    let path = format!("{}&format={}", route(view, view.parameter("number"), "/label"), segment(format));
    let mut answer = view.ask(Method::GET, &path, "application/json", &Bytes::new()).await?;
    if !answer.status().is_success() {
        let status = answer.status();
        return view.bytes(answer).await.and(Err(Failure::new(status, "there is no label")));
    }
    if format != "png" {
        answer.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    Ok(Shown::File(answer))
}

/// What may be done to it.
fn hand(view: &View<'_>, parcel: &Parcel) -> Markup {
    let stories = stories(view);
    let about = library::names().find(|(name, _)| *name == parcel.timeline).map(|(_, about)| about);
    html! {
        section.box {
            header { h2 { "Change its course" } }
            div.in.fields {
                form.fields method="post" action=(view.link("/do/parcel-story")) {
                    (view.hidden()) (named(&parcel.tracking_number))
                    div.field {
                        label for="story" { "Story, from its beginning" }
                        select #story name="story" {
                            @if !stories.contains(&parcel.timeline) { option selected disabled { (short(&parcel.timeline, 60)) } }
                            @for name in &stories {
                                option value=(name) selected[*name == parcel.timeline] { (short(name, 60)) }
                            }
                        }
                    }
                    @if let Some(about) = about { p.xs.muted { (about) } }
                    div { button.b { "Put on this story" } }
                }
                form.fields method="post" action=(view.link("/do/parcel-event")) {
                    (view.hidden()) (named(&parcel.tracking_number))
                    div.half {
                        div.field {
                            label for="event-status" { "Event now" }
                            select #event-status name="status" {
                                @for status in Status::ALL { option selected[status == Status::Exception] { (status.word()) } }
                            }
                        }
                        div.field {
                            label for="event-code" { "Code" }
                            input #event-code name="code" type="text" placeholder="vendor's usual";
                        }
                    }
                    div.field {
                        label for="event-message" { "Message" }
                        input #event-message name="message" type="text" placeholder="vendor's usual";
                    }
                    div.half {
                        div.field { label for="event-city" { "Town" } input #event-city name="city" type="text"; }
                        div.field {
                            label for="event-country" { "Country" }
                            input #event-country name="country" type="text" maxlength="2" placeholder="GB";
                        }
                    }
                    div { button.b { "Add event" } }
                }
            }
        }
    }
}

/// Makes the next step of its timeline happen.
pub(super) async fn next(view: &View<'_>) -> Result<(), Failure> {
    view.send(Method::POST, &route(view, view.form.get("number"), "/next"), Some(&json!({}))).await.map(drop)
}

pub(super) async fn story(view: &View<'_>) -> Result<(), Failure> {
    let body = json!({"name": view.form.get("story")});
    view.send(Method::PUT, &route(view, view.form.get("number"), "/timeline"), Some(&body)).await.map(drop)
}

pub(super) async fn event(view: &View<'_>) -> Result<(), Failure> {
    let body = event_of(&view.form);
    view.send(Method::POST, &route(view, view.form.get("number"), "/events"), Some(&body)).await.map(drop)
}

fn event_of(form: &Form) -> Value {
    let texts = |names: &[&str]| {
        let members = names.iter().filter_map(|name| Some(((*name).to_owned(), Value::from(form.text(name)?))));
        members.collect::<serde_json::Map<_, _>>()
    };
    let mut event = texts(&["status", "code", "message"]);
    let location = texts(&["city", "country"]);
    if !location.is_empty() {
        event.insert("location".to_owned(), location.into());
    }
    event.into()
}
