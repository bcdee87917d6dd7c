//! What is only looked at.

use std::sync::Arc;

use crate::engine::Sandbox;
use crate::world::LogLine;

/// A sandbox that is looked at, and not changed.
#[derive(Clone)]
pub struct Recording {
    pub sandbox: Arc<Sandbox>,
    /// What was done to it besides calls, oldest first.
    pub log: Vec<LogLine>,
}
