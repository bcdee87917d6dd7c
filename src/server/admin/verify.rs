//! Judging expectations by the journal and the deliveries.

use serde_json::{Value, json};

use crate::scenario::schema;
use crate::scenario::verify::{self, Report};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::scenarios;
use crate::server::admin::secrets::{Redacted, Redactor};
use crate::server::admin::state::Admin;

/// The schema of the body.
pub(crate) fn body() -> Value {
    let schema = schema::skeleton();
    json!({"type": "object", "additionalProperties": false, "properties": {
        "expect": schema.pointer("/properties/expect").cloned().unwrap_or_default(),
    }})
}

/// Judges the expectations in the body; without a body, those of the scenario.
pub(crate) async fn verify(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<Report>, Problem> {
    let sandbox = admin.sandbox(request)?;
    let redactor = Redactor::read(admin, request, &sandbox)?;
    let wanted: Value = request.tree()?;
    match &wanted {
        Value::Null => Ok(redactor.json(&verify::verify_current(&admin.machine, &sandbox))),
        Value::Object(members) if members.keys().all(|name| name == "expect") => {
            Ok(redactor.json(&verify::verify(&admin.machine, &sandbox, &scenarios::parse(&admin.machine, request.body)?)))
        }
        _ => Err(Problem::bad_request("the body is an object with `expect`, or nothing to judge what the scenario expects")),
    }
}
