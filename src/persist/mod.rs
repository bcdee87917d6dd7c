//! Sandboxes as files: a world written down as JSON, and read back.

mod file;

pub use file::{FORMAT, FileError, read, write};
