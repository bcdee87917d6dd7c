//! Replicas on a real database: `tests/fleet/check.py` starts a cluster of PostgreSQL for each of its checks, and ends what it started.

use std::process::{Command, Stdio};

use crate::{
    failure::Failure,
    test::clients::{Outcome, SERVER},
    tools::{self, OPENSSL, PGBOUNCER, POSTGRESQL, PYTHON},
};

pub fn run() -> Result<Vec<Outcome>, Failure> {
    println!("\n== fleet: replicas on PostgreSQL");
    tools::packages(&[PYTHON, OPENSSL, POSTGRESQL, PGBOUNCER])?;
    let mut check = Command::new("python3");
    check.args(["tests/fleet/check.py", "--program", SERVER]).env("PYTHONDONTWRITEBYTECODE", "1").stderr(Stdio::inherit());
    let output = check.output().map_err(Failure::io("run tests/fleet/check.py"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let good = said.lines().filter(|line| line.starts_with("ok ")).count();
    Ok(vec![Outcome { name: "replicas".to_owned(), passed: output.status.success() && good > 0, checks: format!("{good} checks ok") }])
}
