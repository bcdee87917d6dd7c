//! Figures for monitoring, as OpenMetrics text: calls with their latencies, attempts of webhooks, and what is held.
//!
//! Labels are ids of vendors, names of operations and statuses, never what a caller sends; and there is a largest number of series,
//! beyond which calls are counted together. A call pays for one look-up under a lock that is held for nothing else.

use std::collections::btree_map::{BTreeMap, Entry as Slot};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::name::Name;
use crate::engine::webhooks::AttemptResult;
use crate::engine::{Machine, TotalUsage};
use crate::world::Entry;

/// The media type of the text.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many combinations of operation and status are counted one by one.
const SERIES: usize = 8 * 1024;
/// The operation of calls that met none, and that of calls beyond [`SERIES`].
const NONE: &str = "none";
const OTHER: &str = "other";

/// Upper bounds of latencies, in microseconds, with their texts in seconds.
const BOUNDS: [(u64, &str); 14] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1.0"),
    (2_500_000, "2.5"),
    (10_000_000, "10.0"),
    (60_000_000, "60.0"),
];

/// What is counted for as long as the process lives.
#[derive(Default)]
pub(super) struct Metrics(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// By the address of the operation's name, which is shared by all its calls, and the status.
    calls: BTreeMap<(usize, Option<u16>), Series>,
    /// Calls that have no series of their own.
    others: u64,
    latencies: BTreeMap<Name, Latencies>,
    attempts: BTreeMap<(Name, &'static str), u64>,
}

struct Series {
    vendor: Name,
    /// Kept, so that no other name has its address.
    operation: Option<Arc<str>>,
    count: u64,
}

/// How many calls took how long; the last one has no bound.
#[derive(Default)]
struct Latencies {
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl Metrics {
    /// Counts a call that was answered, or whose caller left.
    pub fn call(&self, entry: &Entry, took: Duration) {
        let operation = entry.operation.as_ref();
        // Calls without an operation are told apart by their vendor, whose name is shared as well.
        let address = operation.map_or(entry.vendor.as_str().as_ptr() as usize, |name| name.as_ptr() as usize);
        let mut table = self.table();
        let Table { calls, others, latencies, .. } = &mut *table;
        let is_full = calls.len() >= SERIES;
        match calls.entry((address, entry.wire.outcome().status)) {
            Slot::Occupied(mut slot) => slot.get_mut().count += 1,
            Slot::Vacant(_) if is_full => *others += 1,
            Slot::Vacant(slot) => drop(slot.insert(Series { vendor: entry.vendor.clone(), operation: operation.cloned(), count: 1 })),
        }
        match latencies.get_mut(&entry.vendor) {
            Some(row) => row.add(took),
            None => latencies.entry(entry.vendor.clone()).or_default().add(took),
        }
    }

    /// Counts an attempt to deliver a webhook.
    pub fn attempt(&self, vendor: &Name, result: &AttemptResult) {
        let outcome = match result {
            AttemptResult::Answered { status, .. } => match status {
                200..=299 => "2xx",
                300..=399 => "3xx",
                400..=499 => "4xx",
                500..=599 => "5xx",
                _ => "1xx",
            },
            AttemptResult::Silent(_) => "silent",
            AttemptResult::Refused(_) => "refused",
        };
        *self.table().attempts.entry((vendor.clone(), outcome)).or_default() += 1;
    }

    /// All of it as text, with what the machine holds, and how many requests have met nothing.
    pub fn text(&self, machine: &Machine, unmatched: u64) -> String {
        let mut out = Text::default();
        out.family("seatrial", "info", "The program that is running");
        out.sample("seatrial_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        let table = self.table();
        table.write(&mut out);
        drop(table);
        out.family("seatrial_unmatched_requests", "counter", "Requests that met no vendor or sandbox");
        out.sample("seatrial_unmatched_requests_total", &[], unmatched);
        let TotalUsage { documents, documents_limit, journals, journals_limit } = machine.total_usage();
        for (name, help, value) in [
            ("seatrial_sandboxes", "Sandboxes that are open", machine.sandboxes().len()),
            ("seatrial_sandboxes_limit", "How many may be open", machine.options().sandboxes),
        ] {
            out.family(name, "gauge", help);
            out.sample(name, &[], value as u64);
        }
        for (name, help, value) in [
            ("seatrial_documents_bytes", "What all sandboxes hold, without their journals", documents),
            ("seatrial_documents_limit_bytes", "The budget of it", documents_limit),
            ("seatrial_journals_bytes", "The size of all journals", journals),
            ("seatrial_journals_limit_bytes", "The budget of it", journals_limit),
        ] {
            out.family(name, "gauge", help);
            out.unit(name, "bytes");
            out.sample(name, &[], value as u64);
        }
        out.0 + "# EOF\n"
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn write(&self, out: &mut Text) {
        // Documents that were read again have names of their own for the same operations.
        let mut calls: BTreeMap<(&str, &str, String), u64> = BTreeMap::new();
        for ((_, status), Series { vendor, operation, count }) in &self.calls {
            let status = status.map_or_else(|| NONE.to_owned(), |status| status.to_string());
            *calls.entry((vendor.as_str(), operation.as_deref().unwrap_or(NONE), status)).or_default() += count;
        }
        if self.others > 0 {
            calls.insert((OTHER, OTHER, OTHER.to_owned()), self.others);
        }
        out.family("seatrial_calls", "counter", "Calls of vendors' operations, by the status that went out");
        for ((vendor, operation, status), count) in calls {
            out.sample("seatrial_calls_total", &[("vendor", vendor), ("operation", operation), ("status", &status)], count);
        }
        out.family("seatrial_call_duration_seconds", "histogram", "Time to answer calls, with what scenarios held them back");
        out.unit("seatrial_call_duration_seconds", "seconds");
        for (vendor, row) in &self.latencies {
            let mut below = 0;
            for (count, bound) in row.counts.iter().zip(BOUNDS.iter().map(|(_, text)| *text).chain(["+Inf"])) {
                below += count;
                out.sample("seatrial_call_duration_seconds_bucket", &[("vendor", vendor.as_str()), ("le", bound)], below);
            }
            out.sample("seatrial_call_duration_seconds_count", &[("vendor", vendor.as_str())], below);
            out.sample("seatrial_call_duration_seconds_sum", &[("vendor", vendor.as_str())], row.sum.as_secs_f64());
        }
        out.family("seatrial_delivery_attempts", "counter", "Attempts to deliver webhooks, by what came back");
        for ((vendor, outcome), count) in &self.attempts {
            out.sample("seatrial_delivery_attempts_total", &[("vendor", vendor.as_str()), ("outcome", outcome)], *count);
        }
    }
}

impl Latencies {
    fn add(&mut self, took: Duration) {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|(bound, _)| microseconds <= *bound).unwrap_or(BOUNDS.len());
        self.counts[bucket] += 1;
        self.sum += took;
    }
}

/// Text in the format of OpenMetrics 1.0. What is written as a label needs no escapes: it is a name, a number or one of ours.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# TYPE {name} {kind}\n# HELP {name} {help}.\n");
    }

    fn unit(&mut self, name: &str, unit: &str) {
        let _ = writeln!(self.0, "# UNIT {name} {unit}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_most_of_series_and_nothing_is_lost_beyond_it() {
        let metrics = Metrics::default();
        let calls = SERIES as u64 + 100;
        for number in 0..calls {
            metrics.call(&Entry { operation: Some(format!("x.{number}").into()), ..Entry::made_up() }, Duration::from_millis(3));
        }
        let table = metrics.table();
        assert_eq!((table.calls.len(), table.others), (SERIES, 100));
        let mut text = Text::default();
        table.write(&mut text);
        let Text(text) = text;
        assert!(text.contains("seatrial_calls_total{vendor=\"other\",operation=\"other\",status=\"other\"} 100\n"));
        assert!(text.contains(&format!("seatrial_call_duration_seconds_bucket{{vendor=\"x\",le=\"0.005\"}} {calls}\n")));
        assert!(text.contains("seatrial_call_duration_seconds_bucket{vendor=\"x\",le=\"0.0025\"} 0\n"));
    }
}
