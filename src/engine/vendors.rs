//! The vendors of a machine, with their documents and rows, which are loaded when they are first needed.

use std::sync::{Arc, OnceLock};

use http::Method;

use crate::base::name::Name;
use crate::engine::cx::Documents;
use crate::engine::listing::Test;
use crate::engine::sample;
use crate::engine::vendor::{OperationRow, Operations, Vendor};
use crate::spec::{Catalog, Operation, Route};

/// All vendors of a machine, in the order in which people see them.
pub struct Vendors {
    all: Vec<Arc<Vendor>>,
    loaded: Vec<LoadedVendor>,
}

/// A vendor with its document and rows.
pub struct LoadedVendor {
    pub vendor: Arc<Vendor>,
    content: OnceLock<(Arc<Catalog>, Vec<OperationRow>)>,
}

impl Vendors {
    pub(super) fn new(all: Vec<Arc<Vendor>>) -> Self {
        let loaded = all.iter().map(|vendor| LoadedVendor { vendor: Arc::clone(vendor), content: OnceLock::new() }).collect();
        Self { all, loaded }
    }

    #[must_use]
    pub fn all(&self) -> &[Arc<Vendor>] {
        &self.all
    }

    /// The vendors with their documents and rows.
    #[must_use]
    pub fn loaded(&self) -> &[LoadedVendor] {
        &self.loaded
    }

    /// The vendor with that id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Vendor> {
        self.all.iter().find(|vendor| vendor.id == id).map(Arc::as_ref)
    }

    /// The vendor that a parcel was booked with, among those of its mount; the first of them if it names none.
    #[must_use]
    pub fn booked_with(&self, mount: &str, vendor: &str) -> Option<&Vendor> {
        let mut of_mount = self.all.iter().map(Arc::as_ref).filter(|vendor| vendor.mount == mount);
        of_mount.clone().find(|own| *own.id == *vendor).or_else(|| of_mount.next())
    }

    /// The mounts, each of them once, in the order of the vendors.
    #[must_use]
    pub fn mounts(&self) -> Vec<Name> {
        let mut mounts = Vec::new();
        for vendor in &self.all {
            if !mounts.contains(&vendor.mount) {
                mounts.push(vendor.mount.clone());
            }
        }
        mounts
    }

    /// The real host names of all vendors.
    pub fn hosts(&self) -> impl Iterator<Item = &Name> {
        self.all.iter().flat_map(|vendor| &vendor.hosts)
    }

    /// Whether that is a real host name of a vendor.
    #[must_use]
    pub fn have_host(&self, name: &str) -> bool {
        self.hosts().any(|own| own.eq_ignore_ascii_case(name))
    }
}

impl Documents for Vendors {
    fn catalog(&self, vendor: &str) -> &Catalog {
        let loaded = self.loaded.iter().find(|loaded| loaded.vendor.id == vendor);
        loaded.expect("a context is that of a vendor of the machine").catalog()
    }
}

impl LoadedVendor {
    /// The operations of its document.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.content().0
    }

    /// What runs for each operation, in the order of the catalog.
    #[must_use]
    pub fn rows(&self) -> &[OperationRow] {
        &self.content().1
    }

    /// What runs for an operation of its catalog.
    pub(super) fn row(&self, operation: &Operation) -> Option<&OperationRow> {
        self.rows().get(operation.index)
    }

    /// What a method and a path below the mount lead to.
    #[must_use]
    pub fn route(&self, method: &Method, path: &str) -> Route<'_> {
        self.catalog().route(method, &self.vendor.path_style.normalize(path))
    }

    fn content(&self) -> &(Arc<Catalog>, Vec<OperationRow>) {
        self.content.get_or_init(|| load(&self.vendor))
    }
}

/// Reads a vendor's document and gives each operation its row.
///
/// # Panics
/// If the document is none, or does not fit the rows: a test loads those of all vendors.
fn load(vendor: &Vendor) -> (Arc<Catalog>, Vec<OperationRow>) {
    let catalog = Catalog::load(&vendor.id, &vendor.spec, vendor.path_style.case_insensitive);
    let catalog = Arc::new(catalog.unwrap_or_else(|error| panic!("{error}")));
    let mut operations = Operations::default();
    (vendor.operations)(&mut operations);
    let unknown: Vec<String> = operations.checks.iter().flat_map(|unknown_words| unknown_words(catalog.schemas())).collect();
    assert!(unknown.is_empty(), "{} has resources that its document does not describe: {}", vendor.id, unknown.join(", "));
    let unknown = catalog.operations().iter().flat_map(Operation::filters).find(|(.., test)| Test::named(test).is_none());
    assert!(unknown.is_none(), "{} has a filter with a test that is none: {unknown:?}", vendor.id);
    let mut rows: Vec<Option<OperationRow>> = catalog.operations().iter().map(|_| None).collect();
    for row in operations.rows {
        let index = catalog.operation(&row.operation).map(|operation| operation.index);
        let index = index.unwrap_or_else(|| panic!("{} has a row for `{}`, which its document lacks", vendor.id, row.operation));
        assert!(rows[index].is_none(), "{} has two rows for `{}`", vendor.id, row.operation);
        rows[index] = Some(row);
    }
    let rows = rows.into_iter().zip(catalog.operations());
    let rows = rows.map(|(row, operation)| row.unwrap_or_else(|| sample::row(&catalog, operation))).collect();
    (catalog, rows)
}
