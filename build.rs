//! Turns every `specs/<vendor>/*.yaml` into compact JSON beside the build's output, so that the binary starts without
//! reading YAML, and lists the scenario files that ship inside the binary.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets the manifest directory"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets the output directory"));
    println!("cargo::rerun-if-changed=specs");
    for vendor in folders(&root.join("specs")) {
        let name = vendor.file_name().expect("a folder has a name").to_owned();
        fs::create_dir_all(out.join(&name)).expect("the output directory is writable");
        for document in ["openapi", "catalog"] {
            let source = vendor.join(document).with_extension("yaml");
            println!("cargo::rerun-if-changed={}", source.display());
            fs::write(out.join(&name).join(document).with_extension("json"), json(&source)).expect("the output directory is writable");
        }
    }
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    entries.map(|entry| entry.expect("a folder can be listed").path()).filter(|path| path.is_dir()).collect()
}

fn json(source: &Path) -> Vec<u8> {
    let text = fs::read_to_string(source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let value: serde_json::Value = serde_saphyr::from_str_with_options(&text, serde_saphyr::options! { budget: None })
        .unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    serde_json::to_vec(&value).expect("a JSON value can be written")
}
