//! What the calls of a sandbox depart in from the documents of the vendors, and what was never tried.

use serde_json::Value;

use crate::contract::{CallFacts, Collector, Report};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::requests::Filter;
use crate::server::admin::secrets::{Redacted, Redactor};
use crate::server::admin::state::Admin;

/// Judges the calls of the journal that fit the filters.
pub(crate) async fn report(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<Report>, Problem> {
    let sandbox = admin.sandbox(request)?;
    let (filter, redactor) = (Filter::read(admin, request)?, Redactor::read(admin, request, &sandbox)?);
    let (rows, dropped) = {
        let journal = sandbox.journal();
        (filter.find(&journal, usize::MAX)?, journal.dropped)
    };
    let mut collector = Collector::new(&*sandbox.name);
    collector.dropped(dropped);
    for (index, entry) in rows.iter().enumerate() {
        let facts = CallFacts { id: &entry.id, status: entry.wire.get().status, is_cut: entry.request.is_cut() };
        collector.add(&facts, admin.machine.judge_entry(entry));
        if index % 64 == 63 {
            tokio::task::yield_now().await;
        }
    }
    let mut report = collector.finish(&admin.machine);
    for rows in [&mut report.violations, &mut report.undocumented, &mut report.deprecated] {
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
    Ok(redactor.json(&report))
}
