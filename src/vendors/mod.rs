//! One folder for each emulated API version; the list that names them all.

pub mod shipmate;
pub mod shippo;
pub mod shiptheory;
pub mod shiptime;

use crate::engine::Vendor;

/// Every vendor, in the order in which people see them.
pub const ALL: &[&Vendor] = &[&shipmate::VENDOR, &shipmate::VENDOR_V1_2, &shippo::VENDOR, &shiptheory::VENDOR, &shiptime::VENDOR];
