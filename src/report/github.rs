//! Commands of GitHub's workflows, which show a finding beside its line, or in the summary of the run where it has none.

use crate::report::{Finding, Level, Location};

/// The command for one finding.
#[must_use]
pub fn annotation(finding: &Finding) -> String {
    let Finding { level, title, text, location, .. } = finding;
    let command = if *level == Level::Note { "notice" } else { level.word() };
    let place = location.as_ref().map_or_else(String::new, |Location { file, line, column }| {
        let file = property(&file.replace('\\', "/"));
        format!("file={file},line={line},col={column},")
    });
    format!("::{command} {place}title={}::{}", property(title), data(text))
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// What a message of a command may not have as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Rule;

    #[test]
    fn what_commands_are_made_of_is_escaped() {
        let said = |level, title: &str, text: &str, location| {
            let (rule, title, text) = (Rule::new("r", "a rule"), title.to_owned(), text.to_owned());
            annotation(&Finding { rule, level, title, text, location, subject: None, fingerprint: None })
        };
        let place = Location { file: "a,b.yaml".to_owned(), line: 3, column: 7 };
        assert_eq!(said(Level::Error, "a: b", "1%\n2", Some(place)), "::error file=a%2Cb.yaml,line=3,col=7,title=a%3A b::1%25%0A2");
        assert_eq!(said(Level::Note, "a", "b", None), "::notice title=a::b");
    }
}
