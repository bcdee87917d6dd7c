//! Sandboxes as files: written down as JSON, and read back.

mod sandbox;
mod world;

pub use sandbox::{Contents, SandboxFile};
pub use world::FileError;
