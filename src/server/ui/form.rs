//! Forms of the page, as browsers send them.

use ::http::header::CONTENT_TYPE;
use ::http::request::Parts;
use ::http::{Method, StatusCode};
use bytes::Bytes;

use crate::server::ui::failure::Failure;

/// The largest form that is read.
const MOST: usize = 1 << 20;

/// The fields of a form.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The form of a request; empty unless it is a POST.
    pub fn read(parts: &Parts, body: &Bytes) -> Result<Self, Failure> {
        if parts.method != Method::POST {
            return Ok(Self::default());
        }
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the page takes forms; programs use the admin API"));
        }
        if body.len() > MOST {
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the form is larger than 1 MiB; programs use the admin API"));
        }
        Ok(Self(form_urlencoded::parse(body).into_owned().collect()))
    }

    /// The last value of a field; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(other, _)| other == name).map_or("", |(_, value)| value.as_str())
    }

    /// The same without spaces around it, if anything is left.
    pub fn text(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|text| !text.is_empty())
    }
}
