//! Packaging, which is set up in the web portal: what is shown of it, and what it means for parcels.

use serde::Serialize;
use serde_json::Value;

use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipmate::catalog::{CATALOG, PackagingType};
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::wire::Envelope;
use crate::world::Credential;

/// The packaging settings of an account: the catalog's, unless its row in the scenario has others.
pub struct PackagingRules {
    /// Whether the weight in a request is without the packaging, which is then added.
    pub net_weight: bool,
    /// Whether weight and sizes in a request count.
    pub allow_override: bool,
    /// The type of parcels that name none.
    pub default: Option<&'static PackagingType>,
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
        let own = account.fields.get("packaging");
        let flag = |name, usual| own.and_then(|own| own.get(name)).and_then(Value::as_bool).unwrap_or(usual);
        let default = own.and_then(|own| own.get("default")).map_or(standard.default.as_deref(), Value::as_str);
        Self {
            net_weight: flag("net_weight", standard.net_weight),
            allow_override: flag("allow_override", standard.allow_override),
            default: default.and_then(|key| standard.find(key)),
        }
    }
}

/// The settings and types in one object. Internal sizes are not kept.
pub fn options(cx: &mut Cx<'_>) -> Outcome {
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
