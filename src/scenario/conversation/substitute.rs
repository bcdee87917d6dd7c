//! `{{name}}` in a conversation: values that earlier steps saved, and the sandbox's own credentials.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value};

use super::credentials::CredentialMap;
use crate::base::json;
use crate::scenario::error::Spanned;
use crate::scenario::node::{Kind, Member, Node};

/// How many bytes saved values may add to a step, and how many they may have together.
const ROOM: usize = 16 << 20;
const SAVED: usize = 16 << 20;

#[derive(Debug)]
pub(super) struct Substitution {
    saved: Map<String, Value>,
    pub credentials: CredentialMap,
    /// How many bytes of saved values the present step may still put in.
    room: AtomicUsize,
}

impl Substitution {
    pub(super) fn new(saved: Map<String, Value>, credentials: CredentialMap) -> Self {
        Self { saved, credentials, room: ROOM.into() }
    }

    /// Gives a value a name, unless there is too much of them.
    pub(super) fn save(&mut self, name: &str, value: Value) -> bool {
        self.saved.remove(name);
        let bytes: usize = self.saved.values().chain([&value]).map(json::allocated).sum();
        if bytes <= SAVED {
            self.saved.insert(name.to_owned(), value);
        }
        bytes <= SAVED
    }

    /// Gives the next step its room.
    pub(super) fn begin_step(&mut self) {
        *self.room.get_mut() = ROOM;
    }

    /// Whether the present step wants to put in more than it may; some of its values are missing then.
    pub(super) fn is_too_large(&self) -> bool {
        self.room.load(Ordering::Relaxed) == 0
    }

    /// Whether so many more bytes may be put in.
    fn has_room(&self, bytes: usize) -> bool {
        let left = self.room.load(Ordering::Relaxed).saturating_sub(bytes);
        self.room.store(left, Ordering::Relaxed);
        left > 0
    }

    /// A text with saved values in it.
    pub(super) fn text(&self, text: &str) -> String {
        if !text.contains("{{") {
            return text.to_owned();
        }
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.saved.iter().fold(text.to_owned(), |filled, (name, value)| {
            let mark = format!("{{{{{name}}}}}");
            let count = filled.matches(&mark).count();
            if count == 0 {
                return filled;
            }
            let value = plain(value);
            if self.has_room(count.saturating_mul(value.len()) + filled.len()) { filled.replace(&mark, &value) } else { String::new() }
        })
    }

    /// A header of a call, with the sandbox's own credentials.
    pub(super) fn header(&self, text: &str) -> String {
        self.credentials.header(&self.text(text))
    }

    /// A value that is sent, without its positions and with the sandbox's own credentials.
    pub(super) fn json(&self, node: &Node) -> Value {
        self.node(node, &self.credentials, "").to_json()
    }

    /// What is expected, in the same positions. Credentials are compared as those of the default sandbox, see [`Self::found`].
    pub(super) fn expected(&self, node: &Node) -> Node {
        let mut filled = self.node(node, &CredentialMap::default(), "");
        with_credentials(&mut filled, &self.credentials.back());
        filled
    }

    /// What is expected of a text, in the same way.
    pub(super) fn expected_text(&self, text: &str) -> String {
        self.credentials.hide(&self.text(text))
    }

    /// What came, with the credentials of the default sandbox.
    pub(super) fn found(&self, value: Value) -> Value {
        self.credentials.back().replace_in(value)
    }

    /// A value in the same positions. A text that is nothing but `{{name}}` becomes the saved value itself.
    fn node(&self, node: &Node, credentials: &CredentialMap, name: &str) -> Node {
        let kind = match &node.kind {
            Kind::Text(text) => {
                let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).and_then(|name| self.saved.get(name.trim()));
                if let Some(value) = whole {
                    let kept = if self.has_room(json::allocated(value)) { value } else { &Value::Null };
                    return Node::from_json(kept, node.span);
                }
                // A password may be written like the name that it belongs to.
                let nth = usize::from(name == "password" && !text.contains("{{"));
                Kind::Text(credentials.substitute(&self.text(text), nth).to_owned())
            }
            Kind::List(items) => Kind::List(items.iter().map(|item| self.node(item, credentials, "")).collect()),
            Kind::Map(members) => {
                let filled = members.iter().map(|Member { key, value }| Member {
                    key: Spanned { value: self.text(key), span: key.span },
                    value: self.node(value, credentials, &key.value),
                });
                Kind::Map(filled.collect())
            }
            other => other.clone(),
        };
        Node { span: node.span, kind }
    }
}

fn with_credentials(node: &mut Node, credentials: &CredentialMap) {
    match &mut node.kind {
        Kind::Text(text) => *text = credentials.replace(text).into_owned(),
        Kind::List(items) => items.iter_mut().for_each(|item| with_credentials(item, credentials)),
        Kind::Map(members) => members.iter_mut().for_each(|member| with_credentials(&mut member.value, credentials)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_values_do_not_multiply_without_end() {
        let mut values = Substitution::new(Map::new(), CredentialMap::default());
        assert!(values.save("a", "x".repeat(1000).into()));
        let mut longest = 0;
        for _ in 0..20 {
            values.begin_step();
            let text = values.text("{{a}}{{a}}{{a}}{{a}}");
            longest = longest.max(text.len());
            values.save("a", text.into());
        }
        assert!((1 << 20..=ROOM).contains(&longest), "{longest}");
        // A step has its room for all of its texts.
        values.begin_step();
        values.save("a", "x".repeat(1 << 20).into());
        let all: usize = (0..1000).map(|_| values.text("{{a}}").len()).sum();
        assert!(values.is_too_large() && all <= ROOM, "{all}");
        values.begin_step();
        assert!(!values.is_too_large() && values.text("{{a}}").len() == 1 << 20);
        // So have all values together.
        assert!(!(0..1000).all(|number| values.save(&number.to_string(), "x".repeat(1 << 20).into())));
        assert!(values.saved.values().map(json::allocated).sum::<usize>() <= SAVED);
    }
}
