//! Lists: filters, sort keys, pages and cursors, declared as data and read from the query of a call.
//!
//! A vendor declares a [`Listing`] for each of its lists, and words two things itself: the envelope (a function from a [`Page`] to
//! JSON) and the refusal of what cannot be read. Without filters and sort keys only the documents of the page are read, however many
//! there are; with them, each document is passed over for the members that are asked for, up to so many bytes for one answer.

mod envelope;
mod query;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use envelope::Envelope;
pub use query::Query;

use crate::base::json::{self, Written};
use crate::base::time::Timestamp;
use crate::engine::call::Call;
use crate::engine::refusal::Refusal;
use crate::spec::Operation;
use crate::world::Row;

/// How a list may be asked for.
pub struct Listing {
    /// What the query may filter by, beside the parameters of the document whose schemas say `x-member` (a JSON pointer into the
    /// documents) and, unless it is `equal`, `x-test` ([`Test::named`]).
    pub filters: &'static [Filter],
    /// Reads the times of filters, and those of members that are no timestamps.
    pub time: fn(&str) -> Option<Timestamp>,
    /// What the query may sort by.
    pub sorting: Sorting,
    /// Whether the order of creation, which unsorted lists have, begins with the newest.
    pub newest_first: bool,
    /// The number of the page; its `least` is the number of the first page.
    pub page: Number,
    /// The size of a page.
    pub size: Number,
    /// Whether a page behind the last one is refused. Otherwise it is empty.
    pub refuse_past_end: bool,
    /// The name of the cursor in the query; empty if there are none.
    pub cursor: &'static str,
    /// Words what is wrong with the query.
    pub refuse: fn(&[Fault<'_>]) -> Refusal,
}

/// A filter: all of those that a query names have to pass. Empty values filter nothing.
#[derive(Clone, Copy)]
pub struct Filter {
    /// Its name in the query.
    pub name: &'static str,
    /// The member of the document, as a JSON pointer.
    pub member: &'static str,
    /// How member and value compare.
    pub test: Test,
}

/// How a member of a document has to compare with the value in the query.
#[derive(Clone, Copy)]
pub enum Test {
    /// It is exactly that text.
    Equal,
    /// It is that text in any case of letters.
    Caseless,
    /// It is one of the texts that come under that name, or that name with `[]`.
    OneOf,
    /// It contains that text, in any case of letters.
    Contains,
    /// It is a number that differs from it by less than this.
    Near(f64),
    /// It is a time within that bound.
    Time(Bound),
    /// It is a number within that bound.
    Number(Bound),
    /// What the function says of the member (`null` if there is none) and the value.
    By(fn(&Value, &str) -> bool),
    /// What it says of the member and one of the values that come under that name.
    AnyBy(fn(&Value, &str) -> bool),
    /// The same of a test that no member passes in which the text is not somewhere, in any case of letters.
    Within(fn(&Value, &str) -> bool),
}

/// One end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Greater or later, the bound itself excluded.
    After,
    /// Greater or later, the bound itself included.
    From,
    /// Less or earlier, the bound itself excluded.
    Before,
    /// Less or earlier, the bound itself included.
    Until,
}

/// How a query names a sort key and a direction (`asc` or `desc`, in any case of letters).
pub struct Sorting {
    /// The name of the key in the query.
    pub key: &'static str,
    /// The name of the direction in the query.
    pub direction: &'static str,
    /// The keys; others are ignored. One without a member is the order of creation, and what counts when none is named.
    pub keys: &'static [Key],
    /// Whether it is descending unless the query says otherwise.
    pub descending: bool,
}

/// A sort key: what rows are compared by.
pub struct Key {
    /// Its name in the query.
    pub name: &'static str,
    /// The member of the document, as a JSON pointer; empty for the order of creation.
    pub member: &'static str,
    /// How two of them compare.
    pub by: By,
}

/// How sort keys compare. Documents without the member come first, equal ones keep the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Numbers by size, texts by their bytes, `false` before `true`.
    Value,
    /// Texts in any case of letters.
    Caseless,
    /// Times, however many digits of a second they have.
    Time,
}

/// A number in the query.
pub struct Number {
    /// Its names, of which the first that is given counts; none if it cannot be given.
    pub names: &'static [&'static str],
    /// What it is when it is missing or empty.
    pub usual: usize,
    /// The smallest that is taken as it is.
    pub least: usize,
    /// The greatest; what is above counts as this.
    pub most: usize,
    /// How the vendor reads numbers.
    pub read: fn(&str) -> Option<usize>,
    /// What becomes of one that cannot be read or is too small.
    pub bad: Bad,
}

/// What becomes of a number that cannot be read or is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// The call is refused, by [`Listing::refuse`].
    Refused,
    /// It counts as not sent.
    Usual,
    /// It counts as the smallest.
    Least,
}

/// Something wrong with the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault<'a> {
    /// The name in the query.
    pub name: &'a str,
    /// The value as it was sent, decoded.
    pub value: &'a str,
    /// What the value should have been.
    pub kind: FaultKind,
}

/// What a value in the query is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A number that is not too small.
    Number,
    /// A time as [`Listing::time`] reads it.
    Time,
    /// A page of this list.
    PastEnd,
    /// A cursor of this list.
    Cursor,
}

/// A page of a list.
pub struct Page<T> {
    /// The rows on this page.
    pub rows: Vec<T>,
    /// Its number, as the vendor counts pages.
    pub number: usize,
    /// How many rows a page has room for.
    pub size: usize,
    /// How many rows lie on the pages before.
    pub skipped: usize,
    /// How many rows there are on all pages; 0 behind a cursor, where nobody counts.
    pub total: usize,
    /// Whether there is a page behind it.
    pub has_next: bool,
    /// What leads to the next page, if this one was asked for by a cursor.
    pub cursor: Option<String>,
}

impl Listing {
    /// What a call asks of this list.
    ///
    /// # Errors
    /// When something in the query cannot be read, as the list words it.
    pub fn read<'c>(&'c self, call: &'c Call<'_>) -> Result<Query<'c>, Refusal> {
        let mut faults = Vec::new();
        let declared = call.operation.into_iter().flat_map(Operation::filters);
        let declared = declared.filter_map(|(name, member, test)| Some((name, member, Test::named(test)?)));
        let filters = self.filters.iter().map(|filter| (filter.name, filter.member, filter.test)).chain(declared);
        let conditions = filters.filter_map(|filter| query::condition(filter, call, self.time, &mut faults)).collect();
        let (page, size) = (self.page.read(call, &mut faults), self.size.read(call, &mut faults));
        if !faults.is_empty() {
            return Err((self.refuse)(&faults));
        }
        let Sorting { key, direction, keys, descending } = &self.sorting;
        let key = call.query(key).and_then(|name| keys.iter().find(|key| key.name == name));
        let key = key.or_else(|| keys.iter().find(|key| key.member.is_empty()));
        let descending = match call.query(direction) {
            Some(word) if word.eq_ignore_ascii_case("desc") => true,
            Some(word) if word.eq_ignore_ascii_case("asc") => false,
            _ => *descending,
        };
        let by_creation = key.is_some_and(|key| key.member.is_empty());
        let cursor = Some(self.cursor).filter(|name| !name.is_empty()).and_then(|name| call.query(name));
        Ok(Query {
            listing: self,
            conditions,
            key: key.filter(|_| !by_creation),
            reversed: if by_creation { descending != self.newest_first } else { descending && key.is_some() },
            cursor,
            page,
            size,
        })
    }
}

impl Test {
    /// The test that `x-test` of a parameter names.
    pub(crate) fn named(word: &str) -> Option<Self> {
        match word {
            "equal" => Some(Self::Equal),
            "caseless" => Some(Self::Caseless),
            "one-of" => Some(Self::OneOf),
            "contains" => Some(Self::Contains),
            "from" => Some(Self::Time(Bound::From)),
            "until" => Some(Self::Time(Bound::Until)),
            // Numbers of three decimals are the same.
            "near" => Some(Self::Near(0.000_5)),
            _ => None,
        }
    }
}

impl Sorting {
    /// A list that cannot be sorted.
    pub const NONE: Self = Self { key: "", direction: "", keys: &[], descending: false };
}

impl Number {
    fn read<'c>(&'c self, call: &'c Call<'_>, faults: &mut Vec<Fault<'c>>) -> usize {
        let given = self.names.iter().find_map(|name| Some((*name, call.query(name)?)));
        let Some((name, text)) = given.filter(|(_, text)| !text.is_empty()) else { return self.usual };
        match ((self.read)(text).filter(|number| *number >= self.least), self.bad) {
            (Some(number), _) => number.min(self.most),
            (None, Bad::Least) => self.least,
            (None, Bad::Usual) => self.usual,
            (None, Bad::Refused) => {
                faults.push(Fault { name, value: text, kind: FaultKind::Number });
                self.usual
            }
        }
    }
}

impl<T> Page<T> {
    /// How many pages there are.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.total.div_ceil(self.size)
    }

    /// The same page of what its rows become.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let Self { rows, number, size, skipped, total, has_next, cursor } = self;
        Page { rows: rows.into_iter().map(change).collect(), number, size, skipped, total, has_next, cursor }
    }
}

impl Page<&Row> {
    /// The same page of read documents.
    #[must_use]
    pub fn read<T: DeserializeOwned>(self) -> Page<T> {
        self.map(|row| json::read(row.body()))
    }

    /// The same page of documents that are answered as they are stored.
    #[must_use]
    pub fn written(self) -> Page<Written> {
        self.map(Row::written)
    }
}

/// A query with a name set to a value where it stands first, or at the end, and nowhere else; or without that name.
#[must_use]
pub fn with(mut pairs: Vec<(String, String)>, name: &str, value: Option<String>) -> Vec<(String, String)> {
    let first = pairs.iter().position(|(other, _)| other == name);
    pairs.retain(|(other, _)| other != name);
    if let Some(value) = value {
        pairs.insert(first.unwrap_or(pairs.len()), (name.to_owned(), value));
    }
    pairs
}

/// An absolute address of a path below the mount, with a query.
///
/// # Panics
/// Never: pairs of texts can always be a query.
#[must_use]
pub fn link(call: &Call<'_>, path: &str, pairs: &[(String, String)]) -> String {
    let query = serde_html_form::to_string(pairs).expect("pairs of texts can always be a query");
    let mark = if query.is_empty() { "" } else { "?" };
    call.url(&format!("{path}{mark}{query}"))
}

/// A number as it is written: digits, and nothing else.
#[must_use]
pub fn digits(text: &str) -> Option<usize> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};
    use serde_json::json;

    use super::*;
    use crate::engine::call::{Request, Validation, pairs};

    const LISTING: Listing = Listing {
        filters: &[
            Filter { name: "status", member: "/status", test: Test::OneOf },
            Filter { name: "name", member: "/to/name", test: Test::Contains },
            Filter { name: "total_min", member: "/total", test: Test::Number(Bound::From) },
            Filter { name: "created_at_start", member: "/created_at", test: Test::Time(Bound::From) },
        ],
        time: |text| text.parse().ok(),
        sorting: Sorting {
            key: "sort_by",
            direction: "sort_dir",
            keys: &[
                Key { name: "created_at", member: "", by: By::Time },
                Key { name: "total", member: "/total", by: By::Value },
                Key { name: "name", member: "/to/name", by: By::Caseless },
            ],
            descending: true,
        },
        newest_first: true,
        page: Number { names: &["page"], usual: 1, least: 1, most: usize::MAX, read: digits, bad: Bad::Refused },
        size: Number { names: &["page_size"], usual: 2, least: 1, most: 500, read: digits, bad: Bad::Usual },
        refuse_past_end: false,
        cursor: "",
        refuse: |faults| {
            Refusal::Because("faults", json!(faults.iter().map(|fault| format!("{}={}", fault.name, fault.value)).collect::<Vec<_>>()))
        },
    };

    /// The envelope of ShipStation's newer API.
    fn envelope(call: &Call<'_>, page: &Page<Value>) -> Value {
        let filters = with(with(call.query.clone(), "page", None), "page_size", None);
        let href = |number: usize| {
            let numbered = with(filters.clone(), "page", Some(number.to_string()));
            json!({"href": link(call, call.path, &with(numbered, "page_size", Some(page.size.to_string())))})
        };
        let neighbor = |is_there: bool, number| if is_there { href(number) } else { json!({}) };
        let links = json!({
            "first": href(1), "last": href(page.pages().max(1)),
            "prev": neighbor(page.number > 1, page.number.saturating_sub(1)), "next": neighbor(page.has_next, page.number + 1),
        });
        let ids: Vec<&Value> = page.rows.iter().map(|row| &row["id"]).collect();
        json!({"ids": ids, "total": page.total, "page": page.number, "pages": page.pages(), "links": links})
    }

    fn answer(query: &str) -> Value {
        let row = |id: u32, status, total, name: Option<&str>, created_at| json!({"id": id, "status": status, "total": total, "to": {"name": name}, "created_at": created_at});
        let rows = vec![
            row(1, "held", 7, Some("ann"), "2026-01-05T09:00:00Z"),
            row(2, "sent", 5, Some("Bob"), "2026-01-05T09:00:00.5Z"),
            row(3, "held", 5, None, "2026-01-06T09:00:00Z"),
        ];
        let (path, headers, body) = ("/v2/x".to_owned(), HeaderMap::new(), Bytes::new());
        let peer = std::net::IpAddr::from([127, 0, 0, 1]);
        let request = Request {
            method: Method::GET,
            path,
            query: query.to_owned(),
            headers,
            body,
            peer,
            mount: None,
            version: http::Version::HTTP_11,
            is_secure: false,
        };
        let (parameters, violations) = (Vec::new(), Vec::new());
        let call = Call {
            request: &request,
            operation: None,
            prefix: "",
            path: "/v2/x",
            parameters,
            query: pairs(query),
            body: Value::Null,
            violations: violations.into(),
            departures: std::sync::Arc::default(),
            validation: Validation::Noted,
            remarks: Vec::new(),
            base: None,
        };
        match LISTING.read(&call).and_then(|query| query.rows(rows)) {
            Ok(page) => envelope(&call, &page),
            Err(Refusal::Because(_, faults)) => faults,
            Err(_) => Value::Null,
        }
    }

    fn check(query: &str, ids: &[u32]) {
        assert_eq!(answer(query)["ids"], json!(ids), "{query}");
    }

    #[test]
    fn a_name_that_stands_twice_in_a_query_is_set_once() {
        let pairs = |rows: &[(&str, &str)]| rows.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
        let twice = pairs(&[("page", "1"), ("a", "b"), ("page", "2")]);
        assert_eq!(with(twice.clone(), "page", Some("3".to_owned())), pairs(&[("page", "3"), ("a", "b")]));
        assert_eq!(with(twice.clone(), "c", Some("d".to_owned())).len(), 4);
        assert_eq!(with(twice, "page", None), pairs(&[("a", "b")]));
    }

    #[test]
    fn rows_are_filtered_and_sorted_by_what_the_query_names() {
        check("", &[3, 2]);
        check("page=2", &[1]);
        check("page=3", &[]);
        check("page_size=x&sort_dir=ASC", &[1, 2]);
        check("page_size=9&sort_by=total", &[1, 3, 2]);
        check("page_size=9&sort_by=total&sort_dir=asc", &[3, 2, 1]);
        check("page_size=9&sort_by=name&sort_dir=asc", &[3, 1, 2]);
        check("page_size=9&sort_by=color", &[3, 2, 1]);
        check("status=held", &[3, 1]);
        check("status[]=held&status[]=sent&page_size=9", &[3, 2, 1]);
        check("status=", &[3, 2]);
        check("name=B", &[2]);
        check("total_min=6", &[1]);
        check("created_at_start=2026-01-05T09:00:00.2Z", &[3, 2]);
    }

    #[test]
    fn links_lead_to_the_neighbors_with_the_same_filters() {
        assert_eq!(
            answer("page=2&page_size=1&status=held"),
            json!({"ids": [1], "total": 2, "page": 2, "pages": 2, "links": {
                "first": {"href": "http://127.0.0.1/v2/x?status=held&page=1&page_size=1"},
                "last": {"href": "http://127.0.0.1/v2/x?status=held&page=2&page_size=1"},
                "prev": {"href": "http://127.0.0.1/v2/x?status=held&page=1&page_size=1"},
                "next": {},
            }})
        );
    }

    #[test]
    fn everything_that_cannot_be_read_is_told_at_once() {
        assert_eq!(answer("page=0&created_at_start=soon&total_min=x"), json!(["total_min=x", "created_at_start=soon", "page=0"]));
    }
}
