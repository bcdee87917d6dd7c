//! The vendor that has nothing but its document: every operation is answered as a sample, every caller is let in, and errors are
//! problem documents (RFC 9457). All vendors are made from it.

use std::borrow::Cow;

use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Value, json};

use crate::base::json::Style;
use crate::base::name::Name;
use crate::engine::accounts::{AccountRows, FieldSpec};
use crate::engine::auth::credentials;
use crate::engine::business::BusinessFailures;
use crate::engine::decode;
use crate::engine::dialect::{Dialect, DialectCx};
use crate::engine::refusal::{Denial, Refusal};
use crate::engine::reply::Reply;
use crate::engine::secret_names::SecretNames;
use crate::engine::vendor::{PathStyle, Vendor};
use crate::engine::webhooks::Webhooks;
use crate::spec::{Catalog, Reading, SpecError};

const ACCOUNTS: AccountRows = AccountRows {
    about: "A vendor that is a document alone.",
    credentials: &[&[FieldSpec::text("key", "A key; calls are let in without it.")]],
    identifiers: &["key"],
    others: &[],
    account: (&[], "default"),
};

impl Vendor {
    /// A vendor of the mount that has its id, with its document as JSON and as people wrote it. What it does otherwise than from the
    /// document alone replaces members of this one.
    pub fn new(id: impl Into<Name>, spec: impl Into<Cow<'static, str>>, spec_source: impl Into<Cow<'static, str>>) -> Self {
        let id = id.into();
        Self {
            mount: id.clone(),
            id,
            path_prefix: Name::default(),
            legacy_prefix: Name::default(),
            hosts: Vec::new(),
            spec: spec.into(),
            spec_source: spec_source.into(),
            path_style: PathStyle { trailing_slash: true, ..PathStyle::default() },
            operations: Box::new(|_| {}),
            credentials: |_, _| credentials(&[("default", &[])]),
            accounts: &ACCOUNTS,
            identify: |_| None,
            authenticate: |request| request.credentials.first().cloned().ok_or_else(|| Denial::Missing.into()),
            decode: decode::json_or_form,
            reading: Reading::STRICT,
            is_test: |_| false,
            grants: |_, _| true,
            dialect: Dialect { style: Style::Compact, content_type: "application/json", refuse, statuses: &[], headers: |_, _| {} },
            open: |_| {},
            due: |_, _| {},
            scanned: |_, _, _| {},
            anchors: &[],
            stored: &[],
            webhooks: Webhooks::NONE,
            failures: &BusinessFailures::NONE,
            secret_names: SecretNames::NONE,
            state: |_| Value::Null,
        }
    }

    /// A vendor from an OpenAPI document that was read at run time: the text as people wrote it, and what it says.
    ///
    /// # Errors
    /// When the document is not OpenAPI 3.0, or two of its operations clash.
    pub fn from_document(id: impl Into<Name>, mount: impl Into<Name>, source: String, document: &Value) -> Result<Self, SpecError> {
        let vendor = Self { mount: mount.into(), ..Self::new(id, document.to_string(), source) };
        Catalog::load(&vendor.id, &vendor.spec, vendor.path_style.case_insensitive).map(|_| vendor)
    }
}

fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let (status, detail) = match refusal {
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "the credentials are missing or no good".to_owned()),
        Refusal::Forbidden(right) => (StatusCode::FORBIDDEN, format!("the caller lacks `{right}`")),
        Refusal::PaymentRequired(what) => (StatusCode::PAYMENT_REQUIRED, format!("the account lacks `{what}`")),
        Refusal::UnknownPath { .. } => (StatusCode::NOT_FOUND, format!("the document has no path for `{}`", cx.call.path)),
        Refusal::Missing { kind, id } | Refusal::Foreign { kind, id } => (StatusCode::NOT_FOUND, format!("there is no {} `{id}`", kind.0)),
        Refusal::WrongMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, format!("the path does not have {}", cx.call.request.method)),
        Refusal::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "no accepted media type is spoken here".to_owned()),
        Refusal::TooLarge(detail) => (StatusCode::PAYLOAD_TOO_LARGE, detail.clone()),
        Refusal::UnsupportedMedia(found) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("`{found}` is not read here")),
        Refusal::Malformed { message, .. } => (StatusCode::BAD_REQUEST, message.clone()),
        Refusal::Invalid(violations) => {
            let departures: Vec<String> = violations.iter().map(|row| format!("`{}` {}", row.dotted(), row.rule)).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, format!("the request departs from the document: {}", departures.join("; ")))
        }
        Refusal::WrongState { kind, id, state } => (StatusCode::CONFLICT, format!("{} `{id}` is {state}", kind.0)),
        Refusal::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "too many calls".to_owned()),
        Refusal::Because(code, facts) => (StatusCode::BAD_REQUEST, format!("{code}: {facts}")),
        Refusal::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "the sandbox failed".to_owned()),
        Refusal::Failing(status) => (*status, "the scenario wants this status".to_owned()),
    };
    let problem = json!({"type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": detail});
    let reply = Reply::json(status, problem).with(CONTENT_TYPE, "application/problem+json");
    match refusal {
        Refusal::WrongMethod(allowed) => reply.with(ALLOW, &allowed.iter().map(http::Method::as_str).collect::<Vec<_>>().join(", ")),
        Refusal::RateLimited(quota) => reply.with(RETRY_AFTER, &quota.retry_after(cx.now).to_string()),
        _ => reply,
    }
}
