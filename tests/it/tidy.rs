//! Tidiness as a test: who imports whom, how long files and lines may be, what the machine must not use. `docs/style.md` gives the
//! reasons.

mod comments;
mod documents;
mod imports;
mod manual;
mod reference;
mod vendors;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that make up the machine: pure, deterministic, without I/O.
const MACHINE: [&str; 8] = ["base", "spec", "world", "carrier", "engine", "vendors", "scenario", "persist"];

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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the repository with one of these endings, by its path from there; what is built or installed is left out.
fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the folder exists") {
            let path = entry.expect("a folder can be listed").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !path.is_dir() {
                found.push(path);
            } else if name != "target" && name != "node_modules" && (!name.starts_with('.') || name == ".ci") {
                collect(&path, found);
            }
        }
    }
    let root = root().join(folder);
    let mut found = Vec::new();
    collect(&root, &mut found);
    let relative = |path: &PathBuf| path.strip_prefix(&root).expect("it lies below").to_string_lossy().replace('\\', "/");
    let mut paths: Vec<String> = found.iter().map(relative).collect();
    paths.retain(|path| endings.iter().any(|ending| path.ends_with(ending)));
    paths.sort();
    paths
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources() -> Vec<Source> {
    files("src", &[".rs"]).into_iter().map(|path| Source { text: read(&format!("src/{path}")), path }).collect()
}

/// What each folder of `src/` may use of ours, as the table of ARCHITECTURE.md says.
fn may_use() -> BTreeMap<String, BTreeSet<String>> {
    let text = read("ARCHITECTURE.md");
    let table = text.split("| folder |").nth(1).expect("ARCHITECTURE.md has a table of the folders");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let folder = cells[0].trim_matches('`').split('/').next().unwrap_or_default();
        let used = cells[2].split(',').map(|word| word.trim().trim_matches('`').split("::").next().unwrap_or_default().to_owned());
        (folder.to_owned(), used.chain([folder.to_owned()]).collect())
    })
    .collect()
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn folders_import_only_what_lies_below_them() {
    let may_use = may_use();
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| source.path.contains('/')) {
        let Some(allowed) = may_use.get(source.folder()) else {
            problems.push(format!("src/{}: `{}` has no row in the table of ARCHITECTURE.md", source.path, source.folder()));
            continue;
        };
        for (number, line) in source.code() {
            for rest in line.split("crate::").skip(1) {
                let braces = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
                let names = braces.map_or_else(|| vec![rest], |list| list.split(',').map(str::trim).collect());
                for name in names {
                    let used: String = name.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
                    if may_use.contains_key(&used) && !allowed.contains(&used) {
                        problems.push(format!("src/{}:{number}: `{}` may not use `{used}`", source.path, source.folder()));
                    }
                }
            }
        }
    }
    let folders: BTreeSet<String> =
        sources().iter().filter(|source| source.path.contains('/')).map(|source| source.folder().to_owned()).collect();
    problems.extend(
        may_use.keys().filter(|folder| !folders.contains(*folder)).map(|folder| format!("ARCHITECTURE.md: there is no folder `{folder}`")),
    );
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

/// rustfmt breaks what it can; what it cannot are texts and rows of tables.
#[test]
fn lines_are_short() {
    const TEXTS: usize = 23;
    let (mut problems, mut texts) = (Vec::new(), 0);
    for source in sources() {
        for (index, line) in source.text.lines().enumerate().filter(|(_, line)| line.chars().count() > 140) {
            if line.trim_start().starts_with("//") {
                problems.push(format!("src/{}:{}: a comment of more than 140 characters", source.path, index + 1));
            } else {
                texts += 1;
            }
        }
    }
    assert_none(&problems);
    assert!(texts <= TEXTS, "{texts} lines have more than 140 characters, {TEXTS} had: shorten the text, or give it lines of its own");
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

/// A file that no `mod` line names is not compiled, and its tests do not run.
#[test]
fn every_file_is_a_module() {
    let mut problems = Vec::new();
    for folder in ["src", "tests/it", "tests/stories", "xtask/src", "fuzz/src"] {
        let paths = files(folder, &[".rs"]);
        for path in paths.iter().filter(|path| !["main.rs", "lib.rs"].contains(&path.as_str()) && !path.ends_with("/mod.rs")) {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            let parents = ["main.rs".to_owned(), "lib.rs".to_owned(), format!("{parent}.rs"), format!("{parent}/mod.rs")];
            let parents = if parent.is_empty() { &parents[..2] } else { &parents[2..] };
            let line = format!("mod {};", name.trim_end_matches(".rs"));
            let named =
                parents.iter().filter(|parent| paths.contains(parent)).any(|parent| read(&format!("{folder}/{parent}")).contains(&line));
            if !named {
                problems.push(format!("{folder}/{path}: no `{line}` in {}", parents.join(", ")));
            }
        }
        for path in paths.iter().filter_map(|path| path.strip_suffix("/mod.rs")) {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            let parents =
                if parent.is_empty() { vec!["lib.rs".to_owned()] } else { vec![format!("{parent}/mod.rs"), format!("{parent}.rs")] };
            let line = format!("mod {name};");
            if !parents.iter().filter(|parent| paths.contains(parent)).any(|parent| read(&format!("{folder}/{parent}")).contains(&line)) {
                problems.push(format!("{folder}/{path}/mod.rs: no `{line}` in {}", parents.join(", ")));
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
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        for package in ["clients/python", "clients/typescript"] {
            assert!(read(&format!("{package}/{name}")) == read(name), "{package}/{name} differs");
        }
    }
}

#[test]
fn packages_have_the_version_of_the_project() {
    let version = env!("CARGO_PKG_VERSION");
    for (package, line) in [
        ("clients/python/pyproject.toml", format!("version = \"{version}\"\n")),
        ("clients/typescript/package.json", format!("\"version\": \"{version}\",\n")),
        ("deploy/compose.yaml", format!("image: seatrial/seatrial:{version}\n")),
        ("deploy/fleet/compose.yaml", format!("image: seatrial/seatrial:{version}\n")),
        ("deploy/fleet/kubernetes/kustomization.yaml", format!("newTag: {version}\n")),
        ("deploy/gitlab/seatrial.gitlab-ci.yml", format!("name: seatrial/seatrial:{version}\n")),
        ("deploy/helm/seatrial/Chart.yaml", format!("version: {version}\nappVersion: {version}\n")),
        ("deploy/kubernetes/kustomization.yaml", format!("newTag: {version}\n")),
        ("Dockerfile", format!("ARG VERSION={version}\n")),
    ] {
        assert!(read(package).contains(&line), "{package} does not say `{}`", line.trim());
    }
}
