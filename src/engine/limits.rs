//! Rate limits: how many calls of a class an account may make in a window of the virtual time. Vendors' own limits are always
//! counted; whether they are enforced is the scenario's choice.

use jiff::SignedDuration;

use crate::base::name::Name;
use crate::base::time::{self, Timestamp};
use crate::spec::{Per, RateLimit};
use crate::world::{AccountId, Credential, World};

/// What a vendor publishes for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Which calls are counted together.
    pub class: Name,
    /// How many of them a window allows.
    pub calls: u64,
    /// The length of a window.
    pub window: SignedDuration,
    /// Whether windows follow each other by the clock. Otherwise one begins with its first call.
    pub aligned: bool,
}

/// A limit as it stands after a call was counted against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Which calls are counted together.
    pub class: Name,
    /// How many calls a window takes.
    pub limit: u64,
    /// How many calls the current window has seen, this one and those that were too many included.
    pub used: u64,
    /// When the current window ends, on the world's clock.
    pub resets_at: Timestamp,
}

/// Counts a call of an account against a limit of its vendor.
pub(super) fn count(world: &mut World, account: AccountId, limit: Limit, now: Timestamp) -> Quota {
    let (quota, window) = limit.count(world.accounts().get(account).window(&limit.class), now);
    world.set_window(account, limit.class, Some(window));
    quota
}

impl Limit {
    /// What a document publishes, for a credential that is one for tests or is not.
    #[must_use]
    pub fn of(published: &RateLimit, credential: &Credential, is_test: bool) -> Self {
        let calls = published.test_calls.filter(|_| is_test).unwrap_or(published.calls);
        let class = match published.per {
            Per::Account => published.class.clone(),
            Per::Credential => credential.class(&published.class),
        };
        Self { class, calls, window: SignedDuration::from_secs(published.window.into()), aligned: published.aligned }
    }

    /// Counts a call in a window, given as its beginning and the calls that it has seen; the window after that. A window that
    /// has ended begins anew, and so does one after a clock that was set back.
    #[must_use]
    pub fn count(&self, window: Option<(Timestamp, u64)>, now: Timestamp) -> (Quota, (Timestamp, u64)) {
        let lasts = |began: Timestamp| now >= began && now.duration_since(began) < self.window;
        let (began, used) = window.filter(|(began, _)| lasts(*began)).unwrap_or_else(|| (self.beginning(now), 0));
        let used = used + 1;
        (Quota { class: self.class.clone(), limit: self.calls, used, resets_at: time::shift(began, self.window) }, (began, used))
    }

    /// When a window begins whose first call is made now.
    fn beginning(&self, now: Timestamp) -> Timestamp {
        let passed = now.as_nanosecond().rem_euclid(self.window.as_nanos().max(1));
        let by_clock = Timestamp::from_nanosecond(now.as_nanosecond() - passed).ok();
        by_clock.filter(|_| self.aligned).unwrap_or(now)
    }
}

impl Quota {
    /// How many more calls the window takes.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Whether the counted call was one too many. It is refused only if the scenario enforces limits.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.used > self.limit
    }

    /// Seconds until the window has ended, at least one: what `Retry-After` says. A caller that waits them is let in.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> u64 {
        u64::try_from(self.resets_at.duration_since(now).as_millis()).unwrap_or_default().div_ceil(1000).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number is a time")
    }

    /// The use of the window and its end, of a call at `now` in a window of ten seconds that began at second 100 with two calls.
    fn check(now: i64, expected: (u64, i64)) {
        let limit = Limit { class: Name::new("c"), calls: 2, window: SignedDuration::from_secs(10), aligned: false };
        let (quota, window) = limit.count(Some((at(100), 2)), at(now));
        assert_eq!((quota.used, quota.resets_at), (expected.0, at(expected.1)), "{now}");
        assert_eq!(window, (time::shift(quota.resets_at, -limit.window), quota.used));
        assert_eq!((quota.is_exceeded(), quota.remaining()), (expected.0 > 2, 2_u64.saturating_sub(expected.0)));
    }

    #[test]
    fn a_window_ends_after_its_length_and_begins_anew_when_the_clock_is_set_back() {
        check(100, (3, 110));
        check(109, (3, 110));
        check(110, (1, 120));
        check(99, (1, 109));
    }

    #[test]
    fn windows_by_the_clock_begin_without_a_call() {
        let limit = Limit { class: Name::new("c"), calls: 2, window: SignedDuration::from_secs(10), aligned: true };
        let counted = |window, now| limit.count(window, at(now)).1;
        assert_eq!(counted(None, 107), (at(100), 1));
        assert_eq!(counted(Some((at(100), 1)), 109), (at(100), 2));
        assert_eq!(counted(Some((at(100), 2)), 110), (at(110), 1));
    }

    #[test]
    fn the_time_to_wait_is_never_zero() {
        let quota = Quota { class: Name::new("c"), limit: 1, used: 1, resets_at: at(10) };
        assert_eq!([0, 9, 10, 11].map(|now| quota.retry_after(at(now))), [10, 1, 1, 1]);
    }
}
