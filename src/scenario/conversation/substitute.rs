//! `{{name}}` in a conversation: values that earlier steps saved, and the sandbox's own credentials.

use serde_json::{Map, Value};

use super::credentials::CredentialMap;
use crate::scenario::error::Spanned;
use crate::scenario::node::{Kind, Member, Node};

#[derive(Debug)]
pub(super) struct Substitution {
    pub saved: Map<String, Value>,
    pub credentials: CredentialMap,
}

impl Substitution {
    /// A text with saved values in it.
    pub(super) fn text(&self, text: &str) -> String {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.saved.iter().fold(text.to_owned(), |filled, (name, value)| filled.replace(&format!("{{{{{name}}}}}"), &plain(value)))
    }

    /// A header of a call, with the sandbox's own credentials.
    pub(super) fn header(&self, text: &str) -> String {
        self.credentials.header(&self.text(text))
    }

    /// A value without its positions.
    pub(super) fn json(&self, node: &Node) -> Value {
        self.node(node).to_json()
    }

    /// A value in the same positions. A text that is nothing but `{{name}}` becomes the saved value itself.
    pub(super) fn node(&self, node: &Node) -> Node {
        let kind = match &node.kind {
            Kind::Text(text) => {
                let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).and_then(|name| self.saved.get(name.trim()));
                match whole {
                    Some(value) => return Node::from_json(value, node.span),
                    None => Kind::Text(self.credentials.substitute(&self.text(text), 0).to_owned()),
                }
            }
            Kind::List(items) => Kind::List(items.iter().map(|item| self.node(item)).collect()),
            Kind::Map(members) => Kind::Map(members.iter().map(|member| self.member(member)).collect()),
            other => other.clone(),
        };
        Node { span: node.span, kind }
    }

    fn member(&self, Member { key, value }: &Member) -> Member {
        let value = match &value.kind {
            // A password may be written like the name that it belongs to.
            Kind::Text(text) if key.value == "password" && !text.contains("{{") => {
                Node { span: value.span, kind: Kind::Text(self.credentials.substitute(text, 1).to_owned()) }
            }
            _ => self.node(value),
        };
        Member { key: Spanned { value: self.text(key), span: key.span }, value }
    }
}
