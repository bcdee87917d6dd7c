//! Whether webhooks can reach an address: the shell knows, and is asked when a subscription is stored.

use std::fmt::{self, Debug, Formatter};

/// Says why nothing will ever reach an address, given the name of the sandbox and the URL, as far as is known at once.
type Obstacle = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

/// What the shell knows about addresses.
pub struct Reachability(Option<Box<Obstacle>>);

impl Reachability {
    /// What a function says, given the name of a sandbox and a URL. It is called while the sandbox is locked, and has to return at once.
    #[must_use]
    pub fn new(obstacle: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(obstacle)))
    }

    /// Nothing is known about any address.
    #[must_use]
    pub(super) const fn unknown() -> Self {
        Self(None)
    }

    /// Why nothing will ever reach the address.
    pub(super) fn obstacle(&self, sandbox: &str, url: &str) -> Option<String> {
        self.0.as_ref().and_then(|obstacle| obstacle(sandbox, url))
    }
}

impl Debug for Reachability {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reachability").field(&self.0.is_some()).finish()
    }
}
