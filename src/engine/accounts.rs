//! What the rows of `accounts` in a scenario may say about a vendor's credentials, as data: the reader of scenarios checks rows
//! against it, and the published schema shows it.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::world::Credential;

/// The member that names the credentials which take the place of a row's own.
pub const ROTATES_TO: &str = "rotates_to";

/// Members about an account as a whole: what one of its rows says goes for those that say nothing.
const OF_ACCOUNT: [&str; 2] = ["state", "balance"];

/// What a row of one mount may have, besides what rows of every mount have.
#[derive(Debug)]
pub struct AccountRows {
    /// Whose credentials they are, for the schema.
    pub about: &'static str,
    /// Sets of members that make a credential: a row has at least one of the sets, and whole. Sets may share members.
    pub credentials: &'static [&'static [FieldSpec]],
    /// The members that lead a call to its sandbox. Two sandboxes should not have the same there.
    pub identifiers: &'static [&'static str],
    /// What else it can have.
    pub others: &'static [FieldSpec],
    /// Members that other mounts have and this one has not, each with why.
    pub absent: &'static [(&'static str, &'static str)],
    /// Which members name the account that a row opens, unless it says `account`: the first that is there, or else this one.
    pub account: (&'static [&'static str], &'static str),
}

/// A member of a row.
#[derive(Debug)]
pub struct FieldSpec {
    pub name: &'static str,
    pub field_type: FieldType,
    /// What it means, in a sentence.
    pub about: &'static str,
}

/// The type of a member's value.
#[derive(Debug)]
pub enum FieldType {
    /// Text; a number is taken as it is written.
    Text,
    Texts,
    Flag,
    /// An amount of money that is not negative, kept as text.
    Amount,
    /// A whole number from one to that.
    UpTo(u64),
    /// A span of time, kept as text.
    Duration,
    OneOf(&'static [&'static str]),
    /// A list of some of these words.
    SomeOf(&'static [&'static str]),
    /// A mapping with these members.
    Settings(&'static [FieldSpec]),
}

impl AccountRows {
    /// The account that a row opens.
    #[must_use]
    pub fn account_of<'r>(&'r self, row: &'r Map<String, Value>) -> &'r str {
        let (names, usual) = self.account;
        std::iter::once(&"account").chain(names).find_map(|name| row.get(*name)?.as_str()).unwrap_or(usual)
    }

    /// The credentials of the rows of a scenario. One that is replaced later is followed by its successor, which opens the same account
    /// and is good from the start, so that callers can change over before the old one ends.
    #[must_use]
    pub fn credentials(&self, rows: &[Map<String, Value>]) -> Vec<Credential> {
        let mut found = Vec::new();
        for row in rows {
            let (mut row, account) = (row.clone(), Arc::<str>::from(self.account_of(row)));
            let Some(Value::Object(changes)) = row.shift_remove(ROTATES_TO) else {
                found.push(Credential { account, fields: Arc::new(row) });
                continue;
            };
            let mut successor = row.clone();
            successor.retain(|name, _| !["expires", "revoked"].contains(&name.as_str()));
            successor.extend(changes);
            found.push(Credential { account: Arc::clone(&account), fields: Arc::new(row) });
            found.push(Credential { account, fields: Arc::new(successor) });
        }
        for name in OF_ACCOUNT {
            let told: Vec<_> = found.iter().filter_map(|row| Some((Arc::clone(&row.account), row.fields.get(name)?.clone()))).collect();
            for row in found.iter_mut().filter(|row| !row.fields.contains_key(name)) {
                let of_account = told.iter().find(|(account, _)| *account == row.account);
                of_account.map(|(_, value)| Arc::make_mut(&mut row.fields).insert(name.to_owned(), value.clone()));
            }
        }
        found
    }

    /// The members of credentials, each once.
    pub fn presented(&self) -> impl Iterator<Item = &'static FieldSpec> {
        let mut found: Vec<&'static FieldSpec> = Vec::new();
        for spec in self.credentials.iter().copied().flatten() {
            if found.iter().all(|other| other.name != spec.name) {
                found.push(spec);
            }
        }
        found.into_iter()
    }

    /// All members, those of credentials first.
    pub fn fields(&self) -> impl Iterator<Item = &'static FieldSpec> {
        self.presented().chain(self.others)
    }
}

impl Credential {
    /// How long a login of this credential lasts, if its row says so.
    #[must_use]
    pub fn token_lifetime(&self) -> Option<SignedDuration> {
        let said = self.text(FieldSpec::TOKEN_LIFETIME.name);
        // That nothing is no duration is told at some cost.
        if said.is_empty() { None } else { said.parse().ok() }
    }
}

impl FieldSpec {
    /// How long what a login issues is good.
    pub const TOKEN_LIFETIME: Self = Self::new("token_lifetime", FieldType::Duration, "How long tokens are good that a login issues.");

    /// Whether the customer is a new one, for whom nothing is set up.
    pub const STATE: Self = Self::new("state", FieldType::OneOf(&["established", "new"]), "`new`: no carrier is set up yet.");

    /// A member of any type.
    #[must_use]
    pub const fn new(name: &'static str, field_type: FieldType, about: &'static str) -> Self {
        Self { name, field_type, about }
    }

    #[must_use]
    pub const fn text(name: &'static str, about: &'static str) -> Self {
        Self::new(name, FieldType::Text, about)
    }

    #[must_use]
    pub const fn flag(name: &'static str, about: &'static str) -> Self {
        Self::new(name, FieldType::Flag, about)
    }
}
