//! `seatrial schema`: the JSON Schema of scenario files, or of conversations.

use crate::base::time::Timestamp;
use crate::cli::arguments::SchemaArgument;
use crate::cli::{Exit, say};
use crate::engine::{Machine, Options, Start};
use crate::scenario::run::MachineVocabulary;
use crate::scenario::schema;
use crate::vendors;

pub(super) fn run(of: SchemaArgument) -> Exit {
    if of == SchemaArgument::Conversation {
        say(&format_args!("{:#}", schema::conversation()));
        return Exit::Fine;
    }
    let options = Options::default();
    let machine = Machine::new(vendors::all(), options, Start::plain(Timestamp::UNIX_EPOCH));
    say(&format_args!("{:#}", schema::of(&MachineVocabulary(&machine))));
    Exit::Fine
}
