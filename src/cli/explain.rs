//! `seatrial explain`: what the codes of problems mean.

use crate::cli::{Exit, complain, say};
use crate::scenario::{CODES, explain};

pub(super) fn run(code: Option<&str>) -> Exit {
    let Some(code) = code else {
        let rows = CODES.iter().map(|(code, means, _)| format!("{code}  {means}"));
        say(&rows.collect::<Vec<_>>().join("\n"));
        return Exit::Fine;
    };
    match explain(code) {
        Some((means, help)) => {
            say(&format_args!("{}: {means}\n{help}", code.to_uppercase()));
            Exit::Fine
        }
        None => complain(&format_args!("there is no code `{code}`\nhelp: `seatrial explain` lists all of them"), Exit::Usage),
    }
}
