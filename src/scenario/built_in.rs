//! The scenarios that are compiled into the binary: the files of `scenarios/`, by name.

use super::gather::Found;
use crate::base::text;

const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// The text of the scenario of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// The scenario of that name, to be included. Its name as a part of a text is none that a file has.
#[must_use]
pub fn file(name: &str) -> Option<Found> {
    let (text, name) = (named(name)?, format!("built in: {name}"));
    Some(Found { id: name.clone(), name, bytes: text.as_bytes().to_vec() })
}

/// The names and texts of all of them, by name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().copied()
}

/// What a scenario says that it does.
#[must_use]
pub fn description(text: &'static str) -> &'static str {
    text.lines().find_map(|line| line.strip_prefix("description: ")).unwrap_or_default()
}

/// The name that is near to one that no built-in scenario has.
#[must_use]
pub fn near(name: &str) -> Option<&'static str> {
    text::nearest(name, FILES.iter().map(|(name, _)| *name))
}

/// The help for a name that no built-in scenario has.
#[must_use]
pub fn help(name: &str) -> String {
    if name == "default" {
        return "the default scenario is that of a sandbox without one: leave it out".to_owned();
    }
    match near(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("built in are {}", FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")),
    }
}
