//! Labels as ZPL II, the language of label printers.

use std::fmt::Write;

use serde::Deserialize;

use crate::carrier::sheet;

/// A text with names that stand for field data. It is kept, and filled in, in the notation of a JSON text without its quotes: a label
/// is drawn for every booking, and most of it is the same.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub struct Template(sheet::Template);

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self(sheet::Template::from(in_json(&text)))
    }
}

impl Template {
    /// Adds the text to `out`; `value` is what a name stands for.
    pub fn fill<T: AsRef<str>>(&self, out: &mut String, value: impl Fn(&str) -> T) {
        self.0.fill(out, |out, name| data(out, value(name).as_ref()));
    }
}

fn in_json(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json[1..json.len() - 1].to_owned()
}

/// Field data. Three characters mean something to a printer and are written in the notation that `^FH` announces.
fn data(out: &mut String, text: &str) {
    let is_special = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\' | b'^' | b'~' | b'_');
    // Whether there is one is found for many letters at once, and the first one is not.
    if !text.bytes().fold(false, |found, byte| found | is_special(byte)) {
        return out.push_str(text);
    }
    let text = in_json(text);
    let mut rest = &*text;
    while let Some(index) = rest.bytes().position(|byte| matches!(byte, b'^' | b'~' | b'_')) {
        out.push_str(&rest[..index]);
        out.push_str(match rest.as_bytes()[index] {
            b'^' => "_5E",
            b'~' => "_7E",
            _ => "_5F",
        });
        rest = &rest[index + 1..];
    }
    out.push_str(rest);
}

/// Pages of text lines, a field for each line; what means something to a printer is left out.
///
/// # Panics
/// Never: the program is written to memory.
#[must_use]
pub fn pages(pages: &[Vec<String>]) -> String {
    let mut program = String::new();
    for page in pages {
        program.push_str("^XA^CF0,30\n");
        for (index, line) in page.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
            let text: String = line.chars().filter(|letter| !matches!(letter, '^' | '~')).collect();
            writeln!(program, "^FO40,{}^FD{text}^FS", 40 + 40 * index).expect("text in memory can be written to");
        }
        program.push_str("^XZ\n");
    }
    program
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_program_prints_each_line_where_it_stands() {
        let page = vec!["USPS ^ Priority".to_owned(), String::new(), "9205".to_owned()];
        assert_eq!(pages(&[page]), "^XA^CF0,30\n^FO40,40^FDUSPS  Priority^FS\n^FO40,120^FD9205^FS\n^XZ\n");
    }

    proptest! {
        #[test]
        fn field_data_survives_the_printer(text in any::<String>()) {
            let mut printed = String::new();
            data(&mut printed, &text);
            let printed: String = serde_json::from_str(&format!("\"{printed}\"")).expect("field data is written as JSON");
            prop_assert!(!printed.contains(['^', '~']));
            prop_assert_eq!(printed.replace("_5E", "^").replace("_7E", "~").replace("_5F", "_"), text);
        }
    }
}
