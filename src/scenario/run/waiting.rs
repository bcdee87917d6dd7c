//! Timelines that wait for a call, for being read, or for what a call of the vendor brings, and that none of it has moved on.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::carrier::{self, Anchor, Parcel};
use crate::engine::PARCEL;
use crate::scenario::ast::{Scenario, Then, TimelineStep, Trigger};
use crate::world::World;

/// How many of the newest parcels of an account are looked at.
const LOOKED_AT: usize = 1_000;

/// The steps that the furthest parcels of their timelines wait for: the names of the timelines, the steps, and what they wait for.
pub(super) fn steps<'s>(
    scenario: &'s Scenario,
    bound: &BTreeMap<String, Arc<carrier::Timeline>>,
    world: &World,
) -> Vec<(&'s str, &'s TimelineStep, String)> {
    let is_moved_on = |step: &TimelineStep| !matches!(step.trigger, Trigger::At(..));
    let waits = |step: &TimelineStep| is_moved_on(step) || anchor_of(step).is_some();
    let timelines = scenario.timelines.iter().filter(|timeline| timeline.then == Then::Hold && timeline.steps.iter().any(waits));
    let timelines: Vec<_> = timelines.collect();
    if timelines.is_empty() {
        return Vec::new();
    }
    // An anchor that comes by itself is planned, and so is what follows one that was reached.
    let planned = LazyCell::new(|| world.agenda().iter().map(|(_, task)| &*task.subject).collect::<BTreeSet<&str>>());
    // How far the parcels of each timeline are, and how many are so far.
    let mut furthest: BTreeMap<usize, (u32, u64)> = BTreeMap::new();
    for body in world.accounts().iter().flat_map(|(_, account)| account.rows(&PARCEL).rev().take(LOOKED_AT)).map(|(_, body)| body) {
        let Ok(parcel) = serde_json::from_str::<Parcel>(body) else { continue };
        let name = parcel.timeline.as_deref();
        let Some(index) = timelines.iter().position(|timeline| Some(timeline.name.value.as_str()) == name) else { continue };
        let is_counting = timelines[index].steps.get(parcel.step as usize).is_some_and(|step| anchor_of(step).is_some());
        let is_over = name.and_then(|name| bound.get(name)).is_some_and(|timeline| timeline.is_over(&parcel));
        if is_over || is_counting && planned.contains(&*parcel.tracking_number) {
            continue;
        }
        let far = furthest.entry(index).or_insert((parcel.step, 0));
        match parcel.step.cmp(&far.0) {
            std::cmp::Ordering::Greater => *far = (parcel.step, 1),
            std::cmp::Ordering::Equal => far.1 += 1,
            std::cmp::Ordering::Less => {}
        }
    }
    let told = furthest.into_iter().filter_map(|(index, (step, count))| {
        let timeline = timelines.get(index)?;
        let (before, rest) = timeline.steps.split_at_checked(step as usize)?;
        // Where others of the kind came, somebody moves parcels on, and may do so later.
        let step = rest.first().filter(|_| !before.iter().any(is_moved_on))?;
        let parcels = if count == 1 { "1 parcel waits".to_owned() } else { format!("{count} parcels wait") };
        let whose = if count == 1 { "it" } else { "them" };
        let what = match &step.trigger {
            Trigger::On(on) => format!("{parcels} for a call of `{}` about {whose}", on.value),
            Trigger::AfterReads(reads) => format!("{parcels} for {reads} reads of the tracking of {whose}"),
            Trigger::At(..) => format!("{parcels} for the `{}` that a call brings {whose}", anchor_of(step)?.word()),
        };
        Some((timeline.name.value.as_str(), step, what))
    });
    told.collect()
}

/// What a step counts its time from, if that is more than the label.
fn anchor_of(step: &TimelineStep) -> Option<Anchor> {
    match step.trigger {
        Trigger::At(_, anchor) => anchor.filter(|anchor| *anchor != Anchor::Label),
        Trigger::AfterReads(_) | Trigger::On(_) => None,
    }
}
