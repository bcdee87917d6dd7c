//! What may stand between a name, its colon and its value: white space, line ends and comments of JSON, the lines of YAML's `? name`.

/// What is not the end of a line.
const BLANKS: [char; 2] = [' ', '\t'];
/// How long a comment may be; so each sign is looked at in the same time.
const LONGEST: usize = 512;
const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

/// A text up to the end of the name before the sign that follows it.
pub(super) fn before(text: &str) -> &str {
    let near = text.trim_end_matches([' ', '\t', '!']);
    if !near.ends_with(['\r', '\n', '/']) {
        return near;
    }
    let mut rest = near;
    loop {
        rest = rest.trim_end_matches(WHITE);
        let line = rest.rfind('\n').map_or(0, |end| end + 1);
        let comment = match rest.strip_suffix("*/") {
            Some(inner) => inner.rfind("/*"),
            None if rest.len() < near.len() => rest[line..].find("//").map(|offset| line + offset),
            None => None,
        };
        let Some(comment) = comment else {
            let is_explicit = rest[line..].trim_start_matches(['-', ' ', '\t']).starts_with("? ");
            return if rest.ends_with(['"', '\'']) || is_explicit { rest } else { near };
        };
        rest = &rest[..comment];
    }
}

/// Where the value begins behind the sign that ends at `at`. In JSON it may be lines away.
pub(super) fn after(text: &str, at: usize, is_json: bool) -> usize {
    let gaps: &[char] = if is_json { &WHITE } else { &BLANKS };
    let mut start = at;
    loop {
        start = text.len() - text[start..].trim_start_matches(gaps).len();
        let rest = &text[start..text.floor_char_boundary(start.saturating_add(LONGEST))];
        let length = match () {
            () if rest.starts_with("/*") => rest.find("*/").map(|end| end + 2),
            () if is_json && rest.starts_with("//") => rest.find('\n'),
            () => None,
        };
        let Some(length) = length else { return start };
        start += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_before_white_space_and_comments() {
        for gap in ["", " ", "\n\n", "\r\n\t", "/*x*/", " /* x */ /**/\n", "//\n", " // a: \"b\"\n // c\n"] {
            let text = format!("{{\"password\"{gap}");
            assert_eq!(before(&text), "{\"password\"", "{gap:?}");
            let text = format!(":{gap}\"x\"");
            assert_eq!(&text[after(&text, 1, true)..], "\"x\"", "{gap:?}");
        }
        assert_eq!(before("- ? password\n"), "- ? password");
        for text in ["password\n", "*/", "http://a\n", "x //\n"] {
            assert_eq!(before(text), text.trim_end_matches(' '));
        }
        assert_eq!(after("a: // b", 2, false), 3);
        assert_eq!(after("a:\n b", 2, false), 2);
        assert_eq!(after("a: /* b", 2, true), 3);
    }
}
