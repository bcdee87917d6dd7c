//! Vendors' own rate limits: how many calls of a class an account may make in a window of the virtual time. They are always
//! counted; whether they are enforced is the scenario's choice.

use std::time::Duration;

use jiff::SignedDuration;

use crate::base::time::Timestamp;
use crate::engine::call::Call;
use crate::world::{Account, Credential};

/// What a vendor publishes for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Which calls are counted together.
    pub class: &'static str,
    /// How many of them are welcome.
    pub calls: u64,
    /// In how long. A window begins with its first call.
    pub window: SignedDuration,
}

/// For vendors without limits of their own.
#[must_use]
pub fn unlimited(_: &Call<'_>, _: &Credential) -> Option<Limit> {
    None
}

/// Counts a call; how long to wait when it is one too many.
pub(super) fn count(account: &mut Account, limit: Limit, now: Timestamp) -> Option<Duration> {
    let (began, calls) = account.windows.entry(limit.class).or_insert((now, 0));
    // A clock that was set back begins anew.
    if now < *began || now.duration_since(*began) >= limit.window {
        (*began, *calls) = (now, 0);
    }
    *calls += 1;
    let left = limit.window.saturating_sub(now.duration_since(*began));
    (*calls > limit.calls).then(|| Duration::try_from(left).unwrap_or_default())
}
