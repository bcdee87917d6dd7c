//! The Debian package. The binary is static, so that it depends on nothing and installs on every release of Debian and Ubuntu.

use std::{path::Path, process::Command};

use super::{DESCRIPTION, HOMEPAGE, LICENSES, Parts, completions, copy, manual, run_it, write};
use crate::failure::Failure;

pub fn make(parts: &Parts) -> Result<(), Failure> {
    let architecture = parts.platform.debian.unwrap_or("all");
    let (root, version) = (parts.stage.join("deb"), &parts.version);
    let usr = root.join("usr");
    copy(&parts.binary, &usr.join("bin/seatrial"))?;
    for file in LICENSES {
        copy(Path::new(file), &usr.join("share/doc/seatrial").join(file))?;
    }
    write(&usr.join("share/doc/seatrial/copyright"), &copyright())?;
    let places = [
        ("bash", "bash-completion/completions/seatrial"),
        ("zsh", "zsh/vendor-completions/_seatrial"),
        ("fish", "fish/vendor_completions.d/seatrial.fish"),
    ];
    completions(parts, &usr.join("share"), places)?;
    let pages = usr.join("share/man/man1");
    manual(parts, &pages)?;
    run_it(Command::new("sh").args(["-c", "gzip -9 --no-name ./*"]).current_dir(pages))?;
    write(
        &root.join("DEBIAN/control"),
        &format!(
            "Package: seatrial\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: The Seatrial developers <{HOMEPAGE}/issues>\n\
             Section: devel\nPriority: optional\nHomepage: {HOMEPAGE}\nDescription: {DESCRIPTION}\n \
             Behaves on localhost like the APIs of shipping vendors, with state, faults,\n webhooks, labels and a clock that tests move.\n"
        ),
    )?;
    let file = parts.packages.join(format!("seatrial_{version}_{architecture}.deb"));
    run_it(Command::new("dpkg-deb").args(["--root-owner-group", "-Zxz", "--build"]).arg(&root).arg(file))
}

/// Both licenses are beside it, whole.
fn copyright() -> String {
    format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: seatrial\nSource: {HOMEPAGE}\n\n\
         Files: *\nCopyright: The Seatrial developers\nLicense: Expat or Apache-2.0\n \
         See LICENSE-MIT and LICENSE-APACHE in this folder.\n"
    )
}
