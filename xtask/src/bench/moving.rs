//! What it costs to have time pass: parcels that move, and subscribers that are told of it. Neither has a bare counterpart,
//! so these are plain rates of this machine.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Stand,
    cases::Prepared,
    load::{End, Load},
};
use crate::{
    failure::Failure,
    http::{self, Call},
    process::Server,
};

pub struct Moving {
    /// Parcels on their way before time passes.
    pub parcels: f64,
    /// Bytes that one more of them takes, with its consignment and what is due for it.
    pub bytes_per_parcel: f64,
    /// One advance by a year.
    pub year: Duration,
    /// How much happened in it.
    pub steps: u64,
    pub telling: Vec<WebhookChaos>,
}

pub struct WebhookChaos {
    /// Receivers that each hear of everything; what one hears, it hears in order, one after the other.
    pub receivers: u64,
    pub deliveries: u64,
    pub time: Duration,
}

impl Moving {
    pub fn parcels_per_second(&self) -> f64 {
        self.parcels / self.year.as_secs_f64()
    }

    pub fn steps_per_second(&self) -> f64 {
        self.steps as f64 / self.year.as_secs_f64()
    }
}

impl WebhookChaos {
    pub fn per_second(&self) -> f64 {
        self.deliveries as f64 / self.time.as_secs_f64()
    }
}

pub fn measure(stand: &Stand, load: &Load, quick: bool) -> Result<Moving, Failure> {
    let (parcels, consignments) = if quick { (2_000, 50) } else { (10_000, 500) };
    // The first ones fill what is bounded, like the journal; memory is looked at after them.
    let first = parcels / 5;
    eprintln!("moving: {parcels} parcels by a year");
    // A short journal, so that what grows is the parcels.
    let server = stand.server(&["--journal-bytes", "65536"])?;
    let booking = Prepared::by_calls_to(server.address)?.booking();
    let first = load.run(&server, &booking, End::Requests(first))?.requests;
    let before = server.resident()?;
    let others = load.run(&server, &booking, End::Requests(parcels - parcels / 5))?.requests;
    let bytes_per_parcel = server.resident()?.saturating_sub(before) as f64 / others;
    let (year, steps) = advance(&server)?;
    let telling = [1, 8].map(|receivers| tell(stand, load, receivers, consignments)).into_iter().collect::<Result<_, _>>()?;
    Ok(Moving { parcels: first + others, bytes_per_parcel, year, steps, telling })
}

/// Has a year pass in which receivers hear of every scan.
fn tell(stand: &Stand, load: &Load, receivers: u64, consignments: u64) -> Result<WebhookChaos, Failure> {
    eprintln!("telling: {receivers} receivers of {consignments} consignments");
    let server = stand.server(&[])?;
    let booking = Prepared::by_calls_to(server.address)?.booking();
    load.run(&server, &booking, End::Requests(consignments))?;
    let heard = Arc::new(AtomicU64::new(0));
    for _ in 0..receivers {
        let hook = json!({"vendor": "shipmate", "events": ["TRACKING_UPDATED"], "url": format!("http://{}/", listen(&heard)?)});
        admin(&server, "POST", "sandboxes/default/webhooks", hook)?;
    }
    let (time, _) = advance(&server)?;
    let deliveries = heard.load(Ordering::Relaxed);
    let told = admin(&server, "GET", "sandboxes/default/deliveries?progress=delivered&limit=0", Value::Null)?;
    if deliveries < consignments * receivers || told["found"] != deliveries {
        return Err(Failure::Unexpected(format!("{deliveries} deliveries were heard, and {} are in the log", told["found"])));
    }
    Ok(WebhookChaos { receivers, deliveries, time })
}

#[expect(clippy::disallowed_methods, reason = "measuring real time is the purpose")]
fn advance(server: &Server) -> Result<(Duration, u64), Failure> {
    let start = Instant::now();
    let answer = admin(server, "POST", "sandboxes/default/clock/advance", json!({"by": "8760h", "wait": true}))?;
    let time = start.elapsed();
    let steps = answer["fired"].as_u64().filter(|steps| *steps > 0);
    Ok((time, steps.ok_or_else(|| Failure::Unexpected(format!("nothing happened in a year: {answer}")))?))
}

fn admin(server: &Server, method: &'static str, path: &str, body: Value) -> Result<Value, Failure> {
    let headers = vec![("content-type", "application/json".to_owned())];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = http::send(server.address, &Call { method, path: format!("/_seatrial/{path}"), headers, body })?;
    if reply.status < 300 { reply.json() } else { Err(Failure::Unexpected(format!("{path} answered {}: {}", reply.status, reply.body))) }
}

/// A receiver that takes everything, for as long as this process lives.
fn listen(heard: &Arc<AtomicU64>) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::io("listen on loopback"))?;
    let address = listener.local_addr().map_err(Failure::io("look at a socket"))?;
    let heard = Arc::clone(heard);
    thread::spawn(move || {
        let mut room = vec![0; 64 * 1024];
        for mut stream in listener.incoming().flatten() {
            // Whoever tells sends all of it and waits; a length that is reached is the end.
            let mut length = 0;
            while !is_whole(&room[..length]) {
                match stream.read(&mut room[length..]) {
                    Ok(count) if count > 0 => length += count,
                    _ => break,
                }
            }
            heard.fetch_add(1, Ordering::Relaxed);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    Ok(address)
}

fn is_whole(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
