//! Locations, which are set up in the web portal and only read here.

use serde::Deserialize;
use serde_json::Value;

use super::users;
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
use crate::vendors::shipmate::catalog::{CATALOG, Location};
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::wire::{Data, Envelope};
use crate::world::Kind;

const LOCATION: Kind = Kind::new("location");

#[derive(Deserialize)]
pub struct Reference {
    r#ref: String,
}

/// Locations are nested twice, as a list in an envelope.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let rows: Vec<Value> = CATALOG.locations.iter().map(|location| shown(cx, location)).collect();
    Ok(Reply::ok(Envelope { message: "Locations", data: Data { data: rows } }))
}

/// A location is found by its code or its UUID.
pub fn get(cx: &mut Cx<'_>, Params(Reference { r#ref }): Params<Reference>) -> Outcome {
    let location = CATALOG.location(&r#ref).ok_or_else(|| Refusal::missing(LOCATION, r#ref))?;
    Ok(Reply::ok(Envelope { message: "Location", data: shown(cx, location) }))
}

/// A location, of which version 1.2 says whether the caller works there.
pub fn shown(cx: &Cx<'_>, location: &Location) -> Value {
    let version = Version::of(cx);
    let mut row = version.shown(location);
    if version == Version::V1_2 {
        row["is_current_location"] = (users::person(&cx.credential).location == location.code).into();
    }
    row
}
