//! `cargo xtask test`: everything that decides whether a change may go in. A failed check does not stop the others, so
//! that one run tells all there is to mend. Each part is short enough to wait for; `--long` has those that look longer.

pub mod abuse;
mod clients;
mod crates;
mod deploy;
mod disk;
mod fleet;
mod full;
mod installs;
mod packages;

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    failure::Failure,
    process,
    tools::{self, CURL, POPPLER, PYTHON, VENV},
};

/// How many cases properties are tested with in a long run.
const LONG_CASES: &str = "2000";
/// How many seconds each fuzz target runs in a long run.
const LONG_SECONDS: &str = "60";
/// How many simulations of a fleet there are in a long run.
const LONG_SIMULATIONS: &str = "10000";
/// How many times a process with a data directory is killed in a long run.
const LONG_KILLS: &str = "500";

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let (mut clients_only, mut packages_only, mut long) = (false, false, false);
    for argument in arguments {
        match argument.as_str() {
            "--abuse" => return abuse_only(),
            "--fleet" => return fleet_only(),
            "--clients" => clients_only = true,
            "--packages" => packages_only = true,
            "--long" => long = true,
            other => return Err(Failure::Usage(format!("`test` knows no `{other}`"))),
        }
    }
    tools::packages(&[CURL, PYTHON, VENV, POPPLER])?;
    let mut summary = Summary::new();
    if !clients_only && !packages_only {
        tools::rust_components()?;
        summary.cargo("format", &["fmt", "--check"])?;
        summary.cargo("lints", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
        summary.crates()?;
        summary.cargo("test build", &["test", "--workspace", "--no-run"])?;
        summary.cargo_test(long)?;
        if long {
            let fuzz =
                ["run", "--profile", "quick", "--package", "seatrial-fuzz", "--bin", "seatrial-fuzz", "--", "--seconds", LONG_SECONDS];
            summary.cargo("fuzz", &fuzz)?;
            let simulations = ["test", "--profile", "quick", "--test", "it", "fleet::simulation"];
            summary.cargo_with("simulations", &simulations, &[("SIMULATIONS", LONG_SIMULATIONS)])?;
            let kills = ["test", "--profile", "quick", "--test", "it", "killed::nothing"];
            summary.cargo_with("kills", &kills, &[("KILLS", LONG_KILLS)])?;
            let cuts = ["test", "--profile", "quick", "--test", "it", "--", "data_dir::a_cut", "data_dir::a_file"];
            summary.cargo_with("cuts", &cuts, &[("CUTS", "all")])?;
            let round_trips = ["test", "--profile", "quick", "--test", "it", "round_trips"];
            summary.cargo_with("round trips", &round_trips, &[("ROUND_TRIPS", "all")])?;
        }
    }
    if summary.cargo("build", &["build", "--profile", "quick", "--bin", "seatrial"])? {
        if !packages_only {
            for client in clients::run(long)? {
                summary.check(&format!("client {}", client.name), client.passed, client.checks);
            }
        }
        for package in packages::run()? {
            summary.check(&format!("package {}", package.name), package.passed, package.checks);
        }
        for install in installs::run()? {
            summary.check(&format!("install by {}", install.name), install.passed, install.checks);
        }
        for part in deploy::run()? {
            summary.check(&format!("deploy {}", part.name), part.passed, part.checks);
        }
        if packages_only {
            return summary.end();
        }
        for part in fleet::run()? {
            summary.check(&format!("fleet {}", part.name), part.passed, part.checks);
        }
        for part in disk::run()? {
            summary.check(&format!("disk {}", part.name), part.passed, part.checks);
        }
        for kind in full::run()? {
            summary.check(&format!("full of {}", kind.name), kind.passed, kind.checks);
        }
        for attack in abuse::run()? {
            summary.check(&format!("abuse {}", attack.name), attack.passed, attack.checks);
        }
    }
    summary.end()
}

/// The attacks alone, against the server that the last run built.
fn abuse_only() -> Result<(), Failure> {
    let mut summary = Summary::new();
    for attack in abuse::run()? {
        summary.check(&format!("abuse {}", attack.name), attack.passed, attack.checks);
    }
    summary.end()
}

/// The fleet alone, of the server that the last run built.
fn fleet_only() -> Result<(), Failure> {
    let mut summary = Summary::new();
    for part in fleet::run()? {
        summary.check(&format!("fleet {}", part.name), part.passed, part.checks);
    }
    summary.end()
}

struct Summary {
    lines: Vec<String>,
    failed: Vec<String>,
    skipped: Vec<String>,
    /// What the tests that failed said.
    told: Vec<String>,
    start: Instant,
    /// When the last part ended.
    last: Duration,
}

impl Summary {
    #[expect(clippy::disallowed_methods, reason = "a chore measures real time")]
    fn new() -> Self {
        let (lines, failed, skipped, told) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { lines, failed, skipped, told, start: Instant::now(), last: Duration::ZERO }
    }

    fn check(&mut self, name: &str, passed: bool, remark: String) {
        let (now, last) = (self.start.elapsed(), self.last);
        self.last = now;
        self.lines.push(format!("{:<7} {} {name:<28} {remark}", if passed { "ok" } else { "FAILED" }, minutes(now - last)));
        if !passed {
            self.failed.push(name.to_owned());
        }
    }

    /// Runs cargo and says whether it succeeded.
    fn cargo(&mut self, name: &str, arguments: &[&str]) -> Result<bool, Failure> {
        self.cargo_with(name, arguments, &[])
    }

    /// The same, with variables of the environment.
    fn cargo_with(&mut self, name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<bool, Failure> {
        println!("\n== {name}: cargo {}", arguments.join(" "));
        let status = process::cargo(arguments).envs(variables.iter().copied()).status();
        let passed = status.map_err(Failure::io("run cargo"))?.success();
        self.check(name, passed, String::new());
        Ok(passed)
    }

    /// Checks the crates that are built; all of `deny.toml` where `cargo deny` is there.
    fn crates(&mut self) -> Result<(), Failure> {
        if crates::has_cargo_deny() {
            return self.cargo("crates", &["deny", "check"]).map(drop);
        }
        println!("\n== crates: licenses, bans and sources of deny.toml");
        let problems = crates::problems()?;
        problems.iter().for_each(|problem| println!("{problem}"));
        self.check("crates", problems.is_empty(), String::new());
        self.skipped.push("crates: advisories, because `cargo deny` is not installed".to_owned());
        Ok(())
    }

    /// Runs the tests, shows what they print, and adds up their results.
    fn cargo_test(&mut self, long: bool) -> Result<(), Failure> {
        println!("\n== tests: cargo test --workspace --no-fail-fast");
        let mut cargo = process::cargo(&["test", "--workspace", "--no-fail-fast"]);
        if long {
            cargo.env("PROPTEST_CASES", LONG_CASES);
        }
        let mut child = cargo.stdout(Stdio::piped()).spawn().map_err(Failure::io("run cargo test"))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let (mut count, mut told) = (Count::default(), Told::default());
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(Failure::io("read the output of cargo test"))?;
            count.add(&line);
            told.add(&line);
            self.skipped.extend(ignored(&line));
            println!("{line}");
        }
        let passed = child.wait().map_err(Failure::io("wait for cargo test"))?.success();
        let Count { passed: good, failed, ignored } = count;
        self.check("tests", passed, format!("{good} passed, {failed} failed, {ignored} ignored"));
        self.told = told.lines;
        Ok(())
    }

    fn end(self) -> Result<(), Failure> {
        println!("\n== summary");
        for line in &self.lines {
            println!("{}", line.trim_end());
        }
        for test in &self.skipped {
            println!("skipped {test}");
        }
        println!("{} in all", minutes(self.start.elapsed()).trim_start());
        self.told.iter().for_each(|line| println!("{line}"));
        if self.failed.is_empty() { Ok(()) } else { Err(Failure::Checks(self.failed)) }
    }
}

fn minutes(time: Duration) -> String {
    format!("{:>5.1} min", time.as_secs_f64() / 60.0)
}

/// The test that a line says was ignored, with the reason.
fn ignored(line: &str) -> Option<String> {
    let (test, end) = line.strip_prefix("test ")?.split_once(" ... ignored")?;
    let reason = end.trim_start_matches(", ");
    let (kind, name) = test.strip_prefix('[').and_then(|rest| rest.split_once("] ")).unwrap_or((reason, test));
    Some(format!("{}: {kind}", name.trim_end()))
}

/// What test binaries say of tests that failed, so that it can be read again at the end of a long run.
#[derive(Debug, Default)]
struct Told {
    lines: Vec<String>,
    is_about_failures: bool,
}

impl Told {
    /// How many lines are told again at most.
    const LIMIT: usize = 80;

    fn add(&mut self, line: &str) {
        self.is_about_failures = (self.is_about_failures || line == "failures:") && !line.starts_with("test result: ");
        if self.is_about_failures && !line.trim().is_empty() && self.lines.len() < Self::LIMIT {
            self.lines.push(line.to_owned());
        }
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
    use super::{Count, Told, ignored};

    #[test]
    fn ignored_tests_are_told_with_their_reason() {
        let line = "test [needs ../shared/vendors] originals/recorded/shippo ... ignored";
        assert_eq!(ignored(line).as_deref(), Some("originals/recorded/shippo: needs ../shared/vendors"));
        assert_eq!(ignored("test slow::growth ... ignored, takes an hour").as_deref(), Some("slow::growth: takes an hour"));
        assert_eq!(ignored("test tidy::files_are_short ... ok"), None);
    }

    #[test]
    fn what_failed_is_told_again() {
        let mut told = Told::default();
        let lines = [
            "test lists::pages ... FAILED",
            "",
            "failures:",
            "",
            "---- lists::pages stdout ----",
            "left: 1",
            "failures:",
            "    lists::pages",
        ];
        for line in lines.into_iter().chain(["test result: FAILED. 3 passed; 1 failed", "running 2 tests"]) {
            told.add(line);
        }
        assert_eq!(told.lines, ["failures:", "---- lists::pages stdout ----", "left: 1", "failures:", "    lists::pages"]);
    }

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
