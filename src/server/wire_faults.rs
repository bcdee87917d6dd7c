//! What a scenario does to an answer on its way: bytes, delays and an end, as the engine's [`Wire`] says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderValue};
use http::{Response, StatusCode, Version};
use http_body_util::channel::Channel;

use crate::base::time;
use crate::engine::{Answer, GARBAGE, Machine, Wire};
use crate::server::body::{BrokenOff, Payload, Watch, full_body, streamed_body, truncated_body, watched_body};
use crate::server::clock::{stopwatch, wall};
use crate::server::connections::Connection;
use crate::server::holding::Holding;
use crate::server::socket::Control;
use crate::world::{End, Entry, Sent};

/// The shortest time between two pieces of an answer that drips.
const DRIP: Duration = Duration::from_millis(20);

/// How long a connection of HTTP/2 has to say that it goes away.
const GOODBYE: Duration = Duration::from_millis(50);

/// Where an answer is sent, and what may hold it up.
pub(super) struct Way<'s> {
    pub machine: &'s Arc<Machine>,
    pub holding: &'s Holding,
    pub connection: &'s Connection,
    pub control: &'s Control,
    pub version: Version,
}

impl Way<'_> {
    /// The answer as it goes out; `None` where none does.
    pub async fn disturbed(&self, wire: Wire, answer: Answer) -> Option<Response<Payload>> {
        let sandbox = answer.entry.as_ref().map(|entry| Arc::clone(&entry.sandbox)).unwrap_or_default();
        let Answer { status, mut headers, body, entry, .. } = answer;
        let is_h2 = self.version == Version::HTTP_2;
        let length = body.len();
        let payload = match wire {
            Wire::Gateway(_) | Wire::WrongType | Wire::BadJson | Wire::DuplicateHeader => full_body(body),
            Wire::Reset => {
                self.control.reset();
                return self.nothing().await;
            }
            Wire::TlsAlert => {
                self.control.alert();
                return self.nothing().await;
            }
            Wire::Empty => return self.nothing().await,
            Wire::StreamReset => return None,
            Wire::GoAway => {
                self.connection.go_away();
                // The frame has to leave before the stream ends, which is the last of the connection.
                self.holding.hold(self.machine, &sandbox, GOODBYE).await;
                return None;
            }
            Wire::Timeout(time) => {
                let mut going = entry.map(|entry| Going::new(entry, self.machine));
                self.holding.hold(self.machine, &sandbox, time).await;
                going.iter_mut().for_each(Going::ended);
                return self.nothing().await;
            }
            Wire::Garbage => return Some(self.instead(Bytes::from_static(GARBAGE))),
            Wire::BadChunk => return Some(self.instead(bad_chunk(status, &headers, &body))),
            Wire::LengthShort | Wire::LengthLong => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(wire.said_length(length)));
                if wire == Wire::LengthShort && !is_h2 {
                    return Some(self.instead(too_long(status, &headers, &body)));
                }
                truncated_body(body)
            }
            Wire::Truncate => {
                // A length that the body does not reach: hyper ends the connection when the body ends short of it.
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                match is_h2 {
                    // The frames have to leave before the stream is reset.
                    true => self.in_pieces(sandbox, entry, body.slice(..length / 2), Duration::ZERO, GOODBYE),
                    false => truncated_body(body.slice(..length / 2)),
                }
            }
            Wire::Drip(time) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                self.in_pieces(sandbox, entry, body, time, Duration::ZERO)
            }
            Wire::Stall(time) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                self.in_pieces(
                    sandbox,
                    entry,
                    body.slice(..length / 2),
                    Duration::ZERO,
                    time.max(if is_h2 { GOODBYE } else { Duration::ZERO }),
                )
            }
        };
        let mut response = Response::new(payload);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Some(response)
    }

    /// No answer, and the end of the connection. One of HTTP/1 ends by itself; in HTTP/2 the stream must not end before, because its peer
    /// would be told.
    async fn nothing(&self) -> Option<Response<Payload>> {
        self.control.linger();
        if self.version == Version::HTTP_2 {
            self.connection.end();
            std::future::pending::<()>().await;
        }
        None
    }

    /// Has the connection send these bytes; what is returned is not sent.
    fn instead(&self, bytes: Bytes) -> Response<Payload> {
        self.control.send_instead(bytes);
        Response::new(full_body(Bytes::new()))
    }

    /// A body that is written piece by piece in a time, and is left unfinished after a silence: HTTP/2 resets its stream then, and the
    /// connection of HTTP/1 ends short of the length that was said.
    fn in_pieces(&self, sandbox: Arc<str>, entry: Option<Arc<Entry>>, mut body: Bytes, time: Duration, silence: Duration) -> Payload {
        let (mut sender, channel) = Channel::new(1);
        let breaks_off = self.version == Version::HTTP_2 && !silence.is_zero();
        let (machine, holding) = (Arc::clone(self.machine), self.holding.clone());
        let pieces = (time.as_millis() / DRIP.as_millis()).clamp(1, body.len().max(1) as u128);
        let pieces = usize::try_from(pieces).unwrap_or(1);
        let (size, pause) = (body.len().div_ceil(pieces).max(1), time / u32::try_from(pieces).unwrap_or(1));
        tokio::spawn(async move {
            while !body.is_empty() {
                let piece = body.split_to(size.min(body.len()));
                if sender.send_data(piece).await.is_err() {
                    return;
                }
                if !pause.is_zero() {
                    holding.hold(&machine, &sandbox, pause).await;
                }
            }
            if !silence.is_zero() {
                holding.hold(&machine, &sandbox, silence).await;
            }
            if breaks_off {
                sender.abort(BrokenOff);
            }
        });
        match entry {
            Some(entry) => {
                entry.wire.begin();
                watched_body(channel, Box::new(Going::new(entry, self.machine)))
            }
            None => streamed_body(channel),
        }
    }
}

/// An answer that takes its time: what became of it is written into its entry when this is dropped.
struct Going {
    entry: Arc<Entry>,
    machine: Arc<Machine>,
    began: Instant,
    bytes: usize,
    has_ended: bool,
}

impl Going {
    fn new(entry: Arc<Entry>, machine: &Arc<Machine>) -> Self {
        Self { machine: Arc::clone(machine), entry, began: stopwatch(), bytes: 0, has_ended: false }
    }
}

impl Watch for Going {
    fn taken(&mut self, bytes: usize) {
        self.entry.wire.go_on(bytes);
        self.bytes += bytes;
        // Of a body that is as long as was said, nobody asks for the end.
        let Sent { end, bytes, .. } = self.entry.wire.planned();
        if end == End::Drip && self.bytes >= bytes {
            self.ended();
        }
    }

    fn ended(&mut self) {
        self.has_ended = true;
        self.entry.wire.arrive();
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.entry.took.set(self.entry.took.get().unwrap_or_default() + self.began.elapsed());
        if !self.has_ended {
            self.entry.wire.abandon();
        }
        self.machine.answered(&self.entry);
    }
}

/// A head of HTTP/1.1 as it is sent, up to its blank line; like hyper's it has a date, if only that of the wall.
fn head(status: StatusCode, headers: &HeaderMap) -> BytesMut {
    let mut head = BytesMut::with_capacity(512);
    head.put_slice(format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or_default()).as_bytes());
    for (name, value) in headers {
        head.put_slice(name.as_str().as_bytes());
        head.put_slice(b": ");
        head.put_slice(value.as_bytes());
        head.put_slice(b"\r\n");
    }
    if !headers.contains_key(DATE) {
        head.put_slice(format!("date: {}\r\n", time::http_date(wall())).as_bytes());
    }
    head
}

/// An answer whose body is longer than its header says, which hyper would cut.
fn too_long(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Bytes {
    let mut bytes = head(status, headers);
    bytes.put_slice(b"\r\n");
    bytes.put_slice(body);
    bytes.freeze()
}

/// An answer in chunks: the first has half of the body, and the length of the second is no number.
fn bad_chunk(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Bytes {
    let (first, second) = body.split_at(body.len() / 2);
    let mut bytes = head(status, headers);
    bytes.put_slice(b"transfer-encoding: chunked\r\n\r\n");
    if !first.is_empty() {
        bytes.put_slice(format!("{:x}\r\n", first.len()).as_bytes());
        bytes.put_slice(first);
        bytes.put_slice(b"\r\n");
    }
    bytes.put_slice(b"zz\r\n");
    bytes.put_slice(second);
    bytes.put_slice(b"\r\n0\r\n\r\n");
    bytes.freeze()
}
