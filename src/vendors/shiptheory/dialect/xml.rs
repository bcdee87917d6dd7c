//! Answers as XML, for callers who would rather read that. The vendor's guide allows it and shows none of it; the shape is the one
//! that CakePHP's own view makes of the same data. Pure.

use std::fmt::Write;

use serde_json::Value;

use crate::engine::Request;

/// Whether XML is what a caller likes best of what can be had.
pub(super) fn is_preferred(request: &Request) -> bool {
    let Some(accept) = request.header("accept") else { return false };
    let mut best: Option<(f32, bool)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        let is_xml = matches!(kind.as_str(), "application/xml" | "text/xml");
        let is_other = matches!(kind.as_str(), "application/json" | "*/*" | "application/*") || kind.ends_with("+json");
        if (is_xml || is_other) && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, is_xml));
        }
    }
    best.is_some_and(|(_, is_xml)| is_xml)
}

/// A document with the data inside `response`.
pub(super) fn document(data: &Value) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    element(&mut out, "response", data);
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
    for (place, letter) in name.chars().enumerate() {
        let fits = letter.is_alphabetic() || letter == '_' || (place > 0 && (letter.is_numeric() || matches!(letter, '-' | '.')));
        out.push(if fits { letter } else { '_' });
    }
    out.push('>');
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
        let whole = document(data);
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
