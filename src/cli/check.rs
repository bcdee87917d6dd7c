//! `seatrial check`: every problem of scenario files, as a compiler would show it.

use crate::cli::Exit;
use crate::cli::arguments::CheckArguments;

pub(super) fn run(_: &CheckArguments) -> Exit {
    Exit::Fine
}
