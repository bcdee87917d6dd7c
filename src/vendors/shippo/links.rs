//! Signed links to labels, built from the address that the caller used, so that they can be followed.

use super::wire::Moment;
use crate::base::time::{self, Timestamp};
use crate::base::{entropy, ids};
use crate::engine::Call;

/// A link to a file that is good for a year.
pub(super) fn file(call: &Call<'_>, name: &str, since: Moment) -> String {
    file_for(call, name, since, jiff::SignedDuration::from_hours(365 * 24))
}

/// A link to a file that is good for so long.
pub(super) fn file_for(call: &Call<'_>, name: &str, since: Moment, span: jiff::SignedDuration) -> String {
    let expires = time::shift(since.0, span).as_second();
    call.url(&format!("/deliver/{name}?Expires={expires}&Signature={}&Key-Pair-Id={KEY_PAIR}", signature(name, expires)))
}

/// Whether a link is signed, and good at `now`.
pub(super) fn is_good(name: &str, call: &Call<'_>, now: Timestamp) -> bool {
    let expires: Option<i64> = call.query("Expires").and_then(|text| text.parse().ok());
    let is_signed =
        |expires| call.query("Signature") == Some(signature(name, expires).as_str()) && call.query("Key-Pair-Id") == Some(KEY_PAIR);
    expires.is_some_and(|expires| is_signed(expires) && now.as_second() < expires)
}

const KEY_PAIR: &str = "SEATRIAL";

/// Keeps links apart; it protects nothing.
fn signature(name: &str, expires: i64) -> String {
    ids::hex(&mut entropy::stream(0, &["signature", name], expires.unsigned_abs()), 40)
}
