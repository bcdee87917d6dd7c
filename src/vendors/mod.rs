//! One folder for each emulated API version; the list that names them all.

pub mod shipmate;

use crate::engine::Vendor;

/// Every vendor, in the order in which people see them.
pub const ALL: &[&Vendor] = &[&shipmate::VENDOR];
