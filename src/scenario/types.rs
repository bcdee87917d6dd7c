//! What the paths of expressions lead to, by the vendors' documents. Callers also send what no document has, so that a member of a body,
//! a query or a header is only missing when a known one is near: then it is misspelt.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Map, Value};

use crate::engine::{FieldType, Machine, Vendor};
use crate::scenario::ast::{Operation, Pattern};
use crate::scenario::error::nearest;
use crate::scenario::expr::types::{Looked, Type, is_path_of};
use crate::scenario::template::Template;
use crate::spec::{self, ParameterIn, Rule};
use crate::world::{Account, End};

/// Where a path leads in a condition about some operations.
pub(super) fn look_up(machine: &Machine, on: &Pattern, root: &str, members: &[Option<&str>]) -> Looked {
    match (root, members) {
        ("request", [Some("body"), inner @ ..]) => body(machine, on, inner),
        ("request", [Some("query"), Some(name), ..]) => parameter(machine, on, ParameterIn::Query, name),
        ("request", [Some("parameters"), Some(name), ..]) => parameter(machine, on, ParameterIn::Path, name),
        ("request" | "answer", [Some("headers"), Some(name), ..]) => header(members, name),
        ("request", [Some("method"), ..]) => leaf(members, 1, methods(machine, on)),
        ("request", [Some("path"), ..]) => leaf(members, 1, paths(machine, on)),
        ("request", [] | [Some("headers" | "query" | "parameters")]) | ("answer", [Some("headers")]) => Looked::To(Type::OBJECT),
        ("call", [Some("nth"), ..]) => leaf(members, 1, Type::whole(1.0..=f64::INFINITY)),
        ("call", [Some("operation"), ..]) => leaf(members, 1, Type::words(operations(machine, on).iter().map(|row| &*row.name))),
        ("answer", [Some("body"), inner @ ..]) => answer_body(machine, on, inner, false),
        ("done", [Some("body"), inner @ ..]) => answer_body(machine, on, inner, true),
        ("given", inner) => returned(machine, on, inner),
        ("answer", [Some("status"), ..]) => leaf(members, 1, Type::whole(100.0..=599.0)),
        ("answer", [Some("wire"), ..]) => leaf(members, 1, Type::words(End::ALL.map(|(_, word)| word))),
        ("parcel", [Some("transit_days"), ..]) => leaf(members, 1, Type::whole(0.0..=f64::INFINITY)),
        ("parcel", [Some("from" | "to")]) => Looked::To(Type::OBJECT),
        ("parcel", [Some("from" | "to"), Some(name), ..]) => {
            let names = ["city", "state", "zip", "country"];
            match *name {
                "country" => leaf(members, 2, Type::COUNTRY),
                name if names.contains(&name) => leaf(members, 2, Type::TEXT),
                _ => missing(1, names),
            }
        }
        ("parcel", [Some(name @ ("carrier" | "service")), ..]) => leaf(members, 1, services(machine, on, name)),
        ("parcel", [Some("tracking_number" | "subject"), ..]) => leaf(members, 1, Type::TEXT),
        ("credential", [Some(name), ..]) => credential(machine, on, name, members),
        ("state", [Some(name), inner @ ..]) => state(machine, on, name, inner.len() + 1, members),
        ("call" | "credential" | "state" | "answer" | "parcel", []) => Looked::To(Type::OBJECT),
        _ => Looked::To(Type::ANY),
    }
}

/// Something without members of its own.
fn leaf(members: &[Option<&str>], at: usize, found: Type) -> Looked {
    if members.len() > at { missing::<&str>(at, []) } else { Looked::To(found) }
}

fn missing<N: Into<String>>(at: usize, names: impl IntoIterator<Item = N>) -> Looked {
    Looked::Missing { at, names: names.into_iter().map(Into::into).collect() }
}

/// Whether calls are meant as well that lead to no operation, with any path and method.
fn is_open(machine: &Machine, on: &Pattern) -> bool {
    vendors(machine, on).any(|vendor| on.matches(&vendor.id, ""))
}

fn methods(machine: &Machine, on: &Pattern) -> Type {
    let operations = operations(machine, on);
    let methods = operations.iter().map(|row| row.method.as_str());
    if is_open(machine, on) { Type::usual_words(methods) } else { Type::words(methods) }
}

/// The paths that calls of some operations have.
fn paths(machine: &Machine, on: &Pattern) -> Type {
    if is_open(machine, on) {
        return Type::paths([]);
    }
    let templates = operations(machine, on).into_iter().flat_map(|row| std::iter::once(&row.path).chain(&row.aliases));
    Type::paths(templates.cloned())
}

/// The carriers, or the services, of parcels.
fn services(machine: &Machine, on: &Pattern, what: &str) -> Type {
    let rows: Vec<_> = vendors(machine, on).map(|vendor| (vendor.services)()).collect();
    if rows.iter().any(Vec::is_empty) {
        return Type::TEXT;
    }
    let names = |(carrier, services): (&'static str, Vec<&'static str>)| if what == "carrier" { vec![carrier] } else { services };
    Type::usual_words(rows.into_iter().flatten().flat_map(names))
}

/// A header: their names are in lower case where a condition sees them.
fn header(members: &[Option<&str>], name: &str) -> Looked {
    let lower = name.to_ascii_lowercase();
    if lower == name { leaf(members, 2, Type::TEXT) } else { missing(1, [lower]) }
}

/// A member of the caller's row of `accounts`.
fn credential(machine: &Machine, on: &Pattern, name: &str, members: &[Option<&str>]) -> Looked {
    let (mut names, mut found) = (vec!["account"], None::<Type>);
    for vendor in vendors(machine, on) {
        for field in vendor.accounts.fields() {
            if field.name == name {
                let own = match &field.field_type {
                    FieldType::OneOf(words) => Type::words(words.iter().copied()),
                    FieldType::Text | FieldType::Amount | FieldType::Duration => Type::TEXT,
                    FieldType::Texts | FieldType::SomeOf(_) => Type::LIST,
                    FieldType::Flag => Type::FLAG,
                    FieldType::UpTo(most) => Type::whole(1.0..=u32::try_from(*most).map_or(f64::INFINITY, f64::from)),
                    FieldType::Settings(_) => Type::OBJECT,
                };
                found = Some(found.map_or_else(|| own.clone(), |before| before.or(&own)));
            }
            names.push(field.name);
        }
    }
    match (found, name) {
        (_, "account") => leaf(members, 1, Type::TEXT),
        (_, "expires" | "revoked" | "rotates_to") => Looked::To(Type::ANY),
        (Some(found), _) if members.len() > 1 => {
            if found == Type::OBJECT {
                Looked::To(Type::ANY)
            } else {
                leaf(members, 1, found)
            }
        }
        (Some(found), _) => Looked::To(found),
        (None, _) => missing(0, names),
    }
}

/// A member of `$state`: an account without any documents shows which there are.
fn state(machine: &Machine, on: &Pattern, name: &str, depth: usize, members: &[Option<&str>]) -> Looked {
    let (mut names, mut found) = (Vec::new(), None::<Type>);
    for vendor in vendors(machine, on) {
        let state = state_of(vendor);
        if let Some(value) = state.get(name) {
            let own = match value {
                Value::Null => sampled(sample_of(vendor).get(name)),
                value => sampled(Some(value)),
            };
            found = Some(found.map_or_else(|| own.clone(), |before| before.or(&own)));
        }
        names.extend(state.keys().filter(|name| !names.contains(*name)).cloned().collect::<Vec<_>>());
    }
    match found {
        Some(found) if depth == 1 => Looked::To(found),
        // What is in it is by carrier.
        Some(Type::OBJECT) => {
            let own = vendors(machine, on).filter(|vendor| state_of(vendor).contains_key(name));
            let carriers: BTreeSet<&str> = own.flat_map(|vendor| (vendor.services)()).map(|(carrier, _)| carrier).collect();
            let is_there = members.get(1).copied().flatten().is_none_or(|name| carriers.contains(name));
            let of_carrier = vendors(machine, on).map(|vendor| first_in(&sample_of(vendor)[name]));
            let inner = if depth == 2 { of_carrier.reduce(|one, other| one.or(&other)) } else { None };
            if is_there { Looked::To(inner.unwrap_or(Type::ANY)) } else { missing(1, carriers) }
        }
        Some(_) => leaf(members, 1, Type::ANY),
        None if names.is_empty() => Looked::To(Type::ANY),
        None => missing(0, names),
    }
}

/// The type of a value that is there, or not yet. Counts are whole, and begin at zero.
fn sampled(value: Option<&Value>) -> Type {
    match value {
        None | Some(Value::Null) => Type::ANY,
        Some(Value::String(_)) => Type::TEXT.or(&Type::NOTHING),
        Some(Value::Number(number)) if number.is_u64() => Type::whole(0.0..=f64::INFINITY).or(&Type::NOTHING),
        Some(Value::Number(_)) => Type::NUMBER.or(&Type::NOTHING),
        Some(value) => Type::of_value(value),
    }
}

/// Values that `$state` may have later.
fn sample_of(vendor: &Vendor) -> Value {
    serde_json::from_str(vendor.state_sample).unwrap_or_default()
}

/// The type of what is in an object.
fn first_in(object: &Value) -> Type {
    sampled(object.as_object().and_then(|members| members.values().next())).or(&Type::NOTHING)
}

/// What `$state` is for an account without any documents.
pub(super) fn state_of(vendor: &Vendor) -> Map<String, Value> {
    // What fails while no call is made says nothing about calls.
    let state = vendor.state;
    let shown = std::panic::catch_unwind(|| state(&Account::default()));
    if let Ok(Value::Object(state)) = shown { state } else { Map::new() }
}

fn parameter(machine: &Machine, on: &Pattern, location: ParameterIn, name: &str) -> Looked {
    let rows = operations(machine, on);
    let declared = rows.iter().flat_map(|row| &row.parameters).filter(|row| row.location == location).map(|row| row.name.as_str());
    let declared: Vec<&str> = declared.collect::<BTreeSet<_>>().into_iter().collect();
    let is_closed = location == ParameterIn::Path && !rows.is_empty();
    let is_misspelt = is_closed || nearest(name, declared.iter().copied()).is_some();
    match declared.contains(&name) {
        false if is_misspelt => missing(1, declared),
        false if !rows.is_empty() && !is_open(machine, on) => Looked::Unlisted { at: 1 },
        _ => Looked::To(Type::TEXT),
    }
}

/// A place of the bodies of some operations. What can have no body asks for none.
fn body(machine: &Machine, on: &Pattern, members: &[Option<&str>]) -> Looked {
    let all = operations(machine, on);
    let rows: Vec<_> = all.iter().filter(|row| row.body.is_some()).collect();
    if rows.is_empty() && !all.is_empty() && all.iter().all(|row| row.method == Method::GET) && !is_open(machine, on) {
        return if members.is_empty() { Looked::To(Type::NOTHING) } else { missing::<&str>(1, []) };
    }
    let mut known = Known { is_one: rows.len() == 1, ..Known::default() };
    for row in rows {
        let lost = list_without_index(members, |before| is_list(&row.body_place(before)));
        known.add(members, lost, std::iter::once(row.body_place(members)), |place| match place {
            spec::Place::AnyCase(words) => Some(Type::listed_in_any_case(words)),
            place => typed(place, kind),
        });
    }
    let is_closed = !known.is_vague && known.found.is_none() && !is_open(machine, on);
    let lost = known.lost.as_ref().filter(|_| is_closed).map(|(at, _)| at + 1);
    match (known.looked(members), lost) {
        (Looked::To(_), Some(at)) => Looked::Unlisted { at },
        (looked, _) => looked,
    }
}

/// A place of the bodies of all answers of some operations, or of those alone that say that it was done. Refusals also have members that
/// no document lists, so that one is missing only where a known one is near.
fn answer_body(machine: &Machine, on: &Pattern, members: &[Option<&str>], is_done: bool) -> Looked {
    if members.is_empty() && is_done {
        return Looked::To(Type::ANY);
    }
    let rows = operations(machine, on);
    let mut known = Known { is_one: rows.len() == 1, ..Known::default() };
    for row in rows {
        let places = |members: &[Option<&str>]| -> Vec<_> {
            if is_done { row.success_places(members).collect() } else { row.answer_places(members).collect() }
        };
        let is_list = |before: &[Option<&str>]| {
            let there = places(before);
            let mut there = there.iter().filter(|place| !matches!(place, spec::Place::Missing(..))).peekable();
            there.peek().is_some() && there.all(is_list)
        };
        known.add(members, list_without_index(members, is_list), places(members).into_iter(), |place| typed(place, exact));
    }
    match known.looked(members) {
        // Failures of the server itself may be text as a whole.
        Looked::To(found) if members.is_empty() => Looked::To(found.or(&Type::TEXT)),
        looked => looked,
    }
}

/// What the documents of some operations say of a place together. One that says nothing of it leaves it open where it is alone;
/// otherwise those count that know it.
#[derive(Default)]
struct Known<'m> {
    is_one: bool,
    is_open: bool,
    /// Whether one of them says nothing of it.
    is_vague: bool,
    found: Option<Type>,
    lost: Option<(usize, BTreeSet<&'m str>)>,
}

impl<'m> Known<'m> {
    /// Adds the places of an operation, or where its path leads nowhere, as a list has no members.
    fn add(
        &mut self,
        members: &[Option<&str>],
        lost: Option<usize>,
        places: impl Iterator<Item = spec::Place<'m>>,
        of: impl Fn(spec::Place<'m>) -> Option<Type>,
    ) {
        if let Some(at) = lost {
            return self.lose(at - 1, Vec::new());
        }
        for place in places {
            match place {
                spec::Place::Unknown => {
                    self.is_vague = true;
                    self.is_open |= self.is_one || members.is_empty();
                }
                spec::Place::Missing(at, names) => self.lose(at, names),
                place => {
                    let own = of(place);
                    self.found = match (self.found.take(), own) {
                        (Some(before), Some(own)) => Some(before.or(&own)),
                        (before, own) => before.or(own),
                    };
                }
            }
        }
    }

    /// What leads on for longest is meant.
    fn lose(&mut self, at: usize, names: Vec<&'m str>) {
        match &mut self.lost {
            Some((before, all)) if *before == at => all.extend(names),
            Some((before, _)) if *before > at => {}
            lost => *lost = Some((at, names.into_iter().collect())),
        }
    }

    fn looked(self, members: &[Option<&str>]) -> Looked {
        match (self.found, self.lost) {
            _ if self.is_open => Looked::To(Type::ANY),
            (Some(found), _) => Looked::To(found),
            (None, Some((at, names))) if names.is_empty() => missing::<&str>(at + 1, []),
            (None, Some((at, names))) => misspelt(members, at, names.into_iter().collect()),
            (None, None) => Looked::To(Type::ANY),
        }
    }
}

/// The type of a place, whose values are as `kind` says of each type of the document.
fn typed(place: spec::Place<'_>, kind: fn(spec::JsonType) -> Type) -> Option<Type> {
    match place {
        spec::Place::Words(words) | spec::Place::AnyCase(words) => Some(Type::listed(words)),
        spec::Place::Kinds(kinds) => kinds.into_iter().map(kind).reduce(|one, other| one.or(&other)),
        spec::Place::Unknown | spec::Place::Missing(..) => None,
    }
}

/// Where a path asks a list for a member.
fn list_without_index(members: &[Option<&str>], is_list: impl Fn(&[Option<&str>]) -> bool) -> Option<usize> {
    let length = (1..members.len()).find(|length| members[*length].is_some() && is_list(&members[..*length]))?;
    Some(length + 1)
}

fn is_list(place: &spec::Place<'_>) -> bool {
    matches!(place, spec::Place::Kinds(kinds) if **kinds == [spec::JsonType::Array])
}

/// A place of what a row of `given` returns, behind its name.
fn returned(machine: &Machine, on: &Pattern, members: &[Option<&str>]) -> Looked {
    let Some(operation) = one(machine, on) else { return Looked::To(Type::ANY) };
    let is_open = |kind: &spec::JsonType| matches!(kind, spec::JsonType::Object | spec::JsonType::Array);
    for length in 1..members.len() {
        let mut places = operation.success_places(&members[..length]).peekable();
        let is_leaf = |place: spec::Place<'_>| match place {
            spec::Place::Words(_) | spec::Place::AnyCase(_) => true,
            spec::Place::Kinds(kinds) => !kinds.iter().any(is_open),
            spec::Place::Unknown | spec::Place::Missing(..) => false,
        };
        if places.peek().is_some() && places.all(is_leaf) {
            return missing::<&str>(length + 1, []);
        }
    }
    let mut lost = None::<(usize, Vec<&str>)>;
    for place in operation.success_places(members) {
        let spec::Place::Missing(at, names) = place else { return Looked::To(Type::ANY) };
        if lost.as_ref().is_none_or(|(before, _)| at > *before) {
            lost = Some((at, names));
        }
    }
    lost.map_or(Looked::To(Type::ANY), |(at, names)| missing(at + 1, names))
}

/// A member that is not among these: missing if one of them is near, or if it is a position or a way through several members.
fn misspelt(members: &[Option<&str>], at: usize, names: Vec<&str>) -> Looked {
    let is_misspelt = |name: &str| {
        let is_position = name.bytes().all(|digit| digit.is_ascii_digit());
        let is_way = split_way(name).is_some_and(|(first, _)| names.contains(&first));
        is_position || is_way || nearest(name, names.iter().copied()).is_some()
    };
    if members[at].is_some_and(is_misspelt) { missing(at + 1, names) } else { Looked::To(Type::ANY) }
}

/// The first member of a way that is written as one name, and the rest: `a.b`, `a/b` or `/a/b`.
pub(super) fn split_way(name: &str) -> Option<(&str, &str)> {
    name.trim_start_matches('/').split_once(['.', '/'])
}

/// What answers have for a type of the document.
fn exact(declared: spec::JsonType) -> Type {
    match declared {
        spec::JsonType::String => Type::TEXT,
        spec::JsonType::Number | spec::JsonType::Integer => Type::NUMBER,
        spec::JsonType::Boolean => Type::FLAG,
        spec::JsonType::Array => Type::LIST,
        spec::JsonType::Object => Type::OBJECT,
    }
}

/// What callers send for a type of the document: numbers and flags also as text, of which many clients make no difference.
fn kind(declared: spec::JsonType) -> Type {
    match declared {
        spec::JsonType::String => Type::TEXT,
        spec::JsonType::Number | spec::JsonType::Integer => Type::NUMBER.or(&Type::WRITTEN),
        spec::JsonType::Boolean => Type::FLAG.or(&Type::WRITTEN),
        spec::JsonType::Array => Type::LIST,
        spec::JsonType::Object => Type::OBJECT,
    }
}

/// The only operation that a pattern names.
fn one<'m>(machine: &'m Machine, on: &Pattern) -> Option<&'m spec::Operation> {
    if let Pattern::One(operation) = on { described(machine, operation) } else { None }
}

/// What a document says of an operation.
pub(super) fn described<'m>(machine: &'m Machine, operation: &Operation) -> Option<&'m spec::Operation> {
    let loaded = machine.vendors().loaded().iter().find(|loaded| *loaded.vendor.id == *operation.vendor)?;
    loaded.catalog().operation(&operation.id)
}

/// The statuses that answers of some operations have; none where any may come.
pub(super) fn statuses(machine: &Machine, on: &Pattern) -> Vec<u16> {
    let all = if is_open(machine, on) { Vec::new() } else { operations(machine, on) };
    let known: Option<BTreeSet<u16>> = all.into_iter().flat_map(spec::Operation::statuses).collect();
    known.unwrap_or_default().into_iter().collect()
}

/// Whether an answer of some operations may have a body that says that they were done.
pub(super) fn return_something(machine: &Machine, on: &Pattern) -> bool {
    let all = operations(machine, on);
    all.is_empty() || is_open(machine, on) || all.into_iter().any(spec::Operation::returns_something)
}

/// What a document has against an answer, whatever its expressions become. Failures of the server itself may look like anything, because
/// others than the vendor answer them as well.
pub(super) fn answer_problems(machine: &Machine, operation: &Operation, status: u16, body: Option<&Template>) -> Vec<String> {
    let Some(found) = described(machine, operation) else { return Vec::new() };
    if status >= 500 {
        return Vec::new();
    }
    let mut unknown = Vec::new();
    let body = body.map(|body| body.known("", &mut unknown));
    let worded = |row: &spec::Violation| match row.dotted() {
        place if place.is_empty() => row.detail(),
        place => format!("`{place}`: {}", row.detail()),
    };
    let rows = found.check_answer(status, body.as_ref());
    let mut problems: Vec<String> = rows.iter().filter(|row| unknown.iter().all(|place| is_certain(row, place))).map(worded).collect();
    // Proxies refuse calls without a body as well.
    if body.is_none() && rows.is_empty() && status < 400 && found.answers_with_body(status) {
        problems.push("found no body, expected one".to_owned());
    }
    problems
}

/// Whether what is wrong with an answer does not depend on what stands at a place that is not known, of which it may be known that it is a
/// text.
fn is_certain(row: &spec::Violation, (place, is_text): &(String, bool)) -> bool {
    let at = row.pointer();
    match (at.strip_prefix(place.as_str()), place.strip_prefix(at.as_str())) {
        (Some(""), _) => *is_text && matches!(row.rule, Rule::Type(_)),
        (Some(below), _) if below.starts_with('/') => false,
        // What is around it is compared as a whole.
        (_, Some(inner)) if inner.starts_with('/') => {
            !matches!(row.rule, Rule::AnyOf | Rule::OneOf | Rule::Not | Rule::UniqueItems | Rule::Enum(_) | Rule::Other(_))
        }
        _ => true,
    }
}

/// The operations, by their full names, that calls of a method (of any, if it is empty) and a path lead to, with or without the mount.
pub(super) fn operations_at(machine: &Machine, method: &str, path: &str) -> Vec<String> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut found = Vec::new();
    for loaded in machine.vendors().loaded() {
        let below = path.trim_start_matches('/').strip_prefix(&*loaded.vendor.mount).filter(|rest| rest.starts_with('/'));
        let leads = |row: &spec::Operation| {
            let mut templates = std::iter::once(&row.path).chain(&row.aliases);
            let is_meant = method.is_empty() || row.method.as_str().eq_ignore_ascii_case(method);
            is_meant && templates.any(|template| is_path_of(below.unwrap_or(path), template))
        };
        let mut rows: Vec<&spec::Operation> = loaded.catalog().operations().iter().filter(|row| leads(row)).collect();
        // Fixed parts go before parameters.
        let least = rows.iter().map(|row| row.path.matches('{').count()).min();
        rows.retain(|row| Some(row.path.matches('{').count()) == least);
        found.extend(rows.into_iter().map(|row| row.name.to_string()));
    }
    found
}

pub(super) fn operations<'m>(machine: &'m Machine, on: &Pattern) -> Vec<&'m spec::Operation> {
    let loaded = machine.vendors().loaded().iter();
    let all = loaded.flat_map(|loaded| loaded.catalog().operations().iter().map(move |row| (&*loaded.vendor.id, row)));
    all.filter(|(vendor, row)| on.matches(vendor, &row.id)).map(|(_, row)| row).collect()
}

fn vendors<'m>(machine: &'m Machine, on: &Pattern) -> impl Iterator<Item = &'m Vendor> {
    let only = on.vendor().map(str::to_owned);
    machine.vendors().all().iter().filter(move |vendor| only.as_ref().is_none_or(|only| *vendor.id == **only)).map(|vendor| &**vendor)
}
