//! Verifies a sandbox before its evidence is gone, and logs unmet expectations and rules that had no effect.

use crate::engine::{Machine, Sandbox};
use crate::scenario::verify::{self, Report};
use crate::server::admin::secrets::{Redactor, Secrets};

/// At shutdown at most this many sandboxes are verified and reported.
const MOST: usize = 100;

/// Verifies a sandbox that ends, and logs what is not as it should be; `why` says how it ends.
pub(super) fn report(machine: &Machine, sandbox: &Sandbox, why: &str) -> Report {
    let report = verify::verify_current(machine, sandbox);
    let remarks = report.remarks();
    if !remarks.is_empty() {
        let remarks = Redactor::new(Secrets::Hidden, machine, sandbox).text(&remarks.join("; "));
        tracing::warn!(sandbox = &*sandbox.name, "{why}; {remarks}");
    }
    report
}

/// Verifies the sandboxes that end with the process.
pub(super) fn report_all(machine: &Machine) {
    for sandbox in machine.sandboxes().iter().take(MOST) {
        report(machine, sandbox, "the process leaves");
    }
}
