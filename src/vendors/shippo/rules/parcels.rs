//! Parcels: measured by the caller or by a carrier's template.

use http::StatusCode;
use serde_json::Value;

use super::super::access::Mode;
use super::super::accounts;
use super::super::catalog::{CATALOG, Template};
use super::super::dialect::fields::{Fields, REQUIRED, not_a_choice};
use super::super::dialect::version;
use super::super::wire::decimal::{self, Decimal};
use super::super::wire::parcel::Parcel;
use super::super::wire::{self, Moment, PARCEL};
use crate::engine::{Cx, Json, Outcome, Refusal};

const SIDES: [&str; 3] = ["length", "width", "height"];
const DISTANCE_UNITS: [&str; 6] = ["cm", "in", "ft", "m", "mm", "yd"];
const MASS_UNITS: [&str; 4] = ["g", "kg", "lb", "oz"];

/// The answer echoes decimals as they were sent; later reads show four places.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let (mut parcel, sent) = store(cx, &body)?;
    let shown = [&mut parcel.length, &mut parcel.width, &mut parcel.height, &mut parcel.weight];
    for (text, sent) in shown.into_iter().zip(sent) {
        if let Some(decimal) = sent {
            *text = decimal.text;
        }
    }
    Ok(version::reply(cx.call, StatusCode::CREATED, parcel))
}

/// Stores a parcel from a body; also its length, width, height and weight as they were sent.
pub(crate) fn store(cx: &mut Cx<'_>, body: &Value) -> Result<(Parcel, [Option<Decimal>; 4]), Refusal> {
    let mut fields = Fields::of(body)?;
    let template = template(&mut fields);
    let mut sides = SIDES.map(|name| decimal::member(&mut fields, name));
    let mut distance_unit = fields.choice("distance_unit", &DISTANCE_UNITS);
    let weight = decimal::member(&mut fields, "weight");
    if fields.value("weight").is_none() {
        fields.fault("weight", REQUIRED);
    }
    let mass_unit = fields.choice("mass_unit", &MASS_UNITS);
    if mass_unit.is_none() && fields.is_fine("mass_unit") {
        fields.fault("mass_unit", REQUIRED);
    }
    let metadata = fields.metadata();
    let extra = fields.object("extra");
    fields.done()?;
    // Observed 2017: dimensions are looked for only once everything else is fine.
    let mut fields = Fields::of(body)?;
    let asked: &[&str] = match template {
        None => &SIDES,
        Some(template) if template.variable => &SIDES[..2],
        Some(_) => &[],
    };
    for (name, side) in SIDES.into_iter().zip(&sides) {
        if asked.contains(&name) && side.is_none() {
            fields.fault(name, REQUIRED);
        }
    }
    if template.is_none() && distance_unit.is_none() {
        fields.fault("distance_unit", REQUIRED);
    }
    fields.done()?;
    if let Some(template) = template {
        if !template.variable {
            sides = [None, None, None];
        }
        distance_unit = distance_unit.filter(|_| template.variable).or_else(|| Some(template.distance_unit.clone()));
    }
    let given = template.map_or([""; 3], |template| [&template.length, &template.width, &template.height].map(String::as_str));
    let [length, width, height] = std::array::from_fn(|place| {
        sides[place].as_ref().map_or_else(|| Decimal::parse(given[place]).map_or(decimal::render(0), |side| side.stored()), Decimal::stored)
    });
    let parcel = Parcel {
        object_state: "VALID".to_owned(),
        object_created: Moment(cx.now),
        object_updated: Moment(cx.now),
        object_id: wire::new_id(cx),
        object_owner: accounts::owner(cx).into_owned(),
        template: template.map(|template| template.token.clone()),
        length,
        width,
        height,
        distance_unit: distance_unit.unwrap_or_default(),
        weight: weight.as_ref().map(Decimal::stored).unwrap_or_default(),
        mass_unit: mass_unit.unwrap_or_default(),
        value_amount: None,
        value_currency: None,
        metadata,
        extra,
        line_items: Vec::new(),
        test: Mode::of(cx).is_test(),
    };
    cx.docs.put(PARCEL, &parcel.object_id, &parcel);
    let [length, width, height] = sides;
    Ok((parcel, [length, width, height, weight]))
}

/// The template that is named, if any; the empty text names none.
fn template(fields: &mut Fields<'_>) -> Option<&'static Template> {
    let token = fields.text("template");
    if token.is_empty() {
        return None;
    }
    let template = CATALOG.template(&token);
    if template.is_none() {
        fields.fault("template", not_a_choice(&token));
    }
    template
}
