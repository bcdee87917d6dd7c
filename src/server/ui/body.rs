//! The body of a message as lines, with remarks in the lines that they are about.

use std::fmt::Write as _;

use maud::{Markup, html};
use serde_json::Value;

use crate::server::ui::parts::{self, short};
use crate::server::ui::rows::{Message, Note};

/// How many lines of a body are shown, how many letters of a line, and how many bytes of HTML about.
const MOST_LINES: usize = 400;
const LONGEST: usize = 400;
const MOST_BYTES: usize = 18 * 1024;

/// A line of a body, and the path of the value that begins in it: `parcels.0.weight`.
struct Line {
    path: String,
    indent: usize,
    name: Option<String>,
    text: String,
}

/// A body as text, without a bound: what is shown of it, and what is copied.
pub(super) fn text(message: &Message) -> String {
    match &message.body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json => serde_json::to_string_pretty(json).unwrap_or_default(),
    }
}

/// The body with its remarks; `whole` is the address of all of it.
pub(super) fn render(message: &Message, notes: &[&Note], whole: &str) -> Markup {
    let mut lines = Vec::new();
    match &message.body {
        Value::Null => return html! { p.in.muted { "no body" } },
        Value::String(text) => {
            let rows = text.lines().map(|row| Line { path: String::new(), indent: 0, name: None, text: row.to_owned() });
            lines.extend(rows.take(MOST_LINES + 1));
        }
        json => write(json, Line { path: String::new(), indent: 0, name: None, text: String::new() }, "", &mut lines),
    }
    // A remark on what is missing stands where what should have it begins.
    let place = |note: &Note| {
        let mut path = note.location.as_str();
        loop {
            if let Some(index) = lines.iter().position(|line| line.path == path) {
                return index;
            }
            path = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        }
    };
    let is_json = !matches!(message.body, Value::String(_));
    let placed: Vec<(usize, &Note)> = notes.iter().filter(|_| is_json && !lines.is_empty()).map(|note| (place(note), *note)).collect();
    let mut left = MOST_BYTES;
    let mut rows = Vec::<Markup>::new();
    for (index, line) in lines.iter().enumerate().take(MOST_LINES) {
        let remarks: Vec<&Note> = placed.iter().filter(|(at, _)| *at == index).map(|(_, note)| *note).collect();
        let row = html! {
            li.warn[!remarks.is_empty()] {
                span {
                    (" ".repeat(line.indent))
                    @if let Some(name) = &line.name { span.y { "\"" (short(name, LONGEST)) "\"" } ": " }
                    (short(&line.text, LONGEST))
                }
            }
            @for note in remarks.iter().take(8) { li.ann.mid { span { (remark(note)) } } }
        };
        let Some(rest) = left.checked_sub(row.0.len()) else { break };
        left = rest;
        rows.push(row);
    }
    let is_cut = rows.len() < lines.len();
    html! {
        @if message.base64 { p.in.muted { "The body is not UTF-8; its bytes are shown in base64." } }
        div.code tabindex="0" {
            ol.lines {
                @for row in &rows { (row) }
            }
        }
        @if is_cut || message.cut {
            p.in.xs.muted {
                @if is_cut { a href=(whole) { "The whole body" } " as text. " }
                @if message.cut { "Only the beginning of its " (parts::bytes(message.length)) " was kept." }
            }
        }
    }
}

/// A remark in words: what it is about, what was found, what was expected.
pub(super) fn remark(note: &Note) -> Markup {
    html! {
        @if !note.location.is_empty() { code { (short(&note.location, 200)) } " " }
        (short(&note.detail, 600))
    }
}

fn write(value: &Value, mut line: Line, behind: &str, lines: &mut Vec<Line>) {
    // What is not shown need not be written.
    if lines.len() > MOST_LINES {
        return;
    }
    let (indent, path) = (line.indent, line.path.clone());
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let close = |bracket: &str| Line { path: "\u{0}".to_owned(), indent, name: None, text: format!("{bracket}{behind}") };
    let comma = |index: usize, all: usize| if index + 1 < all { "," } else { "" };
    match value {
        Value::Object(members) if !members.is_empty() => {
            line.text.push('{');
            lines.push(line);
            for (index, (name, value)) in members.iter().enumerate() {
                let row = Line { path: below(name), indent: indent + 2, name: Some(name.clone()), text: String::new() };
                write(value, row, comma(index, members.len()), lines);
            }
            lines.push(close("}"));
        }
        Value::Array(items) if !items.is_empty() => {
            line.text.push('[');
            lines.push(line);
            for (index, value) in items.iter().enumerate() {
                let row = Line { path: below(&index.to_string()), indent: indent + 2, name: None, text: String::new() };
                write(value, row, comma(index, items.len()), lines);
            }
            lines.push(close("]"));
        }
        plain => {
            let _ = write!(line.text, "{plain}{behind}");
            lines.push(line);
        }
    }
}

/// The headers of a message.
pub(super) fn headers(message: &Message) -> Markup {
    html! {
        details open[message.headers.len() <= 12] {
            summary.in { h3 { "Headers " span.muted { (message.headers.len()) } } }
            dl.kv.in {
                @for (name, value) in message.headers.iter().take(60) {
                    @for value in values(value).iter().take(10) { dt.mono { (short(name, 80)) } dd.mono { (short(value, 400)) } }
                }
            }
        }
    }
}

/// The values of a header: bytes that are no text are shown in base64.
fn values(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(values).collect(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use serde_json::json;

    use super::*;

    fn show(body: Value, locations: &[&str]) -> String {
        let length = body.to_string().len();
        let message = Message { headers: IndexMap::new(), body, base64: false, length, cut: false };
        let note = |location: &&str| Note {
            code: "request-invalid".to_owned(),
            location: (*location).to_owned(),
            detail: "found <1>, expected 2".to_owned(),
            blame: "caller".to_owned(),
        };
        let notes: Vec<Note> = locations.iter().map(note).collect();
        render(&message, &notes.iter().collect::<Vec<_>>(), "/whole").into_string()
    }

    #[test]
    fn remarks_stand_in_the_line_that_they_are_about() {
        let html = show(json!({"a": [{"b": 1}], "c": {}}), &["a.0.b", "a.0.missing", "other"]);
        let warned: Vec<&str> =
            html.split("<li class=\"warn\">").skip(1).map(|rest| rest.split("</li>").next().unwrap_or_default()).collect();
        assert_eq!(warned.len(), 3, "{html}");
        assert!(warned[0].contains('{') && warned[1].contains("    {") && warned[2].contains("&quot;b&quot;"), "{warned:?}");
        assert!(html.contains("found &lt;1&gt;, expected 2"));
    }

    #[test]
    fn what_is_large_is_cut() {
        let html = show(json!({"a": vec!["\"<&>'".repeat(100); 5_000]}), &[]);
        assert!(html.len() < MOST_BYTES + 1024, "{}", html.len());
        assert!(html.contains("href=\"/whole\""));
        let html = show(json!("x\n".repeat(10_000)), &["a"]);
        assert!(html.len() < MOST_BYTES + 1024 && html.contains("The whole body"), "{}", html.len());
    }
}
