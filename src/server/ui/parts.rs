//! What pages are put together from: glyphs, times, counts, and texts that came from elsewhere.

use std::borrow::Cow;

use jiff::SignedDuration;
use maud::{Markup, html};

pub(super) use crate::base::text::visible;
use crate::base::time::Timestamp;

/// Glyphs with their lines, and what of them is filled.
const GLYPHS: [(&str, &str, &str); 12] = [
    ("arrow", "M1.5 6h8.5M7 3l3 3-3 3", ""),
    ("bolt", "M6.8 1 3 6.8h2.6L5 11l4-6H6.4z", ""),
    ("box", "M1.5 3.8 6 1.5l4.5 2.3v4.4L6 10.5 1.5 8.2zM1.5 3.8 6 6l4.5-2.2M6 6v4.5", ""),
    ("check", "M2 6.4 4.9 9.3 10 3", ""),
    ("clock", "M10.6 6a4.6 4.6 0 1 1-9.2 0 4.6 4.6 0 0 1 9.2 0M6 3.4V6l1.8 1.2", ""),
    ("cross", "m3 3 6 6M9 3 3 9", ""),
    ("cut", "M1 6h3.2M7.8 6H11M4.8 3.6l-.6 4.8M7.8 3.6l-.6 4.8", ""),
    ("doc", "M2.5 1.5h4.6l2.4 2.4v6.6h-7zM4.4 6.4h3.2M4.4 8.4h3.2", ""),
    ("dot", "M10 6a4 4 0 1 1-8 0 4 4 0 0 1 8 0", ""),
    ("hook", "M5 2.2H2v7.8h7.8V7M7.2 2H10v2.8M10 2 5.6 6.4", ""),
    ("unknown", "M4 4.4a2 2 0 1 1 2.9 1.8c-.7.3-.9.7-.9 1.3M6 9.9v.1", ""),
    ("warn", "M6 2 10.6 10H1.4zM6 5v2M6 8.6v.1", ""),
];

/// All glyphs, which [`glyph`] shows.
pub(super) fn sprite() -> Markup {
    html! {
        svg.sprite aria-hidden="true" {
            @for (name, lines, filled) in GLYPHS {
                symbol id=(name) viewBox="0 0 12 12" {
                    path d=(lines) {}
                    @if !filled.is_empty() { path d=(filled) fill="currentColor" {} }
                }
            }
        }
    }
}

pub(super) fn glyph(name: &'static str) -> Markup {
    html! { svg.g aria-hidden="true" { use href={ "#" (name) } {} } }
}

/// A glyph and a word, in a color that says the same.
pub(super) fn chip(tone: &'static str, icon: &'static str, text: &str) -> Markup {
    html! { span class={ "c " (tone) } { (glyph(icon)) (short(text, 40)) } }
}

/// A sentence that people should read first.
pub(super) fn notice(text: &str) -> Markup {
    html! { div.notice role="alert" { (glyph("warn")) div.prose { (visible(text)) } } }
}

/// A small button that copies a text, where there is a script.
pub(super) fn copy(text: &str, what: &str) -> Markup {
    html! { button.copy type="button" data-copy=(text) aria-label={ "Copy " (visible(what)) } { "copy" } }
}

/// A text that came from elsewhere in a row of a list: at most so many letters of one line.
pub(super) fn short(text: &str, most: usize) -> Cow<'_, str> {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", visible(&line[..end])).into(),
        None if line.len() < text.len() => format!("{}…", visible(line)).into(),
        None => visible(line),
    }
}

/// An instant of the sandbox's clock: without its day where that is the day of `now`.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    let format = if at.strftime("%F").to_string() == now.strftime("%F").to_string() { "%H:%M:%S" } else { "%-d %b %H:%M:%S" };
    html! { time datetime=(at) title=(full(at)) { (at.strftime(format)) } }
}

/// An instant as a sentence has it.
pub(super) fn full(at: Timestamp) -> String {
    at.strftime("%a %-d %b %Y %H:%M:%S UTC").to_string()
}

/// A span of time in the two largest units that it has.
pub(super) fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown = parts.iter().skip(first).take(2).enumerate().filter(|(index, (count, _))| *index == 0 || *count > 0);
    shown.map(|(_, (count, unit))| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// A number with commas between its thousands.
pub(super) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with a noun, which has an `s` behind it unless the number is one.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

pub(super) fn bytes(number: usize) -> String {
    match number {
        0..1024 => counted(number, "byte"),
        1024..1_048_576 => format!("{:.1} KiB", number as f64 / 1024.0),
        _ => format!("{:.1} MiB", number as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_elsewhere_are_visible_and_short() {
        assert_eq!(visible("a\u{202e}b\u{0}c\n"), "a\\u{202e}b\\u{0}c\n");
        assert_eq!(short("first\nsecond", 10), "first…");
        assert_eq!(short(&"ä".repeat(300), 3), "äää…");
        assert_eq!(html! { (visible("<b>'\"&")) }.into_string(), "&lt;b&gt;'&quot;&amp;");
    }

    #[test]
    fn numbers_and_spans_read_well() {
        let seconds = |seconds| span(SignedDuration::from_secs(seconds));
        assert_eq!(
            (seconds(250), seconds(90_000), seconds(86_400 * 3), seconds(0)),
            ("4 min 10 s".into(), "1 d 1 h".into(), "3 d".into(), "0 s".into())
        );
        assert_eq!((count(1_284_u64), count(999_u64), count(1_000_000_u64)), ("1,284".into(), "999".into(), "1,000,000".into()));
        assert_eq!((bytes(1), bytes(2048), bytes(3 << 20)), ("1 byte".into(), "2.0 KiB".into(), "3.0 MiB".into()));
        assert_eq!(counted(2, "call"), "2 calls");
    }
}
