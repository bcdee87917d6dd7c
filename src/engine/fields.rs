//! What a schema cannot say of a request: one reader of its members, and one report of what is wrong with them.
//!
//! # How the checks of an operation are written
//!
//! 1. **Put into `openapi.yaml` what it can say**: `required`, types, lengths, limits, `enum`, `pattern`, `format`, in the order in
//!    which the vendor tells its complaints. A test of a text that is no standard format (a country's code, a catalog's key) is a
//!    `format` of your own, with its function in [`Reading::formats`](crate::spec::Reading). Say each rule as the vendor's guide says it
//!    (`type: number`), not how leniently it is read.
//! 2. **Say the leniency once**, in the `reading` of the [`Vendor`](crate::engine::Vendor): numbers as texts, blanks, PHP's lists,
//!    bodies that are no object. The checker applies it, and the body that the handler gets has the document's types, so that it
//!    deserializes into plain serde types: no `deserialize_with`.
//! 3. **Word the violations once**, where the dialect meets [`Refusal::Invalid`]: a function from [`Violation`]s to the vendor's body.
//!    They come in the order of the document, each with its path, the value as it was sent (`None`: not sent) and the rule with its
//!    limits. A vendor that tells only the first one of a member, or of all, takes the first.
//! 4. **Choose the row**: [`on`](crate::engine::Operations::on) if the handler may take a valid request for granted;
//!    [`on_late`](crate::engine::Operations::on_late) if it has to refuse for another reason first (no such document, no right), or adds
//!    violations of its own. In a late row [`Json`](crate::engine::Json) and [`Call::valid`] refuse as soon as they are reached.
//!    [`on_raw`](crate::engine::Operations::on_raw) is for bodies that the vendor reads in a way which no document and `reading` can say.
//! 5. **What only the world or two members together can say** stays in the handler: collect it in a [`Report`]. It begins with what the
//!    document found, takes what you [`add`](Report::add), and refuses with all of it in the order of the document, wherever the rule
//!    was written. What has no rule of its own is [`Rule::Vendor`] with a code and the facts that its text needs.
//!
//! ```
//! # use seatrial::engine::fields::{Field, Report};
//! # use seatrial::engine::{Cx, Outcome, Reply};
//! # use seatrial::spec::Rule;
//! # use seatrial::world::Kind;
//! # const ORDER: Kind = Kind::new("order");
//! fn create(cx: &mut Cx<'_>) -> Outcome {
//!     let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
//!     let reference = body.member("reference");
//!     if reference.text().is_some_and(|text| cx.docs.has(ORDER, text)) {
//!         report.add(&reference, Rule::Vendor("taken", ().into()));
//!     }
//!     for parcel in body.member("parcels").elements() {
//!         if parcel.member("weight").integer().is_none() && parcel.member("packaging").value.is_none() {
//!             report.add(&parcel.member("weight"), Rule::Required);
//!         }
//!     }
//!     report.finish()?;
//!     // From here on the body is valid.
//!     Ok(Reply::ok(cx.call.body.clone()))
//! }
//! ```
//!
//! Nothing is allocated for a request that is in order.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::base::json;
use crate::engine::call::Call;
use crate::engine::cx::Cx;
use crate::engine::refusal::Refusal;
use crate::spec::{self, Operation, ParameterIn, Path, Rule, Violation};

/// A value of a request, and where it stands. `None` when it is missing or null.
#[derive(Clone, Copy, Debug)]
pub struct Field<'v, 'p> {
    pub path: Path<'p>,
    pub value: Option<&'v Value>,
}

impl<'v, 'p> Field<'v, 'p> {
    /// The whole body of a call.
    #[must_use]
    pub fn body(call: &'v Call<'_>) -> Self {
        Self::root(&call.body)
    }

    #[must_use]
    pub fn root(value: &'v Value) -> Self {
        Self { path: Path::Root, value: Some(value).filter(|value| !value.is_null()) }
    }

    /// A member of an object; of anything else there are none.
    #[must_use]
    pub fn member<'q>(&'q self, name: &'q str) -> Field<'v, 'q> {
        Field { path: Path::Member(&self.path, name), value: self.found(name) }
    }

    /// A member whose name is the caller's own.
    #[must_use]
    pub fn key<'q>(&'q self, name: &'q str) -> Field<'v, 'q> {
        Field { path: Path::Key(&self.path, name), value: self.found(name) }
    }

    /// The elements of a list; of anything else there are none.
    pub fn elements<'q>(&'q self) -> impl Iterator<Item = Field<'v, 'q>> {
        let rows = self.value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let field = |(index, value): (usize, &'v Value)| Field {
            path: Path::Element(&self.path, index),
            value: Some(value).filter(|value| !value.is_null()),
        };
        rows.iter().enumerate().map(field)
    }

    /// Whether a member of that name was sent at all, be it null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.object().is_some_and(|members| members.contains_key(name))
    }

    #[must_use]
    pub fn text(&self) -> Option<&'v str> {
        self.value?.as_str()
    }

    /// It as a whole number.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        self.value?.as_i64()
    }

    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.value?.as_f64()
    }

    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        self.value?.as_bool()
    }

    #[must_use]
    pub fn object(&self) -> Option<&'v Map<String, Value>> {
        self.value?.as_object()
    }

    fn found(&self, name: &str) -> Option<&'v Value> {
        json::member(self.object()?, name).filter(|value| !value.is_null())
    }
}

/// What is wrong with a request.
pub struct Report<'c> {
    /// The operation whose document gives the order.
    operation: Option<&'c Operation>,
    violations: Arc<Vec<Violation>>,
    is_sorted: bool,
}

impl<'c> Report<'c> {
    /// What the document finds wrong with a call, to which a rule adds what it finds.
    #[must_use]
    pub fn of(call: &'c Call<'_>) -> Self {
        Self { operation: call.operation, violations: Arc::clone(&call.violations), is_sorted: true }
    }

    /// What is wrong with a part of a request, for [`Report::part`].
    #[must_use]
    pub fn of_part() -> Self {
        Self { operation: None, violations: Arc::default(), is_sorted: true }
    }

    /// What an operation's document finds wrong with a body that came by another way than its own, such as one of a batch. The body
    /// becomes what the vendor reads it as.
    ///
    /// # Panics
    /// If the vendor's document has no such operation.
    #[must_use]
    pub fn of_body(cx: &Cx<'c>, operation: &str, body: &mut Value) -> Self {
        let operation = cx.catalog().operation(operation).unwrap_or_else(|| panic!("the document has no operation `{operation}`"));
        operation.arrange_body(body, &cx.vendor.reading);
        let found = operation.check_body(body, &cx.vendor.reading);
        spec::apply(body, found.changes);
        Self { operation: Some(operation), violations: found.violations.into(), is_sorted: true }
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether nothing is wrong so far with a value or what is in it. Once as much is wrong as is told, nothing else is fine.
    #[must_use]
    pub fn is_fine(&self, field: &Field<'_, '_>) -> bool {
        self.violations.is_empty() || {
            let path = field.path.to_steps();
            let is_there = |row: &Violation| row.location == ParameterIn::Body && row.path.starts_with(&path);
            self.violations.len() < spec::MOST_VIOLATIONS && !self.violations.iter().any(is_there)
        }
    }

    /// Adds what a rule finds wrong with a member of the body.
    #[cold]
    pub fn add(&mut self, field: &Field<'_, '_>, rule: Rule) {
        let value = field.value.map(spec::kept);
        self.put(Violation { location: ParameterIn::Body, path: field.path.to_steps(), value, rule });
    }

    /// Takes back what the document finds wrong with a member that does not count this time.
    pub fn forgive(&mut self, field: &Field<'_, '_>) {
        if !self.violations.is_empty() {
            let path = field.path.to_steps();
            Arc::make_mut(&mut self.violations).retain(|row| row.location != ParameterIn::Body || !row.path.starts_with(&path));
        }
    }

    /// What came of a part of the body that was looked at by itself; its violations are added where it stands.
    ///
    /// # Errors
    /// Other refusals.
    pub fn part<T>(&mut self, field: &Field<'_, '_>, outcome: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
        match outcome {
            Ok(made) => Ok(Some(made)),
            Err(Refusal::Invalid(violations)) => {
                for violation in Arc::unwrap_or_clone(violations) {
                    let path = [field.path.to_steps(), violation.path].concat();
                    self.put(Violation { path, ..violation });
                }
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Adds a violation that is already made, unless there are as many as are told.
    #[cold]
    fn put(&mut self, violation: Violation) {
        if self.violations.len() < spec::MOST_VIOLATIONS {
            Arc::make_mut(&mut self.violations).push(violation);
            self.is_sorted = false;
        }
    }

    /// Goes on if nothing is wrong.
    ///
    /// # Errors
    /// All violations in the order of the document; those of the same value in the order in which they were found.
    pub fn finish(mut self) -> Result<(), Refusal> {
        if self.violations.is_empty() {
            return Ok(());
        }
        if let Some(operation) = self.operation.filter(|_| !self.is_sorted) {
            Arc::make_mut(&mut self.violations).sort_by_cached_key(|row| operation.position(row.location, &row.path));
        }
        Err(Refusal::Invalid(self.violations))
    }
}
