//! Delivery services, which are set up in the web portal and only read here.

use serde::Serialize;
use serde_json::Value;

use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipmate::catalog::{CATALOG, Size};
use crate::vendors::shipmate::dialect;
use crate::vendors::shipmate::validation::{Field, Report};
use crate::vendors::shipmate::wire::Envelope;

#[derive(Serialize)]
struct Service {
    id: i64,
    name: &'static str,
    description: &'static str,
    key: &'static str,
    carrier: &'static str,
    price: &'static str,
    conditions: Vec<&'static [String; 3]>,
}

/// Services whose conditions the described parcel fails are left out; what is not described fails nothing.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let query = Value::Object(cx.call.query.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect());
    let (mut report, root) = (Report::default(), Field::root(&query));
    let mut read = |name| report.whole(&root.member(name), i64::MIN);
    let size = Size { weight: read("weight"), length: read("length"), depth: read("depth"), width: read("width") };
    dialect::settle(&report)?;
    let rows = CATALOG.services.iter().filter(|service| service.takes(&size)).map(|service| Service {
        id: service.id,
        name: &service.name,
        description: &service.description,
        key: &service.key,
        carrier: &service.carrier,
        price: &service.price,
        conditions: service.conditions.iter().map(|condition| &condition.words).collect(),
    });
    Ok(Reply::ok(Envelope { message: "Services Retrieved", data: rows.collect::<Vec<_>>() }))
}
