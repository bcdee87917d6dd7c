//! `seatrial data`: looks through data directories, and takes sandboxes out of them.

use std::io::{self, Write as _};
use std::path::Path;

use crate::cli::arguments::DataCommand;
use crate::cli::{Exit, complain, say, vendors};
use crate::engine::{Machine, Options, Start};
use crate::server::wall;
use crate::store::StoreError;
use crate::store::check::{self, Report, Soundness};

pub(super) fn run(command: &DataCommand) -> Exit {
    let (DataCommand::Check { vendors: files, .. } | DataCommand::Export { vendors: files, .. }) = command;
    let all = match vendors::all(files) {
        Ok(all) => all,
        Err(error) => return vendors::complain(&error),
    };
    let machine = Machine::new(all, Options::default(), Start::plain(wall()));
    hush_store();
    match command {
        DataCommand::Check { directory, json, .. } => check(&machine, directory, *json),
        DataCommand::Export { directory, name, .. } => export(&machine, directory, name),
    }
}

/// The store panics on some damage, which is told as what it is. A panic of our own is not hidden.
fn hush_store() {
    let tell = std::panic::take_hook();
    let own = file!().trim_end_matches("cli/data.rs");
    std::panic::set_hook(Box::new(move |panic| {
        if panic.location().is_some_and(|place| place.file().starts_with(own)) {
            tell(panic);
        }
    }));
}

fn check(machine: &Machine, directory: &Path, json: bool) -> Exit {
    let report = match check::check(machine, directory) {
        Ok(report) => report,
        Err(error) => return fail(&error),
    };
    if json {
        say(&serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        say(&report_text(&report, directory));
    }
    if report.state == Soundness::Sound { Exit::Fine } else { Exit::Failed }
}

/// Says why a directory could not be read: 1 where what is in it is to blame, and 2 where it is what was asked for, or how.
fn fail(error: &StoreError) -> Exit {
    let is_inside = matches!(error, StoreError::Damaged(_) | StoreError::Unknown { .. } | StoreError::NoRoom { .. });
    complain(error, if is_inside { Exit::Failed } else { Exit::Usage })
}

/// A report as text: a line for each sandbox, and what is wrong.
fn report_text(report: &Report, directory: &Path) -> String {
    let mut lines = vec![format!("{}: {}", directory.display(), report.state.word())];
    lines.extend(report.problem.iter().map(|problem| format!("  {problem}")));
    if report.lost > 0 {
        lines.push(format!("  the last {} changes were written, and are gone", report.lost));
    }
    if report.state != Soundness::Damaged && !report.closed {
        lines.push("  the process that had it did not end in good order".to_owned());
    }
    for row in &report.sandboxes {
        lines.push(match &row.problem {
            Some(problem) => format!("  {}: {problem}", row.name),
            None => format!("  {}: {} documents, {} calls, {} bytes", row.name, row.documents, row.calls, row.bytes),
        });
    }
    lines.join("\n")
}

fn export(machine: &Machine, directory: &Path, name: &str) -> Exit {
    let mut file = Vec::new();
    if let Err(error) = check::export(machine, directory, name, wall(), &mut file) {
        return fail(&error);
    }
    // A closed standard output, as after `| head`, is no error.
    let mut out = io::stdout();
    let _ = out.write_all(&file).and_then(|()| out.flush());
    Exit::Fine
}
