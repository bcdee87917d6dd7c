//! `seatrial schema`: the JSON Schema of scenario files.

use crate::cli::Exit;

pub(super) fn run() -> Exit {
    Exit::Fine
}
