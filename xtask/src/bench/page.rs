//! What the page for browsers costs: each of its pages with a hundred thousand calls, ten thousand parcels and a thousand sandboxes behind
//! it, and a call to a vendor with the page and without.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Stand,
    cases::Prepared,
    load::{End, Load, Slice},
    median,
};
use crate::{
    failure::Failure,
    http::{self, Call},
    process::Server,
};

/// What a page may take: to its first byte in milliseconds, and bytes of HTML.
pub const MOST: (f64, usize) = (10.0, 64 << 10);

const UI: &str = "/_seatrial/ui/default";

/// A page that was asked for several times.
pub struct Page {
    pub name: &'static str,
    /// To its first byte, in milliseconds: the first time, the middle of the others, and the worst of them.
    pub first: f64,
    pub middle: f64,
    pub worst: f64,
    pub bytes: usize,
    pub packed: usize,
}

pub struct Pages {
    pub pages: Vec<Page>,
    pub calls: usize,
    pub parcels: usize,
    pub sandboxes: usize,
    /// The same call to a server with the page, and to one without.
    pub with: Vec<Slice>,
    pub without: Vec<Slice>,
}

pub fn measure(stand: &Stand, load: &Load, quick: bool) -> Result<Pages, Failure> {
    let (calls, parcels, sandboxes, turns) = if quick { (10_000, 1_000, 100, 5) } else { (100_000, 10_000, 1_000, 20) };
    let large = "4294967296";
    let server = stand.server(&["--journal-bytes", "1073741824", "--sandbox-bytes", large, "--total-bytes", large])?;
    eprintln!("pages: {calls} calls, {parcels} parcels, {sandboxes} sandboxes");
    for number in 1..sandboxes {
        admin(&server, "POST", "/sandboxes", &json!({"name": format!("sandbox-{number:04}")}))?;
    }
    let prepared = Prepared::by_calls_to(server.address)?;
    admin(&server, "PUT", "/sandboxes/default/clock", &json!({"mode": "frozen"}))?;
    load.run(&server, &prepared.booking(), End::Requests(parcels as u64))?;
    load.run(&server, &prepared.events(), End::Requests((calls - parcels) as u64))?;
    let inbox = format!("http://{}/_seatrial/inbox/bench", server.address);
    admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shipmate", "url": inbox}))?;
    // So long that a working day is among them, whichever day it is.
    admin(&server, "POST", "/sandboxes/default/clock/advance", &json!({"by": "96h", "wait": true}))?;

    // Verdicts read the whole journal, and a condition each body in it.
    let expect = json!({"expect": [{"call": "shipmate.*", "count": "1.."}, {"call": "*", "when": "$answer.body.none == 1", "count": 0}]});
    admin(&server, "PUT", "/sandboxes/default/scenario?keep=data", &expect)?;

    let first = |path: &str, pointer: &str| {
        let found = admin(&server, "GET", path, &Value::Null)?;
        let text = found.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| Failure::Unexpected(format!("{path} has nothing at {pointer}")))
    };
    let request = first("/sandboxes/default/requests?limit=1", "/requests/0/id")?;
    let parcel = first("/sandboxes/default/parcels?limit=1", "/parcels/0/tracking_number")?;
    let delivery = first("/sandboxes/default/deliveries?limit=1", "/deliveries/0/id")?;
    let of = |rest: &str| format!("{UI}{rest}");
    let addresses = [
        ("home", UI.to_owned()),
        ("requests", of("/requests")),
        ("requests, filtered", of("/requests?status=4xx")),
        ("requests, a text that is nowhere", of("/requests?q=nowhere")),
        ("request", of(&format!("/requests/{request}"))),
        ("parcels", of("/parcels")),
        ("parcels, next event first", of("/parcels?sort=next")),
        ("parcels, a text", of("/parcels?q=derby")),
        ("parcel", of(&format!("/parcels/{parcel}"))),
        ("webhooks", of("/webhooks")),
        ("delivery", of(&format!("/deliveries/{delivery}"))),
        ("inbox", of("/inbox/bench")),
        ("agenda", of("/agenda")),
        ("scenario", of("/scenario")),
        ("contract", of("/contract")),
        ("sandboxes", "/_seatrial/ui/sandboxes".to_owned()),
        ("sandbox", of("/sandbox")),
        ("reference", of("/reference/shipstation_v2")),
        ("reference of an operation", of("/reference/shippo/CreateTransaction")),
    ];
    // The contract page judges what it has not seen; it is looked at once all of that is done.
    admin(&server, "GET", "/sandboxes/default/contract", &Value::Null)?;
    let pages = addresses.iter().map(|(name, path)| page(&server, name, path, turns)).collect::<Result<_, _>>()?;
    drop(server);
    let (with, without) = calls_beside(stand, load, quick)?;
    Ok(Pages { pages, calls, parcels, sandboxes, with, without })
}

fn page(server: &Server, name: &'static str, path: &str, turns: usize) -> Result<Page, Failure> {
    let (first, bytes) = ask(server, path, "identity")?;
    let mut times = Vec::new();
    let mut packed = 0;
    for _ in 0..turns {
        let (time, size) = ask(server, path, "gzip")?;
        packed = size;
        times.push(time);
    }
    let worst = times.iter().copied().fold(0.0, f64::max);
    Ok(Page { name, first, middle: median(times), worst, bytes, packed })
}

/// Milliseconds to the first byte of an answer, and bytes of its body.
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn ask(server: &Server, path: &str, coding: &str) -> Result<(f64, usize), Failure> {
    let exchange = || -> std::io::Result<(Duration, Vec<u8>)> {
        let mut stream = TcpStream::connect(server.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\naccept: text/html\r\naccept-encoding: {coding}\r\nconnection: close\r\n\r\n",
            server.address
        );
        let began = Instant::now();
        stream.write_all(head.as_bytes())?;
        let mut answer = vec![0];
        stream.read_exact(&mut answer)?;
        let time = began.elapsed();
        stream.read_to_end(&mut answer)?;
        Ok((time, answer))
    };
    let (time, answer) = exchange().map_err(Failure::io(format!("GET {path}")))?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
    if !answer.starts_with(b"HTTP/1.1 200") {
        return Err(Failure::Unexpected(format!("{path} answered {}", String::from_utf8_lossy(&answer[..end]))));
    }
    Ok((time.as_secs_f64() * 1e3, answer.len().saturating_sub(end + 4)))
}

/// Slices of the same load with the page and without, in turn.
fn calls_beside(stand: &Stand, load: &Load, quick: bool) -> Result<(Vec<Slice>, Vec<Slice>), Failure> {
    let (turns, seconds) = if quick { (3, 1) } else { (7, 2) };
    let servers = [stand.server(&[])?, stand.server(&["--no-ui"])?];
    let mut slices = [Vec::new(), Vec::new()];
    let prepared = [Prepared::by_calls_to(servers[0].address)?, Prepared::by_calls_to(servers[1].address)?];
    for turn in 0..=turns {
        for (index, server) in servers.iter().enumerate() {
            let slice = load.run(server, &prepared[index].events(), End::Seconds(seconds))?;
            // The first turn warms up.
            if turn > 0 {
                slices[index].push(slice);
            }
        }
    }
    Ok(slices.into())
}

fn admin(server: &Server, method: &'static str, path: &str, body: &Value) -> Result<Value, Failure> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let call = Call { method, path: format!("/_seatrial{path}"), headers: vec![("content-type", "application/json".to_owned())], body };
    let reply = http::send(server.address, &call)?;
    if reply.status < 300 {
        reply.json()
    } else {
        Err(Failure::Unexpected(format!("{method} {path} answered {}: {}", reply.status, reply.body)))
    }
}
