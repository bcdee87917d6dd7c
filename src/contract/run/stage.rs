//! Where a conversation is held: the vendor's address, and what of a sandbox is reached by the admin API of its server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::contract::presence::Absence;
use crate::engine::Machine;
use crate::net::{Client, ClientError, Reply, Trust};
use crate::scenario::Story;
use crate::scenario::conversation::{CredentialMap, HOST_NAME, PlannedCall, ReceivedWebhook, Script, account_rows};
use crate::scenario::story::Subscribe;
use crate::scenario::verify::Report;

/// When conversations happen, unless their scenario says otherwise.
const START: &str = "2026-01-05T09:00:00Z";
/// The seed of sandboxes that are made for conversations.
pub const SEED: u64 = 42;

#[derive(Clone, Debug)]
pub struct Server {
    pub base_url: String,
    /// The bearer token of its admin API.
    pub token: Option<String>,
    pub trust: Trust,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// Names that conversations refer to as `{{env.NAME}}`, and credentials of a vendor, by the names of their variables.
    pub environment: BTreeMap<String, String>,
}

/// What stands at the base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The vendor itself, or a server that stands in for it.
    Vendor,
    /// A server of ours, of which this sandbox is called.
    Sandbox(String),
    /// A server of ours. Each conversation has a sandbox of its own, with this seed unless its scenario has one.
    Isolated(u64),
}

/// Why a server does not do what a step needs.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the token cannot be sent in a header")]
    Token,
    #[error("{method} {path} is answered with {status}: {body:.400}")]
    Refused { method: Method, path: String, status: u16, body: String },
    #[error("what answers is no Seatrial server, or one of another version: {0}")]
    Foreign(#[from] serde_json::Error),
    #[error("the server has no vendor at `{0}`")]
    NoVendor(String),
    #[error("only a sandbox has webhooks that can be looked at")]
    NoSandbox,
    #[error(transparent)]
    Absent(#[from] Absence),
}

pub(super) struct Stage {
    pub mount: String,
    pub credentials: CredentialMap,
    vendor: Client,
    /// The vendor's base URL, and what conversations have in its place.
    base: [String; 2],
    pub inbox: String,
    environment: BTreeMap<String, String>,
    sandbox: Option<Sandbox>,
}

/// A sandbox and the admin API that it is reached by.
struct Sandbox {
    admin: Admin,
    name: String,
    /// Whether it was made for the conversation.
    is_own: bool,
    has_webhooks: bool,
    /// Delivery and attempt of the webhooks that were looked at.
    seen: BTreeSet<(String, usize)>,
    /// Ids of subscriptions, by what the conversation calls them.
    subscribed: BTreeMap<String, String>,
}

struct Admin {
    client: Client,
    headers: HeaderMap,
}

/// What is read of a sandbox, as the admin API shows it.
#[derive(Deserialize)]
struct SandboxView {
    name: String,
    credentials: BTreeMap<String, Vec<Map<String, Value>>>,
    urls: BTreeMap<String, String>,
}

/// A subscription that was made.
#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Deliveries {
    deliveries: Vec<Delivery>,
}

#[derive(Deserialize)]
struct Delivery {
    id: String,
    event: String,
    subject: String,
    request: Sent,
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Sent {
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
}

#[derive(Deserialize)]
struct Attempt {
    at: crate::base::time::Timestamp,
    #[serde(default)]
    number: u64,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    answered: Option<Value>,
}

/// Asks whether anything is there, and, where it has to be a server of ours, whether it is one.
pub(super) async fn probe(server: &Server, target: &Target) -> Result<(), StageError> {
    let client = Client::new(server.base_url.trim_end_matches('/'), server.trust.clone(), server.timeout)?;
    match target {
        Target::Vendor => Ok(client.reach().await?),
        _ => Admin::new(client, server.token.as_deref())?.ask(Method::GET, "/version", None).await.map(drop),
    }
}

impl Stage {
    /// Prepares the target for a conversation.
    pub async fn open(machine: &Machine, server: &Server, target: &Target, story: &Story, mount: &str) -> Result<Self, StageError> {
        let usual = machine.usual_credentials(mount);
        let rows = account_rows(&usual);
        let canonical = format!("http://{HOST_NAME}/{mount}");
        let base_url = server.base_url.trim_end_matches('/');
        let client = |url: &str| Client::new(url, server.trust.clone(), server.timeout);
        let (name, is_own) = match target {
            Target::Vendor => {
                let theirs: Vec<_> =
                    (0..).zip(&usual).map(|(index, row)| of_environment(&server.environment, mount, index, &row.fields)).collect();
                return Ok(Self {
                    mount: mount.to_owned(),
                    credentials: CredentialMap::to_rows(machine, mount, &theirs),
                    vendor: client(base_url)?,
                    base: [base_url.to_owned(), canonical],
                    inbox: String::new(),
                    environment: server.environment.clone(),
                    sandbox: None,
                });
            }
            Target::Sandbox(name) => (name.clone(), None),
            Target::Isolated(seed) => (String::new(), Some(*seed)),
        };
        let admin = Admin::new(client(base_url)?, server.token.as_deref())?;
        let view = match is_own {
            None => admin.ask(Method::GET, &format!("/sandboxes/{name}"), None).await?,
            Some(seed) => admin.ask(Method::POST, "/sandboxes", Some(&sandbox_of(story, &new_name(), seed, mount, rows))).await?,
        };
        let SandboxView { name, credentials, urls } = serde_json::from_value(view)?;
        let url = urls.get(mount).ok_or_else(|| StageError::NoVendor(mount.to_owned()))?;
        let mut credentials = CredentialMap::to_rows(machine, mount, credentials.get(mount).into_iter().flatten());
        // What a scenario writes itself is what its conversation means.
        let written = story.scenario_text.as_ref().map(Value::to_string).unwrap_or_default();
        credentials.without(|theirs| is_own.is_some() && written.contains(&Value::from(theirs).to_string()));
        Ok(Self {
            mount: mount.to_owned(),
            credentials,
            vendor: client(url)?,
            base: [url.clone(), canonical],
            inbox: format!("{base_url}/_seatrial/inbox/{name}"),
            environment: server.environment.clone(),
            sandbox: Some(Sandbox {
                admin,
                name,
                is_own: is_own.is_some(),
                has_webhooks: story.has_webhooks(),
                seen: BTreeSet::new(),
                subscribed: BTreeMap::new(),
            }),
        })
    }

    /// The beginning of a conversation here.
    pub fn script(&self, story: &std::sync::Arc<Story>) -> Script {
        let name = self.sandbox.as_ref().map_or("", |sandbox| &sandbox.name);
        let mut script = Script::new(story, &self.mount, name, &self.inbox, self.credentials.clone());
        for (name, value) in &self.environment {
            let name = format!("env.{name}");
            if story.source.text.contains(&format!("{{{{{name}}}}}")) {
                script.save(&name, value.as_str().into());
            }
        }
        script
    }

    /// Sends a call; its answer has the addresses that conversations are written with.
    pub async fn send(&self, planned: &PlannedCall) -> Result<Reply, ClientError> {
        let query = if planned.query.is_empty() { String::new() } else { format!("?{}", planned.query) };
        let target = format!("{}{query}", planned.path);
        let mut reply = self.vendor.send(planned.method.clone(), &target, planned.own_headers(), planned.body.clone()).await?;
        if let Ok(text) = std::str::from_utf8(&reply.body)
            && let Some(text) = self.at_home(text)
        {
            reply.body = text.into();
        }
        for value in reply.headers.values_mut() {
            let other = value.to_str().ok().and_then(|text| self.at_home(text));
            if let Some(other) = other.and_then(|text| HeaderValue::try_from(text).ok()) {
                *value = other;
            }
        }
        Ok(reply)
    }

    /// A text with the addresses that conversations are written with, if it has others.
    fn at_home(&self, text: &str) -> Option<String> {
        let [own, canonical] = &self.base;
        let escaped = |url: &str| url.replace('/', "\\/");
        let in_forms = |url: &str| form_urlencoded::byte_serialize(url.as_bytes()).collect::<String>();
        // Paths alone name the sandbox too.
        let path = self.sandbox.as_ref().map(|sandbox| (format!("/@{}/", sandbox.name), "/".to_owned()));
        let written = [(own.clone(), canonical.clone()), (escaped(own), escaped(canonical)), (in_forms(own), in_forms(canonical))];
        let mut found = None;
        for (own, canonical) in written.into_iter().chain(path) {
            let before = found.as_deref().unwrap_or(text);
            if own != canonical && before.contains(&own) {
                found = Some(before.replace(&own, &canonical));
            }
        }
        found
    }

    /// Moves the clock, or waits where it is not ours to move.
    pub async fn advance(&self, by: SignedDuration) -> Result<(), StageError> {
        match &self.sandbox {
            Some(sandbox) => sandbox.advance(by).await,
            None => {
                tokio::time::sleep(Duration::try_from(by).unwrap_or_default()).await;
                Ok(())
            }
        }
    }

    /// Has the webhooks delivered that a call caused, where the conversation is about them.
    pub async fn settle(&self) -> Result<(), StageError> {
        match self.sandbox.as_ref().filter(|sandbox| sandbox.has_webhooks) {
            Some(sandbox) => sandbox.advance(SignedDuration::ZERO).await,
            None => Ok(()),
        }
    }

    pub async fn subscribe(&mut self, wanted: &Subscribe, number: usize) -> Result<(), StageError> {
        let sandbox = self.sandbox.as_mut().ok_or(StageError::NoSandbox)?;
        let status = wanted.query(number);
        let mut body = json!({
            "vendor": wanted.vendor.as_deref().unwrap_or(&self.mount),
            "url": format!("{}{status}", self.inbox),
            "format": wanted.format,
        });
        if !wanted.events.is_empty() {
            body["events"] = wanted.events.as_slice().into();
        }
        if let Some(account) = &wanted.account {
            body["account"] = account.as_str().into();
        }
        if let Some(secret) = &wanted.secret {
            body["secret"] = secret.as_str().into();
        }
        let made = sandbox.admin.ask(Method::POST, &format!("/sandboxes/{}/webhooks", sandbox.name), Some(&body)).await?;
        if let Some(name) = &wanted.name {
            sandbox.subscribed.insert(name.clone(), Made::deserialize(made)?.id);
        }
        Ok(())
    }

    pub async fn unsubscribe(&self, name: &str) -> Result<(), StageError> {
        let sandbox = self.sandbox.as_ref().ok_or(StageError::NoSandbox)?;
        let id = sandbox.subscribed.get(name).map_or("none", |id| id);
        sandbox.admin.ask(Method::DELETE, &format!("/webhooks/{id}?sandbox={}", sandbox.name), None).await.map(drop)
    }

    /// The webhooks that arrived since the last look, in order.
    pub async fn webhooks(&mut self) -> Result<Vec<ReceivedWebhook>, StageError> {
        let sandbox = self.sandbox.as_mut().ok_or(StageError::NoSandbox)?;
        let path = format!("/sandboxes/{}/deliveries?secrets=show&limit=1000", sandbox.name);
        let Deliveries { deliveries } = serde_json::from_value(sandbox.admin.ask(Method::GET, &path, None).await?)?;
        let mut fresh = Vec::new();
        for row in deliveries.into_iter().filter(|row| row.request.url.starts_with(&self.inbox)) {
            for (number, attempt) in row.attempts.iter().enumerate().filter(|(_, attempt)| attempt.answered.is_some()) {
                if sandbox.seen.insert((row.id.clone(), number)) {
                    let headers = row.request.headers.iter().chain(&attempt.headers);
                    fresh.push((
                        (attempt.at, attempt.number),
                        row.event.clone(),
                        row.subject.clone(),
                        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
                        row.request.body.clone(),
                    ));
                }
            }
        }
        fresh.sort_by_key(|(order, ..)| *order);
        let webhook = |((at, _), event, subject, headers, signed): (_, _, _, _, String)| {
            let body = self.at_home(&signed).unwrap_or_else(|| signed.clone());
            ReceivedWebhook { at, event, subject, headers, body, signed: Some(signed) }
        };
        Ok(fresh.into_iter().map(webhook).collect())
    }

    /// Removes what was made for the conversation. The findings on what its scenario expects come with that; `None` where nobody is
    /// judged.
    pub async fn close(self) -> Result<Option<Report>, StageError> {
        let Some(sandbox) = self.sandbox.filter(|sandbox| sandbox.is_own) else { return Ok(None) };
        let verdict = sandbox.admin.ask(Method::DELETE, &format!("/sandboxes/{}", sandbox.name), None).await?;
        let report: Report = serde_json::from_value(verdict)?;
        Ok(report.has_failed().then_some(report))
    }
}

impl Sandbox {
    async fn advance(&self, by: SignedDuration) -> Result<(), StageError> {
        let body = json!({"by": format!("{by:#}"), "wait": true});
        self.admin.ask(Method::POST, &format!("/sandboxes/{}/clock/advance", self.name), Some(&body)).await.map(drop)
    }
}

impl Admin {
    fn new(client: Client, token: Option<&str>) -> Result<Self, StageError> {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| StageError::Token)?);
        }
        Ok(Self { client, headers })
    }

    /// What a route answers, given below `/_seatrial`.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, StageError> {
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let reply = self.client.send(method.clone(), &format!("/_seatrial{path}"), self.headers.clone(), bytes).await?;
        if !(200..300).contains(&reply.status) {
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            return Err(StageError::Refused { method, path: path.to_owned(), status: reply.status, body });
        }
        if reply.body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&reply.body)?) }
    }
}

/// A name that no text has by chance.
fn new_name() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    format!("conversation-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed) + 1)
}

/// The sandbox that a conversation was written for: like the default one, of which it has the credentials unless its scenario has others.
fn sandbox_of(story: &Story, name: &str, seed: u64, mount: &str, rows: Vec<Value>) -> Value {
    let scenario = story.scenario.as_ref();
    let seed = scenario.and_then(|scenario| scenario.seed).unwrap_or(seed);
    let mut body = json!({"name": name, "seed": seed, "ttl": "10m", "scenario": story.scenario_text.clone().unwrap_or_else(|| json!({}))});
    if body["scenario"]["accounts"][mount].is_null() {
        body["scenario"]["accounts"][mount] = rows.into();
    }
    let clock = scenario.map(|scenario| &scenario.clock);
    if clock.is_none_or(|clock| clock.start.is_none()) {
        body["clock"]["start"] = START.into();
    }
    if clock.is_none_or(|clock| clock.mode.is_none()) {
        body["clock"]["mode"] = "frozen".into();
    }
    body
}

/// A row of credentials with the members that the environment has: `SEATRIAL_<MOUNT>_<MEMBER>`, of further rows
/// `SEATRIAL_<MOUNT>_2_<MEMBER>` and so on.
fn of_environment(environment: &BTreeMap<String, String>, mount: &str, index: usize, row: &Map<String, Value>) -> Map<String, Value> {
    let number = if index == 0 { String::new() } else { format!("{}_", index + 1) };
    let own = |(name, value): (&String, &Value)| {
        let variable = format!("SEATRIAL_{mount}_{number}{name}").to_uppercase();
        (name.clone(), environment.get(&variable).map_or_else(|| value.clone(), |value| value.as_str().into()))
    };
    row.iter().map(own).collect()
}
