//! Parcel templates: the packaging of carriers, and what the caller made of it or of a box of their own.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::accounts;
use super::super::catalog::{CATALOG, Template};
use super::super::dialect::fields::{Fields, REQUIRED, not_a_choice};
use super::super::dialect::{self, go_fields};
use super::super::wire::decimal;
use super::super::wire::{self, DEFAULT_TEMPLATE, Moment, USER_TEMPLATE};
use super::stored;
use crate::engine::{Cx, Json, Outcome, Params, Refusal, Reply};

const DISTANCE_UNITS: [&str; 6] = ["cm", "in", "ft", "m", "mm", "yd"];
const WEIGHT_UNITS: [&str; 4] = ["g", "kg", "lb", "oz"];
/// The only row of the default template.
const CHOSEN: &str = "chosen";

#[derive(Deserialize)]
pub(crate) struct Named {
    #[serde(rename = "CarrierParcelTemplateToken")]
    token: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Packaging {
    carrier: String,
    distance_unit: String,
    height: String,
    is_variable_dimensions: bool,
    length: String,
    name: String,
    token: String,
    width: String,
}

impl From<&Template> for Packaging {
    fn from(template: &Template) -> Self {
        let short = |text: &str| decimal::Decimal::parse(text).map_or_else(|_| "0".to_owned(), |side| side.shortest());
        Self {
            carrier: template.carrier().1.to_owned(),
            distance_unit: template.distance_unit.clone(),
            height: short(&template.height),
            is_variable_dimensions: template.variable,
            length: short(&template.length),
            name: template.name.clone(),
            token: template.token.clone(),
            width: short(&template.width),
        }
    }
}

/// A template of the caller's own, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Own {
    object_id: String,
    object_created: Moment,
    object_updated: Moment,
    name: String,
    length: String,
    width: String,
    height: String,
    distance_unit: String,
    weight: String,
    weight_unit: Option<String>,
    template: Option<Packaging>,
}

/// All that a new account is shown; of one carrier, of accounts that are switched on, or of templates that the caller uses.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let mut wanted: Vec<&Template> = CATALOG.templates().filter(|template| template.carrier().0 != "couriersplease").collect();
    match cx.call.query("include").unwrap_or_default() {
        "" | "all" => {}
        "user" => {
            let used: Vec<String> = cx.docs.list::<Own>(USER_TEMPLATE).filter_map(|own| own.template.map(|row| row.token)).collect();
            wanted.retain(|template| used.contains(&template.token));
        }
        "enabled" => {
            let active: Vec<String> = accounts::all(cx).into_iter().filter(|row| row.active).map(|row| row.carrier).collect();
            wanted.retain(|template| active.iter().any(|carrier| carrier == template.carrier().0));
        }
        other => return Err(go_fields(dialect::by_field("include", not_a_choice(other)))),
    }
    if let Some(carrier) = cx.call.query("carrier").filter(|text| !text.is_empty()) {
        wanted.retain(|template| template.carrier().0 == carrier || template.carrier().1.eq_ignore_ascii_case(carrier));
    }
    let results: Vec<Packaging> = wanted.into_iter().map(Packaging::from).collect();
    Ok(dialect::go(StatusCode::OK, &json!({ "results": results })))
}

/// One of them.
pub(crate) fn read(_: &mut Cx<'_>, Params(Named { token }): Params<Named>) -> Outcome {
    let template = CATALOG.template(&token).ok_or_else(|| Refusal::missing(USER_TEMPLATE, token))?;
    Ok(dialect::go(StatusCode::OK, &Packaging::from(template)))
}

/// The caller's own, newest first; `null` when there are none.
pub(crate) fn list_own(cx: &mut Cx<'_>) -> Outcome {
    let iso = is_published(cx);
    let rows: Vec<Value> = cx.docs.list::<Own>(USER_TEMPLATE).rev().map(|own| view(cx, &own, iso)).collect();
    let results = if rows.is_empty() { Value::Null } else { rows.into() };
    Ok(dialect::go(StatusCode::OK, &json!({ "results": results })))
}

/// A box of one's own, or a carrier's packaging with a weight.
pub(crate) fn create_own(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let own = judge(cx, &body, None)?;
    cx.docs.put(USER_TEMPLATE, &own.object_id, &own);
    let published = is_published(cx);
    let status = if published { StatusCode::OK } else { StatusCode::CREATED };
    Ok(dialect::go(status, &view(cx, &own, published)))
}

/// One of the caller's own.
pub(crate) fn read_own(cx: &mut Cx<'_>) -> Outcome {
    let own = named(cx)?;
    Ok(dialect::go(StatusCode::OK, &view(cx, &own, is_published(cx))))
}

/// Replaces the whole template.
pub(crate) fn update_own(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let before = named(cx)?;
    let own = judge(cx, &body, Some(before))?;
    cx.docs.put(USER_TEMPLATE, &own.object_id, &own);
    Ok(dialect::go(StatusCode::OK, &view(cx, &own, is_published(cx))))
}

/// A template that was the default one is so no longer.
pub(crate) fn delete_own(cx: &mut Cx<'_>) -> Outcome {
    let own = named(cx)?;
    cx.docs.remove(USER_TEMPLATE, &own.object_id);
    if cx.docs.get::<String>(DEFAULT_TEMPLATE, CHOSEN).as_ref() == Some(&own.object_id) {
        cx.docs.remove(DEFAULT_TEMPLATE, CHOSEN);
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The template with that id.
pub(crate) fn own(cx: &Cx<'_>, id: &str) -> Option<Own> {
    cx.docs.get(USER_TEMPLATE, id)
}

/// What live rates are for when they are not told.
pub(crate) fn chosen(cx: &Cx<'_>) -> Option<Own> {
    let id: String = cx.docs.get(DEFAULT_TEMPLATE, CHOSEN)?;
    cx.docs.get(USER_TEMPLATE, &id)
}

/// The default template; its times are those of the other services.
pub(crate) fn read_default(cx: &mut Cx<'_>) -> Outcome {
    let result = chosen(cx).map(|own| view(cx, &own, true));
    Ok(dialect::go(StatusCode::OK, &json!({ "result": result })))
}

/// Makes a template the default one.
pub(crate) fn update_default(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let mut fields = Fields::of(&body)?;
    let id = fields.needed("object_id");
    fields.done().map_err(go_fields)?;
    let own: Own = cx.docs.require(USER_TEMPLATE, &id)?;
    cx.docs.put(DEFAULT_TEMPLATE, CHOSEN, &id);
    Ok(dialect::go(StatusCode::OK, &json!({ "result": view(cx, &own, true) })))
}

/// There is no default template any more.
pub(crate) fn delete_default(cx: &mut Cx<'_>) -> Outcome {
    cx.docs.remove(DEFAULT_TEMPLATE, CHOSEN);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

impl Own {
    /// The body of a parcel of that size and weight; without a weight it is an ounce.
    pub(crate) fn parcel(&self) -> Value {
        let (weight, unit) = match &self.weight_unit {
            Some(unit) if !self.weight.is_empty() => (self.weight.as_str(), unit.as_str()),
            _ => ("1", "oz"),
        };
        json!({ "length": self.length, "width": self.width, "height": self.height, "distance_unit": self.distance_unit,
            "weight": weight, "mass_unit": unit })
    }
}

fn named(cx: &Cx<'_>) -> Result<Own, Refusal> {
    let id = stored::named(cx)?;
    cx.docs.require(USER_TEMPLATE, &id)
}

fn judge(cx: &mut Cx<'_>, body: &Value, before: Option<Own>) -> Result<Own, Refusal> {
    let mut fields = Fields::of(body)?;
    let token = fields.text("template");
    let template = CATALOG.template(&token).map(Packaging::from);
    if !token.is_empty() && template.is_none() {
        fields.fault("template", not_a_choice(&token));
    }
    let boxed = token.is_empty();
    let mut side = |name: &str| {
        let side = decimal::member(&mut fields, name);
        if side.is_none() && boxed && fields.is_fine(name) {
            fields.fault(name, REQUIRED);
        }
        side.map(|side| side.text)
    };
    let (length, width, height) = (side("length"), side("width"), side("height"));
    let distance_unit = fields.choice("distance_unit", &DISTANCE_UNITS);
    if distance_unit.is_none() && boxed && fields.is_fine("distance_unit") {
        fields.fault("distance_unit", REQUIRED);
    }
    let name = if boxed { fields.needed("name") } else { fields.text("name") };
    let weight = decimal::member(&mut fields, "weight").map(|weight| weight.text).unwrap_or_default();
    let weight_unit = fields.choice("weight_unit", &WEIGHT_UNITS);
    if weight_unit.is_none() && !weight.is_empty() && fields.is_fine("weight_unit") {
        fields.fault("weight_unit", REQUIRED);
    }
    fields.done().map_err(go_fields)?;
    let given = |side: Option<String>, of: fn(&Packaging) -> &String| {
        side.or_else(|| template.as_ref().map(|row| of(row).clone())).unwrap_or_default()
    };
    let (id, created) = before.map_or_else(|| (wire::new_id(cx), Moment(cx.now)), |own| (own.object_id, own.object_created));
    Ok(Own {
        object_id: id,
        object_created: created,
        object_updated: Moment(cx.now),
        name: if name.is_empty() { template.as_ref().map(|row| row.name.clone()).unwrap_or_default() } else { name },
        length: given(length, |row| &row.length),
        width: given(width, |row| &row.width),
        height: given(height, |row| &row.height),
        distance_unit: given(distance_unit, |row| &row.distance_unit),
        weight,
        weight_unit,
        template,
    })
}

/// Whether the caller's row of the scenario asks for the answers of the specification, which the vendor's own libraries read.
fn is_published(cx: &Cx<'_>) -> bool {
    cx.credential.is("published_templates")
}

fn view(cx: &Cx<'_>, own: &Own, iso: bool) -> Value {
    let time = |moment: Moment| if iso { moment.text() } else { moment.go() };
    json!({
        "object_id": own.object_id, "object_created": time(own.object_created), "object_updated": time(own.object_updated),
        "object_owner": accounts::owner(cx), "name": own.name, "length": own.length, "width": own.width, "height": own.height,
        "distance_unit": own.distance_unit, "weight": own.weight, "weight_unit": own.weight_unit, "template": own.template,
    })
}
