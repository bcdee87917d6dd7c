//! Outgoing and return services. Their shapes differ on purpose: the one is an object with ids as text, the other lists with
//! ids as numbers.

use serde_json::{Map, Value, json};

use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shiptheory::catalog::{CATALOG, Carrier, Service};

/// Outgoing services by carrier and name.
pub(in super::super) fn outgoing(cx: &mut Cx<'_>) -> Outcome {
    let view = |service: &Service| {
        let increments: Vec<String> = service.increments.iter().map(ToString::to_string).collect();
        json!({"id": service.id.to_string(), "courier_increment_ids": increments})
    };
    let services = |carrier: &Carrier| carrier.services.iter().map(|service| (service.name.clone(), view(service))).collect();
    let carriers = cx.had(&CATALOG.carriers).iter().map(|carrier| (carrier.name.clone(), services(carrier)));
    let carriers: Map<String, Value> = carriers.collect();
    Ok(Reply::ok(json!({ "delivery_services": carriers })))
}

/// Return services by carrier.
pub(in super::super) fn incoming(cx: &mut Cx<'_>) -> Outcome {
    let carriers: Map<String, Value> = cx.had(&CATALOG.returns).iter().map(|row| (row.carrier.clone(), json!(row.services))).collect();
    Ok(Reply::ok(json!({ "return_services": carriers })))
}
