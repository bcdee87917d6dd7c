//! What was found as text, Markdown, JSON, JUnit XML, SARIF, or annotations of GitHub's workflows.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::{Finding, FuzzReport};
use crate::contract::format::{Format, cell};
use crate::report::{self, Case, Level, Outcome, SarifResult, SarifRule, Suite};

impl FuzzReport {
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

/// A suite with a case for each problem.
fn junit(report: &FuzzReport) -> String {
    let failed = report.findings.iter().map(|row| Case {
        name: format!("{} {} {}", row.operation, row.check.word(), row.place),
        outcome: Outcome::Failed { message: row.describe(), text: format!("{}\n\n{}", row.curl, row.conversation) },
        seconds: None,
    });
    let mut cases: Vec<Case> = failed.collect();
    if cases.is_empty() {
        cases.push(Case { name: "cases".to_owned(), outcome: Outcome::Passed, seconds: None });
    }
    report::junit(&[Suite { name: report.vendor.clone(), cases }])
}

fn sarif(report: &FuzzReport) -> Value {
    let checks: BTreeSet<_> = report.findings.iter().map(|row| row.check).collect();
    let rules = checks.into_iter().map(|check| SarifRule { id: check.word().to_owned(), text: check.text().to_owned() });
    let results = report.findings.iter().map(|row| SarifResult {
        rule: row.check.word().to_owned(),
        level: Level::Error,
        text: row.describe(),
        location: None,
        subject: Some(row.operation.clone()),
        fingerprint: format!("{} {} {}", row.operation, row.check.word(), row.place),
    });
    report::sarif(rules.collect(), &results.collect::<Vec<_>>())
}

fn github(report: &FuzzReport) -> String {
    let mut out = String::new();
    for row in &report.findings {
        let title = format!("{} {}", row.operation, row.check.word());
        let _ = writeln!(out, "{}", report::annotation(Level::Error, &title, &row.detail, None));
    }
    out
}
