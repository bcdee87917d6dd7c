//! Overrides that no call reaches, because earlier ones take every call that they could match.

use std::collections::BTreeMap;

use super::joined::joint;
use super::reader::Reader;
use crate::base::text;
use crate::engine::BusinessFailure;
use crate::scenario::ast::{Condition, Effect, Override, Pattern};
use crate::scenario::error::Diagnostic;
use crate::scenario::expr::types::Joint;

/// So many globs, and conditions of an operation, are held against the overrides behind them.
const MOST_GLOBS: usize = 256;
const MOST_CONDITIONS: usize = 256;
/// So many pairs of conditions are looked at more closely.
const MOST_PAIRS: usize = 2_000;

/// Which calls an override takes from those behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// Those that the vendor carries out.
    Carried,
    All,
}

/// Which of the calls that fulfill its conditions do not go on to the overrides behind it.
fn takes(entry: &Override) -> Takes {
    let has_effect = entry.effect.is_some() || entry.latency.is_some();
    match &entry.effect {
        _ if !has_effect || entry.times.is_some() || entry.skip > 0 || entry.after.is_some() => Takes::Nothing,
        Some(Effect::RateLimit(_)) => Takes::Nothing,
        _ if entry.needs_work() => Takes::Carried,
        _ => Takes::All,
    }
}

/// An override that takes calls from those behind it.
struct Taker<'o> {
    when: Option<&'o Condition>,
    takes: Takes,
    start: usize,
    on: String,
    /// The business failure, where some of its operations may not have it.
    failure: Option<&'o str>,
    is_patch: bool,
    /// Whether something is told of it already, so that it may mean something else.
    is_flawed: bool,
}

/// The first of some that takes all calls, or else of those that take some.
fn strongest<'t, 'o>(found: impl Iterator<Item = &'t &'t Taker<'o>>) -> Option<&'t Taker<'o>>
where
    'o: 't,
{
    let found: Vec<&Taker<'o>> = found.copied().collect();
    found.iter().find(|taker| taker.takes == Takes::All).or(found.first()).copied()
}

/// How calls are left to the override behind another one.
fn narrower(earlier: &Taker<'_>) -> &'static str {
    match earlier.when {
        None => "move it up, or give the earlier one `when` or `times`",
        Some(_) => "move it up, or give the earlier one a narrower `when`, or `times`",
    }
}

/// Whether an override of a failure that operations may have or not takes calls of a pattern: of an operation that has it.
fn has_failure(reader: &Reader<'_>, taker: &Taker<'_>, on: &Pattern) -> bool {
    let (Some(name), Some(vocabulary)) = (taker.failure, reader.vocabulary) else { return taker.failure.is_none() };
    let Pattern::One(operation) = on else { return false };
    let has = |(vendor, row): (&str, &'static BusinessFailure)| {
        vendor == operation.vendor && row.name == name && row.operations.contains(&operation.id.as_str())
    };
    vocabulary.failures().any(has)
}

/// Reports overrides that can never be reached.
pub(super) fn shadowed(reader: &mut Reader<'_>, overrides: &[Override]) {
    let mut known = BTreeMap::<String, Vec<Taker<'_>>>::new();
    let mut globs = Vec::<Taker<'_>>::new();
    let mut pairs = 0;
    for entry in overrides {
        let on = &entry.on.value;
        let name = on.to_string();
        let wider = match on {
            Pattern::Every => vec![Pattern::Every],
            Pattern::Vendor(_) | Pattern::Glob(_) => vec![Pattern::Every, on.clone()],
            Pattern::One(operation) => vec![Pattern::Every, Pattern::Vendor(operation.vendor.clone()), on.clone()],
        };
        let wider = wider.iter().filter_map(|on| known.get(&on.to_string())).flatten();
        let wider = wider.chain(globs.iter().filter(|taker| text::fits_glob(&name, &taker.on)));
        let wider: Vec<&Taker<'_>> = wider.filter(|taker| has_failure(reader, taker, on)).collect();
        reader.about = on.clone();
        let alike = |taker: &&&Taker<'_>| taker.when.is_none() || taker.when == entry.when.as_ref();
        let mut earlier = strongest(wider.iter().filter(alike));
        if earlier.is_none() && !reader.is_full() && reader.vocabulary.is_some() {
            let own = || entry.when.as_ref().map(joint);
            let is_never = |joint: &Joint<'_>| joint.contradiction(&*reader).is_some();
            // One that no call fulfills is told by itself.
            let within = |taker: &&&Taker<'_>| {
                if taker.is_flawed {
                    return false;
                }
                pairs += 1;
                let left = taker.when.map(|earlier| Joint::All(own().into_iter().chain([Joint::Not(Box::new(joint(earlier)))]).collect()));
                pairs <= MOST_PAIRS && left.is_some_and(|left| is_never(&left)) && !own().is_some_and(|own| is_never(&own))
            };
            earlier = strongest(wider.iter().filter(within));
        }
        if let Some(earlier) = earlier {
            if reader.is_full() {
                return;
            }
            let (line, _) = reader.source.position(earlier.start);
            let name = &earlier.on;
            let place = if entry.place == entry.span { entry.on.span } else { entry.place };
            if earlier.takes == Takes::All || entry.needs_work() {
                let message = format!("override is never reached, `{name}` on line {line} takes every such call");
                let help = match (&entry.effect, earlier.is_patch) {
                    (Some(Effect::Patch(_)), true) => "one `patch` changes several places: write both into the earlier one",
                    _ => narrower(earlier),
                };
                reader.problem("S016", place, message).help(help);
                continue;
            }
            let message = format!(
                "only calls that are refused for their token, path or number reach this override, `{name}` on line {line} takes the others"
            );
            reader.warn("S106", place, message, narrower(earlier));
        }
        let has = |told: &Diagnostic| entry.span.start <= told.span.start && told.span.end <= entry.span.end;
        let is_wrong = reader.problems.iter().any(has);
        let is_flawed = is_wrong || reader.warnings.iter().any(has);
        let is_patch = matches!(entry.effect, Some(Effect::Patch(_)));
        let (when, start) = (entry.when.as_ref(), entry.place.start);
        let failure = match &entry.effect {
            Some(Effect::Refuse(refusal)) if !matches!(on, Pattern::One(_)) => refusal.failure.as_ref().map(|name| name.value.as_str()),
            _ => None,
        };
        let taker = Taker { when, takes: takes(entry), start, on: name.clone(), failure, is_patch, is_flawed };
        match on {
            _ if taker.takes == Takes::Nothing || is_wrong => {}
            Pattern::Glob(_) if taker.when.is_none() && globs.len() < MOST_GLOBS => globs.push(taker),
            _ => {
                let rows = known.entry(name).or_default();
                if taker.when.is_none() || rows.len() < MOST_CONDITIONS {
                    rows.push(taker);
                }
            }
        }
    }
}
