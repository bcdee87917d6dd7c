//! Takes secrets out of rows of parameters as YAML and its relatives have them: `- name: PASSWORD` with `value: …` in the next line, and
//! `{name: PASSWORD, value: …}`, in either order; of pairs as programs print them, and of records that have a line for each column.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::clean::{Clean, quoted};
use super::marks::is_marked;
use super::names::{LABELS, NAMES, SINGLE_VALUES, VALUES};
use super::values::Found;

/// A text without the values of such rows whose names are those of secrets.
pub(super) fn values<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static ROWS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
        let member = |words: &str| format!(r#"(?i-u:\b(?:{words}))["']?[ \t]*[:=][ \t]*"#);
        let name = member(&format!("(?<label>{})|{}", LABELS.join("|"), NAMES.join("|")));
        let name = format!(r#"{name}["']?(?<name>[\w.-]+(?: [\w.-]+){{0,2}})["']?"#);
        let value = format!(
            r#"{}(?<value>"[^"\r\n]*"?|'[^'\r\n]*'?|[^\s"',{{}}\[\]][^\r\n,{{}}]*)"#,
            member(&[&VALUES[..], &SINGLE_VALUES].concat().join("|"))
        );
        let gap = r#"[ \t]*(?:[,;][ \t]*|[,;]?\r?\n[ \t]*)["']?"#;
        [format!("{name}{gap}{value}"), format!("{value}{gap}{name}")].map(|row| Regex::new(&row).expect("the pattern is one"))
    });
    if !is_marked(text) {
        return text.into();
    }
    let names = Arc::clone(&found.names);
    ROWS.iter().fold(text.into(), |text: Cow<'t, str>, row| {
        let mut clean = Clean::new(&text);
        for place in row.captures_iter(&text) {
            let (Some(name), Some(value)) = (place.name("name"), place.name("value")) else { continue };
            let said = name.as_str();
            let is_secret = if place.name("label").is_some() { names.is_secret_label(said) } else { names.is_secret_name(said) };
            if is_secret {
                clean.hide(quoted(&text, value.start()).unwrap_or(value.range()), found);
            }
        }
        match clean.finish() {
            Cow::Owned(clean) => clean.into(),
            Cow::Borrowed(_) => text,
        }
    })
}

/// A text without the values of pairs as programs print lists of headers: `[('x-api-key', '…')]`.
pub(super) fn pairs<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        let pair = r#"(?-u)[(\[{][ \t\r\n]*b?\\*["'](?<name>[\w.-]{1,64})\\*["'],[ \t\r\n]*b?(?<value>\\*["'])"#;
        Regex::new(pair).expect("the pattern is one")
    });
    if !(text.contains("',") || text.contains("\",")) || !is_marked(text) {
        return text.into();
    }
    let names = Arc::clone(&found.names);
    let mut clean = Clean::new(text);
    for place in PAIR.captures_iter(text) {
        let (Some(whole), Some(name), Some(value)) = (place.get(0), place.name("name"), place.name("value")) else { continue };
        if !names.is_secret(name.as_str()) {
            continue;
        }
        let Some(value) = quoted(text, value.start()) else { continue };
        let behind = text[value.end..].trim_start_matches('\\').get(1..).unwrap_or_default();
        let behind = behind.trim_start();
        let is_closed = behind.is_empty() || behind.starts_with([')', ']', '}']);
        // A list of names has no values.
        let is_row = || text[..whole.start()].trim_end().ends_with(['[', '(', '{', ',']);
        let is_name = || text[value.clone()].bytes().all(|byte| byte.is_ascii_alphabetic() || b"_- ".contains(&byte));
        if is_closed && (is_row() || !is_name()) {
            clean.hide(value, found);
        }
    }
    clean.finish()
}

/// A text without the values of records as `psql -x` prints them: `password | …`.
pub(super) fn records<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        let line = r"(?m)^ *(?<name>[A-Za-z0-9_.-]{1,64}) *[|│] ?(?<value>(?:[^\r\n]*\+\r?\n *[|│])*[^\r\n]*)";
        Regex::new(line).expect("the pattern is one")
    });
    if !text.contains("[ RECORD ") {
        return text.into();
    }
    let mut clean = Clean::new(text);
    for place in LINE.captures_iter(text) {
        let (Some(name), Some(value)) = (place.name("name"), place.name("value")) else { continue };
        if found.names.is_secret(name.as_str()) {
            clean.hide(value.range(), found);
        }
    }
    clean.finish()
}
