//! What the rows of `accounts` in a scenario may say about a vendor's credentials, as data: the reader of scenarios checks rows
//! against it, and the published schema shows it.

/// What a row of one mount may have, besides what rows of every mount have.
#[derive(Debug)]
pub struct AccountRows {
    /// Whose credentials they are, for people.
    pub about: &'static str,
    /// Sets of members that make a credential: a row has at least one of the sets, and whole.
    pub credentials: &'static [&'static [FieldSpec]],
    /// What else it can have.
    pub others: &'static [FieldSpec],
}

/// A member of a row.
#[derive(Debug)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// What it looks like.
    pub form: FieldType,
    /// What it means, in a sentence.
    pub about: &'static str,
}

/// What a member of a row looks like.
#[derive(Debug)]
pub enum FieldType {
    /// Text; a number is taken as it is written.
    Text,
    /// A list of texts.
    Texts,
    /// `true` or `false`.
    Flag,
    /// A whole number from one to that.
    UpTo(u64),
    /// A span of time, kept as text.
    Duration,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A mapping with these members.
    Settings(&'static [FieldSpec]),
}

impl AccountRows {
    /// All members, those of credentials first.
    pub fn facts(&self) -> impl Iterator<Item = &'static FieldSpec> {
        self.credentials.iter().copied().flatten().chain(self.others)
    }
}

impl FieldSpec {
    /// A member of some form.
    #[must_use]
    pub const fn new(name: &'static str, form: FieldType, about: &'static str) -> Self {
        Self { name, form, about }
    }

    /// A text.
    #[must_use]
    pub const fn text(name: &'static str, about: &'static str) -> Self {
        Self::new(name, FieldType::Text, about)
    }

    /// `true` or `false`.
    #[must_use]
    pub const fn flag(name: &'static str, about: &'static str) -> Self {
        Self::new(name, FieldType::Flag, about)
    }
}
