//! What all pages share: the header with the clock, the tabs, the footer.

use std::io::Write as _;

use ::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY};
use ::http::{Response, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use maud::{DOCTYPE, Markup, html};

use crate::server::body::{Payload, full_body};
use crate::server::ui::access;
use crate::server::ui::actions;
use crate::server::ui::assets;
use crate::server::ui::clock::{self, Clock};
use crate::server::ui::failure::Failure;
use crate::server::ui::parts::{self, count, short};
use crate::server::ui::shown::Content;
use crate::server::ui::view::{PAGES, View, link};

/// A tab of the second row.
pub(super) struct Tab {
    pub name: &'static str,
    /// Where it leads to, within the pages of a sandbox.
    pub path: &'static str,
    /// The number beside its name.
    pub count: fn(&Facts) -> Option<u64>,
}

/// All tabs, in their order. A page says by its row in the table of pages which of them it belongs to.
pub(super) static TABS: &[Tab] = &[
    Tab { name: "Home", path: "", count: |_| None },
    Tab { name: "Requests", path: "/requests", count: |facts| Some(facts.kept) },
    Tab { name: "Parcels", path: "/parcels", count: |_| None },
    Tab { name: "Webhooks", path: "/webhooks", count: |_| None },
    Tab { name: "Agenda", path: "/agenda", count: |facts| Some(facts.clock.due) },
    Tab { name: "Scenario", path: "/scenario", count: |_| None },
    Tab { name: "Contract", path: "/contract", count: |_| None },
    Tab { name: "Sandboxes", path: "/sandbox", count: |_| None },
    Tab { name: "Reference", path: "/reference", count: |_| None },
];

/// How many sandboxes the picker has.
const PICKED: usize = 12;

/// What the frame says of a sandbox.
pub(super) struct Facts {
    pub clock: Clock,
    scenario: String,
    seed: u64,
    /// How many calls are in the journal, and how many have left it to make room.
    pub kept: u64,
    pub dropped: u64,
    journal: usize,
    journal_limit: usize,
    /// Whether no document can be added any more.
    pub is_full: bool,
}

impl Facts {
    /// Reads them of the sandbox of a page; `None` if there is none.
    pub fn of(view: &View<'_>) -> Option<Self> {
        let sandbox = view.admin.machine.sandbox(view.sandbox())?;
        let usage = view.admin.machine.usage(&sandbox);
        let journal = sandbox.journal();
        let (kept, dropped) = (journal.iter().len() as u64, journal.dropped());
        drop(journal);
        let state = sandbox.lock();
        let (scenario, seed) = (state.scenario_name.clone(), state.world.seed());
        drop(state);
        let clock = Clock::of(&sandbox);
        let (journal, journal_limit, is_full) = (usage.journal, usage.journal_limit, usage.full);
        Some(Self { clock, scenario, seed, kept, dropped, journal, journal_limit, is_full })
    }
}

/// A page as it is sent.
pub(super) fn write(view: &View<'_>, tab: &str, status: StatusCode, content: &Content) -> Response<Payload> {
    let facts = Facts::of(view);
    let sandbox = view.sandbox();
    let [css, js, _] = &*assets::ADDRESSES;
    let did = view.query("did").and_then(actions::done);
    let page = html! {
        (DOCTYPE)
        html lang="en" data-theme=[view.theme()] {
            head {
                (head(&format!("{} · {sandbox}", content.title), css))
                script src=(js) defer {}
            }
            body data-base=(view.link("")) data-keys=[view.has_no_keys().then_some("off")]
                class=[view.is_recorded().then_some("recorded")] {
                (parts::sprite())
                a.skip href="#main" { "Skip to content" }
                header.top {
                    (brand(&view.link("")))
                    (picker(view))
                    form.find.nos role="search" action={ (PAGES) "/go" } {
                        label.vh for="find" { "Go to the id of a request, a parcel, a delivery, or of what a vendor made" }
                        input.find #find name="id" type="search" placeholder="Go to an id  /" autocomplete="off";
                        input type="hidden" name="sandbox" value=(sandbox);
                    }
                    @if let Some(facts) = &facts { (clock::control(view, &facts.clock)) }
                }
                nav.tabs aria-label="Pages of this sandbox" {
                    @for row in TABS {
                        a href=(view.link(row.path)) aria-current=[(row.name == tab).then_some("page")] {
                            (row.name)
                            @if let Some(number) = facts.as_ref().and_then(row.count) { " " span.n { (count(number)) } }
                        }
                    }
                }
                main #main tabindex="-1" {
                    @if view.is_recorded() {
                        p.recording role="note" {
                            b { "A recording. " }
                            "It shows the sandbox as its file has it: its time stands still, and nothing can be changed."
                        }
                    }
                    @if let Some(done) = did { p.did role="status" { (parts::glyph("check")) (done) } }
                    (content.body)
                }
                p.vh #say role="status" {}
                (footer(view, facts.as_ref()))
            }
        }
    };
    packed(status, page, access::takes_gzip(view.parts))
}

/// A page for those who may not see the others.
pub(super) fn bare(status: StatusCode, title: &str, body: &Markup) -> Response<Payload> {
    let [css, ..] = &*assets::ADDRESSES;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { (head(title, css)) }
            body {
                (parts::sprite())
                header.top { (brand(&format!("{PAGES}/"))) }
                main #main.narrow { (body) }
            }
        }
    };
    packed(status, page, false)
}

/// A refusal within the frame.
pub(super) fn failure(view: &View<'_>, tab: &str, failure: &Failure) -> Response<Payload> {
    let title = failure.status.canonical_reason().unwrap_or("Refused");
    let body = html! {
        div.head { div { h1 { (title) } } }
        (parts::notice(&failure.detail))
        @if let Some(back) = view.back() { p { a.b href=(back) { "Back" } } }
        @else { p { a.b href=(view.link("")) { "Home" } } }
    };
    write(view, tab, failure.status, &Content { title: title.to_owned(), body })
}

/// A refusal without the frame, which would say too much to those who are refused.
pub(super) fn plain_failure(failure: &Failure) -> Response<Payload> {
    let title = failure.status.canonical_reason().unwrap_or("Refused");
    bare(failure.status, title, &html! { div.head { div { h1 { (title) } } } (parts::notice(&failure.detail)) })
}

/// An answer with a page, compressed for those who take it. That is quick rather than small: most callers are on this machine.
fn packed(status: StatusCode, page: Markup, takes_gzip: bool) -> Response<Payload> {
    let page = page.into_string();
    let mut response = if takes_gzip {
        let mut encoder = GzEncoder::new(Vec::with_capacity(page.len() / 4), Compression::fast());
        let body = encoder.write_all(page.as_bytes()).and_then(|()| encoder.finish()).expect("it is written to memory");
        let mut response = Response::new(full_body(body));
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        Response::new(full_body(page))
    };
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding, cookie"));
    response
}

fn head(title: &str, css: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        title { (short(title, 120)) " · Seatrial" }
        link rel="icon" type="image/svg+xml" href=(assets::ADDRESSES[2]);
        link rel="stylesheet" href=(css);
    }
}

fn brand(home: &str) -> Markup {
    html! {
        a.brand href=(home) {
            svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" {
                path d="M3 10.5h18l-3.6 6.2H6.2z" fill="currentColor" stroke="none" {}
                path d="M12 10V3.2L17 10" {}
                path d="M2 20.5c1.7 0 1.7-1.4 3.3-1.4s1.7 1.4 3.4 1.4 1.6-1.4 3.3-1.4 1.7 1.4 3.3 1.4 1.7-1.4 3.4-1.4 1.6 1.4 3.3 1.4" {}
            }
            "Seatrial"
        }
    }
}

/// The other sandboxes: some of them by name, and how many there are.
fn picker(view: &View<'_>) -> Markup {
    let all = view.admin.machine.sandboxes();
    let others = all.iter().map(|sandbox| &*sandbox.name).filter(|name| *name != view.sandbox());
    if view.is_recorded() {
        return html! { span.picker { span.k { "Sandbox" } " " (short(view.sandbox(), 24)) } };
    }
    html! {
        details.picker.menu {
            summary { span.k { "Sandbox" } " " (short(view.sandbox(), 24)) " " span aria-hidden="true" { "▾" } }
            div.pop.left {
                ul.picks {
                    @for name in others.take(PICKED) { li { a href=(link(name, "")) { (short(name, 64)) } } }
                }
                p.xs.muted { a href={ (PAGES) "/sandboxes" } { "All " (count(all.len())) } }
            }
        }
    }
}

fn footer(view: &View<'_>, facts: Option<&Facts>) -> Markup {
    html! {
        footer.foot {
            span { "Seatrial " (env!("CARGO_PKG_VERSION")) }
            @if let Some(facts) = facts {
                span { "scenario " (short(&facts.scenario, 60)) " · seed " (facts.seed) }
                span {
                    "Journal " (count(facts.kept)) " of " (count(facts.kept + facts.dropped)) " kept · "
                    (parts::bytes(facts.journal)) " of " (parts::bytes(facts.journal_limit))
                }
            }
            details.keys {
                summary { kbd { "?" } " keyboard shortcuts" }
                dl.kv {
                    dt { kbd { "/" } } dd { "go to an id" }
                    dt { kbd { "g" } " then a letter" } dd {
                        "h home, r requests, p parcels, w webhooks, a agenda, s scenario, c contract, b sandbox, e reference, l latest request"
                    }
                    dt { kbd { "j" } " " kbd { "k" } } dd { "next, previous: in lists the row, in details the page" }
                    dt { kbd { "u" } } dd { "back to the list" }
                    dt { kbd { "f" } } dd { "first filter" }
                    dt { kbd { "c" } } dd { "copy as curl" }
                    dt { kbd { "l" } } dd { "show the requests that came meanwhile" }
                    dt { kbd { "n" } } dd { "next event of the parcel" }
                    dt { kbd { "Shift" } " " kbd { "N" } } dd { "next event of the sandbox" }
                    dt { kbd { "r" } } dd { "redeliver" }
                    dt { kbd { "Ctrl" } " " kbd { "Enter" } } dd { "check the draft" }
                }
                form.taste method="post" action=(view.link("/do/keys")) {
                    (view.hidden())
                    @if view.has_no_keys() { "They are off. " button.linkish name="keys" value="on" { "Switch them on" } }
                    @else { button.linkish name="keys" value="off" { "Switch them off" } }
                }
            }
            @if view.has_session() {
                form method="post" action={ (PAGES) "/login" } {
                    (view.hidden())
                    input type="hidden" name="out" value="1";
                    button.linkish { "Sign out" }
                }
            }
            form.theme.taste method="post" action=(view.link("/do/theme")) {
                (view.hidden())
                "Theme "
                @for theme in ["system", "light", "dark"] {
                    @let is_chosen = view.theme().unwrap_or("system") == theme;
                    button.linkish name="theme" value=(theme) aria-pressed=(is_chosen) { (theme) }
                }
            }
        }
    }
}
