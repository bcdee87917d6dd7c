//! Problems for other programs: JSON, SARIF for code scanning, and annotations of GitHub's workflows.

use serde::Serialize;
use serde_json::{Value, json};

use crate::report::{self, Finding, Level, Location, Rule};
use crate::scenario::{CODES, Diagnostic, DiagnosticView};

/// A problem with its weight, as JSON shows it.
#[derive(Serialize)]
struct Row {
    level: &'static str,
    #[serde(flatten)]
    problem: DiagnosticView,
}

/// A list of problems.
pub(super) fn json(problems: &[Diagnostic]) -> Value {
    json!(problems.iter().map(|problem| Row { level: level(problem).word(), problem: problem.view() }).collect::<Vec<_>>())
}

/// A log of SARIF 2.1.0.
pub(super) fn sarif(problems: &[Diagnostic]) -> Value {
    let rules = CODES.iter().map(|(code, means, help)| Rule { help: Some(*help), ..Rule::new(*code, *means) });
    report::sarif(&rules.collect::<Vec<_>>(), &problems.iter().map(finding).collect::<Vec<_>>())
}

/// A command of GitHub's workflows, which shows the problem beside its line.
pub(super) fn github(problem: &Diagnostic) -> String {
    report::annotation(&finding(problem))
}

fn level(problem: &Diagnostic) -> Level {
    if problem.is_warning() { Level::Warning } else { Level::Error }
}

fn finding(problem: &Diagnostic) -> Finding {
    let DiagnosticView { code, message, file, line, column, help, .. } = problem.view();
    Finding {
        rule: Rule::new(code, ""),
        level: level(problem),
        title: code.to_owned(),
        text: help.map_or_else(|| message.clone(), |help| format!("{message}\n{help}")),
        location: Some(Location { file: file.to_string(), line, column }),
        subject: None,
        fingerprint: None,
    }
}
