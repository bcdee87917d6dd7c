//! Parcels: measured by the caller or by a carrier's template.

use serde_json::{Map, Value};

use super::stored::CONVENTIONS;
use crate::engine::resource::{self, Resource};
use crate::engine::{Cx, Refusal};
use crate::vendors::shippo::catalog::{CATALOG, Template};
use crate::vendors::shippo::dialect::fields::{Fields, not_a_choice};
use crate::vendors::shippo::dialect::page::LISTING;
use crate::vendors::shippo::wire::PARCEL;
use crate::vendors::shippo::wire::decimal::{self, Decimal};

const SIDES: [&str; 3] = ["length", "width", "height"];
const DISTANCE_UNITS: [&str; 6] = ["cm", "in", "ft", "m", "mm", "yd"];
const MASS_UNITS: [&str; 4] = ["g", "kg", "lb", "oz"];

/// The answer to the creation shows decimals as they were sent; later reads show four places.
pub(crate) static PARCELS: Resource = Resource {
    kind: PARCEL,
    read: Some(read),
    schema: "Parcel",
    finish: resource::unchanged,
    listing: &LISTING,
    conventions: &CONVENTIONS,
};

fn read(_: &mut Cx<'_>, body: &Value) -> Result<Map<String, Value>, Refusal> {
    let mut fields = Fields::of(body)?;
    let template = template(&mut fields);
    for name in SIDES {
        decimal::member(&mut fields, name);
    }
    fields.choice("distance_unit", &DISTANCE_UNITS);
    decimal::member(&mut fields, "weight");
    fields.require("weight");
    fields.choice("mass_unit", &MASS_UNITS);
    fields.require("mass_unit");
    fields.metadata();
    fields.object("extra");
    let mut read = fields.clone().into_read()?;
    // Observed 2017: dimensions are looked for only once everything else is fine.
    let asked: &[&str] = match template {
        None => &["length", "width", "height", "distance_unit"],
        Some(template) if template.variable => &SIDES[..2],
        Some(_) => &[],
    };
    asked.iter().for_each(|name| fields.require(name));
    fields.done()?;
    if let Some(template) = template {
        for (name, side) in SIDES.into_iter().zip([&template.length, &template.width, &template.height]) {
            let side = || Decimal::parse(side).map_or(decimal::render(0), |side| side.stored()).into();
            fill(&mut read, name, template, side);
        }
        fill(&mut read, "distance_unit", template, || template.distance_unit.as_str().into());
    }
    Ok(read)
}

/// What a template says: instead of what was sent, unless its dimensions vary.
fn fill(read: &mut Map<String, Value>, name: &str, template: &Template, value: impl FnOnce() -> Value) {
    if !(template.variable && read.contains_key(name)) {
        read.insert(name.to_owned(), value());
    }
}

/// The template that is named, if any; the empty text names none.
fn template(fields: &mut Fields<'_>) -> Option<&'static Template> {
    let token = fields.filled("template")?;
    let template = CATALOG.template(&token);
    match template {
        Some(template) => fields.keep("template", template.token.as_str()),
        None => fields.fault("template", not_a_choice(&token)),
    }
    template
}
