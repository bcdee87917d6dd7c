//! Packaging, which is set up in the web portal: what is shown of it, and what it means for parcels.

use serde_json::{Value, json};

use crate::engine::{Cx, Outcome};
use crate::vendors::shipmate::catalog::{CATALOG, PackagingType};
use crate::vendors::shipmate::wire;
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

impl PackagingRules {
    pub fn of(account: &Credential) -> Self {
        let standard = &CATALOG.packaging;
        let own = account.fields.get("packaging");
        let flag = |name, usual| own.and_then(|own| own.get(name)).and_then(Value::as_bool).unwrap_or(usual);
        let default = own.and_then(|own| own.get("default")).map_or(standard.default.as_deref(), Value::as_str);
        Self {
            net_weight: flag("net_weight", standard.net_weight),
            allow_override: flag("allow_override", standard.allow_override),
            default: default.and_then(|key| CATALOG.packaging_type(key)),
        }
    }
}

/// The settings and types in one object.
pub fn options(cx: &mut Cx<'_>) -> Outcome {
    let rules = PackagingRules::of(&cx.credential);
    let types = CATALOG.packaging.types.iter().map(|row| PackagingType {
        default: rules.default.is_some_and(|default| default.key == row.key),
        available: wire::is_newer(cx).then_some(true),
        ..row.clone()
    });
    let types: Vec<PackagingType> = types.collect();
    let data = json!({"net_weight": rules.net_weight, "allow_override": rules.allow_override, "packaging_types": types});
    Ok(wire::ok("Packaging Options", data))
}
