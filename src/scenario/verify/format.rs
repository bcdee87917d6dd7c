//! Reports for people and for other programs: text, JSON, JUnit XML for build servers, SARIF for code scanning.

use std::fmt::Write as _;

use serde_json::json;

use super::{Finding, REMARKS, Report, Verdict, more};
use crate::report::{self, Case, Level, Location, Outcome, Rule, Suite};

/// How reports are written, for people or for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    JUnit,
    Sarif,
}

impl Format {
    /// All of them with their names.
    pub const ALL: [(Self, &'static str); 4] = [(Self::Text, "text"), (Self::Json, "json"), (Self::JUnit, "junit"), (Self::Sarif, "sarif")];

    /// The format of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own)| *own == name).map(|(format, _)| *format)
    }

    /// The format that a file has by the end of its name: `.json`, `.xml`, `.sarif`; others are text.
    #[must_use]
    pub fn of_file(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("json") => Self::Json,
            Some("xml") => Self::JUnit,
            Some("sarif") => Self::Sarif,
            _ => Self::Text,
        }
    }

    /// The media type of what is written.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::JUnit => "application/xml",
            Self::Sarif => "application/sarif+json",
        }
    }

    /// The reports of several sandboxes in this format.
    #[must_use]
    pub fn write(self, reports: &[Report]) -> String {
        match self {
            Self::Text => reports.iter().map(text).collect::<Vec<_>>().join("\n"),
            Self::Json => format!("{:#}\n", json!(reports)),
            Self::JUnit => report::junit(&reports.iter().map(suite).collect::<Vec<_>>()),
            Self::Sarif => format!("{:#}\n", report::sarif(&[], &reports.iter().flat_map(unmet).collect::<Vec<_>>())),
        }
    }
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    let all: u64 = report.findings.iter().map(|finding| finding.stands_for).sum();
    let unmet: u64 = report.findings.iter().filter(|finding| finding.verdict != Verdict::Passed).map(|finding| finding.stands_for).sum();
    let _ = match (all, unmet, &report.skipped) {
        (0, ..) => writeln!(out, "sandbox `{}`: nothing is expected", report.sandbox),
        (_, 0, _) => writeln!(out, "sandbox `{}`: passed, all expectations hold ({all})", report.sandbox),
        (.., Some(why)) => writeln!(out, "sandbox `{}`: skipped, {why}", report.sandbox),
        _ => writeln!(out, "sandbox `{}`: {}, {unmet} of {all} expectations are not met", report.sandbox, report.verdict.word()),
    };
    for finding in &report.findings {
        let place = location(finding).map(|place| format!("{}:{}: ", place.file, place.line)).unwrap_or_default();
        let _ = writeln!(out, "  {:7} {place}{}", finding.verdict.word(), one_line(&finding.expectation));
        if finding.verdict != Verdict::Passed {
            let _ = write!(out, "{}", explained(finding, "          "));
        }
    }
    for unused in report.unused.iter().take(REMARKS) {
        let _ = writeln!(out, "  note    {unused}");
    }
    if let Some(more) = more(report.unused.len() as u64) {
        let _ = writeln!(out, "  note    {more}");
    }
    if unmet > 0 {
        let _ = write!(out, "{}", came(report));
    }
    out
}

/// The calls that came, a line each; none where the report is on verdicts that are not kept.
fn came(report: &Report) -> String {
    let mut out = String::new();
    if report.findings.iter().all(|finding| location(finding).is_none()) {
        return out;
    }
    if report.calls.is_empty() {
        let _ = writeln!(out, "  no call is in the journal");
    } else {
        let _ = writeln!(out, "  calls that came:");
    }
    if report.earlier > 0 {
        let _ = writeln!(out, "    {} earlier ones", report.earlier);
    }
    for line in &report.calls {
        let _ = writeln!(out, "    {line}");
    }
    if !report.unmatched.is_empty() {
        let _ = writeln!(out, "  the latest requests that met no vendor:");
    }
    for line in &report.unmatched {
        let _ = writeln!(out, "    {line}");
    }
    if report.dropped > 0 {
        let _ = writeln!(out, "  {} calls are no longer in the journal (`--journal-bytes`)", report.dropped);
    }
    out
}

/// The reason of a verdict, and the calls that it is based on.
fn explained(finding: &Finding, indent: &str) -> String {
    let mut out = format!("{indent}{}\n", finding.detail);
    for (index, id) in finding.evidence.iter().enumerate() {
        let line = finding.calls.get(index).map(String::as_str).unwrap_or_default();
        let _ = writeln!(out, "{indent}  {}", format!("{id} {line}").trim_end());
    }
    if finding.more > 0 {
        let _ = writeln!(out, "{indent}  and {} more", finding.more);
    }
    for line in &finding.others {
        let _ = writeln!(out, "{indent}  does not count: {line}");
    }
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn suite(report: &Report) -> Suite {
    let case = |finding: &Finding| {
        let (message, text) = (finding.detail.clone(), explained(finding, ""));
        let outcome = match finding.verdict {
            Verdict::Passed => Outcome::Passed,
            Verdict::Unknown if let Some(why) = &report.skipped => Outcome::Skipped(why.clone()),
            Verdict::Unknown => Outcome::Unknown { message, text },
            Verdict::Failed => Outcome::Failed { message, text },
        };
        Case { name: one_line(&finding.expectation), outcome, location: location(finding) }
    };
    let unused = report.unused.iter().map(|rule| format!("{rule}\n")).collect::<String>();
    let came = if report.verdict == Verdict::Passed { String::new() } else { came(report) };
    Suite { name: report.sandbox.clone(), cases: report.findings.iter().map(case).collect(), output: came + &unused }
}

/// Where an expectation stands; nowhere if it is about verdicts that are not kept.
fn location(finding: &Finding) -> Option<Location> {
    (finding.line > 0).then(|| Location { file: finding.file.clone(), line: finding.line, column: finding.column })
}

/// The expectations that are not met.
fn unmet(report: &Report) -> impl Iterator<Item = report::Finding> {
    report.findings.iter().filter(|finding| finding.verdict != Verdict::Passed).map(move |finding| {
        let (rule, level) = match finding.verdict {
            Verdict::Failed => (Rule::new("expectation", "An expectation that is not met."), Level::Error),
            _ if report.skipped.is_some() => (Rule::new("uncalled", "An expectation of a sandbox that nobody called."), Level::Note),
            _ => (Rule::new("evidence", "An expectation for which evidence is missing."), Level::Warning),
        };
        let mut text = format!("sandbox `{}`: {}: {}", report.sandbox, one_line(&finding.expectation), explained(finding, ""));
        if finding.evidence.is_empty() {
            text.extend(report.unmatched.iter().map(|line| format!("met no vendor: {line}\n")));
        }
        report::Finding {
            rule,
            level,
            title: one_line(&finding.expectation),
            text: text.trim_end().to_owned(),
            location: location(finding),
            subject: None,
            fingerprint: None,
        }
    })
}
