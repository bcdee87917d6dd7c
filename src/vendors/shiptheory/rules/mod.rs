//! The handlers, one file for each kind of documents.

pub(super) mod authentication;
pub(super) mod packages;
mod parcels;
pub(super) mod picking_lists;
pub(super) mod products;
pub(super) mod returns;
pub(super) mod services;
pub(super) mod shipments;
pub(super) mod tags;
