//! A window of the virtual clock.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::Condition;

/// How many nanoseconds a day has.
const DAY: i128 = 86_400_000_000_000;

/// Some time of the virtual clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub from: Option<Timestamp>,
    /// The first instant that is beyond it.
    pub until: Option<Timestamp>,
    /// The hours of each day; from a later to an earlier one they are those of a night.
    pub daily: Option<(Time, Time)>,
    /// The days of the week; all of them when it is empty.
    pub days: Vec<Weekday>,
    /// Where days and hours are counted.
    pub zone: TimeZone,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.from.map(|from| format!("from: {from}")));
        parts.extend(self.until.map(|until| format!("until: {until}")));
        parts.extend(self.daily.map(|(from, to)| format!("daily: {from}..{to}")));
        let days = self.days.iter().map(|day| format!("{day:?}").to_lowercase().chars().take(3).collect::<String>());
        parts.extend((!self.days.is_empty()).then(|| format!("days: [{}]", days.collect::<Vec<_>>().join(", "))));
        f.write_str(&parts.join(", "))
    }
}

impl Window {
    /// Whether it has no instant in common with another one, as far as they are counted alike.
    pub(in crate::scenario) fn excludes(&self, other: &Self) -> bool {
        let ends_before = |one: &Self, other: &Self| one.until.zip(other.from).is_some_and(|(until, from)| until <= from);
        let is_alike = self.zone == other.zone;
        let no_day = !self.days.is_empty() && !other.days.is_empty() && self.days.iter().all(|day| !other.days.contains(day));
        let no_hour = self.daily.zip(other.daily).is_some_and(|(one, other)| {
            let has = |(from, to): (Time, Time), time: Time| if from <= to { from <= time && time < to } else { from <= time || time < to };
            // Two parts of a day have something in common where one of them has the beginning of the other.
            !has(one, other.0) && !has(other, one.0)
        });
        ends_before(self, other) || ends_before(other, self) || is_alike && (no_day || no_hour)
    }

    /// Whether every instant lies in it.
    pub(in crate::scenario) fn is_always(&self) -> bool {
        (self.from, self.until, self.daily) == (None, None, None) && self.has_every_day()
    }

    fn has_every_day(&self) -> bool {
        let monday = Weekday::Monday;
        self.days.is_empty() || std::iter::successors(Some(monday), |day| Some(day.next())).take(7).all(|day| self.days.contains(&day))
    }

    /// Whether each of its instants lies in another one, as far as they are counted alike.
    pub(in crate::scenario) fn is_within(&self, other: &Self) -> bool {
        let is_alike = self.zone == other.zone;
        let begins = other.from.is_none_or(|other| self.from.is_some_and(|from| from >= other));
        let ends = other.until.is_none_or(|other| self.until.is_some_and(|until| until <= other));
        let has_days = |days: &[Weekday]| !days.is_empty() && days.iter().all(|day| other.days.contains(day));
        let is_day = other.has_every_day() || is_alike && has_days(&self.days);
        // So long it is from one time of the day to another, which may be that of the next day.
        let between = |from: Time, to: Time| to.duration_since(from).as_nanos().rem_euclid(DAY);
        let is_hour = other.daily.is_none_or(|(from, to)| {
            self.daily.is_some_and(|(own, end)| is_alike && between(from, own) + between(own, end) <= between(from, to))
        });
        begins && ends && is_day && is_hour
    }

    /// Whether none of its days lies between its ends.
    pub(in crate::scenario) fn is_never(&self) -> bool {
        let (Some(from), Some(until)) = (self.from, self.until) else { return false };
        let last = until.to_zoned(self.zone.clone()).date();
        let mut day = from.to_zoned(self.zone.clone()).date();
        for _ in 0..7 {
            let is_within = day < last || day == last && until.to_zoned(self.zone.clone()).time() != Time::midnight();
            if !is_within || self.days.is_empty() {
                return !self.days.is_empty();
            }
            if self.days.contains(&day.weekday()) {
                return false;
            }
            let Ok(next) = day.tomorrow() else { return false };
            day = next;
        }
        false
    }

    /// Whether an instant lies in it.
    #[must_use]
    pub fn has(&self, now: Timestamp) -> bool {
        if self.from.is_some_and(|from| now < from) || self.until.is_some_and(|until| now >= until) {
            return false;
        }
        if self.daily.is_none() && self.days.is_empty() {
            return true;
        }
        let local = now.to_zoned(self.zone.clone());
        let time = local.time();
        let is_hour = self.daily.is_none_or(|(from, to)| if from <= to { from <= time && time < to } else { from <= time || time < to });
        is_hour && (self.days.is_empty() || self.days.contains(&local.weekday()))
    }
}

impl Condition {
    /// The first instant from which on it never holds, as far as windows of the clock in it say so.
    pub(in crate::scenario) fn end(&self) -> Option<Timestamp> {
        match self {
            Self::Clock(window) => window.until,
            Self::All(conditions) => conditions.iter().filter_map(Self::end).min(),
            Self::Any(conditions) => conditions.iter().map(Self::end).collect::<Option<Vec<_>>>()?.into_iter().max(),
            Self::Test(_) | Self::Not(_) | Self::Request(_) | Self::Chance(..) => None,
        }
    }
}
