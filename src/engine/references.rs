//! What stored documents name: documents of other tables, and words of a catalog. A file in which something is named that is not there is
//! refused, so that rules rely on what they find.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use crate::base::name::Name;
use crate::world::{Account, Kind};

/// A place in the documents of a table where something is named. A vendor declares each of its places once.
pub struct Reference {
    pub(super) from: Kind,
    /// The place: a JSON pointer (RFC 6901) in which `*` stands for every row or member; empty for the document as a whole.
    at: &'static str,
    to: Target,
}

enum Target {
    Document(Kind),
    Word(IsKnown),
}

/// Whether a vendor knows a word of a document, which is there as a whole.
pub type IsKnown = fn(&str, &Value) -> bool;

/// A place at which something is named that is not there.
#[derive(Debug)]
pub struct Dangling {
    pointer: String,
    named: String,
    /// The table that lacks it; none for a word that the vendor does not know.
    table: Option<Name>,
}

impl Display for Dangling {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { pointer, named, table } = self;
        write!(out, "`{named}` at `{pointer}`, ")?;
        match table {
            Some(table) => write!(out, "which is not in the table `{table}`"),
            None => out.write_str("which is not known here"),
        }
    }
}

impl Reference {
    /// A place with the id of a document of the same account, as text or as a number; nothing, or an empty text, names none.
    #[must_use]
    pub const fn document(from: Kind, at: &'static str, to: Kind) -> Self {
        Self { from, at, to: Target::Document(to) }
    }

    /// A place with a word that the vendor has to know.
    #[must_use]
    pub const fn word(from: Kind, at: &'static str, is_known: IsKnown) -> Self {
        Self { from, at, to: Target::Word(is_known) }
    }

    /// The first thing at this place of a document that is not there.
    pub(super) fn dangling(&self, account: &Account, document: &Value) -> Option<Dangling> {
        let mut path = String::new();
        self.look(account, document, document, self.at.strip_prefix('/'), &mut path)
    }

    fn look(&self, account: &Account, document: &Value, value: &Value, rest: Option<&str>, path: &mut String) -> Option<Dangling> {
        let Some(rest) = rest else { return self.judge(account, document, value, path) };
        let (step, rest) = rest.split_once('/').map_or((rest, None), |(step, rest)| (step, Some(rest)));
        let mut below = |step: &str, value: &Value| {
            let length = path.len();
            path.push('/');
            path.push_str(&step.replace('~', "~0").replace('/', "~1"));
            let found = self.look(account, document, value, rest, path);
            path.truncate(length);
            found
        };
        match (step, value) {
            ("*", Value::Array(rows)) => rows.iter().enumerate().find_map(|(index, row)| below(&index.to_string(), row)),
            ("*", Value::Object(members)) => members.iter().find_map(|(name, member)| below(name, member)),
            (name, Value::Object(members)) => below(name, members.get(name)?),
            _ => None,
        }
    }

    fn judge(&self, account: &Account, document: &Value, value: &Value, path: &str) -> Option<Dangling> {
        let named = match value {
            Value::String(text) if !text.is_empty() => Cow::Borrowed(text.as_str()),
            Value::Number(number) => number.to_string().into(),
            _ => return None,
        };
        let (is_there, table) = match &self.to {
            Target::Document(kind) => (account.table(kind).is_some_and(|table| table.get(&named).is_some()), Some(kind.0.clone())),
            Target::Word(is_known) => (is_known(&named, document), None),
        };
        (!is_there).then(|| Dangling { pointer: path.to_owned(), named: named.into_owned(), table })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::time::Timestamp;
    use crate::world::{Clock, Mode, World};

    const ORDER: Kind = Kind::new("order");
    const ROW: Kind = Kind::new("row");

    fn check(reference: &Reference, document: &Value, expected: Option<&str>) {
        let mut world = World::new(1, Clock::new(Mode::Frozen, None, Timestamp::UNIX_EPOCH));
        let account = world.open_account("acme", "a");
        world.put(account, &ROW, "1", |out| out.extend_from_slice(b"{}"));
        let found = reference.dangling(world.accounts().get(account), document);
        assert_eq!(found.map(|found| format!("{} {}", found.pointer, found.named)).as_deref(), expected, "{document}");
    }

    #[test]
    fn what_is_named_is_looked_for_at_every_place() {
        let rows = Reference::document(ORDER, "/rows/*/id", ROW);
        check(&rows, &json!({"rows": [{"id": "1"}, {"id": 1}, {"id": ""}, {"id": null}, {}]}), None);
        check(&rows, &json!({"rows": [{"id": "1"}, {"id": "2"}]}), Some("/rows/1/id 2"));
        check(&rows, &json!({"rows": {"a/b": {"id": 3}}}), Some("/rows/a~1b/id 3"));
        check(&rows, &json!({"row": "2"}), None);
        check(&Reference::document(ORDER, "", ROW), &json!("2"), Some(" 2"));
        let word = Reference::word(ORDER, "/word", |word, _| word == "known");
        check(&word, &json!({"word": "known"}), None);
        check(&word, &json!({"word": "other"}), Some("/word other"));
    }
}
