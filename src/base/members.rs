//! The members of a JSON object of which nobody says what it has to have.

use std::ops::{Deref, DerefMut, Index, IndexMut};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The members of an object, in their order. Those that are not there are null, as they are of a [`Value`]; setting one adds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Members(pub Map<String, Value>);

impl Members {
    /// Whether the object has no members at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl Index<&str> for Members {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        const NOTHING: &Value = &Value::Null;
        self.0.get(name).unwrap_or(NOTHING)
    }
}

impl IndexMut<&str> for Members {
    fn index_mut(&mut self, name: &str) -> &mut Value {
        self.0.entry(name).or_insert(Value::Null)
    }
}

impl Deref for Members {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Members {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Those of a value that is an object; none of any other.
impl From<Value> for Members {
    fn from(value: Value) -> Self {
        if let Value::Object(members) = value { Self(members) } else { Self::default() }
    }
}

impl From<Members> for Value {
    fn from(members: Members) -> Self {
        Self::Object(members.0)
    }
}

impl IntoIterator for Members {
    type Item = (String, Value);
    type IntoIter = serde_json::map::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(String, Value)> for Members {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn missing_members_are_null_and_set_ones_are_added_at_the_end() {
        let mut members = Members::from(json!({"b": 1, "a": null}));
        assert!(members["c"]["d"].is_null() && members["a"].is_null());
        assert_eq!(members.len(), 2, "reading adds nothing");
        members["c"] = 2.into();
        members["b"] = 3.into();
        assert_eq!(serde_json::to_string(&members).expect("it is JSON"), r#"{"b":3,"a":null,"c":2}"#);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        assert!(Members::from(json!([1])).is_none() && Members::from(Value::Null).is_none());
    }
}
