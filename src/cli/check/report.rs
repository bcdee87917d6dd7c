//! Problems for other programs: JSON, SARIF for code scanning, and annotations of GitHub's workflows.

use serde::Serialize;
use serde_json::{Value, json};

use crate::report::{self, Level, Location};
use crate::scenario::{CODES, Diagnostic, DiagnosticView};

/// A problem with its weight, as JSON shows it.
#[derive(Serialize)]
struct Row {
    level: &'static str,
    #[serde(flatten)]
    problem: DiagnosticView,
}

fn level(problem: &Diagnostic) -> &'static str {
    if problem.is_warning() { "warning" } else { "error" }
}

/// A list of problems.
pub(super) fn json(problems: &[Diagnostic]) -> Value {
    json!(problems.iter().map(|problem| Row { level: level(problem), problem: problem.view() }).collect::<Vec<_>>())
}

/// A log of SARIF 2.1.0.
pub(super) fn sarif(problems: &[Diagnostic]) -> Value {
    let rules = CODES.iter().map(|(code, means, help)| json!({"id": code, "shortDescription": {"text": means}, "help": {"text": help}}));
    let results = problems.iter().map(|problem| {
        let DiagnosticView { code, message, file, line, column, help, .. } = problem.view();
        let text = help.map_or_else(|| message.clone(), |help| format!("{message}\n{help}"));
        json!({
            "ruleId": code,
            "level": level(problem),
            "message": {"text": text},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": file.replace('\\', "/")},
                "region": {"startLine": line, "startColumn": column},
            }}],
        })
    });
    let driver = json!({"name": "seatrial", "version": env!("CARGO_PKG_VERSION"), "rules": rules.collect::<Vec<_>>()});
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results.collect::<Vec<_>>()}],
    })
}

/// A command of GitHub's workflows, which shows the problem beside its line.
pub(super) fn github(problem: &Diagnostic) -> String {
    let DiagnosticView { code, message, file, line, column, help, .. } = problem.view();
    let text = help.map_or_else(|| message.clone(), |help| format!("{message}\n{help}"));
    let level = if problem.is_warning() { Level::Warning } else { Level::Error };
    report::annotation(level, code, &text, Some(&Location { file: file.to_string(), line, column }))
}
