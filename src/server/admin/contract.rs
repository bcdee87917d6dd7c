//! What the calls of a sandbox depart in from the documents of the vendors, and what was never tried.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::Value;

use crate::base::time;
use crate::contract::{CallFacts, Collector, Judged, Report};
use crate::engine::Sandbox;
use crate::report::{Format, Reported as _};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::requests::{Filter, STREAM};
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::secrets::Redactor;
use crate::server::admin::state::Admin;

/// The formats beside JSON, by their names here.
const FORMATS: [(&str, Format, &str); 4] = [
    ("text", Format::Text, "text/plain; charset=utf-8"),
    ("markdown", Format::Markdown, "text/markdown; charset=utf-8"),
    ("junit", Format::JUnit, "application/xml"),
    ("sarif", Format::Sarif, "application/sarif+json"),
];

/// The media types of an answer beside JSON.
pub(crate) const MEDIA_TYPES: &[&str] = &[FORMATS[0].2, FORMATS[1].2, FORMATS[2].2, FORMATS[3].2];

/// The filters of the journal, and what a report is.
pub(crate) const QUERY: &[(&str, &str)] = &[
    ("format", "`json`, or `text`, `markdown`, `junit` or `sarif`"),
    ("findings", "at most so many of each kind, the most frequent ones"),
    ("wait", "judge so long at most, such as `1s`, and say how many calls are left; all are judged otherwise. Without filters only"),
    STREAM[0],
    STREAM[1],
    STREAM[2],
    STREAM[3],
    STREAM[4],
    STREAM[5],
    STREAM[6],
    STREAM[7],
    STREAM[8],
    STREAM[9],
    STREAM[10],
];

/// Judges the calls of the journal that fit the filters.
pub(crate) async fn report(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let sandbox = admin.sandbox(request)?;
    let (filter, redactor) = (Filter::read(admin, request)?, Redactor::read(admin, request, &sandbox)?);
    let format = request.query("format").filter(|name| *name != "json").map(format_of).transpose()?;
    let most: usize = request.number("findings")?.unwrap_or(usize::MAX);
    let wait = request.query("wait");
    let wait = wait.map(|text| time::duration(text).ok_or_else(|| refused("wait", "a span such as `1s`", text))).transpose()?;
    let mut report = match (filter.is_everything(), wait) {
        (true, wait) => report_on_all(admin, &sandbox, wait).await,
        (false, None) => of_those(admin, &sandbox, &filter).await?,
        (false, Some(_)) => return Err(Problem::bad_request("`wait` is for reports on all calls, without filters")),
    };
    for rows in [&mut report.violations, &mut report.undocumented, &mut report.deprecated] {
        rows.truncate(most);
        for row in rows {
            let name = row.pointer.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
            if redactor.is_secret(&row.vendor, name) {
                let shown = || Value::from("[redacted]");
                row.values.iter_mut().filter(|value| !value.is_null()).for_each(|value| *value = shown());
                if let Some((_, expected)) = row.detail.split_once(", expected ") {
                    row.detail = format!("found [redacted], expected {expected}");
                }
            }
        }
    }
    let shown = redactor.json(&report);
    let Some((_, format, media_type)) = format else { return Ok(response::json(StatusCode::OK, &shown)) };
    let report = shown.read().map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(response::text(media_type, Judged(&report, &[]).write(format)))
}

fn format_of(name: &str) -> Result<(&'static str, Format, &'static str), Problem> {
    let known = || FORMATS.map(|(name, ..)| format!("`{name}`")).join(", ");
    let found = FORMATS.into_iter().find(|(own, ..)| *own == name);
    found.ok_or_else(|| refused("format", &format!("one of `json`, {}", known()), name))
}

fn refused(member: &str, expected: &str, found: &str) -> Problem {
    Problem::bad_request(format!("`{member}` is {expected}, found `{found}`"))
}

/// Judges what is new since the last report on all calls. What is left when the time is up is judged meanwhile.
#[expect(clippy::disallowed_methods, reason = "how long a caller waits is real time")]
async fn report_on_all(admin: &Admin, sandbox: &Arc<Sandbox>, wait: Option<Duration>) -> Report {
    let (count, began) = (admin.judged.of(sandbox), Instant::now());
    while count.go_on(&admin.machine, sandbox) {
        if wait.is_some_and(|wait| began.elapsed() >= wait) {
            // What was judged in time, before more is.
            let report = count.report(&admin.machine, sandbox);
            count.go_on_apart(&admin.machine, sandbox);
            return report;
        }
        tokio::task::yield_now().await;
    }
    count.report(&admin.machine, sandbox)
}

async fn of_those(admin: &Admin, sandbox: &Sandbox, filter: &Filter) -> Result<Report, Problem> {
    let (rows, dropped) = filter.look(sandbox, |journal| (filter.find(journal, usize::MAX), journal.dropped()));
    let rows = rows?;
    let mut collector = Collector::new(&*sandbox.name);
    collector.dropped(dropped);
    for (index, entry) in rows.iter().enumerate() {
        let facts = CallFacts { id: &entry.id, status: entry.wire.outcome().status, is_cut: entry.request.is_cut() };
        collector.add(&facts, admin.machine.judge_entry(entry));
        if index % 64 == 63 {
            tokio::task::yield_now().await;
        }
    }
    Ok(collector.finish(&admin.machine))
}
