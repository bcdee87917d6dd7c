//! The admin API of a running server, for commands that are thin over it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::arguments::ServerArguments;
use crate::cli::health::served_address;
use crate::net::{Client, ClientError, Trust, TrustError};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("`--egress-ca`: {0}")]
    Trust(#[from] TrustError),
    #[error("the token cannot be sent in a header")]
    Token,
    #[error("{0}")]
    Refused(String),
    #[error("the server is of another version: {0}")]
    Foreign(#[from] serde_json::Error),
    #[error("the runtime cannot start: {0}")]
    Runtime(#[from] io::Error),
}

/// What a route answers, given below `/_seatrial`.
pub(super) fn get<T: DeserializeOwned>(server: &ServerArguments, path: &str) -> Result<T, AdminError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let own = || format!("http://{}", served_address().unwrap_or_else(|| ([127, 0, 0, 1], 7447).into()));
    let url = server.url.clone().unwrap_or_else(own);
    let client = Client::new(&url, Trust::read(&server.egress_ca)?, PATIENCE)?;
    let mut headers = HeaderMap::new();
    if let Some(token) = server.admin_token.as_deref().filter(|token| !token.is_empty()) {
        headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| AdminError::Token)?);
    }
    let reply = runtime.block_on(client.send(Method::GET, &format!("/_seatrial{path}"), headers, Bytes::new()))?;
    if reply.status != 200 {
        let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let foreign = || format!("the server answers {}: {}", reply.status, String::from_utf8_lossy(&reply.body));
        return Err(AdminError::Refused(problem["detail"].as_str().map_or_else(foreign, str::to_owned)));
    }
    Ok(serde_json::from_slice(&reply.body)?)
}
