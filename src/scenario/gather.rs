//! Several files as one text: those that are named, in order, and in front of each what it includes. Reading files is for the caller.
//! Each part of the text has the name that the paths of the others lead to, so that the text can be read again without the files.

mod parts;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::error::{Diagnostic, FILE, MAX_PROBLEMS, Source, Span, Spanned};
use super::node::{self, Kind, Node};
use super::parse::first_of;

/// How deep files may include each other.
const MAX_DEPTH: usize = 16;
/// Most files of one scenario, and most bytes of all of them; what is read of them has limits besides.
const MAX_FILES: usize = 64;
const MAX_BYTES: usize = 1024 * 1024;

/// A file that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The name that diagnostics give it.
    pub name: String,
    /// The same for every path that leads to it.
    pub id: String,
    pub bytes: Vec<u8>,
}

/// One of the files that a file includes.
#[derive(Clone, Debug)]
pub struct Include<'i> {
    /// The path as it is written.
    pub path: &'i str,
    /// The id of the file that says so.
    pub by: &'i str,
    /// Where the path leads to, seen from the folder that the name of that file begins at: the name of a file there.
    pub name: String,
}

/// Finds what a file includes, or says why it cannot be read. What is built in has a name that no path leads to.
pub type Find<'f> = dyn FnMut(Include<'_>) -> Result<Found, String> + 'f;

/// The text of a part that is there for its name: of a file that stands under another name, or as several parts.
const NOTHING: &str = "{}\n";

/// One text of several files, which [`super::load`] reads; the text of a single one, if it includes nothing. A file that is included
/// several times is there once.
///
/// # Errors
/// What is wrong with that which the files include.
pub fn gather(files: Vec<Found>, find: &mut Find<'_>) -> Result<String, Vec<Diagnostic>> {
    let (text, problems) = gather_most(files, find);
    if problems.is_empty() { Ok(text) } else { Err(problems) }
}

/// [`gather`] of as much as can be: the text without what cannot be included, and why that is so.
pub fn gather_most(files: Vec<Found>, find: &mut Find<'_>) -> (String, Vec<Diagnostic>) {
    let mut gathering =
        Gathering { find, seen: BTreeSet::new(), within: Vec::new(), files: Vec::new(), bytes: 0, includes: false, problems: Vec::new() };
    files.into_iter().for_each(|file| gathering.add(file, None));
    let problems = first_of(gathering.problems);
    if let ([_], false) = (&gathering.files[..], gathering.includes || !problems.is_empty()) {
        return (gathering.files.swap_remove(0).1, problems);
    }
    let mut whole = String::with_capacity(gathering.bytes);
    for (name, text) in gathering.files {
        if !text.starts_with(FILE) {
            whole.push_str(FILE);
            whole.extend(name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }));
            whole.push('\n');
        }
        whole.push_str(&text);
        if !text.ends_with('\n') {
            whole.push('\n');
        }
    }
    (whole, problems)
}

struct Gathering<'f, 'g> {
    find: &'g mut Find<'f>,
    /// The ids of the files so far.
    seen: BTreeSet<String>,
    /// The files that include each other, from the outermost one: their ids and names.
    within: Vec<(String, String)>,
    /// Names and texts, each behind what it includes.
    files: Vec<(String, String)>,
    bytes: usize,
    /// Whether any of them includes another.
    includes: bool,
    problems: Vec<Diagnostic>,
}

impl Gathering<'_, '_> {
    /// Adds a file, which another one includes at a place in its text or which was named.
    fn add(&mut self, file: Found, by: Option<(&Arc<Source>, Span)>) {
        let Found { name, id, bytes } = file;
        if !self.seen.insert(id.clone()) {
            if by.is_some() && !self.files.iter().any(|(own, _)| resolved("", own) == resolved("", &name)) {
                self.files.push((name, NOTHING.to_owned()));
            }
            return;
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Err(error) => {
                let start = error.utf8_error().valid_up_to();
                let source = Arc::new(Source::new(name, String::from_utf8_lossy(error.as_bytes())));
                let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
                self.problems.push(Diagnostic::at("S001", "text is not utf-8".to_owned(), &source, span, "save the file as utf-8"));
                return;
            }
        };
        let source = Arc::new(Source::new(name.clone(), text));
        self.bytes += source.text.len();
        if self.bytes > MAX_BYTES || self.seen.len() > MAX_FILES {
            let (at, span) = by.unwrap_or((&source, Span::default()));
            let message = format!("the files of the scenario are more than {MAX_FILES}, or have more than {MAX_BYTES} bytes");
            self.problems.push(Diagnostic::at("S002", message, at, span, "make it several scenarios, or make the data by calls"));
            return;
        }
        if source.is_gathered() {
            self.add_parts(&source, &id);
            if by.is_some() {
                self.files.push((name, NOTHING.to_owned()));
            }
            return;
        }
        self.within.push((id, name.clone()));
        for path in self.included(&source) {
            if self.problems.len() > MAX_PROBLEMS {
                break;
            }
            self.includes = true;
            self.include(&source, &path);
        }
        self.within.pop();
        self.files.push((name, source.text.clone()));
    }

    fn include(&mut self, source: &Arc<Source>, path: &Spanned<String>) {
        let mut refused = |message: String, help: &str| self.problems.push(Diagnostic::at("S020", message, source, path.span, help));
        if self.within.len() >= MAX_DEPTH {
            refused(format!("files include each other more than {MAX_DEPTH} deep"), "include them side by side");
            return;
        }
        let (by, name) = self.within.last().map_or(("", ""), |(id, name)| (id, name));
        let found = match (self.find)(Include { path: &path.value, by, name: resolved(name, &path.value) }) {
            Ok(found) => found,
            Err(why) => {
                refused(format!("`{}` cannot be included: {why}", path.value), "paths begin at the folder of the file that includes");
                return;
            }
        };
        if let Some(at) = self.within.iter().position(|(id, _)| *id == found.id) {
            let names = self.within[at..].iter().map(|(_, name)| name.as_str()).chain([found.name.as_str()]);
            let chain = names.collect::<Vec<_>>().join(" includes ");
            refused(format!("`{}` includes itself", found.name), &format!("{chain}: remove one of them"));
            return;
        }
        self.add(found, Some((source, path.span)));
    }

    /// What a file includes. Whatever else is wrong with it is told when it is read.
    fn included(&mut self, source: &Arc<Source>) -> Vec<Spanned<String>> {
        let Some(Node { kind: Kind::Map(members), .. }) = node::load(source).0 else { return Vec::new() };
        let Some(member) = members.into_iter().find(|member| member.key.value == "include") else { return Vec::new() };
        let rows = match member.value.kind {
            Kind::List(rows) => rows,
            kind => vec![Node::new(member.value.span, kind)],
        };
        let mut paths = Vec::new();
        if let Some(row) = rows.get(MAX_FILES) {
            let message = format!("`include` has {} rows, and more than {MAX_FILES} files are not read", rows.len());
            self.problems.push(Diagnostic::at("S002", message, source, row.span, "make it several scenarios, or make the data by calls"));
            return Vec::new();
        }
        for row in rows {
            match row.kind {
                Kind::Text(value) => paths.push(Spanned { value, span: row.span }),
                _ => {
                    let message = format!("`include` is {}, expected the path of a file", row.found());
                    self.problems.push(Diagnostic::at("S005", message, source, row.span, "for example `include: shared/base.yaml`"));
                }
            }
        }
        paths
    }
}

/// Where a path leads to from the folder of a file of that name, without `.` and without `..` behind a folder.
fn resolved(by: &str, path: &str) -> String {
    let is_absolute = |path: &str| path.starts_with(['/', '\\']) || path.get(1..3).is_some_and(|drive| [":/", ":\\"].contains(&drive));
    let folder = by.rfind(['/', '\\']).filter(|_| !is_absolute(path)).map_or("", |end| &by[..=end]);
    let whole = format!("{folder}{path}");
    let mut segments: Vec<&str> = Vec::new();
    for segment in whole.split(['/', '\\']).filter(|segment| !["", "."].contains(segment)) {
        if segment == ".." && segments.last().is_some_and(|last| *last != "..") {
            segments.pop();
        } else {
            segments.push(segment);
        }
    }
    format!("{}{}", if whole.starts_with(['/', '\\']) { "/" } else { "" }, segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    /// Files by name, each with its text.
    fn gathered(files: &[(&str, &str)], named: &[&str]) -> Result<String, Vec<String>> {
        let found = |name: &str| {
            let file = files.iter().find(|(own, _)| *own == name).ok_or("there is no such file")?;
            Ok(Found { name: name.to_owned(), id: name.to_owned(), bytes: file.1.into() })
        };
        let first = named.iter().map(|name| found(name).expect("it is there")).collect();
        let told =
            |problems: Vec<Diagnostic>| problems.iter().map(|problem| format!("{}:{}", problem.view().file, problem.message)).collect();
        gather(first, &mut |include| found(&include.name).map_err(|why: &str| why.to_owned())).map_err(told)
    }

    #[test]
    fn what_a_file_includes_stands_in_front_of_it_once() {
        let files = [("a", "include: [b, c]\nseed: 1"), ("b", "include: c\nseed: 2"), ("c", "seed: 3"), ("d", "seed: 4")];
        let text = gathered(&files, &["a", "d"]).expect("they can be read");
        let order = text.lines().filter_map(|line| line.strip_prefix(FILE)).collect::<Vec<_>>();
        assert_eq!(order, ["c", "b", "a", "d"]);
        assert_eq!(scenario::parse(&text, "all").expect("a scenario").seed, Some(4));
        assert_eq!(gathered(&files, &["d"]).as_deref(), Ok("seed: 4"), "a single file is as it is");
        assert_eq!(gathered(&files, &["a"]).map(|text| scenario::parse(&text, "all").expect("a scenario").seed), Ok(Some(1)));
    }

    #[test]
    fn what_was_made_of_files_is_taken_as_it_is() {
        let files = [("a", "include: [b, sub/c.yaml]\nseed: 1"), ("b", "seed: 2"), ("sub/c.yaml", "seed: 3")];
        let text = gathered(&files, &["a"]).expect("they can be read");
        let again = |text: &str| gathered(&[("whole", text)], &["whole"]);
        assert_eq!(again(&text).as_deref(), Ok(&*text));
        let with_more = text.replace("[b, sub/c.yaml]", "[b, sub/c.yaml, more]");
        let gathered = gathered(&[("whole", &with_more), ("more", "seed: 4")], &["whole"]);
        let (front, mine) = with_more.split_at(with_more.find("--- # file: a").expect("it is there"));
        assert_eq!(gathered, Ok(format!("{front}--- # file: more\nseed: 4\n{mine}")), "what is missing is added");
        let cut = text.replacen("--- # file: b\nseed: 2\n", "", 1);
        assert_eq!(again(&cut), Err(vec!["a:`b` is not among the files in front of this one".to_owned()]));
        let twice = again("--- # file: a\nseed: 1\n--- # file: a\nseed: 2\n");
        assert_eq!(twice, Err(vec!["a:an earlier part is called `a` as well".to_owned()]));
        let (first, rest) = text.split_at(text.find("--- # file: a").expect("it is there"));
        assert_eq!(again(&format!("{rest}{first}")).expect_err("the order is wrong").len(), 2);
    }

    /// Whatever is left out of a text that can be found, as clients do with what is built in, comes to where it would have been.
    #[test]
    fn what_a_text_lacks_is_where_it_would_be_of_files() {
        let check = |files: &[(&str, &str)]| {
            let files: Vec<(&str, String)> = files.iter().map(|(name, rows)| (*name, format!("include: [{rows}]"))).collect();
            let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
            let whole = gathered(&files, &["m"]).expect("they can be read");
            let lacking: String = whole.split_inclusive("]\n").filter(|part| !part.contains("file: built")).collect();
            let built: Vec<(&str, &str)> = files.iter().copied().filter(|(name, _)| name.starts_with("built")).collect();
            assert_eq!(gathered(&[&[("whole", &*lacking)], &built[..]].concat(), &["whole"]), Ok(whole.clone()), "of {lacking}");
            assert_eq!(gathered(&[("whole", &whole)], &["whole"]), Ok(whole));
        };
        let built = [("built1", ""), ("built2", "")];
        for rest in [
            &[("m", "base, built1"), ("base", "")][..],
            &[("m", "built1, base, built2"), ("base", "more"), ("more", "")],
            &[("m", "base, built1, other"), ("other", "base, more"), ("base", ""), ("more", "")],
            &[("m", "built1, base, other"), ("base", ""), ("other", "built1, built2")],
            &[("m", "other, base"), ("other", "base, built1"), ("base", "built2")],
        ] {
            check(&[rest, &built].concat());
        }
    }

    #[test]
    fn a_text_can_be_read_again_wherever_its_files_were() {
        let files = [
            ("a/m", "include: [x/one, ../b/x/one, /c/base, ../a/./base]\nseed: 1"),
            ("a/x/one", "include: base"),
            ("a/x/base", "seed: 2"),
            ("b/x/one", "include: [base, ../../../d]"),
            ("b/x/base", "seed: 3"),
            ("a/base", "seed: 5"),
            ("/c/base", "seed: 4"),
            ("../d", "--- # file: e\nseed: 6\n--- # file: f\ninclude: e\n"),
        ];
        let text = gathered(&files, &["a/m"]).expect("they can be read");
        assert_eq!(gathered(&[("whole", &text)], &["whole"]), Ok(text.clone()));
        assert!(text.contains("--- # file: ../d\n{}\n"), "{text}");
        scenario::parse(&text, "all").expect("a part of nothing is no mistake");
        // One file of two names, as links make it: it is there once, and by both names.
        let linked = |by: &str, path: &str| {
            let name = resolved(by, path);
            let text = if path == "m" { "include: [one, two]" } else { "seed: 7" };
            Found { id: name.replace("two", "one"), name, bytes: text.into() }
        };
        let text = gather(vec![linked("", "m")], &mut |include| Ok(linked(include.by, include.path))).expect("they can be read");
        assert_eq!(text, "--- # file: one\nseed: 7\n--- # file: two\n{}\n--- # file: m\ninclude: [one, two]\n");
        assert_eq!(gathered(&[("whole", &text)], &["whole"]), Ok(text));
    }

    #[test]
    fn parts_of_like_names_are_others() {
        let check = |text: &str, more: &[(&str, &str)]| gathered(&[&[("whole", text)], more].concat(), &["whole"]);
        let missing = check("--- # file: other/base\nseed: 1\n--- # file: mine\ninclude: mine/base\n", &[]);
        assert_eq!(missing, Err(vec!["mine:`mine/base` is not among the files in front of this one".to_owned()]));
        let missing = check("--- # file: base\nseed: 1\n--- # file: sub/mine\ninclude: base\n", &[]);
        assert_eq!(missing.expect_err("it is beside the other").len(), 1);
        let text = "--- # file: one.yaml\nseed: 1\n--- # file: mine\ninclude: [one.yaml, one]\n";
        let with_one = "--- # file: one.yaml\nseed: 1\n--- # file: one\nseed: 2\n--- # file: mine\ninclude: [one.yaml, one]\n";
        assert_eq!(check(text, &[("one", "seed: 2")]).as_deref(), Ok(with_one));
        assert_eq!(check("--- # file: ./one\nseed: 1\n--- # file: one\nseed: 2\n", &[]).expect_err("it is the same").len(), 1);
        let many: String = (0..65).map(|number| format!("--- # file: {number}\nseed: 1\n")).collect();
        assert!(check(&many, &[]).expect_err("there are too many")[0].contains("more than 64"));
    }

    #[test]
    fn what_cannot_be_included_is_told_where_it_stands() {
        let files = [("a", "include: b"), ("b", "include: [c, x]"), ("c", "include: [a, 7]"), ("long", "include: long2")];
        let problems = gathered(&files, &["a"]).expect_err("it includes itself");
        let expected = [
            "c:`a` includes itself",
            "c:`include` is a number, expected the path of a file",
            "b:`x` cannot be included: there is no such file",
        ];
        assert_eq!(problems.iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), expected.into());
        let many: Vec<(String, String)> = (0..70).map(|n| (format!("f{n}"), "seed: 1".to_owned())).collect();
        let all = format!("include: [{}]", many.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "));
        let mut files: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        files.push(("all", &all));
        assert!(gathered(&files, &["all"]).expect_err("there are too many")[0].contains("more than 64"));
        let deep: Vec<(String, String)> = (0..40).map(|n| (format!("f{n}"), format!("include: f{}", n + 1))).collect();
        let files: Vec<(&str, &str)> = deep.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert!(gathered(&files, &["f0"]).expect_err("it is too deep")[0].contains("more than 16 deep"));
    }

    #[test]
    fn mistakes_have_a_number_and_a_length() {
        for rows in [vec!["x"; 90_000].join(", "), vec!["1"; 90_000].join(", ")] {
            let problems = gathered(&[("a", &format!("include: [{rows}]"))], &["a"]).expect_err("too many");
            assert_eq!(problems, ["a:`include` has 90000 rows, and more than 64 files are not read"]);
        }
        let long = "x".repeat(8_500);
        let some = format!("include: [{}]", vec![long.as_str(); 60].join(", "));
        let files: Vec<(String, &str)> = (0..2).map(|number| (format!("f{number}"), some.as_str())).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let named: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let problems = gathered(&files, &named).expect_err("nothing is there");
        assert_eq!(problems.len(), MAX_PROBLEMS + 1);
        assert!(problems.iter().all(|problem| problem.len() < 3_000));
    }

    #[test]
    fn mistakes_of_every_file_are_told_with_its_name() {
        let text =
            gathered(&[("a", "seeed: 1"), ("b", "seed: 1\noverrides: [{on: '*', fault: x}]"), ("c", "{")], &["a", "b", "c"]).expect("text");
        let problems = scenario::parse(&text, "all").expect_err("there are mistakes");
        let found: Vec<_> = problems.iter().map(|problem| (problem.view().file, problem.view().line)).collect();
        assert_eq!(found, [("a".to_owned(), 1), ("b".to_owned(), 2), ("c".to_owned(), 1)]);
    }
}
