//! `seatrial contract report`: of a running server's sandbox, or of a file of calls.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::cli::arguments::{ReportArguments, SandboxArguments};
use crate::cli::contract::{documents, write};
use crate::cli::{Exit, complain};
use crate::contract::{Format, Report, SavedError, Thresholds, read_saved};
use crate::net::{Client, ClientError, Trust, TrustError};

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0}: {1}")]
    Saved(PathBuf, SavedError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("`--admin-token` cannot be sent in a header")]
    Token,
    #[error("the server answers {0}: {1}")]
    Refused(u16, String),
    #[error("the server's answer is no report: {0}")]
    Foreign(#[from] serde_json::Error),
    #[error("the runtime cannot start: {0}")]
    Runtime(io::Error),
}

pub(super) fn run(arguments: &ReportArguments) -> Exit {
    let found = match &arguments.journal {
        Some(path) => saved(path),
        None => running(&arguments.server),
    };
    let report = match found {
        Ok(report) => report,
        Err(error) => return complain(&error, Exit::Usage),
    };
    let exceeded = Thresholds::from(arguments).exceeded(&report);
    let text = Format::from(arguments.output.format).write(&report, &exceeded);
    match write(&text, arguments.output.output.as_deref()) {
        Ok(()) if exceeded.is_empty() => Exit::Fine,
        Ok(()) => Exit::Failed,
        Err(exit) => exit,
    }
}

fn saved(path: &Path) -> Result<Report, ReportError> {
    let text = fs::read_to_string(path).map_err(|error| ReportError::File(path.to_owned(), error))?;
    read_saved(&documents(), &path.display().to_string(), &text).map_err(|error| ReportError::Saved(path.to_owned(), error))
}

fn running(server: &SandboxArguments) -> Result<Report, ReportError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ReportError::Runtime)?;
    let client = Client::new(&server.url, Trust::read(&server.egress_ca)?, PATIENCE)?;
    let mut headers = HeaderMap::new();
    if let Some(token) = server.admin_token.as_deref().filter(|token| !token.is_empty()) {
        headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ReportError::Token)?);
    }
    let target = format!("/_seatrial/sandboxes/{}/contract", server.sandbox);
    let reply = runtime.block_on(client.send(Method::GET, &target, headers, Bytes::new()))?;
    if reply.status != 200 {
        let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let detail = problem["detail"].as_str().map(str::to_owned);
        return Err(ReportError::Refused(reply.status, detail.unwrap_or_else(|| String::from_utf8_lossy(&reply.body).into_owned())));
    }
    Ok(serde_json::from_slice(&reply.body)?)
}
