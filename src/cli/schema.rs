//! `seatrial schema`: the JSON Schema of scenario files about some vendors, or of conversations.

use crate::base::time::Timestamp;
use crate::cli::arguments::{SchemaArgument, VendorArguments};
use crate::cli::{Exit, say, vendors};
use crate::engine::{Machine, Options, Start};
use crate::scenario::run::MachineVocabulary;
use crate::scenario::schema;

pub(super) fn run(of: SchemaArgument, files: &VendorArguments) -> Exit {
    if of == SchemaArgument::Conversation {
        say(&format_args!("{:#}", schema::conversation()));
        return Exit::Fine;
    }
    let all = match vendors::all(files) {
        Ok(all) => all,
        Err(error) => return vendors::complain(&error),
    };
    let machine = Machine::new(all, Options::default(), Start::plain(Timestamp::UNIX_EPOCH));
    say(&format_args!("{:#}", schema::of(&MachineVocabulary(&machine))));
    Exit::Fine
}
