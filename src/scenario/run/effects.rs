//! What an override does to a call that matches it, as a decision of the engine.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use rand::RngExt as _;
use serde_json::Value;

use crate::base::entropy::Rng;
use crate::base::name::Name;
use crate::engine::{
    Body, BusinessFailure, CARRIER_REFUSES, Decision, Delay, Instead, Limit, Patch, Quota, Refusal, Reply, Turn, View, WantedFailure,
};
use crate::scenario::ast::{self, Effect, Failure, Fault, Latency, Override, Per, RateLimit, Response, Spread};
use crate::scenario::error::Spanned;
use crate::scenario::facts::CallFacts;
use crate::scenario::template::{MAX_RENDERED, Template};
use crate::world::{Blame, Count, Counter, EffectKind, Note, Tally};

/// The effect of an override that matches a call; `None` when it has none this time, so that the next one is tried. `quota` is
/// the limit that the call was counted against so far: the first one, or the one that it exceeds.
pub(super) fn effect(
    index: usize,
    row: &Override,
    view: &View<'_>,
    object: Option<Name>,
    tally: &mut Tally<'_>,
    (quota, rng): (&mut Option<Quota>, &mut Rng),
) -> Option<Decision> {
    let mut decision = Decision { delay: row.latency.map_or_else(Delay::default, |latency| delay(latency, rng)), ..Decision::default() };
    match &row.effect {
        None => {}
        Some(Effect::Respond(response)) => match reply(response, &CallFacts::current(view)) {
            _ if view.values.steps.get() == 0 => decision = too_large(TOO_MANY_STEPS),
            Some(reply) => decision.instead = Some(Instead::Reply(reply)),
            None => decision = too_large(&format!("its answer would have more than {MAX_RENDERED} bytes")),
        },
        Some(Effect::Patch(patch)) => match changes(patch, &CallFacts::current(view)) {
            _ if view.values.steps.get() == 0 => decision = too_large(TOO_MANY_STEPS),
            Some(patch) => {
                decision.patch = Some(Box::new(patch));
            }
            None => decision = too_large(&format!("its patch would have more than {MAX_RENDERED} bytes")),
        },
        Some(Effect::Fault(fault)) => fail(fault, &mut decision),
        Some(Effect::Refuse(refusal)) => match failure(refusal, view) {
            _ if view.values.steps.get() == 0 => decision = too_large(TOO_MANY_STEPS),
            Some(failure) => {
                decision.failure = Some(Box::new(failure));
            }
            None => decision = too_large(&format!("its text would have more than {MAX_RENDERED} bytes")),
        },
        Some(Effect::RateLimit(limit)) => {
            let counted = count(index, limit, view, tally);
            if !counted.is_exceeded() {
                quota.get_or_insert(counted);
                return None;
            }
            *quota = Some(counted.clone());
            decision.instead = Some(Instead::Refusal(Refusal::RateLimited(counted)));
        }
    }
    let operation = view.call.operation.map_or("", |operation| &operation.id);
    decision.taken_back = turn(index, row, view, operation, object).filter(|_| decision.instead.is_none());
    Some(decision)
}

/// The turn of an override that has no effect on some calls, which only the vendor can tell.
pub(super) fn turn(index: usize, row: &Override, view: &View<'_>, operation: &str, object: Option<Name>) -> Option<Turn> {
    let failure = match &row.effect {
        Some(Effect::Refuse(refusal)) => {
            let name = refusal.failure.as_ref().map_or(CARRIER_REFUSES, |name| &name.value);
            view.failures.find(name, operation).and_then(BusinessFailure::asked_for)
        }
        _ => None,
    };
    row.needs_work().then(|| Turn { owner: Name::default(), rule: index, object, failure })
}

/// Whether an override can have its effect on a call, which the vendor may have refused already. Operations have some business failures.
pub(super) fn can_happen(row: &Override, view: &View<'_>, operation: &str) -> bool {
    let has = |name: &Spanned<String>| view.failures.find(&name.value, operation).is_some();
    let can_fail = match &row.effect {
        Some(Effect::Refuse(refusal)) => refusal.failure.as_ref().is_none_or(has),
        _ => true,
    };
    can_fail && !(view.is_refused && row.needs_work())
}

/// How a decision makes a call fail, as scenarios call it, unless the scenario has words of its own.
pub(super) fn failure_of(decision: &Decision) -> Option<String> {
    let named = |wanted: &WantedFailure| wanted.failure.filter(|_| wanted.text.is_none()).map(|failure| failure.name.to_owned());
    decision.failing.map(|status| status.as_u16().to_string()).or_else(|| decision.failure.as_deref().and_then(named))
}

/// What the vendor says no to; `None` when its text is too large.
fn failure(refusal: &ast::Refusal, view: &View<'_>) -> Option<WantedFailure> {
    let operation = view.call.operation.map_or("", |operation| operation.id.as_str());
    let name = refusal.failure.as_ref().map_or(CARRIER_REFUSES, |name| &name.value);
    let text = match &refusal.text {
        Some(text) => Some(text.render_text(&CallFacts::current(view), &mut { MAX_RENDERED })?),
        None => None,
    };
    let items = refusal.items.as_ref().map(|items| items.value.clone());
    Some(WantedFailure { items, ..WantedFailure::new(view.failures, view.failures.find(name, operation), text) })
}

/// Counts a call against a limit of the scenario.
fn count(index: usize, limit: &RateLimit, view: &View<'_>, tally: &mut Tally<'_>) -> Quota {
    let class = class(limit.per, view);
    let window = SignedDuration::try_from(limit.window).unwrap_or(SignedDuration::MAX);
    let limit = Limit { class: Name::new("scenario"), calls: limit.limit, window, aligned: false };
    let counter = Counter::Window(index, class);
    let before = tally.get(&counter).and_then(|count| Some((count.began?, count.calls)));
    let (quota, (began, calls)) = limit.count(before, view.now);
    tally.set(counter, Some(Count { began: Some(began), calls }));
    quota
}

/// The class of a call among those that are counted by its caller, or its operation.
pub(super) fn class(per: Per, view: &View<'_>) -> Name {
    // Credentials of different vendors may be the same text.
    let whom = view.credential.filter(|_| per.credential);
    let whom = match whom {
        Some(credential) => credential.class(&format!("{}/{}", view.vendor, credential.account)),
        None => view.stranger.filter(|_| per.credential).cloned().unwrap_or_default(),
    };
    let what = view.call.operation.filter(|_| per.operation).map_or("", |operation| &operation.name);
    if what.is_empty() { whom } else { format!("{what} {whom}", whom = &*whom).into() }
}

pub(super) fn kind(row: &Override) -> EffectKind {
    match &row.effect {
        None => EffectKind::Latency,
        Some(Effect::Respond(_)) => EffectKind::Respond,
        Some(Effect::Patch(_)) => EffectKind::Patch,
        Some(Effect::Fault(_) | Effect::Refuse(ast::Refusal { failure: Some(_), .. })) => EffectKind::Fault,
        Some(Effect::Refuse(_)) => EffectKind::Refuse,
        Some(Effect::RateLimit(_)) => EffectKind::RateLimit,
    }
}

fn fail(fault: &Fault, decision: &mut Decision) {
    match fault.then {
        Failure::Wire(wire) => decision.wire = Some(wire),
        Failure::Status(status) => decision.failing = StatusCode::from_u16(status).ok(),
    }
    if fault.commit {
        return;
    }
    decision.instead = match fault.then {
        Failure::Status(_) => Some(Instead::Refusal(Refusal::Broken)),
        // An answer that is sent in part or changed is that of the behavior, which therefore has to run.
        Failure::Wire(wire) => (!wire.needs_answer()).then_some(Instead::Nothing),
    };
}

pub(super) const TOO_MANY_STEPS: &str = "its conditions and templates take more steps than they may for one call";

/// The vendor's answer for a failure of its own, because the scenario is too much for one call.
pub(super) fn too_large(detail: &str) -> Decision {
    let notes = vec![Note::new(Note::SCENARIO_TOO_LARGE, Blame::Scenario, detail)];
    Decision { instead: Some(Instead::Refusal(Refusal::Broken)), notes, ..Decision::default() }
}

fn rendered(rows: &[(String, Template)], scope: &CallFacts<'_>, room: &mut usize) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in rows {
        // What a call filled in may have several lines, of which a header has one.
        let value = value.render_text(scope, room)?.replace(char::is_control, " ");
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    Some(headers)
}

/// The changes of an answer; `None` when they are too large.
fn changes(patch: &ast::Patch, scope: &CallFacts<'_>) -> Option<Patch> {
    let mut room = MAX_RENDERED;
    let headers = rendered(&patch.headers, scope, &mut room)?;
    let merge = match &patch.body {
        Some(body) => Some(body.render(scope, &mut room)?),
        None => None,
    };
    let mut set = Vec::with_capacity(patch.set.len());
    for (pointer, value) in &patch.set {
        set.push((pointer.clone(), value.render(scope, &mut room)?));
    }
    let status = patch.status.and_then(|status| StatusCode::from_u16(status).ok());
    Some(Patch { status, headers, merge, set, remove: patch.remove.clone() })
}

/// An answer written by hand; `None` when it is too large.
fn reply(response: &Response, scope: &CallFacts<'_>) -> Option<Reply> {
    let mut room = MAX_RENDERED;
    let headers = rendered(&response.headers, scope, &mut room)?;
    let body = match &response.body {
        None => None,
        Some(body) => Some(body.render(scope, &mut room)?),
    };
    let body = match body {
        None => response.bytes.clone().map_or(Body::Empty, Body::Bytes),
        Some(Value::String(text)) if headers.contains_key(http::header::CONTENT_TYPE) => Body::Bytes(text.into()),
        Some(value) => Body::Json(Box::new(value)),
    };
    Some(Reply { status: StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK), headers, body })
}

/// How many standard deviations the 99th percentile of a normal distribution is beyond its median.
const P99: f64 = 2.326_347_874_040_841;

fn delay(latency: Latency, rng: &mut Rng) -> Delay {
    let time = match latency.time {
        Spread::Even(time) if time.max > time.min => rng.random_range(time.min..=time.max),
        Spread::Even(time) => time.min,
        Spread::LogNormal { median, p99 } => {
            let (median, p99) = (median.as_secs_f64(), p99.as_secs_f64());
            // Box and Muller: a number of the normal distribution from two of the even one, of which the first is not zero.
            let (first, second): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
            let normal = (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos();
            Duration::try_from_secs_f64(median * ((p99 / median).ln() / P99 * normal).exp()).unwrap_or(Delay::LONGEST)
        }
    };
    Delay { time, per_byte: latency.per_byte }
}
