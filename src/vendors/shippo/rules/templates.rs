//! Parcel templates: the packaging of carriers, and what the caller made of it or of a box of their own.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::catalog::{CATALOG, Template};
use super::super::checks::{self, not_a_choice};
use super::super::dialect;
use super::super::dialect::page::ALL;
use super::super::wire::{DEFAULT_TEMPLATE, Moment, USER_TEMPLATE};
use super::carrier_accounts;
use super::stored::GO;
use crate::base::json::{self, Written};
use crate::engine::fields::{Field, Report};
use crate::engine::listing;
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};

/// The only row of the default template.
const CHOSEN: &str = "chosen";

/// A template of the caller's own: replaced as a whole.
pub(crate) static OWN: Resource =
    Resource::new(USER_TEMPLATE, "UserParcelTemplate", &ALL, &Conventions { answer, page, ..GO }).judged(judge);

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
            let used: Vec<Value> = cx.docs.all(USER_TEMPLATE);
            wanted.retain(|template| used.iter().any(|own| own["template"]["token"] == template.token));
        }
        "enabled" => {
            let accounts = carrier_accounts::all(cx);
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
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let token = cx.call.parameter("CarrierParcelTemplateToken").unwrap_or_default();
    let template = CATALOG.template(token).ok_or_else(|| Refusal::missing(USER_TEMPLATE, token))?;
    Ok(dialect::go(StatusCode::OK, &template))
}

/// Newest first; `null` when there are none.
fn page(cx: &Cx<'_>, page: listing::Page<Written>) -> Reply {
    let iso = is_published(cx);
    let rows: Vec<Value> = page.rows.iter().map(|own| view(json::read(own), iso)).collect();
    let results = if rows.is_empty() { Value::Null } else { rows.into() };
    dialect::go(StatusCode::OK, &json!({ "results": results }))
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

/// What live rates are for when they are not told.
pub(crate) fn chosen(cx: &Cx<'_>) -> Option<Value> {
    let id: String = cx.docs.get(DEFAULT_TEMPLATE, CHOSEN)?;
    cx.docs.get(USER_TEMPLATE, &id)
}

/// The default template; its times are those of the other services.
pub(crate) fn read_default(cx: &mut Cx<'_>) -> Outcome {
    Ok(dialect::go(StatusCode::OK, &json!({ "result": chosen(cx) })))
}

/// Makes a template the default one.
pub(crate) fn update_default(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.body["object_id"].as_str().unwrap_or_default();
    let own: Value = cx.docs.require(USER_TEMPLATE, id)?;
    cx.docs.put(DEFAULT_TEMPLATE, CHOSEN, id);
    Ok(dialect::go(StatusCode::OK, &json!({ "result": own })))
}

/// There is no default template any more.
pub(crate) fn delete_default(cx: &mut Cx<'_>) -> Outcome {
    cx.docs.remove(DEFAULT_TEMPLATE, CHOSEN);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The body of a parcel of the size and weight of a template; without a weight it is an ounce.
pub(crate) fn parcel(own: &Value) -> Value {
    let weighed = (&own["weight"], &own["weight_unit"]);
    let (weight, unit) = if own["weight"] == "" || own["weight_unit"].is_null() { (&json!("1"), &json!("oz")) } else { weighed };
    json!({
        "length": own["length"], "width": own["width"], "height": own["height"], "distance_unit": own["distance_unit"],
        "weight": weight, "mass_unit": unit,
    })
}

/// A box of one's own, or a carrier's packaging with a weight.
fn judge(_: &mut Cx<'_>, body: &mut Value, report: &mut Report<'_>) -> Result<(), Refusal> {
    let sent = Field::root(body);
    let named = sent.member("template");
    let template = named.text().or(named.member("token").text()).filter(|token| !token.is_empty());
    if let Some(token) = template.filter(|token| report.is_fine(&named) && CATALOG.template(token).is_none()) {
        report.add(&named, checks::complaint(not_a_choice(token)));
    }
    if template.is_none() {
        for name in ["length", "width", "height", "distance_unit", "name"] {
            checks::require(report, &sent.member(name));
        }
    }
    if sent.member("weight").value.is_some_and(|weight| weight != "") {
        checks::require(report, &sent.member("weight_unit"));
    }
    let Some(template) = template.and_then(|token| CATALOG.template(token)) else { return Ok(()) };
    let template = serde_json::to_value(template).expect("packaging has text keys");
    for name in ["length", "width", "height", "distance_unit", "name"] {
        if body[name].as_str().is_none_or(str::is_empty) {
            body[name] = template[name].clone();
        }
    }
    body["template"] = template;
    Ok(())
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
