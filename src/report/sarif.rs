//! SARIF 2.1.0.

use serde_json::{Value, json};

use super::{Finding, Location, Rule};

/// A log with one run. It lists these rules, and those of its findings.
#[must_use]
pub fn sarif(rules: &[Rule], findings: &[Finding]) -> Value {
    let mut listed: Vec<&Rule> = Vec::new();
    for rule in rules.iter().chain(findings.iter().map(|finding| &finding.rule)) {
        if listed.iter().all(|other| other.id != rule.id) {
            listed.push(rule);
        }
    }
    let driver = json!({
        "name": "seatrial",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": listed.into_iter().map(described).collect::<Vec<_>>(),
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn described(rule: &Rule) -> Value {
    let mut described = json!({"id": rule.id, "shortDescription": {"text": rule.text}});
    if let Some(help) = rule.help {
        described["help"] = json!({ "text": help });
    }
    described
}

fn result(finding: &Finding) -> Value {
    let mut location = serde_json::Map::new();
    if let Some(Location { file, line, column }) = &finding.location {
        let region = json!({"startLine": line, "startColumn": column});
        location.insert("physicalLocation".to_owned(), json!({"artifactLocation": {"uri": file.replace('\\', "/")}, "region": region}));
    }
    if let Some(subject) = &finding.subject {
        location.insert("logicalLocations".to_owned(), json!([{"fullyQualifiedName": subject, "kind": "function"}]));
    }
    let mut result = json!({
        "ruleId": finding.rule.id,
        "level": finding.level.word(),
        "message": {"text": finding.text},
        "locations": [location],
    });
    if let Some(fingerprint) = &finding.fingerprint {
        result["partialFingerprints"] = json!({ "seatrial/v1": fingerprint });
    }
    result
}
