//! One folder for each emulated API version; the list that names them all.

use crate::engine::Vendor;

/// Every vendor, in the order in which people see them.
pub const ALL: &[&Vendor] = &[];
