//! Parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    seatrial::cli::run().into()
}
