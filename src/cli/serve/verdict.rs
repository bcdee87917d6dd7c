//! `seatrial serve --verify`: the verdict on all sandboxes at the end, for people, for files, and as the exit code.

use std::fs;

use crate::cli::arguments::ServeArguments;
use crate::cli::{Exit, complain, warn};
use crate::engine::Machine;
use crate::scenario::verify::Format;
use crate::server::{self, LastVerdict, Verdicts};

/// Writes the reports that are asked for. The exit code is that of a failure if `--verify` is given and not everything holds.
pub(super) fn tell(arguments: &ServeArguments, machine: &Machine, verdicts: &Verdicts) -> Exit {
    let LastVerdict { reports, dropped, has_failed } = server::last_verdict(machine, verdicts);
    let mut exit = if arguments.verify && has_failed { Exit::Failed } else { Exit::Fine };
    for path in &arguments.verify_report {
        let format = Format::of_file(&path.to_string_lossy());
        if let Err(error) = fs::write(path, format.write(&reports)) {
            exit = complain(&format_args!("`--verify-report`: {}: {error}", path.display()), Exit::Failed);
        }
    }
    if arguments.verify {
        if dropped > 0 {
            warn(&format_args!("the verdicts on {dropped} sandboxes that ended earlier are not kept any more; the exit code counts them"));
        }
        if reports.is_empty() {
            warn(&"seatrial: no sandbox expected anything");
        }
        warn(&Format::Text.write(&reports).trim_end());
    }
    exit
}
