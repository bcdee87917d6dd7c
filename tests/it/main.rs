//! The integration tests, in one binary: each further one would link everything again.

mod admin;
mod admin_contract;
mod client;
mod determinism;
mod diagnostics;
mod dialect;
mod documents;
mod embedding;
mod journal;
mod leaks;
mod listener;
mod machine;
mod mounts;
mod parcels;
#[path = "../stories/play.rs"]
mod play;
mod played;
mod pointers;
mod process;
mod sandboxes;
mod scenarios;
mod secure;
mod shutdown;
mod stories;
mod tidy;
#[path = "../stories/update.rs"]
mod update;
