//! Clients that say nothing, say it slowly, or do not read: their connections end, and nobody else waits for them.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::client::{JSON, connect, send};
use crate::folder::Folder;
use crate::process::Server;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const GO_ON: &[u8; 25] = b"HTTP/1.1 100 Continue\r\n\r\n";
const HEALTH: &[u8] = b"GET /_seatrial/health HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Waits until the other side has ended a connection, for at most ten seconds; what it sent.
fn ended(mut stream: TcpStream) -> Vec<u8> {
    let mut sent = Vec::new();
    match stream.read_to_end(&mut sent) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => panic!("the connection is still open"),
        _ => sent,
    }
}

fn is_alive(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 4096];
    stream.write_all(HEALTH).is_ok() && matches!(stream.read(&mut answer), Ok(read) if answer[..read].starts_with(b"HTTP/1.1 200"))
}

#[test]
fn silence_ends_a_connection_whatever_was_said_before() {
    let server = Server::start(&["--read-timeout", "300ms"]);
    let settled = [PREFACE, SETTINGS].concat();
    let open: Vec<TcpStream> = [&b""[..], b"P", b"PRI * HTTP/2.0\r\n", PREFACE, &settled, b"GE", b"GET / HTTP/1.1\r\nhost: l", HEALTH]
        .into_iter()
        .map(|said| {
            let mut stream = connect(server.address());
            stream.write_all(said).expect("it is open");
            stream
        })
        .collect();
    open.into_iter().for_each(|stream| drop(ended(stream)));
}

#[test]
fn bodies_that_stand_still_make_room_for_others() {
    let server = Server::start(&["--read-timeout", "1h", "--in-flight-bytes", "1048576"]);
    let head = "POST /shippo/addresses HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10000000\r\n\r\n";
    let expecting = head.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    // Two of them have the room, which they are told, before the last one comes.
    let stalled: Vec<TcpStream> = [expecting.as_str(), &expecting, head]
        .into_iter()
        .map(|head| {
            let mut stream = connect(server.address());
            stream.write_all(head.as_bytes()).expect("it is open");
            if head == expecting {
                let mut told = [0; GO_ON.len()];
                stream.read_exact(&mut told).expect("there is room");
                assert_eq!(told, *GO_ON);
            }
            stream.write_all(&[b' '; 5_000]).expect("it is open");
            stream
        })
        .collect();
    let body = format!(r#"{{"name": "{}", "street1": "1 A St", "country": "US"}}"#, "x".repeat(6_000));
    let headers = [("authorization", "ShippoToken shippo_test_seatrial"), ("content-type", "application/json")];
    assert_eq!(send(&server, "POST", "/shippo/addresses", &headers, &body).status, 201);
    // The last one has the room now.
    for stream in stalled.into_iter().take(2) {
        let answer = String::from_utf8_lossy(&ended(stream)).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    let server = Server::start(&["--read-timeout", "2s"]);
    let bytes = "x".repeat(2 << 20);
    for _ in 0..4 {
        assert_eq!(send(&server, "POST", "/_seatrial/inbox/big", &[], &bytes).status, 200);
    }
    let mut deaf = connect(server.address());
    deaf.set_write_timeout(Some(Duration::from_secs(10))).expect("a time-out can be set");
    // Asked for until the server has given up; its reset ends the write that waits.
    let dropped = (0..100_000).find_map(|_| deaf.write_all(b"GET /_seatrial/inbox/big HTTP/1.1\r\nhost: localhost\r\n\r\n").err());
    let kind = dropped.expect("it is never served whole").kind();
    assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind:?}");
    assert_eq!(send(&server, "GET", "/_seatrial/health", &[], "").status, 200);
}

#[test]
fn the_silent_and_then_the_idle_make_room_for_others() {
    let server = Server::start(&["--connections", "20"]);
    let mut kept = connect(server.address());
    assert!(is_alive(&mut kept));
    let silent: Vec<TcpStream> = (0..40).map(|_| connect(server.address())).collect();
    assert_eq!(send(&server, "GET", "/_seatrial/health", &[JSON], "").status, 200);
    assert!(is_alive(&mut kept), "those that never asked go first");
    let idle: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = connect(server.address());
            assert!(is_alive(&mut stream), "each gets its answer, and then makes room");
            stream
        })
        .collect();
    assert!(!is_alive(&mut kept), "the longest open goes first");
    drop((silent, idle));
}

#[test]
fn a_quiet_stream_is_no_idle_connection() {
    let server = Server::start(&["--read-timeout", "2s", "--connections", "3"]);
    let mut stream = connect(server.address());
    stream.write_all(b"GET /_seatrial/sandboxes/default/requests/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it is open");
    let mut part = [0; 4096];
    assert!(stream.read(&mut part).is_ok_and(|read| part[..read].starts_with(b"HTTP/1.1 200")));
    // Each of these lasts for one read time-out, and some of them take seats from one another.
    for _ in 0..6 {
        let silent: Vec<TcpStream> = (0..4).map(|_| connect(server.address())).collect();
        silent.into_iter().for_each(|stream| drop(ended(stream)));
    }
    send(&server, "GET", "/shippo/addresses", &[], "");
    let mut heard = String::new();
    while !heard.contains("shippo.ListAddresses") {
        let read = stream.read(&mut part).expect("it is still open");
        assert!(read > 0, "the stream has ended: {heard}");
        heard.push_str(&String::from_utf8_lossy(&part[..read]));
    }
}

/// What keeps the sandboxes opens files meanwhile, and ends the process if it cannot.
#[test]
fn connections_leave_descriptors_to_a_data_directory() {
    let folder = Folder::new("descriptors");
    let script = format!("ulimit -n 100 && exec \"$0\" --listen 127.0.0.1:0 --data-dir {}/data --log error", folder.path());
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_seatrial")]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = Server::of(command);
    let body = format!(r#"{{"name": "Ada", "country": "US", "extra": "{}"}}"#, "x".repeat(400_000));
    let head = "POST /shippo/addresses HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken shippo_test_seatrial\r\n";
    let request = format!("{head}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let call = || {
        let (mut stream, mut answer) = (TcpStream::connect(server.address())?, String::new());
        stream.write_all(request.as_bytes())?;
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    let mut open = VecDeque::new();
    // Each call takes the last of the seats, of which there are fewer than connections before it, and nobody comes after it.
    let made = (0..60).filter(|_| {
        open.extend((0..60).map(|_| TcpStream::connect(server.address()).expect("it listens")));
        open.drain(..open.len().saturating_sub(200));
        call().is_ok_and(|answer| answer.starts_with("HTTP/1.1 201"))
    });
    let made = made.count();
    assert!(made > 10, "{made}");
    assert_eq!(server.log(), "");
}

/// Descriptors are shared by all listeners: connections of one must not keep those of another from being accepted.
#[test]
fn out_of_descriptors_the_fullest_listener_makes_room() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 100 && exec \"$0\" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0", env!("CARGO_BIN_EXE_seatrial")]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = Server::of(command);
    let open: Vec<TcpStream> = (0..200).map(|_| connect(server.address())).collect();
    for _ in 0..3 {
        let mut admin = connect(server.admin());
        assert!(is_alive(&mut admin));
    }
    // Those that are being answered are none too many for others.
    let asking = open.into_iter().map(|mut stream| stream.write_all(b"GET /shippo/x HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    drop(asking.collect::<Vec<_>>());
    let log = server.log();
    let warnings = log.matches("could not be accepted").count();
    assert!((1..=2).contains(&warnings), "each listener warns now and then: {log}");
}
