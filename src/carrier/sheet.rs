//! What labels say, as data: texts with names in braces, which vendors' catalogs hold and which are filled in for a parcel. Signs in
//! front of a name, as in `{, company}`, are written only where it stands for something.

use std::borrow::Cow;

use serde::Deserialize;

/// A text with names in braces.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub struct Template {
    /// Texts, each with the name that follows it, and the signs in front of that.
    pieces: Vec<(String, String, String)>,
    end: String,
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        let (mut pieces, mut rest) = (Vec::new(), text.as_str());
        while let Some((before, (name, after))) = rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
            let (signs, name) = name.split_at(name.find(char::is_alphanumeric).unwrap_or_default());
            pieces.push((before.to_owned(), signs.to_owned(), name.to_owned()));
            rest = after;
        }
        Self { end: rest.to_owned(), pieces }
    }
}

impl Template {
    /// Adds the text to `out`; `write` adds what a name stands for.
    pub fn fill(&self, out: &mut String, mut write: impl FnMut(&mut String, &str)) {
        for (text, signs, name) in &self.pieces {
            out.push_str(text);
            let start = out.len();
            out.push_str(signs);
            write(out, name);
            if out.len() == start + signs.len() {
                out.truncate(start);
            }
        }
        out.push_str(&self.end);
    }
}

/// The lines of a page. Of lines with names only those are kept that say something.
pub fn lines<'v>(page: &[Template], value: impl Fn(&str) -> Cow<'v, str>) -> Vec<String> {
    let line = |template: &Template| {
        let mut line = String::new();
        template.fill(&mut line, |out, name| out.push_str(&value(name)));
        (template.pieces.is_empty() || !line.is_empty()).then_some(line)
    };
    page.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_a_word_are_left_out() {
        let page =
            ["{carrier}{, service}{, company}", "", "{company}", "Weight {weight}", "{open"].map(|line| Template::from(line.to_owned()));
        let value = |name: &str| -> Cow<'static, str> { if name == "company" { "".into() } else { name.to_uppercase().into() } };
        assert_eq!(lines(&page, value), ["CARRIER, SERVICE", "", "Weight WEIGHT", "{open"]);
    }
}
