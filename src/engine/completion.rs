//! Objects as a vendor keeps them: what was sent, in the order of the document, with the defaults of everything that was not. For
//! vendors that show a whole object however little of it they were told; [`resource`](crate::engine::resource) does the same for the
//! members of one level.
//!
//! Of a property that was not sent the `default` is kept, itself completed; then null, if it may be that; otherwise it is left out.
//! Nulls in lists are left out. What is `readOnly` counts as not sent, members that the document does not list are dropped, numbers
//! of the type `number` are floats, and `x-stored` names the form in which a value is kept.

use serde_json::{Map, Number, Value};

use crate::engine::cx::Cx;
use crate::engine::resource::KeepMember;
use crate::spec::{JsonType, Property, Schema, SchemaId, Schemas};

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
        let schemas = self.documents.catalog(vendor).schemas();
        let id = schemas.component(component).unwrap_or_else(|| panic!("the document has no component `{component}`"));
        let completion = Completion { schemas, forms };
        completion.value(id, Some(sent)).unwrap_or_default()
    }
}

struct Completion<'s> {
    schemas: &'s Schemas,
    forms: Forms,
}

impl Completion<'_> {
    fn value(&self, id: SchemaId, sent: Option<&Value>) -> Option<Value> {
        let schema = &self.schemas[id];
        let sent = sent.filter(|sent| !sent.is_null() && !schema.read_only);
        match (sent, &schema.default) {
            (Some(sent), _) => Some(self.kept(schema, sent)),
            (None, Some(usual)) => Some(self.kept(schema, usual)),
            (None, None) => schema.nullable.then_some(Value::Null),
        }
    }

    fn kept(&self, outer: &Schema, sent: &Value) -> Value {
        // A reference that also says something else stands in an `allOf` of its own.
        let mut schema = outer;
        while let (None, None, [part]) = (&schema.object, schema.json_type, &*schema.all_of) {
            schema = &self.schemas[*part];
        }
        let form = [outer, schema].into_iter().find_map(|schema| schema.extension("x-stored"));
        if let Some((_, form)) = form.and_then(|form| self.forms.iter().find(|(name, _)| *name == form)) {
            return form(sent);
        }
        match sent {
            Value::Object(members) => match &schema.object {
                Some(rules) if !rules.properties.is_empty() => {
                    let mut rows: Vec<_> = rules.properties.iter().collect();
                    rows.sort_by_key(|row| row.declared);
                    let member = |row: &&Property| Some((row.name.to_string(), self.value(row.schema, members.get(&*row.name))?));
                    Value::Object(rows.iter().filter_map(member).collect::<Map<_, _>>())
                }
                _ => sent.clone(),
            },
            Value::Array(rows) => match schema.items {
                Some(items) => rows.iter().filter_map(|row| self.value(items, Some(row)).filter(|_| !row.is_null())).collect(),
                None => sent.clone(),
            },
            Value::Number(number) if schema.json_type == Some(JsonType::Number) => {
                number.as_f64().and_then(Number::from_f64).map_or_else(|| sent.clone(), Value::Number)
            }
            _ => sent.clone(),
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
        let found = completion.value(whole, Some(&sent).filter(|sent| !sent.is_null())).unwrap_or_default();
        assert_eq!(found.to_string(), expected.to_string());
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
