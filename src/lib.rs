//! Seatrial.
pub mod scenario;
