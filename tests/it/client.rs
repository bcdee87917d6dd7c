//! The HTTP client of the tests: a connection of its own for each request. What the admin API answers is held against its document.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::admin_contract;
use crate::process::Server;

/// The content type of JSON, as a header.
pub const JSON: (&str, &str) = ("content-type", "application/json");

/// An answer.
pub struct Answer {
    pub status: u16,
    /// The media type.
    pub kind: String,
    /// Status line and headers, in lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default().to_owned();
        Self { status, kind, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends a request, to the listener that serves its path.
pub fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let address = if path.starts_with("/_seatrial/") { server.admin() } else { server.address() };
    Answer::read(&exchange(address, head_and_body(method, path, headers, body).as_bytes()))
}

/// The same, of what takes so long that nobody else's time-outs are for it.
pub fn send_patiently(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let address = if path.starts_with("/_seatrial/") { server.admin() } else { server.address() };
    let (stream, request) = (connect(address), head_and_body(method, path, headers, body));
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a time-out can be set");
    let answer = told(stream, request.as_bytes());
    admin_contract::check(&request, &answer);
    Answer::read(&answer)
}

/// Sends a request to a vendor of a server that may end; `None` once it does.
pub fn send_while_it_listens(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let stream = with_limit(TcpStream::connect(server.address()).ok()?);
    let text = told(stream, head_and_body(method, path, headers, body).as_bytes());
    (!text.is_empty()).then(|| Answer::read(&text))
}

fn head_and_body(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        request.push_str("host: localhost\r\n");
    }
    headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
    if !body.is_empty() {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    format!("{request}\r\n{body}")
}

/// Asks a route of the admin API, given below `/_seatrial`, with a JSON body unless that is `null`; the document that it answers.
pub fn admin(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(server, method, &format!("/_seatrial{path}"), &[JSON], &body).json()
}

/// Sends bytes and reads everything until the server ends the connection.
pub fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let answer = unchecked(address, request);
    admin_contract::check(&String::from_utf8_lossy(request), &answer);
    answer
}

/// The same without the check, for the document itself.
pub fn unchecked(address: SocketAddr, request: &[u8]) -> String {
    told(connect(address), request)
}

fn told(mut stream: TcpStream, request: &[u8]) -> String {
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A connection that fails a test rather than have it wait for more than ten seconds.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    with_limit(stream)
}

fn with_limit(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out can be set");
    stream
}
