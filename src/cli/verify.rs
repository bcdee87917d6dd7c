//! `seatrial verify`: the verdict on a sandbox of a running server, and whether it passed as the exit code.

use http::Method;

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::VerifyArguments;
use crate::cli::{Exit, complain, say};
use crate::scenario::verify::{Report, Verdict};

/// How long the server is asked to wait at once: less than an answer is waited for.
const AT_ONCE: u64 = 20_000;

pub(super) fn run(arguments: &VerifyArguments) -> Exit {
    match judged(arguments) {
        Ok(report) => {
            let exit = exit(&report);
            say(&arguments.format.write(&[report]).trim_end());
            exit
        }
        Err(error) => complain(&error, Exit::Failed),
    }
}

/// The exit code of a verdict.
pub(super) fn exit(report: &Report) -> Exit {
    if report.verdict == Verdict::Passed { Exit::Fine } else { Exit::Failed }
}

/// The verdict once everything holds, or the time is over.
fn judged(arguments: &VerifyArguments) -> Result<Report, AdminError> {
    let mut left = u64::try_from(arguments.wait.as_millis()).unwrap_or(u64::MAX);
    loop {
        let now = left.min(AT_ONCE);
        let path = format!("/sandboxes/{}/verify?wait={now}ms", arguments.server.sandbox);
        let report: Report = admin_client::ask(&arguments.server, Method::POST, &path, None)?;
        left -= now;
        if report.verdict == Verdict::Passed || left == 0 {
            return Ok(report);
        }
    }
}
