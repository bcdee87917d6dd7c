//! What each operation promises, a file for each tag of the documents; what version 1.2 calls shipments is in `consignments`, their
//! prices in `quotes`. `order`, `customs` and `routing` are the parts of booking a consignment.

pub(super) mod attributes;
pub(super) mod consignments;
pub(super) mod custom_fields;
mod customs;
pub(super) mod labels;
pub(super) mod locations;
mod order;
pub(super) mod packaging;
pub(super) mod quotes;
mod routing;
pub(super) mod services;
pub(super) mod skus;
pub(super) mod tokens;
pub(super) mod tracking;
pub(super) mod users;
