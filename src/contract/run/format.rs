//! A run as text, Markdown, JSON, JUnit XML, SARIF, or annotations of GitHub's workflows.

use std::fmt::Write as _;

use serde_json::Value;

use crate::contract::format::{Format, cell};
use crate::contract::run::outcome::{ConversationReport, Problem, RunReport, Verdict};
use crate::report::{self, Case, Level, Location, Outcome, SarifResult, SarifRule, Suite};

impl RunReport {
    /// The report in a format.
    #[must_use]
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Text => text(self),
            Format::Markdown => markdown(self),
            Format::Json => format!("{:#}\n", serde_json::to_value(self).unwrap_or_default()),
            Format::JUnit => junit(self),
            Format::Sarif => format!("{:#}\n", sarif(self)),
            Format::Github => github(self),
        }
    }

    fn summary(&self) -> String {
        let [passed, failed, skipped] = [Verdict::Passed, Verdict::Failed, Verdict::Skipped].map(|verdict| self.count(verdict));
        let calls: usize = self.conversations.iter().map(|row| row.calls).sum();
        format!("{passed} conversations passed, {failed} failed, {skipped} skipped, {calls} calls")
    }

    fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.conversations.iter().flat_map(|row| &row.problems)
    }

    fn failed(&self) -> impl Iterator<Item = &ConversationReport> {
        self.conversations.iter().filter(|row| row.verdict == Verdict::Failed)
    }
}

fn text(report: &RunReport) -> String {
    let mut out = String::new();
    for row in &report.conversations {
        for (index, problem) in row.problems.iter().enumerate() {
            let _ = writeln!(out, "{}", problem.diagnostic);
            // Once for all problems of an answer.
            let is_last = row.problems.get(index + 1).is_none_or(|next| next.step != problem.step);
            if let Some(answer) = problem.answer.as_ref().filter(|_| is_last) {
                let _ = writeln!(out, "the answer was {answer}");
            }
            out.push('\n');
        }
        if let Some(reason) = &row.reason {
            let _ = writeln!(out, "{}: {}: {reason}", row.file, if row.verdict == Verdict::Skipped { "skipped" } else { "failed" });
        }
    }
    let _ = writeln!(out, "{}: {}", report.server, report.summary());
    out
}

fn markdown(report: &RunReport) -> String {
    let verdict = if report.has_passed() { "passed" } else { "failed" };
    let mut out = format!("## Conversations with {}: {verdict}\n\n{}\n", cell(&report.server), report.summary());
    if report.failed().next().is_some() {
        out.push_str("\n| file | line | step | what |\n|---|---|---|---|\n");
    }
    for row in report.failed() {
        for problem in &row.problems {
            let cells = [&row.file, &problem.line.to_string(), &problem.title, &problem.message].map(|text| cell(text));
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        if let Some(reason) = &row.reason {
            let _ = writeln!(out, "| {} | | | {} |", cell(&row.file), cell(reason));
        }
    }
    out
}

/// A suite for each vendor, a case for each conversation.
fn junit(report: &RunReport) -> String {
    let mut suites: Vec<Suite> = Vec::new();
    for row in &report.conversations {
        let reason = row.reason.clone().unwrap_or_default();
        let outcome = match row.verdict {
            Verdict::Passed => Outcome::Passed,
            Verdict::Skipped => Outcome::Skipped(reason),
            Verdict::Failed => Outcome::Failed {
                message: row.problems.first().map_or(reason, |problem| problem.message.clone()),
                text: row.problems.iter().map(|problem| problem.diagnostic.to_string()).collect::<Vec<_>>().join("\n\n"),
            },
        };
        let case = Case { name: row.file.clone(), outcome, seconds: None };
        match suites.iter_mut().find(|suite| suite.name == row.vendor) {
            Some(suite) => suite.cases.push(case),
            None => suites.push(Suite { name: row.vendor.clone(), cases: vec![case] }),
        }
    }
    report::junit(&suites)
}

fn location(problem: &Problem) -> Location {
    Location { file: problem.diagnostic.file().to_owned(), line: problem.line, column: problem.column }
}

fn sarif(report: &RunReport) -> Value {
    let rules = [
        ("document", "The answer is not what the vendor's document says."),
        ("expectation", "The answer is not what the conversation expects."),
        ("silence", "There is no answer, or the step cannot be made."),
    ];
    let rules = rules.map(|(id, text)| SarifRule { id: id.to_owned(), text: text.to_owned() });
    let results = report.problems().map(|problem| SarifResult {
        rule: problem.kind.to_owned(),
        level: Level::Error,
        text: format!("{}: {}", problem.title, problem.message),
        location: Some(location(problem)),
        subject: None,
        fingerprint: format!("{} {} {}", problem.diagnostic.file(), problem.title, problem.message),
    });
    report::sarif(rules.to_vec(), &results.collect::<Vec<_>>())
}

fn github(report: &RunReport) -> String {
    let mut out = String::new();
    for problem in report.problems() {
        let title = format!("step {} ({})", problem.step, problem.title);
        let _ = writeln!(out, "{}", report::annotation(Level::Error, &title, &problem.message, Some(&location(problem))));
    }
    for row in report.failed() {
        if let Some(reason) = &row.reason {
            let _ = writeln!(out, "{}", report::annotation(Level::Error, &row.file, reason, None));
        }
    }
    out
}
