//! A request to the admin API.

use std::str::FromStr;

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::base::json;
use crate::scenario;
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

    /// The body, read from JSON or YAML by its content type; the default value when there is none.
    pub fn read<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        let body = self.body.trim_ascii();
        if body.is_empty() {
            return Ok(T::default());
        }
        if body.starts_with(b"[") {
            return Err(Problem::bad_request("the body is an object, found a list"));
        }
        if self.header(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("yaml")) {
            let text = str::from_utf8(self.body).map_err(|error| Problem::bad_request(error.to_string()))?;
            let tree = scenario::yaml(text, "body.yaml")
                .map_err(|found| Problem::bad_request(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")))?;
            T::deserialize(tree).map_err(|error| Problem::bad_request(error.to_string()))
        } else {
            if self.body.len() > UNCOUNTED && json::count_values(self.body) > VALUES {
                let detail = format!("the body has more than {VALUES} values");
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            serde_json::from_slice(self.body).map_err(|error| Problem::bad_request(error.to_string()))
        }
    }
}
