//! Seatrial: carrier APIs on localhost, stateful and on a virtual clock.
//!
//! | folder | what it is |
//! |---|---|
//! | [`base`] | values and formats |
//! | [`spec`] | an OpenAPI document as a catalog of operations |
//! | [`world`] | the state of one sandbox: documents, clock, agenda, journal |
//! | [`carrier`] | the parcel business all carriers share |
//! | [`engine`] | one request from route to journal |
//! | [`vendors`] | one folder for each emulated API |
//! | [`scenario`] | scenarios and conversations: YAML files |
//! | [`persist`] | sandboxes as files |
//! | [`fleet`] | replicas that share their sandboxes |
//! | [`net`] | connections to other servers |
//! | [`report`] | findings for other programs: JUnit XML, SARIF, annotations |
//! | [`contract`] | contract tests |
//! | [`server`] | the async shell |
//! | [`testing`] | all of it inside the tests of a Rust program |
//! | [`cli`] | one file per subcommand |

pub mod base;
pub mod carrier;
pub mod cli;
pub mod contract;
pub mod engine;
pub mod fleet;
pub mod net;
pub mod persist;
pub mod report;
pub mod scenario;
pub mod server;
pub mod spec;
pub mod store;
pub mod testing;
pub mod vendors;
pub mod world;
