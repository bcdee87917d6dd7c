//! `seatrial check`: every problem of scenario files and conversations, as a compiler would show it.

mod report;

use std::collections::BTreeSet;

use crate::base::time::Timestamp;
use crate::cli::arguments::{CheckArguments, CheckFormat};
use crate::cli::scenarios::{self, ScenarioError};
use crate::cli::{Exit, complain, say, vendors, warn};
use crate::engine::{Machine, Options, Start};
use crate::scenario::{self, Diagnostic};
use crate::server;

pub(super) fn run(arguments: &CheckArguments) -> Exit {
    let all = match vendors::all(&arguments.vendors) {
        Ok(all) => all,
        Err(error) => return vendors::complain(&error),
    };
    let machine = Machine::new(all, Options::default(), Start::plain(Timestamp::UNIX_EPOCH));
    machine.set_reachability(server::reachability_of_addresses());
    let Checked { files, conversations, problems } = match check(arguments, &machine) {
        Ok(Checked { files: 0, .. }) => return complain(&NO_FILE, Exit::Usage),
        Ok(checked) => checked,
        Err(error) => return complain(&error, Exit::Usage),
    };
    let errors = problems.iter().filter(|problem| !problem.is_warning()).count();
    let exit = if errors == 0 { Exit::Fine } else { Exit::Usage };
    match arguments.format {
        CheckFormat::Json => say(&format_args!("{:#}", report::json(&problems))),
        CheckFormat::Sarif => say(&format_args!("{:#}", report::sarif(&problems))),
        CheckFormat::Github => problems.iter().for_each(|problem| say(&report::github(problem))),
        CheckFormat::Human => {
            problems.iter().for_each(|problem| warn(&format_args!("{problem}\n")));
            if errors > 0 {
                // What is included is read as well.
                let wrong: BTreeSet<&str> = problems.iter().filter(|problem| !problem.is_warning()).map(Diagnostic::file).collect();
                let files = files.max(wrong.len());
                return complain(&format_args!("{errors} {} in {files} {}", plural(errors, "problem"), plural(files, "file")), exit);
            }
            let noun = if conversations == 0 { "scenario" } else { "file" };
            say(&format_args!("{files} {} {} fine", plural(files, noun), if files == 1 { "is" } else { "are" }));
        }
    }
    exit
}

const NO_FILE: &str = "there is no scenario file in these folders, `*.yaml`, `*.yml` or `*.json`";

/// How many files there are, how many of them are conversations, and what is wrong with them.
#[derive(Default)]
struct Checked {
    files: usize,
    conversations: usize,
    problems: Vec<Diagnostic>,
}

fn check(arguments: &CheckArguments, machine: &Machine) -> Result<Checked, ScenarioError> {
    let mut checked = Checked::default();
    let mut together = Vec::new();
    for path in &arguments.paths {
        for file in scenarios::files(path)? {
            checked.files += 1;
            if arguments.together {
                together.push(file);
                continue;
            }
            let (name, bytes) = scenarios::read(&file)?;
            let conversation = std::str::from_utf8(&bytes).ok().filter(|text| scenario::is_conversation(text));
            checked.conversations += usize::from(conversation.is_some());
            let found = match conversation {
                Some(text) => scenario::lint_conversation(machine, text, &name, server::wall()),
                None => scenario_problems(scenarios::gather_read(vec![(file, (name, bytes))]), machine),
            };
            for problem in found {
                // Files that several others include are told of once.
                if !checked.problems.iter().any(|told| told.view() == problem.view()) {
                    checked.problems.push(problem);
                }
            }
        }
    }
    if !together.is_empty() {
        checked.problems = scenario_problems(scenarios::gather(&together)?, machine);
    }
    Ok(checked)
}

/// The problems of a scenario, of files and what they include.
fn scenario_problems(gathered: scenarios::Gathered, machine: &Machine) -> Vec<Diagnostic> {
    let scenarios::Gathered { name, text, most, .. } = gathered;
    text.map_or_else(
        |problems| scenario::lint_most(machine, &most, &name, problems),
        |text| scenario::lint(machine, text.as_bytes(), &name, server::wall()),
    )
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}
