//! Which of many texts stand in another one, found in one pass over it, however many they are.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde_json::Value;

/// A longer text is not looked through: everything that asks for a part of it is tried.
const LONGEST: usize = 64 * 1024;
/// So many times the texts may stand in one.
const MOST_FOUND: usize = 4096;

/// Texts, each with the position of the override that needs it in a value; any of those of a position will do.
#[derive(Default)]
pub(super) struct Texts {
    parts: Vec<String>,
    positions: Vec<usize>,
    /// Finds the parts, once all of them are known; `None` if they are too many.
    automaton: Option<AhoCorasick>,
}

impl Texts {
    pub fn add(&mut self, position: usize, parts: Vec<String>) {
        self.positions.resize(self.positions.len() + parts.len(), position);
        self.parts.extend(parts);
    }

    /// Called once all are known.
    pub fn complete(&mut self) {
        let parts = std::mem::take(&mut self.parts);
        self.automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(parts).ok();
    }

    /// The positions of the overrides that a value may be for, in their order.
    pub fn find(&self, value: &Value) -> Vec<usize> {
        let written;
        let text = match value {
            Value::String(text) => text,
            // Some patterns are held against numbers as well.
            Value::Number(number) => {
                written = number.to_string();
                &written
            }
            // A list may have one of the texts among its values.
            Value::Array(_) => return self.all(),
            _ => return Vec::new(),
        };
        let Some(automaton) = self.automaton.as_ref().filter(|_| text.len() <= LONGEST) else { return self.all() };
        let found = automaton.find_overlapping_iter(text).map(|found| self.positions[found.pattern().as_usize()]);
        let mut positions: Vec<usize> = found.take(MOST_FOUND).collect();
        if positions.len() == MOST_FOUND {
            return self.all();
        }
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    fn all(&self) -> Vec<usize> {
        let mut positions = self.positions.clone();
        positions.dedup();
        positions
    }
}
