//! How much of each vendor's document has behavior behind it.

use serde::Serialize;

use crate::engine::vendors::{LoadedVendor, Vendors};
use crate::spec::Tier;

/// One vendor's share of the coverage table.
#[derive(Debug, Serialize)]
pub struct Coverage {
    /// The vendor's id.
    pub vendor: &'static str,
    /// Operations in its document.
    pub operations: usize,
    /// Those with a row.
    pub rows: usize,
    /// Rows that are hand-written rules.
    pub rules: usize,
    /// Rows that are resources.
    pub resources: usize,
    /// Operations that are answered from the document alone: gaps.
    pub samples: usize,
    /// How many behaviors we know how.
    pub evidence: Evidence,
    /// The gaps by name.
    pub gaps: Vec<String>,
}

/// Operations by what their behavior is known from.
#[derive(Debug, Default, Serialize)]
pub struct Evidence {
    /// A real exchange.
    pub recorded: usize,
    /// The vendor's documents.
    pub documented: usize,
    /// Client code.
    pub client: usize,
    /// Reasoning.
    pub inferred: usize,
}

impl Vendors {
    /// The coverage table.
    #[must_use]
    pub fn coverage(&self) -> Vec<Coverage> {
        self.loaded().iter().map(of).collect()
    }
}

fn of(loaded: &LoadedVendor) -> Coverage {
    let (operations, rows) = (loaded.catalog().operations(), loaded.rows());
    let count = |tier: Tier| rows.iter().filter(|row| row.tier == tier).count();
    let mut evidence = Evidence::default();
    for operation in operations {
        match operation.evidence.as_str() {
            "recorded" => evidence.recorded += 1,
            "documented" => evidence.documented += 1,
            "client" => evidence.client += 1,
            _ => evidence.inferred += 1,
        }
    }
    let gaps = operations.iter().zip(rows).filter(|(_, row)| row.tier == Tier::Sample);
    let gaps: Vec<String> = gaps.map(|(operation, _)| operation.name.to_string()).collect();
    Coverage {
        vendor: loaded.vendor.id,
        operations: operations.len(),
        rows: operations.len() - gaps.len(),
        rules: count(Tier::Rule),
        resources: count(Tier::Resource),
        samples: gaps.len(),
        evidence,
        gaps,
    }
}
