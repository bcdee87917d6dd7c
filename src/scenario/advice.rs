//! What a scenario does that is allowed and may surprise its author: `seatrial check` prints it, and nothing is refused.

use super::ast::{Effect, Failure, Pattern, Scenario};
use super::error::Diagnostic;
use crate::base::text;
use crate::engine::{Machine, Vendor};

/// All warnings about a scenario, in the order of its text.
#[must_use]
pub fn advice(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for row in &scenario.overrides {
        let Some(Effect::Fault(fault)) = &row.effect else { continue };
        let Failure::Status(status) = fault.then else { continue };
        let meant = |vendor: &Vendor| match &row.on.value {
            Pattern::Every => true,
            Pattern::Vendor(id) => *vendor.id == **id,
            Pattern::One(operation) => *vendor.id == *operation.vendor,
            Pattern::Glob(glob) => text::fits_glob(&vendor.id, glob.split('.').next().unwrap_or_default()),
        };
        let vendors = machine.vendors().all().iter().filter(|vendor| meant(vendor) && !machine.has_words_for(vendor, status));
        let mute: Vec<&str> = vendors.map(|vendor| &*vendor.id).collect();
        if !mute.is_empty() {
            let message = format!("no answer with the status {status} is known of {}", mute.join(", "));
            let help = "callers get the usual shape of the vendor with the standard reason; write a real one with `respond`";
            warnings.push(Diagnostic::at("S019", message, &scenario.source, row.on.span, help));
        }
    }
    warnings.extend(never_taken(scenario));
    warnings
}

/// Timelines that no parcel is put on but by name.
fn never_taken(scenario: &Scenario) -> Vec<Diagnostic> {
    let (mut all, mut warnings) = (Vec::<(&str, Option<&str>)>::new(), Vec::new());
    for timeline in &scenario.timelines {
        let vendor = timeline.vendor.as_ref().map(|vendor| vendor.value.as_str());
        if let Some((earlier, _)) = all.iter().find(|(_, other)| other.is_none() || *other == vendor) {
            let message = format!("timeline `{}` is never taken, `{earlier}` takes every such parcel", timeline.name.value);
            let help = "put parcels on it by its name, move it up, or give the earlier one a `when`";
            warnings.push(Diagnostic::at("S103", message, &scenario.source, timeline.name.span, help));
        } else if timeline.when.is_none() {
            all.push((&timeline.name.value, vendor));
        }
    }
    warnings
}
