//! Objects as a vendor keeps them: what was sent, in the order of the document, with the defaults of everything that was not. For
//! vendors that show a whole object however little of it they were told; [`resource`](crate::engine::resource) does the same for the
//! members of one level.
//!
//! Of a property that was not sent the `default` is kept, itself completed; then null, if it may be that; otherwise it is left out.
//! What is `readOnly` counts as not sent, members that the document does not list are dropped, numbers of the type `number` are
//! floats, and `x-stored` names the form in which a value is kept.

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
                Some(items) => rows.iter().map(|row| self.value(items, Some(row)).unwrap_or_default()).collect(),
                None => sent.clone(),
            },
            Value::Number(number) if schema.json_type == Some(JsonType::Number) => {
                number.as_f64().and_then(Number::from_f64).map_or_else(|| sent.clone(), Value::Number)
            }
            _ => sent.clone(),
        }
    }
}
