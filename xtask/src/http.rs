//! A client for a handful of set-up calls to a server on loopback: one connection per call, whole bodies only. The
//! measured calls are wrk's.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

use crate::failure::Failure;

/// A call; `body` is sent as it is, with the headers given.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.body).map_err(|error| Failure::Unexpected(format!("the answer is not JSON ({error}): {}", self.body)))
    }
}

pub fn send(address: SocketAddr, call: &Call) -> Result<Reply, Failure> {
    let raw = exchange(address, call).map_err(Failure::io(format!("{} http://{address}{}", call.method, call.path)))?;
    read(&raw).ok_or_else(|| {
        Failure::Unexpected(format!("{} {} was not answered with a plain HTTP/1.1 response: {raw:?}", call.method, call.path))
    })
}

fn exchange(address: SocketAddr, call: &Call) -> std::io::Result<String> {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: {address}\r\n", call.method, call.path);
    for (name, value) in &call.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", call.body.len()));
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    stream.write_all((head + &call.body).as_bytes())?;
    let mut raw = String::new();
    stream.read_to_string(&mut raw)?;
    Ok(raw)
}

fn read(raw: &str) -> Option<Reply> {
    let (head, body) = raw.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value);
    // A chunked body would need decoding; nothing that is measured here is streamed.
    (header("transfer-encoding").is_none()).then(|| Reply {
        status,
        content_type: header("content-type").unwrap_or_default().to_owned(),
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn status_type_and_body_are_read() {
        let reply = read("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{\"a\":1}");
        let reply = reply.expect("this is a plain response");
        assert_eq!(reply.status, 201);
        assert_eq!(reply.content_type, "application/json");
        assert_eq!(reply.body, "{\"a\":1}");
    }

    #[test]
    fn chunked_bodies_are_refused_rather_than_misread() {
        assert!(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").is_none());
    }
}
