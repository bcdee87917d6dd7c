//! The admin API without a socket, for a server that runs inside another program: the same routes, the same answers.

use std::net::SocketAddr;
use std::sync::Arc;

use ::http::{Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::scenario::Scenario;
use crate::server::admin::{self, Admin, ROOT, Refused};

/// The admin API of a server of this process.
#[derive(Clone)]
pub struct Local {
    admin: Arc<Admin>,
    address: SocketAddr,
}

impl Local {
    pub(super) fn new(admin: Arc<Admin>, address: SocketAddr) -> Self {
        Self { admin, address }
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts the default sandbox under another scenario: anew, or with the data that it has.
    ///
    /// # Errors
    /// When what it gives is refused.
    pub fn put_scenario(&self, scenario: &Arc<Scenario>, keep: bool) -> Result<(), Refused> {
        admin::put_scenario(&self.admin, scenario, keep)
    }

    /// Calls a route, given below `/_seatrial`, and returns its JSON; `null` for an empty body. Runs within the server's runtime.
    ///
    /// # Errors
    /// When the route refuses.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Refused> {
        let refused = |status: StatusCode, detail: String| Refused { status, detail };
        let request = Request::builder()
            .method(method)
            .uri(format!("{ROOT}{path}"))
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .body(())
            .map_err(|error| refused(StatusCode::BAD_REQUEST, error.to_string()))?;
        let (parts, ()) = request.into_parts();
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let response = admin::answer(&self.admin, &parts, &body).await;
        let status = response.status();
        let bytes = match response.into_body().collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) => return Err(refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        };
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
        if status.is_success() {
            return Ok(if bytes.is_empty() { Value::Null } else { answer });
        }
        Err(refused(status, answer["detail"].as_str().unwrap_or_default().to_owned()))
    }
}
