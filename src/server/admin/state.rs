//! The state that all handlers share.

use std::sync::Arc;
use std::time::Duration;

use event_listener::EventListener;
use http::StatusCode;
use http::header::HOST;
use tokio::sync::Notify;

use crate::engine::{Machine, Sandbox};
use crate::fleet::Fleet;
use crate::server::access::Guard;
use crate::server::admin::briefs::{Briefs, DeliveryBrief, ParcelBrief};
use crate::server::admin::judged::Judged;
use crate::server::admin::last_verdicts::LastVerdicts;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::seats::Downloads;
use crate::server::admin::written_rows::WrittenRows;
use crate::server::clock::wall;
use crate::server::host;
use crate::server::inbox::Inboxes;
use crate::server::listen::Listener;
use crate::server::metrics::Metrics;
use crate::server::turns::Turns;
use crate::server::unmatched::UnmatchedJournal;
use crate::server::verdicts::Verdicts;
use crate::server::webhook_sender::WebhookSender;
use crate::store::Store;
use crate::world::Kind;

/// The state that all handlers share.
pub(crate) struct Admin {
    pub machine: Arc<Machine>,
    /// Wakes the ticker, after a change that may have made a delivery due.
    pub changed: Arc<Notify>,
    pub webhook_sender: Arc<WebhookSender>,
    pub inboxes: Arc<Inboxes>,
    pub unmatched: Arc<UnmatchedJournal>,
    pub metrics: Arc<Metrics>,
    pub verdicts: Arc<Verdicts>,
    pub judged: Judged,
    pub last_verdicts: LastVerdicts,
    pub downloads: Downloads,
    /// The turn of a request that may take long.
    pub turns: Turns,
    pub lists: Lists,
    /// The fleet that this process is a replica of, if it is one.
    pub fleet: Option<Arc<Fleet>>,
    /// Where this process keeps its sandboxes, if it does.
    pub store: Option<Arc<Store>>,
    pub guard: Guard,
    /// How long an advance of a clock is waited for, unless it says otherwise.
    pub advance_timeout: Duration,
    pub listeners: Vec<Listener>,
    /// Whether vendors are served by the listener of the admin API, so that their URLs can be made from its `Host` header.
    pub shares_listener: bool,
    /// Whether there is a page for browsers.
    pub has_page: bool,
    /// The name of the sandbox that is only looked at, where nothing can be changed.
    pub recording: Option<Arc<str>>,
}

/// What lists have read lately, for the next ones.
#[derive(Default)]
pub(crate) struct Lists {
    pub parcels: Briefs<ParcelBrief>,
    pub deliveries: Briefs<DeliveryBrief>,
    pub calls: WrittenRows,
}

impl Admin {
    /// The sandbox that the path names, marked as in use.
    pub fn sandbox(&self, request: &AdminRequest<'_>) -> Result<Arc<Sandbox>, Problem> {
        let sandbox = self.find(request.parameter("s"))?;
        sandbox.touch(wall());
        Ok(sandbox)
    }

    /// A future that ends when something has changed in the sandbox that the path names.
    pub fn sandbox_changed(&self, request: &AdminRequest<'_>) -> Option<EventListener> {
        self.machine.sandbox(request.parameter("s")).map(|sandbox| sandbox.listen())
    }

    /// The only sandbox that has a document of that kind and id: of all sandboxes, or of the one that the query names.
    pub fn find_owner(&self, request: &AdminRequest<'_>, kind: &Kind, id: &str) -> Result<Arc<Sandbox>, Problem> {
        let mut owners = match request.query("sandbox") {
            Some(name) => vec![self.find(name)?],
            None => self.machine.sandboxes(),
        };
        owners.retain(|sandbox| sandbox.lock().world.accounts().owner_of(kind, id).is_some());
        match owners.as_slice() {
            [] => Err(Problem::not_found(format!("there is no {} `{id}`", kind.0))),
            [sandbox] => {
                sandbox.touch(wall());
                Ok(Arc::clone(sandbox))
            }
            // Sandboxes of one seed, and copies of one sandbox, have the same ids.
            several => {
                let names: Vec<&str> = several.iter().map(|sandbox| &*sandbox.name).collect();
                let detail = format!("several sandboxes have a {} `{id}`: say `?sandbox=` and one of {}", kind.0, names.join(", "));
                Err(Problem::new(StatusCode::CONFLICT, detail))
            }
        }
    }

    /// The base URL of a vendor in a sandbox: that of its own listener, else with the address that the caller
    /// used, unless the admin API is apart.
    pub fn vendor_url(&self, request: &AdminRequest<'_>, sandbox: &Sandbox, mount: &str) -> String {
        let urls = self.machine.public_urls();
        if self.shares_listener && request.parts.headers.contains_key(HOST) {
            urls.url_from(&host::origin(request.parts), &sandbox.name, mount)
        } else {
            urls.url(&sandbox.name, mount)
        }
    }

    fn find(&self, name: &str) -> Result<Arc<Sandbox>, Problem> {
        self.machine.sandbox(name).ok_or_else(|| Problem::not_found(format!("there is no sandbox `{name}`")))
    }
}
