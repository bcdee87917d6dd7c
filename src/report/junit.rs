//! JUnit XML, as build servers read it: suites of cases, each of which passed, failed or was skipped.

use std::fmt::Write as _;

use crate::base::xml;
use crate::report::Location;

#[derive(Clone, Debug)]
pub struct Suite {
    pub name: String,
    pub cases: Vec<Case>,
    /// What else is to be said of it.
    pub output: String,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub outcome: Outcome,
    /// Where it is written, if that is in a file.
    pub location: Option<Location>,
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed {
        message: String,
        /// All that is to be said.
        text: String,
    },
    /// Nobody knows, for want of evidence.
    Unknown {
        message: String,
        text: String,
    },
    Skipped(String),
}

#[must_use]
pub fn junit(suites: &[Suite]) -> String {
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, failures) = (all().count(), all().filter(|case| case.is("failure")).count());
    let _ = writeln!(out, "<testsuites name=\"seatrial\" tests=\"{tests}\" failures=\"{failures}\">");
    for Suite { name, cases, output } in suites {
        let [failures, errors, skipped] = ["failure", "error", "skipped"].map(|word| cases.iter().filter(|case| case.is(word)).count());
        let (name, tests) = (attribute(name), cases.len());
        let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"");
        let _ = writeln!(out, "  <testsuite name=\"{name}\" {counts}>");
        for case in cases {
            let place = case.location.as_ref();
            let place = place.map(|row| format!(" file=\"{}\" line=\"{}\"", attribute(&row.file), row.line)).unwrap_or_default();
            let head = format!("    <testcase classname=\"{name}\" name=\"{}\"{place}", attribute(&case.name));
            let word = case.word();
            let _ = match &case.outcome {
                Outcome::Passed => writeln!(out, "{head}/>"),
                Outcome::Skipped(why) => writeln!(out, "{head}>\n      <{word} message=\"{}\"/>\n    </testcase>", attribute(why)),
                Outcome::Failed { message, text } | Outcome::Unknown { message, text } => {
                    let (message, text) = (attribute(message), printable(text));
                    writeln!(out, "{head}>\n      <{word} message=\"{message}\">{text}</{word}>\n    </testcase>")
                }
            };
        }
        if !output.is_empty() {
            let _ = writeln!(out, "    <system-out>{}</system-out>", printable(output));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

impl Case {
    /// The name of the element that says what became of it.
    fn word(&self) -> &'static str {
        match self.outcome {
            Outcome::Passed => "",
            Outcome::Failed { .. } => "failure",
            Outcome::Unknown { .. } => "error",
            Outcome::Skipped(_) => "skipped",
        }
    }

    fn is(&self, word: &str) -> bool {
        self.word() == word
    }
}

fn attribute(text: &str) -> String {
    printable(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;").replace('\r', "&#13;")
}

/// A text without what no XML may have, however it is escaped.
fn printable(text: &str) -> String {
    xml::escaped(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_and_texts_escaped() {
        let failed = Outcome::Failed { message: "a \"b\" <c>".to_owned(), text: "1 < 2\u{1}".to_owned() };
        let case = |name: &str, outcome| Case { name: name.to_owned(), outcome, location: None };
        let cases = vec![case("x", Outcome::Passed), case("y", failed), case("z", Outcome::Skipped("late".to_owned()))];
        let text = junit(&[Suite { name: "s".to_owned(), cases, output: String::new() }]);
        assert!(text.contains("<testsuites name=\"seatrial\" tests=\"3\" failures=\"1\">"), "{text}");
        assert!(text.contains("<failure message=\"a &quot;b&quot; &lt;c&gt;\">1 &lt; 2\u{fffd}</failure>"), "{text}");
        assert!(
            text.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\"") && text.contains("<skipped message=\"late\"/>"),
            "{text}"
        );
    }
}
