//! How fast calls are answered, how many of them are, and when that begins.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Between, Pattern};
use crate::scenario::error::Spanned;
use crate::scenario::expr::Expr;

/// How long answers are held back, by the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Before the first byte.
    pub time: Spread,
    /// So much more for each byte of the body.
    pub per_byte: Duration,
}

/// How times are spread from call to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// All between the two are equally likely.
    Even(Between<Duration>),
    /// Log-normal: most are near the median, few are far beyond it, and one in a hundred exceeds `p99`.
    LogNormal { median: Duration, p99: Duration },
}

/// A limit of calls in a window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// What calls are counted by.
    pub per: Per,
    /// How many calls of a window are served.
    pub limit: u64,
    /// The length of a window, which begins with its first call.
    pub window: Duration,
}

/// What calls are counted by; by neither, all calls of the sandbox are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Per {
    /// Those of each credential by themselves; callers without one are counted together.
    pub credential: bool,
    /// Those of each operation by themselves.
    pub operation: bool,
}

impl Default for Per {
    fn default() -> Self {
        Self { credential: true, operation: false }
    }
}

/// When an override begins to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct After {
    pub moment: Moment,
    /// As the file has it written.
    pub text: String,
}

/// A moment of a sandbox's life.
#[derive(Debug, Clone, PartialEq)]
pub enum Moment {
    /// So long after the scenario came, and until so long after it.
    Time(SignedDuration, Option<SignedDuration>),
    /// Behind a call of these operations.
    Call(Spanned<Pattern>),
}

/// What calls have in common that are about one object, or of one caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    pub by: Per,
    /// The values that they have in common.
    pub values: Vec<Expr>,
    /// As the file has it written.
    pub text: String,
}
