//! Pages as answers, without a copy of their rows.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Page;
use crate::base::members::Members;

/// An object whose first member is the rows of a page, which become JSON when it is written.
pub struct Envelope<T> {
    name: String,
    rows: Vec<T>,
    rest: Members,
}

impl<T> Page<T> {
    /// The rows under a name, and then the members of another object, such as numbers and links.
    #[must_use]
    pub fn enveloped(self, name: impl Into<String>, rest: Value) -> Envelope<T> {
        Envelope { name: name.into(), rows: self.rows, rest: rest.into() }
    }
}

impl<T: Serialize> Serialize for Envelope<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(1 + self.rest.len()))?;
        members.serialize_entry(&self.name, &self.rows)?;
        self.rest.iter().try_for_each(|(name, value)| members.serialize_entry(name, value))?;
        members.end()
    }
}
