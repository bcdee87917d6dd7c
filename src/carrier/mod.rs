//! The parcel business that all carriers share, in words that belong to no vendor: what a parcel is, what can happen to
//! it, and when. Knows no JSON of a vendor, no world and no HTTP.

pub mod countries;
pub mod library;
mod parcel;
pub mod pdf;
pub mod png;
pub mod timeline;

pub use parcel::{Location, Parcel, Scan, Status};
pub use timeline::{Step, Timeline, When};
