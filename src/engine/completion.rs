//! Objects as a vendor keeps them: what was sent, in the order of the document, with the defaults of everything that was not. For
//! vendors that show a whole object however little of it they were told; [`resource`](crate::engine::resource) does the same for the
//! members of one level.
//!
//! Of a property that was not sent the `default` is kept, itself completed; then null, if it may be that; otherwise it is left out.
//! Nulls in lists are left out. What is `readOnly` counts as not sent, members that the document does not list are dropped, numbers
//! of the type `number` are floats, and `x-stored` names the form in which a value is kept.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::base::json;
use crate::engine::cx::Cx;
use crate::spec::{JsonType, Property, Schema, SchemaId, Schemas};

/// Makes what is kept of a member that was read.
pub type KeepMember = fn(&Value) -> Value;

/// The forms that `x-stored` may name.
pub type Forms = &'static [(&'static str, KeepMember)];

impl Cx<'_> {
    /// A value that was sent, as the component of the vendor's document has it.
    ///
    /// # Panics
    /// If the document has no such component.
    #[must_use]
    pub fn completed(&self, component: &str, sent: &Value, forms: Forms) -> Value {
        self.completed_by(self.vendor_id(), component, sent, forms)
    }

    /// Like [`Cx::completed`], by the document of another version.
    ///
    /// # Panics
    /// If there is no such vendor, or its document has no such component.
    #[must_use]
    pub fn completed_by(&self, vendor: &str, component: &str, sent: &Value, forms: Forms) -> Value {
        let (completion, id) = self.completion(vendor, component, forms);
        serde_json::to_value(completion.value(id, Some(sent)).flatten()).expect("what was JSON still is")
    }

    /// What [`Cx::completed_by`] makes of an object with these members: it becomes whole while it is written.
    ///
    /// # Panics
    /// As that does.
    pub fn completing<'s>(&'s self, vendor: &str, component: &str, members: &'s [Member<'s>], forms: Forms) -> impl Serialize + 's {
        let (completion, id) = self.completion(vendor, component, forms);
        Whole { completion, schema: &completion.schemas[id], members }
    }

    fn completion(&self, vendor: &str, component: &str, forms: Forms) -> (Completion<'_>, SchemaId) {
        let schemas = self.documents.catalog(vendor).schemas();
        let id = schemas.component(component).unwrap_or_else(|| panic!("the document has no component `{component}`"));
        (Completion { schemas, forms }, id)
    }
}

/// A member by its name.
pub type Member<'s> = (&'static str, Cow<'s, Value>);

/// An object with some members, and what the document says of it.
struct Whole<'s> {
    completion: Completion<'s>,
    schema: &'s Schema,
    members: &'s [Member<'s>],
}

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let find = |name: &str| self.members.iter().find(|(other, _)| *other == name).map(|(_, value)| &**value);
        let rules = self.schema.object.as_deref().map_or(&[][..], |rules| &rules.properties);
        serializer.collect_map(self.completion.members(rules, find))
    }
}

#[derive(Clone, Copy)]
struct Completion<'s> {
    schemas: &'s Schemas,
    forms: Forms,
}

/// A value that is there, and what the document says of it.
struct Kept<'s> {
    completion: Completion<'s>,
    schema: &'s Schema,
    sent: &'s Value,
}

impl<'s> Completion<'s> {
    /// What becomes of a value that was sent, or of none: nothing, null, or what is kept of it.
    fn value(self, id: SchemaId, sent: Option<&'s Value>) -> Option<Option<Kept<'s>>> {
        let schema = &self.schemas[id];
        let sent = sent.filter(|sent| !sent.is_null() && !schema.read_only);
        match sent.or(schema.default.as_ref()) {
            Some(sent) => Some(Some(Kept { completion: self, schema, sent })),
            None => schema.nullable.then_some(None),
        }
    }

    /// The members of an object, in the order of the document; `find` finds those that were sent.
    fn members(self, rules: &'s [Property], find: impl Fn(&str) -> Option<&'s Value>) -> Vec<(&'s str, Option<Kept<'s>>)> {
        let mut rows: Vec<_> = rules.iter().collect();
        rows.sort_by_key(|row| row.declared);
        rows.into_iter().filter_map(|row| Some((&*row.name, self.value(row.schema, find(&row.name))?))).collect()
    }
}

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { completion, schema: outer, sent } = *self;
        // A reference that also says something else stands in an `allOf` of its own.
        let mut schema = outer;
        while let (None, None, [part]) = (&schema.object, schema.json_type, &*schema.all_of) {
            schema = &completion.schemas[*part];
        }
        let form = [outer, schema].into_iter().find_map(|schema| schema.extension("x-stored"));
        if let Some((_, form)) = form.and_then(|form| completion.forms.iter().find(|(name, _)| *name == form)) {
            return form(sent).serialize(serializer);
        }
        match sent {
            Value::Object(members) => match &schema.object {
                Some(rules) if !rules.properties.is_empty() => {
                    serializer.collect_map(completion.members(&rules.properties, |name| json::member(members, name)))
                }
                _ => members.serialize(serializer),
            },
            Value::Array(rows) => match schema.items {
                Some(items) => serializer.collect_seq(rows.iter().filter_map(|row| completion.value(items, Some(row)).flatten())),
                None => rows.serialize(serializer),
            },
            Value::Number(number) if schema.json_type == Some(JsonType::Number) => match number.as_f64() {
                Some(float) => float.serialize(serializer),
                None => number.serialize(serializer),
            },
            _ => sent.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::Catalog;

    const FORMS: Forms = &[("upper", |sent| sent.as_str().unwrap_or_default().to_uppercase().into())];

    /// What becomes of a value by a schema, which may refer to `Part`.
    fn check(schema: Value, sent: Value, expected: Value) {
        let part = json!({"type": "object", "properties": {
            "unit": {"type": "string", "default": "inch"}, "length": {"type": "number", "default": 0.0}
        }});
        let answer = json!({"description": "d", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Whole"}}}});
        let source = json!({
            "openapi": "3.0.3", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": answer}}}},
            "components": {"schemas": {"Part": part, "Whole": schema}},
        });
        let catalog = Catalog::load("test", &source.to_string(), false).expect("the document is fine");
        let completion = Completion { schemas: catalog.schemas(), forms: FORMS };
        let whole = catalog.schemas().component("Whole").expect("it was written");
        let found = completion.value(whole, Some(&sent).filter(|sent| !sent.is_null())).flatten();
        assert_eq!(serde_json::to_string(&found).expect("it is JSON"), expected.to_string());
    }

    #[test]
    fn members_come_in_the_order_of_the_document_and_unknown_ones_go() {
        let schema = json!({"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "integer"}}});
        check(schema, json!({"a": 1, "x": 2, "b": "c"}), json!({"b": "c", "a": 1}));
    }

    #[test]
    fn what_is_missing_is_its_default_or_null_or_nothing() {
        let schema = json!({"type": "object", "properties": {
            "usual": {"type": "boolean", "default": false}, "null": {"type": "string", "nullable": true}, "gone": {"type": "string"},
        }});
        check(schema.clone(), json!({}), json!({"usual": false, "null": null}));
        check(schema, json!({"usual": null, "null": "n", "gone": null}), json!({"usual": false, "null": "n"}));
    }

    #[test]
    fn defaults_are_completed_themselves() {
        let reference = json!({"allOf": [{"$ref": "#/components/schemas/Part"}], "default": {}});
        let schema = json!({"type": "object", "properties": {"size": reference}});
        check(schema.clone(), json!({}), json!({"size": {"unit": "inch", "length": 0.0}}));
        check(schema, json!({"size": {"length": 7}}), json!({"size": {"unit": "inch", "length": 7.0}}));
    }

    #[test]
    fn lists_are_completed_row_by_row() {
        let schema = json!({"type": "array", "items": {"$ref": "#/components/schemas/Part"}});
        check(schema, json!([{"unit": "centimeter"}, {}]), json!([{"unit": "centimeter", "length": 0.0}, {"unit": "inch", "length": 0.0}]));
    }

    #[test]
    fn nulls_in_lists_are_left_out() {
        check(json!({"type": "array", "items": {"type": "string"}}), json!(["a", null]), json!(["a"]));
    }

    #[test]
    fn what_is_read_only_counts_as_not_sent() {
        let schema = json!({"type": "object", "properties": {"id": {"type": "string", "readOnly": true, "nullable": true}}});
        check(schema, json!({"id": "mine"}), json!({"id": null}));
    }

    #[test]
    fn forms_are_applied_to_what_was_sent_and_to_defaults() {
        let schema = json!({"type": "object", "properties": {"code": {"type": "string", "x-stored": "upper", "default": "us"}}});
        check(schema.clone(), json!({"code": "ca"}), json!({"code": "CA"}));
        check(schema, json!({}), json!({"code": "US"}));
    }

    #[test]
    fn a_value_of_another_type_stays_as_it_is() {
        check(json!({"type": "object", "properties": {"a": {"type": "string"}}}), json!("text"), json!("text"));
        check(json!({"type": "number"}), json!(3), json!(3.0));
        check(json!({"type": "number"}), json!("3"), json!("3"));
        check(json!({"type": "object"}), json!({"free": [1]}), json!({"free": [1]}));
    }
}
