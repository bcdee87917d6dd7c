//! Comments: American spelling, and no doc line that only repeats a name.

use super::{Source, assert_none, files, read, sources};

/// How many doc comments of at most four words there are outside the API for other programs. The figure may only fall.
const WORTHLESS: usize = 85;

#[test]
fn spelling_is_american() {
    let british = ["behavi", "colo", "favo", "neighbo", "labo"].map(|stem| format!("{stem}our"));
    let mut problems = Vec::new();
    for path in files("", &[".rs", ".md", ".py", ".ts", ".mjs"]) {
        // What a vendor says stands in strings and in its README, in the vendor's spelling.
        let comments_only = path.ends_with(".rs");
        for (index, line) in read(&path).lines().enumerate() {
            let comment = if comments_only { line.split_once("//").map_or("", |(_, comment)| comment) } else { line };
            for word in british.iter().filter(|word| comment.to_lowercase().contains(word.as_str())) {
                problems.push(format!("{path}:{}: `{word}`", index + 1));
            }
        }
    }
    assert_none(&problems);
}

/// Comments are facts in plain words: who calls, what holds. These words announce a riddle.
#[test]
fn comments_are_plain() {
    let mut problems = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            let comment = line.split_once("//").map_or("", |(_, comment)| comment).to_lowercase();
            for word in ["whoever", "whomever"].iter().filter(|word| comment.contains(*word)) {
                problems.push(format!("src/{}:{}: `{word}`: name who it is", source.path, index + 1));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn doc_comments_say_something() {
    let count: usize = sources().iter().map(|source| worthless(source).count()).sum();
    assert!(count <= WORTHLESS, "{count} doc comments have at most four words, {WORTHLESS} had: say what the name does not, or nothing");
}

/// The lines of doc comments that have at most four words. What other programs use has one on each item, and help texts are short.
fn worthless(source: &Source) -> impl Iterator<Item = usize> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let elsewhere = ["testing", "cli"].contains(&source.folder());
    let is_doc = move |line: Option<&&str>| line.is_some_and(|line| line.starts_with("///"));
    let short = move |index: &usize| {
        let alone = !is_doc(index.checked_sub(1).and_then(|before| lines.get(before))) && !is_doc(lines.get(index + 1));
        alone && is_doc(lines.get(*index)) && lines[*index].split_whitespace().count() <= 5
    };
    let count = if elsewhere { 0 } else { source.text.lines().count() };
    (0..count).filter(short)
}
