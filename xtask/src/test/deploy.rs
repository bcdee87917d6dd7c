//! The files that others read: `deploy/` and the workflows, by `tests/deploy/check.py`, and the image, run in a root folder that holds
//! nothing but it.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    dist::output,
    failure::Failure,
    image::{self, Image},
    process::Server,
    test::clients::Outcome,
    tools,
};

pub fn run() -> Result<Vec<Outcome>, Failure> {
    Ok(vec![files()?, the_image()])
}

fn files() -> Result<Outcome, Failure> {
    println!("\n== deploy: files");
    tools::packages(&[tools::NODE, tools::NPM, tools::SHELLCHECK])?;
    tools::node_modules(Path::new("tests/deploy"))?;
    let python = tools::python(Path::new("xtask/requirements-deploy.txt"), Path::new("target/venv-deploy"))?;
    let mut check = Command::new(python);
    check.arg("tests/deploy/check.py").env("PYTHONDONTWRITEBYTECODE", "1").stderr(Stdio::inherit());
    let output = check.output().map_err(Failure::io("run tests/deploy/check.py"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let good = said.lines().filter(|line| line.starts_with("ok ")).count();
    Ok(Outcome { name: "files".to_owned(), passed: output.status.success() && good > 0, checks: format!("{good} checks ok") })
}

fn the_image() -> Outcome {
    println!("\n== deploy: image");
    let (passed, checks) = tried().map_or_else(|failure| (false, failure.to_string()), |done| (true, done));
    println!("{checks}");
    Outcome { name: "image".to_owned(), passed, checks: checks.lines().next().unwrap_or_default().to_owned() }
}

fn tried() -> Result<String, Failure> {
    let image = image::make("quick")?;
    let holds = image::names(&image.root);
    if holds != ["seatrial"] {
        return Err(Failure::Unexpected(format!("the image holds {holds:?}")));
    }
    let differences = differences(&image);
    if !differences.is_empty() {
        return Err(Failure::Unexpected(format!("the image is not what the Dockerfile says: {}", differences.join("; "))));
    }
    if !image::can_contain(&image) {
        return Ok("configuration; not run, because this machine allows no mounts".to_owned());
    }
    // The image's own command line, but for the port, which is a free one of loopback.
    let mut serve = image::contained(&image);
    let server = Server::start(serve.args(["--listen", "127.0.0.1:0"]), Path::new("target/image.log"))?;
    output(image::contained(&image).args(["health", "--address", &server.address.to_string()]))?;
    let written = image::contained(&image).args(["--listen", "127.0.0.1:0", "--ready-file", "/ready"]).output();
    let written = written.map_err(Failure::io("run the image"))?;
    if written.status.success() || !String::from_utf8_lossy(&written.stderr).contains("ead-only") {
        return Err(Failure::Unexpected(format!("the image could write to its root: {written:?}")));
    }
    Ok("configuration; serves and is healthy in a read-only root without anything else".to_owned())
}

/// Where the image differs from what the Dockerfile asks for.
fn differences(image: &Image) -> Vec<String> {
    let names = ["User", "Env", "ExposedPorts", "Entrypoint", "Cmd", "Volumes", "Healthcheck", "Labels"];
    let pairs = names.iter().map(|name| (name, &image.config[*name], &image.wanted[*name]));
    let different = pairs.filter(|(_, found, wanted)| differs(found, wanted));
    different.map(|(name, found, wanted)| format!("{name}: found {found}, expected {wanted}")).collect()
}

/// Whether a member of the configuration is not what is wanted. Tools add variables and labels of their own.
fn differs(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Array(found), Value::Array(wanted)) => !wanted.iter().all(|item| found.contains(item)),
        (Value::Object(found), Value::Object(wanted)) => !wanted.iter().all(|(name, item)| found.get(name) == Some(item)),
        (found, Value::Null) => ![Value::Null, json!([]), json!({})].contains(found),
        (found, wanted) => found != wanted,
    }
}
