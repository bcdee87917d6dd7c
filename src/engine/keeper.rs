//! What keeps the sandboxes of a process for the next one.

use std::sync::Arc;

use crate::engine::sandbox::Sandbox;

/// Is told which sandboxes there are.
pub trait Keeper: Send + Sync {
    /// A sandbox was opened.
    fn opened(&self, sandbox: &Arc<Sandbox>);

    /// A sandbox was removed.
    fn removed(&self, sandbox: &Sandbox);
}
