//! `seatrial check`: every problem of scenario files, as a compiler would show it.

use std::sync::Arc;

use crate::base::time::Timestamp;
use crate::cli::arguments::CheckArguments;
use crate::cli::scenarios::{self, ScenarioError};
use crate::cli::{Exit, complain, say, warn};
use crate::engine::{DEFAULT, Machine, Options, Start};
use crate::scenario::run::{self, Known};
use crate::scenario::{self, Diagnostic};
use crate::{server, vendors};

pub(super) fn run(arguments: &CheckArguments) -> Exit {
    let machine =
        Machine::new(vendors::ALL, Options { announced: vendors::ANNOUNCED, ..Options::default() }, Start::plain(Timestamp::UNIX_EPOCH));
    match check(arguments, &machine) {
        Ok((0, _)) => complain(&"there is no scenario file in these folders, `*.yaml`, `*.yml` or `*.json`", Exit::Usage),
        Ok((files, 0)) => {
            say(&format_args!("{files} {} fine", if files == 1 { "scenario is" } else { "scenarios are" }));
            Exit::Fine
        }
        Ok((files, problems)) => {
            complain(&format_args!("{problems} {} in {files} {}", plural(problems, "problem"), plural(files, "file")), Exit::Usage)
        }
        Err(error) => complain(&error, Exit::Usage),
    }
}

/// How many files there are, and how many problems.
fn check(arguments: &CheckArguments, machine: &Machine) -> Result<(usize, usize), ScenarioError> {
    let (mut files, mut problems) = (0, 0);
    for path in &arguments.paths {
        for file in scenarios::files(path)? {
            files += 1;
            let (name, bytes) = scenarios::read(&file)?;
            if let Err(found) = tried(&bytes, &name, machine) {
                problems += found.len();
                found.iter().for_each(|problem| warn(&format_args!("{problem}\n")));
            }
        }
    }
    Ok((files, problems))
}

/// Reads a scenario, and makes the sandbox that it describes.
fn tried(bytes: &[u8], name: &str, machine: &Machine) -> Result<(), Vec<Diagnostic>> {
    let scenario = scenario::load_bytes(bytes, name, &Known(machine))?;
    run::stage(machine, DEFAULT, &Arc::new(scenario), None, server::wall()).map(drop)
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}
