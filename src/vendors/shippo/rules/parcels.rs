//! Parcels: measured by the caller or by a carrier's template.

use serde_json::Value;

use super::stored::CONVENTIONS;
use crate::engine::fields::{Field, Report};
use crate::engine::resource::Resource;
use crate::engine::{Cx, Refusal};
use crate::vendors::shippo::catalog::CATALOG;
use crate::vendors::shippo::checks;
use crate::vendors::shippo::dialect::page::LISTING;
use crate::vendors::shippo::wire::PARCEL;
use crate::vendors::shippo::wire::decimal;

/// The answer to the creation shows decimals as they were sent; later reads show four places.
pub(crate) static PARCELS: Resource = Resource::new(PARCEL, "Parcel", &LISTING, &CONVENTIONS).judged(judge);

/// A template says the dimensions, unless they vary. Observed 2017: they are looked for only once everything else is fine.
fn judge(_: &mut Cx<'_>, body: &mut Value, report: &mut Report<'_>) -> Result<(), Refusal> {
    if !report.is_clean() {
        return Ok(());
    }
    let template = body["template"].as_str().and_then(|token| CATALOG.template(token));
    let asked = match template {
        None => &["length", "width", "height", "distance_unit"][..],
        Some(template) if template.variable => &["length", "width"],
        Some(_) => &[],
    };
    for name in asked {
        checks::require(report, &Field::root(body).member(name));
    }
    let Some(template) = template else { return Ok(()) };
    let side = |text: &str| decimal::render(decimal::parse(text, decimal::MEASURE).unwrap_or(0));
    let own = [
        ("length", side(&template.length)),
        ("width", side(&template.width)),
        ("height", side(&template.height)),
        ("distance_unit", template.distance_unit.clone()),
    ];
    for (name, value) in own {
        if !template.variable || body[name].is_null() || body[name] == "" {
            body[name] = value.into();
        }
    }
    Ok(())
}
