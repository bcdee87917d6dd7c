//! Tidiness as a test: who imports whom, how long files may be, what the machine must not use.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each folder of `src/` may use of ours. A folder that is missing here may use everything.
const MAY_USE: &[(&str, &[&str])] = &[
    ("base", &["base"]),
    ("spec", &["base", "spec"]),
    ("world", &["base", "world"]),
    ("carrier", &["base", "carrier"]),
    ("engine", &["base", "spec", "world", "carrier", "engine"]),
    ("vendors", &["base", "spec", "world", "carrier", "engine", "vendors"]),
    ("scenario", &["base", "spec", "world", "carrier", "engine", "scenario"]),
    ("contract", &["base", "spec", "scenario", "contract"]),
    ("persist", &["base", "world", "persist"]),
];

/// Folders that make up the machine: pure, deterministic, without I/O.
const MACHINE: [&str; 6] = ["base", "spec", "world", "carrier", "engine", "vendors"];

/// The most lines that a file may have.
const LINES: usize = 500;

struct Source {
    /// Below `src/`, with slashes.
    path: String,
    text: String,
}

impl Source {
    fn folder(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Lines outside the tests at the bottom, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).enumerate().map(|(place, line)| (place + 1, line))
    }
}

fn sources() -> Vec<Source> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the folder exists") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let relative = |path: &Path| path.strip_prefix(&root).expect("it lies below").to_string_lossy().replace('\\', "/");
    files.iter().map(|path| Source { path: relative(path), text: fs::read_to_string(path).expect("sources are UTF-8") }).collect()
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn folders_import_only_what_lies_below_them() {
    let mut problems = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(folder, _)| *folder == source.folder()) else { continue };
        for (number, line) in source.code() {
            for rest in line.split("crate::").skip(1) {
                let used: String = rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
                let known = MAY_USE.iter().any(|(folder, _)| *folder == used) || ["server", "cli"].contains(&used.as_str());
                if known && !allowed.contains(&used.as_str()) {
                    problems.push(format!("src/{}:{number}: `{}` may not use `{used}`", source.path, source.folder()));
                }
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn no_vendor_imports_another() {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| source.path.matches('/').count() > 1 && source.folder() == "vendors") {
        let own = source.path.split('/').nth(1).unwrap_or_default();
        for (number, line) in source.code() {
            for rest in line.split("vendors::").skip(1) {
                let other: String = rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
                if !other.is_empty() && other != own {
                    problems.push(format!("src/{}:{number}: `{own}` uses `{other}`", source.path));
                }
            }
        }
    }
    assert_none(&problems);
}

/// Vendors are known by their folders alone, so that another one touches nothing else. What is said to people may take one as its example.
#[test]
fn only_vendors_name_vendors() {
    let sources = sources();
    let inside = sources.iter().filter(|source| source.folder() == "vendors");
    let vendors: BTreeSet<&str> =
        inside.filter(|source| source.path.matches('/').count() > 1).filter_map(|source| source.path.split('/').nth(1)).collect();
    assert!(!vendors.is_empty());
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| source.folder() != "vendors" && !source.path.ends_with("/tests.rs")) {
        let example =
            |line: &str| line.trim_start().starts_with("//") || ["such as `", "for example `"].iter().any(|word| line.contains(word));
        for (number, line) in source.code().filter(|(_, line)| !example(line)) {
            if let Some(vendor) = vendors.iter().find(|vendor| line.to_lowercase().contains(*vendor)) {
                problems.push(format!("src/{}:{number}: names `{vendor}`", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn files_are_short() {
    let long = sources().into_iter().map(|source| (source.text.lines().count(), source.path)).filter(|(lines, _)| *lines > LINES);
    assert_none(&long.map(|(lines, path)| format!("src/{path} has {lines} lines, more than {LINES}")).collect::<Vec<_>>());
}

#[test]
fn the_machine_is_pure() {
    const BANNED: [(&str, &str); 7] = [
        ("HashMap", "its order differs from run to run: use BTreeMap or IndexMap"),
        ("HashSet", "its order differs from run to run: use BTreeSet or IndexSet"),
        ("async fn", "the machine never waits"),
        ("tokio", "the machine never waits"),
        ("std::fs", "the machine does no I/O"),
        ("std::env", "the machine does no I/O"),
        ("Instant::now", "time is an argument"),
    ];
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| MACHINE.contains(&source.folder())) {
        for (number, line) in source.code().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for (word, why) in BANNED.iter().filter(|(word, _)| line.contains(word)) {
                problems.push(format!("src/{}:{number}: `{word}`: {why}", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn nothing_unwraps_and_nothing_is_left_for_later() {
    const BANNED: [&str; 6] = [".unwrap()", "todo!", "unimplemented!", "TODO", "FIXME", "anyhow"];
    let mut problems = Vec::new();
    for source in sources() {
        for (number, line) in source.code() {
            for word in BANNED.iter().filter(|word| line.contains(*word)) {
                problems.push(format!("src/{}:{number}: `{word}`", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//!"));
    assert_none(&silent.map(|source| format!("src/{} has no module docs", source.path)).collect::<Vec<_>>());
}

#[test]
fn packages_carry_the_licenses_of_the_project() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let read =
            |folder: &str| fs::read_to_string(root.join(folder).join(name)).unwrap_or_else(|error| panic!("{folder}/{name}: {error}"));
        assert!(read("clients/python") == read("") && read("clients/typescript") == read(""), "{name} differs");
    }
}
