//! The rows of `accounts`: credentials, one set per row. What a row can have is its mount's own affair, declared as data
//! ([`AccountRows`]); nothing here knows what the members do, so the rows stay data.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::members;
use super::reader::{Fields, Reader};
use crate::engine::{AccountRows, FieldSpec, FieldType, ROTATES_TO};
use crate::scenario::ast::Account;
use crate::scenario::error::{quoted, suggestion};
use crate::scenario::node::{Kind, Member, Node};

pub(super) fn accounts(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, Vec<Account>> {
    let mut accounts = BTreeMap::new();
    for Member { key, value } in reader.entries(node, "accounts", "a mapping from vendors to lists of accounts") {
        let rows = match &reader.mounts {
            None => None,
            Some(mounts) => match mounts.iter().find(|(mount, _)| *mount == key.value) {
                Some((_, rows)) => Some(*rows),
                None => {
                    let known: Vec<&str> = mounts.iter().map(|(mount, _)| *mount).collect();
                    let help = suggestion(key, &known);
                    reader.problem("S013", key.span, format!("unknown vendor `{}`", key.value)).help(help);
                    continue;
                }
            },
        };
        let read = reader.each(value, &key.value, |reader, row| reader.told_of(|reader| account(reader, row, rows)));
        if let Some(rows) = rows {
            repeated(reader, &read, rows);
        }
        accounts.insert(key.value.clone(), read.into_iter().map(|(row, _)| row).collect());
    }
    accounts
}

/// Reports rows whose credentials an earlier row has, which is good for ever.
fn repeated(reader: &mut Reader<'_>, accounts: &[(Account, bool)], rows: &AccountRows) {
    let mut seen = BTreeMap::new();
    // Rows with mistakes may be meant otherwise.
    for (row, _) in accounts.iter().filter(|(_, is_sound)| *is_sound) {
        let member = |name: &'static str| Some((name, row.members.get(name)?.to_string()));
        let sets = rows.credentials.iter().map(|set| set.iter().map(|spec| member(spec.name)).collect());
        // A token that stands beside a login is another way in.
        let alone = rows.identifiers.iter().map(|name| member(name).map(|member| vec![member]));
        let own: Vec<Vec<(&str, String)>> = sets.chain(alone).flatten().collect();
        let earlier: Option<Vec<usize>> = own.iter().map(|set| seen.get(set).copied()).collect();
        if let Some(start) = earlier.and_then(|lines| lines.last().copied()) {
            let (line, _) = reader.source.position(start);
            reader
                .problem("S016", row.span, format!("nobody ever has this row: the one on line {line} has the same credentials"))
                .help("write other credentials, or end the earlier ones with `expires`");
        } else if row.expires.is_none() && !row.revoked {
            seen.extend(own.into_iter().map(|set| (set, row.span.start)));
        }
    }
}

/// One row; without `rows` to hold it against, all that it says is taken as it is.
fn account(reader: &mut Reader<'_>, node: &Node, rows: Option<&AccountRows>) -> Option<Account> {
    let known: Vec<&str> = match (rows, &node.kind) {
        (Some(rows), _) => rows.fields().map(|spec| spec.name).chain(members::ACCOUNT).collect(),
        (None, Kind::Map(members)) => members.iter().map(|member| member.key.value.as_str()).collect(),
        (None, _) => Vec::new(),
    };
    let first = rows.and_then(|rows| rows.credentials.first()?.first());
    if let (Some(spec), Kind::Text(text)) = (first, &node.kind) {
        let help = format!("write `{{{}: {text}}}`", spec.name);
        reader.wrong_type(node, "an account", "a mapping").help(help);
        return None;
    }
    let absent = rows.map_or(&[][..], |rows| rows.absent);
    let fields = reader.fields_beside(node, "an account", &known, |name| absent.iter().any(|(other, _)| *other == name))?;
    for (name, why) in absent {
        if let Some(member) = fields.entry(name) {
            reader.problem("S004", member.key.span, format!("no account has `{name}` here")).label(*why);
        }
    }
    let members = match rows {
        Some(rows) => declared(reader, node, &fields, rows),
        None => {
            let others = known.iter().filter(|name| !members::ACCOUNT.contains(name));
            others.filter_map(|name| Some(((*name).to_owned(), fields.get(name)?.to_json()))).collect()
        }
    };
    Some(Account {
        span: node.place(),
        account: fields.get("account").and_then(|node| reader.string(node, "account")),
        expires: fields.get("expires").and_then(|node| reader.timestamp(node, "expires")),
        revoked: fields.get("revoked").and_then(|node| reader.boolean(node, "revoked")).unwrap_or_default(),
        rotates_to: fields.get(ROTATES_TO).map(|node| successor(reader, node, &members, rows)).unwrap_or_default(),
        members,
    })
}

/// The members that a mount declares: a credential at least, and whole.
fn declared(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>, rows: &AccountRows) -> Map<String, Value> {
    let mut found = Map::new();
    let has = |spec: &&FieldSpec| fields.get(spec.name).is_some();
    // A member that two sets have begins neither where one of them is whole, and else the first.
    let (whole, others): (Vec<&[FieldSpec]>, Vec<_>) = rows.credentials.iter().copied().partition(|set| set.iter().all(|spec| has(&spec)));
    let mut asked: Vec<&FieldSpec> = Vec::new();
    for set in whole.into_iter().chain(others) {
        let is_asked = |spec: &FieldSpec| asked.iter().any(|other| other.name == spec.name);
        let rest: Vec<_> = set.iter().filter(|spec| !is_asked(spec)).collect();
        if rest.iter().any(has) {
            asked.extend(rest);
        }
    }
    for spec in &asked {
        let value = fields.require(reader, spec.name).and_then(|node| {
            let value = member(reader, node, spec)?;
            let is_presented = rows.identifiers.contains(&spec.name);
            value.as_str().filter(|_| is_presented).into_iter().for_each(|text| presentable(reader, node, spec.name, text));
            Some(value)
        });
        found.extend(value.map(|value| (spec.name.to_owned(), value)));
    }
    let names: Vec<&str> = rows.presented().map(|spec| spec.name).collect();
    if asked.is_empty() && !fields.misspells(&names) {
        let names = |set: &[FieldSpec]| set.iter().map(|spec| quoted(&[spec.name])).collect::<Vec<_>>().join(" and ");
        let sets: Vec<_> = rows.credentials.iter().map(|set| names(set)).collect();
        reader.problem("S006", node.span, "an account without credentials").label(format!("expected {}", sets.join(", or ")));
    }
    found.extend(present(reader, fields, rows.others));
    found
}

/// Tells of what callers present and no request can bring as it is written.
fn presentable(reader: &mut Reader<'_>, node: &Node, name: &str, text: &str) {
    const SCHEMES: [&str; 4] = ["token", "bearer", "basic", "apikey"];
    let is_scheme = |word: &str| SCHEMES.iter().any(|scheme| word.to_ascii_lowercase().ends_with(scheme));
    if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
        let problem = reader.problem("S008", node.span, format!("no request can bring this `{name}`"));
        problem.label(if text.is_empty() { "it is empty" } else { "it has blanks around it, or control characters" });
    } else if text.contains("${") || text.contains("{{") {
        reader.warn(
            "S108",
            node.span,
            "nothing is filled in here",
            "variables of the environment are not read: write the credential itself",
        );
    } else if let Some((_, rest)) = text.split_once(' ').filter(|(word, _)| is_scheme(word)) {
        let problem = reader.problem("S008", node.span, format!("`{name}` is written with its scheme"));
        problem.help(format!("callers write the scheme in front of it: here, write `{}`", rest.trim_start()));
    }
}

/// What the credentials have that take the place of a row's: a mapping, or the last member alone of a row with one set of them.
fn successor(reader: &mut Reader<'_>, node: &Node, row: &Map<String, Value>, rows: Option<&AccountRows>) -> Map<String, Value> {
    let Some(rows) = rows else { return node.to_json().as_object().cloned().unwrap_or_default() };
    let others = rows.others.iter().filter(|spec| rows.identifiers.contains(&spec.name));
    let specs: Vec<_> = rows.presented().chain(others).filter(|spec| row.contains_key(spec.name)).collect();
    let problems = reader.problems.len();
    let has = |set: &&[FieldSpec]| set.iter().all(|spec| row.contains_key(spec.name));
    let sets: Vec<_> = rows.credentials.iter().copied().filter(has).collect();
    let changes = match (&node.kind, sets.as_slice()) {
        (Kind::Map(_), _) => {
            let known: Vec<_> = specs.iter().map(|spec| spec.name).collect();
            let fields = reader.fields(node, "credentials that take the place of these", &known);
            fields.map(|fields| present(reader, &fields, specs)).unwrap_or_default()
        }
        (_, [[.., last]]) => reader.string(node, ROTATES_TO).map(|text| (last.name.to_owned(), text.into())).into_iter().collect(),
        _ => {
            reader.wrong_type(node, "`rotates_to`", "a mapping").help("the row has several credentials: say which of them change");
            return Map::new();
        }
    };
    if reader.problems.len() == problems && changes.iter().all(|(name, value)| row.get(name) == Some(value)) {
        reader.problem("S008", node.span, "`rotates_to` says nothing new").help("write the new credential");
    }
    changes
}

/// Those of some members that are there and can be read.
fn present<'s>(reader: &mut Reader<'_>, fields: &Fields<'_>, specs: impl IntoIterator<Item = &'s FieldSpec>) -> Map<String, Value> {
    specs.into_iter().filter_map(|spec| Some((spec.name.to_owned(), member(reader, fields.get(spec.name)?, spec)?))).collect()
}

fn member(reader: &mut Reader<'_>, node: &Node, spec: &FieldSpec) -> Option<Value> {
    let name = spec.name;
    match spec.field_type {
        FieldType::Text => reader.string(node, name).map(Into::into),
        FieldType::Texts => Some(reader.each(node, name, |reader, item| reader.string(item, name)).into()),
        FieldType::Amount => reader.amount(node, name).map(Into::into),
        FieldType::Flag => reader.boolean(node, name).map(Into::into),
        FieldType::UpTo(most) => reader.whole(node, name, 1..=most).map(Into::into),
        FieldType::Duration => {
            let duration = reader.duration(node, name)?;
            if duration.is_zero() {
                reader.warn("S108", node.span, format!("`{name}` is no time at all"), "for example `1h`");
            }
            Some(duration.to_string().into())
        }
        FieldType::OneOf(words) => {
            let choices: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
            reader.choice(node, name, &choices).map(Into::into)
        }
        FieldType::SomeOf(words) => {
            let choices: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
            reader.once(node);
            Some(reader.each(node, name, |reader, item| reader.choice(item, name, &choices)).into())
        }
        FieldType::Settings(specs) => {
            let known: Vec<_> = specs.iter().map(|spec| spec.name).collect();
            let fields = reader.fields(node, name, &known)?;
            Some(Value::Object(present(reader, &fields, specs)))
        }
    }
}
