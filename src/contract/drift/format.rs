//! Drift as text, Markdown, JSON, JUnit XML, SARIF, or annotations of GitHub's workflows.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Difference, Drift};
use crate::contract::format::cell;
use crate::report::{Case, Finding, Level, Outcome, Reported, Rule, Suite};

impl Reported for Drift {
    fn text(&self) -> String {
        text(self)
    }

    fn markdown(&self) -> String {
        markdown(self)
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// A suite with a case for each difference; those that are breaking fail.
    fn suites(&self) -> Vec<Suite> {
        let case = |row: &Difference| {
            let text = row.describe();
            let outcome = if row.breaking { Outcome::Failed { message: text.clone(), text } } else { Outcome::Skipped(text) };
            Case { name: row.name(), outcome, location: None }
        };
        vec![Suite { name: self.of.clone(), cases: self.differences.iter().map(case).collect(), output: String::new() }]
    }

    fn findings(&self) -> Vec<Finding> {
        let finding = |row: &Difference| Finding {
            rule: Rule::new(row.kind.word(), format!("The published document differs: {}.", row.kind.word())),
            level: if row.breaking { Level::Error } else { Level::Note },
            title: format!("{} {}", row.subject, row.kind.word()),
            text: row.describe(),
            location: None,
            subject: Some(row.subject.clone()),
            fingerprint: Some(row.name()),
        };
        self.differences.iter().map(finding).collect()
    }
}

impl Drift {
    fn summary(&self) -> String {
        let breaking = self.differences.iter().filter(|row| row.breaking).count();
        let (all, accepted, stale) = (self.differences.len(), self.accepted, self.stale.len());
        let stale = if stale == 0 { String::new() } else { format!(", {stale} rows of the list fit nothing") };
        format!("{all} differences, {breaking} of them breaking, {accepted} accepted{stale}")
    }
}

impl Difference {
    fn describe(&self) -> String {
        let place = if self.place.is_empty() { String::new() } else { format!(" {}", self.place) };
        let detail = if self.detail.is_empty() { String::new() } else { format!(": {}", self.detail) };
        format!("{}{place}: {}{detail}", self.subject, self.kind.word())
    }

    /// What tells it apart from others.
    fn name(&self) -> String {
        format!("{} {} {}", self.subject, self.place, self.kind.word())
    }
}

fn text(drift: &Drift) -> String {
    let mut out = format!("{}: {}\n", drift.of, drift.summary());
    for (title, breaking) in [("breaking", true), ("not breaking", false)] {
        let mut rows = drift.differences.iter().filter(|row| row.breaking == breaking).peekable();
        if rows.peek().is_some() {
            let _ = writeln!(out, "\n{title}:");
        }
        for row in rows {
            let _ = writeln!(out, "  {}", row.describe());
        }
    }
    if !drift.stale.is_empty() {
        out.push_str("\naccepted, and no difference any more:\n");
        for row in &drift.stale {
            let _ = writeln!(out, "  {row}");
        }
    }
    out
}

fn markdown(drift: &Drift) -> String {
    let mut out = format!("## Drift of {}\n\n{}\n", cell(&drift.of), drift.summary());
    if !drift.differences.is_empty() {
        out.push_str("\n| | subject | place | difference |\n|---|---|---|---|\n");
    }
    for row in &drift.differences {
        let mark = if row.breaking { "**breaking**" } else { "" };
        let _ = writeln!(out, "| {mark} | {} | {} | {} {} |", cell(&row.subject), cell(&row.place), row.kind.word(), cell(&row.detail));
    }
    for row in &drift.stale {
        let _ = writeln!(out, "\n- accepted, and no difference any more: {}", cell(row));
    }
    out
}
