//! One request, from its route to the journal. [`Machine::handle`] in `pipeline.rs` begins and finishes it, `parsed.rs` reads it, and what
//! needs the world is in `execute.rs`:
//!
//! ```text
//! locate        which sandbox, which vendor, what is left of the path     locate.rs
//! ── read: what can be known without the world ──
//! route         method and path → operation                               spec/catalog.rs
//! decode        bytes → JSON                                              decode.rs, Vendor::decode
//! validate      request against the document, as the vendor reads it     spec/check.rs
//! ── executed: the world is locked ──
//! due events    everything that had to happen by now                      due.rs
//! authenticate  credential → account                                      Vendor::authenticate
//! scenario      delays, faults, canned answers                            scenario.rs
//! run           the row's handler over a Cx, in a transaction             transaction.rs, cx.rs, vendors/<v>/rules
//! ── finish: the world is free ──
//! dialect       reply or refusal → bytes in the vendor's style            Vendor::dialect
//! conform       answer against the document                               spec/check.rs
//! journal       what was asked and answered                               world/journal.rs
//! ```
//!
//! Knows no concrete vendor, no transport and no clock: the shell hands in requests and the wall's time.

mod accounts;
mod actions;
pub mod auth;
mod authenticate;
mod budget;
mod business;
mod call;
mod completion;
mod contract;
mod coverage;
mod cx;
pub mod decode;
mod deeds;
mod described;
mod dialect;
mod document;
mod due;
mod enclosed;
mod execute;
mod extract;
mod failing;
pub mod fields;
mod forgery;
mod happenings;
mod imported;
mod judge;
mod keeper;
mod lengthy;
mod limits;
pub mod listing;
mod locate;
mod machine;
mod news;
mod options;
mod origin;
mod pace;
mod parcels;
mod parsed;
mod patch;
mod pipeline;
mod planned;
mod public_urls;
mod queries;
mod reachability;
mod recorder;
mod references;
mod refusal;
mod registry;
mod remarks;
mod reply;
pub mod resource;
mod sample;
mod sandbox;
pub mod scales;
mod scenario;
mod secret_names;
pub mod signing;
mod start;
mod state;
pub mod stored;
mod transaction;
mod unmatched;
mod vendor;
mod vendors;
pub mod webhooks;
mod wire;
mod witness;

pub use crate::world::Blame;
pub use accounts::{AccountRows, FieldSpec, FieldType, ROTATES_TO};
pub use actions::ActionError;
pub use auth::{AuthRequest, Identity, credentials};
pub use authenticate::NOBODY;
pub use budget::{TotalUsage, Usage};
pub use business::{BusinessFailure, BusinessFailures, CARRIER_REFUSES, Items, WantedFailure, Way};
pub use call::{Call, Request, Validation, pairs};
pub use completion::{Forms, Member};
pub use coverage::{Coverage, Evidence};
pub use cx::{Cx, Docs};
pub use described::{Described, Errors, Own, ParcelMap};
pub use dialect::{Dialect, DialectCx};
pub use due::{OUTBOUND_BYTES, Progress};
pub use enclosed::Enclosed;
pub use extract::{Extract, Handler, Json, Params, Query};
pub use happenings::Happening;
pub use imported::Unreadable;
pub use judge::JudgedCall;
pub use keeper::Keeper;
pub use limits::{Limit, Quota};
pub use locate::{Addressee, below};
pub use machine::Machine;
pub use options::{Conform, Contract, Options};
pub use origin::Origin;
pub use pace::{HasTime, Later, Pace, UNLIMITED};
pub use parcels::{PARCEL, STEP, Track};
pub use patch::Patch;
pub use pipeline::{has_body, restores_before};
pub use planned::TaskKind;
pub use public_urls::PublicUrls;
pub use reachability::Reachability;
pub use recorder::{Checkpoint, Guard, Record, Sink};
pub use references::Reference;
pub use refusal::{Denial, Refusal, Unread};
pub use registry::{ForeignCredential, SandboxError};
pub use reply::{Answer, Body, Outcome, Reply, Unmatched};
pub use sample::of_request as sample_of_request;
pub use sandbox::{DEFAULT, JournalPast, SINCE_MADE, Sandbox, Snapshot, wait_by};
pub use scenario::{
    CallValues, Decision, Delay, Fault, Instead, Kept, NoScenario, ScenarioRuntime, Turn, UnusedRule, View, WebhookChaos, drawn,
};
pub use secret_names::{Open, SecretNames, is_same_name};
pub use start::Start;
pub use state::State;
pub use stored::Stored;
pub use unmatched::met_no_vendor;
pub use vendor::{OperationRow, Operations, PathStyle, Vendor};
pub use vendors::{LoadedVendor, Vendors};
pub use wire::{GARBAGE, Wire};
pub use witness::{Passing, Upstream};
