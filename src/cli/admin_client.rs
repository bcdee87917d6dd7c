//! The admin API of a running server, for commands that are thin over it.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use http::Uri;
use serde_json::Value;

use crate::cli::arguments::ServerArguments;
use crate::cli::health::served_address;

const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer that is read.
const LONGEST: u64 = 256 << 20;

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    #[error("`{0}` is not the address of a server, expected one like `http://127.0.0.1:7447`")]
    Url(String),
    #[error("{address} does not answer: {source}")]
    Unreachable { address: String, source: io::Error },
    #[error("{0}")]
    Refused(String),
}

/// The JSON that a route answers, given below `/_seatrial`.
pub(super) fn get(server: &ServerArguments, path: &str) -> Result<Value, AdminError> {
    let own = || format!("http://{}", served_address().unwrap_or_else(|| ([127, 0, 0, 1], 7447).into()));
    let url = server.url.clone().unwrap_or_else(own);
    let invalid = || AdminError::Url(url.clone());
    let base: Uri = url.trim_end_matches('/').parse().map_err(|_| invalid())?;
    let host = base.host().filter(|_| base.scheme_str() == Some("http")).ok_or_else(invalid)?;
    let address = format!("{host}:{}", base.port_u16().unwrap_or(80));
    let token = server.admin_token.as_deref().filter(|token| !token.is_empty());
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!("GET {}/_seatrial{path} HTTP/1.0\r\nhost: {address}\r\n{token}\r\n", base.path().trim_end_matches('/'));
    let answer = exchange(&address, &request).map_err(|source| AdminError::Unreachable { address: address.clone(), source })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| body.into());
    if status == "200" {
        return Ok(body);
    }
    let detail = body["detail"].as_str().map_or_else(|| head.lines().next().unwrap_or_default().to_owned(), str::to_owned);
    Err(AdminError::Refused(detail))
}

fn exchange(address: &str, request: &str) -> io::Result<String> {
    let resolved = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&resolved, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
