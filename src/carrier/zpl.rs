//! Labels as ZPL II, the language of label printers.

use std::fmt::Write;

use crate::carrier::sheet::Template;

/// Adds a text in which names stand for field data.
pub fn fill<T: AsRef<str>>(template: &Template, out: &mut String, value: impl Fn(&str) -> T) {
    template.fill(out, |out, name| data(out, value(name).as_ref()));
}

/// Field data. Three characters mean something to a printer and are written in the notation that `^FH` announces.
fn data(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(index) = rest.find(['^', '~', '_']) {
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
            prop_assert!(!printed.contains(['^', '~']));
            prop_assert_eq!(printed.replace("_5E", "^").replace("_7E", "~").replace("_5F", "_"), text);
        }
    }
}
