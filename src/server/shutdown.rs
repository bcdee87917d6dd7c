//! The end of a sandbox: what its scenario expected, and what was prepared for it and never had an effect, is said before the
//! evidence is gone.

use crate::engine::{Machine, Sandbox};
use crate::scenario::verify::{self, Report};

/// How many sandboxes have their say when the process leaves.
const MOST: usize = 100;

/// Judges a sandbox that ends, and says what is to be said in the log.
pub(super) fn report(machine: &Machine, sandbox: &Sandbox, why: &str) -> Report {
    let report = verify::verify_current(machine, sandbox);
    let remarks = report.remarks();
    if !remarks.is_empty() {
        tracing::warn!(sandbox = &*sandbox.name, "{why}; {}", remarks.join("; "));
    }
    report
}

/// Judges those that end with the process.
pub(super) fn report_all(machine: &Machine) {
    for sandbox in machine.sandboxes().iter().take(MOST) {
        report(machine, sandbox, "the process leaves");
    }
}
