//! The table of the admin API's routes, its router and its OpenAPI document.

mod answers;

use http::header::ALLOW;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::base::text;
use crate::scenario::{Vocabulary, schema};
use crate::server::admin::{
    Handler, Problem, ROOT, about, clock, conversations, copies, faults, parcels, requests, sandboxes, scenarios, verify, webhooks,
};

/// One route.
pub(super) struct Route {
    pub method: Method,
    /// Below `/_seatrial`; `{…}` is a parameter.
    pub path: &'static str,
    pub summary: &'static str,
    /// What may stand in the query: name and meaning.
    pub query: &'static [(&'static str, &'static str)],
    /// The JSON Schema of the body, if one is taken.
    pub body: Option<fn() -> Value>,
    pub success: u16,
    /// The JSON Schema of a success; none where it is no JSON.
    pub answer: Option<fn() -> Value>,
    pub handler: Handler,
}

const SECRETS: &[(&str, &str)] = &[("secrets", "`show` leaves credentials readable")];

const KEEP: &[(&str, &str)] = &[("keep", "`data` goes on with the documents, the agenda and the time")];

const OF_VENDOR: &[(&str, &str)] = &[("vendor", "only those of this vendor")];

const DELIVERIES: &[(&str, &str)] = &[
    ("vendor", "only those of this vendor"),
    ("event", "only this event"),
    ("webhook", "only those of this subscription"),
    ("subject", "only about this"),
    ("progress", "only `waiting`, `sending`, `paused`, `delivered`, `failed` or `dropped` ones"),
    ("since", "only those made after this time"),
    ("limit", "at most so many, the newest ones (100)"),
    ("wait", "wait so long for a delivery, such as `5s`"),
    ("min", "how many deliveries `wait` waits for (1)"),
];

const WAIT: &[(&str, &str)] = &[("wait", "wait so long for a letter, such as `5s`"), ("min", "how many letters `wait` waits for (1)")];

const INBOX: &[(&str, &str)] = &[("status", "the status that it answers with (200)")];

const SANDBOX: &[(&str, &str)] = &[("sandbox", "where to look; every sandbox otherwise")];

macro_rules! route {
    ($method:ident $path:literal, $success:literal, $handler:expr, $summary:literal $(, query: $query:expr)? $(, body: $body:expr)? $(, answer: $answer:expr)?) => {
        Route {
            method: Method::$method,
            path: $path,
            summary: $summary,
            query: { #[allow(unused)] let query: &[(&str, &str)] = &[]; $(let query = $query;)? query },
            body: { #[allow(unused)] let body: Option<fn() -> Value> = None; $(let body: Option<fn() -> Value> = Some($body);)? body },
            success: $success,
            answer: { #[allow(unused)] let answer: Option<fn() -> Value> = None; $(let answer: Option<fn() -> Value> = Some($answer);)? answer },
            handler: $handler,
        }
    };
}

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    route!(GET "/health", 200, about::health, "whether the process answers", answer: answers::health),
    route!(GET "/version", 200, about::version, "what is running", answer: answers::version),
    route!(GET "/coverage", 200, about::coverage, "how much of each vendor has behavior", answer: answers::coverage),
    route!(GET "/openapi.json", 200, about::openapi, "this document", answer: answers::document),
    route!(GET "/specs/{vendor}", 200, about::spec, "a vendor's OpenAPI document"),
    route!(GET "/sandboxes", 200, sandboxes::list, "all sandboxes", answer: answers::sandboxes),
    route!(POST "/sandboxes", 201, sandboxes::create, "makes a sandbox with credentials of its own", body: sandboxes::create_schema, answer: answers::sandbox),
    route!(GET "/sandboxes/{s}", 200, sandboxes::get, "one sandbox with its credentials and addresses", answer: answers::sandbox),
    route!(DELETE "/sandboxes/{s}", 200, sandboxes::delete, "removes a sandbox, and says what was not as it should be; the default one stays", answer: answers::report),
    route!(POST "/sandboxes/{s}/reset", 200, sandboxes::reset, "back to the moment after the scenario was loaded", answer: answers::sandbox),
    route!(GET "/sandboxes/{s}/snapshots", 200, copies::list, "the snapshots of a sandbox", answer: answers::snapshots),
    route!(POST "/sandboxes/{s}/snapshot", 201, copies::snapshot, "keeps the state of this moment under a name", body: copies::name_schema, answer: answers::snapshot),
    route!(POST "/sandboxes/{s}/restore", 200, copies::restore, "back to a snapshot, which stays", body: copies::name_schema, answer: answers::sandbox),
    route!(DELETE "/sandboxes/{s}/snapshots/{name}", 204, copies::delete, "drops a snapshot"),
    route!(POST "/sandboxes/{s}/fork", 201, copies::fork, "opens a copy with credentials of its own", body: copies::fork_schema, answer: answers::sandbox),
    route!(GET "/sandboxes/{s}/export", 200, copies::export, "the sandbox as a file: data, time, scenario, faults", answer: answers::file),
    route!(POST "/sandboxes/{s}/import", 200, copies::import, "makes the sandbox what a file says; it is opened if there is none", body: copies::file_schema, answer: answers::sandbox),
    route!(GET "/sandboxes/{s}/clock", 200, clock::get, "the virtual time", answer: answers::clock),
    route!(PUT "/sandboxes/{s}/clock", 200, clock::put, "sets the time forward, or how it passes", body: clock::put_schema, answer: answers::clock),
    route!(POST "/sandboxes/{s}/clock/advance", 200, clock::advance, "moves the time; everything due happens", body: clock::advance_schema, answer: answers::advanced),
    route!(GET "/sandboxes/{s}/scenario", 200, scenarios::get, "the scenario at work", answer: answers::scenario),
    route!(PUT "/sandboxes/{s}/scenario", 200, scenarios::put, "begins anew under another scenario", query: KEEP, body: scenarios::put_schema, answer: answers::scenario),
    route!(GET "/sandboxes/{s}/faults", 200, faults::list, "the faults switched on by hand", answer: answers::faults),
    route!(GET "/sandboxes/{s}/faults/{name}", 200, faults::get, "one fault, and how many calls it met", answer: answers::fault),
    route!(PUT "/sandboxes/{s}/faults/{name}", 200, faults::put, "switches a fault on", body: faults::put_schema, answer: answers::fault),
    route!(DELETE "/sandboxes/{s}/faults/{name}", 204, faults::delete, "switches a fault off"),
    route!(GET "/sandboxes/{s}/requests", 200, requests::list, "the journal, oldest first", query: requests::LIST, answer: answers::entries),
    route!(DELETE "/sandboxes/{s}/requests", 204, requests::delete, "empties the journal of what the filters name", query: requests::FILTERS),
    route!(GET "/sandboxes/{s}/requests/count", 200, requests::count, "how many calls fit the filters", query: requests::COUNT, answer: answers::count),
    route!(GET "/sandboxes/{s}/requests/stream", 200, requests::stream, "calls as they happen, as server-sent events", query: requests::STREAM),
    route!(GET "/sandboxes/{s}/requests/export", 200, requests::export, "the journal for other tools", query: requests::EXPORT),
    route!(POST "/sandboxes/{s}/conversations", 200, conversations::play, "plays a recorded conversation, and tells where it goes otherwise", query: conversations::VENDOR, body: conversations::schema, answer: answers::played),
    route!(POST "/sandboxes/{s}/verify", 200, verify::verify, "whether expectations hold, by the journal", body: verify::schema, answer: answers::report),
    route!(GET "/requests/{id}", 200, requests::get, "one exchange by its `seatrial-request`", query: SECRETS, answer: requests::entry_schema),
    route!(GET "/sandboxes/{s}/parcels", 200, parcels::list, "every parcel of every vendor", answer: answers::parcels),
    route!(GET "/parcels/{tracking}", 200, parcels::get, "one parcel with its life so far", query: SANDBOX, answer: answers::parcel),
    route!(POST "/parcels/{tracking}/events", 200, parcels::event, "has something happen to a parcel now", query: SANDBOX, body: parcels::event_schema, answer: answers::parcel),
    route!(PUT "/parcels/{tracking}/timeline", 200, parcels::timeline, "puts a parcel on another timeline, from its beginning", query: SANDBOX, body: parcels::timeline_schema),
    route!(GET "/timelines", 200, parcels::timelines, "the timelines that parcels can be put on by name"),
    route!(POST "/parcels/{tracking}/next", 200, parcels::next, "makes the next step of a parcel's timeline happen now", query: SANDBOX, answer: answers::parcel),
    route!(GET "/sandboxes/{s}/webhooks", 200, webhooks::list, "subscriptions of every vendor", query: OF_VENDOR, answer: answers::webhooks),
    route!(POST "/sandboxes/{s}/webhooks", 201, webhooks::create, "subscribes, as the vendor's portal does", body: webhooks::create_schema, answer: answers::webhook),
    route!(DELETE "/webhooks/{id}", 204, webhooks::delete, "ends a subscription", query: SANDBOX),
    route!(POST "/webhooks/{id}/test", 201, webhooks::test, "sends a test event", query: SANDBOX, body: webhooks::test_schema, answer: answers::delivery),
    route!(POST "/webhooks/{id}/resume", 200, webhooks::resume, "ends a pause; what waited is sent", query: SANDBOX, answer: answers::webhook),
    route!(GET "/sandboxes/{s}/deliveries", 200, webhooks::deliveries, "what subscribers were told, oldest first", query: DELIVERIES, answer: answers::deliveries),
    route!(GET "/deliveries/{id}", 200, webhooks::delivery, "one delivery with its attempts", query: SANDBOX, answer: answers::delivery),
    route!(POST "/deliveries/{id}/redeliver", 200, webhooks::redeliver, "sends a delivery again", query: SANDBOX, answer: answers::delivery),
    route!(GET "/inbox/{name}", 200, webhooks::inbox, "what came to a built-in receiver, oldest first", query: WAIT, answer: answers::letters),
    route!(POST "/inbox/{name}", 200, webhooks::post, "receives anything from anybody", query: INBOX, answer: answers::received),
    route!(DELETE "/inbox/{name}", 204, webhooks::clear_inbox, "empties a built-in receiver"),
];

impl Route {
    /// Refuses a query that says what nobody would look at.
    pub fn knows(&self, query: &[(String, String)]) -> Result<(), Problem> {
        let known = || self.query.iter().map(|(name, _)| *name);
        let Some((name, _)) = query.iter().find(|(name, _)| known().all(|known| known != name)) else { return Ok(()) };
        let help = match text::nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.query.is_empty() => "it takes none".to_owned(),
            None => format!("it takes {}", known().collect::<Vec<_>>().join(", ")),
        };
        Err(Problem::bad(format!("`{}` has no `{name}` in its query; {help}", self.path)))
    }

    /// Whether it can be waited for.
    pub fn waits(&self) -> bool {
        self.query.iter().any(|(name, _)| *name == "wait")
    }
}

/// A route that fits, and the parameters of its path, still encoded.
pub(super) struct Found<'p> {
    pub route: &'static Route,
    pub parameters: Vec<(&'static str, &'p str)>,
}

/// The route for a method and path; the table is short, so it is simply read through.
pub(super) fn find<'p>(method: &Method, path: &'p str) -> Result<Found<'p>, Problem> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let fitting: Vec<(&'static Route, Vec<(&'static str, &'p str)>)> =
        ROUTES.iter().filter_map(|route| Some((route, fit(route.path, path)?))).collect();
    if let Some((route, parameters)) = fitting.iter().find(|(route, _)| route.method == method) {
        return Ok(Found { route, parameters: parameters.clone() });
    }
    if fitting.is_empty() {
        return Err(Problem::missing(format!("the admin API has no `{ROOT}{path}`; `{ROOT}/openapi.json` lists what it has")));
    }
    let allowed: Vec<&str> = fitting.iter().map(|(route, _)| route.method.as_str()).collect();
    let allowed = allowed.join(", ");
    Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("`{path}` takes {allowed}")).with(ALLOW, &allowed))
}

fn fit<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    let mut parameters = Vec::new();
    loop {
        match (template.next(), path.next()) {
            (None, None) => return Some(parameters),
            (Some(expected), Some(found)) => match expected.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if !found.is_empty() => parameters.push((name, found)),
                _ if expected == found => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// The OpenAPI document of the table; scenarios speak of these vendors.
pub(super) fn document(vocabulary: &dyn Vocabulary) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(format!("/_seatrial{}", route.path)).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.as_str().to_lowercase(), operation(route));
        }
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Seatrial admin API", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                },
            }},
        },
        "security": [{}, {"token": []}],
    });
    for schema in [schema::of(vocabulary), schema::conversation()] {
        if let (Some(schemas), Some(parts)) = (document["components"]["schemas"].as_object_mut(), schema["$defs"].as_object()) {
            schemas.extend(parts.iter().map(|(name, part)| (name.clone(), part.clone())));
        }
    }
    point(&mut document);
    document
}

/// Has references into the schema of scenarios, parts of which stand in several places, point to the one place in the document.
fn point(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(point),
        Value::Object(members) => {
            for own in ["$defs", "$id", "$schema"] {
                members.remove(own);
            }
            for (name, member) in members {
                match member.as_str().and_then(|target| target.strip_prefix("#/$defs/")) {
                    Some(part) if name == "$ref" => *member = format!("#/components/schemas/{part}").into(),
                    _ => point(member),
                }
            }
        }
        _ => {}
    }
}

/// A name for a route: `getSandboxesFaultsByName`. Only a parameter at the end is part of it.
fn operation_id(route: &Route) -> String {
    let mut id = route.method.as_str().to_lowercase();
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let segments: Vec<&str> = route.path.split(['/', '.']).filter(|segment| !segment.is_empty()).collect();
    for (place, segment) in segments.iter().enumerate() {
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            None => id.push_str(&capital(segment)),
            Some(name) if place + 1 == segments.len() => id.push_str(&format!("By{}", capital(name))),
            Some(_) => {}
        }
    }
    id
}

fn operation(route: &Route) -> Value {
    let in_path = route.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> =
        in_path.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})).collect();
    let in_query = route.query.iter();
    parameters
        .extend(in_query.map(|(name, meaning)| json!({"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}})));
    let problem =
        json!({"description": "no", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}});
    let success = match route.answer {
        Some(schema) => json!({"description": route.summary, "content": {"application/json": {"schema": schema()}}}),
        None if route.success == 204 => json!({"description": route.summary}),
        None => json!({"description": route.summary, "content": {"*/*": {}}}),
    };
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters,
        "responses": {route.success.to_string(): success, "default": problem},
    });
    if let (Some(schema), Some(operation)) = (route.body, operation.as_object_mut()) {
        operation.insert("requestBody".to_owned(), json!({"content": {"application/json": {"schema": schema()}}}));
    }
    operation
}
