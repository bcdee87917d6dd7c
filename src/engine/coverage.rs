//! How much of each vendor's document has behavior behind it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::vendors::{LoadedVendor, Vendors};
use crate::spec::Tier;

/// One vendor's share of the coverage table.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Coverage {
    pub vendor: String,
    /// How many operations its document has.
    pub operations: usize,
    /// How many of them have a behavior.
    pub rows: usize,
    /// How many behaviors are hand-written rules.
    pub rules: usize,
    /// How many behaviors are resources: state without code.
    pub resources: usize,
    /// How many operations are answered from the document alone.
    pub samples: usize,
    /// How many operations, by what their behavior is known from.
    pub evidence: Evidence,
    /// The operations that keep what callers send, of a vendor that is a document alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// The operations that are answered from the document alone.
    pub gaps: Vec<String>,
}

/// Operations by what their behavior is known from.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Evidence {
    /// Known from a recorded exchange.
    pub recorded: usize,
    /// Known from the vendor's documents.
    pub documented: usize,
    /// Known from the code of clients.
    pub client: usize,
    /// Inferred from other behavior of the vendor.
    pub inferred: usize,
}

impl Vendors {
    /// The coverage table, one row for each vendor.
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
    let kept = operations.iter().zip(rows).filter(|(_, row)| loaded.vendor.is_document() && row.tier == Tier::Resource);
    Coverage {
        kept: kept.map(|(operation, _)| operation.name.to_string()).collect(),
        vendor: loaded.vendor.id.to_string(),
        operations: operations.len(),
        rows: operations.len() - gaps.len(),
        rules: count(Tier::Rule),
        resources: count(Tier::Resource),
        samples: gaps.len(),
        evidence,
        gaps,
    }
}
