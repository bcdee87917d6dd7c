//! The table of routes, and its router.

use std::sync::LazyLock;

use http::header::ALLOW;
use http::{Method, StatusCode};
use indexmap::IndexMap;
use matchit::Router;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use crate::contract::Report as Judged;
use crate::persist::SandboxFile;
use crate::scenario::explain::Explanation;
use crate::scenario::reference::OperationView;
use crate::scenario::run::MachineVocabulary;
use crate::scenario::schema;
use crate::scenario::verify::Report;
use crate::server::admin::agenda::{self, Agenda};
use crate::server::admin::clock::{self, Advance, Advanced, ClockView, SetClock};
use crate::server::admin::contract;
use crate::server::admin::conversations::{self, Played};
use crate::server::admin::deliveries::{self, Deliveries, DeliveryView, Redelivered};
use crate::server::admin::events;
use crate::server::admin::faults::{self, FaultView, Faults};
use crate::server::admin::files;
use crate::server::admin::fleet::{self, FleetView};
use crate::server::admin::inboxes::{self, Inbox, Inboxes, Received};
use crate::server::admin::log::{self, Log};
use crate::server::admin::meta::{self, CoverageTable, Health, Version};
use crate::server::admin::openapi;
use crate::server::admin::operations::{self, OperationList};
use crate::server::admin::page;
use crate::server::admin::parcels::{self, Event, ParcelView, Parcels, SetTimeline, Timelines};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::requests::{self, Count, EntryView, Requests, UnmatchedRequests};
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::route::{Access, Reaches, Route};
use crate::server::admin::rules::{self, BuiltIn, BuiltInText, Checked, Rules};
use crate::server::admin::sandbox_view::{SandboxView, SnapshotView};
use crate::server::admin::sandboxes::{self, CreateSandbox, Reset, Resets, Sandboxes};
use crate::server::admin::scenarios::{self, ScenarioView};
use crate::server::admin::secrets::{self, Redacted};
use crate::server::admin::snapshots::{self, Fork, SnapshotName, Snapshots};
use crate::server::admin::state::Admin;
use crate::server::admin::verify::{self, Verdicts};
use crate::server::admin::webhooks::{self, CreateWebhook, TestWebhook, WebhookView, Webhooks};

/// Path of the admin API.
pub(crate) const ROOT: &str = "/_seatrial";

const CONVERSATION: &[(&str, &str)] = &[("vendor", "whom the conversation is with, such as `shippo`")];

const INBOX: &[(&str, &str)] = &[
    ("sandbox", "only webhooks of the sandbox with this name, which `min` counts then"),
    ("wait", "wait so long for a letter, such as `5s`"),
    ("min", "how many letters `wait` waits for (1)"),
    ("before", "only letters before the one with this number"),
    ("limit", "at most so many, the newest ones"),
    secrets::QUERY,
];

const KEEP: &[(&str, &str)] = &[("keep", "`data` goes on with the documents, the agenda and the time")];

const OF_VENDOR: &[(&str, &str)] = &[("vendor", "only those of this vendor"), page::AFTER, secrets::QUERY];

const PAGES: &[(&str, &str)] = &[page::AFTER];

const RECEIVE: &[(&str, &str)] = &[(
    "status",
    "the status that it answers with (200); several, with commas between them, are for one letter after the other, and the last goes on",
)];

const SANDBOX: &[(&str, &str)] = &[("sandbox", "where to look; every sandbox otherwise")];

const SECRETS: &[(&str, &str)] = &[secrets::QUERY];

const OF_SANDBOX: &[(&str, &str)] = &[SANDBOX[0], secrets::QUERY];

/// A route. `STATUS Type` is a JSON document of the type that the handler returns, `NO_CONTENT` an empty answer, and a status alone
/// one that the handler makes itself.
macro_rules! route {
    ($method:ident $path:literal, NO_CONTENT, $handler:path, $summary:literal) => {
        Route::new(
            Method::$method,
            $path,
            StatusCode::NO_CONTENT,
            |admin, request| {
                Box::pin(async move {
                    let (): () = $handler(admin, request).await?;
                    Ok(response::no_content())
                })
            },
            $summary,
        )
    };
    ($method:ident $path:literal, $status:ident $answer:ty, $handler:path, $summary:literal) => {
        Route::new(
            Method::$method,
            $path,
            StatusCode::$status,
            |admin, request| {
                Box::pin(async move {
                    let answer: $answer = $handler(admin, request).await?;
                    Ok(response::json(StatusCode::$status, &answer))
                })
            },
            $summary,
        )
        .answer(of::<$answer>)
    };
    ($method:ident $path:literal, $status:ident, $handler:path, $summary:literal) => {
        Route::new(Method::$method, $path, StatusCode::$status, |admin, request| Box::pin($handler(admin, request)), $summary)
    };
}

/// All routes, in the order of the OpenAPI document.
pub(crate) static ROUTES: &[Route] = &[
    route!(GET "/health", OK Health, meta::health, "the same as `/readyz`").access(Access::WithoutToken),
    route!(GET "/livez", OK Health, meta::live, "whether the process lives").access(Access::WithoutToken),
    route!(GET "/readyz", OK Health, meta::health, "whether everything listens: calls are answered").access(Access::WithoutToken),
    route!(GET "/version", OK Version, meta::version, "what is running"),
    route!(GET "/metrics", OK, meta::metrics, "figures for monitoring, as OpenMetrics text"),
    route!(GET "/fleet", OK FleetView, fleet::get, "the replicas that share the sandboxes"),
    route!(GET "/coverage", OK CoverageTable, meta::coverage, "how much of each vendor has behavior"),
    route!(GET "/openapi.json", OK, document, "this document").answer(document_schema),
    route!(GET "/specs/{vendor}", OK, meta::spec, "a vendor's OpenAPI document"),
    route!(GET "/vendors/{vendor}/operations", OK OperationList, operations::list, "what a vendor can be asked, with calls that work")
        .query(operations::QUERY),
    route!(GET "/vendors/{vendor}/operations/{operation}", OK OperationView, operations::get, "one operation of a vendor")
        .query(operations::QUERY),
    route!(GET "/sandboxes", OK Sandboxes, sandboxes::list, "all sandboxes").query(sandboxes::LIST),
    route!(POST "/sandboxes", CREATED SandboxView, sandboxes::create, "makes a sandbox with credentials of its own")
        .body(of::<CreateSandbox>).that(Reaches::List),
    route!(GET "/sandboxes/{s}", OK SandboxView, sandboxes::get, "one sandbox with its credentials and addresses"),
    route!(DELETE "/sandboxes/{s}", OK Redacted<Report>, sandboxes::delete, "removes a sandbox but the default one, and says what was not as it should be")
        .query(SECRETS).that(Reaches::List).ends(),
    route!(POST "/sandboxes/{s}/reset", OK SandboxView, sandboxes::reset, "back to when the scenario was loaded").body(of::<Reset>).ends(),
    route!(POST "/reset", OK Resets, sandboxes::reset_all, "resets all sandboxes").ends(),
    route!(GET "/sandboxes/{s}/snapshots", OK Snapshots, snapshots::list, "the snapshots of a sandbox"),
    route!(POST "/sandboxes/{s}/snapshot", CREATED SnapshotView, snapshots::create, "keeps the state of this moment under a name")
        .body(of::<SnapshotName>),
    route!(POST "/sandboxes/{s}/restore", OK SandboxView, snapshots::restore, "back to a snapshot, which stays")
        .body(of::<SnapshotName>).ends(),
    route!(DELETE "/sandboxes/{s}/snapshots/{name}", NO_CONTENT, snapshots::delete, "drops a snapshot"),
    route!(POST "/sandboxes/{s}/fork", CREATED SandboxView, snapshots::fork, "opens a copy with credentials of its own")
        .body(of::<Fork>)
        .that(Reaches::List),
    route!(GET "/sandboxes/{s}/export", OK, files::export, "the sandbox as a file: data, time, scenario, faults")
        .query(files::QUERY).answer(of::<SandboxFile>).reads_all(),
    route!(POST "/sandboxes/{s}/import", OK SandboxView, files::import, "makes the sandbox what a file says; it is opened if there is none")
        .body(of::<SandboxFile>).that(Reaches::List).ends(),
    route!(GET "/sandboxes/{s}/clock", OK ClockView, clock::get, "the virtual time"),
    route!(PUT "/sandboxes/{s}/clock", OK ClockView, clock::put, "sets the time forward, or how it passes")
        .body(of::<SetClock>)
        .that(Reaches::Own),
    route!(POST "/sandboxes/{s}/clock/advance", OK, clock::advance, "moves the time; everything due happens")
        .body(of::<Advance>)
        .answer(of::<Advanced>)
        .or(StatusCode::ACCEPTED).that(Reaches::Own),
    route!(GET "/sandboxes/{s}/log", OK Redacted<Log>, log::list, "what was done to a sandbox besides calls").query(log::QUERY),
    route!(GET "/sandboxes/{s}/agenda", OK Agenda, agenda::list, "what will happen, soonest first").query(agenda::QUERY),
    route!(GET "/sandboxes/{s}/scenario", OK ScenarioView, scenarios::get, "the scenario at work"),
    route!(PUT "/sandboxes/{s}/scenario", OK ScenarioView, scenarios::put, "begins anew under another scenario")
        .query(KEEP).body(|_| written(schema::skeleton())).ends(),
    route!(GET "/sandboxes/{s}/scenario/rules", OK Rules, rules::list, "what overrides and timelines have done so far"),
    route!(GET "/scenarios", OK BuiltIn, rules::built_in, "the scenarios that are built in"),
    route!(GET "/scenarios/{name}", OK BuiltInText, rules::built_in_text, "a scenario that is built in, with its text"),
    route!(POST "/scenarios/check", OK Checked, rules::check, "what is wrong with a scenario").body(|_| written(schema::skeleton())).reads(),
    route!(GET "/sandboxes/{s}/stream", OK, events::stream, "what happens, as server-sent events").query(events::QUERY),
    route!(GET "/sandboxes/{s}/faults", OK Faults, faults::list, "the faults switched on by hand").query(PAGES),
    route!(GET "/sandboxes/{s}/faults/{name}", OK FaultView, faults::get, "one fault, and how many calls it met"),
    route!(PUT "/sandboxes/{s}/faults/{name}", OK FaultView, faults::put, "switches a fault on").body(|_| written(faults::body())),
    route!(DELETE "/sandboxes/{s}/faults/{name}", NO_CONTENT, faults::delete, "switches a fault off"),
    route!(GET "/sandboxes/{s}/requests", OK Requests, requests::list, "the journal, oldest first").query(requests::LIST).reads_all(),
    route!(DELETE "/sandboxes/{s}/requests", NO_CONTENT, requests::delete, "empties the journal of what the filters name")
        .query(requests::FILTERS).reads_all(),
    route!(GET "/sandboxes/{s}/requests/count", OK Count, requests::count, "how many calls fit the filters")
        .query(requests::COUNT)
        .reads_all(),
    route!(GET "/sandboxes/{s}/requests/stream", OK, requests::stream, "calls as they happen, as server-sent events")
        .query(requests::STREAM),
    route!(GET "/sandboxes/{s}/requests/export", OK, requests::export, "the journal for other tools").query(requests::EXPORT).reads_all(),
    route!(POST "/sandboxes/{s}/conversations", OK Played, conversations::play, "plays a recorded conversation, and tells where it goes otherwise")
        .query(CONVERSATION).body(|_| written(schema::conversation())).that(Reaches::Own),
    route!(GET "/sandboxes/{s}/contract", OK, contract::report, "how calls depart from the documents")
        .query(contract::QUERY)
        .answer(of::<Redacted<Judged>>)
        .formats(contract::MEDIA_TYPES).reads_all(),
    route!(POST "/sandboxes/{s}/verify", OK, verify::verify, "whether expectations hold, by the journal")
        .query(verify::QUERY)
        .body(|_| written(verify::body()))
        .answer(of::<Redacted<Report>>)
        .formats(&["text/plain; charset=utf-8", "application/xml", "application/sarif+json"]).that(Reaches::Look).reads().reads_all(),
    route!(GET "/verdicts", OK Verdicts, verify::list, "the verdicts on sandboxes that ended, and expected something"),
    route!(GET "/requests/unmatched", OK UnmatchedRequests, requests::list_unmatched, "requests that met nothing, with hints").query(requests::UNMATCHED),
    route!(DELETE "/requests/unmatched", NO_CONTENT, requests::clear_unmatched, "forgets the requests that met nothing"),
    route!(GET "/requests/{id}", OK EntryView, requests::get, "one exchange by its `seatrial-request`").query(SECRETS),
    route!(GET "/requests/{id}/explain", OK Redacted<Explanation>, requests::explain, "what overrides and faults made of an exchange, and why")
        .query(SECRETS),
    route!(GET "/requests/{id}/export", OK, requests::export_one, "one exchange for other tools").query(requests::EXPORT_ONE),
    route!(GET "/sandboxes/{s}/parcels", OK Parcels, parcels::list, "every parcel of every vendor").query(parcels::LIST),
    route!(GET "/parcels/{tracking}", OK ParcelView, parcels::get, "one parcel with its life so far").query(SANDBOX),
    route!(GET "/parcels/{tracking}/label", OK, parcels::label, "the label of a parcel as a picture, PDF or ZPL").query(parcels::LABEL),
    route!(POST "/parcels/{tracking}/events", OK ParcelView, parcels::event, "has something happen to a parcel now").query(SANDBOX).body(of::<Event>),
    route!(PUT "/parcels/{tracking}/timeline", OK ParcelView, parcels::timeline, "puts a parcel on another timeline, from its beginning").query(SANDBOX).body(of::<SetTimeline>),
    route!(GET "/timelines", OK Timelines, parcels::timelines, "the timelines that parcels can be put on by name"),
    route!(POST "/parcels/{tracking}/next", OK ParcelView, parcels::next, "makes the next step of a parcel's timeline happen now").query(SANDBOX),
    route!(GET "/sandboxes/{s}/webhooks", OK Redacted<Webhooks>, webhooks::list, "subscriptions of every vendor").query(OF_VENDOR),
    route!(POST "/sandboxes/{s}/webhooks", CREATED WebhookView, webhooks::create, "subscribes, as the vendor's portal does").body(of::<CreateWebhook>),
    route!(DELETE "/webhooks/{id}", NO_CONTENT, webhooks::delete, "ends a subscription").query(SANDBOX),
    route!(POST "/webhooks/{id}/test", CREATED Redacted<DeliveryView>, webhooks::test, "sends a test event").query(OF_SANDBOX).body(of::<TestWebhook>),
    route!(POST "/webhooks/{id}/resume", OK Redacted<WebhookView>, webhooks::resume, "ends a pause; what waited is sent").query(OF_SANDBOX),
    route!(GET "/sandboxes/{s}/deliveries", OK Redacted<Deliveries>, deliveries::list, "what subscribers were told, oldest first").query(deliveries::QUERY),
    route!(POST "/sandboxes/{s}/deliveries/redeliver", OK Redelivered, deliveries::redeliver_all, "sends all that have failed again")
        .query(deliveries::FILTERS),
    route!(GET "/deliveries/{id}", OK Redacted<DeliveryView>, deliveries::get, "one delivery with its attempts").query(OF_SANDBOX),
    route!(POST "/deliveries/{id}/redeliver", OK Redacted<DeliveryView>, deliveries::redeliver, "sends a delivery again").query(OF_SANDBOX),
    route!(GET "/inboxes", OK Inboxes, inboxes::list, "the built-in receivers that there are, by name"),
    route!(GET "/inbox/{name}", OK Inbox, inboxes::get, "what came to a built-in receiver, oldest first").query(INBOX),
    route!(POST "/inbox/{name}", OK, inboxes::receive, "receives a webhook").query(RECEIVE).answer(of::<Received>).access(Access::Receiver),
    route!(DELETE "/inbox/{name}", NO_CONTENT, inboxes::clear, "empties a built-in receiver"),
];

/// The schema of a type.
fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A schema that is kept as a file.
fn written(schema: Value) -> Schema {
    schema.try_into().expect("a schema file is an object")
}

async fn document(admin: &Admin, _: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    Ok(response::json(StatusCode::OK, &openapi::document(ROOT, ROUTES, &MachineVocabulary(&admin.machine))))
}

fn document_schema(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({"type": "object", "required": ["openapi", "paths"]})
}

/// A route that fits, and the parameters of its path, still encoded.
pub(crate) struct Found<'p> {
    pub route: &'static Route,
    pub parameters: Vec<(&'static str, &'p str)>,
}

/// The route of a method and a path below [`ROOT`].
pub(crate) fn find<'p>(method: &Method, path: &'p str) -> Result<Found<'p>, Problem> {
    static ROUTER: LazyLock<Router<Vec<&'static Route>>> = LazyLock::new(router);
    let slashes = if path.contains("//") { " (it has two slashes in a row)" } else { "" };
    let missing = || Problem::not_found(format!("the admin API has no `{ROOT}{path}`{slashes}; `{ROOT}/openapi.json` lists what it has"));
    let found = ROUTER.at(path).map_err(|_| missing())?;
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let Some(route) = found.value.iter().find(|route| route.method == method) else {
        let allowed = found.value.iter().map(|route| route.method.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("`{path}` takes {allowed}")).with_header(ALLOW, &allowed));
    };
    Ok(Found { route, parameters: found.params.iter().collect() })
}

fn router() -> Router<Vec<&'static Route>> {
    let mut by_path: IndexMap<&str, Vec<&'static Route>> = IndexMap::new();
    for route in ROUTES {
        by_path.entry(route.path).or_default().push(route);
    }
    let mut router = Router::new();
    for (path, routes) in by_path {
        router.insert(path, routes).expect("the paths of the table are valid and distinct");
    }
    router
}
