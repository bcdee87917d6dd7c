//! Frames of HTTP/2 that RFC 9113 and RFC 7541 forbid: each ends its stream or its connection with the code that they name, and what they
//! allow goes on. No library writes these frames, because none would.

mod cases;
pub mod frames;

use std::io::{Read, Write as _};
use std::net::TcpStream;

use self::cases::{Case, Expected, PROTOCOL, cases};
use self::frames::{ACK, DATA, GOAWAY, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, ping, preface};
use crate::client::{connect, send};
use crate::process::Server;

/// A frame as it was received.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The next frame; `None` when the connection has ended.
    pub fn read(stream: &mut impl Read) -> Option<Self> {
        let mut head = [0; 9];
        stream.read_exact(&mut head).ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).ok()?;
        Some(Self { kind: head[3], flags: head[4], payload })
    }

    /// The error code of RST_STREAM or GOAWAY.
    fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("an error code has four bytes"))
    }

    fn is_pong(&self) -> bool {
        (self.kind, self.flags & ACK, &self.payload[..]) == (PING, ACK, b"the end!")
    }
}

/// What happens with a connection that sends the frames of a case.
fn play(server: &Server, case: &Case) -> Result<(), String> {
    let mut stream = connect(server.address());
    // The server may end the connection while this is written.
    let _ = stream.write_all(&[&case.sent[..], &ping(b"the end!")].concat());
    while let Some(frame) = Frame::read(&mut stream) {
        let (kind, is_pong) = (frame.kind, frame.is_pong());
        match (case.expected, kind) {
            (Expected::Goaway(code) | Expected::Reset(code), GOAWAY) if frame.code() == code || frame.code() == PROTOCOL => {
                // Nothing more than that, and then the end.
                return if stream.read_to_end(&mut Vec::new()).is_ok() { Ok(()) } else { Err("it is still open".to_owned()) };
            }
            (Expected::Reset(code), RST_STREAM) if frame.code() == code => return goes_on(&mut stream),
            (Expected::Answer(status), HEADERS) if frame.payload[0] == status => return goes_on(&mut stream),
            (Expected::GoesOn, _) if is_pong => return Ok(()),
            (_, SETTINGS | PING | WINDOW_UPDATE) => {}
            _ => return Err(format!("{:?} was answered with {frame:?}", case.expected)),
        }
    }
    match case.expected {
        Expected::Ends => Ok(()),
        expected => Err(format!("{expected:?} was answered with the end of the connection")),
    }
}

/// Whether the connection answers.
fn goes_on(stream: &mut TcpStream) -> Result<(), String> {
    let _ = stream.write_all(&ping(b"the end!"));
    while let Some(frame) = Frame::read(stream) {
        if frame.is_pong() {
            return Ok(());
        }
    }
    Err("the connection ended, too".to_owned())
}

#[test]
fn what_the_rfc_forbids_is_refused_with_its_code() {
    let server = Server::start(&[]);
    let failed: Vec<String> =
        cases().iter().filter_map(|case| play(&server, case).err().map(|why| format!("{}: {why}", case.name))).collect();
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
    assert_eq!(send(&server, "GET", "/_seatrial/health", &[], "").status, 200);
}

/// Floods of frames that each have an answer or none, from clients that read nothing.
#[test]
fn floods_of_small_frames_take_no_memory_and_end_their_connections() {
    let server = Server::start(&["--read-timeout", "300ms"]);
    let head = frame(HEADERS, 4, 1, &frames::block(&cases::POST));
    let floods = [
        ("PING", vec![], ping(b"12345678")),
        ("SETTINGS", vec![], frame(SETTINGS, 0, 0, &[])),
        ("WINDOW_UPDATE", vec![], frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("PRIORITY", vec![], frame(PRIORITY, 0, 3, &[0, 0, 0, 1, 1])),
        ("unknown frames", vec![], frame(0xfa, 0, 0, b"x")),
        ("empty DATA", head, frame(DATA, 0, 1, &[])),
    ];
    let before = server.resident();
    let open: Vec<TcpStream> = floods
        .iter()
        .map(|(_, head, one)| {
            let mut stream = connect(server.address());
            stream.set_write_timeout(Some(std::time::Duration::from_secs(10))).expect("a time-out can be set");
            let _ = stream.write_all(&[preface(), head.clone()].concat());
            let many = one.repeat(10_000);
            // Until the server stops reading, or ends the connection.
            let _ = (0..20).try_for_each(|_| stream.write_all(&many));
            stream
        })
        .collect();
    assert_eq!(send(&server, "GET", "/_seatrial/health", &[], "").status, 200);
    let taken = server.resident().saturating_sub(before);
    assert!(taken < 32 << 20, "{taken} bytes");
    for ((name, ..), mut stream) in floods.into_iter().zip(open) {
        let ended = stream.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
        assert!(!matches!(ended, Err(std::io::ErrorKind::WouldBlock)), "a flood of {name} goes on");
    }
}

/// Posts that take a thread each, from clients that take them back when they have arrived.
#[test]
fn posts_that_are_reset_take_no_more_threads_than_others() {
    /// As many as fit into the window of a connection.
    const POSTS: u32 = 16;
    let server = Server::start(&[]);
    let threads = || std::fs::read_dir(format!("/proc/{}/task", server.process())).expect("it runs").count();
    let body = format!(r#"{{"line_items": [{}{{}}]}}"#, r#"{"title":"x"},"#.repeat(1_000));
    let token = ("authorization", "ShippoToken shippo_test_seatrial");
    let head = [&cases::POST[..2], &[(":path", "/shippo/orders"), cases::POST[3], token, ("content-type", "application/json")]].concat();
    let head = frames::block(&head);
    let before = threads();
    for _ in 0..20 {
        let mut stream = connect(server.address());
        let posts = (0..POSTS).flat_map(|number| {
            let id = 2 * number + 1;
            [frame(HEADERS, frames::END_HEADERS, id, &head), frame(DATA, frames::END_STREAM, id, body.as_bytes())].concat()
        });
        stream.write_all(&preface()).expect("it is open");
        goes_on(&mut stream).expect("its window is as large as it gets");
        stream.write_all(&posts.collect::<Vec<u8>>()).expect("they are taken");
        goes_on(&mut stream).expect("all have arrived");
        let resets: Vec<u8> = (0..POSTS).flat_map(|number| frame(RST_STREAM, 0, 2 * number + 1, &[0, 0, 0, 8])).collect();
        let _ = stream.write_all(&resets);
        let _ = goes_on(&mut stream);
    }
    // A thread without work ends after ten seconds, and one that has just given its turn back is there beside the next: few, where each post
    // that is reset would leave one.
    let more = threads() - before;
    assert!(more < 32, "{more} threads");
    let calls = send(&server, "GET", "/_seatrial/sandboxes/default/requests?limit=1000", &[], "").json();
    let calls = calls["requests"].as_array().unwrap_or_else(|| panic!("{calls}"));
    assert!(!calls.is_empty(), "what was begun is finished");
    assert_eq!(send(&server, "POST", "/shippo/orders", &[("content-type", "application/json"), token], &body).status, 400);
}

#[test]
fn who_sends_much_that_asks_for_nothing_is_not_listened_to() {
    let server = Server::start(&["--read-timeout", "1h"]);
    let head = frame(HEADERS, 4, 1, &frames::block(&cases::POST));
    for (name, one) in [
        ("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("PRIORITY", frame(PRIORITY, 0, 3, &[0, 0, 0, 1, 1])),
        ("empty DATA", frame(DATA, 0, 1, &[])),
    ] {
        let mut stream = connect(server.address());
        let _ = stream.write_all(&[preface(), head.clone(), one.repeat(100_000)].concat());
        // The end, or a reset where bytes were left unread.
        let ended = stream.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
        assert!(!matches!(ended, Err(std::io::ErrorKind::WouldBlock)), "a flood of {name} goes on");
    }
    // A body asks for something, however it comes.
    let mut stream = connect(server.address());
    let head = "POST /shippo/addresses HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken shippo_test_seatrial\r\n";
    let body = format!("{head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", "1\r\n{\r\n".repeat(100_000));
    stream.write_all(body.as_bytes()).expect("all of the body is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // Up to a bound, as each piece takes time.
    let mut stream = connect(server.address());
    let head = "POST /_seatrial/inbox/pieces HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let _ = stream.write_all(format!("{head}{}0\r\n\r\n", "1\r\n{\r\n".repeat(150_000)).as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("pieces, of fewer than 16 bytes each"), "{answer}");
}
