//! `cargo xtask test`: everything that decides whether a change may go in. A failed check does not stop the others, so
//! that one run tells all there is to mend.

mod clients;
mod packages;

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::{
    failure::Failure,
    process,
    tools::{self, CURL, POPPLER, PYTHON, VENV},
};

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let clients_only = match arguments {
        [] => false,
        [only] if only == "--clients" => true,
        [other, ..] => return Err(Failure::Usage(format!("`test` knows no `{other}`"))),
    };
    tools::packages(&[CURL, PYTHON, VENV, POPPLER])?;
    let mut summary = Summary::default();
    if !clients_only {
        tools::rust_components()?;
        summary.cargo("format", &["fmt", "--check"])?;
        summary.cargo("lints", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
        summary.cargo_test()?;
    }
    if summary.cargo("build", &["build", "--profile", "quick", "--bin", "seatrial"])? {
        for client in clients::run()? {
            summary.check(&format!("client {}", client.name), client.passed, client.checks);
        }
        for package in packages::run()? {
            summary.check(&format!("package {}", package.name), package.passed, package.checks);
        }
    }
    summary.end()
}

#[derive(Default)]
struct Summary {
    lines: Vec<String>,
    failed: Vec<String>,
}

impl Summary {
    fn check(&mut self, name: &str, passed: bool, remark: String) {
        self.lines.push(format!("{:<7} {name:<28} {remark}", if passed { "ok" } else { "FAILED" }));
        if !passed {
            self.failed.push(name.to_owned());
        }
    }

    /// Runs cargo and says whether it succeeded.
    fn cargo(&mut self, name: &str, arguments: &[&str]) -> Result<bool, Failure> {
        println!("\n== {name}: cargo {}", arguments.join(" "));
        let status = process::cargo(arguments).status();
        let passed = status.map_err(Failure::io("run cargo"))?.success();
        self.check(name, passed, String::new());
        Ok(passed)
    }

    /// Runs the tests, shows what they print, and adds up their results.
    fn cargo_test(&mut self) -> Result<(), Failure> {
        println!("\n== tests: cargo test --workspace --no-fail-fast");
        let mut child = process::cargo(&["test", "--workspace", "--no-fail-fast"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::io("run cargo test"))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut count = Count::default();
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(Failure::io("read the output of cargo test"))?;
            count.add(&line);
            println!("{line}");
        }
        let passed = child.wait().map_err(Failure::io("wait for cargo test"))?.success();
        let Count { passed: good, failed, ignored } = count;
        self.check("tests", passed, format!("{good} passed, {failed} failed, {ignored} ignored"));
        Ok(())
    }

    fn end(self) -> Result<(), Failure> {
        println!("\n== summary");
        for line in &self.lines {
            println!("{}", line.trim_end());
        }
        if self.failed.is_empty() { Ok(()) } else { Err(Failure::Checks(self.failed)) }
    }
}

/// The results of all test binaries together.
#[derive(Debug, Default, PartialEq)]
struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Count {
    fn add(&mut self, line: &str) {
        let Some((_, figures)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for figure in figures.split("; ") {
            let Some((number, what)) = figure.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn results_of_several_binaries_add_up() {
        let mut count = Count::default();
        for line in [
            "test wording_is_kept ... ok",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.20s",
        ] {
            count.add(line);
        }
        assert_eq!(count, Count { passed: 15, failed: 2, ignored: 1 });
    }
}
