//! Documents and comments name only files that are in the repository.

use super::{assert_none, files, read};

/// Names that stand for any file.
const EXAMPLES: [&str; 3] = ["foo.rs", "listing.rs", "utils.rs"];

/// Pages of the manual that are made when it is built.
const MADE: [&str; 2] = ["admin.md", "cli.md"];

#[test]
fn what_is_named_exists() {
    let present = files("", &[""]);
    let mut problems = Vec::new();
    for path in present.iter().filter(|path| [".rs", ".md"].iter().any(|ending| path.ends_with(ending))) {
        for (index, line) in read(path).lines().enumerate() {
            let text = if path.ends_with(".rs") { line.split_once("//").map_or("", |(_, comment)| comment) } else { line };
            for name in text.split('`').skip(1).step_by(2).chain(text.split(['(', ')']).skip(1).step_by(2)) {
                let name = name.split("::").next().unwrap_or_default().trim_start_matches("../");
                let is_file = [".rs", ".md"].iter().any(|ending| name.ends_with(ending)) && name.bytes().all(is_plain);
                let exists = || present.iter().any(|path| path == name || path.ends_with(&format!("/{name}")));
                if is_file && !EXAMPLES.contains(&name) && !MADE.contains(&name) && !exists() {
                    problems.push(format!("{path}:{}: `{name}` is not in the repository", index + 1));
                }
            }
        }
    }
    assert_none(&problems);
}

/// The image is built from manifests first, and cargo wants those of all members of the workspace.
#[test]
fn the_image_gets_every_manifest() {
    let (manifest, dockerfile, ignored) = (read("Cargo.toml"), read("Dockerfile"), read(".dockerignore"));
    let members = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).expect("the workspace has members");
    let mut problems = Vec::new();
    for member in members.split(',').map(|member| member.trim().trim_matches('"')) {
        for (file, text, line) in [
            ("Dockerfile", &dockerfile, format!("COPY {member}/Cargo.toml {member}/\n")),
            (".dockerignore", &ignored, format!("!{member}/Cargo.toml\n")),
        ] {
            if !text.contains(&line) {
                problems.push(format!("{file} lacks `{}`", line.trim()));
            }
        }
    }
    assert_none(&problems);
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)
}
