//! Pages of lists, by the names that documents usually give to what asks for them and to what says which one it is.

use serde_json::Value;

use crate::engine::call::Call;
use crate::engine::document::infer::plain;
use crate::spec::{JsonType, Operation, ParameterIn, Schema, SchemaId, Schemas};

const SIZES: [&str; 9] = ["limit", "pagesize", "perpage", "size", "take", "maxresults", "results", "top", "count"];
const NUMBERS: [&str; 4] = ["page", "pagenumber", "pageno", "pageindex"];
const OFFSETS: [&str; 4] = ["offset", "skip", "start", "startindex"];
const CURSORS: [&str; 7] = ["cursor", "after", "startingafter", "pagetoken", "nexttoken", "nextcursor", "continuationtoken"];

/// How many rows a page has unless the document or the query says otherwise, where it has pages, and at most.
const USUAL: usize = 25;
const MOST: usize = 1000;

/// What a query asks of a list.
pub(super) struct Asked {
    size: Option<usize>,
    skipped: usize,
    number: usize,
    first: usize,
    cursor: Option<String>,
}

/// The rows of a page, and what is said of it.
pub(super) struct Paged<'d> {
    pub rows: Vec<&'d str>,
    pub page: Page,
}

/// What is said of a page.
pub(super) struct Page {
    number: usize,
    first: usize,
    size: usize,
    skipped: usize,
    total: usize,
    count: usize,
    /// The key of the last row, if others follow.
    next: Option<String>,
}

impl Asked {
    pub fn of(call: &Call<'_>, operation: &Operation) -> Self {
        let declared = |names: &[&str]| {
            let mut of_query = operation.parameters.iter().filter(|row| row.location == ParameterIn::Query);
            of_query.find(|row| names.contains(&&*plain(&row.name)))
        };
        let default = |names: &[&str]| {
            let row = declared(names)?;
            operation.parameter_schema(row).default.as_ref().and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
        };
        let sent = |names: &[&str]| declared(names).and_then(|row| call.query(&row.name)).filter(|text| !text.is_empty());
        let number = |names: &[&str]| sent(names).and_then(|text| text.parse::<usize>().ok());
        let has_pages = [&SIZES[..], &NUMBERS, &OFFSETS, &CURSORS].iter().any(|names| declared(names).is_some());
        let size = has_pages.then(|| number(&SIZES).or_else(|| default(&SIZES)).unwrap_or(USUAL).clamp(1, MOST));
        let first = usize::from(default(&NUMBERS) != Some(0));
        let page = number(&NUMBERS).unwrap_or(first).max(first);
        let skipped = number(&OFFSETS).unwrap_or_else(|| (page - first).saturating_mul(size.unwrap_or_default()));
        Self { size, skipped, number: page, first, cursor: sent(&CURSORS).map(str::to_owned) }
    }

    /// The page of rows that pass, by their keys.
    pub fn cut<'d>(self, rows: impl Iterator<Item = (String, &'d str)>) -> Paged<'d> {
        let Self { size, mut skipped, number, first, cursor } = self;
        let (mut taken, mut last, mut total) = (Vec::new(), String::new(), 0);
        let mut is_behind = cursor.is_none();
        let mut next = None;
        for (key, body) in rows {
            total += 1;
            if !is_behind {
                is_behind = cursor.as_deref() == Some(&key);
                skipped += usize::from(cursor.is_some());
            } else if total > skipped && size.is_none_or(|size| taken.len() < size) {
                taken.push(body);
                last = key;
            } else if total > skipped && next.is_none() {
                next = Some(last.clone());
            }
        }
        let page = Page { number, first, size: size.unwrap_or(total), skipped, total, count: taken.len(), next };
        Paged { rows: taken, page }
    }
}

impl Page {
    /// What a member of an envelope says of the page, if its name is one of those that do.
    pub fn member(&self, name: &str, schema: &Schema) -> Option<Value> {
        let pages = self.total.div_ceil(self.size.max(1));
        let number = match plain(name).as_str() {
            "total" | "totalcount" | "totalresults" | "totalitems" | "totalelements" | "totalrecords" => self.total,
            "count" | "numberofelements" | "itemcount" => {
                if pages > 1 {
                    self.count
                } else {
                    self.total
                }
            }
            "page" | "pagenumber" | "currentpage" | "pageno" | "number" | "pageindex" => self.number,
            "pages" | "totalpages" | "pagecount" | "lastpage" => pages.max(self.first),
            "pagesize" | "perpage" | "limit" | "size" | "itemsperpage" => self.size,
            "offset" | "skip" | "start" | "startindex" => self.skipped,
            "hasmore" | "hasnext" | "hasnextpage" => return Some(self.next.is_some().into()).filter(|_| is(schema, JsonType::Boolean)),
            "nextcursor" | "nexttoken" | "nextpagetoken" | "cursor" | "continuationtoken" => {
                return match &self.next {
                    Some(key) => Some(key.clone().into()).filter(|_| is(schema, JsonType::String)),
                    None => schema.nullable.then_some(Value::Null),
                };
            }
            "next" | "previous" | "prev" | "nextpage" | "previouspage" | "prevpage" => return schema.nullable.then_some(Value::Null),
            _ => return None,
        };
        (is(schema, JsonType::Integer) || is(schema, JsonType::Number)).then(|| number.into())
    }
}

fn is(schema: &Schema, json_type: JsonType) -> bool {
    schema.json_type == Some(json_type)
}

/// Whether an object says something of pages.
pub(super) fn has_any(schemas: &Schemas, schema: SchemaId) -> bool {
    let page = Page { number: 1, first: 1, size: 1, skipped: 0, total: 0, count: 0, next: None };
    schemas.members(schema).iter().any(|(name, inner, _)| page.member(name, &schemas[*inner]).is_some())
}
