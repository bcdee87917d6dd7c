//! The npm packages: `seatrial`, which is the client with a launcher, and one for each platform with the binary, of which npm installs
//! the one that fits.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use super::{HOMEPAGE, LICENSES, PLATFORMS, Parts, Platform, copy, output, write};
use crate::{failure::Failure, tools};

const CLIENT: &str = "clients/typescript";

pub fn make(parts: &Parts) -> Result<(), Failure> {
    tools::packages(&[tools::NODE, tools::NPM])?;
    platform_package(parts)?;
    let folder = parts.stage.join("npm/seatrial");
    let client = Path::new(CLIENT);
    for file in files(&client.join("dist"))?.into_iter().chain(LICENSES.map(PathBuf::from)).chain(["README.md".into()]) {
        copy(&client.join(&file), &folder.join(&file))?;
    }
    let manifest = client.join("package.json");
    let text = fs::read_to_string(&manifest).map_err(Failure::io(format!("read {}", manifest.display())))?;
    let mut manifest: Value =
        serde_json::from_str(&text).map_err(|error| Failure::Unexpected(format!("{}: {error}", manifest.display())))?;
    // Only here: in the sources they would be looked up by everybody who works on the client.
    manifest["optionalDependencies"] = PLATFORMS.iter().map(|platform| (name(platform), json!(parts.version))).collect();
    for of_sources in ["scripts", "devDependencies"] {
        manifest.as_object_mut().and_then(|members| members.shift_remove(of_sources));
    }
    pack(parts, &folder, &manifest)
}

fn platform_package(parts: &Parts) -> Result<(), Failure> {
    let (platform, name) = (parts.platform, name(parts.platform));
    let folder = parts.stage.join("npm/platform");
    copy(&parts.binary, &folder.join("bin").join(platform.program()))?;
    for file in LICENSES {
        copy(Path::new(file), &folder.join(file))?;
    }
    let readme = format!("# {name}\n\nThe binary of [seatrial]({HOMEPAGE}) for {}.\n", platform.triple);
    write(&folder.join("README.md"), &readme)?;
    let (os, cpu) = platform.node;
    let manifest = json!({
        "name": name, "version": parts.version, "description": format!("The binary of seatrial for {}", platform.triple),
        "license": "(MIT OR Apache-2.0)", "os": [os], "cpu": [cpu], "files": ["bin", LICENSES[0], LICENSES[1]],
        // It is run from where it lies, which an archive does not allow.
        "preferUnplugged": true,
    });
    pack(parts, &folder, &manifest)
}

/// The package that holds the binary for a platform.
fn name(platform: &Platform) -> String {
    format!("@seatrial/{}-{}", platform.node.0, platform.node.1)
}

fn pack(parts: &Parts, folder: &Path, manifest: &Value) -> Result<(), Failure> {
    write(&folder.join("package.json"), &format!("{manifest:#}\n"))?;
    // On Windows npm is a script, which is found by a shell only.
    let mut npm = if cfg!(windows) { Command::new("npm.cmd") } else { Command::new("npm") };
    output(npm.args(["pack", "--silent", "--pack-destination"]).arg(&parts.packages).current_dir(folder)).map(drop)
}

/// The files below a folder, with its name before theirs.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let name = PathBuf::from(folder.file_name().unwrap_or_default());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Failure::io(format!("list {}", folder.display())))? {
        let path = entry.map_err(Failure::io(format!("list {}", folder.display())))?.path();
        if path.is_dir() {
            found.extend(files(&path)?.iter().map(|file| name.join(file)));
        } else {
            found.push(name.join(path.file_name().unwrap_or_default()));
        }
    }
    Ok(found)
}
