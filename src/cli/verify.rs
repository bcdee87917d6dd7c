//! `seatrial verify`: the verdict on a sandbox of a running server, and whether it passed as the exit code.

use http::Method;

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::VerifyArguments;
use crate::cli::{Exit, complain, say};
use crate::scenario::verify::{Report, Verdict};

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
    let ask = |milliseconds: u64| {
        let wait = if milliseconds > 0 { format!("?wait={milliseconds}ms") } else { String::new() };
        let path = format!("/sandboxes/{}/verify{wait}", arguments.server.sandbox);
        admin_client::ask::<Report>(&arguments.server, Method::POST, &path, None)
    };
    admin_client::wait(arguments.wait, ask, |report| report.verdict == Verdict::Passed)
}
