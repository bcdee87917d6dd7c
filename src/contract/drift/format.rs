//! Drift as text, Markdown, JSON, JUnit XML, SARIF, or annotations of GitHub's workflows.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Difference, Drift};
use crate::contract::format::{Format, cell};
use crate::report::{self, Case, Level, Outcome, SarifResult, SarifRule, Suite};

impl Drift {
    /// The drift in a format.
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

    fn level(&self) -> Level {
        if self.breaking { Level::Error } else { Level::Note }
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

/// A suite with a case for each difference; those that are breaking fail.
fn junit(drift: &Drift) -> String {
    let case = |row: &Difference| {
        let text = row.describe();
        let outcome = if row.breaking { Outcome::Failed { message: text.clone(), text: text.clone() } } else { Outcome::Skipped(text) };
        Case { name: format!("{} {} {}", row.subject, row.place, row.kind.word()), outcome, seconds: None }
    };
    report::junit(&[Suite { name: drift.of.clone(), cases: drift.differences.iter().map(case).collect() }])
}

fn sarif(drift: &Drift) -> Value {
    let rules = drift
        .differences
        .iter()
        .map(|row| SarifRule { id: row.kind.word().to_owned(), text: format!("The published document differs: {}.", row.kind.word()) });
    let results = drift.differences.iter().map(|row| SarifResult {
        rule: row.kind.word().to_owned(),
        level: row.level(),
        text: row.describe(),
        location: None,
        subject: Some(row.subject.clone()),
        fingerprint: format!("{} {} {}", row.subject, row.place, row.kind.word()),
    });
    report::sarif(rules.collect(), &results.collect::<Vec<_>>())
}

fn github(drift: &Drift) -> String {
    let mut out = String::new();
    for row in &drift.differences {
        let _ =
            writeln!(out, "{}", report::annotation(row.level(), &format!("{} {}", row.subject, row.kind.word()), &row.describe(), None));
    }
    out
}
