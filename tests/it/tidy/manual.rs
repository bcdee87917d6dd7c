//! The manual in `docs/`, which is the pages that its table of contents lists: their links, and whether each block of code is run
//! somewhere or says why not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How many blocks may say that they are not run: what is added should be run.
const NOT_RUN: usize = 45;
/// Pages that are made with the site: see `reference`.
const MADE: [&str; 2] = ["admin.md", "cli.md"];
/// Languages of blocks that are no code: what programs print.
const OUTPUT: [&str; 1] = ["text"];

struct Page {
    /// Below `docs/`.
    name: String,
    text: String,
}

struct Block {
    /// Where it begins: `docs/ci.md:14`.
    place: String,
    language: String,
    code: String,
    /// What the comment below it says.
    remark: String,
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn pages() -> Vec<Page> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the folder exists") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() { collect(&path, found) } else { found.push(path) }
        }
    }
    let mut paths = Vec::new();
    collect(&docs(), &mut paths);
    paths.sort();
    let pages = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages
        .map(|path| Page {
            name: path.strip_prefix(docs()).expect("it lies below").to_string_lossy().replace('\\', "/"),
            text: std::fs::read_to_string(path).expect("a page is text"),
        })
        .collect()
}

/// The names in the table of contents.
fn listed() -> BTreeSet<String> {
    let summary = std::fs::read_to_string(docs().join("SUMMARY.md")).expect("there is a table of contents");
    summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

/// The pages of the table of contents.
fn manual() -> Vec<Page> {
    let listed = listed();
    pages().into_iter().filter(|page| listed.contains(&page.name) && !MADE.contains(&page.name.as_str())).collect()
}

fn blocks(page: &Page) -> Vec<Block> {
    let lines: Vec<&str> = page.text.lines().collect();
    let mut blocks = Vec::new();
    let mut index = 0;
    while index < lines.len() {
        if let Some(language) = lines[index].trim_start().strip_prefix("```") {
            let end = (index + 1..lines.len()).find(|&end| lines[end].trim() == "```").expect("a block ends");
            let remark = lines.get(end + 1).and_then(|line| line.trim().strip_prefix("<!-- ")?.strip_suffix(" -->")).unwrap_or_default();
            blocks.push(Block {
                place: format!("docs/{}:{}", page.name, index + 1),
                language: language.to_owned(),
                code: lines[index + 1..end].join("\n"),
                remark: remark.to_owned(),
            });
            index = end;
        }
        index += 1;
    }
    blocks
}

#[test]
fn what_the_table_of_contents_lists_is_there() {
    let found: BTreeSet<String> = pages().into_iter().map(|page| page.name).chain(MADE.map(str::to_owned)).collect();
    let missing: Vec<String> = listed().into_iter().filter(|name| !found.contains(name)).collect();
    assert!(missing.is_empty(), "not in docs: {missing:?}");
    let unlisted: Vec<&String> = found.iter().filter(|name| name.contains('/') && !listed().contains(*name)).collect();
    assert!(unlisted.is_empty(), "not in SUMMARY.md: {unlisted:?}");
}

/// The name by which a link reaches a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    for page in &manual() {
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            if MADE.contains(&path) {
                continue;
            }
            // What is not in the manual is not on its site.
            if path.matches("../").count() > page.name.matches('/').count() {
                problems.push(format!("docs/{}: `{link}` leads out of the manual", page.name));
            }
            let from = docs().join(&page.name);
            let target = if path.is_empty() { from.clone() } else { from.parent().expect("a page lies in a folder").join(path) };
            let Ok(text) = std::fs::read_to_string(&target) else {
                problems.push(format!("docs/{}: `{link}` leads nowhere", page.name));
                continue;
            };
            let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#').trim()));
            if !heading.is_empty() && !headings.collect::<Vec<_>>().contains(&heading.to_owned()) {
                problems.push(format!("docs/{}: `{link}` has no such heading", page.name));
            }
        }
        for included in page.text.split("{{#include ").skip(1).filter_map(|rest| rest.split("}}").next()) {
            if !docs().join(&page.name).parent().expect("a page lies in a folder").join(included).is_file() {
                problems.push(format!("docs/{}: `{included}` is included and is not there", page.name));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// A block is run by `tests/clients/docs.py`, is a file for those that are, is a scenario, which is checked below, or says why it is
/// not run.
#[test]
fn every_block_of_code_is_run_or_says_why_not() {
    let (mut problems, mut not_run) = (Vec::new(), Vec::new());
    // The examples of the reference of scenarios are checked where its words are.
    for page in manual().iter().filter(|page| page.name != "scenarios.md") {
        for block in blocks(page).into_iter().filter(|block| !OUTPUT.contains(&block.language.as_str())) {
            let remark = block.remark.as_str();
            if let Some(why) = remark.strip_prefix("not run here: ") {
                not_run.push(format!("{} ({}): {why}", block.place, block.language));
            } else if !["run: ", "file: "].iter().any(|begin| remark.starts_with(begin)) && remark != "a scenario" {
                problems.push(format!("{}: `{}` is neither run nor says `not run here: why` below it", block.place, block.language));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert!(not_run.len() <= NOT_RUN, "{} blocks are not run, {NOT_RUN} were:\n{}", not_run.len(), not_run.join("\n"));
}

#[test]
fn what_is_not_run_can_be_read() {
    let mut problems = Vec::new();
    for page in manual() {
        for block in blocks(&page) {
            let read = match block.language.as_str() {
                "yaml" => serde_saphyr::from_multiple::<serde_json::Value>(&block.code).map(drop).map_err(|error| error.to_string()),
                "json" => serde_json::from_str::<serde_json::Value>(&block.code).map(drop).map_err(|error| error.to_string()),
                _ => Ok(()),
            };
            problems.extend(read.err().map(|error| format!("{}: {error}", block.place)));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn scenarios_of_the_manual_are_without_mistakes() {
    use seatrial::scenario::{self, run::MachineVocabulary};

    let machine = crate::made_up::machine(seatrial::vendors::all(), seatrial::engine::Options::default());
    let blocks: Vec<Block> = manual().iter().flat_map(blocks).filter(|block| block.remark == "a scenario").collect();
    assert!(blocks.len() >= 2, "{}", blocks.len());
    for block in blocks {
        if let Err(problems) = scenario::load(&block.code, &block.place, &MachineVocabulary(&machine)) {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    }
}
