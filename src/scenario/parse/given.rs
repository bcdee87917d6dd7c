//! The `given`: calls that are made before the first one.

use super::members;
use super::reader::Reader;
use super::roots::ExprContext;
use crate::carrier::Status;
use crate::scenario::ast::Given;
use crate::scenario::error::{Spanned, nearest};
use crate::scenario::node::{Kind, Member, Node};

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
    let near = |member: &&Member| (!member.key.value.contains('.')).then(|| nearest(&member.key.value, members::GIVEN)).flatten();
    let (misspelt, operations): (Vec<&Member>, Vec<&Member>) =
        entries.iter().filter(|member| !is_beside(member)).partition(|member| near(member).is_some());
    for member in &misspelt {
        let help = near(member).map_or_else(String::new, |near| format!("did you mean `{near}`?"));
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
            rows.iter().filter_map(|Member { key, value }| Some((key.value.clone(), reader.template(value)?))).collect()
        }
        None => Vec::new(),
    };
    let until = beside("until").and_then(|node| {
        let words = Status::ALL.map(|status| (status.word(), status));
        Some(Spanned { value: reader.choice(node, "until", &words)?, span: node.span })
    });
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
    Some(Given { operation, body, parameters, name, until })
}
