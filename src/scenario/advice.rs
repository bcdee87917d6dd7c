//! What a scenario does that is allowed and may surprise its author: `seatrial check` prints it, and nothing is refused.

use std::sync::Arc;

use super::ast::{Effect, Expectation, Expected, Failure, Pattern, Scenario, Trigger};
use super::error::{Diagnostic, Span, Spanned, quoted};
use super::types;
use crate::base::entropy;
use crate::base::text;
use crate::base::time::Timestamp;
use crate::engine::webhooks::{Forgery, Subscription};
use crate::engine::{DEFAULT, Machine, Vendor};
use crate::scenario::Story;
use crate::scenario::parse;
use crate::scenario::run::{self, MachineVocabulary};

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
    let (story, problems) = parse::inspect_conversation(text, file, &MachineVocabulary(machine), true);
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
        let meant = |vendor: &Vendor| match &row.on.value {
            Pattern::Every => true,
            Pattern::Vendor(id) => *vendor.id == **id,
            Pattern::One(operation) => *vendor.id == *operation.vendor,
            Pattern::Glob(glob) => text::fits_glob(&vendor.id, glob.split('.').next().unwrap_or_default()),
        };
        let documents = |vendor: &Vendor| {
            let Some(loaded) = machine.vendors().loaded().iter().find(|loaded| loaded.vendor.id == vendor.id) else { return false };
            let all = loaded.catalog().operations().iter();
            let mut operations = all.filter(|operation| row.on.matches(&vendor.id, &operation.id)).peekable();
            // Of one that the vendor does not have nothing is known, and that is told.
            operations.peek().is_none() || operations.any(|operation| operation.statuses().any(|own| own == Some(status)))
        };
        let is_mute = |vendor: &Vendor| meant(vendor) && !machine.has_words_for(vendor, status) && !documents(vendor);
        let vendors = machine.vendors().all().iter().filter(|vendor| is_mute(vendor));
        let mute: Vec<&str> = vendors.map(|vendor| &*vendor.id).collect();
        if !mute.is_empty() {
            let message = format!("no answer with the status {status} is known of {}", mute.join(", "));
            let help = "callers get the usual shape of the vendor with the standard reason; write a real one with `respond`";
            warnings.push(Diagnostic::at("S019", message, &scenario.source, fault.span, help));
        }
    }
    warnings.extend(never_taken(scenario));
    warnings.extend(of_another_version(machine, scenario));
    warnings.extend(never_about_a_parcel(machine, scenario));
    warnings.extend(never_forged(machine, scenario));
    warnings.extend(never_minded(machine, scenario));
    warnings.extend(never_delivered(scenario));
    warnings.sort_by_key(|warning| warning.span.start);
    warnings
}

/// The vendors that somebody may subscribe to later: those with webhooks that a scenario names, by their operations or events; or all of
/// them.
fn likely_senders<'m, 's>(machine: &'m Machine, scenario: &'s Scenario) -> Vec<&'m Vendor> {
    let overrides = scenario.overrides.iter().map(|row| &row.on.value);
    let expected = scenario.expect.iter().flat_map(|row| row.kind.calls()).map(|calls| &calls.on.value);
    let of_calls = overrides.chain(expected).filter_map(Pattern::vendor);
    let of_data = scenario.given.iter().map(|row| row.operation.value.vendor.as_str());
    let named: Vec<&str> = of_calls.chain(of_data).collect();
    let event = |row: &'s Expectation| if let Expected::Webhook(webhooks) = &row.kind { Some(webhooks.event.as_str()) } else { None };
    let events: Vec<&str> = scenario.expect.iter().filter_map(event).collect();
    let is_named = |vendor: &&Vendor| named.contains(&&*vendor.id) || events.iter().any(|event| vendor.webhooks.events.contains(event));
    let all: Vec<&Vendor> =
        machine.vendors().all().iter().map(|vendor| &**vendor).filter(|vendor| !vendor.webhooks.events.is_empty()).collect();
    let likely: Vec<&Vendor> = all.iter().copied().filter(is_named).collect();
    if likely.is_empty() { all } else { likely }
}

/// Forgeries that the webhooks of a vendor do not have: of the vendors that are subscribed to; or else where none that may be has them.
fn never_forged(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let wanted = Forgery::ALL.into_iter().zip(scenario.webhooks.forged).filter(|(_, (share, _))| *share > 0.0);
    for (forgery, (_, span)) in wanted {
        let can = |vendor: &Vendor, secret: Option<String>, events: Vec<String>| {
            vendor.webhooks.can_forge(forgery, &Subscription { secret, ..Subscription::new("", events, Timestamp::UNIX_EPOCH) })
        };
        let some_secret = || Some("secret".to_owned());
        let all = |vendor: &Vendor| {
            vendor.webhooks.events.iter().filter(|event| (vendor.webhooks.own)(event)).map(|event| (*event).to_owned()).collect::<Vec<_>>()
        };
        let can_of = |vendor: &Vendor, other: Forgery| {
            let subscription = Subscription { secret: some_secret(), ..Subscription::new("", all(vendor), Timestamp::UNIX_EPOCH) };
            vendor.webhooks.can_forge(other, &subscription)
        };
        let (mut cannot, mut without_secret) = (Vec::<&str>::new(), Vec::<&str>::new());
        for row in &scenario.subscriptions {
            let Some(vendor) = machine.vendors().find(&row.vendor.value).filter(|vendor| !vendor.webhooks.events.is_empty()) else {
                continue;
            };
            let named: Vec<String> = row.events.iter().map(|event| event.value.clone()).filter(|event| event != "*").collect();
            let events = if named.is_empty() { all(vendor) } else { named };
            // Some vendors make a secret where nobody gives one.
            let secret = row.secret.clone().or_else(|| (vendor.webhooks.secret)(&mut entropy::stream(0, &[], 0)));
            if can(vendor, secret, events.clone()) {
                continue;
            }
            if can(vendor, some_secret(), events) { &mut without_secret } else { &mut cannot }.push(&vendor.id);
        }
        if scenario.subscriptions.is_empty() {
            let likely = likely_senders(machine, scenario);
            if likely.iter().all(|vendor| !can(vendor, some_secret(), all(vendor))) {
                cannot.extend(likely.iter().map(|vendor| &*vendor.id));
            }
        }
        without_secret.dedup();
        if !without_secret.is_empty() {
            let message = format!("`{}` changes nothing for {} without a secret", forgery.member(), without_secret.join(", "));
            warnings.push(Diagnostic::at("S105", message, &scenario.source, span, "give the subscription a `secret`"));
        }
        cannot.dedup();
        if !cannot.is_empty() {
            let lacks = match forgery {
                Forgery::Signature => "are not signed",
                Forgery::Timestamp => "are signed without a time, or not at all",
                Forgery::Secret => "have no secret of the receiver's",
            };
            let message = format!("`{}` changes nothing for {}, whose webhooks {lacks}", forgery.member(), cannot.join(", "));
            let has = |other: &Forgery| {
                let vendor = |id: &&str| machine.vendors().find(id).is_some_and(|vendor| can_of(vendor, *other));
                cannot.iter().all(vendor)
            };
            let others: Vec<&str> = Forgery::ALL.iter().filter(|other| has(other)).map(|other| other.member()).collect();
            let instead = if others.is_empty() { String::new() } else { format!("; they can have {}", quoted(&others)) };
            let help = format!("they are sent as they should be{instead}");
            warnings.push(Diagnostic::at("S105", message, &scenario.source, span, &help));
        }
    }
    warnings
}

/// Webhooks that are expected, and never come so.
fn never_delivered(scenario: &Scenario) -> Vec<Diagnostic> {
    let chaos = &scenario.webhooks;
    let is_forging = chaos.forged.iter().any(|(share, _)| *share > 0.0);
    let mut warnings = Vec::new();
    for row in &scenario.expect {
        let Expected::Webhook(wanted) = &row.kind else { continue };
        let (message, help) = match wanted.forged {
            _ if wanted.count.min == 0 => continue,
            _ if chaos.drop >= 1.0 => ("`drop: 1` drops all of them, so that none is delivered", "drop some of them: `drop: 0.1`"),
            Some(true) if !is_forging => {
                ("no delivery is forged, so that none counts", "forge some of them: `webhooks: {forged_signature: 0.5}`")
            }
            _ => continue,
        };
        warnings.push(Diagnostic::at("S108", message.to_owned(), &scenario.source, wanted.event.span, help));
    }
    warnings
}

/// What a subscription asks for that no delivery to it depends on.
fn never_minded(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for row in &scenario.subscriptions {
        let Some(vendor) = machine.vendors().find(&row.vendor.value).filter(|vendor| !vendor.webhooks.events.is_empty()) else { continue };
        let named = row.events.iter().map(|event| event.value.as_str()).filter(|event| *event != "*");
        let events: Vec<&str> = if named.clone().count() > 0 { named.collect() } else { vendor.webhooks.events.to_vec() };
        let of = |event: &str| Subscription {
            secret: row.secret.clone(),
            ..Subscription::new("", vec![event.to_owned()], Timestamp::UNIX_EPOCH)
        };
        let whose = if row.events.is_empty() { String::new() } else { format!(" by {}", quoted(&events)) };
        let mut warn = |what: &str, span: Option<Span>, lacks: &str| {
            let (Some(span), id) = (span, &row.vendor.value) else { return };
            let message = format!("`{what}` changes nothing of what {id} sends{whose}: {lacks}");
            warnings.push(Diagnostic::at("S105", message, &scenario.source, span, &format!("leave `{what}` out")));
        };
        if row.form && !events.iter().any(|event| vendor.webhooks.can_be_form(&of(event))) {
            warn("format", row.format_span, "all of it is JSON");
        }
        if row.secret.is_some() && !events.iter().any(|event| vendor.webhooks.can_forge(Forgery::Secret, &of(event))) {
            warn("secret", row.secret_span, "nothing is signed with a secret of the receiver's, and none is sent");
        }
    }
    warnings
}

/// Steps that wait for calls which have no place where they could name a parcel.
fn never_about_a_parcel(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let steps = scenario.timelines.iter().flat_map(|timeline| &timeline.steps);
    let patterns = steps.filter_map(|step| if let Trigger::On(on) = &step.trigger { Some(on) } else { None });
    let names_none = |on: &&Spanned<Pattern>| {
        let mut meant = types::operations(machine, &on.value).into_iter().peekable();
        meant.peek().is_some() && meant.all(|operation| !operation.can_name())
    };
    let warning = |on: &Spanned<Pattern>| {
        let message = format!("the step waits for a call about the parcel, and `{}` names none", on.value);
        Diagnostic::at("S108", message, &scenario.source, on.span, "name an operation that says which parcel, or which label, is meant")
    };
    patterns.filter(names_none).map(warning).collect()
}

/// Events of another version than the one that is subscribed to: nobody who subscribes there is told of them by the vendor itself.
fn of_another_version(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for row in &scenario.subscriptions {
        let Some(vendor) = machine.vendors().find(&row.vendor.value) else { continue };
        let is_others = |event: &&Spanned<String>| vendor.webhooks.is_of_another_version(event);
        for event in row.events.iter().filter(is_others) {
            let message = format!("`{}` is an event of another version than {}", event.value, vendor.id);
            let help = "its links are for credentials of that version: give it a subscription of its own, with that `vendor`";
            warnings.push(Diagnostic::at("S108", message, &scenario.source, event.span, help));
        }
    }
    warnings
}

/// Timelines that no parcel is put on but by name.
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
        } else if timeline.when.is_none() {
            all.push((&timeline.name, vendor));
        }
    }
    warnings
}
