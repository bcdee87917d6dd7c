//! Sorting and pages, as CakePHP's paginator does them: unknown sort fields are ignored, limits are cut to 1..100, and a page
//! behind the last one is not found.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::{Call, Refusal};
use crate::world::Kind;

/// What is missing when a page is.
const PAGE: Kind = Kind::new("page");

const MOST: usize = 100;
const USUAL: usize = 25;

/// What a caller asked for.
pub(super) struct Paging {
    page: usize,
    limit: Option<usize>,
    sort: Option<(&'static str, bool)>,
}

/// One page.
pub(super) struct Page<T> {
    pub rows: Vec<T>,
    page: usize,
    pages: usize,
    results: usize,
    size: usize,
    asked: Option<usize>,
}

#[derive(Serialize)]
struct Counts {
    page: usize,
    pages: usize,
    results: usize,
    results_per_page: usize,
    limit: Value,
}

impl Paging {
    /// Reads it from the query; `sortable` are the fields of this list.
    pub fn read(call: &Call<'_>, sortable: &[&'static str]) -> Self {
        let sort = call.query("sort").and_then(|wanted| sortable.iter().copied().find(|field| *field == wanted));
        let descending = call.query("direction").is_some_and(|direction| direction.eq_ignore_ascii_case("desc"));
        Self { page: call.query("page").map_or(1, whole).max(1), limit: limit(call), sort: sort.map(|field| (field, descending)) }
    }

    /// Sorts rows by the field asked for; equal ones keep their order.
    pub fn sort<T>(&self, rows: &mut [T], compare: impl Fn(&str, &T, &T) -> Ordering) {
        if let Some((field, descending)) = self.sort {
            rows.sort_by(|left, right| if descending { compare(field, right, left) } else { compare(field, left, right) });
        }
    }

    /// Whether the rows are wanted in their own order.
    pub fn is_unsorted(&self) -> bool {
        self.sort.is_none()
    }

    /// Cuts the page out of all rows.
    ///
    /// # Errors
    /// When there is no such page.
    pub fn cut<T>(&self, results: usize, rows: impl Iterator<Item = T>) -> Result<Page<T>, Refusal> {
        let size = self.limit.unwrap_or(USUAL);
        let pages = results.div_ceil(size).max(1);
        if self.page > pages {
            return Err(Refusal::missing(PAGE, self.page.to_string()));
        }
        let rows = rows.skip((self.page - 1) * size).take(size).collect();
        Ok(Page { rows, page: self.page, pages, results, size, asked: self.limit })
    }
}

impl<T> Page<T> {
    /// The same page of what its rows become.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let Self { rows, page, pages, results, size, asked } = self;
        Page { rows: rows.into_iter().map(change).collect(), page, pages, results, size, asked }
    }

    /// The counts as the sizes and products print them: the rows of this page, and the limit in force.
    pub fn by_rows(&self) -> Value {
        self.counts(self.rows.len(), self.size.into())
    }

    /// The counts as tags and shipments print them: the size of a page, and the limit asked for or `false`.
    pub fn by_size(&self) -> Value {
        self.counts(self.size, self.asked.map_or(Value::Bool(false), Value::from))
    }

    fn counts(&self, results_per_page: usize, limit: Value) -> Value {
        json!(Counts { page: self.page, pages: self.pages, results: self.results, results_per_page, limit })
    }
}

/// The limit asked for, cut to what is allowed.
pub(super) fn limit(call: &Call<'_>) -> Option<usize> {
    call.query("limit").map(|text| whole(text).clamp(1, MOST))
}

/// The limit of a search.
pub(super) fn limit_or_usual(call: &Call<'_>) -> usize {
    limit(call).unwrap_or(USUAL)
}

/// PHP's cast of a text to a number: its leading digits, else 0.
fn whole(text: &str) -> usize {
    let digits = text.trim_start().bytes().take_while(u8::is_ascii_digit).take(9);
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: usize, limit: Option<usize>, results: usize, expected: Option<(usize, usize)>) {
        let paging = Paging { page, limit, sort: None };
        let cut = paging.cut(results, 0..results).ok().map(|page| (page.rows.len(), page.pages));
        assert_eq!(cut, expected, "page {page} of {results} by {limit:?}");
    }

    #[test]
    fn pages_end_where_the_rows_do() {
        check(1, None, 0, Some((0, 1)));
        check(2, None, 0, None);
        check(2, Some(2), 3, Some((1, 2)));
        check(3, Some(2), 3, None);
        check(1, None, 26, Some((25, 2)));
    }

    #[test]
    fn casts_are_those_of_php() {
        assert_eq!((whole("12ab"), whole("ab"), whole(" 7"), whole("-3")), (12, 0, 7, 0));
    }
}
