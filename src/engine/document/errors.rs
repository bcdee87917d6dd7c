//! How a vendor that is a document alone words refusals: as its `x-seatrial` block says, else in the shape that the document declares
//! for the status, else as problem documents (RFC 9457).

use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Map, Value, json};

use crate::engine::described::{Code, Errors};
use crate::engine::dialect::DialectCx;
use crate::engine::refusal::Refusal;
use crate::engine::reply::Reply;
use crate::engine::sample;
use crate::spec::{SchemaId, Schemas, Violation};

/// A refusal in words: what a body is made of.
struct Worded<'r> {
    status: StatusCode,
    code: Code,
    detail: String,
    violations: &'r [Violation],
}

pub(super) fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let mut worded = word(refusal, cx);
    let described = cx.described;
    let reply = if let Some(errors) = &described.errors {
        let own = errors.statuses.get(&worded.code).and_then(|status| StatusCode::from_u16(*status).ok());
        worded.status = own.filter(|_| !matches!(refusal, Refusal::Failing(_))).unwrap_or(worded.status);
        Reply::json(worded.status, worded.filled(&errors.body, errors))
    } else if let Some(body) = worded.declared(cx).filter(|_| described.is_document) {
        Reply::json(worded.status, body)
    } else {
        Reply::json(worded.status, worded.problem()).with(CONTENT_TYPE, "application/problem+json")
    };
    let content_type = described.errors.as_ref().and_then(|errors| errors.content_type.as_deref());
    let reply = if let Some(content_type) = content_type { reply.with(CONTENT_TYPE, content_type) } else { reply };
    match refusal {
        Refusal::WrongMethod(allowed) => reply.with(ALLOW, &allowed.iter().map(http::Method::as_str).collect::<Vec<_>>().join(", ")),
        Refusal::RateLimited(quota) => reply.with(RETRY_AFTER, &quota.retry_after(cx.now).to_string()),
        _ => reply,
    }
}

fn word<'r>(refusal: &'r Refusal, cx: &DialectCx<'_>) -> Worded<'r> {
    let mut violations: &[Violation] = &[];
    let (status, code, detail) = match refusal {
        Refusal::Unauthenticated(_) => {
            (StatusCode::UNAUTHORIZED, Code::Unauthenticated, "the credentials are missing or no good".to_owned())
        }
        Refusal::Forbidden(right) => (StatusCode::FORBIDDEN, Code::Forbidden, format!("the caller lacks `{right}`")),
        Refusal::PaymentRequired(what) => (StatusCode::PAYMENT_REQUIRED, Code::PaymentRequired, format!("the account lacks `{what}`")),
        Refusal::UnknownPath { .. } => (StatusCode::NOT_FOUND, Code::NotFound, format!("the document has no path for `{}`", cx.call.path)),
        Refusal::Missing { kind, id } | Refusal::Foreign { kind, id } => {
            (StatusCode::NOT_FOUND, Code::NotFound, format!("there is no {} `{id}`", kind.0))
        }
        Refusal::WrongMethod(_) => {
            (StatusCode::METHOD_NOT_ALLOWED, Code::WrongMethod, format!("the path does not have {}", cx.call.request.method))
        }
        Refusal::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, Code::NotAcceptable, "no accepted media type is spoken here".to_owned()),
        Refusal::TooLarge(detail) => (StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, detail.clone()),
        Refusal::UnsupportedMedia(found) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::UnsupportedMedia, format!("`{found}` is not read here"))
        }
        Refusal::Malformed { message, .. } => (StatusCode::BAD_REQUEST, Code::Malformed, message.clone()),
        Refusal::Invalid(found) => {
            violations = found;
            let departures: Vec<String> = violations.iter().map(|row| format!("`{}` {}", row.dotted(), row.rule)).collect();
            let detail = format!("the request departs from the document: {}", departures.join("; "));
            (StatusCode::UNPROCESSABLE_ENTITY, Code::Invalid, detail)
        }
        Refusal::WrongState { kind, id, state } => (StatusCode::CONFLICT, Code::Conflict, format!("{} `{id}` is {state}", kind.0)),
        Refusal::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, "too many calls".to_owned()),
        Refusal::Because(code, facts) => (StatusCode::BAD_REQUEST, Code::Refused, format!("{code}: {facts}")),
        Refusal::Broken => (StatusCode::INTERNAL_SERVER_ERROR, Code::Failed, "the sandbox failed".to_owned()),
        Refusal::Failing(status) => (*status, Code::Failed, "the scenario wants this status".to_owned()),
    };
    Worded { status, code, detail, violations }
}

impl Worded<'_> {
    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    fn problem(&self) -> Value {
        json!({"type": "about:blank", "title": self.status.canonical_reason(), "status": self.status.as_u16(), "detail": self.detail})
    }

    /// The template with what it has places for.
    fn filled(&self, template: &Value, errors: &Errors) -> Value {
        match template {
            Value::String(text) => match text.as_str() {
                "{status}" => self.status.as_u16().into(),
                "{violations}" => self.violations.iter().map(|row| filled_in(&errors.violation, row)).collect(),
                text => {
                    let texts = [("{status}", self.status.as_str()), ("{title}", self.title()), ("{code}", self.code.word())];
                    replaced(text, &[&texts[..], &[("{detail}", &*self.detail)]].concat()).into()
                }
            },
            Value::Array(rows) => rows.iter().map(|row| self.filled(row, errors)).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), self.filled(value, errors))).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    /// A body of the shape that the document declares for the status, with the facts where the names of its members say that they belong.
    fn declared(&self, cx: &DialectCx<'_>) -> Option<Value> {
        let operation = cx.call.operation?;
        let (schemas, schema) = (operation.schemas(), operation.answer(self.status.as_u16())?);
        let mut body = sample::value(schemas, schema, "", &Value::Null, &cx.now.to_string(), &mut cx.rng("errors"));
        self.tell(&mut body, schemas, schema, 0);
        Some(body)
    }

    fn tell(&self, body: &mut Value, schemas: &Schemas, schema: SchemaId, depth: usize) {
        match body {
            Value::Object(members) if depth < 4 => {
                for (name, value) in members {
                    let Some((_, schema)) = schemas.property(schema, name) else { continue };
                    let is_free = schemas[schema].is_any_text();
                    let short: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
                    match (short.as_str(), &*value) {
                        ("status" | "statuscode" | "httpstatus" | "httpcode" | "code" | "errorcode", Value::Number(_)) => {
                            *value = self.status.as_u16().into();
                        }
                        ("code" | "errorcode" | "errortype" | "reason", Value::String(_)) if is_free => *value = self.code.word().into(),
                        ("title", Value::String(_)) if is_free => *value = self.title().into(),
                        (
                            "message" | "detail" | "details" | "description" | "errordescription" | "errormessage" | "error" | "msg",
                            Value::String(_),
                        ) if is_free => *value = self.detail.clone().into(),
                        _ => self.tell(value, schemas, schema, depth + 1),
                    }
                }
            }
            Value::Array(rows) if depth < 4 => {
                let Some(element) = schemas.element(schema) else { return };
                if schemas[element].is_any_text() {
                    *body = vec![Value::from(self.detail.as_str())].into();
                } else {
                    rows.iter_mut().for_each(|row| self.tell(row, schemas, element, depth + 1));
                }
            }
            _ => {}
        }
    }
}

/// One element of `{violations}`, of a violation.
fn filled_in(template: &Value, row: &Violation) -> Value {
    match template {
        Value::String(text) => replaced(text, &[("{path}", &row.dotted()), ("{message}", &row.rule.to_string())]).into(),
        Value::Array(rows) => rows.iter().map(|inner| filled_in(inner, row)).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, inner)| (name.clone(), filled_in(inner, row))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn replaced(text: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
}
