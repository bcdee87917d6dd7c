//! One folder for each emulated API version; the list that names them all.

pub mod shipmate;
pub mod shippo;
pub mod shipstation;
pub mod shiptheory;
pub mod shiptime;

use crate::engine::{AccountRows, Vendor};

/// Every vendor, in the order in which people see them.
#[must_use]
pub fn all() -> Vec<Vendor> {
    vec![shipmate::vendor(), shipmate::vendor_v1_2(), shippo::vendor(), shiptheory::vendor(), shiptime::vendor()]
}

/// Mounts that scenarios may already name in `accounts`, although no vendor is there yet.
pub const ANNOUNCED: &[(&str, &AccountRows)] = &[(shipstation::MOUNT, &shipstation::ACCOUNTS)];
