//! Parcels of all vendors: listed, and moved by hand.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::base::text;
use crate::base::time::Timestamp;
use crate::carrier::print::{Format, Paper};
use crate::carrier::timeline::Next;
use crate::carrier::{Location, Parcel, Scan, Status, document, library};
use crate::engine::{Cx, PARCEL, STEP};
use crate::scenario::{Body, ReadBody};
use crate::server::admin::briefs::ParcelBrief;
use crate::server::admin::page::{AFTER, Rows, page_of};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::world::{Deed, LogLine};

/// A parcel with its scans.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Parcel")]
pub(crate) struct ParcelView {
    /// The vendor that it was bought from.
    vendor: String,
    account: String,
    tracking_number: String,
    /// The vendor's code of the carrier.
    carrier: String,
    /// The vendor's code of the service.
    service: String,
    /// The vendor's document that it belongs to.
    subject: String,
    status: Status,
    /// When its label was bought.
    created: Timestamp,
    /// The name of its timeline, or `usual`.
    timeline: String,
    /// The position of the timeline's next step.
    step: u32,
    from: Location,
    to: Location,
    /// All scans so far, oldest first; in rows only the latest.
    events: Vec<Scan>,
    /// Whether its label can be drawn; not said in lists.
    label: Option<bool>,
    /// What its timeline holds for it, up to the first step that waits for something other than its time; in lists only the next step.
    upcoming: Vec<Upcoming>,
}

/// A step of a timeline that has not happened yet.
#[derive(Serialize, JsonSchema)]
struct Upcoming {
    /// When it is due, if that is known.
    at: Option<Timestamp>,
    /// What it waits for otherwise, such as `2 reads of its tracking`.
    waits: Option<String>,
    status: Status,
    code: Option<String>,
    message: Option<String>,
    location: Option<Location>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Parcels {
    parcels: Rows<ParcelView>,
    /// How many fit the filters, by their status, whatever status is asked for.
    counts: BTreeMap<&'static str, usize>,
    /// What to ask for with `after` when there are more: this page is large, or has as many as were wanted.
    next: Option<String>,
}

pub(crate) const LIST: &[(&str, &str)] = &[
    ("vendor", "only those of this vendor"),
    ("status", "only those of these statuses, such as `exception,lost`"),
    ("timeline", "only those on this timeline"),
    ("q", "only those with this text in the number, the document they belong to, or the towns"),
    ("sort", "`created` is oldest first (the default), `newest`, and `next` has those first to which something happens soonest"),
    ("limit", "at most so many"),
    ("view", "`row` leaves out all events but the latest"),
    AFTER,
];

/// How many steps of a timeline are told of one parcel.
const PLANNED: usize = 50;

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Created,
    Newest,
    Next,
}

struct Filter<'a> {
    vendor: Option<&'a str>,
    statuses: Option<Vec<Status>>,
    timeline: Option<&'a str>,
    text: Option<String>,
    sort: Sort,
    limit: usize,
    is_row: bool,
}

impl<'a> Filter<'a> {
    fn read(request: &'a AdminRequest<'_>) -> Result<Self, Problem> {
        let status = |word: &str| {
            let known = || Status::ALL.map(Status::word);
            let found = Status::from_word(word);
            found.ok_or_else(|| Problem::bad_request(format!("`status` is among {}, found `{word}`", known().join(", "))))
        };
        let statuses = request.query("status").map(|words| words.split(',').map(|word| status(word.trim())).collect());
        let sort = match request.query("sort") {
            None | Some("created") => Sort::Created,
            Some("newest") => Sort::Newest,
            Some("next") => Sort::Next,
            Some(word) => return Err(Problem::bad_request(format!("`sort` is `created`, `newest` or `next`, found `{word}`"))),
        };
        let is_row = match request.query("view") {
            None => false,
            Some("row") => true,
            Some(word) => return Err(Problem::bad_request(format!("`view` is `row`, found `{word}`"))),
        };
        Ok(Self {
            vendor: request.query("vendor"),
            statuses: statuses.transpose()?,
            timeline: request.query("timeline"),
            text: request.query("q").map(str::to_lowercase),
            sort,
            limit: request.number("limit")?.unwrap_or(usize::MAX),
            is_row,
        })
    }

    /// Whether a parcel fits all but the statuses.
    fn fits(&self, parcel: &ParcelBrief) -> bool {
        self.vendor.is_none_or(|wanted| wanted == &*parcel.vendor)
            && self.timeline.is_none_or(|wanted| wanted == &*parcel.timeline)
            && self.text.as_deref().is_none_or(|text| parcel.words.contains(text))
    }
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Parcels, Problem> {
    let sandbox = admin.sandbox(request)?;
    let filter = Filter::read(request)?;
    let state = sandbox.lock();
    // A parcel's own account tells it from another one's with the same number.
    let mut due = BTreeMap::new();
    if filter.sort == Sort::Next {
        for (at, task) in state.world.agenda().iter().filter(|(_, task)| *task.topic == *STEP) {
            due.entry((task.account, &*task.subject)).or_insert(at);
        }
    }
    let (mut counts, mut rows) = (BTreeMap::new(), Vec::new());
    let accounts = state.world.accounts();
    let all = admin.lists.parcels.of(&sandbox, accounts, admin.machine.vendors());
    for (owner, brief) in all.iter().filter(|(_, brief)| filter.fits(brief)) {
        *counts.entry(brief.status.word()).or_default() += 1;
        if filter.statuses.as_ref().is_none_or(|statuses| statuses.contains(&brief.status)) {
            // Its task is still there when it was delivered or lost by hand.
            let is_over = brief.status.is_final() && &*brief.timeline == "usual";
            rows.push((due.get(&(*owner, brief.id())).copied().filter(|_| !is_over), *owner, brief));
        }
    }
    match filter.sort {
        Sort::Created => {}
        Sort::Newest => rows.sort_by_key(|(_, _, brief)| Reverse(brief.created)),
        Sort::Next => rows.sort_by_key(|(due, _, brief)| (due.is_none(), *due, Reverse(brief.created))),
    }
    let rows = rows.into_iter().map(|(_, owner, brief)| (brief.id(), (accounts.get(owner), brief)));
    let (parcels, next) = page_of(request, filter.limit, rows, |(account, brief)| {
        let parcel: Parcel = serde_json::from_str(brief.body()).ok()?;
        let mut view = ParcelView::of(&brief.vendor, &account.name, &parcel, state.plan(account, &parcel, 1));
        if filter.is_row {
            view.events.drain(..view.events.len().saturating_sub(1));
        }
        Some(view)
    })?;
    Ok(Parcels { parcels, counts, next })
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<ParcelView, Problem> {
    on_parcel(admin, request, |_, _| None)
}

pub(crate) const LABEL: &[(&str, &str)] = &[
    ("format", "`png` (unless told), `pdf` or `zpl`"),
    ("dpi", "dots to the inch of pictures and printers: 203 (unless told) or 300"),
    ("sandbox", "where to look; every sandbox otherwise"),
];

/// The label of a parcel as it is printed on 4 by 6 inches, drawn anew each time.
pub(crate) async fn label(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let dpi = match request.query("dpi") {
        None | Some("203") => 203,
        Some("300") => 300,
        Some(other) => return Err(Problem::bad_request(format!("`dpi` is 203 or 300, found `{other}`"))),
    };
    let (media_type, format) = match request.query("format") {
        None | Some("png") => ("image/png", Format::png(Paper::Inch4x6, dpi)),
        Some("pdf") => ("application/pdf", Format::pdf(Paper::Inch4x6)),
        Some("zpl") => ("application/octet-stream", Format::zpl(dpi)),
        Some(other) => return Err(Problem::bad_request(format!("`format` is `png`, `pdf` or `zpl`, found `{other}`"))),
    };
    let number = request.parameter("tracking");
    let sandbox = admin.find_owner(request, &PARCEL, number)?;
    let label = admin.machine.with_parcel(&sandbox, number, wall(), |cx, parcel| cx.label(parcel))?;
    let label = label.ok_or_else(|| Problem::not_found(format!("nothing is known of a label of `{number}`")))?;
    // Drawn when the sandbox is free again.
    Ok(response::text(media_type, document::render_label(label, format)))
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    status: Status,
    /// A finer word of the vendor.
    code: Option<String>,
    /// A text instead of the vendor's usual one.
    message: Option<String>,
    location: Option<Location>,
}

impl ReadBody for Event {
    const MEMBERS: &'static [&'static str] = &["status", "code", "message", "location"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        body.required("status");
        let words = Status::ALL.map(|status| (status.word(), status));
        Self {
            // A body without a status is refused.
            status: body.choice("status", &words).unwrap_or(Status::Unknown),
            code: body.text("code"),
            message: body.text("message"),
            location: body.mapping("location", "`location`"),
        }
    }
}

impl ReadBody for Location {
    const MEMBERS: &'static [&'static str] = &["city", "state", "zip", "country"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        let mut text = |name: &str| body.text(name).unwrap_or_default();
        Self { city: text("city"), state: text("state"), zip: text("zip"), country: text("country") }
    }
}

pub(crate) async fn event(admin: &Admin, request: &AdminRequest<'_>) -> Result<ParcelView, Problem> {
    let wanted: Event = request.read()?;
    on_parcel(admin, request, |cx, parcel| {
        let Event { status, code, message, location } = &wanted;
        let scan = Scan { at: cx.now, status: *status, code: code.clone(), message: message.clone(), location: location.clone() };
        cx.scan(parcel, scan);
        Some(json!({"status": status}))
    })
}

pub(crate) async fn next(admin: &Admin, request: &AdminRequest<'_>) -> Result<ParcelView, Problem> {
    on_parcel(admin, request, |cx, parcel| {
        cx.force_next_step(parcel);
        Some(json!({"next": true}))
    })
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetTimeline {
    /// A timeline of the scenario, or a built-in one.
    #[schemars(extend("examples" = library::names().map(|(name, _)| name).collect::<Vec<_>>()))]
    name: String,
}

impl ReadBody for SetTimeline {
    const MEMBERS: &'static [&'static str] = &["name"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self { name: body.required("name") }
    }
}

pub(crate) async fn timeline(admin: &Admin, request: &AdminRequest<'_>) -> Result<ParcelView, Problem> {
    let SetTimeline { name } = request.read()?;
    let mut known = None;
    let parcel = on_parcel(admin, request, |cx, parcel| {
        known = (!cx.set_timeline(parcel, &name)).then(|| cx.timeline_names());
        known.is_none().then(|| json!({"timeline": name}))
    })?;
    let Some(known) = known else { return Ok(parcel) };
    let help = match text::nearest(&name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    Err(Problem::bad_request(format!("there is no timeline `{name}`; {help}")))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Timelines {
    timelines: Vec<TimelineView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Timeline")]
struct TimelineView {
    name: &'static str,
    about: &'static str,
}

pub(crate) async fn timelines(_: &Admin, _: &AdminRequest<'_>) -> Result<Timelines, Problem> {
    Ok(Timelines { timelines: library::names().map(|(name, about)| TimelineView { name, about }).collect() })
}

/// Changes the parcel that the path names, in whichever sandbox has it; `act` returns what was done, for the sandbox's log.
fn on_parcel(
    admin: &Admin,
    request: &AdminRequest<'_>,
    mut act: impl FnMut(&mut Cx<'_>, &mut Parcel) -> Option<Value>,
) -> Result<ParcelView, Problem> {
    let number = request.parameter("tracking");
    let sandbox = admin.find_owner(request, &PARCEL, number)?;
    let done = admin.machine.with_parcel(&sandbox, number, wall(), |cx, parcel| {
        let done = act(cx, parcel);
        let label = Some(cx.label(parcel).is_some());
        let view = ParcelView { label, ..ParcelView::of(cx.vendor_id(), &cx.docs.account().name, parcel, cx.plan(parcel, PLANNED)) };
        (done, view)
    });
    admin.changed.notify_waiters();
    let (done, view) = done?;
    if let Some(done) = done {
        sandbox.note_line(wall(), LogLine::with(Deed::Parcel, number, done));
    }
    Ok(view)
}

/// The name of a parcel's timeline.
fn timeline_name(parcel: &Parcel) -> &str {
    parcel.timeline.as_deref().unwrap_or("usual")
}

impl ParcelView {
    fn of(vendor: &str, account: &str, parcel: &Parcel, plan: Vec<Next>) -> Self {
        Self {
            vendor: vendor.to_owned(),
            account: account.to_owned(),
            tracking_number: parcel.tracking_number.clone(),
            carrier: parcel.carrier.clone(),
            service: parcel.service.clone(),
            subject: parcel.subject.clone(),
            status: parcel.status(),
            created: parcel.created,
            timeline: timeline_name(parcel).to_owned(),
            step: parcel.step,
            from: parcel.from.clone(),
            to: parcel.to.clone(),
            events: parcel.scans.clone(),
            label: None,
            upcoming: plan.into_iter().map(Upcoming::of).collect(),
        }
    }
}

impl Upcoming {
    fn of(next: Next) -> Self {
        let (at, waits, scan) = match next {
            Next::At(at, scan) => (Some(at), None, scan),
            Next::AfterReads(1, scan) => (None, Some("one read of its tracking".to_owned()), scan),
            Next::AfterReads(reads, scan) => (None, Some(format!("{reads} reads of its tracking")), scan),
            Next::OnCall(operations, scan) => (None, Some(format!("a call of `{operations}` about it")), scan),
            Next::After(anchor, scan) => (None, Some(format!("its {}", anchor.word())), scan),
        };
        let Scan { status, code, message, location, .. } = scan;
        Self { at, waits, status, code, message, location }
    }
}
