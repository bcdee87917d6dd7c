//! `cargo xtask dist`: everything that people install, for the platform of this machine: a static binary, a tarball, a wheel, two npm
//! packages, a Debian package, and their checksums. Tests make them of the profile `quick`.

mod deb;
mod npm;
mod tarball;
mod wheel;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{failure::Failure, process};

/// Where packages are put.
pub const PACKAGES: &str = "target/dist/packages";
/// The Python environment with the tools that packages are made with.
const TOOLS: &str = "target/venv-dist";
const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
const DESCRIPTION: &str = "Mock carrier sandbox and contract-test server";
const HOMEPAGE: &str = "https://github.com/seatrial/seatrial";

/// A platform that packages are made for, in everybody's words for it.
#[derive(Debug)]
pub struct Platform {
    pub triple: &'static str,
    /// `process.platform` and `process.arch` of Node.
    pub node: (&'static str, &'static str),
    /// The architecture of Debian, if it is a Linux.
    pub debian: Option<&'static str>,
}

/// Those that a release has. `.github/workflows/release.yml` has a job for each.
pub const PLATFORMS: [Platform; 5] = [
    Platform { triple: "x86_64-unknown-linux-gnu", node: ("linux", "x64"), debian: Some("amd64") },
    Platform { triple: "aarch64-unknown-linux-gnu", node: ("linux", "arm64"), debian: Some("arm64") },
    Platform { triple: "x86_64-apple-darwin", node: ("darwin", "x64"), debian: None },
    Platform { triple: "aarch64-apple-darwin", node: ("darwin", "arm64"), debian: None },
    Platform { triple: "x86_64-pc-windows-msvc", node: ("win32", "x64"), debian: None },
];

impl Platform {
    /// The one that the compiler builds for.
    pub fn here() -> Result<&'static Self, Failure> {
        let said = output(Command::new("rustc").arg("-vV"))?;
        let triple = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        PLATFORMS.iter().find(|platform| platform.triple == triple).ok_or_else(|| Failure::Missing {
            what: format!("a package for {triple}"),
            help: format!("there are packages for {}", PLATFORMS.map(|platform| platform.triple).join(", ")),
        })
    }

    pub fn program(&self) -> &'static str {
        if self.triple.contains("windows") { "seatrial.exe" } else { "seatrial" }
    }

    /// Apple's systems have no static libraries of their own.
    fn is_static(&self) -> bool {
        !self.triple.contains("apple")
    }
}

/// What is packed, and how it is built.
struct Parts {
    platform: &'static Platform,
    version: String,
    profile: String,
    /// The binary, an absolute path.
    binary: PathBuf,
    /// A scratch folder, an absolute path.
    stage: PathBuf,
    /// Where packages go, an absolute path.
    packages: PathBuf,
}

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let profile = match arguments {
        [] => "dist",
        [flag, profile] if flag == "--profile" => profile,
        _ => return Err(Failure::Usage(format!("`dist` takes `--profile NAME`, not `{}`", arguments.join(" ")))),
    };
    make(profile).map(drop)
}

/// Makes all packages anew and returns the version that they have.
pub fn make(profile: &str) -> Result<String, Failure> {
    let platform = Platform::here()?;
    let root = std::env::current_dir().map_err(Failure::io("find the folder of the project"))?;
    let (packages, stage) = (root.join(PACKAGES), root.join("target/dist/stage"));
    for folder in [&packages, &stage] {
        fresh(folder)?;
    }
    let binary = build(platform, profile)?;
    let parts = Parts { platform, version: version()?, profile: profile.to_owned(), binary, stage, packages };
    tarball::make(&parts)?;
    if platform.debian.is_some() {
        deb::make(&parts)?;
    }
    npm::make(&parts)?;
    wheel::make(&parts)?;
    checksums(&parts.packages)?;
    Ok(parts.version)
}

/// Builds the binary and returns its absolute path.
pub fn build(platform: &Platform, profile: &str) -> Result<PathBuf, Failure> {
    let mut cargo = process::cargo(&["build", "--quiet", "--locked", "--bin", "seatrial", "--profile", profile]);
    static_build(&mut cargo, platform);
    run_it(&mut cargo)?;
    let binary = format!("target/{}/{profile}/{}", platform.triple, platform.program());
    std::path::absolute(binary).map_err(Failure::io("find the binary"))
}

/// Has cargo, or what calls it, build a binary that needs no library of the system. A triple of its own keeps the flag away from build
/// scripts and macros, which cannot be static.
fn static_build(command: &mut Command, platform: &Platform) {
    command.args(["--target", platform.triple]);
    if platform.is_static() {
        command.env("RUSTFLAGS", "-C target-feature=+crt-static");
    }
}

/// The version in `Cargo.toml`.
pub fn version() -> Result<String, Failure> {
    let said = output(&mut process::cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&said).map_err(|error| Failure::Unexpected(format!("cargo metadata: {error}")))?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let ours = packages.find(|package| package["name"] == "seatrial").and_then(|package| package["version"].as_str());
    ours.map(str::to_owned).ok_or_else(|| Failure::Unexpected("cargo metadata names no version of seatrial".to_owned()))
}

/// Completions of the shells, by the name of the file that each looks for.
fn completions(parts: &Parts, folder: &Path, names: [(&str, &str); 3]) -> Result<(), Failure> {
    for (shell, name) in names {
        write(&folder.join(name), &output(Command::new(&parts.binary).args(["completions", shell]))?)?;
    }
    Ok(())
}

/// The manual pages of all commands.
fn manual(parts: &Parts, folder: &Path) -> Result<(), Failure> {
    output(Command::new(&parts.binary).arg("man").arg(folder)).map(drop)
}

/// Writes the digest of each package, in the form that `sha256sum --check` reads.
fn checksums(packages: &Path) -> Result<(), Failure> {
    let mut names: Vec<String> = fs::read_dir(packages)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect())
        .map_err(Failure::io("list the packages"))?;
    names.sort();
    let command = |program: &str, arguments: &[&str]| output(Command::new(program).args(arguments).args(&names).current_dir(packages));
    // Apple's systems and some Linuxes have only one of the two.
    let sums = command("sha256sum", &["--"]).or_else(|_| command("shasum", &["-a", "256", "--"]))?;
    print!("{sums}");
    write(&packages.join("SHA256SUMS"), &sums)
}

pub fn fresh(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::io(format!("remove {}", folder.display())))?;
    }
    fs::create_dir_all(folder).map_err(Failure::io(format!("create {}", folder.display())))
}

pub fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(file, text));
    written.map_err(Failure::io(format!("write {}", file.display())))
}

pub fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let folder = to.parent().unwrap_or(Path::new("."));
    let copied = fs::create_dir_all(folder).and_then(|()| fs::copy(from, to));
    copied.map(drop).map_err(Failure::io(format!("copy {} to {}", from.display(), to.display())))
}

pub fn run_it(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(Failure::io(format!("run {command:?}")))?;
    if status.success() { Ok(()) } else { Err(Failure::Unexpected(format!("{command:?} ended with {status}"))) }
}

/// What a command prints.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(Failure::io(format!("run {command:?}")))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Unexpected(format!("{command:?} ended with {}: {said}{complaint}", output.status)))
}
