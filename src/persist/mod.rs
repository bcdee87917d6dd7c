//! Sandboxes as JSON files.

mod sandbox;
mod world;

pub use sandbox::{Contents, SandboxFile};
pub use world::{FORMAT, FileError};
