//! The built-in webhook receivers.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use crate::fleet::Fault;
use crate::server::access::AdminAuth;
use crate::server::admin::long_poll::long_poll;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::secrets::{self, AllNames, Secrets};
use crate::server::admin::shared::{away, away_in_public};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::inbox::{self, InboxSummary, ReceivedRequest, ReceivedView};

/// How often an inbox that replicas share is looked at for those who wait.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

#[derive(Serialize, JsonSchema)]
pub(crate) struct Inbox {
    /// What it holds, or what fits the query, oldest first.
    #[schemars(with = "Vec<ReceivedView<'static>>")]
    letters: Letters,
    /// How many it holds, whatever is asked for.
    kept: usize,
    /// How many it ever received.
    received: u64,
}

/// The requests of an inbox, read while they are written, with secrets or without.
pub(crate) struct Letters(Vec<Arc<ReceivedRequest>>, Secrets, AllNames);

impl Serialize for Letters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
        for request in &self.0 {
            match self.1 {
                Secrets::Shown => rows.serialize_element(&request.view())?,
                Secrets::Hidden => rows.serialize_element(&secrets::letter(request, &self.2).view())?,
            }
        }
        rows.end()
    }
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<Inbox, Problem> {
    let secrets = Secrets::read(request)?;
    let names = AllNames::of(&admin.machine);
    let (before, limit) = (request.number("before")?.unwrap_or(u64::MAX), request.number("limit")?.unwrap_or(usize::MAX));
    let (name, sandbox) = (name(request)?, request.query("sandbox"));
    admin.inboxes.copy(name, true).await.map_err(|fault| away(&fault))?;
    let look = || {
        let (mut letters, received) = admin.inboxes.read(name);
        let kept = letters.len();
        letters.retain(|letter| sandbox.is_none_or(|sandbox| letter.sandbox().as_deref() == Some(sandbox)));
        let found = letters.len();
        letters.retain(|letter| letter.number < before);
        letters.drain(..letters.len().saturating_sub(limit));
        Ok((Inbox { letters: Letters(letters, secrets, names.clone()), kept, received }, found))
    };
    let polled = long_poll(request, || Some(admin.inboxes.listen()), look);
    tokio::select! {
        answered = polled => answered,
        fault = follow(admin, name) => Err(away(&fault)),
    }
}

/// The most bytes of the name of an inbox.
const NAME: usize = 255;

/// The name of an inbox. Those with control characters are of replicas among themselves.
fn name<'r>(request: &'r AdminRequest<'_>) -> Result<&'r str, Problem> {
    let name = request.parameter("name");
    if name.len() > NAME || name.chars().any(char::is_control) {
        return Err(Problem::bad_request("the name of an inbox has at most 255 bytes, and no control characters"));
    }
    Ok(name)
}

/// Goes on copying an inbox that replicas share, until that fails.
async fn follow(admin: &Admin, name: &str) -> Fault {
    if !admin.inboxes.are_shared() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(fault) = admin.inboxes.copy(name, true).await {
            return fault;
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Inboxes {
    inboxes: Vec<InboxSummary>,
}

pub(crate) async fn list(admin: &Admin, _: &AdminRequest<'_>) -> Result<Inboxes, Problem> {
    Ok(Inboxes { inboxes: admin.inboxes.all().await.map_err(|fault| away(&fault))? })
}

pub(crate) async fn clear(admin: &Admin, request: &AdminRequest<'_>) -> Result<(), Problem> {
    admin.inboxes.remove(name(request)?).await.map_err(|fault| away(&fault))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Received {
    received: bool,
}

/// Receives a request, and answers with the status that the query names.
pub(crate) async fn receive(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let answers = inbox::answers(&request.query).map_err(|_| Problem::bad_request("`status` is a number from 200 to 999, or several"))?;
    let name = name(request)?;
    let needs_reader = matches!(admin.guard.auth, AdminAuth::Token(_));
    if needs_reader {
        admin.inboxes.copy(name, false).await.map_err(|fault| away_in_public(&fault))?;
    }
    if needs_reader && !admin.inboxes.has(name) {
        return Err(Problem::not_found(format!("there is no inbox `{name}`: read it once with the token, then it receives")));
    }
    let (query, mut headers) = (request.parts.uri.query().unwrap_or_default(), request.parts.headers.clone());
    headers.remove(inbox::SANDBOX);
    let status = admin.inboxes.next_answer(name, query, &headers, &answers).await.map_err(|fault| away_in_public(&fault))?;
    let status = status.ok_or_else(|| Problem::bad_request("`status=none` is for webhooks of this server alone: others are answered"))?;
    admin.inboxes.receive(name, query, &headers, request.body, wall(), None).await.map_err(|fault| away_in_public(&fault))?;
    Ok(response::json(status, &Received { received: status.is_success() }))
}
