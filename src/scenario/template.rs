//! Answers written by hand: values whose texts may hold `{{ expression }}`. A text that is nothing but one expression becomes its
//! value, whatever its type; in longer texts a value is written as text, `null` as nothing, lists and objects as JSON.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::expr::{Expr, ExprError, MAX_PATTERNS, PathUse, Scope, Uses};

/// Most bytes that the headers and the body of an answer may have together, as text.
pub const MAX_RENDERED: usize = 1024 * 1024;

/// A value with expressions in its texts.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    Fixed(Value),
    /// The value of one expression.
    Value(Expr),
    /// Pieces of text in a row.
    Text(Vec<Piece>),
    List(Vec<Template>),
    /// Members in their order; names are never templates.
    Object(Vec<(String, Template)>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    Fixed(String),
    Value(Expr),
}

impl Template {
    /// Reads a value, with the templates in all its texts.
    ///
    /// # Errors
    ///
    /// The first mistake; its range is in the text that has it.
    pub fn parse(value: &Value) -> Result<Self, ExprError> {
        Ok(match value {
            Value::String(text) => read(text)?.0,
            Value::Array(items) => Self::List(items.iter().map(Self::parse).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| Ok((name.clone(), Self::parse(value)?));
                Self::Object(members.iter().map(member).collect::<Result<_, ExprError>>()?)
            }
            fixed => Self::Fixed(fixed.clone()),
        })
    }

    /// The value that it always has; `None` if there is an expression in it.
    #[must_use]
    pub fn fixed(&self) -> Option<Value> {
        Some(match self {
            Self::Fixed(value) => value.clone(),
            Self::Value(_) | Self::Text(_) => return None,
            Self::List(items) => Value::Array(items.iter().map(Self::fixed).collect::<Option<_>>()?),
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| Some((name.clone(), value.fixed()?));
                Value::Object(members.iter().map(member).collect::<Option<Map<_, _>>>()?)
            }
        })
    }

    /// What of the value is known before it is written, with something in the place of each expression; `unknown` gets the JSON pointers of
    /// these places, and whether it is a text that stands there. `at` is the pointer of the whole.
    pub(super) fn known(&self, at: &str, unknown: &mut Vec<(String, bool)>) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Value(_) => {
                unknown.push((at.to_owned(), false));
                Value::Null
            }
            Self::Text(pieces) => {
                unknown.push((at.to_owned(), true));
                let written = |piece: &Piece| match piece {
                    Piece::Fixed(text) => text.clone(),
                    Piece::Value(expr) => format!("{{{{{}}}}}", expr.text()),
                };
                pieces.iter().map(written).collect::<String>().into()
            }
            Self::List(items) => items.iter().enumerate().map(|(index, item)| item.known(&format!("{at}/{index}"), unknown)).collect(),
            Self::Object(members) => {
                let mut member = |(name, value): &(String, Self)| {
                    (name.clone(), value.known(&format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), unknown))
                };
                members.iter().map(&mut member).collect::<Map<_, _>>().into()
            }
        }
    }

    /// The value it has in a scope, whose bytes are taken off `room`; `None` when they do not fit.
    #[must_use]
    pub fn render(&self, scope: &dyn Scope, room: &mut usize) -> Option<Value> {
        Some(match self {
            Self::Fixed(value) => {
                take(room, bytes(value))?;
                value.clone()
            }
            Self::Value(expr) => {
                let value = expr.eval(scope);
                take(room, bytes(&value))?;
                value.into_owned()
            }
            Self::Text(pieces) => {
                let mut text = String::new();
                pieces.iter().try_for_each(|piece| piece.write(&mut text, scope, room))?;
                Value::String(text)
            }
            Self::List(items) => Value::Array(items.iter().map(|item| item.render(scope, room)).collect::<Option<_>>()?),
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| {
                    take(room, name.len())?;
                    Some((name.clone(), value.render(scope, room)?))
                };
                Value::Object(members.iter().map(member).collect::<Option<Map<_, _>>>()?)
            }
        })
    }

    /// The value as text, for places that hold nothing else, such as headers.
    #[must_use]
    pub fn render_text(&self, scope: &dyn Scope, room: &mut usize) -> Option<String> {
        Some(plain(&self.render(scope, room)?).into_owned())
    }
}

impl Piece {
    fn write(&self, text: &mut String, scope: &dyn Scope, room: &mut usize) -> Option<()> {
        match self {
            Self::Fixed(piece) => {
                take(room, piece.len())?;
                text.push_str(piece);
            }
            Self::Value(expr) => {
                let value = expr.eval(scope);
                take(room, bytes(&value))?;
                text.push_str(&plain(&value));
            }
        }
        Some(())
    }
}

fn take(room: &mut usize, bytes: usize) -> Option<()> {
    *room = room.checked_sub(bytes)?;
    Some(())
}

/// About the bytes of a value as JSON.
fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| 1 + bytes(item)).sum::<usize>() + 2,
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + 4 + bytes(value)).sum::<usize>() + 2,
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
    }
}

fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Reads one text, and returns what its expressions use. Ranges are in that text.
pub(super) fn read(text: &str) -> Result<(Template, Uses), ExprError> {
    let mut pieces = Vec::new();
    let mut uses = Uses::default();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")).map(|found| at + found) {
        if open > at {
            pieces.push(Piece::Fixed(text.get(at..open).unwrap_or_default().to_owned()));
        }
        let start = open + 2;
        let Some(end) = close(text, start) else {
            let help = Some("add `}}`; to write `{{` itself, use `{{ '{{' }}`".to_owned());
            return Err(ExprError { message: "template is never closed".to_owned(), range: open..text.len(), label: None, help });
        };
        let expr = Expr::parse(text.get(start..end).unwrap_or_default()).map_err(|error| shift(error, start))?;
        uses.patterns += expr.uses().patterns;
        uses.pattern_bytes += expr.uses().pattern_bytes;
        if uses.patterns > MAX_PATTERNS {
            let message = format!("more than {MAX_PATTERNS} patterns in one text");
            return Err(ExprError { message, range: open..end + 2, label: None, help: None });
        }
        uses.paths.extend(
            expr.uses()
                .paths
                .iter()
                .map(|use_of| PathUse { path: use_of.path.clone(), range: use_of.range.start + start..use_of.range.end + start }),
        );
        pieces.push(Piece::Value(expr));
        at = end + 2;
    }
    if at == 0 {
        return Ok((Template::Fixed(Value::String(text.to_owned())), uses));
    }
    if at < text.len() {
        pieces.push(Piece::Fixed(text.get(at..).unwrap_or_default().to_owned()));
    }
    let whole = match pieces.pop() {
        Some(Piece::Value(expr)) if pieces.is_empty() => Template::Value(expr),
        Some(last) => {
            pieces.push(last);
            Template::Text(pieces)
        }
        None => Template::Text(pieces),
    };
    Ok((whole, uses))
}

/// Where the `}}` stands that ends the expression beginning at `start`: braces in quoted text do not count.
fn close(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let mut quote = None;
    for (at, next) in rest.char_indices() {
        match quote {
            Some(open) if open == next => quote = None,
            Some(_) => {}
            None if matches!(next, '\'' | '"') => quote = Some(next),
            None if rest.get(at..).is_some_and(|rest| rest.starts_with("}}")) => {
                return Some(start + at);
            }
            None => {}
        }
    }
    None
}

fn shift(error: ExprError, by: usize) -> ExprError {
    ExprError { range: error.range.start + by..error.range.end + by, ..error }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct World(Value);

    impl Scope for World {
        fn root(&self, root: &str) -> Option<&Value> {
            self.0.get(root)
        }
    }

    fn check(template: &Value, expected: &Value) {
        let world = World(json!({"request": {"body": {"reference": "A1", "qty": 2, "list": [1]}}}));
        let rendered = Template::parse(template).map(|template| template.render(&world, &mut 1000));
        assert_eq!(rendered, Ok(Some(expected.clone())), "{template}");
    }

    #[test]
    fn texts_are_filled_in_wherever_they_stand() {
        check(
            &json!({"a": ["{{ $request.body.reference }}", 1], "b": "{{$request.body.reference}}-{{ $request.body.qty + 1 }}"}),
            &json!({"a": ["A1", 1], "b": "A1-3"}),
        );
        check(&json!("{{ $request.body.list }}"), &json!([1]));
        check(&json!("x{{ $request.body.list }}{{ $request.body.none }}"), &json!("x[1]"));
        check(&json!("{{ '{{' }} and {{ '}}' }}"), &json!("{{ and }}"));
        check(&json!("no { template }"), &json!("no { template }"));
    }

    #[test]
    fn what_is_rendered_takes_no_more_than_its_room() {
        let world = World(json!({"request": {"body": "0123456789"}}));
        for template in [json!("{{ $request.body }}x{{ $request.body }}"), json!({"a": ["{{ $request.body }}", "fixed", "fixed"]})] {
            let template = Template::parse(&template).expect("a template");
            assert_eq!((template.render(&world, &mut 20), template.render(&world, &mut 40).is_some()), (None, true));
        }
    }

    #[test]
    fn mistakes_are_marked_in_the_text() {
        for (text, marked) in [("a {{ $x", "{{ $x"), ("a {{ $x = 1 }}", "="), ("{{ }}", ""), ("ä {{ x }}", "x")] {
            match read(text) {
                Ok(_) => panic!("{text}"),
                Err(error) => assert_eq!(text.get(error.range), Some(marked), "{text}"),
            }
        }
    }
}
