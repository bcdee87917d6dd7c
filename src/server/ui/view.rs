//! What a page is made from: the request, and the admin API, which is asked in process.

use ::http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use ::http::request::Parts;
use ::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::text;
use crate::engine::DEFAULT;
use crate::server::admin::{self, Admin, ROOT};
use crate::server::body::Payload;
use crate::server::ui::failure::Failure;
use crate::server::ui::form::Form;
use crate::server::ui::sessions::{Sessions, cookie};

pub(super) const PAGES: &str = "/_seatrial/ui";

/// What the pages begin with that are of no sandbox.
pub(super) const OF_NO_SANDBOX: [&str; 4] = ["assets", "go", "login", "sandboxes"];

/// What a segment of a path, or a value of a query, is written without.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What says by which address the caller came.
const FORWARDED: [&str; 5] = ["forwarded", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix"];

/// Whether an address that a form sent is one of our pages.
pub(super) fn is_of_pages(address: &str) -> bool {
    let is_written = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_written && address.starts_with("/_seatrial/ui/") && !["//", "/.", "/%2e", "/%2E"].iter().any(|part| address.contains(part))
}

/// A request for a page.
pub(super) struct View<'a> {
    pub admin: &'a Admin,
    sessions: &'a Sessions,
    /// The id of the session, where callers need one.
    session: Option<String>,
    pub parts: &'a Parts,
    pub parameters: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    pub form: Form,
}

impl<'a> View<'a> {
    pub fn new(
        admin: &'a Admin,
        sessions: &'a Sessions,
        session: Option<String>,
        parts: &'a Parts,
        query: Vec<(String, String)>,
        form: Form,
    ) -> Self {
        Self { admin, sessions, session, parts, parameters: Vec::new(), query, form }
    }

    /// A parameter of the path; empty if it has none of that name.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value)
    }

    /// The sandbox of the page; the default one where the page is of none.
    pub fn sandbox(&self) -> &str {
        self.parameters.iter().find(|(name, _)| *name == "s").map_or(DEFAULT, |(_, value)| value)
    }

    /// A value of the query that is not empty.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Refuses names of the query that the page does not have.
    pub fn check_query(&self, known: &[&str]) -> Result<(), Failure> {
        let Some((name, _)) = self.query.iter().find(|(name, _)| name != "did" && !known.contains(&name.as_str())) else { return Ok(()) };
        let near = text::nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Err(Failure::new(StatusCode::BAD_REQUEST, format!("this page has no `{name}` in its query{near}")))
    }

    /// The address of a page of the sandbox, such as `/requests`.
    pub fn link(&self, rest: &str) -> String {
        link(self.sandbox(), rest)
    }

    /// A route of the admin API about the sandbox, below `/_seatrial`.
    pub fn route(&self, rest: &str) -> String {
        format!("/sandboxes/{}{rest}", segment(self.sandbox()))
    }

    /// The address of the page itself, where forms lead back to.
    pub fn here(&self) -> String {
        if self.parts.method == Method::POST {
            return self.back().unwrap_or_else(|| self.link(""));
        }
        let pairs = self.query.iter().filter(|(name, _)| name != "did");
        let query = pairs.map(|(name, value)| format!("{}={}", segment(name), segment(value))).collect::<Vec<_>>().join("&");
        let path = self.parts.uri.path();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// Where the form wants to lead back to: a page of ours.
    pub fn back(&self) -> Option<String> {
        let back = self.form.get("back");
        is_of_pages(back).then(|| back.to_owned())
    }

    /// The fields of every form: that it is ours, and where it leads back to.
    pub fn hidden(&self) -> Markup {
        html! {
            input type="hidden" name="token" value=(self.sessions.form_token(self.session.as_deref()));
            input type="hidden" name="back" value=(self.here());
        }
    }

    /// Whether nothing can be changed here.
    pub fn is_recorded(&self) -> bool {
        self.admin.recording.is_some()
    }

    /// Whether somebody has signed in.
    pub fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// Refuses a form that is not one of ours.
    pub fn check_form(&self) -> Result<(), Failure> {
        if self.sessions.is_form_token(self.session.as_deref(), self.form.get("token")) {
            return Ok(());
        }
        Err(Failure::new(StatusCode::FORBIDDEN, "the form is of another process or session; load the page again"))
    }

    /// The choice of the theme: `light`, `dark`, or none.
    pub fn theme(&self) -> Option<&'static str> {
        let chosen = cookie(self.parts, "seatrial-theme")?;
        ["light", "dark"].into_iter().find(|theme| *theme == chosen)
    }

    /// Whether the keys are switched off.
    pub fn has_no_keys(&self) -> bool {
        cookie(self.parts, "seatrial-keys") == Some("off")
    }

    /// What a route of the admin API answers, given below `/_seatrial`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let body = self.send(Method::GET, path, None).await?;
        serde_json::from_slice(&body).map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }

    /// Calls a route of the admin API with a JSON body, if any.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Bytes, Failure> {
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        self.bytes(self.ask(method, path, "application/json", &body).await?).await
    }

    /// The answer of a route of the admin API, as it is.
    pub async fn ask(&self, method: Method, path: &str, kind: &'static str, body: &Bytes) -> Result<Response<Payload>, Failure> {
        let mut request = Request::builder().method(method).uri(format!("{ROOT}{path}")).header(CONTENT_TYPE, kind);
        let names = FORWARDED.into_iter().map(HeaderName::from_static).chain([HOST]);
        for (name, value) in names.filter_map(|name| Some((name.clone(), self.parts.headers.get(name)?))) {
            request = request.header(name, HeaderValue::clone(value));
        }
        let request = request.body(()).map_err(|error| Failure::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        Ok(admin::answer_page(self.admin, &request.into_parts().0, body).await)
    }

    /// The body of an answer of the admin API, unless it is a refusal.
    pub async fn bytes(&self, response: Response<Payload>) -> Result<Bytes, Failure> {
        let status = response.status();
        let collected = response.into_body().collect().await;
        let body = collected.map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?.to_bytes();
        if status.is_success() { Ok(body) } else { Err(Failure::read(status, &body)) }
    }
}

/// The address of a page of a sandbox. Behind a sign that no name has, one that is named like a page is not taken for that.
pub(super) fn link(sandbox: &str, rest: &str) -> String {
    let sign = if OF_NO_SANDBOX.contains(&sandbox) { "@" } else { "" };
    format!("{PAGES}/{sign}{}{rest}", segment(sandbox))
}

/// A text as a segment of a path, or as a value of a query.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
