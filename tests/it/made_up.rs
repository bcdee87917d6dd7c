//! Vendors that are made up for a test, and machines and requests for tests of the engine by itself.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use seatrial::base::json::Style;
use seatrial::base::time::Timestamp;
use seatrial::engine::{DEFAULT, Dialect, DialectCx, Machine, Options, Refusal, Reply, Request, Start, Vendor};
use seatrial::scenario::{self, run::MachineVocabulary};
use seatrial::world::{Clock, Mode};
use serde_json::{Value, json};

use crate::shadow::Shadows;

/// The time at which the machines of these tests begin, and stay until they are moved.
pub fn start() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

/// A document with these paths, all of whose operations need a key.
pub fn document(paths: Value) -> Value {
    json!({"openapi": "3.0.3", "info": {"title": "Made up", "version": "1"}, "security": [{"key": []}], "paths": paths})
}

/// A vendor that has nothing but its document.
pub fn vendor(id: &'static str, document: &Value) -> Vendor {
    Vendor::new(id, document.to_string(), document.to_string())
}

/// A dialect that only words refusals.
pub fn dialect(refuse: fn(&Refusal, &DialectCx<'_>) -> Reply) -> Dialect {
    Dialect { style: Style::Compact, content_type: "application/json", refuse, statuses: &[], headers: |_, _| {} }
}

/// A machine whose default sandbox has a frozen clock. At its end, the sandboxes are what they have recorded.
pub fn machine(vendors: impl IntoIterator<Item = impl Into<Arc<Vendor>>>, options: Options) -> Machine {
    let vendors: Vec<Arc<Vendor>> = vendors.into_iter().map(Into::into).collect();
    let frozen = || Start { clock: Clock::new(Mode::Frozen, None, start()), ..Start::plain(start()) };
    let machine = Machine::new(vendors.clone(), options.clone(), frozen());
    Shadows::follow(&machine, Machine::new(vendors, options, frozen()));
    machine
}

/// Puts the default sandbox under a scenario; the problems of its text if there are any.
pub fn set_scenario(machine: &Machine, text: &str) -> Result<(), String> {
    let texts = |problems: Vec<scenario::Diagnostic>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let scenario = scenario::load(text, "test.yaml", &MachineVocabulary(machine)).map_err(texts)?;
    let staged = scenario::run::stage(machine, DEFAULT, &Arc::new(scenario), None, start()).map_err(texts)?;
    machine.replace(machine.default_sandbox(), staged).map_err(|error| error.to_string())
}

/// A request from this computer; a body is JSON unless the headers say otherwise.
pub fn request(method: Method, target: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let rows = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value")));
    let mut headers = HeaderMap::from_iter(rows);
    if !body.is_empty() {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    let (path, query, body) = (path.to_owned(), query.to_owned(), body.to_owned().into());
    Request {
        method,
        path,
        query,
        headers,
        body,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        mount: None,
        version: http::Version::HTTP_11,
        is_secure: false,
    }
}
