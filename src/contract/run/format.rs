//! A run as text, Markdown, JSON, JUnit XML, SARIF, or annotations of GitHub's workflows.

use std::fmt::Write as _;

use serde_json::Value;

use crate::contract::format::cell;
use crate::contract::run::outcome::{ConversationReport, Problem, RunReport, Verdict};
use crate::report::{Case, Finding, Level, Location, Outcome, Reported, Rule, Suite};

impl Reported for RunReport {
    fn text(&self) -> String {
        text(self)
    }

    fn markdown(&self) -> String {
        markdown(self)
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// A suite for each vendor, a case for each conversation.
    fn suites(&self) -> Vec<Suite> {
        let mut suites: Vec<Suite> = Vec::new();
        for row in &self.conversations {
            let reason = row.reason.clone().unwrap_or_default();
            let outcome = match row.verdict {
                Verdict::Passed => Outcome::Passed,
                Verdict::Skipped => Outcome::Skipped(reason),
                Verdict::Failed => Outcome::Failed {
                    message: row.problems.first().map_or(reason, |problem| problem.message.clone()),
                    text: row.problems.iter().map(|problem| problem.diagnostic.to_string()).collect::<Vec<_>>().join("\n\n"),
                },
            };
            let case = Case { name: row.file.clone(), outcome, location: None };
            match suites.iter_mut().find(|suite| suite.name == row.vendor) {
                Some(suite) => suite.cases.push(case),
                None => suites.push(Suite { name: row.vendor.clone(), cases: vec![case], output: String::new() }),
            }
        }
        suites
    }

    fn findings(&self) -> Vec<Finding> {
        let unheld = self.failed().filter_map(|row| Some(finding("silence", row.file.clone(), row.reason.clone()?, None)));
        let problem = |row: &Problem| {
            let location = Location { file: row.diagnostic.file().to_owned(), line: row.line, column: row.column };
            finding(row.kind, format!("step {} ({})", row.step, row.title), row.message.clone(), Some(location))
        };
        self.conversations.iter().flat_map(|row| &row.problems).map(problem).chain(unheld).collect()
    }
}

fn finding(rule: &str, title: String, text: String, location: Option<Location>) -> Finding {
    let about = match rule {
        "document" => "The answer is not what the vendor's document says.",
        "expectation" => "The answer is not what the conversation expects.",
        _ => "There is no answer, or the step cannot be made.",
    };
    let file = location.as_ref().map_or("", |location| &location.file);
    let fingerprint = Some(format!("{file} {title} {text}"));
    Finding { rule: Rule::new(rule, about), level: Level::Error, title, text, location, subject: None, fingerprint }
}

impl RunReport {
    fn summary(&self) -> String {
        let [passed, failed, skipped] = [Verdict::Passed, Verdict::Failed, Verdict::Skipped].map(|verdict| self.count(verdict));
        let calls: usize = self.conversations.iter().map(|row| row.calls).sum();
        format!("{passed} conversations passed, {failed} failed, {skipped} skipped, {calls} calls")
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
