//! Whether the names in a scenario exist. The known names are an argument, so that a scenario can be checked against any set of
//! vendors.

use std::collections::BTreeSet;

use super::ast::{Effect, Expected, Operation, Pattern, Refusal, Scenario, Trigger};
use super::error::{Diagnostic, MAX_PROBLEMS, Span, Spanned, nearest, quoted, suggestion};
use crate::engine::{AccountRows, BusinessFailure};
use crate::world::Note;

/// The names that a scenario can refer to.
pub trait Vocabulary {
    /// The ids of all vendors.
    fn vendors(&self) -> Box<dyn Iterator<Item = &str> + '_>;

    /// The full names of all operations, `vendor.operationId`.
    fn operations(&self) -> Box<dyn Iterator<Item = &str> + '_>;

    /// The webhook events of all vendors.
    fn events(&self) -> Vec<&str>;

    /// The business failures of all vendors, with the ids of these.
    fn failures(&self) -> Box<dyn Iterator<Item = (&str, &'static BusinessFailure)> + '_> {
        Box::new(std::iter::empty())
    }

    /// The mounts that `accounts` may name, with what each can have in its rows.
    fn mounts(&self) -> Vec<(&str, &AccountRows)>;
}

/// All names in the scenario that refer to nothing.
#[must_use]
pub fn check(scenario: &Scenario, vocabulary: &dyn Vocabulary) -> Vec<Diagnostic> {
    let mut checker = Checker { scenario, vocabulary, problems: Vec::new() };
    for given in &scenario.given {
        checker.operation(&given.operation.value, given.operation.span);
    }
    for timeline in &scenario.timelines {
        if let Some(vendor) = &timeline.vendor {
            checker.vendor(vendor, vendor.span);
        }
        for step in &timeline.steps {
            if let Trigger::On(on) = &step.trigger {
                checker.pattern(on);
            }
        }
    }
    for entry in &scenario.overrides {
        checker.pattern(&entry.on);
        if let Some(Effect::Refuse(Refusal { failure: Some(failure), .. })) = &entry.effect {
            checker.failure(&entry.on.value, failure);
        }
    }
    for subscription in &scenario.subscriptions {
        checker.vendor(&subscription.vendor.value, subscription.vendor.span);
    }
    for entry in &scenario.expect {
        for calls in entry.kind.calls() {
            checker.pattern(&calls.on);
            calls.after.iter().for_each(|after| checker.pattern(after));
        }
        match &entry.kind {
            Expected::Webhook { event, .. } => checker.event(event),
            Expected::Valid { except, .. } => except.iter().for_each(|code| checker.note(code)),
            Expected::Call { .. } | Expected::Never(_) | Expected::Order { .. } => {}
        }
    }
    checker.problems.sort_by_key(|problem| problem.span.start);
    checker.problems
}

struct Checker<'c> {
    scenario: &'c Scenario,
    vocabulary: &'c dyn Vocabulary,
    problems: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn problem(&mut self, code: &'static str, span: Span, message: String, label: Option<String>, help: String) {
        let mut problem = Diagnostic::new(code, &self.scenario.source, span, message);
        problem.label = label;
        problem.help(help);
        self.problems.push(problem);
    }

    fn pattern(&mut self, on: &Spanned<Pattern>) {
        match &on.value {
            Pattern::Every => {}
            Pattern::Vendor(vendor) => self.vendor(vendor, on.span),
            Pattern::One(operation) => self.operation(operation, on.span),
        }
    }

    /// A business failure that none of the operations has.
    fn failure(&mut self, on: &Pattern, failure: &Spanned<String>) {
        let is_meant = |vendor: &str, row: &BusinessFailure| row.operations.iter().any(|id| on.matches(vendor, id));
        let own = self.vocabulary.failures().filter(|(vendor, row)| is_meant(vendor, row)).map(|(_, row)| row.name);
        let own: Vec<_> = own.collect::<BTreeSet<_>>().into_iter().collect();
        if own.contains(&failure.value.as_str()) {
            return;
        }
        let others = self.vocabulary.failures().filter(|(_, row)| row.name == failure.value);
        let others: Vec<_> = others.flat_map(|(vendor, row)| row.operations.iter().map(move |id| format!("{vendor}.{id}"))).collect();
        let is_known = |name: &String| self.vocabulary.operations().any(|known| known == name);
        let others: Vec<_> = others.into_iter().filter(is_known).collect();
        let help = match (&own[..], others.iter().find(|name| on.is_of_vendor_of(name))) {
            (_, Some(near)) => format!("`{near}` can"),
            ([], None) => "`refuse: \"text\"` refuses any call, in the vendor's shape".to_owned(),
            (own, None) => format!("it can fail with {}", quoted(own)),
        };
        self.problem("S200", failure.span, format!("`{on}` cannot fail with `{}`", failure.value), None, help);
    }

    fn note(&mut self, code: &Spanned<String>) {
        if Note::CODES.iter().all(|(known, _)| *known != code.value) {
            let known = Note::CODES.map(|(known, _)| known);
            self.problem("S009", code.span, format!("unknown code of a note `{}`", code.value), None, suggestion(code, &known));
        }
    }

    fn event(&mut self, event: &Spanned<String>) {
        let known = self.vocabulary.events();
        if !known.contains(&event.value.as_str()) {
            let help = suggestion(&event.value, &known);
            self.problem("S009", event.span, format!("unknown event `{}`", event.value), None, help);
        }
    }

    fn vendor(&mut self, vendor: &str, span: Span) {
        let known: Vec<_> = self.vocabulary.vendors().collect();
        if known.contains(&vendor) {
            return;
        }
        let help = suggestion(vendor, &known);
        self.problem("S013", span, format!("unknown vendor `{vendor}`"), None, help);
    }

    fn operation(&mut self, operation: &Operation, span: Span) {
        let name = operation.to_string();
        let full = self.problems.len() > MAX_PROBLEMS;
        if full || self.vocabulary.operations().any(|known| known == name) {
            return;
        }
        // A right operation behind a misspelt vendor is worth finding before the vendor alone is blamed.
        let near = nearest(&name, self.vocabulary.operations());
        let vendor = operation.vendor.as_str();
        let known = self.vocabulary.vendors().any(|known| known == vendor);
        let (label, help) = match (known, near) {
            (false, None) => return self.vendor(vendor, span),
            (false, Some(name)) => (format!("there is no vendor `{vendor}`"), format!("did you mean `{name}`?")),
            (true, _) => (format!("no such operationId in {vendor}"), self.near_operation(operation)),
        };
        let message = format!("unknown operation `{name}`");
        self.problem("S012", span, message, Some(label), help);
    }

    /// The help for an operation that its vendor does not have.
    fn near_operation(&self, operation: &Operation) -> String {
        let vendor = &operation.vendor;
        let prefix = format!("{vendor}.");
        let own = self.vocabulary.operations().filter_map(|known| known.strip_prefix(&prefix));
        match nearest(&operation.id, own) {
            Some(id) => format!("did you mean `{vendor}.{id}`?"),
            None => format!("`seatrial coverage` lists the operations of {vendor}"),
        }
    }
}
