//! Timelines that wait for a call, or for being read, and that none of it has moved on.

use std::collections::BTreeMap;

use crate::carrier::Parcel;
use crate::engine::PARCEL;
use crate::scenario::ast::{Scenario, Then, TimelineStep, Trigger};
use crate::world::World;

/// How many of the newest parcels of an account are looked at.
const LOOKED_AT: usize = 1_000;

/// The steps that the furthest parcels of their timelines wait for: the names of the timelines, the steps, and what they wait for.
pub(super) fn steps<'s>(scenario: &'s Scenario, world: &World) -> Vec<(&'s str, &'s TimelineStep, String)> {
    let waits = |step: &TimelineStep| !matches!(step.trigger, Trigger::At(..));
    let timelines = scenario.timelines.iter().filter(|timeline| timeline.then == Then::Hold && timeline.steps.iter().any(waits));
    let timelines: Vec<_> = timelines.collect();
    if timelines.is_empty() {
        return Vec::new();
    }
    // How far the parcels of each timeline are, and how many are so far.
    let mut furthest: BTreeMap<usize, (u32, u64)> = BTreeMap::new();
    for body in world.accounts().iter().flat_map(|(_, account)| account.rows(&PARCEL).rev().take(LOOKED_AT)).map(|(_, body)| body) {
        let Ok(parcel) = serde_json::from_str::<Parcel>(body) else { continue };
        let name = parcel.timeline.as_deref();
        let Some(index) = timelines.iter().position(|timeline| Some(timeline.name.value.as_str()) == name) else { continue };
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
        let step = rest.first().filter(|_| !before.iter().any(waits))?;
        let parcels = if count == 1 { "1 parcel waits".to_owned() } else { format!("{count} parcels wait") };
        let whose = if count == 1 { "it" } else { "them" };
        let what = match &step.trigger {
            Trigger::On(on) => format!("{parcels} for a call of `{}` about {whose}", on.value),
            Trigger::AfterReads(reads) => format!("{parcels} for {reads} reads of the tracking of {whose}"),
            Trigger::At(..) => return None,
        };
        Some((timeline.name.value.as_str(), step, what))
    });
    told.collect()
}
