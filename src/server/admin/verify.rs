//! Judging expectations by the journal and the deliveries, and the verdicts on sandboxes that ended.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::base::time;
use crate::scenario::schema;
use crate::scenario::verify::{self, Allowance, Format};
use crate::server::admin::long_poll::long_poll;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::scenarios;
use crate::server::admin::secrets::{self, Redactor};
use crate::server::admin::shared::away;
use crate::server::admin::state::Admin;
use crate::server::awaited;
use crate::server::pieces::never_late;
use crate::server::shutdown;
use crate::server::verdicts::{Dropped, Ended};

pub(crate) const QUERY: &[(&str, &str)] = &[
    ("wait", "wait so long for everything to hold, such as `5s`; until then for what fails for good"),
    ("at_most", "judge for so long, such as `5ms`, else answer the verdict before, and how many calls are `pending`"),
    ("format", "`json`, or `text`, `junit` or `sarif`"),
    secrets::QUERY,
];

/// The schema of the body.
pub(crate) fn body() -> Value {
    let schema = schema::skeleton();
    json!({"type": "object", "additionalProperties": false, "properties": {
        "expect": schema.pointer("/properties/expect").cloned().unwrap_or_default(),
    }})
}

/// Judges the expectations in the body; where there are none, those of the scenario.
pub(crate) async fn verify(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let scenario = match request.tree()? {
        Value::Null => None,
        Value::Object(members) if members.values().all(Value::is_null) && members.keys().all(|name| name == "expect") => None,
        Value::Object(members) if members.keys().all(|name| name == "expect") => Some(scenarios::parse(&admin.machine, request.body)?),
        _ => return Err(Problem::bad_request("the body is an object with `expect`, or nothing to judge what the scenario expects")),
    };
    let format = match request.query("format") {
        None => Format::Json,
        Some(name) => Format::named(name).ok_or_else(|| {
            let known = Format::ALL.map(|(_, name)| format!("`{name}`")).join(", ");
            Problem::bad_request(format!("`format` is one of {known}, found `{name}`"))
        })?,
    };
    let look = || {
        let (sandbox, allowance) = (admin.sandbox(request)?, Allowance::of_one(&never_late));
        let report = match &scenario {
            None => verify::verify_current(&admin.machine, &sandbox, &allowance),
            Some(scenario) => verify::verify(&admin.machine, &sandbox, scenario, &allowance),
        };
        let is_final = usize::from(report.is_final());
        Ok(((sandbox, report), is_final))
    };
    let (sandbox, report) = match request.query("at_most") {
        None => {
            // Who says how long to wait is not kept for longer.
            if request.query("wait").is_none() && admin.recording.is_none() {
                let sandbox = admin.sandbox(request)?;
                let sandboxes = std::slice::from_ref(&sandbox);
                awaited::before_verdict(&admin.machine, &admin.webhook_sender, sandboxes, scenario.as_ref(), awaited::LONGEST).await;
            }
            long_poll(request, || admin.sandbox_changed(request), look).await?
        }
        Some(_) if scenario.is_some() || request.query("wait").is_some() => {
            return Err(Problem::bad_request("`at_most` is for what the scenario expects, and not together with `wait`"));
        }
        Some(text) => {
            let time =
                time::duration(text).ok_or_else(|| Problem::bad_request(format!("`at_most` is a span such as `5ms`, found `{text}`")))?;
            let sandbox = admin.sandbox(request)?;
            let report = admin.last_verdicts.within(&admin.machine, &sandbox, time).await;
            (sandbox, report)
        }
    };
    let redactor = Redactor::read(admin, request, &sandbox)?;
    let report = shutdown::shown(report, &admin.verdicts, &redactor, &admin.machine);
    if format == Format::Json {
        return Ok(response::json(StatusCode::OK, &redactor.json(&report)));
    }
    Ok(response::text(format.content_type(), format.write(&[report])))
}

/// The verdicts on sandboxes that ended.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Verdicts {
    /// Those that expected something, oldest first.
    #[schemars(with = "Vec<Ended>")]
    verdicts: Vec<Box<RawValue>>,
    #[serde(flatten)]
    dropped: Dropped,
}

pub(crate) async fn list(admin: &Admin, _: &AdminRequest<'_>) -> Result<Verdicts, Problem> {
    let (verdicts, dropped) = admin.verdicts.of_fleet().await.map_err(|fault| away(&fault))?;
    Ok(Verdicts { verdicts, dropped })
}
