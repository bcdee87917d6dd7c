//! What a scenario does that is allowed and may surprise its author: `seatrial check` prints it, and nothing is refused.

mod accounts;
mod webhooks;

use std::sync::Arc;

use super::ast::{Effect, Expected, Failure, Pattern, Scenario, Trigger};
use super::error::{Diagnostic, Spanned};
use super::types;
use crate::base::text;
use crate::base::time::Timestamp;
use crate::engine::{DEFAULT, Machine, Vendor};
use crate::scenario::Story;
use crate::scenario::node;
use crate::scenario::parse;
use crate::scenario::run::{self, MachineVocabulary};
use crate::spec::Operation;
use crate::world::Note;

/// Everything that is to be said about a text: what is wrong with it, also with the sandbox that it describes at the wall's time
/// `wall`, and what may surprise its author.
#[must_use]
pub fn lint(machine: &Machine, text: &[u8], file: &str, wall: Timestamp) -> Vec<Diagnostic> {
    let vocabulary = MachineVocabulary(machine);
    let (scenario, problems) = match str::from_utf8(text) {
        Ok(text) => parse::inspect(text, file, &vocabulary),
        Err(_) => (None, parse::load_bytes(text, file, &vocabulary).err().unwrap_or_default()),
    };
    all_of(machine, scenario, problems, wall)
}

/// [`lint`] for a conversation and the scenario in it.
#[must_use]
pub fn lint_conversation(machine: &Machine, text: &str, file: &str, wall: Timestamp) -> Vec<Diagnostic> {
    let (story, problems) = parse::inspect_conversation(text, file, &node::CONVERSATION, &MachineVocabulary(machine), true);
    let problems = problems.into_iter().chain(story.iter().flat_map(Story::misspelt_methods));
    let problems = problems.chain(story.iter().flat_map(|story| story.misspelt_paths(machine))).collect();
    all_of(machine, story.and_then(|story| story.scenario), problems, wall)
}

/// What is wrong with files of which some could not be gathered, as `problems` tell: that, and everything else that is wrong with the
/// text of the others, as far as those that are not there cannot make it right.
#[must_use]
pub fn lint_most(machine: &Machine, text: &str, file: &str, mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if !text.trim().is_empty() {
        let (scenario, mut more) = parse::inspect(text, file, &MachineVocabulary(machine));
        more.extend(scenario.into_iter().flat_map(|scenario| scenario.warnings));
        more.sort_by_key(|problem| problem.span.start);
        problems.extend(more.into_iter().filter(|problem| !problem.message.starts_with(parse::NO_ROW)));
    }
    parse::first_of(problems)
}

fn all_of(machine: &Machine, scenario: Option<Scenario>, mut problems: Vec<Diagnostic>, wall: Timestamp) -> Vec<Diagnostic> {
    if let Some(scenario) = scenario {
        let can_begin = parse::can_begin(&scenario.source, &problems);
        problems.extend(advice(machine, &scenario));
        problems.extend(unreachable(machine, &scenario));
        if can_begin {
            problems.extend(run::stage(machine, DEFAULT, &Arc::new(scenario), None, wall).err().unwrap_or_default());
        }
        problems.sort_by_key(|problem| problem.span.start);
    }
    parse::first_of(problems)
}

/// Receivers that nothing will ever reach, as far as their addresses alone tell.
fn unreachable<'m>(machine: &'m Machine, scenario: &'m Scenario) -> impl Iterator<Item = Diagnostic> + 'm {
    scenario.subscriptions.iter().filter_map(|row| {
        let obstacle = machine.obstacle(DEFAULT, &row.url.value).filter(|_| !row.url.value.is_empty())?;
        let message = format!("nothing will ever reach this receiver: {obstacle}");
        Some(Diagnostic::at("S107", message, &scenario.source, row.url.span, "`inbox://me` is a receiver of the server itself"))
    })
}

/// All warnings about a scenario, in the order of its text.
#[must_use]
pub fn advice(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut warnings = scenario.warnings.clone();
    for row in &scenario.overrides {
        let Some(Effect::Fault(fault)) = &row.effect else { continue };
        let Failure::Status(status) = fault.then else { continue };
        let documents = |vendor: &Vendor| {
            let Some(loaded) = machine.vendors().loaded().iter().find(|loaded| loaded.vendor.id == vendor.id) else { return false };
            let all = loaded.catalog().operations().iter();
            let mut operations = all.filter(|operation| row.on.matches(&vendor.id, &operation.id)).peekable();
            // Of one that the vendor does not have nothing is known, and that is told.
            operations.peek().is_none() || operations.any(|operation| operation.statuses().any(|own| own == Some(status)))
        };
        let is_mute = |vendor: &Vendor| is_meant(vendor, &row.on.value) && !machine.has_words_for(vendor, status) && !documents(vendor);
        let vendors = machine.vendors().all().iter().filter(|vendor| is_mute(vendor));
        let mute: Vec<&str> = vendors.map(|vendor| &*vendor.id).collect();
        if !mute.is_empty() {
            let message = format!("no answer with the status {status} is known of {}", mute.join(", "));
            let help = "callers get the usual shape of the vendor with the standard reason; write a real one with `respond`";
            warnings.push(Diagnostic::at("S019", message, &scenario.source, fault.span, help));
        }
    }
    warnings.extend(never_taken(scenario));
    warnings.extend(excepted_in_vain(machine, scenario));
    warnings.extend(webhooks::advice(machine, scenario));
    warnings.extend(accounts::advice(machine, scenario));
    warnings.extend(never_about_a_parcel(machine, scenario));
    warnings.sort_by_key(|warning| warning.span.start);
    warnings
}

/// Whether a pattern is about operations of a vendor.
fn is_meant(vendor: &Vendor, on: &Pattern) -> bool {
    match on {
        Pattern::Every => true,
        Pattern::Vendor(id) => *vendor.id == **id,
        Pattern::One(operation) => *vendor.id == *operation.vendor,
        Pattern::Glob(glob) => text::fits_glob(&vendor.id, glob.split('.').next().unwrap_or_default()),
    }
}

/// Codes of notes that an expectation excepts and that never count against it.
fn excepted_in_vain(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for row in &scenario.expect {
        let Expected::Valid { calls, except } = &row.kind else { continue };
        for code in except {
            let is_own = |vendor: &Vendor| vendor.notes.iter().any(|(own, _)| *own == code.value);
            let mut owners = machine.vendors().all().iter().filter(|vendor| is_own(vendor)).peekable();
            let message = if !Note::may_be_departure(&code.value) {
                format!("`{}` is never counted against a caller", code.value)
            } else if owners.peek().is_some() && !owners.any(|vendor| is_meant(vendor, &calls.on.value)) {
                format!("no call of `{}` has a note `{}`", calls.on.value, code.value)
            } else {
                continue;
            };
            warnings.push(Diagnostic::at("S106", message, &scenario.source, code.span, "leave it out"));
        }
    }
    warnings
}

/// The names of parameters and members by which callers of carriers say which parcel, or which label of one, they mean.
const PARCEL_MEMBERS: [&str; 17] = [
    "TransactionId",
    "transaction",
    "transactions",
    "TrackingNumber",
    "trackingNumber",
    "tracking_number",
    "q",
    "File",
    "reference",
    "outgoing_reference",
    "shipments",
    "id",
    "shipId",
    "shipmentId",
    "label_id",
    "label_ids",
    "excluded_label_ids",
];

/// Steps that wait for calls which have no place where they could name a parcel.
fn never_about_a_parcel(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let names = |operation: &Operation| {
        let vendor = operation.name.split('.').next().and_then(|id| machine.vendors().find(id));
        // Other documents may have any words for it.
        operation.can_name(if vendor.is_none_or(|vendor| vendor.is_document()) { &[] } else { &PARCEL_MEMBERS })
    };
    let names_none = |on: &Pattern| {
        let mut meant = types::operations(machine, on).into_iter().peekable();
        meant.peek().is_some() && !meant.any(names)
    };
    let mut warnings = Vec::new();
    for timeline in &scenario.timelines {
        for (index, step) in timeline.steps.iter().enumerate() {
            let Trigger::On(on) = &step.trigger else { continue };
            if !names_none(&on.value) {
                continue;
            }
            let what = match index {
                0 => format!("timeline `{}` never starts: its first step waits", timeline.name.value),
                _ => "the step never comes: it waits".to_owned(),
            };
            let message = format!("{what} for a call about the parcel, and `{}` names none", on.value);
            let help = "name an operation that says which parcel, or which label, is meant";
            warnings.push(Diagnostic::at("S108", message, &scenario.source, on.span, help));
        }
    }
    warnings
}

/// Timelines that no parcel is put on but by name. One that could not be read takes nothing.
fn never_taken(scenario: &Scenario) -> Vec<Diagnostic> {
    let (mut all, mut warnings) = (Vec::<(&Spanned<String>, Option<&str>)>::new(), Vec::new());
    for timeline in &scenario.timelines {
        let vendor = timeline.vendor.as_ref().map(|vendor| vendor.value.as_str());
        let file = |name: &Spanned<String>| scenario.source.file_at(name.span.start);
        // One of a later file is meant to take the place of others.
        let is_wider = |(earlier, other): &&(&Spanned<String>, Option<&str>)| {
            (other.is_none() || *other == vendor) && file(earlier) == file(&timeline.name)
        };
        if let Some((earlier, _)) = all.iter().find(is_wider) {
            let message = format!("timeline `{}` is never taken, `{}` takes every such parcel", timeline.name.value, earlier.value);
            let help = "put parcels on it by its name, move it up, or give the earlier one a `when`";
            warnings.push(Diagnostic::at("S103", message, &scenario.source, timeline.name.span, help));
        } else if timeline.when.is_none() && (timeline.library.is_some() || !timeline.steps.is_empty()) {
            all.push((&timeline.name, vendor));
        }
    }
    warnings
}
