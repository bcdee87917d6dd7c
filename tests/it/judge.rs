//! What the judges share: a published document, the stories of its vendor, and a court that tells faults from known departures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use seatrial::engine::{Answer, Request};
use serde_json::Value;

use crate::play;

/// Where we depart from a document, and why: operation, place (with `*` for any position), reason.
pub type Departure = (&'static str, &'static str, &'static str);

/// What was found so far.
pub struct Deviations {
    departures: &'static [Departure],
    met: BTreeSet<usize>,
    problems: BTreeSet<String>,
}

/// A method and a path of a document.
pub struct Route {
    pub method: String,
    pub path: Vec<String>,
    /// Whether it was seen to succeed.
    pub succeeded: bool,
}

/// The document, which is not part of the repository; where it is missing the test says so and passes.
pub fn document(name: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("shared/vendors").join(name);
    let text = fs::read_to_string(&file).ok();
    if text.is_none() {
        eprintln!("skipped: there is no document at {}", file.display());
    }
    text
}

/// Every exchange of every story of a vendor.
pub fn exchanges(vendor: &str, mut hear: impl FnMut(&Request, &Answer)) {
    let stories = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors").join(vendor)).expect("there are conversations");
    for file in stories.filter_map(|entry| Some(entry.ok()?.path())) {
        let text = fs::read_to_string(&file).expect("conversations can be read");
        let story = play::read(&text, &file.display().to_string()).unwrap_or_else(|problems| panic!("{}", play::told(&problems)));
        if let Err(step) = play::play(&story, vendor, &mut hear) {
            panic!("{}", play::explain(&step, &story));
        }
    }
}

impl Deviations {
    pub fn new(departures: &'static [Departure]) -> Self {
        Self { departures, met: BTreeSet::new(), problems: BTreeSet::new() }
    }

    /// A fault, unless the place is a known departure.
    pub fn find(&mut self, operation: &str, place: &str, what: &str) {
        match self.departures.iter().position(|(name, own, _)| *name == operation && *own == place) {
            Some(row) => _ = self.met.insert(row),
            None => self.fault(format!("{operation} {place}: {what:.300}")),
        }
    }

    /// Everything in a value that a schema does not allow.
    pub fn judge(&mut self, operation: &str, side: &str, check: &Validator, value: &Value) {
        for error in check.iter_errors(value) {
            self.find(operation, &place(side, error.instance_path().as_str()), &error.to_string());
        }
    }

    /// A fault of its own kind.
    pub fn fault(&mut self, fault: String) {
        self.problems.insert(fault);
    }

    /// Fails on a fault, on an operation that never succeeded, and on a departure that is none.
    pub fn verdict<'n>(mut self, silent: impl IntoIterator<Item = &'n str>) {
        self.problems.extend(silent.into_iter().map(|name| format!("{name} was never seen to succeed")));
        let stale = self.departures.iter().enumerate().filter(|(row, _)| !self.met.contains(row));
        self.problems.extend(stale.map(|(_, (name, place, _))| format!("{name} {place}: listed as a departure, and is none")));
        assert!(self.problems.is_empty(), "{} faults\n{}", self.problems.len(), Vec::from_iter(self.problems).join("\n"));
    }
}

impl Route {
    pub fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_uppercase(), path: segments(path), succeeded: false }
    }

    pub fn fits(&self, method: &str, path: &[String]) -> bool {
        let same = |(own, given): (&String, &String)| own.starts_with('{') || own == given;
        self.method == method && self.path.len() == path.len() && self.path.iter().zip(path).all(same)
    }

    /// How many of its segments are parameters.
    pub fn parameters(&self) -> usize {
        self.path.iter().filter(|part| part.starts_with('{')).count()
    }
}

pub fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A place with `*` for every position in a list.
fn place(side: &str, pointer: &str) -> String {
    let steps = pointer.split('/').skip(1).map(|step| if step.parse::<usize>().is_ok() { "*" } else { step });
    std::iter::once(side).chain(steps).collect::<Vec<_>>().join(".")
}
