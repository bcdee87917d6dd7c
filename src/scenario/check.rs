//! Whether the names in a scenario exist. The known names are an argument, so that a scenario can be checked against any set of
//! vendors.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ast::{After, Effect, Expected, Moment, Operation, Pattern, Refusal, Response, Scenario, Trigger};
use super::error::{Diagnostic, MAX_PROBLEMS, Source, Span, Spanned, nearest, quoted, suggestion};
use super::expr::types::{Looked, Type};
use super::template::Template;
use crate::base::text;
use crate::engine::{AccountRows, BusinessFailure, Way};
use crate::world::Note;

/// The names that a scenario can refer to.
pub trait Vocabulary {
    /// The ids of all vendors.
    fn vendors(&self) -> Box<dyn Iterator<Item = &str> + '_>;

    /// The full names of all operations, `vendor.operationId`.
    fn operations(&self) -> Box<dyn Iterator<Item = &str> + '_>;

    /// The webhook events of all vendors.
    fn events(&self) -> Vec<&str>;

    /// Where a path leads in a condition about calls, or parcels, of some operations.
    fn look_up(&self, _: &Pattern, _: &str, _: &[Option<&str>]) -> Looked {
        Looked::To(Type::ANY)
    }

    /// Whether two vendors see the same parcels.
    fn share_data(&self, one: &str, other: &str) -> bool {
        one == other
    }

    /// The operations, by their full names, that calls of a method (of any, if it is empty) and a path lead to.
    fn operations_at(&self, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }

    /// The statuses that operations are documented to answer with; empty where any may come.
    fn statuses(&self, _: &Pattern) -> Vec<u16> {
        Vec::new()
    }

    /// Whether an answer of some operations may have a body that says that they were done.
    fn return_something(&self, _: &Pattern) -> bool {
        true
    }

    /// What the document of a vendor has against an answer of an operation, whatever its expressions become.
    fn answer_problems(&self, _: &Operation, _: u16, _: Option<&Template>) -> Vec<String> {
        Vec::new()
    }

    /// The business failures of all vendors, with the ids of these.
    fn failures(&self) -> Box<dyn Iterator<Item = (&str, &'static BusinessFailure)> + '_> {
        Box::new(std::iter::empty())
    }

    /// The codes that steps of timelines may have, by the ids of vendors.
    fn codes(&self) -> Vec<(&str, Vec<&'static str>)> {
        Vec::new()
    }

    /// The codes of the vendors' own notes.
    fn notes(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// What each vendor has words for.
    fn words(&self) -> Vec<VendorWords<'_>> {
        Vec::new()
    }

    /// The mounts that `accounts` may name, with what each can have in its rows.
    fn mounts(&self) -> Vec<(&str, &AccountRows)>;
}

/// What a vendor has words for besides its operations.
pub struct VendorWords<'v> {
    /// The id of the vendor.
    pub id: &'v str,
    /// The first segment of its paths, which several vendors may share.
    pub mount: &'v str,
    /// The events that webhooks are about; empty where it has none.
    pub events: &'v [&'v str],
    /// The members that `$state` has, by name.
    pub state: Vec<String>,
    /// Whether callers can read the tracking of its parcels.
    pub shows_tracking: bool,
    /// The carriers of its parcels; empty where that is open.
    pub carriers: Vec<&'static str>,
}

/// All names in the scenario that refer to nothing.
#[must_use]
pub fn check(scenario: &Scenario, vocabulary: &dyn Vocabulary) -> Vec<Diagnostic> {
    let mut checker = Checker::new(&scenario.source, vocabulary);
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
    checker.timelines(scenario);
    for entry in &scenario.overrides {
        checker.pattern(&entry.on);
        if let (Pattern::One(operation), Some(Effect::Respond(response))) = (&entry.on.value, &entry.effect) {
            checker.answer(&entry.on.value, operation, response);
        }
        if let Some(After { moment: Moment::Call(on), .. }) = &entry.after {
            checker.pattern(on);
        }
        if let Some(Effect::Refuse(Refusal { failure: Some(failure), text, items })) = &entry.effect {
            checker.failure(&entry.on.value, failure, text.is_some());
            items.iter().for_each(|items| checker.items(&entry.on.value, failure, items.span));
        }
    }
    for subscription in &scenario.subscriptions {
        checker.subscription(&subscription.vendor, &subscription.events);
    }
    for entry in &scenario.expect {
        for calls in entry.kind.calls() {
            checker.pattern(&calls.on);
            calls.after.iter().for_each(|after| checker.pattern(after));
        }
        match &entry.kind {
            Expected::Webhook(webhooks) => checker.event(&webhooks.event),
            Expected::Valid { except, .. } => except.iter().for_each(|code| checker.note(code)),
            Expected::Call { .. } | Expected::Never(_) | Expected::Order { .. } => {}
        }
    }
    checker.problems.sort_by_key(|problem| problem.span.start);
    checker.problems
}

/// Holds names against those that there are.
pub(super) struct Checker<'c> {
    source: &'c Arc<Source>,
    vocabulary: &'c dyn Vocabulary,
    words: Vec<VendorWords<'c>>,
    pub(super) problems: Vec<Diagnostic>,
}

impl<'c> Checker<'c> {
    pub(super) fn new(source: &'c Arc<Source>, vocabulary: &'c dyn Vocabulary) -> Self {
        Self { source, vocabulary, words: vocabulary.words(), problems: Vec::new() }
    }

    fn problem(&mut self, code: &'static str, span: Span, message: String, label: Option<String>, help: String) {
        let mut problem = Diagnostic::new(code, self.source, span, message);
        problem.label = label;
        problem.help(help);
        self.problems.push(problem);
    }

    fn pattern(&mut self, on: &Spanned<Pattern>) {
        match &on.value {
            Pattern::Every => {}
            Pattern::Vendor(vendor) => self.vendor(vendor, on.span),
            Pattern::One(operation) => self.operation(operation, on.span),
            Pattern::Glob(glob) => {
                if !self.vocabulary.operations().any(|known| text::fits_glob(known, glob)) {
                    let help = self.near_glob(glob);
                    self.problem("S012", on.span, format!("no operation fits `{glob}`"), None, help);
                }
            }
        }
    }

    /// An answer that breaks the document without saying so.
    fn answer(&mut self, on: &Pattern, operation: &Operation, response: &Response) {
        // Gateways and firewalls speak HTML, and not for the vendor.
        let is_foreign = |(name, value): &(String, Template)| {
            let value = value.fixed().and_then(|value| value.as_str().map(|value| value.contains("json")));
            name.eq_ignore_ascii_case("content-type") && value == Some(false)
        };
        if response.off_spec || response.headers.iter().any(is_foreign) || self.problems.len() > MAX_PROBLEMS {
            return;
        }
        let declared = self.vocabulary.statuses(on);
        if response.status < 500 && !declared.is_empty() && !declared.contains(&response.status) {
            let message = format!("`{operation}` never answers with {}", response.status);
            let known = declared.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            let help = format!("it answers with {known}; add `off_spec: true` if that is what the scenario is about");
            self.problem("S102", response.status_span, message, None, help);
            return;
        }
        if response.bytes.is_some() {
            return;
        }
        let found = self.vocabulary.answer_problems(operation, response.status, response.body.as_ref());
        let Some((first, rest)) = found.split_first() else { return };
        let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
        let message = format!("`{operation}` never answers so: {first}{more}");
        let help = "add `off_spec: true` if that is what the scenario is about";
        self.problem("S102", response.span, message, None, help.to_owned());
    }

    /// Timelines that wait for what never comes.
    fn timelines(&mut self, scenario: &Scenario) {
        for timeline in &scenario.timelines {
            let vendor = timeline.vendor.as_ref().map(|vendor| vendor.value.as_str());
            for step in &timeline.steps {
                if let (Some(vendor), Trigger::AfterReads(_)) = (vendor, &step.trigger)
                    && self.never_shows_tracking(vendor)
                {
                    let message = format!("the step never comes: {vendor} shows no tracking that callers could read");
                    let help = "let it wait for a time, `at: +2h`, or for a call about the parcel, `on: …`";
                    self.problem("S104", step.span, message, None, help.to_owned());
                }
                let Trigger::On(on) = &step.trigger else { continue };
                if let (Some(vendor), Some(other)) = (vendor, on.value.vendor())
                    && vendor != other
                    && self.vocabulary.vendors().any(|known| known == other)
                    && !self.vocabulary.share_data(vendor, other)
                {
                    let message = format!("the step never comes: parcels of {vendor} get no calls of {other}");
                    self.problem(
                        "S104",
                        on.span,
                        message,
                        None,
                        format!("name an operation of {vendor}, such as one that cancels a label"),
                    );
                }
            }
        }
    }

    /// A business failure that none of the operations has, or words for one that has none.
    fn failure(&mut self, on: &Pattern, failure: &Spanned<String>, has_text: bool) {
        let is_meant = |vendor: &str, row: &BusinessFailure| row.operations.iter().any(|id| on.matches(vendor, id));
        let own = || self.vocabulary.failures().filter(|(vendor, row)| is_meant(vendor, row)).map(|(_, row)| row);
        let mut named = own().filter(|row| row.name == failure.value).peekable();
        if named.peek().is_some() {
            let is_wordless = |row: &BusinessFailure| row.text.is_empty() && row.way.is_told_by_handler();
            if has_text && named.all(is_wordless) {
                let message = format!("`{}` is told without words, so that nobody says the `text`", failure.value);
                self.problem("S007", failure.span, message, None, "leave `text` out; `respond` writes an answer by hand".to_owned());
            }
            return;
        }
        let own: Vec<_> = own().map(|row| row.name).collect::<BTreeSet<_>>().into_iter().collect();
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

    /// Some items of calls that are about one thing alone.
    fn items(&mut self, on: &Pattern, failure: &Spanned<String>, span: Span) {
        let is_of_items = |row: &BusinessFailure| matches!(row.way, Way::Items) && row.name == failure.value;
        let meant = |vendor: &str, row: &BusinessFailure| row.operations.iter().any(|id| on.matches(vendor, id));
        let all = || self.vocabulary.failures().filter(|(_, row)| is_of_items(row));
        let is_known = self.vocabulary.failures().any(|(vendor, row)| row.name == failure.value && meant(vendor, row));
        // What the operation cannot fail with is told by itself.
        if !is_known || all().any(|(vendor, row)| meant(vendor, row)) {
            return;
        }
        let others: Vec<_> = all().flat_map(|(vendor, row)| row.operations.iter().map(move |id| format!("{vendor}.{id}"))).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let help = match &others[..] {
            [] => "leave it out".to_owned(),
            others => format!("calls about several things are those of {}", quoted(others)),
        };
        let message = format!("`{}` of `{on}` fails as a whole, and has no `items`", failure.value);
        self.problem("S007", span, message, None, help);
    }

    pub(super) fn note(&mut self, code: &Spanned<String>) {
        let known: Vec<_> = Note::CODES.map(|(known, _)| known).into_iter().chain(self.vocabulary.notes()).collect();
        if !known.contains(&code.value.as_str()) {
            self.problem("S009", code.span, format!("unknown code of a note `{}`", code.value), None, suggestion(code, &known));
        }
    }

    pub(super) fn event(&mut self, event: &Spanned<String>) {
        let known = self.vocabulary.events();
        if !known.contains(&event.value.as_str()) {
            let help = suggestion(&event.value, &known);
            self.problem("S009", event.span, format!("unknown event `{}`", event.value), None, help);
        }
    }

    /// Somebody who is told of what the vendor never tells.
    pub(super) fn subscription(&mut self, vendor: &Spanned<String>, events: &[Spanned<String>]) {
        self.vendor(vendor, vendor.span);
        let Some(known) = self.words.iter().find(|own| own.id == vendor.value).map(|own| own.events) else { return };
        if known.is_empty() {
            let help = "leave the row out, or name a vendor that has webhooks";
            self.problem("S021", vendor.span, format!("{} has no webhooks", vendor.value), None, help.to_owned());
            return;
        }
        for event in events.iter().filter(|event| event.value != "*" && !known.contains(&event.value.as_str())) {
            let help = match nearest(event, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected `*` or some of {}", quoted(known)),
            };
            self.problem("S021", event.span, format!("`{}` is no event of {}", event.value, vendor.value), None, help);
        }
    }

    /// Whom a conversation is with: a vendor or a mount.
    pub(super) fn vendor_or_mount(&mut self, name: &Spanned<String>) {
        if self.mounted(name).is_empty() {
            self.vendor(name, name.span);
        }
    }

    fn vendor(&mut self, vendor: &str, span: Span) {
        let known: Vec<_> = self.vocabulary.vendors().collect();
        if known.contains(&vendor) {
            return;
        }
        let help = match &self.mounted(vendor)[..] {
            [] => suggestion(vendor, &known),
            ids => format!("`{vendor}` is the mount of {}: name one of them", quoted(ids)),
        };
        self.problem("S013", span, format!("unknown vendor `{vendor}`"), None, help);
    }

    /// Whether nobody who sees the parcels of a vendor can read their tracking.
    fn never_shows_tracking(&self, vendor: &str) -> bool {
        let mut seers = self.words.iter().filter(|words| self.vocabulary.share_data(vendor, words.id)).peekable();
        seers.peek().is_some() && seers.all(|words| !words.shows_tracking)
    }

    /// The vendors of a mount whose name is no vendor's.
    fn mounted(&self, mount: &str) -> Vec<&str> {
        self.words.iter().filter(|words| words.mount == mount).map(|words| words.id).collect()
    }

    fn operation(&mut self, operation: &Operation, span: Span) {
        let name = operation.to_string();
        let full = self.problems.len() > MAX_PROBLEMS;
        if full || self.vocabulary.operations().any(|known| known == name) {
            return;
        }
        // A right operation behind a misspelt vendor is worth finding before the vendor alone is blamed, and so is one of a vendor whose
        // mount is named.
        let mounted = self.mounted(&operation.vendor);
        let own = || self.vocabulary.operations().filter_map(|name| name.split_once('.')).filter(|(vendor, _)| mounted.contains(vendor));
        let own = nearest_id(&operation.id, own().map(|(_, id)| id)).and_then(|id| own().find(|(_, other)| *other == id));
        let own = own.map(|(vendor, id)| format!("{vendor}.{id}"));
        let near = own.or_else(|| nearest(&name, self.vocabulary.operations()).filter(|_| mounted.is_empty()).map(str::to_owned));
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
        let (method, path) = operation.id.split_once(' ').unwrap_or(("", &operation.id));
        let by_path = if path.starts_with('/') { self.vocabulary.operations_at(method, path) } else { Vec::new() };
        if let Some(found) = by_path.iter().find(|found| found.starts_with(&prefix)) {
            return format!("did you mean `{found}`?");
        }
        let own = self.vocabulary.operations().filter_map(|known| known.strip_prefix(&prefix));
        match nearest_id(&operation.id, own) {
            Some(id) => format!("did you mean `{vendor}.{id}`?"),
            None => self.of_another_version(operation).unwrap_or_else(|| format!("`seatrial operations {vendor}` lists those of {vendor}")),
        }
    }

    /// The same operation of another vendor of the same mount.
    fn of_another_version(&self, operation: &Operation) -> Option<String> {
        let mount = self.words.iter().find(|words| words.id == operation.vendor)?.mount;
        let others: Vec<&str> = self.mounted(mount);
        let known = self.vocabulary.operations().find(|known| {
            known.split_once('.').is_some_and(|(vendor, id)| vendor != operation.vendor && id == operation.id && others.contains(&vendor))
        });
        known.map(|known| format!("did you mean `{known}`?"))
    }

    /// The help for a glob that no operation fits.
    fn near_glob(&self, glob: &str) -> String {
        let (vendor, id) = glob.split_once('.').unwrap_or((glob, ""));
        if self.words.iter().all(|words| words.id != vendor) {
            let near = nearest(vendor, self.vocabulary.vendors()).filter(|_| !vendor.contains('*'));
            let all = || "`seatrial operations` lists all of them; capitals count".to_owned();
            return near.map_or_else(all, |near| format!("did you mean `{near}.{id}`?"));
        }
        let mount = self.words.iter().find(|words| words.id == vendor).map_or("", |words| words.mount);
        let other = self.mounted(mount).into_iter().map(|other| format!("{other}.{id}"));
        let other = other.into_iter().find(|other| self.vocabulary.operations().any(|known| text::fits_glob(known, other)));
        other.map_or_else(|| format!("`seatrial operations {vendor}` lists those of {vendor}"), |other| format!("did you mean `{other}`?"))
    }
}

/// The operation that a wrong id means: the nearest one, or else the shortest that has all of its words: `createUpdateOrder` for
/// `createOrder`.
fn nearest_id<'k>(id: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let known: Vec<&str> = known.collect();
    let wanted = words(id);
    let has_all = |other: &&str| wanted.len() > 1 && wanted.iter().all(|word| words(other).contains(word));
    nearest(id, known.iter().copied()).or_else(|| known.iter().copied().filter(has_all).min_by_key(|other| other.len()))
}

/// The words of an id, whichever way they are joined.
fn words(id: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in id.chars() {
        if letter.is_uppercase() || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
