//! What a vendor's API looks like: an OpenAPI document turned into a [`Catalog`] of operations.
//!
//! `load` reads the document's structure, `catalog` answers "which operation is this?", `lower` turns OpenAPI 3.0 schemas
//! into JSON Schema 2020-12, and `validate` compiles a checker for each request and answer on first use. This folder knows
//! nothing of any vendor and holds no state that a call could change.

mod catalog;
mod load;
mod lower;
mod validate;

pub use catalog::{Body, Catalog, Operation, Parameter, ParameterIn, Route, Tier};
pub use load::SpecError;
pub use validate::{Rule, Violation};
