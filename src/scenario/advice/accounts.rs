//! Warnings about conditions on the caller's account, where no credential opens one of that name.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::{Machine, Vendor};
use crate::scenario::ast::{Credentials, Scenario};
use crate::scenario::error::{Diagnostic, Span, nearest, quoted};
use crate::scenario::need::Need;
use crate::scenario::run;

/// Accounts that conditions of overrides name, and that neither a row of `accounts` nor, where a vendor has none, a usual credential opens.
pub(super) fn advice(machine: &Machine, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    if scenario.credentials == Credentials::Any {
        return warnings;
    }
    for row in &scenario.overrides {
        let needs = row.when.iter().flat_map(|when| when.needs()).filter(|(path, _)| path.to_string() == "$credential.account");
        let values: Vec<Value> = needs.flat_map(|(_, need)| if let Need::OneOf(values) = need { values } else { Vec::new() }).collect();
        if values.is_empty() {
            continue;
        }
        let only = row.on.value.vendor();
        let vendors = machine.vendors().all().iter().filter(|vendor| only.is_none_or(|only| *vendor.id == *only));
        let known: BTreeSet<String> = vendors.flat_map(|vendor| accounts(machine, scenario, vendor)).collect();
        // What an account manages for others is called after it: its own name, and behind that the one of the account.
        let is_known = |name: &str| known.contains(name) || name.rsplit_once(' ').is_some_and(|(_, last)| known.contains(last));
        let Some(name) = values.iter().filter_map(Value::as_str).find(|name| !is_known(name)) else { continue };
        let text = scenario.source.text.get(row.span.start..row.span.end).unwrap_or_default();
        let at = text.find(name).filter(|_| !name.is_empty()).map(|at| Span::new(row.span.start + at, row.span.start + at + name.len()));
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let message = format!("no credential opens an account that is called `{name}`");
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is {}", quoted(&known)),
        };
        warnings.push(Diagnostic::at("S108", message, &scenario.source, at.unwrap_or(row.on.span), &help));
    }
    warnings
}

/// The accounts that callers of a vendor can have.
fn accounts(machine: &Machine, scenario: &Scenario, vendor: &Vendor) -> BTreeSet<String> {
    let rows = match scenario.accounts.get(&*vendor.mount) {
        Some(rows) => vendor.accounts.credentials(&rows.iter().map(run::row).collect::<Vec<_>>()),
        None => machine.usual_credentials(&vendor.mount),
    };
    rows.iter().flat_map(|row| [row.account.to_string(), (vendor.works_in)(row).to_string()]).collect()
}
