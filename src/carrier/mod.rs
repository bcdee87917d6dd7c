//! The parcel business that all carriers share, without any vendor's terms: what a parcel is, what can happen to
//! it, and when. Knows no JSON of a vendor, no world and no HTTP.

pub mod address;
mod calendar;
pub mod countries;
mod cut;
pub mod document;
mod hubs;
mod journey;
pub mod label;
pub mod library;
pub mod numbers;
mod parcel;
mod places;
pub mod postal;
pub mod print;
pub mod rating;
pub mod sheet;
pub mod timeline;
pub mod transit;

pub use calendar::next_working_day;
pub use parcel::{Location, Parcel, Scan, Status};
pub use places::{coordinates, wall_time};
pub use timeline::{Anchor, SHORTEST_ROUND, Step, Timeline, When};
