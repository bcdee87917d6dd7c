//! Pages of lists: rows are written one by one, and a page ends when it is large, whatever its rows are. Most lists are one page.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::base::json;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;

/// The query of a list that goes on behind a row.
pub(crate) const AFTER: (&str, &str) = ("after", "only what comes behind this: the `next` of the page before");

/// How many bytes a page has, about; the first row is on it whatever its size.
const MOST: usize = 4 << 20;

/// About what a value takes once it is read.
const VALUE: usize = 128;

/// The rows of a page, written already.
pub(crate) struct Rows<T> {
    rows: Vec<Box<RawValue>>,
    bytes: usize,
    kind: PhantomData<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), bytes: 0, kind: PhantomData }
    }
}

impl<T: Serialize> Rows<T> {
    /// Adds a row, unless the page is full.
    pub fn push(&mut self, row: &T) -> bool {
        self.push_written(|| to_text(row))
    }

    /// The same with one that is written already.
    pub fn push_written(&mut self, row: impl FnOnce() -> Box<RawValue>) -> bool {
        if self.bytes >= MOST {
            return false;
        }
        let text = row();
        self.bytes += text.get().len();
        self.rows.push(text);
        true
    }

    /// The same page, with the last row first.
    pub fn reversed(mut self) -> Self {
        self.rows.reverse();
        self
    }
}

/// A row as it is written.
pub(crate) fn to_text(row: &impl Serialize) -> Box<RawValue> {
    to_raw_value(row).expect("views have text keys and are written to memory")
}

impl<T> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.rows)
    }
}

impl<T: JsonSchema> JsonSchema for Rows<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}

/// What is left of a page for documents that are written together.
pub(crate) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MOST)
    }
}

impl Room {
    /// Whether one more document is on the page.
    pub fn takes(&mut self, document: &str) -> bool {
        let has_room = self.0 > 0;
        self.0 = self.0.saturating_sub(document.len() + VALUE * json::count_values(document.as_bytes()));
        has_room
    }
}

/// The rows that come behind the one that the query names; all, if it names none.
pub(crate) fn behind<'k, R>(
    request: &AdminRequest<'_>,
    mut rows: impl Iterator<Item = (&'k str, R)>,
) -> Result<impl Iterator<Item = (&'k str, R)>, Problem> {
    if let Some(after) = request.query(AFTER.0)
        && !rows.any(|(key, _)| key == after)
    {
        return Err(Problem::bad_request(format!("`after` is the `next` of another page, and nothing here is `{after}`")));
    }
    Ok(rows)
}

/// The page that the query asks for, and the key of its last row if there are more.
pub(crate) fn page<'k, R, T: Serialize>(
    request: &AdminRequest<'_>,
    rows: impl Iterator<Item = (&'k str, R)>,
    view: impl Fn(R) -> Option<T>,
) -> Result<(Rows<T>, Option<String>), Problem> {
    page_of(request, usize::MAX, rows, view)
}

/// The same with at most so many rows.
pub(crate) fn page_of<'k, R, T: Serialize>(
    request: &AdminRequest<'_>,
    most: usize,
    rows: impl Iterator<Item = (&'k str, R)>,
    view: impl Fn(R) -> Option<T>,
) -> Result<(Rows<T>, Option<String>), Problem> {
    let (mut page, mut last) = (Rows::default(), None);
    for (key, row) in behind(request, rows)? {
        let Some(row) = view(row) else { continue };
        if page.rows.len() == most || !page.push(&row) {
            return Ok((page, last.map(str::to_owned)));
        }
        last = Some(key);
    }
    Ok((page, None))
}
