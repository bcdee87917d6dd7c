//! A window of the virtual clock.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

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
