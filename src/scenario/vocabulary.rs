//! The names that a machine has for what scenarios speak of, and where their paths lead.

use indexmap::IndexSet;

use crate::engine::{AccountRows, BusinessFailure, Machine, Vendor};
use crate::scenario::ast::{self, Pattern};
use crate::scenario::check::{VendorWords, Vocabulary};
use crate::scenario::expr::types::Looked;
use crate::scenario::template::Template;
use crate::scenario::types;

/// What a machine has names for.
pub struct MachineVocabulary<'m>(pub &'m Machine);

impl Vocabulary for MachineVocabulary<'_> {
    fn vendors(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.vendors().all().iter().map(|vendor| &*vendor.id))
    }

    fn operations(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.vendors().loaded().iter().flat_map(|loaded| loaded.catalog().operations()).map(|operation| &*operation.name))
    }

    fn events(&self) -> Vec<&str> {
        let mut events: Vec<_> = self.0.vendors().all().iter().flat_map(|vendor| vendor.webhooks.events).copied().collect();
        events.sort_unstable();
        events.dedup();
        events
    }

    fn share_data(&self, one: &str, other: &str) -> bool {
        let mount = |id: &str| self.0.vendors().find(id).map(|vendor| &vendor.mount);
        mount(one) == mount(other)
    }

    fn operations_at(&self, method: &str, path: &str) -> Vec<String> {
        types::operations_at(self.0, method, path)
    }

    fn statuses(&self, on: &Pattern) -> Vec<u16> {
        types::statuses(self.0, on)
    }

    fn return_something(&self, on: &Pattern) -> bool {
        types::return_something(self.0, on)
    }

    fn answer_problems(&self, operation: &ast::Operation, status: u16, body: Option<&Template>) -> Vec<String> {
        types::answer_problems(self.0, operation, status, body)
    }

    fn look_up(&self, on: &Pattern, root: &str, members: &[Option<&str>]) -> Looked {
        types::look_up(self.0, on, root, members)
    }

    fn failures(&self) -> Box<dyn Iterator<Item = (&str, &'static BusinessFailure)> + '_> {
        let vendors = self.0.vendors().all().iter();
        Box::new(vendors.flat_map(|vendor| vendor.failures.named.iter().map(|row| (&*vendor.id, row))))
    }

    fn codes(&self) -> Vec<(&str, Vec<&'static str>)> {
        let vendors = self.0.vendors().all().iter().map(|vendor| (&*vendor.id, (vendor.codes)()));
        vendors.filter(|(_, codes)| !codes.is_empty()).collect()
    }

    fn notes(&self) -> Vec<&'static str> {
        self.0.vendors().all().iter().flat_map(|vendor| vendor.notes).map(|(code, _)| *code).collect()
    }

    fn words(&self) -> Vec<VendorWords<'_>> {
        self.0.vendors().all().iter().map(|vendor| words(vendor)).collect()
    }

    fn mounts(&self) -> Vec<(&str, &AccountRows)> {
        let mut mounts: Vec<(&str, &AccountRows)> = Vec::new();
        for vendor in self.0.vendors().all() {
            if mounts.iter().all(|(mount, _)| vendor.mount != *mount) {
                mounts.push((&vendor.mount, vendor.accounts));
            }
        }
        mounts
    }
}

fn words(vendor: &Vendor) -> VendorWords<'_> {
    VendorWords {
        id: &vendor.id,
        mount: &vendor.mount,
        events: vendor.webhooks.events,
        state: types::state_of(vendor).keys().cloned().collect(),
        shows_tracking: vendor.shows_tracking,
        carriers: (vendor.services)().into_iter().map(|(carrier, _)| carrier).collect::<IndexSet<_>>().into_iter().collect(),
    }
}
