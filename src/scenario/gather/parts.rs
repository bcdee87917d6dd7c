//! Texts that were made of files before: what a part includes stands in front of it, or is added where it belongs.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::{Found, Gathering, Include, MAX_FILES, resolved};
use crate::scenario::error::{Diagnostic, MAX_PROBLEMS, Source, Span};

/// A file in such a text.
struct Part {
    source: Arc<Source>,
    /// Its name, as a path without detours.
    name: String,
    /// Where it is in the text, with the line of its name.
    range: Range<usize>,
    includes: Vec<Included>,
}

/// What a part of a text includes.
enum Included {
    /// A part in front of it.
    Part(usize),
    /// What the text does not have, such as what is built in, and where it is asked for.
    Missing(Found, Span),
}

/// Parts in an order, and between them what is missing: by the part that includes it, and its number there.
type Order = Vec<(usize, Option<usize>)>;

impl Gathering<'_, '_> {
    /// Adds a text that was made of files before: as it is, or with what it lacks.
    pub(super) fn add_parts(&mut self, whole: &Arc<Source>, id: &str) {
        let parts = self.parts(whole, id);
        let order = order(&parts);
        if order.len() == parts.len() {
            self.files.push((whole.name.clone(), whole.text.clone()));
            return;
        }
        self.includes = true;
        for (index, number) in order {
            let part = &parts[index];
            match number.map(|number| &part.includes[number]) {
                Some(Included::Missing(found, span)) => self.add(found.clone(), Some((&part.source, *span))),
                _ => self.files.push((part.name.clone(), whole.text[part.range.clone()].to_owned())),
            }
        }
    }

    fn parts(&mut self, whole: &Arc<Source>, id: &str) -> Vec<Part> {
        let (mut parts, mut end) = (Vec::<Part>::new(), 0);
        for range in whole.files() {
            let begin = Span::new(range.start, range.start);
            let mut refused = |code, message, help| self.problems.push(Diagnostic::at(code, message, whole, begin, help));
            if parts.len() == MAX_FILES {
                let help = "make it several scenarios, or make the data by calls";
                refused("S002", format!("the files of the scenario are more than {MAX_FILES}"), help);
                break;
            }
            let written = whole.file_at(range.start).1;
            let name = resolved("", written);
            if parts.iter().any(|part| part.name == name) {
                refused("S003", format!("an earlier part is called `{written}` as well"), "give each part a name of its own");
            }
            let source = Arc::new(Source::new(written, whole.text.get(range.clone()).unwrap_or_default()));
            let includes = self.includes(&source, id, &parts);
            parts.push(Part { source, name, range: end..range.end, includes });
            end = range.end;
        }
        parts
    }

    /// What a part includes, of which the earlier parts are given.
    fn includes(&mut self, source: &Arc<Source>, id: &str, earlier: &[Part]) -> Vec<Included> {
        let named = |name: &str| earlier.iter().position(|part| part.name == name).map(Included::Part);
        let mut includes = Vec::new();
        for path in self.included(source) {
            let name = resolved(&source.name, &path.value);
            if let Some(part) = named(&name) {
                includes.push(part);
                continue;
            }
            if self.problems.len() > MAX_PROBLEMS {
                break;
            }
            match (self.find)(Include { path: &path.value, by: id, name: name.clone() }) {
                Ok(found) => includes.push(named(&found.name).unwrap_or(Included::Missing(found, path.span))),
                Err(_) => {
                    let message = format!("`{}` is not among the files in front of this one", path.value);
                    let help = format!("write what it includes in front of it, behind a line `--- # file: {name}`");
                    self.problems.push(Diagnostic::at("S020", message, source, path.span, &help));
                }
            }
        }
        includes
    }
}

/// The order in which the files would be gathered, if the parts are in that order: beginning with those that no other part includes. The
/// files that were named may have been others: then what a part lacks is in front of that part.
fn order(parts: &[Part]) -> Order {
    let is_included = |index: &usize| {
        parts.iter().flat_map(|part| &part.includes).any(|include| matches!(include, Included::Part(other) if other == index))
    };
    let named = visited(parts, (0..parts.len()).filter(|index| !is_included(index)));
    let own: Vec<usize> = named.iter().filter(|(_, number)| number.is_none()).map(|(index, _)| *index).collect();
    if own.is_sorted() { named } else { visited(parts, 0..parts.len()) }
}

fn visited(parts: &[Part], named: impl Iterator<Item = usize>) -> Order {
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    named.for_each(|index| visit(parts, index, &mut seen, &mut order));
    order
}

/// Parts include earlier ones only, so that this ends.
fn visit<'p>(parts: &'p [Part], index: usize, seen: &mut BTreeSet<&'p str>, order: &mut Order) {
    let part = &parts[index];
    if !seen.insert(&part.name) {
        return;
    }
    for (number, include) in part.includes.iter().enumerate() {
        match include {
            Included::Part(other) => visit(parts, *other, seen, order),
            Included::Missing(found, _) if seen.insert(&found.name) => order.push((index, Some(number))),
            Included::Missing(..) => {}
        }
    }
    order.push((index, None));
}
