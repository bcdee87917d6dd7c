//! `seatrial check`: every problem of scenario files and conversations, as a compiler would show it.

use std::sync::Arc;

use crate::base::time::Timestamp;
use crate::cli::arguments::CheckArguments;
use crate::cli::scenarios::{self, ScenarioError};
use crate::cli::{Exit, complain, say, warn};
use crate::engine::{DEFAULT, Machine, Options, Start};
use crate::scenario::run::{self, MachineVocabulary};
use crate::scenario::{self, Diagnostic, Scenario};
use crate::{server, vendors};

pub(super) fn run(arguments: &CheckArguments) -> Exit {
    let machine = Machine::new(vendors::all(), Options::default(), Start::plain(Timestamp::UNIX_EPOCH));
    match check(arguments, &machine) {
        Ok(Checked { files: 0, .. }) => complain(&"there is no scenario file in these folders, `*.yaml`, `*.yml` or `*.json`", Exit::Usage),
        Ok(Checked { files, conversations, problems: 0 }) => {
            let noun = if conversations == 0 { "scenario" } else { "file" };
            say(&format_args!("{files} {} {} fine", plural(files, noun), if files == 1 { "is" } else { "are" }));
            Exit::Fine
        }
        Ok(Checked { files, problems, .. }) => {
            complain(&format_args!("{problems} {} in {files} {}", plural(problems, "problem"), plural(files, "file")), Exit::Usage)
        }
        Err(error) => complain(&error, Exit::Usage),
    }
}

/// How many files there are, how many of them are conversations, and how many problems there are.
#[derive(Default)]
struct Checked {
    files: usize,
    conversations: usize,
    problems: usize,
}

fn check(arguments: &CheckArguments, machine: &Machine) -> Result<Checked, ScenarioError> {
    let mut checked = Checked::default();
    for path in &arguments.paths {
        for file in scenarios::files(path)? {
            let (name, bytes) = scenarios::read(&file)?;
            let conversation = std::str::from_utf8(&bytes).ok().filter(|text| scenario::is_conversation(text));
            checked.files += 1;
            checked.conversations += usize::from(conversation.is_some());
            let tried = match conversation {
                Some(text) => conversation_problems(text, &name, machine),
                None => scenario_problems(&bytes, &name, machine),
            };
            if let Err(found) = tried {
                checked.problems += found.len();
                found.iter().for_each(|problem| warn(&format_args!("{problem}\n")));
            }
        }
    }
    Ok(checked)
}

fn scenario_problems(bytes: &[u8], name: &str, machine: &Machine) -> Result<(), Vec<Diagnostic>> {
    let scenario = scenario::load_bytes(bytes, name, &MachineVocabulary(machine))?;
    warnings(&scenario, machine);
    stage(scenario, machine)
}

fn conversation_problems(text: &str, name: &str, machine: &Machine) -> Result<(), Vec<Diagnostic>> {
    let story = scenario::load_conversation(text, name, &MachineVocabulary(machine))?;
    story.scenario.map_or(Ok(()), |scenario| {
        warnings(&scenario, machine);
        stage(scenario, machine)
    })
}

/// Prints what may surprise the author of a scenario that is fine.
fn warnings(scenario: &Scenario, machine: &Machine) {
    scenario::advice(machine, scenario).iter().for_each(|warning| warn(&format_args!("{warning}\n")));
}

/// Makes the sandbox that a scenario describes.
fn stage(scenario: Scenario, machine: &Machine) -> Result<(), Vec<Diagnostic>> {
    run::stage(machine, DEFAULT, &Arc::new(scenario), None, server::wall()).map(drop)
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}
