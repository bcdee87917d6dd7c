//! The crates that are built, held against `deny.toml` without a network: licenses, bans, versions and sources. `cargo deny check`
//! does the same and asks a database of advisories, which needs a network; where it is not installed, the summary says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{failure::Failure, process};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What `deny.toml` says, as far as it is needed here.
#[derive(Default)]
struct Rules {
    licenses: BTreeSet<String>,
    /// Crates with a license of their own.
    exceptions: BTreeSet<String>,
    banned: BTreeSet<String>,
    /// `name@version`, of which there may be several versions.
    skipped: BTreeSet<String>,
}

/// Whether `cargo deny` can be run.
pub fn has_cargo_deny() -> bool {
    let version = Command::new("cargo").args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// What is wrong with crates that are built.
pub fn problems() -> Result<Vec<String>, Failure> {
    let rules = Rules::read(&fs::read_to_string("deny.toml").map_err(Failure::io("read deny.toml"))?);
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"];
    let output = process::cargo(&arguments).output().map_err(Failure::io("run cargo metadata"))?;
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| Failure::Unexpected(format!("cargo metadata is not JSON: {error}")))?;
    Ok(rules.problems(metadata["packages"].as_array().map_or(&[], Vec::as_slice)))
}

impl Rules {
    /// Reads lists of texts, and of tables that name a crate.
    fn read(text: &str) -> Self {
        let (mut rules, mut list) = (Self::default(), "");
        for line in text.lines().map(str::trim) {
            if let Some((name, rest)) = line.split_once(" = [").filter(|(name, _)| !name.starts_with(['{', '#'])) {
                list = if rest.is_empty() { name } else { "" };
            } else if line == "]" {
                list = "";
            }
            let Some(word) = line.strip_prefix('"').or_else(|| line.strip_prefix("{ crate = \"")).and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            match list {
                "allow" => rules.licenses.insert(word.to_owned()),
                "exceptions" => rules.exceptions.insert(word.to_owned()),
                "deny" => rules.banned.insert(word.to_owned()),
                "skip" => rules.skipped.insert(word.to_owned()),
                _ => false,
            };
        }
        rules
    }

    fn problems(&self, packages: &[Value]) -> Vec<String> {
        let (mut problems, mut versions) = (Vec::new(), BTreeMap::<&str, Vec<&str>>::new());
        for package in packages {
            let text = |member: &str| package[member].as_str().unwrap_or_default();
            let (name, version, license) = (text("name"), text("version"), text("license"));
            if !self.exceptions.contains(name) && !self.allows(license) {
                problems.push(format!("{name} {version} has the license {license:?}"));
            }
            if self.banned.contains(name) {
                problems.push(format!("{name} {version} is banned"));
            }
            if !matches!(package["source"].as_str(), None | Some(REGISTRY)) {
                problems.push(format!("{name} {version} comes from {}", package["source"]));
            }
            let is_skipped = self.skipped.iter().filter_map(|row| row.split_once('@')).any(|(other, from)| {
                other == name && version.strip_prefix(from).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            if !is_skipped {
                versions.entry(name).or_default().push(version);
            }
        }
        let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
        problems.extend(several.map(|(name, versions)| format!("{name} is built in the versions {}", versions.join(", "))));
        problems
    }

    /// Whether a license expression has a choice of which all parts are allowed. Parentheses are only around choices.
    fn allows(&self, expression: &str) -> bool {
        let one = |license: &str| self.licenses.contains(license.trim_matches(['(', ')', ' ']));
        let any = |choices: &str| choices.replace('/', " OR ").split(" OR ").any(one);
        if expression.contains('(') {
            return expression.split(" AND ").all(any);
        }
        expression.replace('/', " OR ").split(" OR ").any(|choice| choice.split(" AND ").all(one))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Rules;

    const TEXT: &str = "[licenses]\nallow = [\n    \"MIT\",\n    \"ISC\",\n]\nexceptions = [\n    # Why.\n    { crate = \"own\", allow = [\"NCSA\"] },\n]\n\
        [bans]\ndeny = [\n    { crate = \"anyhow\", reason = \"x\" },\n]\nskip = [\n    { crate = \"old@0.2\", reason = \"x\" },\n]\n";

    #[test]
    fn licenses_are_expressions() {
        let rules = Rules::read(TEXT);
        for (expression, allowed) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("", false),
            ("Apache-2.0 OR MIT", true),
            ("Apache-2.0/MIT", true),
            ("MIT AND ISC", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR Apache-2.0) AND GPL-3.0", false),
            ("(Apache-2.0 OR MIT) AND ISC", true),
            ("GPL-3.0 AND MIT OR ISC", true),
        ] {
            assert_eq!(rules.allows(expression), allowed, "{expression}");
        }
    }

    #[test]
    fn crates_are_held_against_the_rules() {
        let registry = super::REGISTRY;
        let package = |name: &str, version: &str, license: &str, source: &str| json!({"name": name, "version": version, "license": license, "source": source});
        let good = [package("a", "1.0.0", "MIT", registry), package("own", "1.0.0", "NCSA", registry)];
        let versions = [package("old", "0.2.3", "MIT", registry), package("old", "0.4.0", "MIT", registry)];
        assert_eq!(Rules::read(TEXT).problems(&[good, versions].concat()), Vec::<String>::new());
        for (bad, expected) in [
            (package("b", "1.0.0", "GPL-3.0", registry), "license"),
            (package("anyhow", "1.0.0", "MIT", registry), "banned"),
            (package("b", "1.0.0", "MIT", "git+https://example.com/b"), "comes from"),
            (package("a", "2.0.0", "MIT", registry), "versions 1.0.0, 2.0.0"),
        ] {
            let found = Rules::read(TEXT).problems(&[package("a", "1.0.0", "MIT", registry), bad]);
            assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
        }
    }
}
