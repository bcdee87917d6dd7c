//! The helper packages of `clients/`, each by its own tests, with the binary that the clients talk to.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::test::clients::{Outcome, SERVER};
use crate::{failure::Failure, tools};

const PYTHON: &str = "clients/python";
const TYPESCRIPT: &str = "clients/typescript";

pub fn run() -> Result<Vec<Outcome>, Failure> {
    let root = env::current_dir().map_err(Failure::io("find the folder of the project"))?;
    let binary = root.join(SERVER);
    let mut python = Command::new(root.join(tools::python(Path::new("xtask/requirements.txt"), Path::new("target/venv"))?));
    python.args(["-m", "pytest", "-p", "no:cacheprovider", "-p", "seatrial.pytest_plugin"]).env("PYTHONPATH", "src");
    tools::packages(&[tools::NODE, tools::NPM])?;
    tools::node_modules(Path::new(TYPESCRIPT))?;
    let mut node = Command::new("npm");
    node.args(["test", "--silent"]);
    Ok(vec![one(python, PYTHON, &binary)?, one(node, TYPESCRIPT, &binary)?])
}

fn one(mut command: Command, folder: &str, binary: &PathBuf) -> Result<Outcome, Failure> {
    println!("\n== package {folder}");
    fs::metadata(binary).map_err(Failure::io(format!("find {}", binary.display())))?;
    command.current_dir(folder).env("SEATRIAL_BINARY", binary).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("SEATRIAL_URL");
    let status = command.status().map_err(Failure::io(format!("run the tests of {folder}")))?;
    Ok(Outcome { name: folder.to_owned(), passed: status.success(), checks: String::new() })
}
