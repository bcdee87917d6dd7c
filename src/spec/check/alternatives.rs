//! Which alternative of `anyOf` and `oneOf` a value is.

use serde_json::Value;

use super::{Changes, Checker};
use crate::spec::schema::{JsonType, Schema, SchemaId};
use crate::spec::violation::{Path, Rule};

impl<'a> Checker<'a> {
    pub(super) fn alternatives(&mut self, schema: &Schema, parts: &[SchemaId], only_one: bool, value: &Value, path: &Path<'_>) {
        if let Some(named) = self.named(schema, value) {
            return self.value(named, value, path, true);
        }
        // What a value is counts before what it can be read as.
        let of_type = parts.iter().filter(|part| self.could_be(**part, value)).count();
        let mut fitting = None;
        for wants_type in [true, false] {
            for part in parts {
                if self.could_be(*part, value) != wants_type {
                    continue;
                }
                let Some(changes) = self.attempt(*part, value, path) else { continue };
                if fitting.is_some() {
                    return self.add(path, Some(value), || Rule::OneOf);
                }
                fitting = Some(changes);
                if !only_one {
                    break;
                }
            }
            if let Some(changes) = fitting.take() {
                return self.found.changes.extend(changes);
            }
        }
        let closest = parts.iter().copied().find(|part| self.could_be(*part, value)).filter(|_| of_type == 1);
        if let Some(discriminator) = &schema.discriminator
            && let Some(object) = value.as_object()
        {
            let place = Path::Member(path, &discriminator.property);
            let known = || discriminator.alternatives.iter().map(|(name, _)| Value::from(&**name)).collect();
            return match object.get(&*discriminator.property) {
                None => self.add(&place, None, || Rule::Required),
                unknown => self.add(&place, unknown, || Rule::Enum(known())),
            };
        }
        match closest {
            Some(part) => self.value(part, value, path, true),
            None => self.add(path, Some(value), || Rule::AnyOf),
        }
    }

    /// Tries a schema without telling what is wrong; what it would change, if it fits.
    pub(super) fn attempt(&mut self, id: SchemaId, value: &Value, path: &Path<'_>) -> Option<Changes> {
        let (faults, changes) = (self.faults, self.found.changes.len());
        self.attempts += 1;
        self.value(id, value, path, true);
        self.attempts -= 1;
        let changes = self.found.changes.split_off(changes);
        let fits = self.faults == faults;
        self.faults = faults;
        fits.then_some(changes)
    }

    /// The alternative that a value names itself.
    fn named(&self, schema: &Schema, value: &Value) -> Option<SchemaId> {
        let discriminator = schema.discriminator.as_ref()?;
        let name = value.get(&*discriminator.property)?.as_str()?;
        discriminator.alternatives.iter().find(|(row, _)| **row == *name).map(|(_, id)| *id)
    }

    pub(super) fn could_be(&self, id: SchemaId, value: &Value) -> bool {
        let schema = &self.schemas[id];
        match schema.json_type {
            Some(wanted) => wanted.is_of(value) || (wanted == JsonType::Integer && value.is_number()),
            None => schema.all_of.iter().all(|part| self.could_be(*part, value)),
        }
    }
}
