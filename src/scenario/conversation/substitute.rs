//! `{{name}}` in a conversation: values that earlier steps saved, and the sandbox's own credentials.

use std::borrow::Cow;
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
    /// About the bytes that they have.
    bytes: usize,
    /// Whether the present step wanted to save more than there may be.
    is_full: bool,
    pub credentials: CredentialMap,
    /// How many bytes of saved values the present step may still put in.
    room: AtomicUsize,
}

impl Substitution {
    pub(super) fn new(saved: Map<String, Value>, credentials: CredentialMap) -> Self {
        Self { bytes: saved.values().map(json::allocated).sum(), saved, is_full: false, credentials, room: ROOM.into() }
    }

    /// Gives a value a name, unless there is too much of them.
    pub(super) fn save(&mut self, name: &str, value: &Value) -> bool {
        self.bytes -= self.saved.remove(name).as_ref().map_or(0, json::allocated);
        // One that is too much is measured, and the step saves nothing more.
        let bytes = if self.is_full { usize::MAX } else { self.bytes.saturating_add(json::allocated(value)) };
        self.is_full |= bytes > SAVED;
        if bytes <= SAVED {
            let value = value.clone();
            self.bytes += json::allocated(&value);
            self.saved.insert(name.to_owned(), value);
        }
        bytes <= SAVED
    }

    /// Gives the next step its room.
    pub(super) fn begin_step(&mut self) {
        *self.room.get_mut() = ROOM;
        self.is_full = false;
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
        self.beginning(text, usize::MAX)
    }

    /// As much of a text with saved values in it, about, as has so many bytes.
    pub(super) fn beginning(&self, text: &str, most: usize) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((part, after)) = rest.split_once("}}") {
            if filled.len() > most {
                return filled;
            }
            let mark = part.rfind("{{").and_then(|start| Some((&part[..start], self.saved.get(&part[start + 2..])?)));
            match mark {
                Some((before, value)) => {
                    filled.push_str(before);
                    if self.is_too_large() {
                        return String::new();
                    }
                    let value = value.as_str().map_or_else(|| Cow::from(value.to_string()), Cow::from);
                    if !self.has_room(value.len()) {
                        return String::new();
                    }
                    filled.push_str(&value);
                }
                None => {
                    filled.push_str(part);
                    filled.push_str("}}");
                }
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// A text with a value in place of each of its marks; `None` when the present step has no room for it.
    pub(super) fn replaced(&self, text: &str, mark: &str, value: &str) -> Option<String> {
        let bytes = text.matches(mark).count().saturating_mul(value.len()).saturating_add(text.len());
        self.has_room(bytes).then(|| text.replace(mark, value))
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
                    let kept = if !self.is_too_large() && self.has_room(json::allocated(value)) { value } else { &Value::Null };
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
        Node { span: node.span, alias: node.alias, kind }
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
        assert!(values.save("a", &"x".repeat(1000).into()));
        let mut longest = 0;
        for _ in 0..20 {
            values.begin_step();
            let text = values.text("{{a}}{{a}}{{a}}{{a}}");
            longest = longest.max(text.len());
            values.save("a", &text.into());
        }
        assert!((1 << 20..=ROOM).contains(&longest), "{longest}");
        // A step has its room for all of its texts.
        values.begin_step();
        values.save("a", &"x".repeat(1 << 20).into());
        let all: usize = (0..1000).map(|_| values.text("{{a}}").len()).sum();
        assert!(values.is_too_large() && all <= ROOM, "{all}");
        values.begin_step();
        assert!(!values.is_too_large() && values.text("{{a}}").len() == 1 << 20);
        // So have all values together.
        assert!(!(0..1000).all(|number| values.save(&number.to_string(), &"x".repeat(1 << 20).into())));
        assert!(values.saved.values().map(json::allocated).sum::<usize>() <= SAVED);
    }

    /// With many names and many texts, each with each would be far more than a minute.
    #[test]
    fn each_text_is_read_once_whatever_was_saved() {
        let mut values = Substitution::new(Map::new(), CredentialMap::default());
        for number in 0..200_000 {
            assert!(values.save(&format!("v{number}"), &"value".into()));
        }
        assert_eq!(values.bytes, 200_000 * 5);
        assert!(values.save("v1", &Value::Null) && values.save("v2", &"{{v3}}".into()));
        assert_eq!(values.bytes, 199_998 * 5 + 6);
        let all: usize = (0..200_000).map(|_| values.text("{{x {{v7}} {{").len()).sum();
        assert_eq!(all, 200_000 * "{{x value {{".len());
        assert_eq!(values.text("{{{v0}}}}{{v1}} {{ v0 }} {{none}} {{v2}}}"), "{value}}null {{ v0 }} {{none}} {{v3}}}");
        assert_eq!(values.text("{{{v0}}}"), "{value}");
        assert!(values.beginning(&"{{v0}}".repeat(1000), 100).len() <= 110);
        // A value that is too large is not measured for each name that it is to have.
        let large = Value::from(vec![Value::Null; 1 << 20]);
        assert!((0..200_000).all(|number| !values.save(&format!("w{number}"), &large)));
    }
}
