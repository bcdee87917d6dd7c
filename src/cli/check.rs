//! `seatrial check`: every problem of scenario files, as a compiler would show it.

use crate::base::time::Timestamp;
use crate::cli::Exit;
use crate::cli::arguments::CheckArguments;
use crate::cli::scenarios::{self, ScenarioError};
use crate::engine::{Machine, Options, Start};
use crate::scenario;
use crate::vendors;

pub(super) fn run(arguments: &CheckArguments) -> Exit {
    let machine =
        Machine::new(vendors::ALL, Options { announced: vendors::ANNOUNCED, ..Options::default() }, Start::plain(Timestamp::UNIX_EPOCH));
    match check(arguments, &machine) {
        Ok((files, 0)) => {
            println!("{files} {} fine", if files == 1 { "scenario is" } else { "scenarios are" });
            Exit::Fine
        }
        Ok(_) => Exit::Usage,
        Err(error) => {
            eprintln!("error: {error}");
            Exit::Usage
        }
    }
}

/// How many files there are, and how many problems.
fn check(arguments: &CheckArguments, machine: &Machine) -> Result<(usize, usize), ScenarioError> {
    let (mut files, mut problems) = (0, 0);
    for path in &arguments.paths {
        for file in scenarios::files(path)? {
            files += 1;
            let (name, bytes) = scenarios::read(&file)?;
            if let Err(found) = scenario::load_bytes(&bytes, &name, &scenario::run::Known(machine)) {
                problems += found.len();
                found.iter().for_each(|problem| eprintln!("{problem}\n"));
            }
        }
    }
    if problems > 0 {
        eprintln!("error: {problems} {} in {files} {}", plural(problems, "problem"), plural(files, "file"));
    }
    Ok((files, problems))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}
