//! Warnings about webhooks: what a scenario asks of them that changes nothing, and what never comes.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::base::entropy;
use crate::base::time::Timestamp;
use crate::engine::webhooks::{Forgery, Subscription};
use crate::engine::{Machine, Vendor};
use crate::scenario::ast::{Expectation, Expected, Pattern, Scenario};
use crate::scenario::error::{Diagnostic, Span, Spanned, quoted};

/// All warnings about the webhooks of a scenario.
pub(super) fn advice(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut warnings = of_another_version(machine, scenario);
    warnings.extend(never_forged(machine, scenario));
    warnings.extend(never_minded(machine, scenario));
    warnings.extend(never_delivered(machine, scenario));
    warnings.extend(never_sent(machine, scenario));
    warnings.extend(beside_all(machine, scenario));
    warnings.extend(of_nobody(machine, scenario));
    warnings.extend(never_in_time(scenario));
    warnings
}

/// The vendors that a scenario names, by their ids or mounts; `None` where it speaks of all of them.
fn named(scenario: &Scenario) -> Option<BTreeSet<&str>> {
    let overrides = scenario.overrides.iter().map(|row| &row.on.value);
    let expected = scenario.expect.iter().flat_map(|row| row.kind.calls()).map(|calls| &calls.on.value);
    let of_calls: Option<BTreeSet<&str>> = overrides.chain(expected).map(Pattern::vendor).collect();
    let of_data = scenario.given.iter().map(|row| row.operation.value.vendor.as_str());
    let of_parcels = scenario.timelines.iter().filter_map(|timeline| timeline.vendor.as_ref()).map(|vendor| vendor.value.as_str());
    let of_accounts = scenario.accounts.keys().map(String::as_str);
    Some(of_calls?.into_iter().chain(of_data).chain(of_parcels).chain(of_accounts).collect())
}

/// The vendors that somebody may subscribe to later: those with webhooks that a scenario names, by their operations or events; or all of
/// them.
fn likely_senders<'m, 's>(machine: &'m Machine, scenario: &'s Scenario) -> Vec<&'m Vendor> {
    let named = named(scenario).unwrap_or_default();
    let event = |row: &'s Expectation| if let Expected::Webhook(webhooks) = &row.kind { Some(webhooks.event.as_str()) } else { None };
    let events: Vec<&str> = scenario.expect.iter().filter_map(event).collect();
    let is_named = |vendor: &&Vendor| {
        let own = vendor.webhooks.events;
        named.contains(&*vendor.id) || events.iter().any(|event| own.contains(event))
    };
    let all: Vec<&Vendor> =
        machine.vendors().all().iter().map(|vendor| &**vendor).filter(|vendor| !vendor.webhooks.events.is_empty()).collect();
    let likely: Vec<&Vendor> = all.iter().copied().filter(is_named).collect();
    if likely.is_empty() { all } else { likely }
}

/// The vendors that send webhooks under a scenario, as far as it tells: those that it subscribes to, or else the likely ones.
fn senders<'m>(machine: &'m Machine, scenario: &Scenario) -> Vec<&'m Vendor> {
    let subscribed = scenario.subscriptions.iter().filter_map(|row| machine.vendors().find(&row.vendor.value));
    let subscribed: Vec<&Vendor> = subscribed.filter(|vendor: &&Vendor| !vendor.webhooks.events.is_empty()).collect();
    if subscribed.is_empty() { likely_senders(machine, scenario) } else { subscribed }
}

/// Whether a vendor's own events can be forged so where the receiver has a secret.
fn can_forge(vendor: &Vendor, forgery: Forgery, is_meant: impl Fn(&str) -> bool) -> bool {
    let events = vendor.webhooks.events.iter().filter(|event| is_meant(event));
    let events: Vec<String> = events.map(|event| (*event).to_owned()).collect();
    let subscription = Subscription { secret: Some("secret".to_owned()), ..Subscription::new("", events, Timestamp::UNIX_EPOCH) };
    vendor.webhooks.can_forge(forgery, &subscription)
}

/// Disturbances of webhooks where all vendors that the scenario speaks of send none.
fn of_nobody(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let names = named(scenario).filter(|names| !names.is_empty() && scenario.subscriptions.is_empty()).unwrap_or_default();
    let is_named = |vendor: &&&Vendor| names.contains(&*vendor.id) || names.contains(&*vendor.mount);
    let all: Vec<&Vendor> = machine.vendors().all().iter().map(|vendor| &**vendor).collect();
    let meant: Vec<&Vendor> = all.iter().filter(is_named).copied().collect();
    let expects_some = scenario.expect.iter().any(|row| matches!(row.kind, Expected::Webhook(_)));
    if meant.is_empty() || expects_some || meant.iter().any(|vendor| !vendor.webhooks.events.is_empty()) {
        return Vec::new();
    }
    let have = if meant.len() == 1 { "has" } else { "have" };
    let ids = meant.iter().map(|vendor| &*vendor.id).collect::<Vec<_>>().join(", ");
    let warning = |(member, span)| {
        let message = format!("`{member}` changes nothing: {ids} {have} no webhooks");
        let help = "leave it out, or say who is subscribed to what: `subscriptions: [{vendor: …, url: \"inbox://me\"}]`";
        Diagnostic::at("S106", message, &scenario.source, span, help)
    };
    scenario.webhooks.asked().map(warning).collect()
}

/// Expectations of webhooks sooner than any is sent.
fn never_in_time(scenario: &Scenario) -> Vec<Diagnostic> {
    let Some(least) = scenario.webhooks.delay.and_then(|delay| SignedDuration::try_from(delay.min).ok()) else { return Vec::new() };
    let warning = |row: &Expectation| {
        let Expected::Webhook(wanted) = &row.kind else { return None };
        let within = wanted.within.filter(|within| *within < least)?;
        let message = format!("no webhook comes within {within:#} of its event: `delay` sends each {least:#} later at least");
        Some(Diagnostic::at("S108", message, &scenario.source, row.place, "let `within` be longer, or `delay` shorter"))
    };
    scenario.expect.iter().filter_map(warning).collect()
}

/// Disturbances beside one that takes all deliveries.
fn beside_all(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let chaos = &scenario.webhooks;
    let whole = Forgery::ALL.into_iter().zip(chaos.forged).find(|(_, (share, _))| *share >= 1.0).map(|(forgery, _)| forgery);
    let (why, members): (String, Vec<_>) = match whole {
        _ if chaos.drop >= 1.0 => {
            ("`drop: 1` sends none of them".to_owned(), chaos.asked().filter(|(member, _)| *member != "drop").collect())
        }
        Some(first) => {
            let senders = senders(machine, scenario);
            let can = |vendor: &Vendor, forgery| can_forge(vendor, forgery, vendor.webhooks.own);
            // Where a vendor's webhooks cannot have the one, they may have the other.
            let is_left = |forgery: Forgery| senders.iter().any(|vendor| can(vendor, forgery) && !can(vendor, first));
            let comes = |forgery: Forgery| senders.iter().any(|vendor| can(vendor, forgery));
            let behind = Forgery::ALL.into_iter().zip(chaos.forged).skip_while(|(forgery, _)| *forgery != first).skip(1);
            let behind = behind.filter(|(forgery, (share, _))| *share > 0.0 && comes(*forgery) && !is_left(*forgery));
            let behind = behind.map(|(forgery, (_, span))| (forgery.member(), span)).collect();
            (format!("`{}: 1` is wrong with all of them, and one thing at most is", first.member()), behind)
        }
        None => return Vec::new(),
    };
    let warning = |(member, span)| {
        let message = format!("`{member}` changes nothing of webhooks: {why}");
        Diagnostic::at("S106", message, &scenario.source, span, "leave it out, or let the other be less than 1")
    };
    members.into_iter().map(warning).collect()
}

/// Events that are the vendor's and that nothing done here leads to.
fn never_sent(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let subscribed = scenario.subscriptions.iter().flat_map(|row| row.events.iter());
    let wanted = scenario.expect.iter().filter_map(|row| if let Expected::Webhook(wanted) = &row.kind { Some(wanted) } else { None });
    let wanted = wanted.filter(|wanted| wanted.count.min > 0).map(|wanted| &wanted.event);
    let is_silent = |event: &&Spanned<String>| {
        let mut known = machine.vendors().all().iter().filter(|vendor| vendor.webhooks.events.contains(&event.value.as_str())).peekable();
        known.peek().is_some() && known.all(|vendor| vendor.webhooks.silent.contains(&event.value.as_str()))
    };
    let warning = |event: &Spanned<String>| {
        let message = format!("`{}` is an event of the vendor that nothing here leads to", event.value);
        let help = "a test event is sent of it: `POST /_seatrial/webhooks/{id}/test`; expectations do not count those";
        Diagnostic::at("S108", message, &scenario.source, event.span, help)
    };
    subscribed.chain(wanted).filter(is_silent).map(warning).collect()
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
                let vendor = |id: &&str| machine.vendors().find(id).is_some_and(|vendor| can_forge(vendor, *other, vendor.webhooks.own));
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
fn never_delivered(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let chaos = &scenario.webhooks;
    let forgeries: Vec<Forgery> =
        Forgery::ALL.into_iter().zip(chaos.forged).filter(|(_, (share, _))| *share > 0.0).map(|(forgery, _)| forgery).collect();
    let mut warnings = Vec::new();
    for row in &scenario.expect {
        let Expected::Webhook(wanted) = &row.kind else { continue };
        let event = wanted.event.value.as_str();
        let vendors: Vec<&Vendor> =
            machine.vendors().all().iter().map(|vendor| &**vendor).filter(|vendor| vendor.webhooks.events.contains(&event)).collect();
        let can_be_forged = || {
            let can = |forgery: &Forgery| vendors.iter().any(|vendor| can_forge(vendor, *forgery, |own| own == event));
            vendors.is_empty() || forgeries.iter().any(can)
        };
        let (message, help) = match wanted.forged {
            _ if wanted.count.min == 0 => continue,
            _ if chaos.drop >= 1.0 => {
                ("`drop: 1` drops all of them, so that none is delivered".to_owned(), "drop some of them: `drop: 0.1`")
            }
            Some(true) if forgeries.is_empty() => {
                ("no delivery is forged, so that none counts".to_owned(), "forge some of them: `webhooks: {forged_signature: 0.5}`")
            }
            Some(true) if !can_be_forged() => {
                let asked = forgeries.iter().map(|forgery| forgery.member()).collect::<Vec<_>>();
                (format!("no `{event}` is forged by {}, so that none counts", quoted(&asked)), "leave `forged` out")
            }
            _ if vendors.iter().any(|vendor| vendor.webhooks.silent.contains(&event)) => continue,
            _ if tells_others_alone(scenario, &vendors, event) => {
                let help = "add it to their `events`, unless the program under test subscribes to it itself";
                (format!("none of the subscriptions is told of `{event}`"), help)
            }
            _ => continue,
        };
        warnings.push(Diagnostic::at("S108", message, &scenario.source, wanted.event.span, help));
    }
    warnings
}

/// Whether a scenario subscribes to vendors that have an event, and to other events alone.
fn tells_others_alone(scenario: &Scenario, vendors: &[&Vendor], event: &str) -> bool {
    let of_vendors = |id: &str| vendors.iter().find(|vendor| *vendor.id == *id);
    let mut own = scenario.subscriptions.iter().filter_map(|row| Some((row, of_vendors(&row.vendor.value)?))).peekable();
    own.peek().is_some()
        && own.all(|(row, vendor)| {
            let is_named = row.events.iter().any(|own| own.value == event);
            let takes_all = row.events.is_empty() || row.events.iter().any(|own| own.value == "*");
            !(is_named || takes_all && (vendor.webhooks.own)(event))
        })
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
