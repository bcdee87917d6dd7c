//! Turns every `specs/<vendor>/*.yaml` into compact JSON beside the build's output, so that the binary starts without
//! reading YAML, lists the scenario files that ship inside the binary, and compresses the files of the page for browsers.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;
use granit_parser::{Event, Parser, ScalarStyle};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets the manifest directory"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets the output directory"));
    println!("cargo::rerun-if-changed=specs");
    println!("cargo::rerun-if-changed=scenarios");
    fs::write(out.join("scenarios.rs"), scenarios(&root.join("scenarios"))).expect("the output directory is writable");
    for asset in ["seatrial.css", "seatrial.js", "seatrial.svg"] {
        fs::write(out.join(format!("{asset}.gz")), packed(&root.join("src/server/ui/assets").join(asset)))
            .expect("the output directory is writable");
    }
    for vendor in folders(&root.join("specs")) {
        let name = vendor.file_name().expect("a folder has a name").to_owned();
        fs::create_dir_all(out.join(&name)).expect("the output directory is writable");
        for document in ["openapi", "catalog", "examples", "labels", "tariffs", "postal"] {
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

/// A file of the page as it is sent to browsers.
fn packed(path: &Path) -> Vec<u8> {
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&text).and_then(|()| encoder.finish()).expect("it is written to memory")
}

/// A Rust expression that lists every scenario file by its name, with its text.
fn scenarios(root: &Path) -> String {
    let mut files: Vec<PathBuf> = folders(root).iter().flat_map(|folder| entries(folder)).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let rows = files.iter().map(|file| {
        println!("cargo::rerun-if-changed={}", file.display());
        let stem = file.file_stem().expect("a file has a name").to_string_lossy();
        let folder = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        // Those of one vendor are named with its folder.
        let name = if folder == "shared" { stem.into_owned() } else { format!("{folder}/{stem}") };
        format!("({name:?}, include_str!({file:?})),")
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

fn json(source: &Path) -> String {
    let text = fs::read_to_string(source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let events = Parser::new_from_str(&text).map(|event| event.unwrap_or_else(|error| panic!("{}: {error}", source.display())).0);
    let mut nodes = events.filter(|event| !matches!(event, Event::StreamStart | Event::DocumentStart(..)));
    let (first, mut json) = (nodes.next().expect("a document has a node"), String::new());
    write(first, &mut nodes, &mut json);
    json
}

/// Writes the node that begins with an event. No JSON library is built for this alone.
fn write<'e>(first: Event<'e>, rest: &mut dyn Iterator<Item = Event<'e>>, json: &mut String) {
    match first {
        Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty() || text == "~" => json.push_str("null"),
        Event::Scalar(text, ScalarStyle::Plain, ..) if ["null", "true", "false"].contains(&&*text) || is_number(&text) => {
            json.push_str(&text)
        }
        Event::Scalar(text, ..) => string(&text, json),
        Event::SequenceStart(..) => {
            json.push('[');
            while let Some(item) = rest.next().filter(|event| !matches!(event, Event::SequenceEnd)) {
                if !json.ends_with('[') {
                    json.push(',');
                }
                write(item, rest, json);
            }
            json.push(']');
        }
        Event::MappingStart(..) => {
            json.push('{');
            while let Some(Event::Scalar(key, ..)) = rest.next() {
                if !json.ends_with('{') {
                    json.push(',');
                }
                string(&key, json);
                json.push(':');
                write(rest.next().expect("a key has a value"), rest, json);
            }
            json.push('}');
        }
        other => panic!("our own documents have no {other:?}"),
    }
}

/// Whether a plain scalar is a number in YAML and written as JSON writes it.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.starts_with(|first: char| first.is_ascii_digit()) && digits.ends_with(|last: char| last.is_ascii_digit());
    let has_zeros = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    is_plain && !has_zeros && digits.parse::<f64>().is_ok()
}

fn string(text: &str, json: &mut String) {
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => json.push(other),
        }
    }
    json.push('"');
}
