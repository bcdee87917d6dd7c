//! How long a database that is away is waited for.

use std::time::Duration;

use tokio::time::Instant;

use crate::fleet::ledger::{Fault, Trip};

const PATIENCE: Duration = Duration::from_secs(5);
/// The pause before another try.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// How long something is tried again.
pub struct Patience(Instant);

impl Patience {
    /// It begins with the first try.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "when it is made matters")]
    pub fn new() -> Self {
        Self(now() + PATIENCE)
    }

    pub(super) fn is_over(&self) -> bool {
        now() >= self.0
    }

    /// Does what may be done twice, again as long as the database is away and there is patience.
    ///
    /// # Errors
    /// What it says.
    pub async fn with<'l, T>(act: impl Fn() -> Trip<'l, T>) -> Result<T, Fault> {
        let patience = Self::new();
        loop {
            match act().await {
                Err(Fault::Away(_)) if !patience.is_over() => tokio::time::sleep(PAUSE).await,
                done => return done,
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "no answer tells how long a database was waited for")]
pub(super) fn now() -> Instant {
    Instant::now()
}
