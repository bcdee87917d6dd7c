//! Which turn a call is for an override: when that begins, and how calls about one object are told from others.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::base::entropy;
use crate::base::name::Name;
use crate::engine::View;
use crate::scenario::ast::{After, Moment, Objects};
use crate::scenario::expr::Expr;
use crate::scenario::facts::CallFacts;
use crate::scenario::run::effects;
use crate::world::{Count, Counter, How, Tally};

/// How many objects all overrides of a scenario count together, about.
pub(super) const OBJECTS: u64 = 20_000;

/// How long the name of an object is at most, in bytes: a longer one is known by a number that is made of it.
const LONGEST: usize = 48;

/// So many bytes of a name cost one step.
const BYTES_PER_STEP: usize = 32;
/// So many operations cost one step whose calls are looked at.
const OPERATIONS_PER_STEP: usize = 8;

/// Why a call is none that comes when an override holds, if it is none.
pub(super) fn outside(rule: usize, after: &After, view: &View<'_>, operation: &str, tally: &mut Tally<'_>) -> Option<How> {
    match &after.moment {
        Moment::Call(on) => {
            // The call itself is counted already.
            let own = u64::from(on.value.matches(view.vendor, operation));
            let (looked_at, steps) = (Cell::new(0), &view.values.steps);
            let came = tally.calls(|vendor, id| {
                looked_at.update(|count| count + 1);
                on.value.matches(vendor, id)
            });
            steps.set(steps.get().saturating_sub(looked_at.get() / OPERATIONS_PER_STEP));
            (came <= own).then_some(How::NotYet)
        }
        Moment::Time(from, until) => {
            let own = tally.get(&Counter::beginning_of(rule)).or_else(|| tally.get(&Counter::Beginning));
            let began = own.and_then(|count| count.began).unwrap_or_else(|| {
                tally.set(Counter::Beginning, Some(Count { began: Some(view.now), calls: 0 }));
                view.now
            });
            let passed = view.now.duration_since(began);
            match until {
                _ if passed < *from => Some(How::NotYet),
                Some(until) if passed >= *until => Some(How::Over),
                _ => None,
            }
        }
    }
}

/// What a call is about, as overrides tell objects apart: named once for all of those that count by the same.
#[derive(Default)]
pub(super) struct Named<'s>(BTreeMap<(bool, bool, Vec<&'s str>), Name>);

impl<'s> Named<'s> {
    /// The name for an override. Without steps for the whole of it, it is that of a part.
    pub fn of(&mut self, per: &'s Objects, view: &View<'_>, facts: &CallFacts<'_>) -> Name {
        let key = (per.by.credential, per.by.operation, per.values.iter().map(Expr::text).collect());
        let name = || {
            let mut name = Written::new(&view.values.steps);
            // What is left to be written without steps is not.
            let _ = name.write_all(effects::class(per.by, view).as_bytes());
            for value in &per.values {
                let _ = name.write_all(b" ").and_then(|()| Ok(serde_json::to_writer(&mut name, &*value.eval(facts))?));
            }
            name.finish()
        };
        self.0.entry(key).or_insert_with(name).clone()
    }
}

/// A name that is written at the cost of steps.
struct Written<'s> {
    /// As much of it as names may have, and the digest of all of it.
    text: Vec<u8>,
    length: usize,
    digest: u64,
    steps: &'s Cell<usize>,
}

impl<'s> Written<'s> {
    fn new(steps: &'s Cell<usize>) -> Self {
        Self { text: Vec::new(), length: 0, digest: entropy::fingerprint(b""), steps }
    }

    fn finish(self) -> Name {
        match String::from_utf8(self.text) {
            Ok(text) if self.length <= LONGEST => text.into(),
            _ => format!("{:016x}{:016x}", self.digest, entropy::fingerprint_on(self.digest, b" again")).into(),
        }
    }
}

impl Write for Written<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.length;
        self.length += bytes.len();
        let left = self.steps.get().checked_sub(self.length / BYTES_PER_STEP - before / BYTES_PER_STEP);
        self.steps.set(left.unwrap_or_default());
        if left.is_none() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.digest = entropy::fingerprint_on(self.digest, bytes);
        let room = LONGEST.saturating_sub(before).min(bytes.len());
        self.text.extend_from_slice(&bytes[..room]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn named(value: &Value, steps: &Cell<usize>) -> Name {
        let mut name = Written::new(steps);
        let _ = name.write_all(b"ada ").and_then(|()| Ok(serde_json::to_writer(&mut name, value)?));
        name.finish()
    }

    #[test]
    fn names_are_written_at_the_cost_of_steps() {
        let steps = Cell::new(1_000);
        assert_eq!((&*named(&json!(["b", 1]), &steps), steps.get()), (r#"ada ["b",1]"#, 1_000));
        // Text that is escaped costs what it becomes.
        let long = json!({"a": ["\u{1}".repeat(1_000), 7]});
        let text = format!("ada {long}");
        let digest = |text: &str| entropy::fingerprint(text.as_bytes());
        assert_eq!(*named(&long, &steps), format!("{:016x}{:016x}", digest(&text), digest(&format!("{text} again"))));
        assert_eq!(steps.get(), 1_000 - text.len() / BYTES_PER_STEP);
        // Nothing is written beyond the last of them.
        let few = Cell::new(3);
        let mut name = Written::new(&few);
        assert!(serde_json::to_writer(&mut name, &vec![1; 1_000_000]).is_err() && name.length <= 4 * BYTES_PER_STEP && few.get() == 0);
    }
}
