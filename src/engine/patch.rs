//! Changes that a scenario makes to the vendor's own answer. What is not changed keeps its bytes: only the objects and lists on the
//! way to a change are taken apart.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::json::Style;
use crate::world::{Blame, Note};

/// Changes to an answer of success.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    pub status: Option<StatusCode>,
    /// Headers that are added, or take the place of those of the same name.
    pub headers: HeaderMap,
    /// Merged into the body as RFC 7396 says: `null` removes a member.
    pub merge: Option<Value>,
    /// Values by JSON pointer (RFC 6901), in this order; `-` is behind the end of a list.
    pub set: Vec<(String, Value)>,
    /// Pointers to what is left out.
    pub remove: Vec<String>,
}

/// A value of an answer: as it was written, or taken apart.
enum Node {
    Raw(Box<RawValue>),
    New(Value),
    Object(IndexMap<String, Node>),
    List(Vec<Node>),
}

impl Patch {
    /// The answer with its changes, and whether there are any: whether one of them found its place. What did not is said in `notes`.
    pub(super) fn apply(
        &self,
        style: Style,
        (status, mut headers, body): (StatusCode, HeaderMap, Bytes),
        notes: &mut Vec<Note>,
    ) -> ((StatusCode, HeaderMap, Bytes), bool) {
        if !status.is_success() {
            notes.push(missed("", format!("found an answer of status {}, and only those of success are patched", status.as_u16())));
            return ((status, headers, body), false);
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let (body, has_effect) = self.body(style, body, notes);
        ((self.status.unwrap_or(status), headers, body), has_effect || self.status.is_some() || !self.headers.is_empty())
    }

    fn body(&self, style: Style, body: Bytes, notes: &mut Vec<Note>) -> (Bytes, bool) {
        if self.merge.is_none() && self.set.is_empty() && self.remove.is_empty() {
            return (body, false);
        }
        let Ok(raw) = serde_json::from_slice::<Box<RawValue>>(&body) else {
            notes.push(missed("", "found an answer that is no JSON".to_owned()));
            return (body, false);
        };
        let (mut root, mut has_effect) = (Node::Raw(raw), false);
        if let Some(merge) = &self.merge {
            has_effect = root.merge(merge);
            if !has_effect {
                notes.push(missed("", "found none of the members that `body` removes".to_owned()));
            }
        }
        for pointer in &self.remove {
            match change(&mut root, pointer, None) {
                Some(()) => has_effect = true,
                None => notes.push(missed(pointer, "found nothing there to remove".to_owned())),
            }
        }
        for (pointer, value) in &self.set {
            match change(&mut root, pointer, Some(value)) {
                Some(()) => has_effect = true,
                None => notes.push(missed(pointer, "found no object or list there to put a value into".to_owned())),
            }
        }
        if !has_effect {
            return (body, false);
        }
        let mut out = Vec::with_capacity(body.len());
        style.write(&root, &mut out);
        (out.into(), true)
    }
}

fn missed(pointer: &str, detail: String) -> Note {
    Note::at(Note::PATCH_MISSED, Blame::Scenario, pointer, detail)
}

/// Puts a value to where a pointer leads, or takes away what is there. `None` if it leads nowhere.
fn change(root: &mut Node, pointer: &str, value: Option<&Value>) -> Option<()> {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        *root = Node::New(value?.clone());
        return Some(());
    };
    let steps = parent.split('/').skip(1);
    let node = steps.map(unescaped).try_fold(root, |node, step| node.child(&step))?;
    let last = unescaped(last);
    match (node.opened(), value) {
        (Node::Object(members), Some(value)) => {
            members.insert(last, Node::New(value.clone()));
        }
        (Node::Object(members), None) => {
            members.shift_remove(&last)?;
        }
        (Node::List(items), Some(value)) if last == "-" => items.push(Node::New(value.clone())),
        (Node::List(items), Some(value)) => *items.get_mut(last.parse::<usize>().ok()?)? = Node::New(value.clone()),
        (Node::List(items), None) => {
            let index = last.parse::<usize>().ok().filter(|index| *index < items.len())?;
            items.remove(index);
        }
        _ => return None,
    }
    Some(())
}

/// A step of a pointer as the name that it means.
fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

impl Node {
    /// This node, taken apart by one level if it is an object or a list.
    fn opened(&mut self) -> &mut Self {
        let opened = match self {
            Self::Raw(raw) if raw.get().starts_with('{') => {
                serde_json::from_str(raw.get()).ok().map(|members: IndexMap<String, Box<RawValue>>| {
                    Self::Object(members.into_iter().map(|(name, raw)| (name, Self::Raw(raw))).collect())
                })
            }
            Self::Raw(raw) if raw.get().starts_with('[') => {
                serde_json::from_str(raw.get()).ok().map(|items: Vec<Box<RawValue>>| Self::List(items.into_iter().map(Self::Raw).collect()))
            }
            Self::New(Value::Object(members)) => {
                Some(Self::Object(std::mem::take(members).into_iter().map(|(name, value)| (name, Self::New(value))).collect()))
            }
            Self::New(Value::Array(items)) => Some(Self::List(std::mem::take(items).into_iter().map(Self::New).collect())),
            _ => None,
        };
        if let Some(opened) = opened {
            *self = opened;
        }
        self
    }

    fn child(&mut self, step: &str) -> Option<&mut Self> {
        match self.opened() {
            Self::Object(members) => members.get_mut(step),
            Self::List(items) => items.get_mut(step.parse::<usize>().ok()?),
            Self::Raw(_) | Self::New(_) => None,
        }
    }

    /// Merges a value as RFC 7396 says; whether it put something anywhere, or removed something.
    fn merge(&mut self, patch: &Value) -> bool {
        let Value::Object(changes) = patch else {
            *self = Self::New(patch.clone());
            return true;
        };
        let mut has_effect = !matches!(self.opened(), Self::Object(_));
        if has_effect {
            *self = Self::Object(IndexMap::new());
        }
        let Self::Object(members) = self else { return has_effect };
        for (name, change) in changes {
            has_effect |= match change {
                Value::Null => members.shift_remove(name).is_some(),
                change => members.entry(name.clone()).or_insert(Self::New(Value::Null)).merge(change),
            };
        }
        has_effect
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw(raw) => raw.serialize(serializer),
            Self::New(value) => value.serialize(serializer),
            Self::Object(members) => serializer.collect_map(members),
            Self::List(items) => serializer.collect_seq(items),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const BODY: &str = r#"{"amount":5.50,"rates":[{"id":1,"price":"9.00"},{"id":2,"price":"7.00"}],"a/b":{"c~d":1e2},"empty":{}}"#;

    fn patched(patch: &Patch) -> (String, Vec<String>) {
        let mut notes = Vec::new();
        let ((_, _, body), has_effect) = patch.apply(Style::Compact, (StatusCode::OK, HeaderMap::new(), BODY.into()), &mut notes);
        assert_eq!(has_effect, notes.is_empty(), "each of these has one change");
        (String::from_utf8(body.to_vec()).expect("JSON is text"), notes.iter().map(|note| note.location().into_owned()).collect())
    }

    fn merge(value: Value) -> Patch {
        Patch { merge: Some(value), ..Patch::default() }
    }

    fn set(pointer: &str, value: Value) -> Patch {
        Patch { set: vec![(pointer.to_owned(), value)], ..Patch::default() }
    }

    fn remove(pointer: &str) -> Patch {
        Patch { remove: vec![pointer.to_owned()], ..Patch::default() }
    }

    #[test]
    fn what_is_not_changed_keeps_its_bytes() {
        let cases = [
            (set("/rates/1/price", json!("0.00")), BODY.replace("7.00", "0.00")),
            (set("/amount", Value::Null), BODY.replace("5.50", "null")),
            (set("/rates/-", json!(3)), BODY.replace("}],", "},3],")),
            (set("/a~1b/c~0d", json!(1)), BODY.replace("1e2", "1")),
            (set("/empty/new", json!([])), BODY.replace("\"empty\":{}", "\"empty\":{\"new\":[]}")),
            (remove("/rates/0"), BODY.replace(r#"{"id":1,"price":"9.00"},"#, "")),
            (remove("/a~1b"), BODY.replace(r#""a/b":{"c~d":1e2},"#, "")),
            (
                merge(json!({"rates": [], "amount": null, "empty": {"x": {"y": null}}})),
                r#"{"rates":[],"a/b":{"c~d":1e2},"empty":{"x":{}}}"#.to_owned(),
            ),
        ];
        for (patch, expected) in cases {
            assert_eq!(patched(&patch), (expected, Vec::new()), "{patch:?}");
        }
    }

    #[test]
    fn a_pointer_that_leads_nowhere_is_said_and_changes_nothing() {
        for patch in [
            set("/rates/7/price", json!(1)),
            set("/amount/x", json!(1)),
            set("/rates/x", json!(1)),
            remove("/rates/2"),
            remove("/nothing"),
            merge(json!({"nothing": null, "empty": {"x": null}})),
        ] {
            let (body, notes) = patched(&patch);
            assert_eq!((&*body, notes.len()), (BODY, 1), "{patch:?}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,4}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c]", inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// RFC 7396 as its text puts it.
    fn merged(target: Value, patch: &Value) -> Value {
        let Value::Object(changes) = patch else { return patch.clone() };
        let mut members = match target {
            Value::Object(members) => members,
            _ => serde_json::Map::new(),
        };
        for (name, change) in changes {
            let before = members.shift_remove(name).unwrap_or_default();
            if !change.is_null() {
                members.insert(name.clone(), merged(before, change));
            }
        }
        Value::Object(members)
    }

    proptest! {
        #[test]
        fn a_merge_is_that_of_the_rfc(target in value(), patch in value()) {
            let body = Bytes::from(target.to_string());
            let ((_, _, body), _) = Patch { merge: Some(patch.clone()), ..Patch::default() }
                .apply(Style::Compact, (StatusCode::OK, HeaderMap::new(), body), &mut Vec::new());
            prop_assert_eq!(serde_json::from_slice::<Value>(&body).expect("JSON"), merged(target, &patch));
        }
    }
}
