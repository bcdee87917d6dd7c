//! How a vendor words refusals, and which headers all its answers have. Pure functions from facts to replies.

use crate::base::entropy::{self, Rng};
use crate::base::json::Style;
use crate::base::time::Timestamp;
use crate::engine::call::Call;
use crate::engine::described::Described;
use crate::engine::limits::Quota;
use crate::engine::refusal::Refusal;
use crate::engine::reply::Reply;

/// How a vendor words refusals, and what all its answers have.
pub struct Dialect {
    pub style: Style,
    /// The content type of its JSON.
    pub content_type: &'static str,
    /// Words a refusal: status, headers and body.
    pub refuse: fn(&Refusal, &DialectCx<'_>) -> Reply,
    /// Statuses that [`Refusal::Failing`] is answered with in the vendor's own words. Those of all others are in its shape only.
    pub statuses: &'static [u16],
    /// Adds the headers that all of its answers carry.
    pub headers: fn(&DialectCx<'_>, &mut Reply),
}

/// The context of one answer: what its words and headers may depend on.
pub struct DialectCx<'a> {
    /// The call that is answered.
    pub call: &'a Call<'a>,
    /// The id of the exchange, the value of `seatrial-request`: unique within the process.
    pub id: &'a str,
    /// The name of the sandbox.
    pub sandbox: &'a str,
    pub now: Timestamp,
    /// The limit that the call was counted against, whether it was refused or not.
    pub quota: Option<&'a Quota>,
    pub(super) described: &'a Described,
    pub(super) stream: Stream<'a>,
}

/// What the random streams of an answer are derived from.
pub(super) struct Stream<'a> {
    pub seed: u64,
    pub vendor: &'a str,
    pub account: &'a str,
    pub number: u64,
}

impl DialectCx<'_> {
    /// The random stream of this call of this account for one purpose. Each call begins it anew, so that a body and a header can
    /// have the same random id.
    #[must_use]
    pub fn rng(&self, purpose: &str) -> Rng {
        let Stream { seed, vendor, account, number } = self.stream;
        entropy::stream(seed, &[vendor, account, purpose], number)
    }
}
