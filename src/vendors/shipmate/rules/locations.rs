//! Locations, which are set up in the web portal and only read here.

use serde_json::{Value, json};

use super::users;
use crate::engine::{Cx, Outcome, Params, Refusal};
use crate::vendors::shipmate::catalog::{CATALOG, Location};
use crate::vendors::shipmate::wire::{self, Reference};
use crate::world::Kind;

const LOCATION: Kind = Kind::new("location");

/// Locations are nested twice, as a list in an envelope.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(wire::ok("Locations", json!({ "data": all(cx) })))
}

/// A location is found by its code or its UUID.
pub fn get(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let location = CATALOG.location(&reference).ok_or_else(|| Refusal::missing(LOCATION, reference))?;
    Ok(wire::ok("Location", location_view(cx, location)))
}

pub fn all(cx: &Cx<'_>) -> Vec<Value> {
    CATALOG.locations.iter().map(|location| location_view(cx, location)).collect()
}

/// A location, of which version 1.2 says whether the caller works there.
pub fn location_view(cx: &Cx<'_>, location: &Location) -> Value {
    let mut row = wire::as_version(cx, location);
    if wire::is_newer(cx) {
        row["is_current_location"] = (users::person(&cx.credential).location == location.text("code")).into();
    }
    row
}
