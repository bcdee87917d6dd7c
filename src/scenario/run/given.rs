//! Makes the data that a scenario gives, by calls of its operations.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::base::time::Timestamp;
use crate::carrier::Status;
use crate::engine::{Machine, Sandbox};
use crate::scenario::ast::{Given, Operation, Scenario};
use crate::scenario::error::{Diagnostic, MAX_PROBLEMS, Span, Spanned, nearest, quoted, suggestion};
use crate::scenario::expr::Scope;
use crate::scenario::template::MAX_RENDERED;
use crate::scenario::types::described;
use crate::spec::ParameterIn;
use crate::world::Note;

/// Most steps that a parcel goes on; no timeline has as many before it begins again.
const MOST_STEPS: usize = 500;

/// What earlier rows returned, by their names.
struct Returned(Value);

impl Scope for Returned {
    fn root(&self, root: &str) -> Option<&Value> {
        (root == "given").then_some(&self.0)
    }
}

/// Makes all rows, in order. Every row that its operation refuses is a problem.
pub(super) fn make(machine: &Machine, sandbox: &Arc<Sandbox>, scenario: &Scenario, wall: Timestamp) -> Vec<Diagnostic> {
    let (mut problems, mut without) = (Vec::new(), Vec::<&str>::new());
    let mut returned = Returned(Value::Object(Map::new()));
    for given in &scenario.given {
        if problems.len() > MAX_PROBLEMS {
            break;
        }
        let mut refused = |span: Span, message: String, help: &str| {
            problems.push(Diagnostic::at("S017", message, &scenario.source, span, help));
        };
        let (operation, span) = (given.operation.value.to_string(), given.operation.span);
        let Some((body, parameters)) = filled_in(given, &returned) else {
            refused(span, format!("this row would have more than {MAX_RENDERED} bytes"), "refer to less of what earlier rows returned");
            continue;
        };
        if let Some((path, name)) = left_open(machine, &given.operation.value, &parameters) {
            let help = format!("say it beside: `parameters: {{{name}: …}}`");
            refused(span, format!("`{operation}` is at `{path}`, and this row has no `{name}`"), &help);
            continue;
        }
        let known = if given.until.is_some() { sandbox.parcel_counts() } else { Vec::new() };
        let Some(answer) = machine.perform_with(sandbox, &operation, &parameters, body, wall) else { continue };
        if !answer.status.is_success() {
            let body = String::from_utf8_lossy(&answer.body);
            let cut = if body.chars().nth(400).is_some() { "…" } else { "" };
            let is_full = answer.notes().iter().any(|note| note.code == Note::SANDBOX_FULL);
            // What is not there may be what an earlier row would have made.
            if answer.status == StatusCode::NOT_FOUND && without.contains(&given.operation.value.vendor.as_str()) {
                continue;
            }
            without.push(&given.operation.value.vendor);
            let told_of = told_of(&given.texts, &body).filter(|_| !is_full);
            let meant = told_of.and_then(|text| carrier_like(machine, &given.operation.value, &text.value));
            let help = match (is_full, meant) {
                (true, _) => "the sandbox may not hold so much data (`--sandbox-bytes`, `--total-bytes`)".to_owned(),
                (false, Some(meant)) => meant,
                (false, None) => "a row is the body of a request that this operation accepts".to_owned(),
            };
            let span = told_of.map_or(span, |text| text.span);
            refused(span, format!("`{operation}` refuses this row with {}: {body:.400}{cut}", answer.status.as_u16()), &help);
            continue;
        }
        if let (Some(name), Some(rows)) = (&given.name, returned.0.as_object_mut()) {
            rows.insert(name.clone(), serde_json::from_slice(&answer.body).unwrap_or_default());
        }
        if let Some(until) = &given.until {
            let new = sandbox.newest_parcels(&known);
            if new.is_empty() {
                refused(until.span, format!("`{operation}` has made no parcel"), "`until` is for rows that buy a label or book a parcel");
            }
            for number in new {
                if let Err(way) = go_on(machine, sandbox, &number, until.value, wall) {
                    let last = way.last().map_or("unknown", |status| status.word());
                    let message = format!("parcel {number} is never `{}`, its life ends with `{last}`", until.value.word());
                    let words: Vec<&str> = way.iter().map(|status| status.word()).collect();
                    let help = format!("name a status on its way ({}), or give it a timeline that has this one", quoted(&words));
                    refused(until.span, message, &help);
                }
            }
        }
    }
    problems
}

/// The only text of a row that a refusal names.
fn told_of<'t>(texts: &'t [Spanned<String>], refusal: &str) -> Option<&'t Spanned<String>> {
    let is_part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let is_named = |text: &&Spanned<String>| {
        refusal.match_indices(text.value.as_str()).any(|(at, word)| {
            let (before, after) = (refusal[..at].chars().next_back(), refusal[at + word.len()..].chars().next());
            !before.is_some_and(is_part_of_word) && !after.is_some_and(is_part_of_word)
        })
    };
    let mut named = texts.iter().filter(is_named);
    named.next().filter(|_| named.next().is_none())
}

/// Which carriers of a vendor have nearly a text as their name, in words for people.
fn carrier_like(machine: &Machine, operation: &Operation, text: &str) -> Option<String> {
    let vendor = machine.vendors().find(&operation.vendor)?;
    let carriers: Vec<&str> = (vendor.services)().into_iter().map(|(carrier, _)| carrier).collect();
    nearest(text, carriers.iter().copied()).map(|_| suggestion(text, &carriers))
}

/// The path of an operation, and its first parameter that a row does not say.
fn left_open<'m>(machine: &'m Machine, operation: &Operation, parameters: &[(String, String)]) -> Option<(&'m str, &'m str)> {
    let found = described(machine, operation)?;
    let mut declared = found.parameters.iter().filter(|row| row.location == ParameterIn::Path).map(|row| &*row.name);
    let open = declared.find(|name| parameters.iter().all(|(given, _)| given != name))?;
    Some((&found.path, open))
}

/// The body and the parameters of a row; `None` when they are too large.
fn filled_in(given: &Given, returned: &Returned) -> Option<(Value, Vec<(String, String)>)> {
    let mut room = MAX_RENDERED;
    let body = given.body.render(returned, &mut room)?;
    let parameters = given.parameters.iter().map(|(name, value)| Some((name.clone(), value.render_text(returned, &mut room)?)));
    Some((body, parameters.collect::<Option<_>>()?))
}

/// Takes a parcel step by step to a status; those on its way, each once, if its life ends before.
fn go_on(machine: &Machine, sandbox: &Sandbox, number: &str, until: Status, wall: Timestamp) -> Result<(), Vec<Status>> {
    let mut way = Vec::new();
    for _ in 0..MOST_STEPS {
        let step = machine.with_parcel(sandbox, number, wall, |cx, parcel| {
            let is_there = parcel.status() == until;
            (is_there, is_there || cx.force_next_step(parcel).is_some(), parcel.status())
        });
        match step {
            Ok((true, ..)) => return Ok(()),
            Ok((false, goes_on, now)) => {
                way.retain(|before| *before != now);
                way.push(now);
                if !goes_on {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    Err(way)
}
