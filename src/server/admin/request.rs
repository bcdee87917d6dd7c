//! A request to the admin API.

use std::str::FromStr;

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::Value;

use crate::base::json;
use crate::scenario::{self, ReadBody};
use crate::server::admin::problem::Problem;

/// How many values a body may have; each takes many times its bytes once it is read.
const VALUES: usize = 50_000;

/// Bodies up to this size cannot have so many values that it matters.
const UNCOUNTED: usize = 64 * 1024;

/// A request that fits a route.
pub(crate) struct AdminRequest<'a> {
    pub parameters: Vec<(&'a str, String)>,
    /// Names and values of the query, percent-decoded.
    pub query: Vec<(String, String)>,
    pub body: &'a Bytes,
    pub parts: &'a Parts,
}

impl AdminRequest<'_> {
    /// A path parameter; empty if the route has none of that name.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value)
    }

    /// The last value of that name in the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// A number in the query.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let parse = |text: &str| text.parse().map_err(|_| Problem::bad_request(format!("`{name}` is a number, found `{text}`")));
        self.query(name).map(parse).transpose()
    }

    /// The value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The members of the body, read from JSON or YAML by its content type; without a body, there are none.
    pub fn read<T: ReadBody>(&self) -> Result<T, Problem> {
        let is_json = !self.is_yaml();
        let file = if is_json { "body.json" } else { "body.yaml" };
        scenario::body(self.text()?, file, is_json).map_err(Problem::unreadable)
    }

    /// The body as it is; `null` when there is none.
    pub fn tree(&self) -> Result<Value, Problem> {
        let text = self.text()?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        if self.is_yaml() {
            return scenario::yaml(text, "body.yaml").map_err(Problem::unreadable);
        }
        serde_json::from_str(text).map_err(|error| Problem::bad_request(error.to_string()))
    }

    fn is_yaml(&self) -> bool {
        self.header(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("yaml"))
    }

    fn text(&self) -> Result<&str, Problem> {
        if self.body.len() > UNCOUNTED && json::count_values(self.body) > VALUES {
            let detail = format!("the body has more than {VALUES} values");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        str::from_utf8(self.body).map_err(|error| Problem::bad_request(format!("the body is not UTF-8: {error}")))
    }
}
