//! Manners towards servers of others: how fast calls follow each other, and when one is made again.

use std::time::Duration;

use http::header::RETRY_AFTER;
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior};

use crate::net::Reply;

/// The longest pause that a server may ask for.
const LONGEST: Duration = Duration::from_secs(60);

pub(in crate::contract) struct Manners {
    pace: Option<Mutex<Interval>>,
    retries: u32,
}

impl Manners {
    /// So many calls in a second, each of which is made again so often at the most.
    pub fn new(rate: Option<f64>, retries: u32) -> Self {
        let period = rate.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok()).filter(|period| !period.is_zero());
        let pace = period.map(|period| {
            let mut pace = tokio::time::interval(period);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Mutex::new(pace)
        });
        Self { pace, retries }
    }

    /// Waits until the next call may be made.
    pub async fn wait(&self) {
        if let Some(pace) = &self.pace {
            pace.lock().await.tick().await;
        }
    }

    /// How long to wait before a call is made again that had no answer; `None` when it is not.
    pub fn pause(&self, attempt: u32) -> Option<Duration> {
        (attempt < self.retries).then(|| Duration::from_secs(1 << attempt.min(6)).min(LONGEST))
    }

    /// The same after an answer: it is made again where the server says that it has no time.
    pub fn pause_after(&self, reply: &Reply, attempt: u32) -> Option<Duration> {
        let pause = self.pause(attempt).filter(|_| [429, 503].contains(&reply.status))?;
        let asked = reply.headers.get(RETRY_AFTER).and_then(|text| text.to_str().ok()?.parse().ok());
        Some(asked.map_or(pause, Duration::from_secs).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn check(status: u16, retry_after: Option<&'static str>, attempt: u32, expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.extend(retry_after.map(|text| (RETRY_AFTER, http::HeaderValue::from_static(text))));
        let found = Manners::new(None, 2).pause_after(&Reply { status, headers, body: Bytes::new() }, attempt);
        assert_eq!(found, expected.map(Duration::from_secs), "{status} {retry_after:?} {attempt}");
    }

    #[test]
    fn busy_servers_are_asked_again_after_a_while() {
        check(429, None, 0, Some(1));
        check(503, None, 1, Some(2));
        check(429, Some("7"), 0, Some(7));
        check(429, Some("86400"), 0, Some(60));
        check(429, Some("soon"), 1, Some(2));
        check(429, None, 2, None);
        check(500, None, 0, None);
        check(200, Some("7"), 0, None);
    }
}
