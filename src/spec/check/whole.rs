//! How much of a whole value is looked at: little again and again, unless it is large.

use serde_json::Value;

use super::{Checker, Findings, MOST_VALUES, MOST_WORK};
use crate::spec::schema::SchemaId;
use crate::spec::violation::Path;

/// How many values are looked at of one that has few.
const FEW: usize = 50_000;
/// How often each of many values is looked at.
const TIMES: usize = 50;

impl Checker<'_> {
    /// Checks a whole value. Where schemas refer to themselves, a value of few bytes would otherwise be looked at as often as a large one.
    pub fn whole(&mut self, id: SchemaId, sent: &Value) {
        self.left = FEW;
        self.value(id, sent, &Path::Root, true);
        let most = if self.left == 0 { (TIMES * values(sent)).min(MOST_VALUES) } else { FEW };
        if most > FEW {
            (self.left, self.work, self.faults, self.found) = (most, MOST_WORK, 0, Findings::default());
            self.value(id, sent, &Path::Root, true);
        }
    }
}

/// How many values a value has, itself among them.
fn values(value: &Value) -> usize {
    1 + match value {
        Value::Array(rows) => rows.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        _ => 0,
    }
}
