//! What is set up in the web portal and only read here: locations, services, parcel attributes, packaging.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::users;
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
use crate::vendors::shipmate::catalog::{CATALOG, Location, PackagingType, Size};
use crate::vendors::shipmate::dialect;
use crate::vendors::shipmate::validation::{Field, Report};
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::wire::{Data, Envelope};
use crate::world::{Credential, Kind};

const LOCATION: Kind = Kind("location");

/// The packaging settings of an account: the catalog's, unless its row in the scenario has others.
pub struct PackagingRules {
    /// Whether the weight in a request is without the packaging, which is then added.
    pub net_weight: bool,
    /// Whether weight and sizes in a request count.
    pub allow_override: bool,
    /// The type of parcels that name none.
    pub default: Option<&'static PackagingType>,
}

#[derive(Deserialize)]
pub struct Reference {
    r#ref: String,
}

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

#[derive(Serialize)]
struct Attribute {
    id: &'static str,
    r#type: u8,
    name: &'static str,
    values: &'static [String],
}

#[derive(Serialize)]
struct PackagingOptions {
    net_weight: bool,
    allow_override: bool,
    packaging_types: Vec<Type>,
}

#[derive(Serialize)]
struct Type {
    name: &'static str,
    key: &'static str,
    default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<bool>,
    internal_width: Option<i64>,
    internal_height: Option<i64>,
    internal_depth: Option<i64>,
    external_width: i64,
    external_height: i64,
    external_depth: i64,
    max_weight: i64,
    default_weight: i64,
    packaging_weight: i64,
}

impl PackagingRules {
    pub fn of(account: &Credential) -> Self {
        let standard = &CATALOG.packaging;
        let own = account.facts.get("packaging");
        let flag = |name, usual| own.and_then(|own| own.get(name)).and_then(Value::as_bool).unwrap_or(usual);
        let default = own.and_then(|own| own.get("default")).map_or(standard.default.as_deref(), Value::as_str);
        Self {
            net_weight: flag("net_weight", standard.net_weight),
            allow_override: flag("allow_override", standard.allow_override),
            default: default.and_then(|key| standard.find(key)),
        }
    }
}

/// Locations are nested twice, as a list in an envelope.
pub fn locations(cx: &mut Cx<'_>) -> Outcome {
    let rows: Vec<Value> = CATALOG.locations.iter().map(|location| shown(cx, location)).collect();
    Ok(Reply::ok(Envelope { message: "Locations", data: Data { data: rows } }))
}

/// A location is found by its code or its UUID.
pub fn location(cx: &mut Cx<'_>, Params(Reference { r#ref }): Params<Reference>) -> Outcome {
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

/// Services whose conditions the described parcel fails are left out; what is not described fails nothing.
pub fn services(cx: &mut Cx<'_>) -> Outcome {
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

/// Only custom attributes are listed, although built-in ones work as well.
pub fn attributes(_: &mut Cx<'_>) -> Outcome {
    let rows = CATALOG.attributes.iter().map(|row| Attribute { id: &row.id, r#type: row.r#type, name: &row.name, values: &row.values });
    Ok(Reply::ok(Envelope { message: "Parcel Attributes Retrieved", data: rows.collect::<Vec<_>>() }))
}

/// The settings and types in one object. Internal sizes are not kept.
pub fn packaging(cx: &mut Cx<'_>) -> Outcome {
    let rules = PackagingRules::of(&cx.credential);
    let newer = Version::of(cx) == Version::V1_2;
    let types = CATALOG.packaging.types.iter().map(|row| Type {
        name: &row.name,
        key: &row.key,
        default: rules.default.is_some_and(|default| default.key == row.key),
        available: newer.then_some(true),
        internal_width: None,
        internal_height: None,
        internal_depth: None,
        external_width: row.width,
        external_height: row.height,
        external_depth: row.depth,
        max_weight: row.max_weight,
        default_weight: row.default_weight,
        packaging_weight: row.packaging_weight,
    });
    let data = PackagingOptions { net_weight: rules.net_weight, allow_override: rules.allow_override, packaging_types: types.collect() };
    Ok(Reply::ok(Envelope { message: "Packaging Options", data }))
}
