//! Reports for people and for other programs: text, JSON, JUnit XML for build servers, SARIF for code scanning.

use std::fmt::Write as _;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::{Value, json};

use super::{Finding, Report, Verdict};

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
        match name.rsplit_once('.').map(|(_, end)| end) {
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

    /// Reports, written so.
    #[must_use]
    pub fn write(self, reports: &[Report]) -> String {
        match self {
            Self::Text => reports.iter().map(text).collect::<Vec<_>>().join("\n"),
            Self::Json => format!("{:#}\n", json!(reports)),
            Self::JUnit => junit(reports).unwrap_or_default(),
            Self::Sarif => format!("{:#}\n", sarif(reports)),
        }
    }
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    let all = report.findings.len();
    let unmet = report.findings.iter().filter(|finding| finding.verdict != Verdict::Passed).count();
    let _ = match (all, unmet) {
        (0, _) => writeln!(out, "sandbox `{}`: nothing is expected", report.sandbox),
        (_, 0) => writeln!(out, "sandbox `{}`: passed, all expectations hold ({all})", report.sandbox),
        _ => writeln!(out, "sandbox `{}`: {}, {unmet} of {all} expectations are not met", report.sandbox, report.verdict.word()),
    };
    for finding in &report.findings {
        let _ = writeln!(out, "  {:7} {}:{}: {}", finding.verdict.word(), report.file, finding.line, one_line(&finding.expectation));
        if finding.verdict != Verdict::Passed {
            let _ = write!(out, "{}", explained(finding, "          "));
        }
    }
    for unused in &report.unused {
        let _ = writeln!(out, "  note    {unused}");
    }
    if unmet > 0 {
        let _ = write!(out, "{}", came(report));
    }
    out
}

/// The calls that came, a line each.
fn came(report: &Report) -> String {
    let mut out = String::new();
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
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn junit(reports: &[Report]) -> Result<String, std::io::Error> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").with_attribute(("name", "seatrial")).write_inner_content(|writer| {
        for report in reports {
            let count = |verdict| report.findings.iter().filter(|finding| finding.verdict == verdict).count().to_string();
            writer
                .create_element("testsuite")
                .with_attribute(("name", report.sandbox.as_str()))
                .with_attribute(("tests", report.findings.len().to_string().as_str()))
                .with_attribute(("failures", count(Verdict::Failed).as_str()))
                .with_attribute(("errors", count(Verdict::Unknown).as_str()))
                .write_inner_content(|writer| {
                    report.findings.iter().try_for_each(|finding| case(writer, report, finding))?;
                    let unused = report.unused.iter().map(|rule| format!("{rule}\n")).collect::<String>();
                    let said = format!("{}{unused}", if report.verdict == Verdict::Passed { String::new() } else { came(report) });
                    element(writer, "system-out", &said)
                })?;
        }
        Ok(())
    })?;
    Ok(format!("{}\n", String::from_utf8_lossy(&writer.into_inner())))
}

fn case(writer: &mut Writer<Vec<u8>>, report: &Report, finding: &Finding) -> Result<(), std::io::Error> {
    let (name, line) = (printable(&one_line(&finding.expectation)), finding.line.to_string());
    let case = writer
        .create_element("testcase")
        .with_attribute(("classname", report.sandbox.as_str()))
        .with_attribute(("name", name.as_str()))
        .with_attribute(("file", report.file.as_str()))
        .with_attribute(("line", line.as_str()));
    let outcome = match finding.verdict {
        Verdict::Passed => return case.write_empty().map(drop),
        Verdict::Unknown => "error",
        Verdict::Failed => "failure",
    };
    let (message, text) = (printable(&finding.detail), printable(&explained(finding, "")));
    case.write_inner_content(|writer| {
        let element = writer.create_element(outcome).with_attribute(("message", message.as_str()));
        element.write_text_content(BytesText::new(&text)).map(drop)
    })
    .map(drop)
}

fn element(writer: &mut Writer<Vec<u8>>, name: &str, text: &str) -> Result<(), std::io::Error> {
    if text.is_empty() { Ok(()) } else { writer.create_element(name).write_text_content(BytesText::new(&printable(text))).map(drop) }
}

/// A text without the characters that no XML may have, however they are escaped.
fn printable(text: &str) -> String {
    let is_allowed =
        |letter: char| !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}') || matches!(letter, '\t' | '\n' | '\r');
    text.chars().map(|letter| if is_allowed(letter) { letter } else { char::REPLACEMENT_CHARACTER }).collect()
}

fn sarif(reports: &[Report]) -> Value {
    let rows = reports.iter().flat_map(|report| report.findings.iter().map(move |finding| (report, finding)));
    let results = rows.filter(|(_, finding)| finding.verdict != Verdict::Passed).map(|(report, finding)| {
        let text = format!("sandbox `{}`: {}: {}", report.sandbox, one_line(&finding.expectation), explained(finding, ""));
        json!({
            "ruleId": if finding.verdict == Verdict::Failed { "expectation" } else { "evidence" },
            "level": if finding.verdict == Verdict::Failed { "error" } else { "warning" },
            "message": {"text": text.trim_end()},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": report.file.replace('\\', "/")},
                "region": {"startLine": finding.line, "startColumn": finding.column},
            }}],
        })
    });
    let rule = |id: &str, text: &str| json!({"id": id, "shortDescription": {"text": text}});
    let rules = [rule("expectation", "An expectation that is not met."), rule("evidence", "An expectation for which evidence is missing.")];
    let driver = json!({"name": "seatrial", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results.collect::<Vec<_>>()}],
    })
}
