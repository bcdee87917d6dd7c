//! One folder for each emulated API version; the list that names them all.

pub mod shipmate;
pub mod shippo;
pub mod shipstation;
pub mod shiptheory;
pub mod shiptime;

use crate::engine::{AccountRows, Vendor};

/// Every vendor, in the order in which people see them.
pub const ALL: &[&Vendor] = &[&shipmate::VENDOR, &shipmate::VENDOR_V1_2, &shippo::VENDOR, &shiptheory::VENDOR, &shiptime::VENDOR];

/// Mounts that scenarios may already name in `accounts`, although no vendor is there yet.
pub const ANNOUNCED: &[(&str, &AccountRows)] = &[(shipstation::MOUNT, &shipstation::ACCOUNTS)];
