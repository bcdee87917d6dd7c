//! What the vendor's own document says beyond what the vendor does (`x-documented`): a report tells of it, and nothing is refused by it.

use serde_json::Value;

use super::Checker;
use crate::spec::schema::Schema;
use crate::spec::violation::{Path, Rule};

impl<'a> Checker<'a> {
    pub(super) fn documented(&mut self, schema: &'a Schema, value: &Value, path: &Path<'_>) {
        if !self.reading.as_documented || schema.extensions.is_empty() {
            return;
        }
        if let Some(wanted) =
            schema.documented_type().filter(|wanted| !wanted.is_of(value) && self.coerced(*wanted, false, value).is_none())
        {
            self.add(path, Some(value), || Rule::Type(wanted));
        }
        if let Some(described) = schema.documented.filter(|described| self.could_be(*described, value)) {
            self.value(described, value, path, false);
        }
        for name in schema.documented_members().filter(|name| value.get(name).is_none_or(Value::is_null)) {
            self.add(&Path::Member(path, name), None, || Rule::Required);
        }
    }
}
