//! What makes a report a failure.

use std::fmt::{self, Display, Formatter};

use crate::contract::report::Report;

/// The limits of a report; `None` is no limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// The most calls with violations.
    pub violations: Option<u64>,
    /// The most uses of undocumented members and parameters.
    pub undocumented: Option<u64>,
    /// The most uses of what is deprecated.
    pub deprecated: Option<u64>,
    /// The least share of the operations that has to be called, in percent; of each vendor that was called.
    pub operations: Option<f64>,
    /// The least share of the declared statuses that has to be met, in percent; of the operations that were called.
    pub statuses: Option<f64>,
}

/// A limit that was exceeded.
#[derive(Clone, Debug, PartialEq)]
pub enum Exceeded {
    /// There are too many of something.
    Many {
        what: &'static str,
        count: u64,
        limit: u64,
    },
    Few {
        what: &'static str,
        vendor: String,
        share: f64,
        limit: f64,
    },
    /// Calls were dropped, and nobody knows what they were.
    Evidence {
        dropped: u64,
    },
    /// There was no call at all.
    Nothing,
}

impl Display for Exceeded {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Many { what, count, limit } => write!(f, "{count} {what}, at most {limit} may be"),
            Self::Few { what, vendor, share, limit } => write!(f, "{share:.1} % of the {what} of {vendor}, at least {limit} % have to be"),
            Self::Evidence { dropped } => {
                write!(f, "{dropped} calls are no longer in the journal (`--journal-bytes`), so that they cannot be judged")
            }
            Self::Nothing => f.write_str("there is no call to judge"),
        }
    }
}

impl Thresholds {
    /// Every limit that a report exceeds. Evidence that was dropped, and no call at all, are never a success.
    #[must_use]
    pub fn exceeded(&self, report: &Report) -> Vec<Exceeded> {
        let mut found = Vec::new();
        let counts = [
            ("violations", &report.violations, self.violations),
            ("undocumented members and parameters", &report.undocumented, self.undocumented),
            ("uses of what is deprecated", &report.deprecated, self.deprecated),
        ];
        for (what, rows, limit) in counts {
            let count = rows.iter().map(|row| row.count).sum();
            found.extend(limit.filter(|limit| count > *limit).map(|limit| Exceeded::Many { what, count, limit }));
        }
        for vendor in &report.vendors {
            let declared = vendor.exercised.iter().map(|row| row.never.len() + row.statuses.len()).sum();
            let met = vendor.exercised.iter().map(|row| row.statuses.len()).sum();
            let shares =
                [("operations", vendor.exercised.len(), vendor.operations, self.operations), ("statuses", met, declared, self.statuses)];
            for (what, part, whole, limit) in shares {
                let share = percent(part, whole);
                let few = |limit| Exceeded::Few { what, vendor: vendor.vendor.clone(), share, limit };
                found.extend(limit.filter(|limit| share < *limit).map(few));
            }
        }
        if report.dropped > 0 {
            found.push(Exceeded::Evidence { dropped: report.dropped });
        }
        if report.calls == 0 {
            found.push(Exceeded::Nothing);
        }
        found
    }
}

/// A share in percent; of nothing it is all.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of operations")]
pub(super) fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}
