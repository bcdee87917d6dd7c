//! Paths of calls that the vendor does not have, though it has nearly the same.

use crate::engine::{Machine, below};
use crate::scenario::error::{Diagnostic, Span, nearest};
use crate::scenario::expr::types::is_path_of;
use crate::scenario::story::{Action, Call, Story};

/// So many calls are looked at.
const MOST: usize = 1_000;

impl Story {
    /// Calls to paths that differ in one part, and there by a few letters, from one that the vendor has.
    pub(in crate::scenario) fn misspelt_paths(&self, machine: &Machine) -> Vec<Diagnostic> {
        let Some(name) = self.vendor.as_ref().map(|name| name.value.as_str()) else { return Vec::new() };
        let loaded = machine.vendors().loaded().iter().filter(|row| *row.vendor.id == *name || *row.vendor.mount == *name);
        let (mut templates, mut mount) = (Vec::<&str>::new(), name);
        for row in loaded {
            mount = &row.vendor.mount;
            let operations = row.catalog().operations().iter();
            templates
                .extend(operations.flat_map(|operation| std::iter::once(&operation.path).chain(&operation.aliases)).map(String::as_str));
        }
        let calls = self.steps.iter().filter_map(|step| if let Action::Call(call) = &step.action { Some(&**call) } else { None });
        let misspelt = |call: &Call| {
            let (_, target) = call.line.split_once(' ')?;
            let path = below(target, mount).split(['?', '#']).next().filter(|path| path.starts_with('/'))?;
            // What is expected not to be there is meant so.
            let is_meant = call.expect.as_ref().is_some_and(|expect| expect.status.value == Some(404));
            if is_meant || templates.iter().any(|template| is_path_of(path, template)) {
                return None;
            }
            let (wrong, right) = templates.iter().find_map(|template| one_part(path, template))?;
            let at = self.source.text.get(call.line.span.start..call.line.span.end)?.find(wrong)?;
            let span = Span::new(call.line.span.start + at, call.line.span.start + at + wrong.len());
            let message = format!("{name} has no path `{path}`");
            Some(Diagnostic::at("S108", message, &self.source, span, &format!("did you mean `{right}`?")))
        };
        calls.take(MOST).filter_map(misspelt).collect()
    }
}

/// The only part of a path that is not as a template has it, and the part of the template that it resembles.
fn one_part<'p>(path: &'p str, template: &'p str) -> Option<(&'p str, &'p str)> {
    fn parts(text: &str) -> Vec<&str> {
        text.split('/').filter(|part| !part.is_empty()).collect()
    }
    let (path, template) = (parts(path), parts(template));
    if path.len() != template.len() {
        return None;
    }
    let mut others = path.iter().zip(&template).filter(|(own, part)| !part.contains('{') && !own.eq_ignore_ascii_case(part));
    let (own, part) = others.next().filter(|_| others.next().is_none())?;
    nearest(own, [*part]).filter(|_| !own.contains("{{")).map(|part| (*own, part))
}
