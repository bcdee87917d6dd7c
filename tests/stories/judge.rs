//! What the judges share: the conversations of a vendor, and a list of deviations that tells faults from known departures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use seatrial::engine::{Answer, Request};

use crate::play;
use crate::published::Faults;

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

/// Every exchange of every conversation with a vendor.
pub fn exchanges(vendor: &str, mut hear: impl FnMut(&Request, &Answer)) -> Result<(), Failed> {
    let stories = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors").join(vendor)).expect("there are conversations");
    for file in stories.filter_map(|entry| Some(entry.ok()?.path())) {
        let story = play::read(&fs::read_to_string(&file)?, &file.display().to_string()).map_err(|problems| play::told(&problems))?;
        play::play(&story, vendor, &mut hear).map_err(|step| play::explain(&step, &story))?;
    }
    Ok(())
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

    /// Everything in a value that a type does not allow.
    pub fn judge(&mut self, operation: &str, faults: Faults) {
        for (place, what) in faults {
            self.find(operation, &place, &what);
        }
    }

    /// A fault of its own kind.
    pub fn fault(&mut self, fault: String) {
        self.problems.insert(fault);
    }

    /// Fails on a fault, on an operation that never succeeded, and on a departure that is none.
    pub fn verdict<'n>(mut self, silent: impl IntoIterator<Item = &'n str>) -> Result<(), Failed> {
        self.problems.extend(silent.into_iter().map(|name| format!("{name} was never seen to succeed")));
        let stale = self.departures.iter().enumerate().filter(|(row, _)| !self.met.contains(row));
        self.problems.extend(stale.map(|(_, (name, place, _))| format!("{name} {place}: listed as a departure, and is none")));
        if self.problems.is_empty() { Ok(()) } else { Err(Vec::from_iter(self.problems).join("\n").into()) }
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
