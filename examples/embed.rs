//! A test of a shop's own code against Seatrial, in the process of the test: `cargo run --example embed`.
//!
//! What stands in `main` would be a test function of yours; `save_address` is the code under test, which knows nothing of
//! sandboxes: it is given an address and a token, as in production.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use seatrial::testing::Sandbox;
use serde_json::json;

fn main() -> io::Result<()> {
    let sandbox = Sandbox::setup().seed(7).frozen_at("2026-01-05T09:00:00Z").start_blocking();

    // The first answer is lost on the way, as happens in production; the code under test is expected to try again.
    let fault = sandbox.block_on(sandbox.fault("flaky", json!({"on": "shippo.CreateAddress", "fault": 503, "times": 1})));
    let saved = save_address(&sandbox.url("shippo"), &sandbox.credential("shippo", "token"))?;
    println!("saved after {saved} attempts, {} of which met the fault", sandbox.block_on(fault.met()));

    // Every call is in the journal, and the verdict is the test's.
    for call in sandbox.block_on(sandbox.calls("operation=shippo.CreateAddress")) {
        println!("{} {} -> {}", call.method, call.target, call.wire);
    }
    sandbox.block_on(sandbox.expect(json!([{"call": "shippo.CreateAddress", "count": 2}])));
    Ok(())
}

/// The code under test: saves an address, trying up to three times. How often it took.
fn save_address(url: &str, token: &str) -> io::Result<u32> {
    let body =
        json!({"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    for attempt in 1..=3 {
        if post(&format!("{url}/addresses/"), token, &body.to_string())?.starts_with("HTTP/1.1 201") {
            return Ok(attempt);
        }
    }
    Err(io::Error::other("the address was not saved"))
}

fn post(url: &str, token: &str, body: &str) -> io::Result<String> {
    let rest = url.strip_prefix("http://").ok_or_else(|| io::Error::other("not an HTTP address"))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut stream = TcpStream::connect(host)?;
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: ShippoToken {token}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
