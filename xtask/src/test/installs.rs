//! Packages, installed as people install them, into folders that hold nothing else, and used with an environment that names nothing
//! else. They are made of the `quick` build, so that only the packing is tested anew.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    dist::{self, Platform, output, run_it},
    failure::Failure,
    test::clients::Outcome,
};

/// The version of pytest that the suite is tried with; any from 7.4 on will do.
const PYTEST: &str = "pytest==9.2.0";

/// Says how long the way from nothing to a green suite is.
struct Watch {
    begin: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "how long people wait is of the wall's clock")]
    fn start() -> Self {
        Self { begin: Instant::now(), laps: Vec::new() }
    }

    /// Times what is done, from the end of what was done before.
    fn lap(&mut self, name: &'static str, act: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        act()?;
        let before: Duration = self.laps.iter().map(|(_, took)| *took).sum();
        self.laps.push((name, self.begin.elapsed().saturating_sub(before)));
        Ok(())
    }

    fn told(&self) -> String {
        let total: Duration = self.laps.iter().map(|(_, took)| *took).sum();
        let laps: Vec<String> = self.laps.iter().map(|(name, took)| format!("{name} {:.1} s", took.as_secs_f64())).collect();
        format!("{:.1} s from nothing ({})", total.as_secs_f64(), laps.join(", "))
    }
}

type Try = fn(&Clean) -> Result<String, Failure>;

const TRIES: [(&str, Try); 6] =
    [("pip", pip), ("npm", npm), ("tarball", tarball), ("setup-seatrial", setup), ("deb", deb), ("cargo", cargo)];

/// An environment in which nothing of this project is installed.
struct Clean {
    root: PathBuf,
    /// Where packages are installed, anew in each run.
    folder: PathBuf,
    version: String,
}

impl Clean {
    /// A command that sees the system's programs and the folders given, and no variable of this process.
    fn command(&self, program: impl AsRef<Path>, paths: &[PathBuf]) -> Command {
        let mut command = Command::new(program.as_ref());
        let paths = paths.iter().map(|path| path.display().to_string()).chain(["/usr/bin".to_owned(), "/bin".to_owned()]);
        command.env_clear().env("PATH", paths.collect::<Vec<_>>().join(":")).env("HOME", self.folder.join("home"));
        command.current_dir(&self.folder);
        command
    }

    /// The package whose name begins and ends so.
    fn package(&self, begin: &str, end: &str) -> Result<PathBuf, Failure> {
        let entries = fs::read_dir(dist::PACKAGES).map_err(Failure::io("list the packages"))?;
        let mut names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let name = names.find(|name| name.starts_with(begin) && name.ends_with(end));
        let name = name.ok_or_else(|| Failure::Unexpected(format!("no {begin}…{end} in {}", dist::PACKAGES)))?;
        Ok(self.root.join(dist::PACKAGES).join(name))
    }

    /// Fails unless a program says the version that was packed.
    fn says_version(&self, command: &mut Command) -> Result<(), Failure> {
        let said = output(command.arg("--version"))?;
        let wanted = format!("seatrial {}\n", self.version);
        if said == wanted { Ok(()) } else { Err(Failure::Unexpected(format!("{command:?} said {said:?} instead of {wanted:?}"))) }
    }
}

pub fn run() -> Result<Vec<Outcome>, Failure> {
    println!("\n== installs: packages of the quick build");
    let version = dist::make("quick")?;
    let root = env::current_dir().map_err(Failure::io("find the folder of the project"))?;
    let folder = root.join("target/installs");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::io("remove target/installs"))?;
    }
    fs::create_dir_all(folder.join("home")).map_err(Failure::io("create target/installs"))?;
    let clean = Clean { root, folder, version };
    let outcome = |(name, one): (&str, Try)| {
        println!("\n== install by {name}");
        let (passed, checks) = one(&clean).map_or_else(|failure| (false, failure.to_string()), |done| (true, done));
        println!("{checks}");
        Outcome { name: name.to_owned(), passed, checks: checks.lines().next().unwrap_or_default().to_owned() }
    };
    Ok(TRIES.map(outcome).into())
}

fn pip(clean: &Clean) -> Result<String, Failure> {
    let (venv, bin) = (clean.folder.join("venv"), clean.folder.join("venv/bin"));
    let mut watch = Watch::start();
    run_it(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(bin.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PYTEST]).arg(clean.package("seatrial-", ".whl")?);
    watch.lap("environment", || Ok(()))?;
    watch.lap("install", || run_it(&mut pip))?;
    // Found in the package itself, because the path does not name the environment.
    let python = || clean.command(bin.join("python"), &[]);
    clean.says_version(&mut clean.command(bin.join("seatrial"), &[]))?;
    watch.lap("first start", || clean.says_version(python().args(["-m", "seatrial"])))?;
    let file = clean.root.join("tests/packages/test_shop.py");
    watch.lap("suite", || suite(&mut python(), &["-m", "pytest", "-p", "no:cacheprovider", "--quiet"], &file))?;
    let took = watch.told();
    // Without the binary it says what to do.
    fs::remove_file(bin.join("seatrial")).map_err(Failure::io("remove the binary"))?;
    refuses(python().args(["-m", "seatrial", "--version"]), "pip install")?;
    Ok(format!("python -m seatrial, a suite of three tests: {took}"))
}

fn npm(clean: &Clean) -> Result<String, Failure> {
    let project = clean.folder.join("node");
    fs::create_dir_all(&project).map_err(Failure::io("create a project"))?;
    fs::write(project.join("package.json"), "{\"private\": true}\n").map_err(Failure::io("write package.json"))?;
    let (os, cpu) = Platform::here()?.node;
    let (platform, main) = (format!("seatrial-{os}-{cpu}-"), format!("seatrial-{}.tgz", clean.version));
    let mut npm = clean.command("npm", &[]);
    npm.args(["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&project);
    npm.arg(clean.package(&main, "")?).arg(clean.package(&platform, ".tgz")?);
    let mut watch = Watch::start();
    watch.lap("install", || output(&mut npm).map(drop))?;
    let npx = || {
        let mut npx = clean.command("npx", &[]);
        npx.args(["--offline", "--no-install", "seatrial"]).current_dir(&project);
        npx
    };
    watch.lap("first start", || clean.says_version(&mut npx()))?;
    let suite_file = project.join("shop.test.mjs");
    fs::copy(clean.root.join("tests/packages/shop.test.mjs"), &suite_file).map_err(Failure::io("copy the suite"))?;
    watch.lap("suite", || suite(&mut clean.command("node", &[]), &["--test", "--test-reporter=spec"], &suite_file))?;
    let took = watch.told();
    fs::remove_dir_all(project.join("node_modules/@seatrial")).map_err(Failure::io("remove the package of the platform"))?;
    refuses(npx().arg("--version"), "npm install")?;
    Ok(format!("npx seatrial, a suite of three tests: {took}"))
}

fn tarball(clean: &Clean) -> Result<String, Failure> {
    run_it(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(dist::PACKAGES))?;
    run_it(Command::new("tar").arg("-xzf").arg(clean.package("seatrial-", ".tar.gz")?).arg("-C").arg(&clean.folder))?;
    let folder = clean.folder.join(format!("seatrial-{}-{}", clean.version, Platform::here()?.triple));
    clean.says_version(&mut clean.command(folder.join("seatrial"), &[]))?;
    // The script defines a function and registers it.
    let script = folder.join("completions/seatrial.bash");
    output(clean.command("bash", &[]).args(["-c", "source \"$0\" && complete -p seatrial"]).arg(script))?;
    let pages = fs::read_dir(folder.join("man")).map_err(Failure::io("list manual pages"))?.count();
    if pages < 5 {
        return Err(Failure::Unexpected(format!("{pages} manual pages")));
    }
    Ok(format!("SHA256SUMS, the binary, completions of bash, {pages} manual pages"))
}

/// The script of the GitHub Action, with a release that lies in a folder.
fn setup(clean: &Clean) -> Result<String, Failure> {
    let releases = clean.folder.join("releases");
    let download = releases.join(format!("download/v{}", clean.version));
    fs::create_dir_all(&download).map_err(Failure::io("create a release"))?;
    for file in [clean.package("seatrial-", ".tar.gz")?, clean.root.join(dist::PACKAGES).join("SHA256SUMS")] {
        fs::copy(&file, download.join(file.file_name().unwrap_or_default())).map_err(Failure::io("copy a release"))?;
    }
    let folder = clean.folder.join("setup");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(Failure::io("find a free port"))?;
    let script = |action: &str| {
        let mut script = clean.command(clean.root.join("deploy/setup-seatrial/setup.sh"), &[]);
        script.arg(action).env("VERSION", &clean.version).env("SEATRIAL_FOLDER", &folder);
        script.env("SEATRIAL_RELEASES", format!("file://{}", releases.display()));
        script.env("SEATRIAL_LISTEN", free.to_string()).env("ARGUMENTS", "--contract lenient --seed 7");
        script
    };
    output(&mut script("install"))?;
    clean.says_version(&mut clean.command(folder.join("seatrial"), &[]))?;
    let ready = output(&mut script("start"));
    let id = fs::read_to_string(folder.join("pid")).unwrap_or_default();
    output(Command::new("kill").arg(id.trim()))?;
    if !ready?.contains(&format!("seatrial ready http={free}")) {
        return Err(Failure::Unexpected("setup.sh started a server that is not ready".to_owned()));
    }
    // What is not what its digest says is not installed.
    let archive = download.join(format!("seatrial-{}-{}.tar.gz", clean.version, Platform::here()?.triple));
    fs::write(archive, "something else").map_err(Failure::io("spoil a release"))?;
    refuses(&mut script("install"), "is not what SHA256SUMS says")?;
    Ok("setup.sh install, start; a spoilt archive is refused".to_owned())
}

fn deb(clean: &Clean) -> Result<String, Failure> {
    let (file, root) = (clean.package("seatrial_", ".deb")?, clean.folder.join("debian"));
    // A database of its own, so that the machine's knows nothing of it.
    for folder in ["var/lib/dpkg/updates", "var/lib/dpkg/info"] {
        fs::create_dir_all(root.join(folder)).map_err(Failure::io("create a root folder"))?;
    }
    for name in ["status", "available"] {
        fs::write(root.join("var/lib/dpkg").join(name), "").map_err(Failure::io("write the database of dpkg"))?;
    }
    let dpkg = || {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg(format!("--root={}", root.display())).args(["--force-not-root", "--force-bad-path", "--log=/dev/null"]);
        dpkg
    };
    output(dpkg().arg("--install").arg(file))?;
    clean.says_version(&mut clean.command(root.join("usr/bin/seatrial"), &[]))?;
    output(dpkg().args(["--purge", "seatrial"]))?;
    if root.join("usr/bin/seatrial").exists() {
        return Err(Failure::Unexpected("dpkg --purge left the binary".to_owned()));
    }
    Ok("dpkg --install, --purge".to_owned())
}

fn cargo(clean: &Clean) -> Result<String, Failure> {
    let prefix = clean.folder.join("cargo");
    let mut install = crate::process::cargo(&["install", "--quiet", "--locked", "--path", ".", "--profile", "quick", "--no-track"]);
    // What the profile has built already is built no second time.
    output(install.arg("--root").arg(&prefix).arg("--target-dir").arg(clean.root.join("target")))?;
    clean.says_version(&mut clean.command(prefix.join("bin/seatrial"), &[]))?;
    Ok("cargo install --path .".to_owned())
}

/// Runs a suite of three tests, and shows what it prints.
fn suite(command: &mut Command, arguments: &[&str], file: &Path) -> Result<(), Failure> {
    let said = output(command.args(arguments).arg(file))?;
    print!("{said}");
    let all = ["3 passed", "pass 3"];
    if all.iter().any(|line| said.contains(line)) {
        return Ok(());
    }
    Err(Failure::Unexpected(format!("{} has three tests, and not all of them ran", file.display())))
}

/// Fails unless a command fails and says what to do.
fn refuses(command: &mut Command, help: &str) -> Result<(), Failure> {
    match output(command) {
        Err(Failure::Unexpected(said)) if said.contains(help) => Ok(()),
        Err(other) => Err(other),
        Ok(said) => Err(Failure::Unexpected(format!("{command:?} works without a binary and says {said:?}"))),
    }
}
