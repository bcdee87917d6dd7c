//! `seatrial schema`: the JSON Schema of scenario files.

use crate::base::time::Timestamp;
use crate::cli::{Exit, say};
use crate::engine::{Machine, Options, Start};
use crate::scenario::run::Known;
use crate::scenario::schema;
use crate::vendors;

pub(super) fn run() -> Exit {
    let options = Options { announced: vendors::ANNOUNCED, ..Options::default() };
    let machine = Machine::new(vendors::ALL, options, Start::plain(Timestamp::UNIX_EPOCH));
    say(&format_args!("{:#}", schema::of(&Known(&machine))));
    Exit::Fine
}
