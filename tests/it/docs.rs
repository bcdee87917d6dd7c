//! The reference of the scenario language says everything that there is, and its examples work.

use std::collections::BTreeSet;

use clap::Parser as _;
use seatrial::cli::Arguments;
use seatrial::engine::Options;
use seatrial::scenario::run::MachineVocabulary;
use seatrial::scenario::{self, schema};
use seatrial::vendors;
use seatrial::world::Note;
use serde_json::Value;

use crate::made_up;

const PAGE: &str = include_str!("../../docs/scenarios.md");
const TLS: &str = include_str!("../../docs/tls.md");
const MONITORING: &str = include_str!("../../docs/monitoring.md");

/// The blocks of a page in one language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    page.split(&format!("```{language}\n")).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// What the vendors have names for, which the page leaves to `seatrial schema` and the vendors' documents; `allOf` has the events of each.
const OF_VENDORS: [&str; 5] = ["operation", "event", "vendor", "accounts", "allOf"];

/// Every member and every word of the schema's definitions.
fn words(schema: &Value, name: &str, found: &mut BTreeSet<String>) {
    if OF_VENDORS.contains(&name) {
        return;
    }
    match schema {
        Value::Object(members) => {
            found.extend(members.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()));
            let listed = members.get("enum").and_then(Value::as_array).into_iter().flatten();
            found.extend(listed.filter_map(Value::as_str).map(str::to_owned));
            members.iter().filter(|(name, _)| *name != "examples").for_each(|(name, inner)| words(inner, name, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| words(inner, "", found)),
        _ => {}
    }
}

#[test]
fn the_reference_of_scenarios_names_every_member_and_word() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let schema = schema::of(&MachineVocabulary(&machine));
    let mut found = BTreeSet::new();
    words(&schema, "", &mut found);
    assert!(found.contains("overrides") && found.contains("h2_goaway") && found.contains("out_for_delivery"), "{found:?}");
    let is_said =
        |word: &String| PAGE.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_-".contains(letter)).any(|said| said == word);
    let missing: Vec<&String> = found.iter().filter(|word| !word.contains(['.', '/']) && !is_said(word)).collect();
    assert!(missing.is_empty(), "docs/scenarios.md says nothing of {missing:?}");
}

#[test]
fn the_examples_of_the_reference_are_without_mistakes() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let examples = blocks(PAGE, "yaml");
    assert!(examples.len() >= 8, "{}", examples.len());
    for example in [examples, blocks(TLS, "yaml")].concat() {
        if let Err(problems) = scenario::load(example, "docs/scenarios.md", &MachineVocabulary(&machine)) {
            panic!("{}\n{example}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    }
}

#[test]
fn the_commands_of_the_pages_are_ones_that_there_are() {
    let commands: Vec<&str> = [TLS, MONITORING]
        .into_iter()
        .flat_map(|page| blocks(page, "sh"))
        .flat_map(str::lines)
        .filter(|line| line.starts_with("seatrial "))
        .collect();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        if let Err(problem) = Arguments::try_parse_from(command.split(' ')) {
            panic!("{command}\n{problem}");
        }
    }
}

#[test]
fn the_reference_of_scenarios_has_every_code_of_a_note() {
    for (code, means) in Note::CODES {
        assert!(PAGE.contains(&format!("| `{code}` | {means} |")), "docs/scenarios.md has no row for {code}");
    }
    for (code, means) in seatrial::vendors::all().iter().flat_map(|vendor| vendor.notes) {
        let is_told = PAGE.lines().any(|line| line.starts_with(&format!("| `{code}` | ")) && line.ends_with(&format!(" | {means} |")));
        assert!(is_told, "docs/scenarios.md has no row for {code}");
    }
}

/// The members of each definition of the schema, the outermost one included.
fn definitions() -> Vec<(String, BTreeSet<String>)> {
    let schema = schema::skeleton();
    let names = |definition: &Value| -> Option<BTreeSet<String>> {
        let members = definition.get("properties")?.as_object()?.keys().cloned().collect();
        Some(members)
    };
    let inner = schema["$defs"].as_object().expect("it has definitions").iter();
    // What accounts and rows of `given` have is the vendors' own.
    let found = inner
        .filter(|(name, _)| !["accounts", "given"].contains(&name.as_str()))
        .filter_map(|(name, definition)| Some((name.clone(), names(definition)?)));
    found.chain(names(&schema).map(|members| ("scenario".to_owned(), members))).collect()
}

/// The types stand behind a comment that names their definition: `schema: NAME`.
#[test]
fn types_of_the_clients_have_the_members_of_scenarios() {
    let clients = [
        ("TypeScript", include_str!("../../clients/typescript/src/scenario.ts"), "// schema: "),
        ("Python", include_str!("../../clients/python/src/seatrial/scenario.py"), "# schema: "),
    ];
    for (client, text, marker) in clients {
        let parts: Vec<(&str, &str)> = text.split(marker).skip(1).filter_map(|part| part.split_once('\n')).collect();
        for (name, members) in definitions() {
            let part = parts.iter().find(|(own, _)| *own == name).unwrap_or_else(|| panic!("{client} has no type of `{name}`"));
            let is_member = |member: &String| {
                let after = part.1.split(member.as_str()).skip(1);
                let before = part.1.split(member.as_str());
                before.zip(after).any(|(before, after)| {
                    let is_whole = !before.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
                    is_whole && ["?:", ":", "\":"].iter().any(|end| after.starts_with(end))
                })
            };
            let missing: Vec<&String> = members.iter().filter(|member| !is_member(member)).collect();
            assert!(missing.is_empty(), "{client}: `{name}` lacks {missing:?}");
        }
    }
}
