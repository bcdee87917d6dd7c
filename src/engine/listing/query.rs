//! A list as it is asked for: which rows pass, in which order, and those of one page.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;

use super::{Bound, By, Fault, FaultKind, Key, Listing, Page, Test};
use crate::base::json;
use crate::base::time::Timestamp;
use crate::engine::call::Call;
use crate::engine::cx::{Docs, READ};
use crate::engine::refusal::Refusal;
use crate::world::{Kind, Row};

/// What a cursor holds in front of the id of the last row.
const CURSOR: &[u8] = b"p=";

/// What a call asks of a list.
pub struct Query<'c> {
    pub(super) listing: &'c Listing,
    pub(super) conditions: Vec<Condition<'c>>,
    pub(super) key: Option<&'c Key>,
    pub(super) reversed: bool,
    pub(super) cursor: Option<&'c str>,
    pub(super) page: usize,
    pub(super) size: usize,
}

type Rows<'d> = Box<dyn Iterator<Item = &'d Row> + 'd>;

/// A filter with the value that the query gives it.
pub(super) struct Condition<'c> {
    member: &'c str,
    test: Test,
    wanted: Wanted<'c>,
    time: fn(&str) -> Option<Timestamp>,
    /// Where a time is wanted.
    days: Option<Days>,
}

/// Days such that all times of earlier and of later ones are earlier and later than some time. Most times need not be read then.
struct Days {
    before: String,
    after: String,
}

enum Wanted<'c> {
    Texts(Vec<&'c str>),
    Number(f64),
    Time(Timestamp),
}

/// The condition that a query makes of a filter, if it names it; what cannot be read becomes a fault.
pub(super) fn condition<'c>(
    (name, member, test): (&'c str, &'c str, Test),
    call: &'c Call<'_>,
    time: fn(&str) -> Option<Timestamp>,
    faults: &mut Vec<Fault<'c>>,
) -> Option<Condition<'c>> {
    let is_named = |other: &str| other == name || matches!(test, Test::OneOf) && other.strip_suffix("[]") == Some(name);
    let mut values: Vec<&str> =
        call.query.iter().filter(|(name, value)| is_named(name) && !value.is_empty()).map(|(_, value)| value.as_str()).collect();
    let last = *values.last()?;
    let mut fault = |kind| faults.push(Fault { name, value: last, kind });
    let wanted = match test {
        Test::Time(_) => Wanted::Time(time(last).or_else(|| {
            fault(FaultKind::Time);
            None
        })?),
        // A document has no member that is near to what is no number.
        Test::Near(_) => Wanted::Number(last.parse().unwrap_or(f64::NAN)),
        Test::Number(_) => Wanted::Number(last.parse().ok().or_else(|| {
            fault(FaultKind::Number);
            None
        })?),
        Test::OneOf | Test::AnyBy(_) => Wanted::Texts(values),
        _ => Wanted::Texts(values.split_off(values.len() - 1)),
    };
    Some(Condition::of(member, test, wanted, time))
}

impl<'c> Query<'c> {
    /// Adds a condition that the query does not name: the member is a time within a bound.
    pub fn and(&mut self, member: &'c str, bound: Bound, time: Timestamp) {
        let (test, wanted) = (Test::Time(bound), Wanted::Time(time));
        self.conditions.push(Condition::of(member, test, wanted, self.listing.time));
    }

    /// The time that a member has to lie behind, and the one that it has to lie in front of.
    #[must_use]
    pub fn span(&self, member: &str) -> (Option<Timestamp>, Option<Timestamp>) {
        let end = |bounds: [Bound; 2]| {
            self.conditions.iter().filter(|condition| condition.member == member).find_map(|condition| match condition {
                Condition { test: Test::Time(bound), wanted: Wanted::Time(time), .. } if bounds.contains(bound) => Some(*time),
                _ => None,
            })
        };
        (end([Bound::After, Bound::From]), end([Bound::Before, Bound::Until]))
    }

    /// The page of the documents of a kind, as they are stored.
    ///
    /// # Errors
    /// When there is no such page, as the list words it.
    pub fn documents<'d>(&self, docs: &'d Docs<'_>, kind: Kind) -> Result<Page<&'d Row>, Refusal> {
        if let Some(cursor) = self.cursor {
            return self.behind(cursor, docs, kind);
        }
        let rows = self.by_creation(docs, &kind);
        if self.takes_all() {
            return bounded(docs, self.cut(docs.count(kind), rows)?);
        }
        let rows = self.in_order(rows, |row| self.lets_pass(docs, row.body()), |row, member| within(docs, row.body(), member));
        bounded(docs, self.cut(rows.len(), rows.into_iter())?)
    }

    /// The page behind the document that a cursor names; the empty cursor is the beginning. Nothing is counted, and new documents
    /// move no page, as they do where pages are numbered.
    ///
    /// # Errors
    /// When the list has no such document, as the list words it.
    pub fn behind<'d>(&self, cursor: &str, docs: &'d Docs<'_>, kind: Kind) -> Result<Page<&'d Row>, Refusal> {
        let rows = self.by_creation(docs, &kind);
        let (mut rows, is_filtered): (Rows<'_>, _) = match self.key {
            Some(_) => {
                let rows = self.in_order(rows, |row| self.lets_pass(docs, row.body()), |row, member| within(docs, row.body(), member));
                (Box::new(rows.into_iter()), true)
            }
            None => (rows, self.takes_all()),
        };
        if !cursor.is_empty() {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
            let last = bytes.strip_prefix(CURSOR);
            if last.and_then(|last| rows.find(|row| row.id().as_bytes() == last)).is_none() {
                let fault = Fault { name: self.listing.cursor, value: cursor, kind: FaultKind::Cursor };
                return Err((self.listing.refuse)(&[fault]));
            }
        }
        let mut rows = rows.filter(|row| is_filtered || self.lets_pass(docs, row.body()));
        let page: Vec<_> = rows.by_ref().take(self.size).collect();
        let next = rows.next().and(page.last()).map(|row| URL_SAFE_NO_PAD.encode([CURSOR, row.id().as_bytes()].concat()));
        bounded(docs, Page { rows: page, number: self.page, size: self.size, skipped: 0, total: 0, has_next: next.is_some(), cursor: next })
    }

    /// The page of rows that are given in the order of creation, or that the vendor ordered itself.
    ///
    /// # Errors
    /// When there is no such page, as the list words it.
    pub fn rows<T: Serialize>(&self, rows: Vec<T>) -> Result<Page<T>, Refusal> {
        if self.takes_all() {
            return self.rows_by(rows, |_, _| Value::Null);
        }
        let value = |row: T| (serde_json::to_value(&row).expect("rows have text keys"), row);
        let page =
            self.rows_by(rows.into_iter().map(value).collect(), |(value, _), member| value.pointer(member).cloned().unwrap_or_default());
        Ok(page?.map(|(_, row)| row))
    }

    /// The same of rows whose members `read` reads, so that those that are not asked for need not be made.
    ///
    /// # Errors
    /// When there is no such page, as the list words it.
    pub fn rows_by<T>(&self, mut rows: Vec<T>, read: impl Fn(&T, &str) -> Value) -> Result<Page<T>, Refusal> {
        if self.begins_with_newest() {
            rows.reverse();
        }
        let passes = |row: &T| self.conditions.iter().all(|condition| condition.holds(&read(row, condition.member)));
        let rows = if self.takes_all() { rows } else { self.in_order(rows.into_iter(), passes, &read) };
        self.cut(rows.len(), rows.into_iter())
    }

    /// The same of stored documents, given in the order of creation.
    ///
    /// # Errors
    /// When there is no such page, as the list words it.
    pub fn bodies<'d>(&self, docs: &Docs<'_>, bodies: Vec<&'d str>) -> Result<Page<&'d str>, Refusal> {
        let page = self.rows_by(bodies, |body, member| within(docs, body, member))?;
        if docs.may_read(page.rows.iter().copied()) { Ok(page) } else { Err(Refusal::Broken) }
    }

    /// The page of `total` rows that come in the order of the list; filters and sort keys are not looked at.
    ///
    /// # Errors
    /// When there is no such page, as the list words it.
    pub fn cut<T>(&self, total: usize, rows: impl Iterator<Item = T>) -> Result<Page<T>, Refusal> {
        let Self { listing, page, size, .. } = *self;
        let skipped = (page - listing.page.least).saturating_mul(size);
        if listing.refuse_past_end && page > listing.page.least && skipped >= total {
            let fault =
                Fault { name: listing.page.names.first().copied().unwrap_or_default(), value: &page.to_string(), kind: FaultKind::PastEnd };
            return Err((listing.refuse)(&[fault]));
        }
        let mut page_rows = Vec::with_capacity(size.min(total.saturating_sub(skipped)));
        page_rows.extend(rows.skip(skipped).take(size));
        let has_next = skipped.saturating_add(page_rows.len()) < total;
        Ok(Page { rows: page_rows, number: page, size, skipped, total, has_next, cursor: None })
    }

    fn by_creation<'d>(&self, docs: &'d Docs<'_>, kind: &Kind) -> Rows<'d> {
        if self.begins_with_newest() { Box::new(docs.stored(kind).rev()) } else { Box::new(docs.stored(kind)) }
    }

    fn begins_with_newest(&self) -> bool {
        self.listing.newest_first != (self.reversed && self.key.is_none())
    }

    /// Whether nothing is filtered or sorted, so that no document has to be read for the choice.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.conditions.is_empty() && self.key.is_none()
    }

    /// Whether a stored document passes all filters.
    fn lets_pass(&self, docs: &Docs<'_>, body: &str) -> bool {
        self.conditions.iter().all(|condition| match found(docs, body, condition.member) {
            Some(member) => condition.may_hold(member) && condition.holds(&read(docs, member)),
            None => condition.holds(&Value::Null),
        })
    }

    /// The rows that pass, sorted. `read` reads a member of a row.
    fn in_order<T>(&self, rows: impl Iterator<Item = T>, passes: impl Fn(&T) -> bool, read: impl Fn(&T, &str) -> Value) -> Vec<T> {
        let passing = rows.filter(passes);
        let Some(key) = self.key else { return passing.collect() };
        let mut passing: Vec<(Place, T)> = passing.map(|row| (key.by.place(read(&row, key.member)), row)).collect();
        passing.sort_by(|(left, _), (right, _)| if self.reversed { right.compare(left) } else { left.compare(right) });
        passing.into_iter().map(|(_, row)| row).collect()
    }
}

/// A member of a stored document, as it is written there.
fn found<'d>(docs: &Docs<'_>, body: &'d str, member: &str) -> Option<&'d str> {
    let found = json::at(body, member);
    let end = found.map_or(body.len(), |found| found.as_ptr().addr() - body.as_ptr().addr() + found.len());
    if docs.may_pass(end) { found } else { None }
}

fn read(docs: &Docs<'_>, member: &str) -> Value {
    if docs.may_pass(READ * member.len()) { json::read(member) } else { Value::Null }
}

/// A member of a stored document, of which nothing else is read.
fn within(docs: &Docs<'_>, body: &str, member: &str) -> Value {
    found(docs, body, member).map(|found| read(docs, found)).unwrap_or_default()
}

/// Whether a text of a JSON text may have another one in it, in any case of letters: false only where it has not.
fn may_have(json: &str, wanted: &str) -> bool {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b" -_.:".contains(&letter);
    let Some(first) = wanted.bytes().next().filter(|_| wanted.bytes().all(is_plain) && json.is_ascii()) else { return true };
    let (json, wanted) = (json.as_bytes(), wanted.as_bytes());
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), json)
        .any(|at| json.get(at..at + wanted.len()).is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
}

/// The page, unless its documents are more than is read for one answer.
fn bounded<'d>(docs: &Docs<'_>, page: Page<&'d Row>) -> Result<Page<&'d Row>, Refusal> {
    if docs.may_read(page.rows.iter().map(|row| row.body())) { Ok(page) } else { Err(Refusal::Broken) }
}

impl<'c> Condition<'c> {
    fn of(member: &'c str, test: Test, wanted: Wanted<'c>, time: fn(&str) -> Option<Timestamp>) -> Self {
        let days = if let Wanted::Time(time) = wanted { Days::around(time) } else { None };
        Self { member, test, wanted, time, days }
    }

    /// Whether a member may pass, before it is read.
    fn may_hold(&self, member: &str) -> bool {
        match (self.test, &self.wanted) {
            (Test::Within(_), Wanted::Texts(wanted)) => wanted.iter().any(|wanted| may_have(member, wanted)),
            _ => true,
        }
    }

    fn holds(&self, member: &Value) -> bool {
        let text = || member.as_str().unwrap_or_default();
        match (self.test, &self.wanted) {
            (Test::Near(distance), Wanted::Number(wanted)) => member.as_f64().is_some_and(|found| (found - wanted).abs() < distance),
            (Test::Number(bound), Wanted::Number(wanted)) => member.as_f64().is_some_and(|found| bound.holds(found.total_cmp(wanted))),
            (Test::Time(bound), Wanted::Time(wanted)) => {
                let text = text();
                if let Some(order) = self.days.as_ref().and_then(|days| days.compare(text)) {
                    return bound.holds(order);
                }
                // A time without a zone is no instant, and finding that out takes longer than all the rest.
                let has_zone = text.get(10..).is_some_and(|rest| rest.contains(['Z', 'z', '+', '-']));
                let found = Some(text).filter(|_| has_zone).and_then(|text| text.parse().ok()).or_else(|| (self.time)(text));
                found.is_some_and(|found: Timestamp| bound.holds(found.cmp(wanted)))
            }
            (test, Wanted::Texts(wanted)) => wanted.iter().any(|wanted| match test {
                Test::Equal | Test::OneOf => text() == *wanted,
                Test::Caseless if text().is_ascii() && wanted.is_ascii() => text().eq_ignore_ascii_case(wanted),
                Test::Caseless => text().to_lowercase() == wanted.to_lowercase(),
                Test::Contains => text().to_lowercase().contains(&wanted.to_lowercase()),
                Test::By(passes) | Test::AnyBy(passes) | Test::Within(passes) => passes(member, wanted),
                Test::Near(_) | Test::Number(_) | Test::Time(_) => false,
            }),
            _ => false,
        }
    }
}

impl Bound {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::After => found.is_gt(),
            Self::From => found.is_ge(),
            Self::Before => found.is_lt(),
            Self::Until => found.is_le(),
        }
    }
}

impl Days {
    fn around(time: Timestamp) -> Option<Self> {
        let day = |hours: i64| time.checked_add(SignedDuration::from_hours(hours)).ok().map(|time| time.strftime("%Y-%m-%d").to_string());
        Some(Self { before: day(-48)?, after: day(48)? })
    }

    /// How a time compares by its day alone, whatever its zone; `None` where that does not tell.
    fn compare(&self, text: &str) -> Option<Ordering> {
        let day = text.get(..10)?;
        let is_day = day.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
        match () {
            () if !is_day => None,
            () if day < self.before.as_str() => Some(Ordering::Less),
            () if day > self.after.as_str() => Some(Ordering::Greater),
            () => None,
        }
    }
}

/// What a row is sorted by, read once.
enum Place {
    Nothing,
    Flag(bool),
    Number(f64),
    Time(Option<Timestamp>),
    Text(String),
    Other,
}

impl Place {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Time(own), Self::Time(other)) => own.cmp(other),
            (Self::Text(own), Self::Text(other)) => own.cmp(other),
            (Self::Number(own), Self::Number(other)) => own.total_cmp(other),
            (Self::Flag(own), Self::Flag(other)) => own.cmp(other),
            _ => matches!(other, Self::Nothing).cmp(&matches!(self, Self::Nothing)),
        }
    }
}

impl By {
    fn place(self, value: Value) -> Place {
        match (self, value) {
            (Self::Time, value) => Place::Time(value.as_str().and_then(|text| text.parse().ok())),
            (Self::Caseless, Value::String(text)) => Place::Text(text.to_lowercase()),
            (Self::Value, Value::String(text)) => Place::Text(text),
            (_, Value::Number(number)) => Place::Number(number.as_f64().unwrap_or_default()),
            (_, Value::Bool(flag)) => Place::Flag(flag),
            (_, Value::Null) => Place::Nothing,
            (_, Value::Array(_) | Value::Object(_)) => Place::Other,
        }
    }
}
