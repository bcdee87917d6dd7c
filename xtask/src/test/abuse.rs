//! Attacks on a running server that are too large for `cargo test`: while each goes on, somebody else asks for its health,
//! and its memory is watched. Everything stays on loopback, is bounded, and stops by itself.
//!
//! An attacker is elsewhere and does not use the server's processors. So each attack is a process of the lowest priority: it gets what
//! the server and the one who asks for its health leave. And a machine may have other work: a server that does nothing is asked in turn,
//! and what it takes is no fault of the other one.

mod dear;
mod reading;

use std::{
    env,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    http::{self, Call},
    process::Server,
    test::clients::{Outcome, SERVER},
};

/// The least that health may take to count as slow, beyond what the server that does nothing takes, and how often that fails the run.
const SLOW: (Duration, u32) = (Duration::from_millis(100), 3);
/// What fails the run when it happens once.
const VERY_SLOW: Duration = Duration::from_secs(1);
/// How much memory the server may take at any time.
const MOST_BYTES: u64 = 768 << 20;
/// How long an attack lasts.
const TIME: Duration = Duration::from_secs(3);

const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");

type Attack = (&'static str, fn(SocketAddr));

const ATTACKS: [Attack; 19] = [
    ("silent sockets", silent_sockets),
    ("first frames of HTTP/2", unfinished_streams),
    ("bodies of very many values", many_values),
    ("many bodies of many members", many_members),
    ("posts that are reset", reset_posts),
    ("small calls that read much", reading::small_calls),
    ("bodies that dribble", dribbled_bodies),
    ("clients that do not read", deaf_clients),
    ("letters to inboxes", letters),
    ("a parcel without end", endless_parcel),
    ("receivers that hang", hanging_receivers),
    ("streams that nobody reads", unread_streams),
    ("frames that ask for nothing", idle_frames),
    ("forks and resets under load", forks),
    ("patterns that follow many places", patterns),
    ("downloads that nobody takes", untaken_downloads),
    ("many who wait", dear::many_who_wait),
    ("dear admin requests", dear::requests),
    ("names of nothing", dear::unknown_names),
];

/// Runs the attacks.
pub fn run() -> Result<Vec<Outcome>, Failure> {
    let root = env::current_dir().map_err(Failure::io("find the folder of the project"))?;
    let mut outcomes = Vec::new();
    for (name, _) in ATTACKS {
        println!("\n== abuse: {name}");
        let mut command = Command::new(root.join(SERVER));
        command.args("--listen 127.0.0.1:0 --connections 2000 --read-timeout 2s --advance-timeout 2s --log error".split(' '));
        let server = Server::start(&mut command, Path::new("target/abuse.log"))?;
        outcomes.push(one(name, server)?);
    }
    Ok(outcomes)
}

/// Makes one attack, in a process that [`run`] started for it.
pub fn attack(arguments: &[String]) -> Result<(), Failure> {
    let (name, address) = match arguments {
        [name, address] => (name, address.parse().map_err(|_| Failure::Usage(format!("`{address}` is no address")))?),
        _ => return Err(Failure::Usage("`attack` takes the name of an attack and an address".to_owned())),
    };
    let found = ATTACKS.into_iter().find(|(other, _)| other == name);
    let (_, attack) = found.ok_or_else(|| Failure::Usage(format!("there is no attack `{name}`")))?;
    attack(address);
    Ok(())
}

fn one(name: &str, server: Server) -> Result<Outcome, Failure> {
    let address = server.address;
    let program = env::current_exe().map_err(Failure::io("find this program"))?;
    let mut attacker = Command::new("nice");
    attacker.args(["-n", "19"]).arg(program).args(["attack", name, &address.to_string()]);
    let mut attacker = attacker.spawn().map_err(Failure::io("start an attack"))?;
    let other = idle_server()?;
    let (mut slowest, mut slow, mut most, mut asked) = (Duration::ZERO, 0, 0, 0);
    // Where the admin API is attacked, it is asked for what is cheap.
    let path = if name == "dear admin requests" { "/_seatrial/sandboxes/default/clock" } else { "/_seatrial/health" };
    let mut usual = health(other, path);
    let ended = loop {
        let (before, all) = (usual, health(address, path));
        usual = health(other, path);
        let took = all.saturating_sub(before.max(usual));
        asked += 1;
        slow += u32::from(took > SLOW.0);
        slowest = slowest.max(took);
        most = most.max(server.resident().unwrap_or_default());
        thread::sleep(Duration::from_millis(10));
        if let Some(status) = attacker.try_wait().map_err(Failure::io("wait for an attack"))? {
            break status;
        }
    };
    let left = stopped(server);
    let passed = ended.success() && slow < SLOW.1 && slowest < VERY_SLOW && most <= MOST_BYTES && left <= Duration::from_secs(1);
    let (slowest, most, left) = (slowest.as_millis(), most >> 20, left.as_millis());
    let figures = format!("health at most {slowest} ms, {slow} of {asked} slow; {most} MiB; left in {left} ms");
    println!("{figures}");
    Ok(Outcome { name: name.to_owned(), passed, checks: figures })
}

/// Where a server listens that says of each connection that it is well.
fn idle_server() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::io("listen on loopback"))?;
    let address = listener.local_addr().map_err(Failure::io("listen on loopback"))?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    Ok(address)
}

/// How long an answer takes about the health, or about a sandbox that is not attacked; very long if none comes.
#[expect(clippy::disallowed_methods, reason = "a chore measures real time")]
fn health(address: SocketAddr, path: &str) -> Duration {
    let begun = Instant::now();
    let call = Call { method: "GET", path: path.to_owned(), headers: Vec::new(), body: String::new() };
    match http::send(address, &call) {
        Ok(reply) if reply.status == 200 => begun.elapsed(),
        _ => Duration::from_secs(3600),
    }
}

/// How long the process takes to end.
#[expect(clippy::disallowed_methods, reason = "a chore measures real time")]
fn stopped(server: Server) -> Duration {
    let begun = Instant::now();
    drop(server);
    begun.elapsed()
}

/// Goes on with something, with eight hands, until the time is up.
#[expect(clippy::disallowed_methods, reason = "a chore measures real time")]
fn with_eight_hands(act: impl Fn(usize) + Sync) {
    let until = Instant::now() + TIME;
    thread::scope(|scope| {
        for hand in 0..8 {
            let act = &act;
            scope.spawn(move || {
                while Instant::now() < until {
                    act(hand);
                }
            });
        }
    });
}

fn connect(address: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.set_write_timeout(Some(Duration::from_secs(5))).ok()?;
    Some(stream)
}

/// A request, written as it is; the status of the answer.
fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Option<u16> {
    let mut stream = connect(address)?;
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(b"\r\n")).and_then(|()| stream.write_all(body.as_bytes()));
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).ok()?;
    std::str::from_utf8(answer.get(9..12).filter(|_| read > 12)?).ok()?.parse().ok()
}

/// The status of an answer that is read to its end.
fn ask(address: SocketAddr, path: &str) -> Option<u16> {
    let headers = Vec::new();
    http::send(address, &Call { method: "GET", path: path.to_owned(), headers, body: String::new() }).ok().map(|reply| reply.status)
}

/// Asks the admin API.
fn admin(address: SocketAddr, path: &str, body: &Value) -> Value {
    let headers = vec![("content-type", "application/json".to_owned())];
    let call = Call { method: "POST", path: format!("/_seatrial{path}"), headers, body: body.to_string() };
    http::send(address, &call).and_then(|reply| reply.json()).unwrap_or_default()
}

/// Downloads of a journal that is written anew while they stand.
fn untaken_downloads(address: SocketAddr) {
    let address_of = json!({"name": "x".repeat(60_000), "street1": "a", "country": "US"}).to_string();
    let json = ("content-type", "application/json");
    let open = std::sync::Mutex::new(Vec::new());
    with_eight_hands(|hand| {
        let _ = post(address, "/shippo/addresses", &[json, SHIPPO], &address_of);
        let path = ["export?include=journal", "requests/export?format=har", "requests/stream?since=1970-01-01T00:00:00Z"][hand % 3];
        let Some(mut stream) = connect(address) else { return };
        let _ = stream.write_all(format!("GET /_seatrial/sandboxes/default/{path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes());
        let mut open = open.lock().expect("nobody panics");
        open.push(stream);
        let excess = open.len().saturating_sub(600);
        drop(open.drain(..excess));
    });
}

fn silent_sockets(address: SocketAddr) {
    let said = [&b""[..], b"P", b"PRI * HTTP/2.0\r\n", b"GET / HTTP/1.1\r\nhost: l"];
    let open = std::sync::Mutex::new(Vec::new());
    with_eight_hands(|hand| {
        let Some(mut stream) = connect(address) else { return };
        let _ = stream.write_all(said[hand % said.len()]);
        let mut open = open.lock().expect("nobody panics");
        open.push(stream);
        let excess = open.len().saturating_sub(6_000);
        drop(open.drain(..excess));
    });
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Connections with as many bodies as they may have, none of which ends.
fn unfinished_streams(address: SocketAddr) {
    // POST, the path /shippo/addresses, http, and the authority localhost, as literals of HPACK.
    let mut block = vec![0x83, 0x86, 0x04, 17];
    block.extend(b"/shippo/addresses");
    block.extend([0x01, 9]);
    block.extend(b"localhost");
    let part = vec![b'['; 16_000];
    with_eight_hands(|hand| {
        let Some(mut stream) = connect(address) else { return };
        let _ = stream.set_nodelay(true);
        // Half of them begin with less than tells HTTP/2 from HTTP/1.
        let (first, rest) = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".split_at(hand % 2);
        let _ = stream.write_all(first);
        let mut sent = rest.to_vec();
        sent.extend(frame(4, 0, 0, &[]));
        for number in 0..100_u32 {
            sent.extend(frame(1, 4, 2 * number + 1, &block));
            sent.extend(frame(0, 0, 2 * number + 1, &part));
        }
        let _ = stream.write_all(&sent);
        let _ = stream.read(&mut [0; 4096]);
    });
}

fn many_values(address: SocketAddr) {
    const PATHS: [&str; 4] = ["/shippo/orders", "/shiptheory/v1/shipments", "/shipmate/v1.1/consignments", "/shiptime/rest/rates"];
    let rows = |unit: &str, count: usize| format!(r#"{{"line_items": [{}1], "products": [{}1]}}"#, unit.repeat(count), unit.repeat(count));
    let bodies = [rows("[1],", 1_000_000), rows("{},", 1_500_000), rows("{},", 15_000), rows(r#"{"a":1},"#, 12_000)];
    let json = ("content-type", "application/json");
    with_eight_hands(|hand| {
        let _ = post(address, PATHS[hand % 4], &[json, SHIPPO], &bodies[hand / 2]);
        let _ = post(address, PATHS[hand % 4], &[json], &bodies[hand / 2]);
    });
}

/// Bodies that are not large, on 400 connections at once.
fn many_members(address: SocketAddr) {
    let members: Vec<String> = (1_000..6_000).map(|number| format!(r#""m{number}":1"#)).collect();
    let body = format!("{{{}}}", members.join(","));
    let (name, value) = SHIPPO;
    let head = format!("host: localhost\r\n{name}: {value}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let request = format!("POST /shippo/addresses HTTP/1.1\r\n{head}{body}");
    with_eight_hands(|_| {
        let open: Vec<_> = (0..50).filter_map(|_| connect(address)).collect();
        for mut stream in &open {
            let _ = stream.write_all(request.as_bytes());
        }
        for mut stream in &open {
            let _ = stream.read(&mut [0; 4096]);
        }
    });
}

/// Posts that take long, whose clients leave when they have sent them: by frames of HTTP/2, or with their connections.
fn reset_posts(address: SocketAddr) {
    let rows = |count: usize| format!(r#"{{"line_items": [{}{{}}]}}"#, r#"{"title":"x"},"#.repeat(count));
    let (short, long) = (rows(1_100), rows(60_000));
    let (name, value) = SHIPPO;
    let mut block = vec![0x83, 0x86, 0x04, 14];
    block.extend(b"/shippo/orders\x01\x09localhost\x0f\x10\x10application/json\x00\x0dauthorization");
    block.push(u8::try_from(value.len()).expect("it is short"));
    block.extend(value.as_bytes());
    with_eight_hands(|hand| {
        let Some(mut stream) = connect(address) else { return };
        if hand > 5 {
            let head = format!("host: localhost\r\ncontent-type: application/json\r\n{name}: {value}\r\ncontent-length: {}", long.len());
            let _ = stream.write_all(format!("POST /shippo/orders HTTP/1.1\r\n{head}\r\n\r\n{long}").as_bytes());
            return;
        }
        let _ = stream.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(4, 0, 0, &[])[..]].concat());
        for number in (0..100_u32).step_by(5) {
            let five = (number..number + 5).flat_map(|number| {
                let id = 2 * number + 1;
                [frame(1, 4, id, &block), frame(0, 1, id, short.as_bytes()), frame(3, 0, id, &[0, 0, 0, 8])].concat()
            });
            let ends = stream.write_all(&five.collect::<Vec<u8>>()).is_err() || !matches!(stream.read(&mut [0; 4096]), Ok(1..));
            if ends {
                break;
            }
        }
    });
}

fn dribbled_bodies(address: SocketAddr) {
    let part = vec![b' '; 1 << 20];
    with_eight_hands(|_| {
        let open: Vec<_> = (0..8).filter_map(|_| connect(address)).collect();
        for mut stream in open {
            let _ = stream.write_all(b"POST /shippo/orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10000000\r\n\r\n");
            for _ in 0..9 {
                if stream.write_all(&part).is_err() {
                    break;
                }
            }
        }
    });
}

fn deaf_clients(address: SocketAddr) {
    let text = "x".repeat(200_000);
    for _ in 0..4 {
        let _ = post(address, "/_seatrial/inbox/big", &[], &text);
    }
    let open = std::sync::Mutex::new(Vec::new());
    with_eight_hands(|_| {
        let Some(mut stream) = connect(address) else { return };
        let _ = stream.set_write_timeout(Some(Duration::from_millis(20)));
        for _ in 0..20 {
            if stream.write_all(b"GET /_seatrial/inbox/big HTTP/1.1\r\nhost: localhost\r\n\r\n").is_err() {
                break;
            }
        }
        let mut open = open.lock().expect("nobody panics");
        open.push(stream);
        let excess = open.len().saturating_sub(1_000);
        drop(open.drain(..excess));
    });
}

fn letters(address: SocketAddr) {
    let text = "[1],".repeat(60_000);
    let count = std::sync::atomic::AtomicUsize::new(0);
    with_eight_hands(|_| {
        let name = count.fetch_add(1, Ordering::Relaxed) % 200;
        let _ = post(address, &format!("/_seatrial/inbox/box-{name}"), &[], &format!("[{text}1]"));
    });
}

/// Connections of HTTP/2 without a window for answers: each stream has one ready.
fn unread_streams(address: SocketAddr) {
    let text = "x".repeat(200_000);
    for _ in 0..4 {
        let _ = post(address, "/_seatrial/inbox/big", &[], &text);
    }
    // GET, http, the path and the authority, as literals of HPACK.
    let mut block = vec![0x82, 0x86, 0x04, 20];
    block.extend(b"/_seatrial/inbox/big");
    block.extend([0x01, 9]);
    block.extend(b"localhost");
    let no_window = [0, 4, 0, 0, 0, 0];
    let open = std::sync::Mutex::new(Vec::new());
    with_eight_hands(|_| {
        let Some(mut stream) = connect(address) else { return };
        let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        sent.extend(frame(4, 0, 0, &no_window));
        (0..64_u32).for_each(|number| sent.extend(frame(1, 5, 2 * number + 1, &block)));
        let _ = stream.write_all(&sent);
        let mut open = open.lock().expect("nobody panics");
        open.push(stream);
        let excess = open.len().saturating_sub(500);
        drop(open.drain(..excess));
    });
}

/// Connections that send frames of HTTP/2 and no request, as fast as they are taken.
fn idle_frames(address: SocketAddr) {
    let kinds = [frame(8, 0, 0, &[0, 0, 0, 1]), frame(2, 0, 1, &[0, 0, 0, 0, 16]), frame(4, 0, 0, &[]), frame(6, 0, 0, &[0; 8])];
    let many = kinds.map(|one| one.repeat(50_000));
    with_eight_hands(|hand| {
        let Some(mut stream) = connect(address) else { return };
        let begun = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(4, 0, 0, &[])[..]].concat();
        let _ = stream.write_all(&begun).and_then(|()| stream.write_all(&many[hand % 4]));
    });
}

/// Copies of a sandbox that changes meanwhile, and begins anew again and again.
fn forks(address: SocketAddr) {
    let json = ("content-type", "application/json");
    let body = json!({"name": "A".repeat(1_000), "country": "US"}).to_string();
    let count = std::sync::atomic::AtomicUsize::new(0);
    with_eight_hands(|hand| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        match hand {
            0 | 1 => drop(admin(address, "/sandboxes/default/fork", &json!({"name": format!("fork-{number}")}))),
            2 => drop(admin(address, "/sandboxes/default/snapshot", &json!({"name": format!("snapshot-{}", number % 50)}))),
            3 => drop(admin(address, "/sandboxes/default/reset", &json!({}))),
            _ => drop(post(address, "/shippo/addresses", &[json, SHIPPO], &body)),
        }
    });
}

/// Conditions of a scenario that look through long texts.
fn patterns(address: SocketAddr) {
    let when = "$request.body.filler matches '([a-z]|x.){1,9}(x{1,20}){1,20}y'";
    let rule = json!({"on": "shippo.*", "when": when, "respond": {"status": 418}});
    let json = ("content-type", "application/json");
    let made = admin(address, "/sandboxes", &json!({"name": "patterns", "scenario": {"overrides": vec![rule; 100]}}));
    let token = format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().unwrap_or_default());
    let body = json!({"name": "A", "country": "US", "filler": "x".repeat(600_000)}).to_string();
    with_eight_hands(|hand| {
        let sent = if hand < 4 { &body } else { "{}" };
        let _ = post(address, "/@patterns/shippo/addresses", &[json, ("authorization", &token)], sent);
    });
}

/// A sandbox with parcels that are scanned every hour for a thousand years.
fn endless_parcel(address: SocketAddr) {
    let timeline = json!({"for": {"vendor": "shippo"}, "steps": [{"at": "+1h", "status": "in_transit"}], "then": "repeat"});
    let clock = json!({"start": "2026-01-05T09:00:00Z", "mode": "frozen"});
    let made = admin(address, "/sandboxes", &json!({"name": "endless", "clock": clock, "scenario": {"timelines": {"endless": timeline}}}));
    let token = format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().unwrap_or_default());
    let town = json!({"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let shipment = json!({"address_from": town, "address_to": town, "parcels": [parcel]});
    let label = json!({"shipment": shipment, "carrier_account": "2c05985c735e64bdfeff181cc4c148cc", "servicelevel_token": "usps_priority"});
    for _ in 0..20 {
        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
        assert_eq!(post(address, "/shippo/transactions", &headers, &label.to_string()), Some(201), "a label is bought");
    }
    with_eight_hands(|hand| {
        if hand == 0 {
            admin(address, "/sandboxes/endless/clock/advance", &json!({"by": "100000h", "wait": true}));
        } else {
            let _ = post(address, "/shippo/addresses", &[("content-type", "application/json"), ("authorization", &token)], "{}");
        }
    });
}

/// Sandboxes whose subscribers accept and never answer.
fn hanging_receivers(address: SocketAddr) {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return };
    let Ok(url) = listener.local_addr().map(|address| format!("http://{address}/hook")) else { return };
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            match stream {
                Err(error) if error.kind() != ErrorKind::ConnectionAborted => return,
                stream => open.push(stream),
            }
        }
    });
    let count = std::sync::atomic::AtomicUsize::new(0);
    with_eight_hands(|_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        if number >= 200 {
            return thread::sleep(Duration::from_millis(50));
        }
        let name = format!("slow-{number}");
        admin(address, "/sandboxes", &json!({"name": name}));
        for _ in 0..20 {
            let made = admin(address, &format!("/sandboxes/{name}/webhooks"), &json!({"vendor": "shippo", "url": url}));
            let id = made["id"].as_str().unwrap_or_default();
            admin(address, &format!("/webhooks/{id}/test?sandbox={name}"), &json!({"event": "track_updated"}));
        }
        admin(address, &format!("/sandboxes/{name}/reset"), &json!({}));
    });
}
