//! The integration tests, in one binary: each further one would link everything again.

mod admin;
mod admin_bodies;
mod admin_contract;
mod advance;
mod any_body;
mod budgets;
mod busy;
mod bytes;
mod catalogs;
mod client;
mod clocks;
mod commands;
mod costs;
mod credentials;
mod determinism;
mod diagnostics;
mod dialect;
mod docs;
mod documents;
mod door;
#[path = "../../fuzz/src/drive.rs"]
mod drive;
mod embedding;
mod faults;
mod files;
mod full;
mod fuzz;
mod hostile;
mod http2;
mod journal;
mod labels;
mod leaks;
mod library;
mod links;
mod listener;
mod log;
mod machine;
mod made_up;
mod mounts;
mod notes;
mod parcels;
#[path = "../stories/play.rs"]
mod play;
mod played;
mod pointers;
mod prices;
mod process;
mod resources;
mod sandboxes;
mod scenarios;
mod secrets;
mod secure;
mod seeds;
mod shutdown;
mod sockets;
mod stories;
#[path = "../../fuzz/src/targets.rs"]
mod targets;
mod tidy;
mod unread;
#[path = "../stories/update.rs"]
mod update;
mod vendor_failures;
mod webhooks;
mod wire_faults;
mod world_log;
