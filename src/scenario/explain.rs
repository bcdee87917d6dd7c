//! Why a scenario did to a call what it did: which overrides and faults were tried, which condition failed with which values, which one
//! had its effect. For it, the journal's entry has `$state`, where a condition looked at it, and what each rule that matched was to the
//! call ([`Tried`]), which depends on other calls. Conditions are evaluated again.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{BusinessFailures, CallValues, Machine, Sandbox};
use crate::scenario::ast::{Condition, Effect, Override, Scenario};
use crate::scenario::expr::{Expr, Scope};
use crate::scenario::facts::CallFacts;
use crate::scenario::run;
use crate::scenario::shape::Shape;
use crate::world::{Entry, How, Met, Mode, World};

/// How many rules an explanation has, beyond those about other operations.
const MOST: usize = 200;
/// The length of a value that is shown as it is.
const LONGEST: usize = 200;
/// How many comparisons are told where all fail.
const FAILED: usize = 3;
/// How many steps all conditions may take.
const STEPS: usize = 2_000_000;

/// What the overrides of a scenario, and faults, made of a call.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The call, as in its header `seatrial-request`.
    pub id: String,
    /// Such as `shippo.CreateAddress`; `null` if no operation has this path, so that only what is for all of its vendor applies to it.
    pub operation: Option<String>,
    /// Faults and overrides that may be about the operation, in the order in which they are tried.
    pub rules: Vec<Rule>,
    /// How many others are about other operations.
    pub others: usize,
    /// What is not certain about all of this, and what will not happen by itself.
    pub remarks: Vec<String>,
}

/// A fault or an override, and what a call was to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TriedRule")]
pub struct Rule {
    /// `override`, or `fault` for one that was switched on.
    pub what: String,
    /// The operations that an override is for, or the name of the fault.
    pub name: String,
    /// The line of the override in the scenario, from 1.
    pub line: Option<usize>,
    /// The column in the line, in characters from 1.
    #[serde(default)]
    pub column: Option<usize>,
    pub outcome: Outcome,
    /// The outcome in words, with the values that decided it.
    pub detail: String,
    /// Each comparison of its condition.
    pub tests: Vec<Test>,
}

/// What a call was to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It had its effect on the call.
    Fired,
    /// Its condition did not hold.
    ConditionFailed,
    /// The call matched, but the rule left it alone: by `skip`, `times`, a limit that was not exceeded, or chance.
    PassedOver,
    /// An earlier rule had taken the call.
    NotReached,
    /// The evidence does not suffice.
    Unknown,
}

/// A comparison of a condition, and what it compared.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    /// The comparison as it is written.
    pub expression: String,
    pub holds: bool,
    /// The paths in it with their values; of `chance` the number that was `drawn`, and of `clock` what it showed `now`.
    pub values: Vec<PathValue>,
}

/// A path and its value.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PathValue {
    pub path: String,
    /// Its value, `null` if it leads nowhere; long ones are cut.
    pub value: Value,
}

/// Explains a call of the journal. The second value is the request that conditions saw, by which secrets are known.
#[must_use]
pub fn explain(machine: &Machine, sandbox: &Sandbox, entry: &Entry) -> (Explanation, Value) {
    let (runtime, faults, seed, waiting) = {
        let state = sandbox.lock();
        (Arc::clone(&state.scenario), state.faults().to_vec(), state.world.seed(), waiting(&state.world))
    };
    let (scenario, sense) = (run::scenario_of(&*runtime), runtime.sense());
    let faults: Vec<(String, Arc<Scenario>, u32)> =
        faults.iter().map(|fault| (fault.name.to_string(), run::scenario_of(&*fault.runtime), fault.runtime.sense())).collect();
    let explained = machine.reread(entry, |call| {
        let values = CallValues::new(STEPS);
        let caller = machine.caller_of(sandbox, entry, call);
        let facts = CallFacts::recorded(call, entry, &values).of_caller(caller.as_ref(), seed);
        let mut explaining = Explaining::new(machine, entry, &facts, &values, sense);
        for (name, fault, sense) in &faults {
            fault.overrides.iter().for_each(|row| explaining.rule(row, Origin::Fault(name, *sense)));
        }
        for (index, row) in scenario.overrides.iter().enumerate() {
            let place = scenario.source.position(row.place.start);
            explaining.rule(row, Origin::Scenario(index, place, scenario.named(&row.on.value, row.place)));
        }
        (explaining.done(), facts.root("request").cloned().unwrap_or_default())
    });
    let (mut explanation, seen) = explained.unwrap_or_else(|| {
        let remarks = vec![format!("`{}` is not mounted any more", entry.vendor)];
        (Explanation { id: entry.id.to_string(), operation: None, rules: Vec::new(), others: 0, remarks }, Value::Null)
    });
    explanation.remarks.extend(waiting);
    (explanation, seen)
}

/// Which comparisons of a condition fail for a call of the journal, with the values that they compare, and what its request is. `None`
/// where the condition holds, or where that cannot be said with what is left of `steps`.
pub(super) fn failed(machine: &Machine, entry: &Entry, when: &Condition, steps: &Cell<usize>) -> Option<(String, Value)> {
    let is_gone = entry.request.is_cut() || entry.answer.is_cut() && when.mentions("answer", "body");
    let explained = machine.reread(entry, |call| {
        let most = steps.get().min(STEPS / 100);
        let values = CallValues::new(most);
        let facts = CallFacts::recorded(call, entry, &values);
        let explaining = Explaining::new(machine, entry, &facts, &values, 0);
        let (holds, mut tests) = (when.is_true(&facts), Vec::new());
        explaining.tests(when, &mut tests);
        steps.set(steps.get() - (most - values.steps.get()));
        if holds || is_gone || values.steps.get() == 0 {
            return None;
        }
        // The beginning of a secret would not be known for one.
        let is_cut = |value: &Value| value.as_str().is_some_and(|text| text.ends_with('…'));
        tests.iter_mut().flat_map(|test| &mut test.values).filter(|row| is_cut(&row.value)).for_each(|row| row.value = json!("…"));
        let failed: Vec<String> = tests.iter().filter(|test| !test.holds).take(FAILED).map(Test::to_string).collect();
        let failed = if failed.is_empty() { tests.iter().take(1).map(Test::to_string).collect() } else { failed };
        let answer = if when.mentions("answer", "body") { facts.root("answer") } else { None };
        Some((failed.join("; "), json!([facts.root("request"), answer])))
    });
    explained.flatten()
}

/// What callers wait for in vain where the clock stands still, however often they ask.
fn waiting(world: &World) -> Option<String> {
    let clock = world.clock();
    let due = world.agenda().next().filter(|_| clock.mode() == Mode::Frozen)?;
    let now = clock.now(due);
    Some(format!("the clock stands still at {now}: what is due next, at {due}, happens once it is advanced"))
}

/// Where a rule comes from.
enum Origin<'a> {
    /// The name of a fault, and which one of that name it is.
    Fault(&'a str, u32),
    /// Which override it is, its line and column, and what it is called.
    Scenario(usize, (usize, usize), String),
}

/// An explanation in the making.
struct Explaining<'a> {
    entry: &'a Entry,
    facts: &'a CallFacts<'a>,
    values: &'a CallValues,
    /// What the vendor of the call can be made to say no to.
    failures: Option<&'static BusinessFailures>,
    /// Which rules the scenario has now.
    sense: u32,
    /// Whether the rule that had its effect came already.
    fired: bool,
    rules: Vec<Rule>,
    others: usize,
}

impl<'a> Explaining<'a> {
    fn new(machine: &Machine, entry: &'a Entry, facts: &'a CallFacts<'a>, values: &'a CallValues, sense: u32) -> Self {
        let failures = machine.vendors().find(&entry.vendor).map(|vendor| vendor.failures);
        Self { entry, facts, values, failures, sense, fired: false, rules: Vec::new(), others: 0 }
    }

    /// The id of the operation, empty where the path led to none.
    fn operation(&self) -> &'a str {
        self.entry.operation.as_deref().and_then(|name| name.split_once('.')).map_or("", |(_, id)| id)
    }

    fn rule(&mut self, row: &Override, origin: Origin<'_>) {
        if !row.on.matches(&self.entry.vendor, self.operation()) || self.rules.len() == MOST {
            self.others += 1;
            return;
        }
        let (outcome, detail, tests) = self.outcome(row, &origin);
        self.fired |= outcome == Outcome::Fired;
        let (what, name, place) = match origin {
            Origin::Fault(name, _) => ("fault", name.to_owned(), None),
            Origin::Scenario(_, place, name) => ("override", name, Some(place)),
        };
        let (line, column) = place.unzip();
        self.rules.push(Rule { what: what.to_owned(), name, line, column, outcome, detail, tests });
    }

    fn outcome(&self, row: &Override, origin: &Origin<'_>) -> (Outcome, String, Vec<Test>) {
        let how = match self.how(origin) {
            Ok(how) => how,
            Err((outcome, why)) => return (outcome, why.to_owned(), Vec::new()),
        };
        let is_gone = self.entry.request.is_cut() && row.when.as_ref().is_some_and(|when| when.mentions("request", "body"));
        let (mut tests, mut holds) = (Vec::new(), true);
        if let Some(when) = row.when.as_ref().filter(|_| !is_gone) {
            holds = when.is_true(self.facts);
            self.tests(when, &mut tests);
        }
        match how {
            Some(How::Fired) => return (Outcome::Fired, self.effect(), tests),
            Some(how) => return (Outcome::PassedOver, passed_over(row, how), tests),
            None => {}
        }
        if is_gone {
            let detail = "only the beginning of the body was kept, which its condition looks at";
            return (Outcome::Unknown, detail.to_owned(), Vec::new());
        }
        if self.values.steps.get() == 0 {
            return (Outcome::Unknown, "its conditions take too many steps".to_owned(), tests);
        }
        if !holds {
            let failed = tests.iter().find(|test| !test.holds).or(tests.first());
            return (Outcome::ConditionFailed, failed.map(Test::to_string).unwrap_or_default(), tests);
        }
        // Those that can have no effect on a call are not tried.
        match &row.effect {
            Some(Effect::Refuse(refusal)) if refusal.failure.as_ref().is_some_and(|name| !self.has_failure(&name.value)) => {
                (Outcome::PassedOver, "the call matches, but its operation has no such failure".to_owned(), tests)
            }
            _ if row.needs_work() => (Outcome::PassedOver, passed_over(row, How::Refused), tests),
            _ => (Outcome::Unknown, "its condition holds by what is known now, and did not when the call came".to_owned(), tests),
        }
    }

    fn has_failure(&self, name: &str) -> bool {
        self.failures.is_some_and(|failures| failures.find(name, self.operation()).is_some())
    }

    /// What a rule was to the call, if it matched; an error where it was not tried, or that is not known.
    fn how(&self, origin: &Origin<'_>) -> Result<Option<How>, (Outcome, &'static str)> {
        let Some(tried) = &self.entry.tried else {
            return Err((Outcome::Unknown, "no rule was tried: there was none when the call came, or it is of an earlier version"));
        };
        let not_reached = |taker: &Met| {
            let why = match taker.how {
                How::Fired => "an earlier rule had taken the call",
                _ => "an earlier rule had taken the call, though it had no effect",
            };
            Err((Outcome::NotReached, why))
        };
        let (taker, is_of_fault) = (tried.taker(), |met: &&Met| !met.owner.is_empty());
        match origin {
            Origin::Fault(name, sense) => match (tried.find(name, 0), taker.filter(is_of_fault)) {
                (Some(met), _) if met.sense != *sense => Err((Outcome::Unknown, "it was another fault of that name when the call came")),
                (Some(met), _) => Ok(Some(met.how).filter(|how| *how != How::Unmatched)),
                (None, Some(taker)) => not_reached(taker),
                (None, None) => Err((Outcome::Unknown, "it was not switched on yet when the call came")),
            },
            Origin::Scenario(index, ..) => match taker {
                Some(taker) if is_of_fault(&taker) => not_reached(taker),
                _ if tried.scenario != self.sense => {
                    Err((Outcome::Unknown, "the call came under another scenario, or before an edit of it"))
                }
                Some(taker) if *index > taker.rule => not_reached(taker),
                _ => Ok(tried.find("", *index).map(|met| met.how)),
            },
        }
    }

    fn effect(&self) -> String {
        let Some(effect) = &self.entry.effect else { return String::new() };
        let work = if effect.committed { "; the work was done" } else { "" };
        format!("`{}`, the {} call that it had an effect on{work}", effect.kind.word(), ordinal(effect.nth))
    }

    fn tests(&self, when: &Condition, tests: &mut Vec<Test>) {
        match when {
            Condition::Test(expr) => tests.push(self.test(expr)),
            Condition::All(inner) | Condition::Any(inner) => inner.iter().for_each(|inner| self.tests(inner, tests)),
            Condition::Not(inner) => self.tests(inner, tests),
            Condition::Request(parts) => parts.iter().for_each(|(name, shape)| {
                let value = self.facts.member("request", name).unwrap_or(&Value::Null);
                self.shape(&format!("$request.{name}"), shape, value, tests);
            }),
            Condition::Chance(share, place) => {
                let drawn = self.facts.chance(*place).map(|drawn| ("drawn", json!(drawn)));
                tests.push(self.other(when, format!("chance: {share}"), drawn));
            }
            Condition::Clock(window) => {
                let now = self.facts.now().map(|now| ("now", json!(now.to_zoned(window.zone.clone()).to_string())));
                tests.push(self.other(when, format!("clock: {{{window}}}"), now));
            }
        }
    }

    /// What a request had to look like at a place, and what was there: each value of a structure by itself.
    fn shape(&self, path: &str, shape: &Shape, value: &Value, tests: &mut Vec<Test>) {
        match shape {
            Shape::Members(rows) if value.is_object() => {
                let inner = |name: &str| value.get(name).unwrap_or(&Value::Null);
                rows.iter().for_each(|(name, row)| self.shape(&format!("{path}.{name}"), row, inner(name), tests));
            }
            _ if tests.len() >= MOST => {}
            _ => {
                let values = vec![PathValue { path: path.to_owned(), value: shortened(value.clone()) }];
                tests.push(Test { expression: format!("{path}: {shape}"), holds: shape.fits(value, self.facts.steps()), values });
            }
        }
    }

    /// A condition that is no expression, and what it was held against.
    fn other(&self, when: &Condition, expression: String, found: Option<(&str, Value)>) -> Test {
        let values = found.into_iter().map(|(path, value)| PathValue { path: path.to_owned(), value }).collect();
        Test { expression, holds: when.is_true(self.facts), values }
    }

    fn test(&self, expr: &Expr) -> Test {
        let values = expr.values(self.facts).map(|(path, value)| PathValue { path: path.to_owned(), value: shortened(value) }).collect();
        Test { expression: expr.text().to_owned(), holds: expr.is_true(self.facts), values }
    }

    fn done(self) -> Explanation {
        let Self { entry, sense, fired, rules, others, .. } = self;
        let mut remarks = Vec::new();
        // An override that is not listed, as there are so many, is there nevertheless.
        let is_there = entry.tried.as_ref().and_then(|tried| Some(tried.scenario == sense && tried.taker()?.owner.is_empty()));
        if let Some(effect) = entry.effect.as_ref().filter(|_| !fired && is_there != Some(true)) {
            let taker = match effect.line {
                None => format!("the fault `{}`", effect.name),
                Some(line) => format!("the override `{}` (then in line {line})", effect.name),
            };
            remarks.push(format!("{taker}, which took the call, is not there any more"));
        }
        Explanation { id: entry.id.to_string(), operation: entry.operation.as_deref().map(str::to_owned), rules, others, remarks }
    }
}

/// What is said of calls that a rule without an effect on them does not count.
const NOT_COUNTED: &str = "which counts for neither `skip` nor `times`";

/// Why a rule that a call matches has no effect on it.
fn passed_over(row: &Override, how: How) -> String {
    let (skip, times) = (row.skip, row.times.unwrap_or_default());
    let per = row.per.as_ref().map_or_else(String::new, |per| format!(" of each `{}`", per.text));
    let after = row.after.as_ref().map_or("", |after| &after.text);
    let limit = if let Some(Effect::RateLimit(limit)) = &row.effect { limit.limit } else { 0 };
    let why = match how {
        How::Skipped => format!("`skip: {skip}` leaves the first calls{per} alone"),
        How::Uncounted => {
            format!("`skip: {skip}` leaves the first calls{per} alone, of which this is none: there was nothing that it is about")
        }
        How::UsedUp if row.per.is_some() => format!("`times: {times}` ends it for this one{per}"),
        How::UsedUp => format!("`times: {times}` ends it"),
        How::NotYet => format!("`after: {after}` had not come yet"),
        How::Over => format!("`after: {after}` was over"),
        How::Within => format!("its limit of {limit} calls was not exceeded"),
        How::Refused => format!("the vendor refused it for a reason of its own, {NOT_COUNTED}"),
        How::NotAsked => format!("the vendor did not look for what would make it fail, {NOT_COUNTED}"),
        How::Missed => format!("its answer has none of the places that the patch changes, {NOT_COUNTED}"),
        How::TooMuch => "conditions and templates take more steps than they may for one call".to_owned(),
        How::Fired | How::Unmatched => "met no effect of it".to_owned(),
    };
    format!("the call matches, but {why}")
}

fn shortened(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= LONGEST { value } else { json!(format!("{}…", text.chars().take(LONGEST).collect::<String>())) }
}

fn ordinal(number: u64) -> String {
    let end = match (number % 10, number % 100) {
        (1, 11) | (2, 12) | (3, 13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {}", self.expression, self.holds)?;
        let values = self.values.iter().map(|PathValue { path, value }| format!("`{path}` is {value}")).collect::<Vec<_>>();
        if values.is_empty() { Ok(()) } else { write!(f, ": {}", values.join(", ")) }
    }
}

impl Explanation {
    /// Where a rule stands: in which line, and in which column where others stand in that line, too.
    fn place(&self, rule: &Rule) -> String {
        let Some(line) = rule.line else { return String::new() };
        let is_alone = self.rules.iter().filter(|other| other.line == Some(line)).count() == 1;
        let column = rule.column.filter(|_| !is_alone).map(|column| format!(", column {column}")).unwrap_or_default();
        format!(" in line {line}{column}")
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.id, self.operation.as_deref().unwrap_or("met no operation"))?;
        for rule @ Rule { what, name, outcome, detail, tests, .. } in &self.rules {
            let place = self.place(rule);
            let outcome = match outcome {
                Outcome::Fired => "fired",
                Outcome::ConditionFailed => "condition failed",
                Outcome::PassedOver => "passed over",
                Outcome::NotReached => "not reached",
                Outcome::Unknown => "unknown",
            };
            writeln!(f, "  {what} `{name}`{place}: {outcome}: {detail}")?;
            if tests.len() > 1 {
                tests.iter().try_for_each(|test| writeln!(f, "    {test}"))?;
            }
        }
        if self.others > 0 {
            writeln!(f, "  {} about other operations", self.others)?;
        }
        if self.rules.is_empty() && self.others == 0 {
            writeln!(f, "  the sandbox has neither overrides nor faults")?;
        }
        self.remarks.iter().try_for_each(|remark| writeln!(f, "  {remark}"))
    }
}
