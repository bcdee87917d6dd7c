//! What it costs a call that a sandbox is kept: `tests/fleet/bench.py` measures it, with a PostgreSQL of its own.

use std::process::Command;

use super::{Options, SERVER};
use crate::{
    failure::Failure,
    tools::{self, POSTGRESQL, PYTHON, WRK},
};

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let options = Options::read(arguments)?;
    if options.only.is_some() || options.before.is_some() || options.json.is_some() || options.self_check {
        return Err(Failure::Usage("`bench fleet` takes `--quick` and `--server`".to_owned()));
    }
    tools::packages(&[PYTHON, POSTGRESQL, WRK])?;
    super::build(&Options { only: Some("moving".to_owned()), ..options.clone() })?;
    let mut bench = Command::new("python3");
    bench.args(["tests/fleet/bench.py", "--program", options.server.as_deref().unwrap_or(SERVER)]);
    bench.args(["--seconds", if options.quick { "2" } else { "10" }]).env("PYTHONDONTWRITEBYTECODE", "1");
    if bench.status().map_err(Failure::io("run tests/fleet/bench.py"))?.success() {
        return Ok(());
    }
    Err(Failure::Checks(vec!["tests/fleet/bench.py".to_owned()]))
}
