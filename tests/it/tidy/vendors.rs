//! Vendor folders: which files they have, and how much Rust an operation takes.

use std::collections::{BTreeMap, BTreeSet};

use super::{assert_none, files, read};

/// Which files a vendor's folder may have; `rules/` and the folder beside a file are free. `docs/style.md` says what each is for.
const TEMPLATE: [&str; 13] =
    ["mod", "access", "catalog", "checks", "dialect", "failures", "labels", "listing", "operations", "rates", "rules", "webhooks", "wire"];

/// Files from before there was a template. The list may only shrink.
const EXCEPTIONS: &[&str] = &[];

/// The most Rust lines for each operation of a vendor's documents. They rise only with behavior that was not there before.
const CEILINGS: [(&str, usize); 6] =
    [("shipmate", 65), ("shippo", 81), ("shiptheory", 101), ("shiptime", 152), ("shipstation", 46), ("together", 65)];

/// Vendors, each with its Rust lines and operations.
fn sizes() -> BTreeMap<String, (usize, usize)> {
    let mut sizes = BTreeMap::<String, (usize, usize)>::new();
    for path in files("src/vendors", &[".rs"]) {
        if let Some((vendor, _)) = path.split_once('/') {
            sizes.entry(vendor.to_owned()).or_default().0 += read(&format!("src/vendors/{path}")).lines().count();
        }
    }
    for path in files("specs", &["/openapi.yaml"]) {
        let operations = read(&format!("specs/{path}")).lines().filter(|line| line.trim_start().starts_with("operationId:")).count();
        // The second version of an API has a document of its own, and the folder of the first.
        if let Some((_, size)) = sizes.iter_mut().find(|(vendor, _)| path.starts_with(*vendor)) {
            size.1 += operations;
        }
    }
    sizes.retain(|_, (_, operations)| *operations > 0);
    sizes
}

#[test]
fn an_operation_takes_few_lines() {
    let sizes = sizes();
    let together = sizes.values().fold((0, 0), |(lines, operations), size| (lines + size.0, operations + size.1));
    let mut problems = Vec::new();
    println!("{:<12} {:>6} {:>10} {:>9}", "vendor", "lines", "operations", "lines/op");
    for (vendor, (lines, operations)) in sizes.iter().map(|(vendor, size)| (vendor.as_str(), size)).chain([("together", &together)]) {
        let each = lines.div_ceil(*operations);
        println!("{vendor:<12} {lines:>6} {operations:>10} {each:>9}");
        match CEILINGS.iter().find(|(name, _)| *name == vendor) {
            Some((_, most)) if each > *most => {
                problems.push(format!("{vendor}: {each} lines of Rust for each operation, more than {most}"))
            }
            None if each > 45 => problems.push(format!("{vendor}: {each} lines of Rust for each operation, more than 45")),
            _ => {}
        }
    }
    assert_none(&problems);
}

#[test]
fn vendors_declare_the_codes_of_their_notes() {
    let vendors = seatrial::vendors::all();
    let (mut problems, mut found) = (Vec::new(), BTreeSet::new());
    for path in files("src/vendors", &[".rs"]) {
        let vendor = path.replace('/', "_");
        let vendor = vendors.iter().filter(|row| vendor.starts_with(&format!("{}_", row.id)) || path.starts_with(&format!("{}/", row.id)));
        // What versions share may note what each of them declares.
        let declared: Vec<_> = vendor.flat_map(|row| row.notes).map(|(code, _)| *code).collect();
        let text = read(&format!("src/vendors/{path}"));
        for made in [".note(", "Note::new(", "Note::at(", "Note::later("].iter().flat_map(|call| text.split(call).skip(1)) {
            let first = made.trim_start().split([',', ')']).next().unwrap_or_default();
            let is_known = first.starts_with("Note::") || declared.contains(&first.trim_matches('"'));
            found.extend(Some(first.trim_matches('"').to_owned()).filter(|_| is_known && first.starts_with('"')));
            if !is_known {
                problems.push(format!("src/vendors/{path}: the note {first} is not in `Vendor::notes`"));
            }
        }
    }
    assert_none(&problems);
    let declared: BTreeSet<String> = vendors.iter().flat_map(|vendor| vendor.notes).map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(found, declared, "what is declared is noted");
}

#[test]
fn vendor_folders_follow_the_template() {
    let mut problems = Vec::new();
    for path in files("src/vendors", &[""]) {
        let Some((vendor, inside)) = path.split_once('/') else { continue };
        // Versions of an API that share little have folders of their own.
        let inside = inside.split_once('/').filter(|(version, _)| ["v1", "v2"].contains(version)).map_or(inside, |(_, rest)| rest);
        let name = inside.split('/').next().unwrap_or_default();
        let stem = name.strip_suffix(".rs").unwrap_or(name);
        let known = name == "README.md" || TEMPLATE.contains(&stem) || EXCEPTIONS.contains(&&*format!("{vendor}/{stem}"));
        if !known {
            problems.push(format!("src/vendors/{path}: not in the template of docs/style.md"));
        }
    }
    assert_none(&problems);
}
