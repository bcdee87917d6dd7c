//! Sandboxes as JSON files.

mod recorded;
mod rows;
mod sandbox;
mod world;

pub use recorded::{Recorded, RecordedJournal};
pub use sandbox::{Contents, SandboxFile};
pub use world::{FORMAT, FileError};
