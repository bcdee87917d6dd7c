//! The names of operations, and what those mean that are none.

use super::reader::Reader;
use crate::scenario::ast::{Operation, Pattern};
use crate::scenario::error::{Spanned, nearest, quoted};
use crate::scenario::node::{Kind, Node};

/// The form of names, and of what stands for several.
const FORM: &str = "expected `vendor.operationId`, `vendor.*` for all of a vendor, `vendor.Create*`, or `*`";

/// So many operations are named in the place of one that has no vendor.
const MOST_NAMED: usize = 4;

impl Reader<'_> {
    /// The name of one operation, `vendor.operationId`.
    pub(super) fn operation(&mut self, name: &Spanned<String>) -> Option<Spanned<Operation>> {
        let pattern = self.pattern_of(name)?;
        let Pattern::One(value) = pattern.value else {
            self.problem("S008", name.span, format!("`{}` names more than one operation", name.value))
                .help("name one: `vendor.operationId`");
            return None;
        };
        Some(Spanned { value, span: name.span })
    }

    /// The operations that something is for: `vendor.operationId`, `vendor.*` or `*`.
    pub(super) fn pattern(&mut self, node: &Node, member: &str) -> Option<Spanned<Pattern>> {
        if matches!(node.kind, Kind::List(_)) {
            let help = "write a row for each, or name several by `vendor.*` or `vendor.Create*`";
            self.wrong_type(node, &format!("`{member}`"), "the name of an operation").help(help);
            return None;
        }
        if !matches!(node.kind, Kind::Text(_) | Kind::Number(_)) {
            self.wrong_type(node, &format!("`{member}`"), "the name of an operation").help("for example `shippo.*`, or `\"*\"` for all");
            return None;
        }
        let name = self.spanned(node, member)?;
        self.pattern_of(&name)
    }

    fn pattern_of(&mut self, name: &Spanned<String>) -> Option<Spanned<Pattern>> {
        let value = match name.value.split_once('.') {
            None if name.value == "*" => Pattern::Every,
            Some((vendor, "*")) if is_word(vendor) && !vendor.contains('*') => Pattern::Vendor(vendor.to_owned()),
            Some((vendor, id)) if is_word(vendor) && !id.is_empty() && !name.value.contains('*') => {
                Pattern::One(Operation { vendor: vendor.to_owned(), id: id.to_owned() })
            }
            Some((vendor, id)) if name.value.contains('*') && is_word(vendor) && !id.is_empty() => Pattern::Glob(name.value.clone()),
            _ => {
                let help = if self.is_full() { FORM.to_owned() } else { self.meant(&name.value) };
                self.problem("S008", name.span, format!("`{}` does not name an operation", name.value)).help(help);
                return None;
            }
        };
        Some(Spanned { value, span: name.span })
    }

    /// What a name means that has no vendor in it: an operation by its id or by its path, or a vendor.
    fn meant(&self, name: &str) -> String {
        let Some(vocabulary) = self.vocabulary else { return FORM.to_owned() };
        let (method, path) = name.split_once(' ').unwrap_or(("", name));
        let found = if path.starts_with('/') {
            vocabulary.operations_at(method, path.trim())
        } else if vocabulary.vendors().any(|vendor| vendor == name) {
            vec![format!("{name}.*")]
        } else {
            let own = |full: &&str| full.split_once('.').is_some_and(|(_, id)| id.eq_ignore_ascii_case(name));
            let mut found: Vec<&str> = vocabulary.operations().filter(own).collect();
            if found.is_empty() {
                let ids = vocabulary.operations().filter_map(|full| full.split_once('.')).map(|(_, id)| id);
                let near = nearest(name, vocabulary.operations().chain(ids));
                let is_near =
                    |full: &&str| near.is_some_and(|near| *full == near || full.split_once('.').is_some_and(|(_, id)| id == near));
                found = vocabulary.operations().filter(is_near).collect();
            }
            found.into_iter().map(str::to_owned).collect()
        };
        let found: Vec<&str> = found.iter().map(String::as_str).take(MOST_NAMED).collect();
        match &found[..] {
            [] => FORM.to_owned(),
            [only] => format!("did you mean `{only}`?"),
            several => format!("did you mean one of {}?", quoted(several)),
        }
    }
}

/// Whether something can be the id of a vendor, or a glob of some.
fn is_word(vendor: &str) -> bool {
    !vendor.is_empty() && !vendor.contains(|letter: char| letter.is_whitespace() || letter == '/')
}
