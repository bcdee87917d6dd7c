//! Checks by clients that are not ours: each `tests/clients/*.py` and `*.mjs` uses a library that people use against the
//! real vendors, on a server of its own, so that one may move the clock without another noticing.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{failure::Failure, process::Server, tools};

pub const SERVER: &str = "target/quick/seatrial";
const SCRIPTS: &str = "tests/clients";
/// The folder of the authority by which servers prove their names.
const AUTHORITY: &str = "target/client-ca";

pub struct Outcome {
    pub name: String,
    pub passed: bool,
    /// How many checks said yes.
    pub checks: String,
}

/// How many calls Schemathesis draws for each operation and phase in a long run.
const LONG_EXAMPLES: &str = "50";

pub fn run(long: bool) -> Result<Vec<Outcome>, Failure> {
    tools::packages(&[tools::CURL, tools::PHP, tools::PHP_CURL])?;
    let python = tools::python(Path::new("xtask/requirements.txt"), Path::new("target/venv"))?;
    let scripts = scripts()?;
    if scripts.iter().any(|script| is_node(script)) {
        tools::packages(&[tools::NODE, tools::NPM, tools::CHROMIUM])?;
        tools::node_modules(Path::new(SCRIPTS))?;
    }
    // Of the examples of the manual.
    tools::packages(&tools::LANGUAGES)?;
    tools::node_modules(Path::new("tests/docs"))?;
    let outcome = |script: &PathBuf| {
        let name = script.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("\n== client {name}");
        let interpreter = if is_node(script) { Path::new("node") } else { &python };
        run_one(interpreter, script, &name, long).unwrap_or_else(|failure| {
            println!("{failure}");
            Outcome { name, passed: false, checks: "did not run".to_owned() }
        })
    };
    Ok(scripts.iter().map(outcome).collect())
}

fn is_node(script: &Path) -> bool {
    script.extension().is_some_and(|extension| extension == "mjs")
}

fn run_one(interpreter: &Path, script: &Path, name: &str, long: bool) -> Result<Outcome, Failure> {
    let log = PathBuf::from(format!("target/client-{name}.log"));
    let mut command = Command::new(SERVER);
    command.args(["--listen", "127.0.0.1:0", "--conform", "all", "--tls", "127.0.0.1:0", "--proxy", "127.0.0.1:0", "--ca-dir", AUTHORITY]);
    let server = Server::start(&mut command, &log)?;
    let authority = env::current_dir().map_err(Failure::io("find the folder of the project"))?.join(AUTHORITY).join("ca.pem");
    let output = Command::new(interpreter)
        .arg(script)
        .envs(long.then_some(("SEATRIAL_SCHEMATHESIS_EXAMPLES", LONG_EXAMPLES)))
        .env("SEATRIAL_BASE_URL", format!("http://{}", server.address))
        .env("SEATRIAL_HTTPS_URL", format!("https://{}", server.listener("https")?))
        .env("SEATRIAL_PROXY_URL", format!("http://{}", server.listener("proxy")?))
        .env("SEATRIAL_CA_FILE", &authority)
        // Node reads it when it starts.
        .env("NODE_EXTRA_CA_CERTS", &authority)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stderr(Stdio::inherit())
        .output()
        .map_err(Failure::io(format!("run {}", script.display())))?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let passed = output.status.success();
    if !passed {
        println!("the server's log is in {}", log.display());
    }
    let good = said.lines().filter(|line| line.starts_with("ok ")).count();
    Ok(Outcome { name: name.to_owned(), passed: passed && good > 0, checks: format!("{good} checks ok") })
}

fn scripts() -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(SCRIPTS).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(Failure::io(format!("list {SCRIPTS}")))?;
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "py" || extension == "mjs"));
    files.sort();
    Ok(files)
}
