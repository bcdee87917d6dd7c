//! `cargo xtask docs`: the manual in `docs/` as a site, by mdBook. It is built by cargo the first time, which takes minutes, so that
//! `cargo xtask test` checks pages, links and examples by tests of ours instead.

use std::process::Command;

use crate::{
    dist::{output, run_it},
    failure::Failure,
    process,
};

const VERSION: &str = "0.5.4";
const MDBOOK: &str = "target/tools/bin/mdbook";

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    if !arguments.is_empty() {
        return Err(Failure::Usage(format!("`docs` takes nothing, not `{}`", arguments.join(" "))));
    }
    if !output(Command::new(MDBOOK).arg("--version")).is_ok_and(|said| said.trim() == format!("mdbook v{VERSION}")) {
        println!("building mdbook {VERSION}");
        // Without a server that watches files: readers of a site need none.
        let flags = ["--no-default-features", "--features", "search"];
        let mut cargo = process::cargo(&["install", "--quiet", "--locked", "--version", VERSION, "--root", "target/tools", "mdbook"]);
        run_it(cargo.args(flags))?;
    }
    // Some pages are made from the code.
    run_it(process::cargo(&["test", "--quiet", "--test", "it", "reference"]).env("UPDATE", "1"))?;
    run_it(Command::new(MDBOOK).args(["build", "docs"]))?;
    println!("target/docs/index.html");
    Ok(())
}
