//! SARIF 2.1.0.

use serde_json::{Value, json};

use crate::report::Level;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug)]
pub struct SarifRule {
    pub id: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct SarifResult {
    /// The id of its rule.
    pub rule: String,
    pub level: Level,
    pub text: String,
    /// Where it is, if that is a place in a file.
    pub location: Option<Location>,
    /// What it is about, such as an operation.
    pub subject: Option<String>,
    /// What tells it apart from others, the same in every run.
    pub fingerprint: String,
}

/// A log with one run. Rules are listed once each.
#[must_use]
pub fn sarif(rules: Vec<SarifRule>, results: &[SarifResult]) -> Value {
    let mut listed: Vec<SarifRule> = Vec::new();
    for rule in rules {
        if listed.iter().all(|other| other.id != rule.id) {
            listed.push(rule);
        }
    }
    let rules = listed.iter().map(|rule| json!({"id": rule.id, "shortDescription": {"text": rule.text}})).collect::<Vec<_>>();
    let driver = json!({"name": "seatrial", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "results": results.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(result: &SarifResult) -> Value {
    let mut location = serde_json::Map::new();
    if let Some(Location { file, line, column }) = &result.location {
        let region = json!({"startLine": line, "startColumn": column});
        location.insert("physicalLocation".to_owned(), json!({"artifactLocation": {"uri": file.replace('\\', "/")}, "region": region}));
    }
    if let Some(subject) = &result.subject {
        location.insert("logicalLocations".to_owned(), json!([{"fullyQualifiedName": subject, "kind": "function"}]));
    }
    json!({
        "ruleId": result.rule,
        "level": result.level.word(),
        "message": {"text": result.text},
        "locations": [location],
        "partialFingerprints": {"seatrial/v1": result.fingerprint},
    })
}
