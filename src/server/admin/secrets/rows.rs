//! Takes secrets out of rows of parameters as YAML and its relatives have them: `- name: PASSWORD` with `value: …` in the next line, and
//! `{name: PASSWORD, value: …}`, in either order.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::clean::{Clean, quoted};
use super::names::{NAMES, VALUES, is_marked};
use super::values::Found;

/// A text without the values of such rows whose names are those of secrets.
pub(super) fn values<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static ROWS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
        let member = |words: &[&str]| format!(r#"(?i-u:\b(?:{}))["']?[ \t]*[:=][ \t]*"#, words.join("|"));
        let name = format!(r#"{}["']?(?<name>[\w.-]+)["']?"#, member(&NAMES));
        let value = format!(r#"{}(?<value>"[^"\r\n]*"?|'[^'\r\n]*'?|[^\s"',{{}}\[\]][^\r\n,{{}}]*)"#, member(&VALUES));
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
            if names.is_secret(name.as_str()) {
                clean.hide(quoted(&text, value.start()).unwrap_or(value.range()), found);
            }
        }
        match clean.finish() {
            Cow::Owned(clean) => clean.into(),
            Cow::Borrowed(_) => text,
        }
    })
}
