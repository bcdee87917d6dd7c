//! Contract tests: is a client right, what does a suite never try, and does a server still do what conversations expect of it.
//!
//! ```text
//! journal ──judge──▶ calls with their departures ──collect──▶ Report ──▶ text, Markdown, JUnit, SARIF, annotations
//! conversations ──run──▶ answers of any server, judged ─────▶ RunReport ─┤
//! two documents ──drift──▶ differences, breaking or not ────▶ Drift ─────┤
//! a document ──fuzz──▶ requests of all kinds, answers judged ▶ FuzzReport ┘
//! ```
//!
//! The journal is that of a running sandbox, or a file that was saved of one (`saved`). Calls are held against the document to the letter,
//! by the engine; here it is counted and worded. Conversations are held with a server by HTTP (`run`).

mod collect;
mod drift;
mod format;
mod fuzz;
mod import;
mod matching;
mod pact;
mod pact_file;
mod presence;
mod report;
mod run;
mod saved;
mod shape;
mod threshold;
mod write;

pub use collect::{CallFacts, Collector};
pub use drift::{Accepted, AcceptedError, Difference, DocumentError, Drift, drift};
pub use format::Judged;
pub use fuzz::{Check, Exceptions, ExceptionsError, Finding as FuzzFinding, FuzzOptions, FuzzReport, fuzz};
pub use import::{CurlError, ImportError, Imported, import};
pub use matching::{Mismatch, mismatches};
pub use pact::{Parties, pact};
pub use pact_file::{Expected, Interaction, PactFile, PactFileError};
pub use presence::Absence;
pub use report::{ExercisedOperation, Finding, Report, VendorReport};
pub use run::{
    Assignment, ConversationReport, Problem, RunOptions, RunReport, SEED, Server, StageError, Target, Verdict, recorded_place, run,
};
pub use saved::{SavedError, read_saved};
pub use threshold::{Exceeded, Thresholds};
