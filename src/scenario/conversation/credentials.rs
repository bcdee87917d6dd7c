//! Conversations are written with the usual credentials, which the default sandbox has unless a scenario gives it others; this maps them
//! to those of the sandbox in which they are played.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::engine::{FieldType, Machine, Sandbox};
use crate::world::Credential;

/// How long a credential has to be that is known wherever it stands: a shorter one, made by a scenario, may be an ordinary word.
const LEAST: usize = 8;
/// Pairs of a usual credential and the other sandbox's credential in the row and member that stand for it.
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
        let theirs = sandbox.lock().world.accounts().credentials(mount);
        Self::to_rows(machine, mount, theirs.iter().map(|row| &*row.fields))
    }

    /// The same, where a usual credential for which the sandbox has no row becomes the first of its kind there.
    #[must_use]
    pub fn to_any(machine: &Machine, sandbox: &Sandbox, mount: &str) -> Self {
        let Self(mut pairs) = Self::of(machine, sandbox, mount);
        let theirs = sandbox.lock().world.accounts().credentials(mount);
        let theirs: Vec<_> = theirs.iter().map(|row| &*row.fields).collect();
        for usual in machine.usual_credentials(mount) {
            let is_there = |(name, value): (&String, &Value)| theirs.iter().any(|row| row.get(name) == Some(value));
            if usual.fields.iter().any(is_there) {
                continue;
            }
            let words = words(machine, mount);
            let first = theirs.iter().find(|row| row.keys().any(|name| !words.contains(&&**name) && usual.fields.contains_key(name)));
            let new: Vec<_> = first.into_iter().flat_map(|row| pairs_of(&words, &usual.fields, row)).collect();
            pairs.extend(new.into_iter().filter(|(from, _)| !pairs.iter().any(|(known, _)| known == from)).collect::<Vec<_>>());
        }
        Self::sorted(pairs)
    }

    /// The map from the usual credentials at `mount` to the rows of a sandbox.
    pub fn to_rows<'r>(machine: &Machine, mount: &str, theirs: impl IntoIterator<Item = &'r Map<String, Value>>) -> Self {
        let (usual, words) = (machine.usual_credentials(mount), words(machine, mount));
        let rows = matched(&words, &usual, theirs);
        let pairs = rows.into_iter().filter_map(|(theirs, usual)| Some(pairs_of(&words, &usual?.fields, theirs))).flatten();
        Self::sorted(pairs.filter(|(usual, theirs)| usual != theirs).collect())
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

    /// The rows of a sandbox with the usual credentials in place of its own. A row that stands for no usual one is as it is, if `is_whole`,
    /// and else left out.
    #[must_use]
    pub fn usual_rows(machine: &Machine, mount: &str, theirs: &[Credential], is_whole: bool) -> Vec<Credential> {
        let (usual, words) = (machine.usual_credentials(mount), words(machine, mount));
        let rows = theirs.iter().zip(matched(&words, &usual, theirs.iter().map(|row| &*row.fields)));
        let row = |(own, (_, usual)): (&Credential, (_, Option<&Credential>))| {
            let mut own = own.clone();
            let Some(usual) = usual else { return is_whole.then_some(own) };
            for (name, value) in Arc::make_mut(&mut own.fields).iter_mut().filter(|(name, _)| !words.contains(&name.as_str())) {
                *value = usual.fields.get(name).unwrap_or(value).clone();
            }
            Some(own)
        };
        rows.filter_map(row).collect()
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

    /// The text with each credential of the one side replaced by that of the other, wherever it stands as a word of its own.
    #[must_use]
    pub fn replace<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.0.iter().filter(|(from, _)| text.contains(from.as_str()));
        found.fold(text.into(), |text, (from, to)| replace_words(&text, from, to).into())
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

/// Members of credentials at `mount` that are words, and say what may be done with them.
fn words(machine: &Machine, mount: &str) -> Vec<&'static str> {
    let vendors = machine.vendors().all().iter().filter(|vendor| vendor.mount == mount);
    let fields = vendors.flat_map(|vendor| vendor.accounts.fields());
    fields.filter(|field| matches!(field.field_type, FieldType::OneOf(_))).map(|field| field.name).collect()
}

/// Rows of a sandbox, each with the usual one that it stands for: the first with which it shares a member, and of which it says no other
/// word.
fn matched<'u, 't>(
    words: &[&str],
    usual: &'u [Credential],
    theirs: impl IntoIterator<Item = &'t Map<String, Value>>,
) -> Vec<(&'t Map<String, Value>, Option<&'u Credential>)> {
    let mut rest: Vec<&Credential> = usual.iter().collect();
    let stands_for = |row: &Map<String, Value>, usual: &Credential| {
        let is_word = |name: &String| words.contains(&name.as_str());
        let fits = |(name, value): (&String, &Value)| !is_word(name) || row.get(name).is_none_or(|own| own == value);
        usual.fields.iter().all(fits) && usual.fields.keys().any(|name| !is_word(name) && row.contains_key(name))
    };
    let row = |row| (row, rest.iter().position(|usual| stands_for(row, usual)).map(|index| rest.remove(index)));
    theirs.into_iter().map(row).collect()
}

/// The texts of a usual row that are no words, each with what the other one has in its place.
fn pairs_of(words: &[&str], usual: &Map<String, Value>, theirs: &Map<String, Value>) -> Vec<(String, String)> {
    let members = usual.iter().filter(|(name, _)| !words.contains(&name.as_str()));
    members.filter_map(|(name, value)| Some((value.as_str()?.to_owned(), theirs.get(name)?.as_str()?.to_owned()))).collect()
}

/// The text with a word replaced, but not where it is a part of another word.
fn replace_words(text: &str, from: &str, to: &str) -> String {
    let (mut out, mut end) = (String::with_capacity(text.len()), 0);
    for (start, _) in text.match_indices(from) {
        let (before, after) = (&text[..start], &text[start + from.len()..]);
        let is_escape = before.len().checked_sub(3).is_some_and(|place| before.as_bytes()[place] == b'%');
        if !(goes_on(before.chars().rev()) && !is_escape || goes_on(after.chars())) {
            out.push_str(&text[end..start]);
            out.push_str(to);
            end = start + from.len();
        }
    }
    out.push_str(&text[end..]);
    out
}

/// Whether a word goes on with these letters. A full stop may end it.
fn goes_on(mut letters: impl Iterator<Item = char>) -> bool {
    let is_inside = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
    match letters.next() {
        Some('.') => letters.next().is_some_and(is_inside),
        next => next.is_some_and(is_inside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_replaced_as_words_of_their_own() {
        let check = |text: &str, expected: &str| assert_eq!(replace_words(text, "seatrial", "kk1"), expected);
        check("seatrial", "kk1");
        check("Bearer seatrial", "Bearer kk1");
        check("?key=seatrial&a=%20seatrial%20", "?key=kk1&a=%20kk1%20");
        check("seatrial:seatrial.", "kk1:kk1.");
        check("seatrial-live TEST_seatrial shop@seatrial.example", "seatrial-live TEST_seatrial shop@seatrial.example");
        check("seatrials are no seatrial", "seatrials are no kk1");
    }
}
