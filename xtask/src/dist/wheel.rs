//! The wheel: the Python client and the pytest plugin, with the binary as a program of the package. maturin calls cargo itself, by the
//! same flags as before, so that nothing is built twice.

use std::{fs, path::Path, process::Command};

use super::{Parts, TOOLS, output, run_it, static_build};
use crate::{failure::Failure, process, tools};

const CLIENT: &str = "clients/python";

pub fn make(parts: &Parts) -> Result<(), Failure> {
    tools::packages(&[tools::PYTHON, tools::VENV])?;
    let python = tools::python(Path::new("xtask/requirements-dist.txt"), Path::new(TOOLS))?;
    let python = std::path::absolute(python).map_err(Failure::io("find the Python environment"))?;
    let mut maturin = Command::new(&python);
    process::forget_cargo(&mut maturin);
    maturin.args(["-m", "maturin", "build", "--quiet", "--profile", &parts.profile]).arg("--out").arg(&parts.packages).current_dir(CLIENT);
    static_build(&mut maturin, parts.platform);
    if parts.platform.debian.is_none() {
        return run_it(&mut maturin);
    }
    run_it(maturin.args(["--compatibility", "manylinux2014"]))?;
    // A static binary runs on the Linuxes of both C libraries, which maturin takes for impossible.
    let other = format!("+musllinux_1_1_{}", parts.platform.triple.split('-').next().unwrap_or_default());
    let mut tags = Command::new(python);
    tags.args(["-m", "wheel", "tags", "--remove", "--platform-tag", &other]);
    let made = fs::read_dir(&parts.packages).map_err(Failure::io("list the packages"))?.flatten().map(|entry| entry.path());
    output(tags.args(made.filter(|path| path.extension().is_some_and(|ending| ending == "whl")))).map(drop)
}
