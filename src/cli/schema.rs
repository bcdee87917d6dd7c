//! `seatrial schema`: the JSON Schema of scenario files.

use crate::cli::Exit;
use crate::scenario::schema;

pub(super) fn run() -> Exit {
    println!("{}", schema::SCHEMA.trim_end());
    Exit::Fine
}
