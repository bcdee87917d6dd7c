//! The virtual clock of a world, which derives virtual time from the wall's time. The shell passes the wall's time in.

use std::time::Duration;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::time::{self, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// As fast as the wall clock.
    Realtime,
    /// Only when it is moved.
    Frozen,
    /// So many times faster than the wall clock.
    #[serde(deserialize_with = "factor")]
    Speed(#[schemars(extend("exclusiveMinimum" = 0, "maximum" = Self::FASTEST))] f64),
}

/// A factor that time can pass by.
fn factor<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let factor = f64::deserialize(from)?;
    let is_one = factor > 0.0 && factor <= Mode::FASTEST;
    if is_one {
        Ok(factor)
    } else {
        Err(D::Error::custom(format!("speed {factor} is out of range, expected more than 0 and at most {}", Mode::FASTEST)))
    }
}

impl Mode {
    /// The highest factor of [`Mode::Speed`].
    pub const FASTEST: f64 = 1e9;
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    mode: Mode,
    /// The virtual time at `anchor`.
    origin: Timestamp,
    /// The wall's time at which `origin` held.
    anchor: Timestamp,
}

/// Where a clock is being moved to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub to: Timestamp,
    /// How time passes from then on, if that changes.
    pub mode: Option<Mode>,
}

impl Clock {
    /// A clock whose virtual time at `wall` is `start`; without a start it is the wall's time.
    #[must_use]
    pub fn new(mode: Mode, start: Option<Timestamp>, wall: Timestamp) -> Self {
        Self { mode, origin: start.unwrap_or(wall), anchor: wall }
    }

    /// The virtual time at the wall's time `wall`.
    #[must_use]
    pub fn now(&self, wall: Timestamp) -> Timestamp {
        let passed = wall.duration_since(self.anchor).max(SignedDuration::ZERO);
        match self.mode {
            Mode::Frozen => self.origin,
            Mode::Realtime if self.is_wall() => wall.max(self.origin),
            Mode::Realtime => time::shift(self.origin, passed),
            Mode::Speed(factor) => {
                time::shift(self.origin, SignedDuration::try_from_secs_f64(passed.as_secs_f64() * factor).unwrap_or(SignedDuration::MAX))
            }
        }
    }

    /// How long by the wall until virtual time reaches `at`: zero if it has, `None` if it never will by itself.
    #[must_use]
    pub fn until(&self, at: Timestamp, wall: Timestamp) -> Option<Duration> {
        let left = at.duration_since(self.now(wall));
        if !left.is_positive() {
            return Some(Duration::ZERO);
        }
        match self.mode {
            Mode::Frozen => None,
            Mode::Realtime => Duration::try_from(left).ok(),
            Mode::Speed(factor) => Duration::try_from_secs_f64(left.as_secs_f64() / factor).ok(),
        }
    }

    /// The virtual time that it began with.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.origin
    }

    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether virtual time is the wall's time.
    #[must_use]
    pub fn is_wall(&self) -> bool {
        self.mode == Mode::Realtime && self.origin == self.anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a test writes valid timestamps")
    }

    fn check(mode: Mode, seconds: i64, expected: &str) {
        let wall = at("2026-11-20T00:00:00Z");
        let clock = Clock::new(mode, Some(at("2026-01-05T09:00:00Z")), wall);
        assert_eq!(clock.now(time::shift(wall, SignedDuration::from_secs(seconds))), at(expected));
    }

    #[test]
    fn time_passes_as_the_mode_says() {
        check(Mode::Frozen, 60, "2026-01-05T09:00:00Z");
        check(Mode::Realtime, 60, "2026-01-05T09:01:00Z");
        check(Mode::Speed(3600.0), 2, "2026-01-05T11:00:00Z");
        check(Mode::Realtime, -60, "2026-01-05T09:00:00Z");
        check(Mode::Speed(Mode::FASTEST), i64::from(u32::MAX), &Timestamp::MAX.to_string());
    }

    #[test]
    fn only_a_clock_that_began_with_the_wall_shows_the_walls_time() {
        let (start, wall) = (at("2026-01-05T09:00:00Z"), at("2026-11-20T00:00:00Z"));
        let is_wall = |mode, start| Clock::new(mode, start, wall).is_wall();
        assert!(is_wall(Mode::Realtime, None) && is_wall(Mode::Realtime, Some(wall)));
        assert!(!is_wall(Mode::Realtime, Some(start)) && !is_wall(Mode::Frozen, None) && !is_wall(Mode::Speed(1.0), None));
    }

    #[test]
    fn what_is_due_is_a_wait_on_the_wall() {
        let start = at("2026-01-05T09:00:00Z");
        let wait = |mode, due: &str| Clock::new(mode, Some(start), start).until(at(due), start);
        assert_eq!(wait(Mode::Frozen, "2026-01-05T09:00:00Z"), Some(Duration::ZERO));
        assert_eq!(wait(Mode::Frozen, "2026-01-05T09:00:01Z"), None);
        assert_eq!(wait(Mode::Realtime, "2026-01-05T09:00:01Z"), Some(Duration::from_secs(1)));
        assert_eq!(wait(Mode::Speed(3600.0), "2026-01-05T10:00:00Z"), Some(Duration::from_secs(1)));
    }
}
