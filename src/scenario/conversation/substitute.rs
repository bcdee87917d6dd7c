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
                    return Node::from_json(value, node.span);
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
