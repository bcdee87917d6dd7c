//! HAR 1.2, as browsers and proxies save it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{FoundAnswer, FoundBody, FoundCall, FoundPart};

pub(super) fn calls(file: &Value) -> Vec<FoundCall> {
    file["log"]["entries"].as_array().into_iter().flatten().map(call).collect()
}

fn call(entry: &Value) -> FoundCall {
    let request = &entry["request"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let posted = &request["postData"];
    let is_parts = posted["mimeType"].as_str().is_some_and(|kind| kind.starts_with("multipart/"));
    let body = match (posted["text"].as_str().filter(|text| !text.is_empty()), posted["encoding"] == "base64") {
        (Some(text), true) => Some(FoundBody::Base64(text.to_owned())),
        (Some(text), false) => Some(FoundBody::Text(text.to_owned())),
        (None, _) if is_parts => parts(&posted["params"]),
        (None, _) => {
            let pairs: Vec<(String, String)> =
                posted["params"].as_array().into_iter().flatten().map(|row| (word(&row["name"]), word(&row["value"]))).collect();
            (!pairs.is_empty()).then_some(FoundBody::Form(pairs))
        }
    };
    FoundCall {
        method: request["method"].as_str().filter(|method| !method.is_empty()).unwrap_or("GET").to_owned(),
        url: word(&request["url"]),
        headers: pairs(&request["headers"]),
        body,
        answer: answer(&entry["response"]),
    }
}

/// The parts of a form, or the file of one that the HAR does not have.
fn parts(rows: &Value) -> Option<FoundBody> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let mut parts = Vec::new();
    for row in rows.as_array().into_iter().flatten() {
        let file = word(&row["fileName"]);
        match (word(&row["value"]), file) {
            (None, Some(file)) => return Some(FoundBody::Elsewhere(file)),
            (value, file) => parts.push(FoundPart {
                name: word(&row["name"]).unwrap_or_default(),
                value: value.unwrap_or_default(),
                file,
                kind: word(&row["contentType"]),
            }),
        }
    }
    (!parts.is_empty()).then_some(FoundBody::Parts(parts))
}

fn answer(response: &Value) -> Option<FoundAnswer> {
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).filter(|status| *status >= 100)?;
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(&response["headers"]) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    let content = &response["content"];
    let text = content["text"].as_str().unwrap_or_default();
    let body = if content["encoding"] == "base64" { STANDARD.decode(text).unwrap_or_default() } else { text.as_bytes().to_vec() };
    Some(FoundAnswer { status, headers, body: body.into() })
}

fn pairs(rows: &Value) -> Vec<(String, String)> {
    let rows = rows.as_array().into_iter().flatten();
    rows.filter_map(|row| Some((row["name"].as_str()?.to_owned(), row["value"].as_str()?.to_owned()))).collect()
}
