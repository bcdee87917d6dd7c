//! Calls held against the document to the letter while they are read, whatever their vendor tolerates (`--contract`).

use std::sync::Arc;

use serde_json::Value;

use crate::engine::call::Call;
use crate::engine::decode;
use crate::engine::options::Contract;
use crate::engine::remarks;
use crate::spec::{Operation, Reading, SentRequest, Violation};

/// How a call is read to the letter. What the vendor's own document says beyond what the vendor does is told, and nothing is refused by it.
pub(super) fn reading(vendor: &Reading, contract: Contract) -> Reading {
    Reading { as_documented: contract == Contract::Lenient, ..vendor.to_the_letter() }
}

/// How a call departs from the document, but for its query. What it uses that is deprecated is remarked.
pub(super) fn departures(call: &mut Call<'_>, operation: &Operation, reading: &Reading, body: Option<&Value>) -> Vec<Violation> {
    let media_type = decode::media_type(call.request);
    let is_form = media_type == decode::FORM || media_type.starts_with("multipart/");
    let headers = &call.request.headers;
    let deprecated = operation.deprecated(&call.query, headers, body.unwrap_or(&Value::Null));
    remarks::deprecated(&deprecated, &mut call.remarks);
    operation.departures(&SentRequest { parameters: &call.parameters, headers, body, is_form }, reading)
}

/// Adds what a call departs in: to the violations that refuse it, or beside them.
pub(super) fn apply(call: &mut Call<'_>, operation: &Operation, reading: &Reading, mut departures: Vec<Violation>, contract: Contract) {
    if !call.query.is_empty() || operation.needs_query {
        departures.extend(operation.check_query(&call.query, reading));
    }
    let is_known = |row: &Violation| call.violations.iter().any(|known| known.location == row.location && known.path == row.path);
    departures.retain(|row| !is_known(row));
    if departures.is_empty() {
        return;
    }
    if contract == Contract::Strict {
        let violations = Arc::make_mut(&mut call.violations);
        violations.extend(departures);
        violations.sort_by_cached_key(|row| operation.position(row.location, &row.path));
    } else {
        call.departures = departures.into();
    }
}
