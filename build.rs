//! Turns every `specs/<vendor>/*.yaml` into compact JSON beside the build's output, so that the binary starts without
//! reading YAML, and lists the scenario files that ship inside the binary.

use std::path::{Path, PathBuf};
use std::{env, fs};

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

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
    let events = Parser::new_from_str(&text).map(|event| event.unwrap_or_else(|error| panic!("{}: {error}", source.display())).0);
    let mut nodes = events.filter(|event| !matches!(event, Event::StreamStart | Event::DocumentStart(..)));
    let value = nodes.next().and_then(|first| value(first, &mut nodes));
    serde_json::to_vec(&value).expect("a JSON value can be written")
}

/// The node that begins with an event; nothing for the end of a collection.
fn value<'e>(first: Event<'e>, rest: &mut dyn Iterator<Item = Event<'e>>) -> Option<Value> {
    Some(match first {
        Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text),
        Event::Scalar(text, ..) => Value::String(text.into_owned()),
        Event::SequenceStart(..) => std::iter::from_fn(|| rest.next().and_then(|event| value(event, rest))).collect(),
        Event::MappingStart(..) => std::iter::from_fn(|| {
            let key = rest.next().and_then(|event| key(event, rest))?;
            let value = rest.next().and_then(|event| value(event, rest)).expect("a key has a value");
            Some((key, value))
        })
        .collect(),
        Event::SequenceEnd | Event::MappingEnd => return None,
        other => panic!("our own documents have no {other:?}"),
    })
}

/// Keys are texts, even `200:`.
fn key<'e>(first: Event<'e>, rest: &mut dyn Iterator<Item = Event<'e>>) -> Option<String> {
    match first {
        Event::Scalar(text, ..) => Some(text.into_owned()),
        other => value(other, rest).map(|value| panic!("{value} is no key")),
    }
}

/// A scalar without quotes, by the core schema of YAML.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if text.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit()) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
        }
        _ => Value::from(text),
    }
}
