//! Limits of calls that nobody exceeds, because an earlier one has refused the calls that would.

use super::reader::Reader;
use crate::scenario::ast::{Effect, Override, Pattern, RateLimit};

/// So many limits of one scenario are held against those in front of them.
const MOST: usize = 64;

/// Reports limits behind others that serve as few calls of the same callers.
pub(super) fn limited(reader: &mut Reader<'_>, overrides: &[Override]) {
    let limit = |(index, row): (usize, &Override)| match &row.effect {
        Some(Effect::RateLimit(limit)) => Some((index, *limit)),
        _ => None,
    };
    let limits: Vec<(usize, RateLimit)> = overrides.iter().enumerate().filter_map(limit).take(MOST).collect();
    for (number, (index, own)) in limits.iter().enumerate() {
        let row = &overrides[*index];
        reader.about = row.on.value.clone();
        let counts_all = |row: &Override| row.skip == 0 && row.times.is_none() && row.after.is_none();
        let is_behind = |(at, earlier): &&(usize, RateLimit)| {
            let other = &overrides[*at];
            let is_together = (own.per.credential || !earlier.per.credential)
                && (own.per.operation || !earlier.per.operation || matches!(row.on.value, Pattern::One(_)));
            earlier.limit <= own.limit
                && is_together
                && counts_all(other)
                && other.on.value.covers(&row.on.value)
                && reader.implies(row.when.as_ref(), other.when.as_ref())
        };
        let earlier: Vec<&(usize, RateLimit)> = limits[..number].iter().filter(is_behind).collect();
        // Windows that begin and end with the same calls; else so many of the one begin in one of the other, and one before.
        let is_same = |at: usize, earlier: &RateLimit| {
            let other = &overrides[at];
            at + 1 == *index
                && earlier.window == own.window
                && (&other.on.value, &other.when, other.per.is_some()) == (&row.on.value, &row.when, false)
                && counts_all(row)
        };
        let served = |earlier: &RateLimit| {
            let windows = own.window.as_nanos().div_ceil(earlier.window.as_nanos().max(1)) + 1;
            windows.saturating_mul(earlier.limit.into())
        };
        let is_never = |(at, earlier): &&&(usize, RateLimit)| is_same(*at, earlier) || served(earlier) <= own.limit.into();
        let (never, hardly) = (earlier.iter().find(is_never), earlier.iter().find(|(_, earlier)| earlier.window >= own.window));
        let line = |at: usize| reader.source.position(overrides[at].place.start).0;
        let name = |at: usize| &overrides[at].on.value;
        let help = "give it a lower `limit` or a longer `window`, or leave it out";
        let place = if row.place == row.span { row.on.span } else { row.place };
        match (never, hardly) {
            (Some((at, _)), _) => {
                let message =
                    format!("nobody ever exceeds this limit, that of `{}` on line {} refuses such calls before", name(*at), line(*at));
                reader.problem("S016", place, message).help(help);
            }
            (None, Some((at, earlier))) => {
                let message = format!(
                    "hardly anybody exceeds this limit: that of `{}` on line {} serves {} calls, unless two windows of it meet",
                    name(*at),
                    line(*at),
                    earlier.limit
                );
                reader.warn("S106", place, message, help);
            }
            (None, None) => {}
        }
    }
}
