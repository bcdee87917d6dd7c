//! Parcel attributes, which are set up in the web portal and only read here. Version 1.2 has custom fields instead.

use serde::Serialize;

use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::wire::Envelope;

#[derive(Serialize)]
struct Attribute {
    id: &'static str,
    r#type: u8,
    name: &'static str,
    values: &'static [String],
}

/// Only custom attributes are listed, although built-in ones work as well.
pub fn list(_: &mut Cx<'_>) -> Outcome {
    let rows = CATALOG.attributes.iter().map(|row| Attribute { id: &row.id, r#type: row.r#type, name: &row.name, values: &row.values });
    Ok(Reply::ok(Envelope { message: "Parcel Attributes Retrieved", data: rows.collect::<Vec<_>>() }))
}
