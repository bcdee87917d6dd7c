//! Turns every `specs/<vendor>/*.yaml` into compact JSON beside the build's output, so that the binary starts without
//! reading YAML, and lists the scenario files that ship inside the binary.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets the manifest directory"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets the output directory"));
    println!("cargo::rerun-if-changed=specs");
    println!("cargo::rerun-if-changed=scenarios");
    fs::write(out.join("scenarios.rs"), scenarios(&root.join("scenarios"))).expect("the output directory is writable");
    for vendor in folders(&root.join("specs")) {
        let name = vendor.file_name().expect("a folder has a name").to_owned();
        fs::create_dir_all(out.join(&name)).expect("the output directory is writable");
        for document in ["openapi", "catalog"] {
            let source = vendor.join(document).with_extension("yaml");
            // A second version of an API may share the catalog of the first.
            if !source.exists() {
                continue;
            }
            println!("cargo::rerun-if-changed={}", source.display());
            fs::write(out.join(&name).join(document).with_extension("json"), json(&source)).expect("the output directory is writable");
        }
    }
}

/// A Rust expression that lists every scenario file by its name, with its text.
fn scenarios(root: &Path) -> String {
    let mut files: Vec<PathBuf> = folders(root).iter().flat_map(|folder| entries(folder)).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let rows = files.iter().map(|file| {
        println!("cargo::rerun-if-changed={}", file.display());
        format!("({:?}, include_str!({file:?})),", file.file_stem().expect("a file has a name").to_string_lossy())
    });
    format!("&[{}]", rows.collect::<String>())
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    entries(parent).into_iter().filter(|path| path.is_dir()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("a folder can be listed").path()).collect()
}

fn json(source: &Path) -> Vec<u8> {
    let text = fs::read_to_string(source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let value: serde_json::Value = serde_saphyr::from_str_with_options(&text, serde_saphyr::options! { budget: None })
        .unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    serde_json::to_vec(&value).expect("a JSON value can be written")
}
