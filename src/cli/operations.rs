//! `seatrial operations`: what vendors can be asked, and a call of each operation that works.

use std::fmt::Write as _;

use crate::base::text;
use crate::base::time::Timestamp;
use crate::cli::arguments::{OperationsArguments, OperationsFormat};
use crate::cli::{Exit, complain, say, vendors};
use crate::engine::{DEFAULT, LoadedVendor, Machine, Options, PublicUrls, Start};
use crate::scenario::conversation::CredentialMap;
use crate::scenario::examples;
use crate::scenario::reference::{self, OperationView, Target};

pub(super) fn run(arguments: &OperationsArguments) -> Exit {
    let all = match vendors::all(&arguments.vendors) {
        Ok(all) => all,
        Err(error) => return vendors::complain(&error),
    };
    let machine = Machine::new(all, Options::default(), Start::plain(Timestamp::UNIX_EPOCH));
    match found(&machine, arguments) {
        Ok(rows) if arguments.format == OperationsFormat::Json => say(&serde_json::json!({"operations": rows})),
        // One operation is shown whole, several are a line each.
        Ok(rows) => match &rows[..] {
            [row] => say(&details(row).trim_end()),
            rows => say(&table(rows).trim_end()),
        },
        Err(problem) => return complain(&problem, Exit::Usage),
    }
    Exit::Fine
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
#[error("there is no {what} `{word}`\nhelp: {help}")]
struct Unknown {
    what: &'static str,
    word: String,
    help: String,
}

impl Unknown {
    fn new(what: &'static str, word: &str, names: &[&str]) -> Self {
        let near = text::nearest(word, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        Self { what, word: word.to_owned(), help: near.unwrap_or_else(|| format!("there are {}", names.join(", "))) }
    }
}

/// The operations that are asked for.
fn found(machine: &Machine, arguments: &OperationsArguments) -> Result<Vec<OperationView>, Unknown> {
    // The name of an operation says its vendor.
    let named = arguments.of.as_deref().and_then(|word| word.split_once('.'));
    let (vendor, operation) = match (named, &arguments.operation) {
        (Some((vendor, id)), None) => (Some(vendor), Some(id)),
        (_, id) => (arguments.of.as_deref(), id.as_deref()),
    };
    let chosen: Vec<&LoadedVendor> =
        vendor.map_or_else(|| machine.vendors().loaded().iter().collect(), |word| reference::vendors(machine.vendors(), word));
    if let Some(word) = vendor.filter(|_| chosen.is_empty()) {
        let ids: Vec<&str> = machine.vendors().all().iter().map(|vendor| &*vendor.id).collect();
        return Err(Unknown::new("vendor", word, &ids));
    }
    let urls = PublicUrls::default();
    #[expect(clippy::disallowed_methods, reason = "examples say dates that lie ahead of whoever makes them")]
    let now = Timestamp::now();
    let target = Target {
        base: &|mount| urls.url(DEFAULT, mount),
        credentials: &|_| CredentialMap::default(),
        values: examples::known(now, &urls.inbox("me")),
    };
    let id = operation.map(|word| word.rsplit('.').next().unwrap_or(word));
    let rows = chosen.iter().flat_map(|loaded| reference::operations(machine, loaded, &target, |own| id.is_none_or(|id| own.id == *id)));
    let rows: Vec<OperationView> = rows.collect();
    match operation.filter(|_| rows.is_empty()) {
        None => Ok(rows),
        Some(word) => {
            let ids: Vec<&str> = chosen.iter().flat_map(|loaded| loaded.catalog().operations()).map(|operation| &*operation.id).collect();
            Err(Unknown::new("operation", word, &ids))
        }
    }
}

/// A line for each operation.
fn table(rows: &[OperationView]) -> String {
    let wide = |cell: fn(&OperationView) -> &str| rows.iter().map(|row| cell(row).len()).max().unwrap_or_default();
    let (names, paths) = (wide(|row| &row.operation), wide(|row| &row.path));
    rows.iter().fold(String::new(), |mut out, row| {
        let OperationView { operation, method, path, evidence, behavior, summary, .. } = row;
        let _ = writeln!(out, "{operation:names$}  {method:6} {path:paths$}  {evidence:10}  {behavior:8}  {summary}");
        out
    })
}

/// All about one operation.
fn details(row: &OperationView) -> String {
    let OperationView { operation, method, path, summary, evidence, behavior, parameters, statuses, example, .. } = row;
    let mut out = format!("{operation}\n  {method} {path}\n  {summary}\n  {behavior}, {evidence}");
    if row.deprecated {
        out.push_str(", deprecated");
    }
    let statuses: Vec<String> = statuses.iter().map(ToString::to_string).collect();
    let _ = writeln!(out, "\n  answers {}", statuses.join(", "));
    let wide = parameters.iter().map(|parameter| parameter.name.len()).max().unwrap_or_default();
    for (index, parameter) in parameters.iter().enumerate() {
        let title = if index == 0 { "\nparameters\n" } else { "" };
        let required = if parameter.required { "required" } else { "" };
        let line = format!("  {:wide$}  {:6}  {required:8}  {}", parameter.name, parameter.location, parameter.description);
        let _ = writeln!(out, "{title}{}", line.trim_end());
    }
    let _ = writeln!(out, "\nexample, answered with {}\n", example.status);
    for line in example.curl.lines() {
        let _ = writeln!(out, "  {line}");
    }
    if !example.before.is_empty() {
        let _ = writeln!(out, "\nbefore it, in this order: {}", example.before.join(", "));
    }
    if let Some(after) = &example.after {
        let _ = writeln!(out, "and the clock moves on by {after}");
    }
    for value in &example.values {
        let _ = writeln!(out, "{{{{{}}}}} is `{}` in the answer to {}", value.name, value.member, value.operation);
    }
    out
}
