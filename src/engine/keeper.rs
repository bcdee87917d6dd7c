//! What keeps the sandboxes of a process for the next one.

use std::sync::Arc;

use crate::engine::sandbox::Sandbox;
use crate::world::Entry;

/// Is told which sandboxes there are.
pub trait Keeper: Send + Sync {
    /// Is called after a sandbox was opened under its name.
    fn opened(&self, sandbox: &Arc<Sandbox>);

    /// Is called after a sandbox was removed.
    fn removed(&self, sandbox: &Sandbox);

    /// Is told that the answer of an exchange has ended otherwise than was recorded.
    fn answered(&self, sandbox: &Arc<Sandbox>, entry: &Arc<Entry>) {
        sandbox.answered(entry);
    }

    /// Whether other processes have the sandboxes, too, so that each is changed only while nobody else does.
    fn is_shared(&self) -> bool {
        false
    }
}
