//! What was found as text, Markdown, JSON, JUnit XML, SARIF, or annotations of GitHub's workflows.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Finding, FuzzReport};
use crate::contract::format::cell;
use crate::report::{self, Case, Level, Outcome, Reported, Rule, Suite};

impl Reported for FuzzReport {
    fn text(&self) -> String {
        text(self)
    }

    fn markdown(&self) -> String {
        markdown(self)
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// A suite with a case for each problem.
    fn suites(&self) -> Vec<Suite> {
        let failed = |row: &Finding| Outcome::Failed { message: row.describe(), text: format!("{}\n\n{}", row.curl, row.conversation) };
        let mut cases: Vec<Case> =
            self.findings.iter().map(|row| Case { name: row.name(), outcome: failed(row), location: None }).collect();
        if cases.is_empty() {
            cases.push(Case { name: "cases".to_owned(), outcome: Outcome::Passed, location: None });
        }
        vec![Suite { name: self.vendor.clone(), cases, output: String::new() }]
    }

    fn findings(&self) -> Vec<report::Finding> {
        let finding = |row: &Finding| report::Finding {
            rule: Rule::new(row.check.word(), row.check.text()),
            level: Level::Error,
            title: format!("{} {}", row.operation, row.check.word()),
            text: row.detail.clone(),
            location: None,
            subject: Some(row.operation.clone()),
            fingerprint: Some(row.name()),
        };
        self.findings.iter().map(finding).collect()
    }
}

impl FuzzReport {
    /// Whether nothing was found that no exception accepts, and anything was called.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.findings.is_empty() && self.operations > 0
    }

    fn summary(&self) -> String {
        let cut = if self.is_cut { ", cut short by `--time`" } else { "" };
        let Self { calls, operations, seed, accepted, .. } = self;
        format!("{calls} calls of {operations} operations with the seed {seed}{cut}: {} problems, {accepted} accepted", self.findings.len())
    }
}

impl Finding {
    /// What tells it apart from others.
    fn name(&self) -> String {
        format!("{} {} {}", self.operation, self.check.word(), self.place)
    }

    fn describe(&self) -> String {
        format!("{}: {}: {}", self.operation, self.check.word(), self.detail)
    }
}

fn text(report: &FuzzReport) -> String {
    let mut out = String::new();
    for row in &report.findings {
        let often = if row.count == 1 { "once".to_owned() } else { format!("{} times", row.count) };
        let _ = writeln!(out, "{} ({often})\n  {}\n", row.describe(), row.curl);
        for line in row.conversation.lines() {
            let _ = writeln!(out, "    {line}");
        }
        out.push('\n');
    }
    for row in &report.stale {
        let _ = writeln!(out, "an exception that fits nothing: {row}");
    }
    let _ = writeln!(out, "{} at {}: {}", report.vendor, report.server, report.summary());
    out
}

fn markdown(report: &FuzzReport) -> String {
    let verdict = if report.has_passed() { "passed" } else { "failed" };
    let mut out = format!("## Cases for {}: {verdict}\n\n{}\n", cell(&report.vendor), report.summary());
    if !report.findings.is_empty() {
        out.push_str("\n| operation | check | what | how often |\n|---|---|---|---|\n");
    }
    for row in &report.findings {
        let _ = writeln!(out, "| {} | {} | {} | {} |", cell(&row.operation), row.check.word(), cell(&row.detail), row.count);
    }
    for row in &report.findings {
        let _ = writeln!(
            out,
            "\n<details><summary>{}</summary>\n\n```sh\n{}\n```\n\n```yaml\n{}```\n</details>",
            cell(&row.describe()),
            row.curl,
            row.conversation
        );
    }
    out
}
