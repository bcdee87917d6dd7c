//! Contract tests: is a client right, and what does a suite never try.
//!
//! ```text
//! journal ──judge──▶ calls with their departures ──collect──▶ Report ──▶ text, Markdown, JUnit, SARIF, annotations
//! ```
//!
//! The journal is that of a running sandbox, or a file that was saved of one (`saved`). Calls are held against the document to the letter,
//! by the engine; here it is counted and worded.

mod collect;
mod format;
mod report;
mod saved;
mod threshold;

pub use collect::{CallFacts, Collector};
pub use format::Format;
pub use report::{ExercisedOperation, Finding, Report, VendorReport};
pub use saved::{SavedError, read_saved};
pub use threshold::{Exceeded, Thresholds};
