//! Parcel templates: the packaging of carriers, and what the caller made of it or of a box of their own.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::accounts;
use super::super::catalog::{CATALOG, Template};
use super::super::checks;
use super::super::dialect::fields::{Fields, not_a_choice};
use super::super::dialect::page::LISTING;
use super::super::dialect::{self, go_fields};
use super::super::wire::decimal;
use super::super::wire::{DEFAULT_TEMPLATE, Moment, USER_TEMPLATE};
use super::stored::GO;
use crate::engine::resource::{self, Conventions, Members, Resource};
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

/// A template of the caller's own: replaced as a whole.
pub(crate) static OWN: Resource = Resource {
    kind: USER_TEMPLATE,
    read: Some(read_own),
    judge: resource::agreed,
    schema: "UserParcelTemplate",
    finish: resource::unchanged,
    listing: &LISTING,
    conventions: &Conventions { answer, ..GO },
};

/// What others need of it.
#[derive(Deserialize)]
pub(crate) struct Own {
    length: String,
    width: String,
    height: String,
    distance_unit: String,
    weight: String,
    weight_unit: Option<String>,
    #[serde(default)]
    template: Value,
}

/// The specification has 200 for a new one, and times in ISO 8601.
fn answer(cx: &Cx<'_>, status: StatusCode, own: Value) -> Reply {
    let iso = is_published(cx);
    dialect::go(if iso { StatusCode::OK } else { status }, &view(own, iso))
}

/// All that a new account is shown; of one carrier, of accounts that are switched on, or of templates that the caller uses.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let mut wanted: Vec<&Template> =
        CATALOG.parcel_templates.iter().filter(|template| template.carrier_token != "couriersplease").collect();
    match cx.call.query("include").unwrap_or_default() {
        "" | "all" => {}
        "user" => {
            let used: Vec<Own> = cx.docs.list(USER_TEMPLATE).collect();
            wanted.retain(|template| used.iter().any(|own| own.template["token"] == template.token));
        }
        "enabled" => {
            let accounts = accounts::all(cx);
            wanted.retain(|template| accounts.iter().any(|row| row.active && row.carrier == template.carrier_token));
        }
        other => return Err(checks::refused("include", not_a_choice(other))),
    }
    if let Some(carrier) = cx.call.query("carrier").filter(|text| !text.is_empty()) {
        wanted.retain(|template| template.carrier_token == carrier || template.carrier.eq_ignore_ascii_case(carrier));
    }
    Ok(dialect::go(StatusCode::OK, &json!({ "results": wanted })))
}

/// One of them.
pub(crate) fn read(_: &mut Cx<'_>, Params(Named { token }): Params<Named>) -> Outcome {
    let template = CATALOG.template(&token).ok_or_else(|| Refusal::missing(USER_TEMPLATE, token))?;
    Ok(dialect::go(StatusCode::OK, &template))
}

/// The caller's own, newest first; `null` when there are none.
pub(crate) fn list_own(cx: &mut Cx<'_>) -> Outcome {
    let iso = is_published(cx);
    let rows: Vec<Value> = cx.docs.list::<Value>(USER_TEMPLATE).rev().map(|own| view(own, iso)).collect();
    let results = if rows.is_empty() { Value::Null } else { rows.into() };
    Ok(dialect::go(StatusCode::OK, &json!({ "results": results })))
}

/// A template that was the default one is so no longer.
pub(crate) fn delete_own(cx: &mut Cx<'_>) -> Outcome {
    let (id, _) = OWN.find(cx)?;
    cx.docs.remove(USER_TEMPLATE, &id);
    if cx.docs.get::<String>(DEFAULT_TEMPLATE, CHOSEN).as_ref() == Some(&id) {
        cx.docs.remove(DEFAULT_TEMPLATE, CHOSEN);
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The template with that id.
pub(crate) fn own(cx: &Cx<'_>, id: &str) -> Option<Own> {
    cx.docs.get(USER_TEMPLATE, id)
}

/// What live rates are for when they are not told.
pub(crate) fn chosen<T: DeserializeOwned>(cx: &Cx<'_>) -> Option<T> {
    let id: String = cx.docs.get(DEFAULT_TEMPLATE, CHOSEN)?;
    cx.docs.get(USER_TEMPLATE, &id)
}

/// The default template; its times are those of the other services.
pub(crate) fn read_default(cx: &mut Cx<'_>) -> Outcome {
    let result: Option<Value> = chosen(cx);
    Ok(dialect::go(StatusCode::OK, &json!({ "result": result })))
}

/// Makes a template the default one.
pub(crate) fn update_default(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let mut fields = Fields::of(&body)?;
    let id = fields.needed("object_id");
    fields.done().map_err(go_fields)?;
    let own: Value = cx.docs.require(USER_TEMPLATE, &id)?;
    cx.docs.put(DEFAULT_TEMPLATE, CHOSEN, &id);
    Ok(dialect::go(StatusCode::OK, &json!({ "result": own })))
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

/// A box of one's own, or a carrier's packaging with a weight.
fn read_own(_: &mut Cx<'_>, body: &Value) -> Result<Members, Refusal> {
    let mut fields = Fields::of(body)?;
    let token = fields.filled("template");
    let template = token.as_ref().and_then(|token| CATALOG.template(token));
    if let (Some(token), None) = (&token, &template) {
        fields.fault("template", not_a_choice(token));
    }
    for name in ["length", "width", "height"] {
        decimal::member(&mut fields, name);
        if token.is_none() {
            fields.require(name);
        }
    }
    fields.choice("distance_unit", &DISTANCE_UNITS);
    if token.is_none() {
        fields.require("distance_unit");
        fields.needed("name");
    } else {
        fields.filled("name");
    }
    let weight = decimal::member(&mut fields, "weight");
    fields.choice("weight_unit", &WEIGHT_UNITS);
    if weight.is_some() {
        fields.require("weight_unit");
    }
    let mut read = fields.into_read().map_err(go_fields)?;
    if let Some(template) = template.as_ref().and_then(|template| serde_json::to_value(template).ok()) {
        for name in ["length", "width", "height", "distance_unit", "name"] {
            read.entry(name).or_insert_with(|| template[name].clone());
        }
        read.insert("template".to_owned(), template);
    }
    Ok(read)
}

/// Whether the caller's row of the scenario asks for the answers of the specification, which the vendor's own libraries read.
fn is_published(cx: &Cx<'_>) -> bool {
    cx.credential.is("published_templates")
}

/// A template as it is answered: Go prints times in its own way.
fn view(mut own: Value, iso: bool) -> Value {
    for name in ["object_created", "object_updated"] {
        if let Some(at) = Moment::deserialize(&own[name]).ok().filter(|_| !iso) {
            own[name] = at.go().into();
        }
    }
    own
}
