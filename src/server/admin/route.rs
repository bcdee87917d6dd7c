//! What a route of the admin API is.

use std::pin::Pin;

use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator};

use crate::base::text;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::AdminResponse;
use crate::server::admin::state::Admin;
use crate::server::pieces::in_pieces;

/// A handler, in the one form that the table can hold.
pub(crate) type Handler = for<'a> fn(&'a Admin, &'a AdminRequest<'a>) -> HandlerFuture<'a>;

pub(crate) type HandlerFuture<'a> = Pin<Box<dyn Future<Output = Result<AdminResponse, Problem>> + Send + 'a>>;

/// Makes the JSON Schema of a type.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Requests that the guard lets through.
    Guarded,
    /// The same, without a token.
    WithoutToken,
    /// Every request that comes from no foreign web page, with any query and body: what vendors send comes in any form.
    Receiver,
}

/// What a route does with sandboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaches {
    Nothing,
    /// It shows them, and may be run again.
    Look,
    /// It changes them in sections of its own, one after the other, and is run once.
    Own,
    Change,
    /// It makes or removes some.
    List,
}

/// The beginnings of paths that are about sandboxes.
const ABOUT_SANDBOXES: [&str; 6] = ["/sandboxes", "/reset", "/requests/{id}", "/parcels/", "/webhooks/", "/deliveries/"];

/// How many bytes of a body, and of what is in a sandbox, take long to go through.
const LONG_BODY: usize = 16 << 10;
const MUCH: usize = 128 << 10;

pub(crate) struct Route {
    pub method: Method,
    /// Below `/_seatrial`; `{…}` is a parameter.
    pub path: &'static str,
    pub summary: &'static str,
    /// Name and meaning of each query parameter.
    pub query: &'static [(&'static str, &'static str)],
    /// The schema of the body; `None` if none is taken.
    pub body: Option<SchemaOf>,
    pub success: StatusCode,
    /// Another status of a success, with the same schema.
    pub or: Option<StatusCode>,
    /// The schema of a success; `None` if it is no JSON, or empty.
    pub answer: Option<SchemaOf>,
    /// The media types that a success may have besides JSON.
    pub formats: &'static [&'static str],
    pub access: Access,
    reaches: Option<Reaches>,
    /// Whether it tells a verdict for good, as what that is based on ends.
    pub ends: bool,
    /// Whether it changes something; a GET does not.
    pub changes: bool,
    /// Whether it takes the longer, the more a sandbox has.
    pub reads_all: bool,
    handler: Handler,
}

impl Route {
    pub const fn new(method: Method, path: &'static str, success: StatusCode, handler: Handler, summary: &'static str) -> Self {
        let changes = !matches!(method, Method::GET);
        Self {
            method,
            path,
            summary,
            query: &[],
            body: None,
            success,
            or: None,
            answer: None,
            formats: &[],
            access: Access::Guarded,
            reaches: None,
            ends: false,
            changes,
            reads_all: false,
            handler,
        }
    }

    pub const fn query(mut self, query: &'static [(&'static str, &'static str)]) -> Self {
        self.query = query;
        self
    }

    pub const fn body(mut self, schema: SchemaOf) -> Self {
        self.body = Some(schema);
        self
    }

    pub const fn answer(mut self, schema: SchemaOf) -> Self {
        self.answer = Some(schema);
        self
    }

    pub const fn formats(mut self, formats: &'static [&'static str]) -> Self {
        self.formats = formats;
        self
    }

    pub const fn or(mut self, status: StatusCode) -> Self {
        self.or = Some(status);
        self
    }

    pub const fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    pub const fn that(mut self, reaches: Reaches) -> Self {
        self.reaches = Some(reaches);
        self
    }

    /// It tells a verdict for good: deliveries that are under way are waited for before.
    pub const fn ends(mut self) -> Self {
        self.ends = true;
        self.reads_all()
    }

    /// It takes the longer, the more a sandbox has.
    pub const fn reads_all(mut self) -> Self {
        self.reads_all = true;
        self
    }

    /// Nothing is changed by it, whatever its method.
    pub const fn reads(mut self) -> Self {
        self.changes = false;
        self
    }

    /// Has its handler answer, in its turn where that may take long.
    pub async fn run(&self, admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
        let named = request.parameter("s");
        let has_much = || {
            let usage = admin.machine.sandbox(named).map(|sandbox| admin.machine.usage(&sandbox));
            // Where none is named, it is about all of them.
            usage.map_or(named.is_empty(), |usage| usage.documents + usage.journal > MUCH)
        };
        let answer = (self.handler)(admin, request);
        if self.access != Access::Receiver && request.body.len() > LONG_BODY || self.reads_all && has_much() {
            return in_pieces(&admin.turns, named, answer).await;
        }
        answer.await
    }

    /// What it does with sandboxes: what it says, else what its path and its method say.
    pub fn reaches(&self) -> Reaches {
        let is_about = || ABOUT_SANDBOXES.iter().any(|begin| self.path.starts_with(begin));
        match self.reaches {
            Some(reaches) => reaches,
            None if !is_about() => Reaches::Nothing,
            None if self.method == Method::GET => Reaches::Look,
            None => Reaches::Change,
        }
    }

    /// Refuses query parameters that the route does not have, and those that are given twice.
    pub fn check_query(&self, query: &[(String, String)]) -> Result<(), Problem> {
        if self.access == Access::Receiver {
            return Ok(());
        }
        let known = || self.query.iter().map(|(name, _)| *name);
        if let Some((name, _)) = query.iter().find(|(name, _)| known().all(|known| known != name)) {
            let help = match text::nearest(name, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.query.is_empty() => "it takes none".to_owned(),
                None => format!("it takes {}", known().collect::<Vec<_>>().join(", ")),
            };
            return Err(Problem::bad_request(format!("`{}` has no `{name}` in its query; {help}", self.path)));
        }
        match known().find(|known| query.iter().filter(|(name, _)| name == known).nth(1).is_some()) {
            Some(name) => Err(Problem::bad_request(format!("`{name}` is given twice in the query; it takes one value"))),
            None => Ok(()),
        }
    }

    /// Refuses a body that says something where the route takes none. Clients that always send an object send `{}`.
    pub fn check_body(&self, body: &[u8]) -> Result<(), Problem> {
        if self.body.is_some() || self.access == Access::Receiver || matches!(body.trim_ascii(), b"" | b"{}" | b"null") {
            return Ok(());
        }
        let query = self.query.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let help = if query.is_empty() { String::new() } else { format!("; its query takes {query}") };
        Err(Problem::bad_request(format!("`{} {}` takes no body{help}", self.method, self.path)))
    }
}
