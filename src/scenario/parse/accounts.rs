//! The rows of `accounts`: credentials, one set per row. Which members a row can have is the mount's own affair, so the rows stay
//! data; this file knows the mounts' member lists and nothing about what the members do.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::Reader;
use crate::scenario::ast::Account;
use crate::scenario::error::{quoted, suggestion};
use crate::scenario::node::{Member, Node};

/// Members that rows of every mount can have.
pub(crate) const COMMON: [&str; 3] = ["account", "expires", "revoked"];

/// What a row of one mount can have.
pub(crate) struct Mount {
    pub(crate) name: &'static str,
    /// Sets of members that make a credential: a row has at least one of the sets, and whole.
    pub(crate) credentials: &'static [&'static [&'static str]],
    /// What else it can have.
    pub(crate) others: &'static [(&'static str, Form)],
}

/// What a member looks like.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Text,
    Texts,
    Flag,
    /// A whole number from one to that.
    UpTo(u64),
    /// A span of time; kept as text.
    Duration,
    OneOf(&'static [&'static str]),
    /// A mapping with these members.
    Settings(&'static [(&'static str, Form)]),
}

pub(crate) const MOUNTS: [Mount; 5] = [
    Mount {
        name: "shipstation",
        credentials: &[&["key", "secret"], &["api_key"]],
        others: &[("plan", Form::Text), ("addons", Form::Texts)],
    },
    Mount {
        name: "shippo",
        credentials: &[&["token"]],
        others: &[
            ("mode", Form::OneOf(&["test", "live"])),
            ("published_templates", Form::Flag),
            ("tracking_status_objects", Form::Flag),
            ("webhook_secret", Form::Text),
        ],
    },
    Mount {
        name: "shipmate",
        credentials: &[&["api_key"], &["username", "password"]],
        others: &[
            ("access_level", Form::OneOf(&["MERCHANT_ADMIN", "MERCHANT_USER", "3PL_ADMIN", "3PL_USER"])),
            ("token", Form::Text),
            ("first_name", Form::Text),
            ("last_name", Form::Text),
            ("application", Form::Text),
            ("strict_skus", Form::Flag),
            ("packaging", Form::Settings(&[("net_weight", Form::Flag), ("allow_override", Form::Flag), ("default", Form::Text)])),
        ],
    },
    Mount {
        name: "shiptheory",
        credentials: &[&["email", "password"]],
        others: &[
            ("token", Form::Text),
            ("approve_after", Form::Duration),
            ("holds_at", Form::OneOf(&["Ready", "Not Ready", "PROCESSING", "Print Error"])),
            ("goes_on_after", Form::Duration),
            ("search_days", Form::UpTo(366)),
        ],
    },
    Mount {
        name: "shiptime",
        credentials: &[&["client_id", "client_secret"], &["username", "password"]],
        others: &[("scope", Form::Text), ("pickups_fail", Form::Flag)],
    },
];

impl Mount {
    pub(crate) fn members(&self) -> Vec<&'static str> {
        let credentials = self.credentials.iter().flat_map(|set| set.iter().copied());
        credentials.chain(self.others.iter().map(|(name, _)| *name)).chain(COMMON).collect()
    }
}

pub(super) fn accounts(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, Vec<Account>> {
    let mut accounts = BTreeMap::new();
    for Member { key, value } in reader.entries(node, "accounts", "a mapping from vendors to lists of accounts") {
        let Some(mount) = MOUNTS.iter().find(|mount| mount.name == key.value) else {
            let known = MOUNTS.map(|mount| mount.name);
            reader.problem("S013", key.span, format!("unknown vendor `{}`", key.value)).help(suggestion(key, &known));
            continue;
        };
        let rows = reader.each(value, mount.name, |reader, row| account(reader, row, mount));
        accounts.insert(key.value.clone(), rows);
    }
    accounts
}

fn account(reader: &mut Reader<'_>, node: &Node, mount: &Mount) -> Option<Account> {
    let fields = reader.fields(node, "an account", &mount.members())?;
    let mut account = Account {
        span: node.span,
        account: fields.get("account").and_then(|node| reader.string(node, "account")),
        expires: fields.get("expires").and_then(|node| reader.timestamp(node, "expires")),
        revoked: fields.get("revoked").and_then(|node| reader.boolean(node, "revoked")).unwrap_or_default(),
        members: serde_json::Map::new(),
    };
    let begun = |set: &&&[&'static str]| !fields.present(set).is_empty();
    for name in mount.credentials.iter().filter(begun).copied().flatten() {
        let node = fields.require(reader, name);
        if let Some(text) = node.and_then(|node| reader.string(node, name)) {
            account.members.insert((*name).to_owned(), text.into());
        }
    }
    if !mount.credentials.iter().any(|set| begun(&set)) {
        let sets: Vec<_> = mount.credentials.iter().map(|set| quoted(set).replace(", ", " and ")).collect();
        reader.problem("S006", node.span, "an account without credentials").label(format!("expected {}", sets.join(", or ")));
    }
    for (name, form) in mount.others {
        if let Some(value) = fields.get(name).and_then(|node| member(reader, node, name, *form)) {
            account.members.insert((*name).to_owned(), value);
        }
    }
    Some(account)
}

fn member(reader: &mut Reader<'_>, node: &Node, name: &'static str, form: Form) -> Option<Value> {
    match form {
        Form::Text => reader.string(node, name).map(Into::into),
        Form::Texts => Some(reader.each(node, name, |reader, item| reader.string(item, name)).into()),
        Form::Flag => reader.boolean(node, name).map(Into::into),
        Form::UpTo(most) => reader.whole(node, name, 1..=most).map(Into::into),
        Form::Duration => reader.duration(node, name).map(|duration| duration.to_string().into()),
        Form::OneOf(words) => {
            let choices: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
            reader.choice(node, name, &choices).map(Into::into)
        }
        Form::Settings(forms) => {
            let known: Vec<_> = forms.iter().map(|(name, _)| *name).collect();
            let fields = reader.fields(node, name, &known)?;
            let rows = forms.iter().filter_map(|(name, form)| Some(((*name).to_owned(), member(reader, fields.get(name)?, name, *form)?)));
            Some(Value::Object(rows.collect()))
        }
    }
}
