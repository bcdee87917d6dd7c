//! The `given`: calls that are made before the first one.

use super::members;
use super::reader::Reader;
use super::roots::ExprContext;
use crate::carrier::Status;
use crate::scenario::ast::{Given, Operation, Pattern};
use crate::scenario::error::{Spanned, nearest, suggestion};
use crate::scenario::expr::types::{Looked, Type, Types as _};
use crate::scenario::node::{Kind, Member, Node};

/// So many texts of a body are kept, and how long they are.
const MOST_TEXTS: usize = 64;
const SHORTEST: usize = 3;
const LONGEST: usize = 64;

pub(super) fn given(reader: &mut Reader<'_>, node: &Node) -> Vec<Given> {
    reader.filled_by = ExprContext::Given;
    let rows = reader.each(node, "given", row);
    reader.filled_by = ExprContext::Call;
    rows
}

/// An operation with its body, and members beside it.
fn row(reader: &mut Reader<'_>, node: &Node) -> Option<Given> {
    let Kind::Map(entries) = &node.kind else {
        reader.wrong_type(node, "an entry of `given`", "a mapping").help("for example `- shipmate.createSku: {sku: A1}`");
        return None;
    };
    let is_beside = |member: &&Member| members::GIVEN.contains(&member.key.value.as_str());
    // What has a dot is an operation; of other words those are told that resemble a member.
    let meant = |name: &str| ["params", "query", "path"].contains(&name).then_some("parameters");
    let near = |member: &&Member| {
        let name = member.key.value.as_str();
        (!name.contains('.')).then(|| nearest(name, members::GIVEN).or_else(|| meant(name))).flatten()
    };
    let has_operation = entries.iter().any(|member| member.key.value.contains('.'));
    let is_misspelt = |member: &&Member| near(member).is_some() || has_operation && !member.key.value.contains('.');
    let (misspelt, operations): (Vec<&Member>, Vec<&Member>) = entries.iter().filter(|member| !is_beside(member)).partition(is_misspelt);
    for member in &misspelt {
        let help = near(member).map_or_else(|| suggestion(&member.key.value, &members::GIVEN), |near| format!("did you mean `{near}`?"));
        reader
            .problem("S004", member.key.span, format!("unknown member `{}`", member.key.value))
            .label("not a member of a row of `given`")
            .help(help);
    }
    let [entry] = operations[..] else {
        reader
            .problem("S007", node.span, format!("an entry of `given` names {} operations, expected one", operations.len()))
            .help("start each call with `- ` on a line of its own; beside the operation it may have `as`, `parameters` and `until`");
        return None;
    };
    let beside = |name: &str| entries.iter().find(|member| member.key.value == name).map(|member| &member.value);
    let operation = reader.operation(&entry.key)?;
    let parameters = match beside("parameters") {
        Some(node) => {
            let rows = reader.entries(node, "parameters", "a mapping from names to values");
            rows.iter().for_each(|Member { key, .. }| misspelt_parameter(reader, &operation.value, key));
            rows.iter().filter_map(|Member { key, value }| Some((key.value.clone(), reader.template(value)?))).collect()
        }
        None => Vec::new(),
    };
    let until = beside("until").and_then(|node| {
        let words = Status::ALL.map(|status| (status.word(), status));
        Some(Spanned { value: reader.choice(node, "until", &words)?, span: node.span })
    });
    misspelt_members(reader, &operation.value, &entry.value);
    reader.json_in_text(&entry.value);
    let body = reader.template(&entry.value)?;
    let name = beside("as").and_then(|node| {
        let name = reader.string(node, "as")?;
        if reader.given.iter().any(|(other, _)| *other == name) {
            reader.problem("S003", node.span, format!("an earlier row is called `{name}` as well")).help("give each row a name of its own");
        }
        Some(name)
    });
    // From here on: a row does not see its own answer.
    reader.given.extend(name.clone().map(|name| (name, operation.value.clone())));
    let mut texts = Vec::new();
    texts_of(&entry.value, &mut texts);
    Some(Given { operation, body, parameters, name, until, texts })
}

/// Texts and numbers in a body that are long enough to be told apart from others.
fn texts_of(node: &Node, texts: &mut Vec<Spanned<String>>) {
    match &node.kind {
        _ if texts.len() >= MOST_TEXTS => {}
        Kind::Text(text) if (SHORTEST..=LONGEST).contains(&text.len()) && !text.contains("{{") => {
            texts.push(Spanned { value: text.clone(), span: node.span });
        }
        Kind::List(items) => items.iter().for_each(|item| texts_of(item, texts)),
        Kind::Map(members) => members.iter().for_each(|member| texts_of(&member.value, texts)),
        _ => {}
    }
}

/// Warns of members of a row's body that the document does not have and that are written nearly like others, and of any body of a call
/// that takes none.
fn misspelt_members(reader: &mut Reader<'_>, operation: &Operation, node: &Node) {
    let about = Pattern::One(operation.clone());
    let looked = reader.vocabulary.map(|vocabulary| vocabulary.look_up(&about, "request", &[Some("body")]));
    match looked {
        Some(Looked::To(found)) if found == Type::NOTHING => {
            let is_empty = matches!(&node.kind, Kind::Map(members) if members.is_empty()) || node.kind == Kind::Null;
            if !is_empty {
                let help = "what stands in the query belongs to `parameters`, beside the operation";
                reader.warn("S108", node.span, format!("`{operation}` takes no body, so that this is not sent"), help);
            }
        }
        Some(_) => {
            let before = std::mem::replace(&mut reader.about, about);
            misspelt_below(reader, node, &mut vec![Some("body")]);
            reader.about = before;
        }
        None => {}
    }
}

/// The members below a place of a body.
fn misspelt_below<'n>(reader: &mut Reader<'_>, node: &'n Node, place: &mut Vec<Option<&'n str>>) {
    match &node.kind {
        Kind::Map(members) => {
            for Member { key, value } in members {
                place.push(Some(&key.value));
                match reader.look_up("request", place) {
                    Looked::Missing { at, names } if at + 1 == place.len() => {
                        warn_of_misspelt(reader, key, &names, "no member of the body")
                    }
                    Looked::Missing { .. } => {}
                    Looked::To(_) | Looked::Unlisted { .. } => misspelt_below(reader, value, place),
                }
                place.pop();
            }
        }
        Kind::List(items) => {
            place.push(None);
            items.iter().for_each(|item| misspelt_below(reader, item, place));
            place.pop();
        }
        _ => {}
    }
}

/// Warns of a parameter that is written nearly like one of the path or of the query, and is none.
fn misspelt_parameter(reader: &mut Reader<'_>, operation: &Operation, name: &Spanned<String>) {
    let Some(vocabulary) = reader.vocabulary else { return };
    let about = Pattern::One(operation.clone());
    let [path, query] = ["parameters", "query"].map(|place| vocabulary.look_up(&about, "request", &[Some(place), Some(name)]));
    if let (Looked::Missing { names: of_path, .. }, Looked::Missing { names: of_query, .. }) = (path, query) {
        let names: Vec<String> = of_path.into_iter().chain(of_query).collect();
        warn_of_misspelt(reader, name, &names, "no parameter of this operation");
    }
}

fn warn_of_misspelt(reader: &mut Reader<'_>, name: &Spanned<String>, names: &[String], what: &str) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(near) = nearest(name, names.iter().copied()) {
        reader.warn("S108", name.span, format!("`{}` is {what}", name.value), &format!("did you mean `{near}`?"));
    }
}
