//! What each operation promises, a file for each tag of the document; `order`, `customs` and `routing` are the parts
//! of booking a consignment.

pub(super) mod account;
pub(super) mod consignments;
pub(super) mod custom_fields;
mod customs;
pub(super) mod labels;
mod order;
pub(super) mod quotes;
mod routing;
pub(super) mod skus;
pub(super) mod tokens;
pub(super) mod tracking;
pub(super) mod users;
