//! Conversations are written with the credentials of the default sandbox; this maps them to those of the sandbox in which they are
//! played.

use std::borrow::Cow;
use std::cmp::Reverse;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::engine::{Machine, Sandbox};
use crate::world::Credential;

/// How long a credential has to be that is known wherever it stands: a shorter one, made by a scenario, may be an ordinary word.
const LEAST: usize = 8;
/// Members of credentials that are words, and say what may be done with them.
const RIGHTS: [&str; 3] = ["mode", "access_level", "plan"];

/// Pairs of a credential of the default sandbox and the other sandbox's credential in the same row and member.
#[derive(Clone, Debug, Default)]
pub struct CredentialMap(Vec<(String, String)>);

/// Credentials as rows of a scenario's `accounts`.
#[must_use]
pub fn account_rows(credentials: &[Credential]) -> Vec<Value> {
    let row = |row: &Credential| {
        let account = [("account".to_owned(), Value::from(&*row.account))];
        // A further row of the same login needs all of it.
        let login = credentials.first().filter(|first| first.fields.iter().any(|(name, value)| row.fields.get(name) == Some(value)));
        let login = login.map(|first| (*first.fields).clone()).unwrap_or_default();
        Value::Object(account.into_iter().chain(login).chain((*row.fields).clone()).collect())
    };
    credentials.iter().map(row).collect()
}

impl CredentialMap {
    /// The map for a sandbox and the vendor at `mount`.
    #[must_use]
    pub fn of(machine: &Machine, sandbox: &Sandbox, mount: &str) -> Self {
        let default = machine.default_sandbox().lock().world.accounts().credentials(mount);
        let theirs = sandbox.lock().world.accounts().credentials(mount);
        Self::between(default.iter().map(|row| &*row.fields), theirs.iter().map(|row| &*row.fields))
    }

    /// The map from some rows of credentials to others, one by one.
    pub fn between<'r>(
        default: impl IntoIterator<Item = &'r Map<String, Value>>,
        theirs: impl IntoIterator<Item = &'r Map<String, Value>>,
    ) -> Self {
        let pairs = default.into_iter().zip(theirs).flat_map(|(default, theirs)| {
            let members = default.iter().filter(|(name, _)| !RIGHTS.contains(&name.as_str()));
            members.filter_map(|(name, value)| Some((value.as_str()?.to_owned(), theirs.get(name)?.as_str()?.to_owned())))
        });
        Self::sorted(pairs.filter(|(default, theirs)| default != theirs).collect())
    }

    /// One credential may be a part of another, and the whole is meant.
    fn sorted(mut pairs: Vec<(String, String)>) -> Self {
        pairs.sort_by_key(|(from, _)| Reverse(from.len()));
        Self(pairs)
    }

    /// The map back, of those credentials that are long enough to be no ordinary word.
    #[must_use]
    pub fn back(&self) -> Self {
        let long = self.0.iter().filter(|(_, theirs)| theirs.len() >= LEAST);
        Self::sorted(long.map(|(default, theirs)| (theirs.clone(), default.clone())).collect())
    }

    /// From credentials of the default sandbox to some that nobody has.
    #[must_use]
    pub fn to_strangers(&self) -> Self {
        Self(self.0.iter().map(|(default, _)| (default.clone(), format!("no-{default}"))).collect())
    }

    /// Leaves out credentials of the other side.
    pub fn without(&mut self, is_left_out: impl Fn(&str) -> bool) {
        self.0.retain(|(_, theirs)| !is_left_out(theirs));
    }

    /// The text with the default sandbox's credentials in place of the other ones that are long enough to be no ordinary word.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        self.back().replace(text).into_owned()
    }

    /// The text with each credential of the one side replaced by that of the other, wherever it stands.
    #[must_use]
    pub fn replace<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.0.iter().filter(|(from, _)| text.contains(from.as_str()));
        found.fold(text.into(), |text, (from, to)| text.replace(from.as_str(), to).into())
    }

    /// The same, where a text that is a credential but for the case of its letters counts as it.
    #[must_use]
    pub fn replace_word<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let whole = self.0.iter().find(|(from, _)| from.eq_ignore_ascii_case(text));
        whole.map_or_else(|| self.replace(text), |(_, to)| to.clone().into())
    }

    /// The same in every text of a value.
    #[must_use]
    pub fn replace_in(&self, value: Value) -> Value {
        match value {
            _ if self.0.is_empty() => value,
            Value::String(text) => self.replace(&text).into_owned().into(),
            Value::Array(rows) => rows.into_iter().map(|row| self.replace_in(row)).collect(),
            Value::Object(members) => members.into_iter().map(|(name, row)| (name, self.replace_in(row))).collect(),
            other => other,
        }
    }

    /// A header with the sandbox's own credentials.
    #[must_use]
    pub fn header(&self, value: &str) -> String {
        let pair = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Basic"));
        let Some((scheme, pair)) = pair.and_then(|(scheme, pair)| Some((scheme, STANDARD.decode(pair).ok()?))) else {
            return self.replace(value).into_owned();
        };
        let pair = String::from_utf8_lossy(&pair).into_owned();
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        format!("{scheme} {}", STANDARD.encode(format!("{}:{}", self.substitute(user, 0), self.substitute(password, 1))))
    }

    /// The sandbox's credential for one of the default sandbox; any other text is returned as it is. `nth` tells apart credentials
    /// that are equal in the default sandbox, such as a user name and a password.
    #[must_use]
    pub fn substitute<'t>(&'t self, text: &'t str, nth: usize) -> &'t str {
        let found: Vec<&str> = self.0.iter().filter(|(default, _)| default == text).map(|(_, theirs)| theirs.as_str()).collect();
        found.get(nth).or(found.first()).copied().unwrap_or(text)
    }
}
