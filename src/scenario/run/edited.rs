//! Which rules of a scenario an edit leaves as they are, wherever they stand then: what these have counted goes on.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::write_in_order;
use crate::engine::Kept;
use crate::scenario::ast::{After, Moment, Scenario};
use crate::scenario::parse;

/// What a scenario has of the one before it.
pub(super) fn kept(before: &Scenario, now: &Scenario) -> Kept {
    let (earlier, later) = (Rows::of(before), Rows::of(now));
    let mut places = BTreeMap::<&str, VecDeque<usize>>::new();
    for (number, row) in earlier.overrides.iter().enumerate() {
        places.entry(row).or_default().push_back(number);
    }
    // Of rows that say the same, the first is the first.
    let found = later.overrides.iter().enumerate().filter_map(|(number, row)| {
        let is_timed = matches!(now.overrides[number].after, Some(After { moment: Moment::Time(..), .. }));
        Some((places.get_mut(row.as_str())?.pop_front()?, (number, is_timed)))
    });
    let overrides = found.collect();
    let timelines = later.timelines.into_iter().filter(|(name, row)| earlier.timelines.get(name) == Some(row));
    Kept { overrides, timelines: timelines.map(|(name, _)| name).collect() }
}

/// What the rules of a scenario mean, each in one form.
#[derive(Default)]
struct Rows {
    overrides: Vec<String>,
    timelines: BTreeMap<String, String>,
}

impl Rows {
    fn of(scenario: &Scenario) -> Self {
        let whole = parse::whole(&scenario.source.text).unwrap_or_default();
        let form = |row: &Value| {
            let mut form = String::new();
            write_in_order(row, &mut form);
            form
        };
        let overrides: Vec<String> = whole.get("overrides").and_then(Value::as_array).into_iter().flatten().map(form).collect();
        let timelines = whole.get("timelines").and_then(Value::as_object).into_iter().flatten();
        let timelines = timelines.map(|(name, row)| (name.clone(), form(row))).collect();
        if overrides.len() == scenario.overrides.len() { Self { overrides, timelines } } else { Self::default() }
    }
}
