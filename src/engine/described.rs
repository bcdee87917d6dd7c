//! What a document says of its vendor beyond operations, as data: security schemes, the shape of refusals, and the kinds of things that
//! its paths show. The functions that read it are in `document`, which nothing below a vendor imports.

mod errors;
mod kept;
mod parcels;
mod schemes;

use std::sync::Arc;

use serde::Deserialize;

pub(in crate::engine) use self::errors::Code;
pub use self::errors::Errors;
pub(crate) use self::kept::{Act, Kept};
pub use self::parcels::ParcelMap;
pub(in crate::engine) use self::parcels::Town;
pub(in crate::engine) use self::schemes::{Scheme, Schemes};

/// What the document of a vendor says that its functions read.
#[derive(Default)]
pub struct Described {
    pub(in crate::engine) schemes: Schemes,
    pub(super) errors: Option<Errors>,
    pub(super) resources: Arc<[Arc<Kept>]>,
    /// Whether the vendor is this document, and nothing else.
    pub(super) is_document: bool,
}

/// The extension `x-seatrial` of a document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    #[serde(default)]
    pub(super) errors: Option<Errors>,
}
