//! One page of a list, and the links to its neighbors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use super::{NO_CURSOR, NO_PAGE, version};
use crate::engine::{Call, Refusal};

/// A page as it is answered.
#[derive(Serialize)]
pub(crate) struct Page<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    next: Option<String>,
    previous: Option<String>,
    results: Vec<T>,
}

/// Which page is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    number: usize,
    size: usize,
}

impl Wanted {
    /// Reads `page` and `results`; at most a hundred entries come at once.
    pub(crate) fn of(call: &Call<'_>, usual: usize) -> Result<Self, Refusal> {
        let number = match call.query("page") {
            None | Some("") => 1,
            Some(text) => text.parse().ok().filter(|number| *number > 0).ok_or_else(no_page)?,
        };
        Ok(Self { number, size: size(call, usual) })
    }

    /// Takes the page out of `total` entries, of which `entries` yields those from any place on.
    pub(crate) fn take<T, I: Iterator<Item = T>>(
        self,
        call: &Call<'_>,
        path: &str,
        total: usize,
        entries: impl FnOnce(usize) -> I,
    ) -> Result<Page<T>, Refusal> {
        let start = (self.number - 1).saturating_mul(self.size);
        if start >= total && self.number > 1 {
            return Err(no_page());
        }
        let results: Vec<T> = entries(start).take(self.size).collect();
        Ok(Page {
            count: version::is_old(call).then_some(total),
            next: (start + results.len() < total).then(|| link(call, path, self.number + 1)),
            previous: (self.number > 1).then(|| link(call, path, self.number - 1)),
            results,
        })
    }
}

/// The entries behind a cursor, which names the last entry of the page before; the empty cursor is the beginning. New entries move
/// no page, as they do where pages are numbered.
pub(crate) fn after<T>(
    call: &Call<'_>,
    cursor: &str,
    usual: usize,
    entries: impl Iterator<Item = T>,
    id: impl Fn(&T) -> &str,
) -> Result<Page<T>, Refusal> {
    let mut entries = entries.peekable();
    if !cursor.is_empty() {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
        let last = bytes.strip_prefix(CURSOR).ok_or_else(no_cursor)?;
        entries.by_ref().find(|entry| id(entry).as_bytes() == last).ok_or_else(no_cursor)?;
    }
    let results: Vec<T> = entries.by_ref().take(size(call, usual)).collect();
    let more = entries.peek().and(results.last());
    let next = more.map(|last| {
        let cursor = URL_SAFE_NO_PAD.encode([CURSOR, id(last).as_bytes()].concat());
        let mut pairs: Vec<_> = call.query.iter().filter(|(name, _)| !matches!(name.as_str(), "page" | TOKEN)).cloned().collect();
        pairs.push((TOKEN.to_owned(), cursor));
        address(call, call.path, &pairs)
    });
    Ok(Page { count: None, next, previous: None, results })
}

/// The cursor in a query.
pub(crate) const TOKEN: &str = "page_token";
const CURSOR: &[u8] = b"p=";

impl<T> Page<T> {
    /// The links to its neighbors, and its entries.
    pub(crate) fn parts(self) -> (Option<String>, Option<String>, Vec<T>) {
        (self.next, self.previous, self.results)
    }

    /// The same page with other entries.
    pub(crate) fn map<U>(self, entry: impl FnMut(T) -> U) -> Page<U> {
        let Self { count, next, previous, results } = self;
        Page { count, next, previous, results: results.into_iter().map(entry).collect() }
    }
}

/// How many entries are wanted.
fn size(call: &Call<'_>, usual: usize) -> usize {
    call.query("results").and_then(|text| text.parse().ok()).filter(|size| *size > 0).unwrap_or(usual).min(100)
}

fn no_page() -> Refusal {
    Refusal::Because(NO_PAGE, Value::Null)
}

fn no_cursor() -> Refusal {
    Refusal::Because(NO_CURSOR, Value::Null)
}

/// The caller's address with another page; the first one needs no number.
fn link(call: &Call<'_>, path: &str, number: usize) -> String {
    let mut pairs = call.query.clone();
    match pairs.iter().position(|(name, _)| name == "page") {
        Some(place) if number == 1 => drop(pairs.remove(place)),
        Some(place) => pairs[place].1 = number.to_string(),
        None => pairs.push(("page".to_owned(), number.to_string())),
    }
    address(call, path, &pairs)
}

fn address(call: &Call<'_>, path: &str, pairs: &[(String, String)]) -> String {
    let query = serde_html_form::to_string(pairs).expect("pairs of texts can always be a query");
    let mark = if query.is_empty() { "" } else { "?" };
    call.url(&format!("{path}{mark}{query}"))
}
