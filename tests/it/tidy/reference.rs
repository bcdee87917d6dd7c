//! The pages of the manual that are made from the code: the command line, the admin API, and one for each vendor.
//! `UPDATE=1 cargo test --test it reference` writes them. Those of vendors are kept in the repository, and must be current; the other two
//! change with every flag and route, and are written when the site is made (`cargo xtask docs`). That nothing in them lacks words is
//! tested at any time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};
use seatrial::cli::Arguments;
use seatrial::engine::{Coverage, LoadedVendor, Options};
use seatrial::scenario::built_in;
use seatrial::vendors;
use serde_json::Value;

use crate::client::send;
use crate::made_up;
use crate::process::Server;

/// Writes a page below `docs/`, if that is asked for.
fn update(page: &str, text: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let wanted = std::env::var_os("UPDATE").is_some();
    if wanted {
        std::fs::create_dir_all(path.parent().expect("a page lies in a folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the page can be written");
    }
    wanted
}

/// Fails unless a page below `docs/` says this, or writes it.
fn check(page: &str, text: &str) {
    if update(page, text) {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(text.lines()).position(|(found, made)| found != made).map_or(0, |index| index + 1);
    assert!(found == text, "docs/{page} is not what the code says, from line {line} on: UPDATE=1 cargo test --test it reference");
}

/// A text as the cell of a table.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

/// A row of a table.
fn row(page: &mut String, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    writeln!(page, "| {} |", cells.join(" | ")).expect("a string takes all");
}

/// The beginning of a table.
fn head(page: &mut String, cells: &[&str]) {
    writeln!(page, "\n| {} |\n|{}", cells.join(" | "), "---|".repeat(cells.len())).expect("a string takes all");
}

#[test]
fn every_flag_says_what_it_means() {
    let mut page =
        "# Command line\n\n`seatrial` alone is `seatrial serve`. Every flag has an environment variable; what the command line says wins. \
                    This page is made from the command line's own definition.\n\n| exit code | means |\n|---|---|\n| 0 | all is well |\n\
                    | 1 | a verdict, a limit or a health check failed, or data is damaged |\n\
                    | 2 | the command line, the configuration or a scenario is wrong |\n| 3 | an address could not be bound |\n\
                    | 4 | what was to be kept could not be written |\n"
            .to_owned();
    let mut command = Arguments::command();
    command.build();
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        describe(command, "seatrial", &mut page);
    }
    assert!(page.contains("| `--listen [VENDOR=]ADDRESS` | `SEATRIAL_LISTEN` | `127.0.0.1:7447` | Address to listen on; "), "{page}");
    update("cli.md", &page);
}

fn describe(command: &Command, parents: &str, page: &mut String) {
    let name = format!("{parents} {}", command.get_name());
    let subcommands: Vec<&Command> = command.get_subcommands().filter(|command| command.get_name() != "help").collect();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    write!(page, "\n## {name}\n\n{about}.\n").expect("a string takes all");
    let arguments: Vec<&Arg> =
        command.get_arguments().filter(|argument| !["help", "version"].contains(&argument.get_id().as_str())).collect();
    if !arguments.is_empty() {
        head(page, &["argument", "variable", "unless told", "means"]);
    }
    for argument in arguments {
        let values = argument.get_value_names().unwrap_or_default().iter().map(|name| format!(" {name}")).collect::<String>();
        let takes = argument.get_action().takes_values();
        let shown = match argument.get_long() {
            Some(long) if takes => format!("`--{long}{values}`"),
            Some(long) => format!("`--{long}`"),
            None => format!("`{}`", values.trim()),
        };
        let variable = argument.get_env().map(|name| format!("`{}`", name.to_string_lossy())).unwrap_or_default();
        let default =
            argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect::<Vec<_>>().join(", ");
        let possible = argument.get_possible_values();
        let words = possible.iter().map(|value| format!("`{}`", value.get_name())).collect::<Vec<_>>().join(", ");
        let words = if takes && !words.is_empty() { format!(": {words}") } else { String::new() };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        assert!(!help.is_empty(), "{name} {shown} has no help text");
        row(page, &[shown, variable, if takes { default } else { String::new() }, format!("{help}{words}")]);
    }
    for subcommand in subcommands {
        describe(subcommand, &name, page);
    }
}

#[test]
fn every_route_of_the_admin_api_says_what_it_does() {
    let server = Server::start(&[]);
    let document = send(&server, "GET", "/_seatrial/openapi.json", &[], "").json();
    let mut page = "# Admin API\n\nEverything below is at `/_seatrial`. Bodies are JSON, errors are `application/problem+json`. A server that listens on \
                    loopback alone needs no token; others need `Authorization: Bearer $SEATRIAL_ADMIN_TOKEN`. In paths, `{s}` is the name of a \
                    sandbox. `/_seatrial/openapi.json` is the whole document, with the schemas of all answers; this page is made from it.\n"
        .to_owned();
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods) {
            let path = path.trim_start_matches("/_seatrial");
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(!summary.is_empty(), "{method} {path} has no summary");
            write!(page, "\n## {} {path}\n\n{}.\n", method.to_uppercase(), capital(summary)).expect("a string takes all");
            let parameters = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query");
            let mut rows: Vec<[String; 3]> = parameters
                .map(|parameter| [format!("`?{}=`", text(&parameter["name"])), String::new(), text(&parameter["description"])])
                .collect();
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let body = resolved(&document, body);
            rows.extend(members(&body["properties"]).map(|(name, schema)| {
                let schema = resolved(&document, schema);
                [format!("`{name}`"), kind(schema), text(&schema["description"])]
            }));
            if !rows.is_empty() {
                head(&mut page, &["member", "type", "means"]);
                rows.iter().for_each(|cells| row(&mut page, cells));
            }
            let statuses = members(&operation["responses"]).map(|(status, _)| format!("`{status}`")).filter(|status| status != "`default`");
            writeln!(page, "\nAnswers {}.", statuses.collect::<Vec<_>>().join(" or ")).expect("a string takes all");
        }
    }
    assert!(page.contains("\n## POST /sandboxes/{s}/clock/advance\n\nMoves the time; "), "{page}");
    update("admin.md", &page);
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A schema, found by its reference if it is one.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let name = schema["$ref"].as_str().and_then(|link| link.strip_prefix("#"));
    name.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// The types that a schema takes, without the null that stands for a member which was left out.
fn kind(schema: &Value) -> String {
    let named = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    };
    schema["format"].as_str().map_or(named.clone(), |format| format!("{named} ({format})"))
}

#[test]
fn the_pages_of_vendors_are_current() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let coverage = machine.vendors().coverage();
    let mut mounts: BTreeMap<&str, Vec<(&LoadedVendor, &Coverage)>> = BTreeMap::new();
    for (loaded, coverage) in machine.vendors().loaded().iter().zip(&coverage) {
        mounts.entry(&loaded.vendor.mount).or_default().push((loaded, coverage));
    }
    for (mount, versions) in mounts {
        check(&format!("vendors/{mount}.md"), &of_vendor(mount, &versions));
    }
}

/// The page of a mount: what the code knows in tables, then the README of its folder.
fn of_vendor(mount: &str, versions: &[(&LoadedVendor, &Coverage)]) -> String {
    // Its README begins the page, with its title.
    let mut page = format!("{{{{#include ../../src/vendors/{mount}/README.md}}}}\n\n## How much of it there is\n");
    head(&mut page, &["version", "operations", "with behavior", "recorded", "documented", "client", "inferred"]);
    for (_, coverage) in versions {
        let known = &coverage.evidence;
        let figures = [coverage.operations, coverage.rows, known.recorded, known.documented, known.client, known.inferred];
        let cells: Vec<String> = [format!("`{}`", coverage.vendor)].into_iter().chain(figures.map(|figure| figure.to_string())).collect();
        row(&mut page, &cells);
    }
    let gaps: Vec<String> = versions.iter().flat_map(|(_, coverage)| &coverage.gaps).map(|gap| format!("`{gap}`")).collect();
    if !gaps.is_empty() {
        writeln!(page, "\nAnswered from the document alone, without state: {}.", gaps.join(", ")).expect("a string takes all");
    }

    page.push_str("\n## What it can be made to refuse\n\nBy `fault: NAME` in a scenario or a test, in these words:\n");
    head(&mut page, &["name", "operations", "words"]);
    for (loaded, _) in versions {
        for failure in loaded.vendor.failures.named {
            // One list serves all versions, each of which has some of them.
            let there = failure.operations.iter().filter(|operation| loaded.catalog().operation(operation).is_some());
            let operations: Vec<String> = there.map(|operation| format!("`{}.{operation}`", loaded.vendor.id)).collect();
            let words =
                if failure.text.is_empty() { "none: the condition shows in the answer".to_owned() } else { failure.text.to_owned() };
            row(&mut page, &[format!("`{}`", failure.name), operations.join(", "), words]);
        }
    }

    let mut events: Vec<String> = Vec::new();
    for event in versions.iter().flat_map(|(loaded, _)| loaded.vendor.webhooks.events).map(|event| format!("`{event}`")) {
        if !events.contains(&event) {
            events.push(event);
        }
    }
    if !events.is_empty() {
        writeln!(page, "\n## Its webhooks\n\nEvents: {}.", events.join(", ")).expect("a string takes all");
    }

    let named = |text: &str| {
        versions.iter().any(|(loaded, _)| text.contains(&format!("{}.", loaded.vendor.id))) || text.contains(&format!("vendor: {mount}"))
    };
    let scenarios: Vec<_> = built_in::all().filter(|(_, text)| named(text)).collect();
    if !scenarios.is_empty() {
        page.push_str("\n## Built-in scenarios that name it\n");
        head(&mut page, &["scenario", "what happens"]);
        for (name, text) in scenarios {
            row(&mut page, &[format!("`{name}`"), built_in::description(text).to_owned()]);
        }
    }

    for (loaded, _) in versions {
        write!(page, "\n## Operations of `{}`\n", loaded.vendor.id).expect("a string takes all");
        head(&mut page, &["operation", "call", "known from"]);
        for operation in loaded.catalog().operations() {
            let call = format!("`{} {}`", operation.method, operation.path);
            row(&mut page, &[format!("`{}`", operation.name), call, operation.evidence.to_string()]);
        }
    }
    page
}
