//! `seatrial serve --verify`: the verdict on all sandboxes at the end, for people, for files, and as the exit code.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use crate::cli::arguments::ServeArguments;
use crate::cli::{Exit, complain, warn};
use crate::engine::Machine;
use crate::scenario::verify::Format;
use crate::server::{self, LastVerdict, Verdicts};

/// What is said when there is nothing to judge.
const NOTHING: &str = "no sandbox expected anything";

/// Whether the verdict at the end is asked for.
pub(super) fn is_asked(arguments: &ServeArguments) -> bool {
    arguments.verify || !arguments.verify_report.is_empty()
}

/// Why a report cannot be written at the end, as far as that can be known before.
pub(super) fn obstacle(arguments: &ServeArguments) -> Option<String> {
    arguments.verify_report.iter().find_map(|path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let why = match () {
            () if path.is_dir() => "it is a folder".to_owned(),
            () if is_pipe(path) => "it is a pipe, which might be read by nobody".to_owned(),
            () if !folder.is_dir() => format!("there is no folder `{}`", folder.display()),
            () => return None,
        };
        Some(format!("`--verify-report`: {}: {why}", path.display()))
    })
}

/// Whether it is a pipe that has a name. Those of a shell have their readers.
fn is_pipe(path: &Path) -> bool {
    let is_of_shell = ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder));
    !is_of_shell && fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// Writes the reports that are asked for. The exit code is that of a failure if `--verify` is given and not everything holds.
pub(super) fn tell(arguments: &ServeArguments, machine: &Machine, verdicts: &Verdicts) -> Exit {
    let LastVerdict { reports, has_failed } = server::last_verdict(machine, verdicts);
    let mut exit = if arguments.verify && has_failed { Exit::Failed } else { Exit::Fine };
    for path in &arguments.verify_report {
        let format = Format::of_file(&path.to_string_lossy());
        let text = if reports.is_empty() && format == Format::Text { format!("{NOTHING}\n") } else { format.write(&reports) };
        if let Err(error) = fs::write(path, text) {
            exit = complain(&format_args!("`--verify-report`: {}: {error}", path.display()), Exit::Failed);
        }
    }
    if arguments.verify {
        if reports.is_empty() {
            warn(&format_args!("seatrial: {NOTHING}"));
        }
        warn(&Format::Text.write(&reports).trim_end());
    }
    exit
}
