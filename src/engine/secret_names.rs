//! What a vendor says about names that are judged wrongly by their words: secrets that do not sound like one, and what everybody may
//! know although it does. All other names are judged by their words alone, so that a vendor usually says nothing.

use serde_json::{Map, Value};

/// Names of headers, parameters and members. Neither the case of letters nor signs between words make a difference.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecretNames {
    /// Their values are secrets: `x-acme-pin`.
    pub secret: &'static [&'static str],
    /// Their values are no secrets, whatever they sound like.
    pub open: &'static [Open],
}

/// Names whose values everybody may know.
#[derive(Clone, Copy, Debug)]
pub enum Open {
    /// Names of that kind wherever they stand: `service_key`.
    Named(&'static [&'static str]),
    /// A member of objects of these names: `token` in `servicelevel`.
    Within(&'static [&'static str], &'static str),
    /// A member of objects that have another one: `token` beside `distance_unit`.
    Beside(&'static str, &'static str),
    /// When it is an object.
    Object(&'static str),
}

impl SecretNames {
    /// Of vendors whose names say what they are.
    pub const NONE: Self = Self::open(&[]);

    /// Of vendors that have misleading names for what is no secret.
    #[must_use]
    pub const fn open(open: &'static [Open]) -> Self {
        Self { secret: &[], open }
    }
}

impl Open {
    /// Whether it speaks of a member of an object that stands under the name `owner`.
    #[must_use]
    pub fn is_of(&self, owner: &str, object: &Map<String, Value>, name: &str) -> bool {
        match *self {
            Self::Named(_) => self.is_named(name),
            Self::Within(owners, member) => is_same_name(member, name) && owners.iter().any(|known| is_same_name(known, owner)),
            Self::Beside(other, member) => is_same_name(member, name) && object.contains_key(other),
            Self::Object(known) => is_same_name(known, name) && object.get(name).is_some_and(Value::is_object),
        }
    }

    /// Whether it speaks of a name wherever that stands.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        matches!(self, Self::Named(all) if all.iter().any(|known| is_same_name(known, name)))
    }
}

/// Whether two names have the same letters and digits, whatever their case and the signs between them.
#[must_use]
pub fn is_same_name(known: &str, name: &str) -> bool {
    let letters = |name| str::bytes(name).filter(u8::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    letters(known).eq(letters(name)) && name.is_ascii()
}
