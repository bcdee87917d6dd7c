//! JSON data as XML, in the shape that CakePHP and its like make of it. Nothing is read here.

use std::fmt::Write;

use serde_json::Value;

/// A document whose root is an element of that name with the data inside.
#[must_use]
pub fn document(root: &str, data: &Value) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    element(&mut out, root, data);
    out.push('\n');
    out
}

/// A list is its name repeated; what holds nothing is an empty element.
fn element(out: &mut String, name: &str, value: &Value) {
    let rows = match value {
        Value::Array(rows) if !rows.is_empty() => rows.as_slice(),
        other => std::slice::from_ref(other),
    };
    for row in rows {
        let start = out.len();
        tag(out, "<", name);
        let inside = out.len();
        match row {
            Value::Object(members) => members.iter().for_each(|(name, value)| element(out, name, value)),
            Value::Array(_) | Value::Null => {}
            Value::Bool(flag) => out.push(if *flag { '1' } else { '0' }),
            Value::Number(number) => write!(out, "{number}").expect("text in memory can be written to"),
            Value::String(text) => escape(out, text),
        }
        if out.len() == inside {
            out.truncate(start);
            tag(out, "<", name);
            out.truncate(out.len() - 1);
            out.push_str("/>");
        } else {
            tag(out, "</", name);
        }
    }
}

/// Names are data in some answers, such as those of services; what no element may be called becomes an underscore.
fn tag(out: &mut String, opening: &str, name: &str) {
    out.push_str(opening);
    for (index, letter) in name.chars().enumerate() {
        let fits = letter.is_alphabetic() || letter == '_' || (index > 0 && (letter.is_numeric() || matches!(letter, '-' | '.')));
        out.push(if fits { letter } else { '_' });
    }
    out.push('>');
}

/// A text as it stands between elements.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text);
    out
}

fn escape(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter if letter.is_control() && !matches!(letter, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(data: &Value, expected: &str) {
        let whole = document("response", data);
        assert_eq!(whole.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), Some(format!("{expected}\n").as_str()));
    }

    #[test]
    fn data_is_written_as_elements() {
        check(&json!({"success": true, "no": false, "none": null}), "<response><success>1</success><no>0</no><none/></response>");
        check(
            &json!({"tags": [{"id": 1}, {"id": 2}], "rest": []}),
            "<response><tags><id>1</id></tags><tags><id>2</id></tags><rest/></response>",
        );
        check(&json!({"Royal Mail": "a<b & c"}), "<response><Royal_Mail>a&lt;b &amp; c</Royal_Mail></response>");
        check(&json!({"24 hours": 1.5}), "<response><_4_hours>1.5</_4_hours></response>");
    }
}
