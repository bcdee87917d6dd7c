//! What a chore needs beyond cargo, installed once and only when it is missing: Debian packages, rustup components, a
//! Python environment of pinned packages under `target/`, and pinned Node modules.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::failure::Failure;

/// A Debian package, and a command that succeeds where it is installed.
pub struct Package {
    pub name: &'static str,
    pub probe: &'static [&'static str],
}

pub const PYTHON: Package = Package { name: "python3", probe: &["python3", "--version"] };
pub const VENV: Package = Package { name: "python3-venv", probe: &["python3", "-c", "import ensurepip, venv"] };
pub const POPPLER: Package = Package { name: "poppler-utils", probe: &["pdftotext", "-v"] };
pub const CURL: Package = Package { name: "curl", probe: &["curl", "--version"] };
pub const NODE: Package = Package { name: "nodejs", probe: &["node", "--version"] };
pub const CHROMIUM: Package = Package { name: "chromium", probe: &["chromium", "--version"] };
pub const NPM: Package = Package { name: "npm", probe: &["npm", "--version"] };
pub const PHP: Package = Package { name: "php-cli", probe: &["php", "--version"] };
pub const PHP_CURL: Package = Package { name: "php-curl", probe: &["php", "-r", "exit(extension_loaded('curl') ? 0 : 1);"] };
pub const BUILDAH: Package = Package { name: "buildah", probe: &["buildah", "--version"] };
pub const OPENSSL: Package = Package { name: "openssl", probe: &["openssl", "version"] };
/// Debian begins a cluster and a pooler with them, which nothing here uses.
pub const POSTGRESQL: Package = Package { name: "postgresql", probe: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb"] };
pub const PGBOUNCER: Package = Package { name: "pgbouncer", probe: &["pgbouncer", "--version"] };
pub const SHELLCHECK: Package = Package { name: "shellcheck", probe: &["shellcheck", "--version"] };
/// What `tests/clients/docs.py` runs the examples of the manual with.
pub const LANGUAGES: [Package; 6] = [
    PHP,
    PHP_CURL,
    Package { name: "golang-go", probe: &["go", "version"] },
    Package { name: "openjdk-17-jdk-headless", probe: &["javac", "-version"] },
    Package { name: "phpunit", probe: &["phpunit", "--version"] },
    Package { name: "ruby-rspec", probe: &["rspec", "--version"] },
];
pub const TASKSET: Package = Package { name: "util-linux", probe: &["taskset", "--version"] };
pub const STRACE: Package = Package { name: "strace", probe: &["strace", "--version"] };
pub const WRK: Package = Package { name: "wrk", probe: &["sh", "-c", "command -v wrk"] };

pub fn packages(wanted: &[Package]) -> Result<(), Failure> {
    let missing: Vec<&str> = wanted.iter().filter(|package| !succeeds(package.probe)).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = || Failure::Missing { what: names.clone(), help: format!("apt-get install {names}") };
    let become_root: &[&str] = match () {
        () if !succeeds(&["apt-get", "--version"]) => return Err(by_hand()),
        () if succeeds(&["sh", "-c", "test $(id -u) -eq 0"]) => &[],
        () if succeeds(&["sudo", "-n", "true"]) => &["sudo", "-n"],
        () => return Err(by_hand()),
    };
    println!("installing {names}");
    let install = ["apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends"];
    let installed = run(&[become_root, &["apt-get", "update", "--quiet=2"]].concat(), Stdio::inherit())
        && run(&[become_root, &install, &missing].concat(), Stdio::inherit());
    if installed { Ok(()) } else { Err(by_hand()) }
}

/// Formatter and linter, which a minimal Rust toolchain lacks.
pub fn rust_components() -> Result<(), Failure> {
    for (name, probe) in [("rustfmt", ["cargo", "fmt", "--version"]), ("clippy", ["cargo", "clippy", "--version"])] {
        if !succeeds(&probe) && !run(&["rustup", "component", "add", name], Stdio::inherit()) {
            let help = format!("rustup component add {name}");
            return Err(Failure::Missing { what: name.to_owned(), help });
        }
    }
    Ok(())
}

/// The Python interpreter of an environment that holds exactly `requirements`. A copy of that file, written last, marks
/// the environment as complete, so that a new pin or an interrupted installation makes a new one.
pub fn python(requirements: &Path, environment: &Path) -> Result<PathBuf, Failure> {
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let mark = environment.join("requirements.txt");
    let wanted = fs::read(requirements).map_err(Failure::io(format!("read {}", requirements.display())))?;
    if fs::read(&mark).is_ok_and(|found| found == wanted) && python.exists() {
        return Ok(python);
    }
    println!("installing Python packages into {}", environment.display());
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment).status();
    let filled = made.and_then(|made| {
        let mut pip = Command::new(&python);
        // The file names everything: one library asks for an old version of what it does not use.
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]).arg(requirements);
        if made.success() { pip.status() } else { Ok(made) }
    });
    if !filled.map_err(Failure::io("make a Python environment"))?.success() {
        let help = format!("see above; the packages are pinned in {}", requirements.display());
        return Err(Failure::Missing { what: "the Python environment".to_owned(), help });
    }
    fs::write(&mark, wanted).map_err(Failure::io(format!("write {}", mark.display())))?;
    Ok(python)
}

/// Installs the Node modules that a folder's `package.json` pins, beside it. A copy of that file, written last, marks them as
/// complete.
pub fn node_modules(folder: &Path) -> Result<(), Failure> {
    let package = folder.join("package.json");
    let mark = folder.join("node_modules/.installed.json");
    let wanted = fs::read(&package).map_err(Failure::io(format!("read {}", package.display())))?;
    if fs::read(&mark).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    println!("installing Node modules into {}", folder.display());
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]).current_dir(folder);
    if !npm.status().map_err(Failure::io("run npm"))?.success() {
        let help = format!("see above; the modules are pinned in {}", package.display());
        return Err(Failure::Missing { what: "the Node modules".to_owned(), help });
    }
    fs::write(&mark, wanted).map_err(Failure::io(format!("write {}", mark.display())))?;
    Ok(())
}

/// Whether a probe succeeds; what it says is of no interest.
fn succeeds(command: &[&str]) -> bool {
    run(command, Stdio::null())
}

fn run(command: &[&str], complaints: Stdio) -> bool {
    let Some((program, arguments)) = command.split_first() else {
        return false;
    };
    let mut command = Command::new(program);
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(complaints);
    command.status().is_ok_and(|status| status.success())
}
