//! What a vendor's API looks like: an OpenAPI 3.0 document turned into a [`Catalog`] of operations, and what is wrong with a request or
//! an answer.
//!
//! ```text
//! load.rs       openapiv3 reads the document; its operations, parameters, bodies and responses
//! compile.rs    its Schema Objects, numbered, with all references resolved: schema.rs
//! catalog.rs    "which operation is this?", and the checks of its body, query and answer
//! arrange.rs    makes of a value what a typed language would hold
//! check.rs      holds a value against a schema: [`Violation`]s in the order of the document, and what the vendor reads values as
//! scanner.rs    where the values of a text stand
//! json_net.rs   what Json.NET says of texts and values that it cannot read
//! reading.rs    how leniently a vendor reads, as data: [`Reading`]
//! violation.rs  what is wrong: where, which value, which rule with its limits
//! place.rs      what a body may have where, for conditions of scenarios
//! format.rs     the formats that need no vendor
//! ```
//!
//! This folder knows nothing of any vendor and holds no state that a call could change. How a vendor's rows use it, and how they word
//! what it finds, is told in `engine/fields.rs`.
//!
//! **Invariant:** a check costs time linear in the size of the value, allocates nothing for a value in order that it does not have
//! to read as another one (texts of parameters, a vendor that reads with types), and tells a hundred violations at most.

mod arrange;
mod catalog;
mod check;
mod compile;
mod contract;
mod format;
pub(crate) mod json_net;
mod load;
mod place;
pub mod reading;
mod scanner;
mod schema;
mod unknown;
mod violation;
mod wording;

pub use catalog::{Body, Catalog, Operation, Parameter, Per, RateLimit, Route, Tier};
pub(crate) use check::{MOST_VIOLATIONS, apply};
pub(crate) use contract::SentRequest;
pub use format::is_email;
pub use load::SpecError;
pub use place::Place;
pub use reading::{Blank, EmptyBody, Reading, Spelling, TextFormat, digits, whole_number};
pub(crate) use scanner::{Expected, Scanner, Token, word};
pub use schema::{JsonType, Limits, Range, compile};
pub(crate) use schema::{Property, Schema, SchemaId, Schemas};
pub(crate) use unknown::UnknownMember;
pub use violation::{LONGEST_VALUE, ParameterIn, Path, Rule, Step, Violation};
pub(crate) use violation::{dotted, kept};
pub(crate) use wording::listed;
