//! `seatrial man` and `seatrial completions`: what packages install beside the binary, made from the command line's own definition.

use std::path::Path;
use std::{fs, io};

use clap::CommandFactory as _;

use crate::cli::{Arguments, Exit, complain, say};

/// Prints the completion script of a shell.
pub(super) fn complete(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "seatrial", &mut script);
    say(&String::from_utf8_lossy(&script).trim_end());
    Exit::Fine
}

/// Prints `seatrial(1)`, or writes it and a page for each command into a folder.
pub(super) fn print(directory: Option<&Path>) -> Exit {
    let made = match directory {
        Some(directory) => fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(Arguments::command(), directory)),
        None => page().map(|page| say(&page.trim_end())),
    };
    match (made, directory) {
        (Err(error), Some(directory)) => complain(&format_args!("`{}` cannot be written: {error}", directory.display()), Exit::Usage),
        (Err(error), None) => complain(&error, Exit::Usage),
        (Ok(()), _) => Exit::Fine,
    }
}

fn page() -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
