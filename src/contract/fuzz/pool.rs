//! The ids that a server gave, by which later calls refer to what is there.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::shape;

/// How many ids of a kind are known: the latest ones.
const KEPT: usize = 12;
/// How many elements of a list are looked at.
const LISTED: usize = 5;
/// How deep answers are looked into.
const DEEPEST: usize = 5;

#[derive(Debug, Default)]
pub(super) struct Pool {
    /// By the name of the member that has them, without signs and case.
    members: BTreeMap<String, Vec<String>>,
    /// By the path of the collection that they are in.
    collections: BTreeMap<String, Vec<String>>,
}

/// A collection and the name of the parameter that follows it: of `/labels/{label_id}/track` the first is `/labels`.
fn collection<'p>(template: &'p str, parameter: &str) -> Option<&'p str> {
    let (before, _) = template.split_once(&format!("/{{{parameter}}}"))?;
    Some(before)
}

impl Pool {
    /// Ids for a parameter of a path.
    pub fn of_path(&self, template: &str, parameter: &str) -> Option<Vec<String>> {
        let known = collection(template, parameter).and_then(|collection| self.collections.get(collection));
        known.or_else(|| self.members.get(&shape::plain(parameter))).filter(|known| !known.is_empty()).cloned()
    }

    /// Ids for a member or a parameter that is named like one.
    pub fn of_member(&self, name: &str) -> Option<Vec<String>> {
        let name = shape::plain(name);
        let known = self.members.get(&name).or_else(|| self.members.get(name.strip_suffix('s')?));
        known.filter(|known| !known.is_empty() && name.len() > 2).cloned()
    }

    /// Notes the ids in an answer to a call of `template`. `parameter` is what follows it in the path of a single thing.
    pub fn note(&mut self, template: &str, parameter: Option<&str>, answer: &Value) {
        let mut found = Vec::new();
        walk(answer, "", 0, &mut found);
        for (member, _, id) in &found {
            keep(self.members.entry(shape::plain(member)).or_default(), id);
        }
        let Some(parameter) = parameter else { return };
        for id in own_ids(template, parameter, &found) {
            keep(self.collections.entry(template.to_owned()).or_default(), &id);
        }
    }

    /// Forgets an id of what is no longer there.
    pub fn forget(&mut self, id: &str) {
        self.members.values_mut().chain(self.collections.values_mut()).for_each(|known| known.retain(|other| other != id));
    }
}

/// The id of what a call of `template` created.
pub(super) fn created(template: &str, parameter: &str, answer: &Value) -> Option<String> {
    let mut found = Vec::new();
    walk(answer, "", 0, &mut found);
    own_ids(template, parameter, &found).into_iter().next()
}

/// The ids of the things of a collection themselves: by the name of the parameter, else by what ids are usually called.
fn own_ids(template: &str, parameter: &str, found: &[(String, usize, String)]) -> Vec<String> {
    let noun = shape::plain(template.rsplit('/').next().unwrap_or_default());
    let noun = noun.strip_suffix("es").or(noun.strip_suffix('s')).unwrap_or(&noun);
    let names = [shape::plain(parameter), format!("{noun}id"), format!("{noun}eid"), "objectid".to_owned(), "id".to_owned()];
    let of = |name: &String| found.iter().filter(|(member, ..)| shape::plain(member) == *name).collect::<Vec<_>>();
    let rows = names.iter().map(of).find(|rows| !rows.is_empty()).unwrap_or_default();
    let nearest = rows.iter().map(|(_, depth, _)| *depth).min();
    rows.into_iter().filter(|(_, depth, _)| Some(*depth) == nearest).map(|(_, _, id)| id.clone()).collect()
}

fn keep(known: &mut Vec<String>, id: &str) {
    known.retain(|other| other != id);
    known.push(id.to_owned());
    if known.len() > KEPT {
        known.remove(0);
    }
}

/// Members that are named like ids, with their depth.
fn walk(value: &Value, member: &str, depth: usize, found: &mut Vec<(String, usize, String)>) {
    match value {
        Value::Object(members) if depth < DEEPEST => members.iter().for_each(|(name, inner)| walk(inner, name, depth + 1, found)),
        Value::Array(rows) if depth < DEEPEST => rows.iter().take(LISTED).for_each(|row| walk(row, member, depth + 1, found)),
        Value::String(text) if shape::is_id(member) && !text.is_empty() && text.len() < 100 => {
            found.push((member.to_owned(), depth, text.clone()));
        }
        Value::Number(number) if shape::is_id(member) => found.push((member.to_owned(), depth, number.to_string())),
        _ => {}
    }
}
