//! `seatrial contract pact verify`: plays the interactions of a Pact against a sandbox of a running server.
//!
//! Before each interaction the sandbox begins anew, under the scenario that the state of the provider names. A state without a scenario is
//! a failure, because the answer would be one of another state.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::{NameAndText, PactVerifyArguments};
use crate::cli::files::{self, Unread};
use crate::cli::scenarios;
use crate::cli::{Exit, complain, say};
use crate::contract::{Interaction, PactFile, PactFileError, mismatches};
use crate::net::{Client, ClientError, Reply, Trust, TrustError};
use crate::scenario::built_in;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a Pact cannot be verified.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error(transparent)]
    File(#[from] Unread),
    #[error("{0}: {1}")]
    Pact(PathBuf, PactFileError),
    #[error("`--state {0}`: {1}")]
    State(String, String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("`--egress-ca`: {0}")]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error("the runtime cannot start: {0}")]
    Runtime(#[from] io::Error),
    #[error("the server answers {0} to {1}: {2}")]
    Refused(u16, String, String),
    #[error("the server has no vendor `{0}`, name one with `--provider`")]
    Provider(String),
}

pub(super) fn run(arguments: &PactVerifyArguments) -> Exit {
    let verified = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(VerifyError::from);
    match verified.and_then(|runtime| runtime.block_on(verify(arguments))) {
        Ok(0) => Exit::Fine,
        Ok(_) => Exit::Failed,
        Err(error) => complain(&error, Exit::Usage),
    }
}

/// Verifies all files; how many interactions failed.
async fn verify(arguments: &PactVerifyArguments) -> Result<usize, VerifyError> {
    let mut states = BTreeMap::new();
    for NameAndText { name, text } in &arguments.state {
        let read = scenarios::read(text.as_ref()).map_err(|error| VerifyError::State(name.clone(), error.to_string()))?;
        states.insert(name.clone(), read.1);
    }
    let server = &arguments.server;
    let client = Client::new(&admin_client::base_url(server), Trust::read(&server.egress_ca)?, PATIENCE)?;
    let player = Player { client, arguments, states };
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for path in &arguments.files {
        let text = files::text(path, files::DOCUMENT)?;
        let file = PactFile::read(&text).map_err(|error| VerifyError::Pact(path.clone(), error))?;
        say(&format_args!("{} with {} ({})", file.consumer, file.provider, path.display()));
        let provider = arguments.provider.as_deref().unwrap_or(&file.provider);
        let mount = player.mount(provider).await?;
        for interaction in &file.interactions {
            let problems = player.play(&mount, interaction).await?;
            let word = if problems.is_empty() { "ok" } else { "FAILED" };
            say(&format_args!("  {word} {}", interaction.description));
            problems.iter().for_each(|problem| say(&format_args!("      {problem}")));
            if problems.is_empty() { passed += 1 } else { failed += 1 }
        }
        if file.messages > 0 {
            say(&format_args!("  {} messages are not verified: nobody asks for them", file.messages));
        }
    }
    say(&format_args!("{passed} passed, {failed} failed"));
    Ok(failed)
}

struct Player<'a> {
    client: Client,
    arguments: &'a PactVerifyArguments,
    /// The texts of scenarios by the states that `--state` maps.
    states: BTreeMap<String, Vec<u8>>,
}

impl Player<'_> {
    /// The path in front of the vendor's own, in the sandbox.
    async fn mount(&self, provider: &str) -> Result<String, VerifyError> {
        let sandbox = &self.arguments.server.sandbox;
        let reply = self.admin(Method::GET, "", None).await?;
        let found: Value = serde_json::from_slice(&reply.body).map_err(AdminError::from)?;
        let urls = found["urls"].as_object();
        // Versions of an API have ids of their own, and a mount in common.
        let mount = urls.into_iter().flatten().map(|(mount, _)| mount.as_str());
        let mount = mount
            .filter(|mount| provider == *mount || provider.strip_prefix(mount).is_some_and(|rest| rest.starts_with('_')))
            .max_by_key(|mount| mount.len());
        mount.map(|mount| format!("/@{sandbox}/{mount}")).ok_or_else(|| VerifyError::Provider(provider.to_owned()))
    }

    /// The differences of an interaction.
    async fn play(&self, mount: &str, interaction: &Interaction) -> Result<Vec<String>, VerifyError> {
        if let Some(problem) = self.prepare(&interaction.states).await? {
            return Ok(vec![problem]);
        }
        let mut headers = HeaderMap::new();
        let own = self.arguments.header.iter().map(|NameAndText { name, text }| (name, text));
        for (name, value) in interaction.headers.iter().map(|(name, value)| (name, value)).chain(own) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
                headers.insert(name, value);
            }
        }
        let Ok(method) = interaction.method.parse::<Method>() else { return Ok(vec![format!("`{}` is no method", interaction.method)]) };
        let target = format!("{mount}{}", interaction.target);
        let reply = self.client.send(method, &target, headers, Bytes::from(interaction.body.clone())).await?;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers: Vec<(String, String)> = reply.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let found = mismatches(&interaction.expected, reply.status, &headers, &reply.body);
        Ok(found.iter().map(ToString::to_string).collect())
    }

    /// Begins the sandbox anew in some states; why it cannot be in them.
    async fn prepare(&self, states: &[String]) -> Result<Option<String>, VerifyError> {
        let named: Vec<&String> =
            states.iter().filter(|state| !["", "default"].contains(&state.as_str()) || self.states.contains_key(*state)).collect();
        let scenario = match named[..] {
            [] => {
                self.admin(Method::PUT, "/scenario", Some(("application/yaml", b"name: default\n".to_vec()))).await?;
                return Ok(None);
            }
            [state] => self.states.get(state).cloned().or_else(|| built_in::named(state).map(|text| text.as_bytes().to_vec())),
            _ => return Ok(Some(format!("it needs {} states at once, and a sandbox has one scenario", named.len()))),
        };
        let Some(scenario) = scenario else {
            let name = named[0];
            let help = format!("map it with `--state '{name}=FILE'`; `seatrial scenarios` lists those that are built in");
            return Ok(Some(format!("there is no scenario for the state `{name}`: {help}")));
        };
        self.admin(Method::PUT, "/scenario", Some(("application/yaml", scenario))).await?;
        Ok(None)
    }

    /// Calls a route of the sandbox, which has to succeed.
    async fn admin(&self, method: Method, path: &str, body: Option<(&'static str, Vec<u8>)>) -> Result<Reply, VerifyError> {
        let server = &self.arguments.server;
        let mut headers = HeaderMap::new();
        if let Some(token) = server.admin_token.as_deref().filter(|token| !token.is_empty()) {
            headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| AdminError::Token)?);
        }
        let target = format!("/_seatrial/sandboxes/{}{path}", server.sandbox);
        let bytes = body.map(|(kind, bytes)| {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            Bytes::from(bytes)
        });
        let reply = self.client.send(method, &target, headers, bytes.unwrap_or_default()).await?;
        if reply.status >= 300 {
            let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let detail = problem["detail"].as_str().map_or_else(|| String::from_utf8_lossy(&reply.body).into_owned(), str::to_owned);
            return Err(VerifyError::Refused(reply.status, target, detail));
        }
        Ok(reply)
    }
}
