//! What a vendor says about names that are judged wrongly by their words: secrets that do not sound like one, and what everybody may
//! know although it does. All other names are judged by their words alone, so that a vendor usually says nothing.

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
