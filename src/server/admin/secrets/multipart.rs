//! Takes secrets out of forms in parts (RFC 7578), whose names stand in the heads of the parts.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::clean::{Clean, quoted, until};
use super::names::Names;
use super::values::Found;

/// A form in parts without those that say anywhere in their heads that they are secrets: servers differ in where they look for a name.
pub(super) fn parts<'t>(kind: &str, body: &'t str, found: &mut Found) -> Cow<'t, str> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i)(?-u:\b)name\*?\s*=\s*"?(?:[\w-]*'[\w-]*')?([^";\r\n]*)"#).expect("the pattern is one"));
    let said = kind.split(';').find_map(|fact| fact.trim().strip_prefix("boundary="));
    let said = said.map(|boundary| format!("--{}", boundary.trim_matches('"')));
    let first = || body.lines().map(str::trim_end).find(|line| line.len() > 2 && line.starts_with("--")).map(str::to_owned);
    let Some(boundary) = said.or_else(first) else { return body.into() };
    let names = Arc::clone(&found.names);
    let mut clean = Clean::new(body);
    let starts: Vec<usize> = body.match_indices(&boundary).map(|(at, _)| at).filter(|at| *at == 0 || body[..*at].ends_with('\n')).collect();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(body.len());
        let part = &body[*start..end];
        let gaps = ["\r\n\r\n", "\n\n"].into_iter().filter_map(|gap| Some((part.find(gap)?, gap.len())));
        let Some((head, gap)) = gaps.min() else { continue };
        if NAME.captures_iter(&part[..head]).any(|name| names.is_secret_parameter(name[1].trim())) {
            let content = part[head + gap..].trim_end_matches(['\r', '\n']).len();
            clean.hide(start + head + gap..start + head + gap + content, found);
        }
    }
    clean.finish()
}

/// The content of a part of a multipart form, if its name is that of a secret.
pub(super) fn part(text: &str, mark: usize, names: &Names) -> Option<Range<usize>> {
    let name = quoted(text, mark + 1).unwrap_or_else(|| mark + 1..until(text, mark + 1, &[';', '\r', '\n']));
    if !names.is_secret_parameter(&text[name.clone()]) {
        return None;
    }
    let rest = &text[name.end..];
    let (head, gap) = ["\r\n\r\n", "\n\n"].iter().filter_map(|gap| Some((rest.find(gap)?, gap.len()))).min()?;
    let start = name.end + head + gap;
    let boundary = text.lines().next().filter(|line| line.starts_with("--")).unwrap_or("--");
    let end = text[start..].find(&format!("\n{boundary}")).map_or(text.len(), |offset| start + offset);
    Some(start..start + text[start..end].trim_end_matches('\r').len())
}
