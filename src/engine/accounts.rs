//! What the rows of `accounts` in a scenario may say about a vendor's credentials, as data: the reader of scenarios checks rows
//! against it, and the published schema shows it.

use serde_json::{Map, Value};

/// What a row of one mount may have, besides what rows of every mount have.
#[derive(Debug)]
pub struct AccountRows {
    /// Whose credentials they are, for the schema.
    pub about: &'static str,
    /// Sets of members that make a credential: a row has at least one of the sets, and whole.
    pub credentials: &'static [&'static [FieldSpec]],
    /// The members that lead a call to its sandbox. Two sandboxes should not have the same there.
    pub identifiers: &'static [&'static str],
    /// What else it can have.
    pub others: &'static [FieldSpec],
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
    /// A whole number from one to that.
    UpTo(u64),
    /// A span of time, kept as text.
    Duration,
    OneOf(&'static [&'static str]),
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

    /// All members, those of credentials first.
    pub fn fields(&self) -> impl Iterator<Item = &'static FieldSpec> {
        self.credentials.iter().copied().flatten().chain(self.others)
    }
}

impl FieldSpec {
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
