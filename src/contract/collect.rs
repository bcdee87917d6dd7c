//! From judged calls to a report.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::Value;

use crate::base::json;
use crate::contract::report::{ExercisedOperation, Finding, Report, VendorReport};
use crate::engine::{JudgedCall, Machine};
use crate::spec::{ParameterIn, Rule, Step, Violation};
use crate::world::{Note, WordedNote};

/// How many different values of a finding are kept.
const VALUES: usize = 5;

/// How many different findings are kept, and about how many bytes of texts they have together.
const FINDINGS: usize = 5_000;
const BYTES: usize = 4 << 20;

/// What a redacted value reads: it is not the one that was sent.
const REDACTED: &str = "[redacted]";

/// Remarks that tell of a violation; others about the caller are no matter of the document.
const VIOLATIONS: [&str; 6] = [
    Note::UNKNOWN_OPERATION,
    Note::UNREADABLE_BODY,
    Note::WRONG_CONTENT_TYPE,
    Note::CONTENT_ENCODING,
    Note::BYTE_ORDER_MARK,
    Note::NOT_UTF8,
];

/// Counts calls, and what is wrong with them.
#[derive(Clone)]
pub struct Collector {
    report: Report,
    /// Findings by kind, operation, part, pointer and rule.
    known: BTreeMap<Key, Finding>,
    /// About how many bytes of texts they have.
    bytes: usize,
    /// Statuses by the names of operations.
    statuses: BTreeMap<String, BTreeMap<u16, u64>>,
    vendors: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Violation,
    Undocumented,
    Deprecated,
}

type Key = (Kind, String, &'static str, String, &'static str);

/// A call beside what is wrong with it.
pub struct CallFacts<'a> {
    pub id: &'a str,
    pub status: Option<u16>,
    /// Whether only the beginning of its body is known.
    pub is_cut: bool,
}

impl Collector {
    /// A collector for a sandbox or a file.
    #[must_use]
    pub fn new(of: impl Into<String>) -> Self {
        let report = Report { of: of.into(), ..Report::default() };
        Self { report, known: BTreeMap::new(), bytes: 0, statuses: BTreeMap::new(), vendors: BTreeSet::new() }
    }

    /// Calls that are no longer known.
    pub fn dropped(&mut self, count: u64) {
        self.report.dropped += count;
    }

    /// How many calls were counted, with those for no vendor.
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.report.calls + self.report.foreign
    }

    /// Counts a call; `None` for one that is for no vendor.
    pub fn add(&mut self, call: &CallFacts<'_>, judged: Option<JudgedCall>) {
        let Some(judged) = judged else {
            self.report.foreign += 1;
            return;
        };
        self.report.calls += 1;
        self.vendors.insert(judged.vendor.to_string());
        if let Some(operation) = &judged.operation {
            *self.statuses.entry(operation.to_string()).or_default().entry(call.status.unwrap_or(0)).or_default() += 1;
        }
        if call.is_cut {
            self.report.cut += 1;
        }
        // A body of another kind was read as what it is not.
        let is_other_kind = judged.remarks.iter().any(|note| note.code == Note::WRONG_CONTENT_TYPE);
        for violation in &judged.violations {
            let is_unknown_value = (call.is_cut || is_other_kind) && violation.location == ParameterIn::Body;
            if !is_unknown_value && violation.value.as_ref().and_then(Value::as_str) != Some(REDACTED) {
                self.violation(call, &judged, violation);
            }
        }
        for note in &judged.remarks {
            let kind = match note.code {
                Note::UNKNOWN_MEMBER if is_other_kind => continue,
                Note::UNKNOWN_MEMBER | Note::UNKNOWN_PARAMETER => Kind::Undocumented,
                Note::DEPRECATED => Kind::Deprecated,
                Note::UNREADABLE_BODY if call.is_cut => continue,
                // Browsers ask so before they call; no document has it.
                Note::UNKNOWN_OPERATION if judged.method == Method::OPTIONS => continue,
                code if VIOLATIONS.contains(&code) => Kind::Violation,
                _ => continue,
            };
            self.remark(call, &judged, kind, &note.worded());
        }
    }

    fn violation(&mut self, call: &CallFacts<'_>, judged: &JudgedCall, violation: &Violation) {
        let location = violation.location.word();
        let any = |step: &Step| if let Step::Element(_) = step { "/*".to_owned() } else { format!("/{step}") };
        let place = violation.path.iter().map(any).collect::<String>();
        let found = Finding {
            location: location.to_owned(),
            pointer: violation.pointer(),
            rule: violation.rule.keyword().to_owned(),
            detail: violation.detail(),
            values: vec![violation.value.clone().unwrap_or_default()],
            ..Finding::of(call, judged)
        };
        self.count((Kind::Violation, found.subject().to_owned(), location, place, violation.rule.keyword()), found);
    }

    fn remark(&mut self, call: &CallFacts<'_>, judged: &JudgedCall, kind: Kind, note: &WordedNote) {
        let location = match note.code {
            Note::UNKNOWN_MEMBER => "body",
            Note::UNKNOWN_PARAMETER => "query",
            _ => "request",
        };
        let steps = || note.location.split('.').filter(|step| !step.is_empty());
        let any = |step: &str| if step.parse::<usize>().is_ok() { "/*".to_owned() } else { format!("/{step}") };
        let is_path = note.code == Note::UNKNOWN_OPERATION;
        let pointer = if is_path { String::new() } else { steps().map(|step| format!("/{step}")).collect() };
        // Paths that lead nowhere are told apart by their detail.
        let place = if is_path { note.detail.clone() } else { steps().map(any).collect() };
        let is_refused = |rule: &'static str| self.known.contains_key(&(Kind::Violation, judged.subject(), location, place.clone(), rule));
        if kind == Kind::Undocumented && is_refused(Rule::Unknown.keyword()) {
            return;
        }
        let found = Finding {
            location: location.to_owned(),
            pointer,
            rule: note.code.to_owned(),
            detail: note.detail.clone(),
            ..Finding::of(call, judged)
        };
        self.count((kind, judged.subject(), location, place, note.code), found);
    }

    fn count(&mut self, key: Key, found: Finding) {
        let Some(known) = self.known.get_mut(&key) else {
            let values: usize = found.values.iter().map(json::allocated).sum();
            self.bytes += 2 * key.3.len() + found.pointer.len() + found.detail.len() + values;
            if self.known.len() < FINDINGS && self.bytes < BYTES {
                self.known.insert(key, found);
            } else {
                self.report.left_out += 1;
            }
            return;
        };
        known.count += 1;
        known.taken += found.taken;
        for value in found.values {
            if known.values.len() < VALUES && !known.values.contains(&value) {
                known.values.push(value);
            }
        }
    }

    /// The report, with what was never tried of the vendors that were called.
    #[must_use]
    pub fn finish(mut self, machine: &Machine) -> Report {
        for ((kind, ..), found) in self.known {
            match kind {
                Kind::Violation => self.report.violations.push(found),
                Kind::Undocumented => self.report.undocumented.push(found),
                Kind::Deprecated => self.report.deprecated.push(found),
            }
        }
        for rows in [&mut self.report.violations, &mut self.report.undocumented, &mut self.report.deprecated] {
            rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        }
        for loaded in machine.vendors().loaded().iter().filter(|loaded| self.vendors.contains(&*loaded.vendor.id)) {
            let operations = loaded.catalog().operations();
            let mut row = VendorReport {
                vendor: loaded.vendor.id.to_string(),
                operations: operations.len(),
                exercised: Vec::new(),
                never: Vec::new(),
            };
            for operation in operations {
                let Some(statuses) = self.statuses.get(&*operation.name) else {
                    row.never.push(operation.name.to_string());
                    continue;
                };
                row.exercised.push(ExercisedOperation {
                    operation: operation.name.to_string(),
                    method: operation.method.to_string(),
                    path: operation.path.clone(),
                    never: operation.statuses().flatten().filter(|status| !statuses.contains_key(status)).collect(),
                    statuses: statuses.clone(),
                });
            }
            self.report.vendors.push(row);
        }
        self.report
    }
}

impl Finding {
    fn of(call: &CallFacts<'_>, judged: &JudgedCall) -> Self {
        Self {
            vendor: judged.vendor.to_string(),
            operation: judged.operation.as_deref().map(str::to_owned),
            location: String::new(),
            pointer: String::new(),
            rule: String::new(),
            detail: String::new(),
            values: Vec::new(),
            count: 1,
            taken: u64::from(call.status.is_some_and(|status| (200..300).contains(&status))),
            first: call.id.to_owned(),
        }
    }
}

impl JudgedCall {
    fn subject(&self) -> String {
        self.operation.as_deref().unwrap_or(&self.vendor).to_owned()
    }
}
