//! A report as text, Markdown, JSON, JUnit XML, SARIF, or annotations of GitHub's workflows.

use std::fmt::Write as _;

use serde_json::Value;

use crate::contract::report::{Finding, Report, VendorReport};
use crate::contract::threshold::{Exceeded, percent};
use crate::report::{self, Case, Level, Outcome, Reported, Rule, Suite};

/// How many operations that were never called are listed.
const LISTED: usize = 200;
/// How many letters of a value are shown.
const SHOWN: usize = 60;

/// A report, and what it exceeds.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'r>(pub &'r Report, pub &'r [Exceeded]);

impl Reported for Judged<'_> {
    fn text(&self) -> String {
        text(self.0, self.1)
    }

    fn markdown(&self) -> String {
        markdown(self.0, self.1)
    }

    fn json(&self) -> Value {
        serde_json::to_value(self.0).unwrap_or_default()
    }

    /// A suite for each vendor, a case for each operation that was called; one fails by its violations.
    fn suites(&self) -> Vec<Suite> {
        let suite = |vendor: &VendorReport| {
            let of = |operation: Option<&str>| violations(self.0, &vendor.vendor, operation);
            let called = vendor.exercised.iter().map(|row| case(&row.operation, judged(&of(Some(&row.operation)))));
            let nowhere = of(None);
            let nowhere = (!nowhere.is_empty()).then(|| case("no operation", judged(&nowhere)));
            let never = vendor.never.iter().map(|name| case(name, Outcome::Skipped("never called".to_owned())));
            Suite { name: vendor.vendor.clone(), cases: called.chain(nowhere).chain(never).collect(), output: String::new() }
        };
        self.0.vendors.iter().map(suite).collect()
    }

    fn findings(&self) -> Vec<report::Finding> {
        let found = self.0.findings().map(|(kind, row)| report::Finding {
            rule: Rule::new(&row.rule, format!("The request breaks the document's `{}`.", row.rule)),
            level: level(kind),
            title: format!("{} {}", row.subject(), row.rule),
            text: describe(row),
            location: None,
            subject: Some(row.subject().to_owned()),
            fingerprint: Some(format!("{} {} {}", row.subject(), row.place(), row.rule)),
        });
        let exceeded = self.1.iter().map(|row| report::Finding {
            rule: Rule::new("limit", "The report exceeds a limit."),
            level: Level::Error,
            title: "contract".to_owned(),
            text: row.to_string(),
            location: None,
            subject: None,
            fingerprint: None,
        });
        found.chain(exceeded).collect()
    }
}

const TITLES: [(&str, &str); 3] = [("violation", "Violations"), ("undocumented", "Undocumented"), ("deprecated", "Deprecated")];

fn text(report: &Report, exceeded: &[Exceeded]) -> String {
    let mut out = format!("{}: {}\n", report.of, summary(report));
    for (kind, title) in TITLES {
        let mut rows = report.findings().filter(|(own, _)| *own == kind).peekable();
        if rows.peek().is_some() {
            let _ = writeln!(out, "\n{}:", title.to_lowercase());
        }
        for (_, row) in rows {
            let _ = writeln!(out, "  {} {}: {}: {}", row.subject(), row.place(), row.rule, row.detail);
            let _ = writeln!(out, "      {}, first {}{}", row.frequency(), row.first, sent(row));
        }
    }
    for vendor in &report.vendors {
        let _ = writeln!(out, "\n{}: {} of {} operations called", vendor.vendor, vendor.exercised.len(), vendor.operations);
        for row in &vendor.exercised {
            let never = if row.never.is_empty() { String::new() } else { format!("; never {}", numbers(&row.never)) };
            let _ = writeln!(out, "  {:<48} {}{never}", row.operation, statuses(row));
        }
        for name in vendor.never.iter().take(LISTED) {
            let _ = writeln!(out, "  {name:<48} never called");
        }
        if let Some(more) = vendor.never.len().checked_sub(LISTED).filter(|more| *more > 0) {
            let _ = writeln!(out, "  and {more} more that were never called");
        }
    }
    for row in exceeded {
        let _ = writeln!(out, "\nfailed: {row}");
    }
    out
}

fn summary(report: &Report) -> String {
    let count = |rows: &[Finding]| rows.iter().map(|row| row.count).sum::<u64>();
    let mut parts = vec![
        format!("{} calls", report.calls),
        format!("{} violations", count(&report.violations)),
        format!("{} undocumented", count(&report.undocumented)),
        format!("{} deprecated", count(&report.deprecated)),
    ];
    let others = [(report.dropped, "dropped"), (report.cut, "too large to judge"), (report.foreign, "for no vendor")];
    parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    parts.join(", ")
}

/// The values of a finding that its detail does not show yet.
fn sent(row: &Finding) -> String {
    if row.values.len() < 2 {
        return String::new();
    }
    format!("; values {}", row.values.iter().map(short).collect::<Vec<_>>().join(", "))
}

fn short(value: &Value) -> String {
    let text = if value.is_null() { "nothing".to_owned() } else { value.to_string() };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn statuses(row: &super::ExercisedOperation) -> String {
    let word = |(status, count): (&u16, &u64)| match status {
        0 => format!("no answer ×{count}"),
        status => format!("{status} ×{count}"),
    };
    row.statuses.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn numbers(statuses: &[u16]) -> String {
    statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn markdown(report: &Report, exceeded: &[Exceeded]) -> String {
    let verdict = if exceeded.is_empty() { "passed" } else { "failed" };
    let mut out = format!("## Contract of {}: {verdict}\n\n{}\n", cell(&report.of), summary(report));
    for row in exceeded {
        let _ = writeln!(out, "\n- **{}**", cell(&row.to_string()));
    }
    for (kind, title) in TITLES {
        let mut rows = report.findings().filter(|(own, _)| *own == kind).peekable();
        if rows.peek().is_some() {
            let _ = writeln!(out, "\n### {title}\n\n| operation | where | rule | what | how often | first |\n|---|---|---|---|---|---|");
        }
        for (_, row) in rows {
            let cells = [row.subject(), &row.place(), &row.rule, &row.detail, &row.frequency(), &row.first].map(cell);
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
    }
    for vendor in &report.vendors {
        out.push_str(&matrix(vendor));
    }
    out
}

fn matrix(vendor: &VendorReport) -> String {
    let share = percent(vendor.exercised.len(), vendor.operations);
    let mut out = format!(
        "\n### {}: {} of {} operations ({share:.0} %)\n\n| operation | answered | never met |\n|---|---|---|\n",
        vendor.vendor,
        vendor.exercised.len(),
        vendor.operations
    );
    for row in &vendor.exercised {
        let _ = writeln!(out, "| {} | {} | {} |", row.operation, statuses(row), numbers(&row.never));
    }
    if !vendor.never.is_empty() {
        let _ = writeln!(out, "\n<details><summary>{} operations were never called</summary>\n", vendor.never.len());
        for name in &vendor.never {
            let _ = writeln!(out, "- {name}");
        }
        out.push_str("\n</details>\n");
    }
    out
}

/// A text that can stand in a table.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' => out.push_str("\\|"),
            '<' => out.push_str("&lt;"),
            '\n' | '\r' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

fn describe(row: &Finding) -> String {
    format!("{} {}: {}\n{}, first {}{}", row.subject(), row.place(), row.detail, row.frequency(), row.first, sent(row))
}

fn violations<'r>(report: &'r Report, vendor: &str, operation: Option<&str>) -> Vec<&'r Finding> {
    report.violations.iter().filter(|row| row.vendor == vendor && row.operation.as_deref() == operation).collect()
}

fn case(name: &str, outcome: Outcome) -> Case {
    Case { name: name.to_owned(), outcome, location: None }
}

fn judged(violations: &[&Finding]) -> Outcome {
    violations.first().map_or(Outcome::Passed, |first| Outcome::Failed {
        message: format!("{}: {}", first.place(), first.detail),
        text: violations.iter().map(|row| describe(row)).collect::<Vec<_>>().join("\n"),
    })
}

fn level(kind: &str) -> Level {
    match kind {
        "violation" => Level::Error,
        "undocumented" => Level::Warning,
        _ => Level::Note,
    }
}
