//! What one value may have to be held against: the parts and alternatives of a schema, those of these, and so on. A schema that has
//! itself as a part has no end, and parts that multiply cost more than a call may.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Reader;
use crate::scenario::error::Span;
use crate::scenario::node::Node;

/// How deep parts of parts go, and how many there may be for one value.
const DEEPEST: usize = 48;
const MOST: u64 = 5_000;

/// Why a schema cannot be held against values.
enum Trouble {
    Endless,
    Deep,
    Many,
}

struct Walk<'s> {
    components: &'s Map<String, Value>,
    /// Depth and number of the parts of components; `None` while they are looked through.
    known: BTreeMap<&'s str, Option<(usize, u64)>>,
}

impl Reader<'_> {
    /// Looks through the parts of all schemas, and tells the first that has too many.
    pub(super) fn parts(&mut self, components: &Map<String, Value>, paths: &Map<String, Value>) {
        let mut walk = Walk { components, known: BTreeMap::new() };
        let of_component = components.iter().find_map(|(name, schema)| {
            let trouble = walk.component(name, 0).and_then(|_| walk.inside(schema, 0)).err()?;
            Some((trouble, format!("schema `{name}`"), format!("/components/schemas/{name}")))
        });
        let found = of_component.or_else(|| {
            paths.iter().find_map(|(path, item)| {
                let trouble = walk.below(item).err()?;
                Some((trouble, format!("a schema of `{path}`"), format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"))))
            })
        });
        let Some((trouble, said, pointer)) = found else { return };
        let span = self.at(&pointer).map_or_else(Span::default, Node::start);
        let (message, help) = match trouble {
            Trouble::Endless => (format!("{said} has itself as a part"), "a schema may refer to itself below a member or an element"),
            Trouble::Deep => (format!("the parts of {said} go deeper than {DEEPEST} levels"), "write parts of parts out"),
            Trouble::Many => (format!("{said} has more than {MOST} parts"), "parts that repeat multiply: write them out"),
        };
        self.problem("S304", span, message).help(help);
    }
}

impl<'s> Walk<'s> {
    fn component(&mut self, name: &'s str, depth: usize) -> Result<(usize, u64), Trouble> {
        match self.known.get(name) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => return Err(Trouble::Endless),
            None => {}
        }
        let Some(schema) = self.components.get(name) else { return Ok((0, 1)) };
        self.known.insert(name, None);
        let found = self.schema(schema, depth)?;
        self.known.insert(name, Some(found));
        Ok(found)
    }

    /// Depth and number of the parts of a schema, itself included.
    fn schema(&mut self, schema: &'s Value, depth: usize) -> Result<(usize, u64), Trouble> {
        if depth > DEEPEST {
            return Err(Trouble::Deep);
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.strip_prefix("#/components/schemas/").unwrap_or(reference);
            return self.component(name, depth + 1);
        }
        let lists = ["allOf", "anyOf", "oneOf"].iter().filter_map(|name| schema.get(name)?.as_array()).flatten();
        let (mut height, mut count) = (0, 1_u64);
        for part in lists.chain(schema.get("not")) {
            let (part_height, part_count) = self.schema(part, depth + 1)?;
            height = height.max(part_height + 1);
            count = count.saturating_add(part_count);
        }
        match (height > DEEPEST, count > MOST) {
            (true, _) => Err(Trouble::Deep),
            (_, true) => Err(Trouble::Many),
            _ => Ok((height, count)),
        }
    }

    /// Looks through the schemas of a path.
    fn below(&mut self, value: &'s Value) -> Result<(), Trouble> {
        match value {
            Value::Object(members) => members.iter().try_for_each(|(name, inner)| match name.as_str() {
                "schema" => self.inside(inner, 0),
                _ => self.below(inner),
            }),
            Value::Array(rows) => rows.iter().try_for_each(|row| self.below(row)),
            _ => Ok(()),
        }
    }

    /// Looks through the schemas of members and elements, which are held against other values.
    fn inside(&mut self, schema: &'s Value, depth: usize) -> Result<(), Trouble> {
        self.schema(schema, 0)?;
        let members = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values);
        let lists = ["allOf", "anyOf", "oneOf"].iter().filter_map(|name| schema.get(name)?.as_array()).flatten();
        let others = ["items", "additionalProperties", "not"].iter().filter_map(|name| schema.get(name));
        members
            .chain(lists)
            .chain(others)
            .filter(|inner| inner.is_object())
            .try_for_each(|inner| if depth > 2 * DEEPEST { Err(Trouble::Deep) } else { self.inside(inner, depth + 1) })
    }
}

impl Node {
    /// Where it begins: its first character.
    fn start(&self) -> Span {
        Span::new(self.span.start, self.span.start + 1)
    }
}
