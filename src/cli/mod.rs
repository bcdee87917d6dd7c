//! The command line: one file per subcommand, exit codes in one place.

mod admin_client;
mod arguments;
mod banner;
mod ca;
mod check;
mod clock;
mod contract;
mod coverage;
mod data;
mod explain;
mod files;
mod fleet;
mod health;
mod log_lines;
mod manual;
mod operations;
mod requests;
mod sandbox;
mod scenarios;
mod schema;
mod serve;
mod vendors;
mod verify;
mod view;
mod wait;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;

pub use arguments::{Arguments, Command, ServeArguments};

/// The exit code of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Fine,
    /// A check or expectation failed.
    Failed,
    /// The command line, the configuration or a scenario is wrong.
    Usage,
    /// An address could not be bound.
    Bind,
    /// What was to be kept could not be written.
    Lost,
}

impl Exit {
    /// The number that a shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Bind => 3,
            Self::Lost => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Parses the command line and runs it.
#[must_use]
pub fn run() -> Exit {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            serve::remove_named(std::env::args_os());
        }
        error.exit()
    });
    match arguments.command {
        None => serve::run(&arguments.serve),
        Some(Command::Serve(serve)) => serve::run(&serve),
        Some(Command::Check(check)) => check::run(&check),
        Some(Command::Contract(command)) => contract::run(&command),
        Some(Command::Coverage(coverage)) => coverage::run(&coverage),
        Some(Command::Health(health)) => health::run(&health),
        Some(Command::Explain { code }) => explain::run(code.as_deref()),
        Some(Command::Requests(requests)) => requests::run(&requests),
        Some(Command::Verify(verify)) => verify::run(&verify),
        Some(Command::Wait(wait)) => wait::run(&wait),
        Some(Command::Clock(clock)) => clock::run(&clock),
        Some(Command::Sandbox(sandbox)) => sandbox::run(&sandbox),
        Some(Command::View(view)) => view::run(&view),
        Some(Command::Operations(operations)) => operations::run(&operations),
        Some(Command::Scenarios { show }) => scenarios::run(show.as_deref()),
        Some(Command::Data(command)) => data::run(&command),
        Some(Command::Fleet(command)) => fleet::run(&command),
        Some(Command::Schema { of, vendors }) => schema::run(of, &vendors),
        Some(Command::Ca(arguments)) => ca::run(&arguments),
        Some(Command::Completions { shell }) => manual::complete(shell),
        Some(Command::Man { directory }) => manual::print(directory.as_deref()),
    }
}

/// Prints to stdout. A closed stdout, as after `| head`, is no error.
fn say(text: &impl Display) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints to stderr.
fn warn(text: &impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error and returns the exit code. Diagnostics say themselves what they are.
fn complain(problem: &impl Display, exit: Exit) -> Exit {
    let text = problem.to_string();
    match text.starts_with("error[") || text.starts_with("warning[") {
        true => warn(&text),
        false => warn(&format_args!("error: {text}")),
    }
    exit
}
