//! Where the paths of expressions lead, as far as a reader knows its vendors, and how often it may ask.

use super::reader::Reader;
use super::statuses;
use crate::scenario::ast::Pattern;
use crate::scenario::expr::types::{Looked, Type, Types};

/// Most paths of one file that are held against the vendors' documents, so that a file of nothing but conditions is read in time.
const MOST_LOOKED_UP: usize = 20_000;
/// As how many a path counts that is held against the documents of several operations.
const MANY: usize = 20;

/// Most values of one file that are held against tests, to see whether conditions can hold.
const MOST_TRIED: usize = 500_000;

impl Types for Reader<'_> {
    fn look_up(&self, root: &str, members: &[Option<&str>]) -> Looked {
        let open = Looked::To(Type::ANY);
        let Some(vocabulary) = self.vocabulary.filter(|_| self.looked_up.get() < MOST_LOOKED_UP) else { return open };
        let is_many = ["request", "answer", "done"].contains(&root) && !matches!(self.about, Pattern::One(_));
        self.looked_up.set(self.looked_up.get() + if is_many { MANY } else { 1 });
        let returned = match (root, members) {
            ("given", [Some(name), inner @ ..]) => {
                self.given.iter().find(|(other, _)| other == name).map(|(_, operation)| (operation, inner))
            }
            _ => None,
        };
        match returned {
            Some((operation, inner)) => vocabulary.look_up(&Pattern::One(operation.clone()), root, inner),
            None => vocabulary.look_up(&self.about, root, members),
        }
    }

    fn doubt_of_status(&self, number: f64) -> Option<(String, String)> {
        let vocabulary = self.vocabulary.filter(|_| self.looked_up.get() < MOST_LOOKED_UP)?;
        self.looked_up.set(self.looked_up.get() + if matches!(self.about, Pattern::One(_)) { 1 } else { MANY });
        let status = statuses::hardly_comes(number).filter(|status| !self.written_statuses.contains(status))?;
        let known = vocabulary.statuses(&self.about);
        let listed = || known.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let is_doubtful = !known.is_empty() && !known.contains(&status);
        is_doubtful
            .then(|| (format!("no answer with the status {status} is known of `{}`", self.about), format!("the document has {}", listed())))
    }

    fn pays(&self, values: usize) -> bool {
        self.tried.set(self.tried.get().saturating_add(values));
        self.tried.get() <= MOST_TRIED
    }
}
