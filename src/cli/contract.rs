//! `seatrial contract`: contract tests.

mod drift;
mod fuzz;
mod import;
mod pact;
mod report;
mod run;

use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use crate::base::time::Timestamp;
use crate::cli::arguments::{ContractCommand, VendorArguments};
use crate::cli::vendors::{self, VendorError};
use crate::cli::{Exit, complain};
use crate::engine::{Machine, Options, Start};

pub(super) fn run(command: &ContractCommand) -> Exit {
    match command {
        ContractCommand::Report(arguments) => report::run(arguments),
        ContractCommand::Drift(arguments) => drift::run(arguments),
        ContractCommand::Fuzz(arguments) => fuzz::run(arguments),
        ContractCommand::Import(arguments) => import::run(arguments),
        ContractCommand::Run(arguments) => run::run(arguments),
        ContractCommand::Pact(command) => pact::run(command),
    }
}

/// A machine that nobody calls: for its vendors' documents.
fn documents(arguments: &VendorArguments) -> Result<Machine, VendorError> {
    Ok(Machine::new(vendors::all(arguments)?, Options::default(), Start::plain(Timestamp::UNIX_EPOCH)))
}

/// Writes a report to a file, or to standard output. A closed one, as after `| head`, is no error.
fn write(text: &impl Display, output: Option<&Path>) -> Result<(), Exit> {
    let Some(path) = output else {
        let mut out = io::stdout();
        let _ = write!(out, "{text}").and_then(|()| out.flush());
        return Ok(());
    };
    fs::write(path, text.to_string()).map_err(|error| complain(&format_args!("{} cannot be written: {error}", path.display()), Exit::Usage))
}
