//! Outgoing and return services. Their shapes differ on purpose: the one is an object with ids as text, the other lists with
//! ids as numbers.

use serde_json::{Map, Value, json};

use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shiptheory::catalog::{CATALOG, ReturnService, Service};
use crate::vendors::shiptheory::wire::Number;

/// Outgoing services by carrier and name.
pub(in super::super) fn outgoing(_: &mut Cx<'_>) -> Outcome {
    let view = |service: &Service| {
        let increments: Vec<String> = service.increments.iter().map(ToString::to_string).collect();
        json!({"id": service.id.to_string(), "courier_increment_ids": increments})
    };
    let carriers: Map<String, Value> = CATALOG
        .carriers
        .iter()
        .map(|carrier| (carrier.name.clone(), carrier.services.iter().map(|service| (service.name.clone(), view(service))).collect()))
        .collect();
    Ok(Reply::ok(json!({ "delivery_services": carriers })))
}

/// Return services by carrier.
pub(in super::super) fn incoming(_: &mut Cx<'_>) -> Outcome {
    let view = |service: &ReturnService| {
        json!({
            "id": service.id,
            "name": service.name,
            "collection_or_dropoff": service.collection_or_dropoff,
            "upper_limit_weight": Number(service.upper_limit_weight),
            "upper_length_limit": Number(service.upper_length_limit),
            "upper_width_limit": Number(service.upper_width_limit),
            "upper_height_limit": Number(service.upper_height_limit),
            "incoming_countries": service.incoming_countries,
            "outgoing_countries": service.outgoing_countries,
        })
    };
    let carriers: Map<String, Value> =
        CATALOG.returns.iter().map(|row| (row.carrier.clone(), row.services.iter().map(view).collect())).collect();
    Ok(Reply::ok(json!({ "return_services": carriers })))
}
