//! Imports between files: in some folders none may lead in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, assert_none, sources};

/// The folders, each with the file of its name beside it.
const WITHOUT_CIRCLES: [&str; 8] = ["base", "spec", "world", "carrier", "engine", "persist", "server", "testing"];

/// The only files that may import each other: a `Vendor` holds functions that take a `Cx`, and a `Cx` the `Vendor` that it acts for.
const KNOT: [&str; 4] = ["engine/cx.rs", "engine/extract.rs", "engine/vendor.rs", "engine/webhooks.rs"];

/// Which files each file names.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let sources = sources();
    let mut graph = graph(&sources);
    let mut knot: Graph =
        graph.iter().filter(|(path, _)| KNOT.contains(&path.as_str())).map(|(path, used)| (path.clone(), used.clone())).collect();
    knot.values_mut().for_each(|used| used.retain(|path| KNOT.contains(&path.as_str())));
    let loose: Vec<_> = KNOT.iter().filter(|path| circle(&knot, path).is_none()).collect();
    assert!(loose.is_empty(), "no circle leads through {loose:?} any more: take them out of the knot");
    for (path, used) in &mut graph {
        used.retain(|other| !(KNOT.contains(&path.as_str()) && KNOT.contains(&other.as_str())));
    }
    let mut problems = Vec::new();
    for folder in WITHOUT_CIRCLES {
        let inside = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(['/', '.']));
        let own: Graph = graph.iter().filter(|(path, _)| inside(path)).map(|(path, used)| (path.clone(), used.clone())).collect();
        assert!(own.len() > 1, "`src/{folder}` has {} files", own.len());
        problems.extend(own.keys().filter_map(|path| circle(&own, path)).map(|way| format!("src/{}", way.join(" > "))));
    }
    assert_none(&problems);
}

#[test]
fn circles_are_found() {
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let sources = [
        file("a/mod.rs", "//! Not `crate::a::b`.\npub use self::b::B;\n"),
        file("a/b.rs", "use std::io;\n\nuse crate::a::{c::{self, C}, d::D};\n"),
        file("a/c.rs", "fn f() { super::d::D::new(); }\n"),
        file("a/d.rs", "use crate::a::b::B;\n\n#[cfg(test)]\nuse crate::a::c;\n"),
    ];
    let graph = graph(&sources);
    assert_eq!(graph["a/b.rs"].iter().collect::<Vec<_>>(), ["a/c.rs", "a/d.rs"]);
    assert_eq!(circle(&graph, "a/b.rs"), Some(vec!["a/b.rs".to_owned(), "a/d.rs".to_owned(), "a/b.rs".to_owned()]));
    assert_eq!(circle(&graph, "a/c.rs").map(|way| way.len()), Some(4));
    assert_eq!(circle(&graph, "a/mod.rs"), None);
}

fn graph(sources: &[Source]) -> Graph {
    let modules: BTreeMap<Vec<&str>, &str> = sources.iter().map(|source| (module(&source.path), source.path.as_str())).collect();
    let file = |path: &[String]| {
        let beginnings = (1..=path.len()).rev().map(|length| path[..length].iter().map(String::as_str).collect::<Vec<_>>());
        beginnings.into_iter().find_map(|beginning| modules.get(&beginning).map(|file| (*file).to_owned()))
    };
    let used = |source: &Source| named(source).iter().filter_map(|path| file(path)).filter(|path| *path != source.path).collect();
    sources.iter().map(|source| (source.path.clone(), used(source))).collect()
}

/// The module of a file: for `a::b` that is a file of its name, or the `mod` of its folder.
fn module(path: &str) -> Vec<&str> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    path.strip_suffix("/mod").unwrap_or(path).split('/').collect()
}

/// Every path into the crate that the code of a file names, from the root.
fn named(source: &Source) -> Vec<Vec<String>> {
    let code = source.code().map(|(_, line)| line).filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let own: Vec<String> = module(&source.path).into_iter().map(str::to_owned).collect();
    let parent = own[..own.len() - 1].to_vec();
    let mut found = Vec::new();
    for (word, base) in [("crate::", Vec::new()), ("self::", own), ("super::", parent)] {
        for (start, _) in code.match_indices(word) {
            let is_word = !code[..start].ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':');
            if is_word {
                tree(&code[start + word.len()..], &base, &mut found);
            }
        }
    }
    found
}

/// Reads `a::{b, c::d}` and returns what follows it.
fn tree<'c>(code: &'c str, base: &[String], found: &mut Vec<Vec<String>>) -> &'c str {
    let mut path = base.to_vec();
    let mut rest = code.trim_start();
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            rest = group.trim_start();
            while !rest.is_empty() && !rest.starts_with('}') {
                rest = tree(rest, &path, found).trim_start().trim_start_matches(',').trim_start();
            }
            return rest.trim_start_matches('}');
        }
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        if end == 0 {
            found.push(path);
            // A glob, or nothing that belongs to a path.
            return rest.get(1..).unwrap_or_default();
        }
        match &rest[..end] {
            "self" => {}
            "super" => drop(path.pop()),
            name => path.push(name.to_owned()),
        }
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(next) => rest = next,
            None => {
                found.push(path);
                let alias = rest
                    .trim_start()
                    .strip_prefix("as ")
                    .map(|alias| alias.trim_start_matches(|letter: char| letter != ',' && letter != '}' && letter != ';'));
                return alias.unwrap_or(rest);
            }
        }
    }
}

/// The shortest way from a file back to itself.
fn circle(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| graph.get(last)).into_iter().flatten() {
                let way = [&way[..], std::slice::from_ref(next)].concat();
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}
