//! Parcels of all vendors: listed, and moved by hand.

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::text;
use crate::base::time::Timestamp;
use crate::carrier::{Location, Parcel, Scan, Status, library};
use crate::engine::{Cx, PARCEL};
use crate::scenario::{Body, ReadBody};
use crate::server::admin::page::{Rows, page};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::server::clock::wall;

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
    /// All scans so far, oldest first.
    events: Vec<Scan>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Parcels {
    parcels: Rows<ParcelView>,
    /// What to ask for with `after` when there are more: this page is large.
    next: Option<String>,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Parcels, Problem> {
    let sandbox = admin.sandbox(request)?;
    let state = sandbox.lock();
    let rows = state.rows(PARCEL).map(|(account, id, body)| (id, (account, body)));
    let (parcels, next) = page(request, rows, |(account, body)| {
        let parcel: Parcel = serde_json::from_slice(body).ok()?;
        let vendor = admin.machine.vendors().booked_with(&account.mount, &parcel)?;
        Some(ParcelView::of(&vendor.id, &account.name, &parcel))
    })?;
    Ok(Parcels { parcels, next })
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<ParcelView, Problem> {
    on_parcel(admin, request, |_, _| ())
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
    })
}

pub(crate) async fn next(admin: &Admin, request: &AdminRequest<'_>) -> Result<ParcelView, Problem> {
    on_parcel(admin, request, |cx, parcel| {
        cx.force_next_step(parcel);
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

/// Changes the parcel that the path names, in whichever sandbox has it.
fn on_parcel(admin: &Admin, request: &AdminRequest<'_>, mut act: impl FnMut(&mut Cx<'_>, &mut Parcel)) -> Result<ParcelView, Problem> {
    let number = request.parameter("tracking");
    let sandbox = admin.find_owner(request, &PARCEL, number)?;
    let done = admin.machine.with_parcel(&sandbox, number, wall(), |cx, parcel| {
        act(cx, parcel);
        ParcelView::of(cx.vendor_id(), &cx.docs.account().name, parcel)
    });
    admin.changed.notify_waiters();
    Ok(done?)
}

impl ParcelView {
    fn of(vendor: &str, account: &str, parcel: &Parcel) -> Self {
        Self {
            vendor: vendor.to_owned(),
            account: account.to_owned(),
            tracking_number: parcel.tracking_number.clone(),
            carrier: parcel.carrier.clone(),
            service: parcel.service.clone(),
            subject: parcel.subject.clone(),
            status: parcel.status(),
            created: parcel.created,
            timeline: parcel.timeline.clone().unwrap_or_else(|| "usual".to_owned()),
            step: parcel.step,
            from: parcel.from.clone(),
            to: parcel.to.clone(),
            events: parcel.scans.clone(),
        }
    }
}
