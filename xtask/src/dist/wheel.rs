//! The wheel: the Python client and the pytest plugin, with the binary as a program of the package. maturin calls cargo itself, by the
//! same flags as before, so that nothing is built twice.

use std::{path::Path, process::Command};

use super::{Parts, TOOLS, run_it, static_build};
use crate::{failure::Failure, process, tools};

const CLIENT: &str = "clients/python";

pub fn make(parts: &Parts) -> Result<(), Failure> {
    tools::packages(&[tools::PYTHON, tools::VENV])?;
    let python = tools::python(Path::new("xtask/requirements.txt"), Path::new(TOOLS))?;
    let python = std::path::absolute(python).map_err(Failure::io("find the Python environment"))?;
    let mut maturin = Command::new(python);
    process::forget_cargo(&mut maturin);
    maturin.args(["-m", "maturin", "build", "--quiet", "--profile", &parts.profile]).arg("--out").arg(&parts.packages).current_dir(CLIENT);
    if parts.profile == "dist" {
        static_build(&mut maturin, parts.platform);
        // A static binary runs on the Linuxes of both C libraries.
        if parts.platform.debian.is_some() {
            maturin.args(["--compatibility", "manylinux2014", "musllinux_1_1"]);
        }
    } else if parts.platform.debian.is_some() {
        maturin.args(["--compatibility", "linux", "--auditwheel", "skip"]);
    }
    run_it(&mut maturin)
}
