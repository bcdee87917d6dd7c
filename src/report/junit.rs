//! JUnit XML, as build servers read it: suites of cases, each of which passed, failed or was skipped.

use std::fmt::Write as _;

use crate::base::xml;

#[derive(Clone, Debug)]
pub struct Suite {
    pub name: String,
    pub cases: Vec<Case>,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub outcome: Outcome,
    /// How long it took, in seconds, if that was measured.
    pub seconds: Option<f64>,
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
    Skipped(String),
}

#[must_use]
pub fn junit(suites: &[Suite]) -> String {
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, failures) = (all().count(), all().filter(|case| case.has_failed()).count());
    let _ = writeln!(out, "<testsuites name=\"seatrial\" tests=\"{tests}\" failures=\"{failures}\">");
    for Suite { name, cases } in suites {
        let failures = cases.iter().filter(|case| case.has_failed()).count();
        let skipped = cases.iter().filter(|case| matches!(case.outcome, Outcome::Skipped(_))).count();
        let (name, tests) = (attribute(name), cases.len());
        let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">");
        for case in cases {
            let time = case.seconds.map(|seconds| format!(" time=\"{seconds:.3}\"")).unwrap_or_default();
            let head = format!("    <testcase classname=\"{name}\" name=\"{}\"{time}", attribute(&case.name));
            let _ = match &case.outcome {
                Outcome::Passed => writeln!(out, "{head}/>"),
                Outcome::Skipped(why) => writeln!(out, "{head}>\n      <skipped message=\"{}\"/>\n    </testcase>", attribute(why)),
                Outcome::Failed { message, text } => {
                    let (message, text) = (attribute(message), printable(text));
                    writeln!(out, "{head}>\n      <failure message=\"{message}\">{text}</failure>\n    </testcase>")
                }
            };
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

impl Case {
    fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
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
        let case = |name: &str, outcome| Case { name: name.to_owned(), outcome, seconds: None };
        let cases = vec![case("x", Outcome::Passed), case("y", failed), case("z", Outcome::Skipped("late".to_owned()))];
        let text = junit(&[Suite { name: "s".to_owned(), cases }]);
        assert!(text.contains("<testsuites name=\"seatrial\" tests=\"3\" failures=\"1\">"), "{text}");
        assert!(text.contains("<failure message=\"a &quot;b&quot; &lt;c&gt;\">1 &lt; 2\u{fffd}</failure>"), "{text}");
        assert!(text.contains("tests=\"3\" failures=\"1\" skipped=\"1\"") && text.contains("<skipped message=\"late\"/>"), "{text}");
    }
}
