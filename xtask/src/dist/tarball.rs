//! The tarball: the binary, completions, manual pages and licenses in one folder.

use std::{path::Path, process::Command};

use super::{LICENSES, Parts, completions, copy, manual, run_it};
use crate::failure::Failure;

pub fn make(parts: &Parts) -> Result<(), Failure> {
    let name = format!("seatrial-{}-{}", parts.version, parts.platform.triple);
    let folder = parts.stage.join(&name);
    copy(&parts.binary, &folder.join(parts.platform.program()))?;
    for file in LICENSES.into_iter().chain(["README.md"]) {
        copy(Path::new(file), &folder.join(file))?;
    }
    completions(parts, &folder.join("completions"), [("bash", "seatrial.bash"), ("zsh", "_seatrial"), ("fish", "seatrial.fish")])?;
    manual(parts, &folder.join("man"))?;
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(parts.packages.join(format!("{name}.tar.gz"))).arg("-C").arg(&parts.stage).arg(&name);
    run_it(&mut tar)
}
