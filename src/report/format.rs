//! The formats of reports, and what a report has to say so that each of them can be written.

use serde_json::Value;

use super::{Finding, Suite, annotation, junit, sarif};
use crate::base::text::visible;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Markdown,
    Json,
    JUnit,
    Sarif,
    Github,
}

/// What can be told to people and to other programs.
pub trait Reported {
    fn text(&self) -> String;
    fn markdown(&self) -> String;
    fn json(&self) -> Value;
    /// The suites that build servers show, each with its cases.
    fn suites(&self) -> Vec<Suite>;
    /// What is wrong, one by one.
    fn findings(&self) -> Vec<Finding>;

    fn write(&self, format: Format) -> String {
        match format {
            Format::Text => visible(&self.text()).into_owned(),
            Format::Markdown => visible(&self.markdown()).into_owned(),
            Format::Json => format!("{:#}\n", self.json()),
            Format::JUnit => junit(&self.suites()),
            Format::Sarif => format!("{:#}\n", sarif(&[], &self.findings())),
            Format::Github => self.findings().iter().map(|finding| annotation(finding) + "\n").collect(),
        }
    }
}
