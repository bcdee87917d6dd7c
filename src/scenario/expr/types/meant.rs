//! What authors of conditions take for something else: templates and patterns as other places have them, and objects for texts.

use std::ops::Range;

use super::checking::Checking;
use super::{DOUBTFUL, Type};
use crate::scenario::expr::lex::{self, Spot, Token};
use crate::scenario::expr::{Node, Path};

impl Checking<'_> {
    /// Tells of texts that are meant to be filled in.
    pub fn templates(&mut self) {
        for Spot { token, range } in lex::tokens(self.text).into_iter().flatten() {
            let Token::Text(text) = token else { continue };
            let inner = text.split_once("{{").and_then(|(_, rest)| rest.split_once("}}")).map(|(inner, _)| inner.trim());
            if let Some(inner) = inner.filter(|inner| inner.starts_with('$')) {
                let message = "nothing is filled in here: a text in quotes is that text".to_owned();
                self.problem(DOUBTFUL, range, message, Some(format!("write the path without quotes and braces: `{inner}`")));
            }
        }
    }

    /// Tells of a whole answer that is looked through as if it were a text.
    pub fn doubt_of_object(&mut self, range: Range<usize>, verb: &str) {
        let message = format!("only a body that is no JSON {verb} a text, such as the page of a gateway");
        self.problem(DOUBTFUL, range, message, Some(format!("name a member of it: `$answer.body.member {verb} …`")));
    }
}

/// Whether it is the whole body of an answer, which is an object unless somebody else than the vendor answers.
pub(super) fn is_object((node, found): (&Node, &Type)) -> bool {
    matches!(node, Node::Path(path, _) if path.root == "answer" && path.members() == [Some("body")])
        && found.kinds & !Type::NULL == Type::OBJECT_BIT | Type::TEXT_BIT
}

/// What a pattern is without the slashes that other languages have around one, if it has such, and whether they keep it from matching
/// anything. Paths and addresses have slashes of their own.
pub(super) fn unslashed(pattern: &str, subject: &Node) -> Option<(bool, String)> {
    let (inner, flags) = pattern.trim_start_matches('~').strip_prefix('/')?.rsplit_once('/')?;
    if inner.is_empty() || !flags.bytes().all(|flag| b"gimsuy".contains(&flag)) {
        return None;
    }
    let flags: String = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
    let meant = if flags.is_empty() { inner.to_owned() } else { format!("(?{flags}){inner}") };
    let begins = inner.strip_prefix('^').is_some_and(|rest| !rest.starts_with(['?', '*', '{']));
    let is_never = !inner.contains('|') && (begins || inner.ends_with('$') && !inner.ends_with("\\$"));
    let of_paths = ["path", "url", "uri", "target", "link", "href", "referer", "origin", "type", "accept"];
    let has_slashes = |member: &str| of_paths.iter().any(|word| member.to_lowercase().contains(word));
    let may_have = match subject {
        Node::Path(path, _) => path.members().iter().flatten().any(|member| has_slashes(member)),
        _ => true,
    };
    (is_never || !may_have).then_some((is_never, meant))
}

/// How numbers are compared that are written as texts: texts have the order of their letters, in which `10` is less than `9`.
pub(super) fn in_texts(path: &Path, number: &str, is_upper: bool) -> String {
    let range = if is_upper { format!("..{number}") } else { format!("{number}..") };
    let members = path.members();
    match (path.root.as_str(), members.split_first()) {
        ("request", Some((Some("body" | "query" | "headers"), _))) => {
            let nested = members.iter().rev().fold(format!("\"{range}\""), |inner, member| match member {
                Some(name) => format!("{{{name}: {inner}}}"),
                None => format!("[{inner}]"),
            });
            let count = match members.split_last() {
                Some((Some("length" | "size" | "count"), whole)) if whole.len() > 1 && !number.contains('.') => {
                    let whole = Path::of(&path.root, whole.iter().map_while(|member| *member));
                    format!("; how many there are is `len({whole})`")
                }
                _ => String::new(),
            };
            format!("numbers in texts are compared by a condition of its own: `request: {nested}`{count}")
        }
        _ => "texts have the order of their letters; `matches` looks at the digits of a number, as `matches '^[1-9]'`".to_owned(),
    }
}
