//! Signed links to labels, and what stands on the files that they lead to. Links are built from the address that the caller used, so
//! that they can be followed; browsers do so without a credential, so that links name the sandbox themselves unless it is the default one.

mod printed;

pub(super) use printed::{Printed, keep, keep_merged, keep_sheet, manifest, of, packing_slip};

use super::wire::Moment;
use crate::base::{entropy, ids, time};
use crate::carrier::print::{Format, Paper};
use crate::engine::{Cx, Request, pairs};

/// How a label is printed for a `label_file_type`. A PDF without a size is for office printers.
pub(super) fn format(word: Option<&str>) -> Format {
    let paper = match word.and_then(|word| word.split_once('_')).map(|(_, size)| size) {
        Some("2.3x7.5") => Paper::Inch2x7,
        Some("4x8") => Paper::Inch4x8,
        Some("A4") => Paper::A4,
        Some("A5") => Paper::A5,
        Some("A6") => Paper::A6,
        _ => Paper::Inch4x6,
    };
    match word {
        Some("ZPLII") => Format::zpl(203),
        Some("PDF") => Format::pdf(Paper::Letter),
        Some(word) if word.starts_with("PNG") => Format::png(paper, 300),
        _ => Format::pdf(paper),
    }
}

/// A link to a file that is good for a year.
pub(super) fn link(cx: &Cx<'_>, name: &str, since: Moment) -> String {
    link_for(cx, name, since, jiff::SignedDuration::from_hours(365 * 24))
}

/// A link to a file that is good for so long.
pub(super) fn link_for(cx: &Cx<'_>, name: &str, since: Moment, span: jiff::SignedDuration) -> String {
    let expires = time::shift(since.0, span).as_second();
    let signature = signature(name, expires);
    cx.call.url(&format!("/deliver/{name}?Expires={expires}&Signature={signature}&{KEY_PAIR_ID}={}", key_pair(cx.sandbox)))
}

/// Whether a link is signed, and good now.
pub(super) fn is_signed(name: &str, cx: &Cx<'_>) -> bool {
    let expires: Option<i64> = cx.call.query("Expires").and_then(|text| text.parse().ok());
    let fits = |expires| {
        cx.call.query("Signature") == Some(signature(name, expires).as_str())
            && cx.call.query(KEY_PAIR_ID) == Some(key_pair(cx.sandbox).as_str())
    };
    expires.is_some_and(|expires| fits(expires) && cx.now.as_second() < expires)
}

/// The sandbox that a link names.
pub(super) fn sandbox(request: &Request) -> Option<String> {
    let pairs = pairs(&request.query);
    let (_, key) = pairs.iter().find(|(name, _)| name == KEY_PAIR_ID)?;
    key.strip_prefix(KEY_PAIR)?.strip_prefix('.').map(str::to_owned)
}

/// What a link names the sandbox by.
pub(super) fn key_pair(sandbox: &str) -> String {
    format!("{KEY_PAIR}.{sandbox}")
}

pub(super) const KEY_PAIR_ID: &str = "Key-Pair-Id";
const KEY_PAIR: &str = "SEATRIAL";

/// Keeps links apart; it protects nothing.
fn signature(name: &str, expires: i64) -> String {
    ids::hex(&mut entropy::stream(0, &["signature", name], expires.unsigned_abs()), 40)
}
