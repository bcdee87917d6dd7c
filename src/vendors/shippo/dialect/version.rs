//! The shapes of API versions up to 2017-03-29, made from today's: what was added since is taken out again.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::NO_VERSION;
use crate::engine::{Call, Refusal, Reply, Request};
use crate::vendors::shippo::catalog::CATALOG;

/// Refuses versions that there are not.
pub(crate) fn check(request: &Request) -> Result<(), Refusal> {
    match asked(request) {
        Some(version) if !CATALOG.versions.iter().any(|known| known == version) => Err(Refusal::Because(NO_VERSION, Value::Null)),
        _ => Ok(()),
    }
}

fn asked(request: &Request) -> Option<&str> {
    request.header("shippo-api-version").map(str::trim).filter(|version| !version.is_empty())
}

/// Whether the caller asks for a version that had the old shapes. Versions are dates, which sort as text.
pub(crate) fn is_old(call: &Call<'_>) -> bool {
    asked(call.request).is_some_and(|version| version <= "2017-03-29")
}

/// Whether shipments had one parcel alone.
pub(crate) fn had_one_parcel(call: &Call<'_>) -> bool {
    asked(call.request).is_some_and(|version| version <= "2016-10-25")
}

/// A reply in the shapes that the caller asked for.
pub(crate) fn reply(call: &Call<'_>, status: StatusCode, document: impl Serialize + Send + 'static) -> Reply {
    if !is_old(call) {
        return Reply::json(status, document);
    }
    let mut value = serde_json::to_value(&document).expect("our own documents have text keys");
    age(&mut value);
    Reply::json(status, value)
}

fn age(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(age),
        Value::Object(members) => {
            for name in newer(members) {
                members.shift_remove(*name);
            }
            if members.contains_key("status_details") {
                members.insert("object_updated".to_owned(), Value::Null);
            }
            if members.contains_key("duration_terms") {
                let renamed = |(name, value)| (if name == "estimated_days" { "days".to_owned() } else { name }, value);
                *members = std::mem::take(members).into_iter().map(renamed).collect();
            }
            members.values_mut().for_each(age);
        }
        _ => {}
    }
}

/// The members that came later, by a member that gives the kind of object away.
fn newer(members: &Map<String, Value>) -> &'static [&'static str] {
    const KINDS: [(&str, &[&str]); 7] = [
        ("longitude", &["longitude", "latitude"]),
        ("alternate_address_to", &["alternate_address_to", "order"]),
        ("included_insurance_price", &["included_insurance_price"]),
        ("display_name", &["extended_token", "parent_servicelevel", "display_name"]),
        ("tracking_url_provider", &["eta", "billing", "qr_code_url", "created_by"]),
        ("status_details", &["substatus"]),
        (
            "certify_signer",
            &[
                "b13a_filing_option",
                "b13a_number",
                "duties_payor",
                "exporter_identification",
                "invoiced_charges",
                "is_vat_collected",
                "address_importer",
            ],
        ),
    ];
    KINDS.iter().find(|(mark, _)| members.contains_key(*mark)).map_or(&[], |(_, newer)| newer)
}
