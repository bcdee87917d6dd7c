//! Seatrial inside Rust tests: one server for a test binary, a sandbox for each test, gone with its handle.
//!
//! ```
//! use seatrial::testing::Sandbox;
//! use serde_json::json;
//!
//! # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
//! let sandbox = Sandbox::start().await;
//! // Point the code under test here, with credentials that only this sandbox has:
//! let (url, token) = (sandbox.url("shippo"), sandbox.credential("shippo", "token"));
//! # assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/shippo") && token.starts_with("shippo_test_"));
//!
//! // Prepare data as a customer would, without HTTP:
//! sandbox.perform("shippo.CreateAddress", json!({"name": "Ada", "zip": "94117", "country": "US"})).await;
//!
//! // Time is yours:
//! let before = sandbox.clock().now().await;
//! sandbox.clock().advance("72h").await;
//! assert!(sandbox.clock().now().await > before);
//!
//! // And so is what goes wrong:
//! let fault = sandbox.fault("down", json!({"on": "shippo.*", "fault": 503, "times": 2})).await;
//! fault.off().await;
//!
//! // In the end, say what the code under test had to do:
//! sandbox.expect(json!([{"call": "shippo.CreateAddress", "count": 1}, {"never": "shippo.CreateTransaction"}])).await;
//! # });
//! ```
//!
//! The server listens on a free port of the loopback and lives as long as the process. Whatever a handle's function cannot
//! do, because a name is unknown or a scenario is wrong, ends the test with the server's own words.

#![warn(missing_docs)]

mod handles;
mod sandbox;
mod server;

pub use handles::{Call, Clock, Fault, Parcel, Parcels, Report, UnusedRule};
pub use sandbox::{Sandbox, Setup};
