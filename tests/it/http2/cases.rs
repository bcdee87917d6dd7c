//! The cases, by the sections of RFC 9113 and, below, of RFC 7541.

use super::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITIZED, PRIORITY, PUSH_PROMISE, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, block, frame, preface, setting, string,
};

/// What the server does about the frames of a case.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// The connection ends with that error, or with PROTOCOL_ERROR: the library has that for most that have a code of their own.
    Goaway(u32),
    /// The stream ends with that error and the connection goes on, or ends with the same.
    Reset(u32),
    /// The stream is answered; the first byte of its header block names the status.
    Answer(u8),
    /// Nothing comes of it.
    GoesOn,
    /// The connection ends, however.
    Ends,
}

use Expected::{Answer, Ends, Goaway, GoesOn, Reset};

pub struct Case {
    pub name: &'static str,
    pub sent: Vec<u8>,
    pub expected: Expected,
}

const NO_ERROR: u32 = 0;
pub const PROTOCOL: u32 = 1;
const FLOW_CONTROL: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE: u32 = 6;
const REFUSED: u32 = 7;
const COMPRESSION: u32 = 9;
const CALM: u32 = 11;

/// Entries of HPACK's static table, as a response has them.
const OK: u8 = 0x88;
const BAD_REQUEST: u8 = 0x8c;
/// A status that is not in the table, such as 431.
const LITERAL_STATUS: u8 = 0x48;

const WHOLE: u8 = END_HEADERS | END_STREAM;
const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":path", "/_seatrial/health"), (":authority", "localhost")];
pub const POST: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "http"), (":path", "/_seatrial/inbox/any"), (":authority", "localhost")];

/// A complete GET, with more headers.
fn get(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, &block(&[&GET[..], more].concat()))
}

/// The head of a POST, with more headers.
fn post(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(&[&POST[..], more].concat()))
}

/// A complete request of these headers alone.
fn request(headers: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, WHOLE, 1, &block(headers))
}

/// A complete GET with that at the end of its header block.
fn hpack(more: &[u8]) -> Vec<u8> {
    frame(HEADERS, WHOLE, 1, &[&block(&GET), more].concat())
}

fn window(stream: u32, increment: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

fn settings(name: u16, value: u32) -> Vec<u8> {
    frame(SETTINGS, 0, 0, &setting(name, value))
}

pub fn cases() -> Vec<Case> {
    let all = [connection(), streams(), frame_kinds(), settings_and_windows(), messages(), compression()].concat();
    let after_preface = all.into_iter().map(|(name, frames, expected)| (name, [preface(), frames].concat(), expected));
    let whole = after_preface.chain(prefaces());
    whole.map(|(name, sent, expected)| Case { name, sent, expected }).collect()
}

type Row = (&'static str, Vec<u8>, Expected);

fn prefaces() -> Vec<Row> {
    let preface_without_settings = &preface()[..24];
    vec![
        ("3.4 another preface", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec(), Ends),
        // The library answers without them.
        ("3.4 no SETTINGS", [preface_without_settings, &get(1, &[])].concat(), Answer(OK)),
        ("3.4 an acknowledgement for SETTINGS", [preface_without_settings, &frame(SETTINGS, ACK, 0, &[])].concat(), Ends),
    ]
}

fn connection() -> Vec<Row> {
    vec![
        ("a request", get(1, &[]), Answer(OK)),
        ("4.1 an unknown kind of frame", frame(0xfa, 0xff, 0, b"anything"), GoesOn),
        ("4.1 unknown flags", frame(PING, 0x16, 0, b"12345678"), GoesOn),
        ("4.1 the reserved bit of a stream", frame(PING, 0, 1 << 31, b"12345678"), GoesOn),
        ("4.2 DATA longer than allowed", [post(1, &[]), frame(DATA, END_STREAM, 1, &[b'x'; 16_385])].concat(), Goaway(FRAME_SIZE)),
        ("4.2 HEADERS longer than allowed", frame(HEADERS, WHOLE, 1, &[0; 16_385]), Goaway(FRAME_SIZE)),
        ("4.2 SETTINGS longer than allowed", frame(SETTINGS, 0, 0, &[0; 16_386]), Goaway(FRAME_SIZE)),
        ("4.3 a block that is none", frame(HEADERS, WHOLE, 1, &[0xff; 20]), Goaway(COMPRESSION)),
        (
            "4.3 another kind within a block",
            [frame(HEADERS, 0, 1, &block(&GET)), frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1])].concat(),
            Goaway(PROTOCOL),
        ),
        ("4.3 another stream within a block", [frame(HEADERS, 0, 1, &block(&GET)), get(3, &[])].concat(), Goaway(PROTOCOL)),
        ("5.5 an unknown kind within a block", [frame(HEADERS, 0, 1, &block(&GET)), frame(0xfa, 0, 0, b"x")].concat(), Goaway(PROTOCOL)),
        ("6.8 GOAWAY", frame(GOAWAY, 0, 0, &[0; 8]), Goaway(NO_ERROR)),
        ("7 unknown error codes", frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0xff, 0, 0, 0]), Goaway(NO_ERROR)),
    ]
}

fn streams() -> Vec<Row> {
    let many: Vec<u8> = (0..65).flat_map(|number| post(2 * number + 1, &[])).collect();
    let closed = [post(1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])].concat();
    vec![
        ("5.1 DATA of an idle stream", frame(DATA, END_STREAM, 1, b"x"), Goaway(PROTOCOL)),
        ("5.1 RST_STREAM of an idle stream", frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), Goaway(PROTOCOL)),
        ("5.1 WINDOW_UPDATE of an idle stream", window(1, 100), Goaway(PROTOCOL)),
        ("5.1 CONTINUATION of an idle stream", frame(CONTINUATION, END_HEADERS, 1, &block(&GET)), Goaway(PROTOCOL)),
        ("5.1 DATA behind the end", [get(1, &[]), frame(DATA, END_STREAM, 1, b"x")].concat(), Reset(STREAM_CLOSED)),
        ("5.1 HEADERS behind the end", [get(1, &[]), get(1, &[])].concat(), Reset(STREAM_CLOSED)),
        ("5.1 CONTINUATION behind the end", [get(1, &[]), frame(CONTINUATION, END_HEADERS, 1, &block(&GET))].concat(), Goaway(PROTOCOL)),
        ("5.1 DATA behind RST_STREAM", [&closed[..], &frame(DATA, END_STREAM, 1, b"x")].concat(), Reset(STREAM_CLOSED)),
        ("5.1 HEADERS behind RST_STREAM", [&closed[..], &get(1, &[])].concat(), Reset(STREAM_CLOSED)),
        ("5.1 WINDOW_UPDATE behind RST_STREAM", [&closed[..], &window(1, 100)].concat(), GoesOn),
        ("5.1.1 an even number", get(2, &[]), Goaway(PROTOCOL)),
        ("5.1.1 a smaller number", [get(5, &[]), get(3, &[])].concat(), Reset(PROTOCOL)),
        ("5.1.2 more streams than allowed", many, Reset(REFUSED)),
        ("5.3 a stream that depends on itself", frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 1]), Reset(PROTOCOL)),
        (
            "5.3 the same in HEADERS",
            frame(HEADERS, WHOLE | PRIORITIZED, 1, &[&[0, 0, 0, 1, 1][..], &block(&GET)].concat()),
            Reset(PROTOCOL),
        ),
    ]
}

fn frame_kinds() -> Vec<Row> {
    vec![
        ("6.1 DATA of the connection", frame(DATA, 0, 0, b"x"), Goaway(PROTOCOL)),
        ("6.1 padding longer than DATA", [post(1, &[]), frame(DATA, END_STREAM | PADDED, 1, b"\x06hello")].concat(), Goaway(PROTOCOL)),
        ("6.1 padding", [post(1, &[]), frame(DATA, END_STREAM | PADDED, 1, b"\x02hello")].concat(), Answer(OK)),
        ("6.2 HEADERS of the connection", frame(HEADERS, WHOLE, 0, &block(&GET)), Goaway(PROTOCOL)),
        ("6.2 padding longer than HEADERS", frame(HEADERS, WHOLE | PADDED, 1, &[&[200][..], &block(&GET)].concat()), Goaway(PROTOCOL)),
        ("6.3 PRIORITY of the connection", frame(PRIORITY, 0, 0, &[0, 0, 0, 3, 1]), Goaway(PROTOCOL)),
        ("6.3 PRIORITY of another length", frame(PRIORITY, 0, 1, &[0, 0, 0, 3]), Reset(FRAME_SIZE)),
        ("6.4 RST_STREAM of the connection", frame(RST_STREAM, 0, 0, &[0, 0, 0, 8]), Goaway(PROTOCOL)),
        ("6.4 RST_STREAM of another length", [post(1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 8])].concat(), Goaway(FRAME_SIZE)),
        (
            "6.6 PUSH_PROMISE of a client",
            frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &block(&GET)].concat()),
            Goaway(PROTOCOL),
        ),
        ("6.7 PING of a stream", frame(PING, 0, 1, b"12345678"), Goaway(PROTOCOL)),
        ("6.7 PING of another length", frame(PING, 0, 0, b"1234567"), Goaway(FRAME_SIZE)),
        ("6.7 an acknowledgement that nobody asked for", frame(PING, ACK, 0, b"12345678"), GoesOn),
        ("6.8 GOAWAY of a stream", frame(GOAWAY, 0, 1, &[0; 8]), Goaway(PROTOCOL)),
        (
            "6.10 CONTINUATION of the connection",
            [frame(HEADERS, 0, 1, &block(&GET)), frame(CONTINUATION, END_HEADERS, 0, &[])].concat(),
            Goaway(PROTOCOL),
        ),
        (
            "6.10 CONTINUATION",
            [frame(HEADERS, END_STREAM, 1, &block(&GET[..2])), frame(CONTINUATION, END_HEADERS, 1, &block(&GET[2..]))].concat(),
            Answer(OK),
        ),
        (
            "6.10 CONTINUATION behind DATA",
            [post(1, &[]), frame(DATA, 0, 1, b"x"), frame(CONTINUATION, END_HEADERS, 1, &[])].concat(),
            Goaway(PROTOCOL),
        ),
    ]
}

fn settings_and_windows() -> Vec<Row> {
    const PUSH: u16 = 2;
    const WINDOW: u16 = 4;
    const FRAME: u16 = 5;
    let most = i32::MAX.unsigned_abs();
    vec![
        ("6.5 an acknowledgement with a payload", frame(SETTINGS, ACK, 0, &setting(PUSH, 0)), Goaway(FRAME_SIZE)),
        ("6.5 SETTINGS of a stream", frame(SETTINGS, 0, 1, &setting(PUSH, 0)), Goaway(PROTOCOL)),
        ("6.5 SETTINGS of another length", frame(SETTINGS, 0, 0, &[0; 5]), Goaway(FRAME_SIZE)),
        ("6.5.2 neither 0 nor 1", settings(PUSH, 2), Goaway(PROTOCOL)),
        ("6.5.2 too large a window", settings(WINDOW, most + 1), Goaway(FLOW_CONTROL)),
        ("6.5.2 too small a frame", settings(FRAME, 16_383), Goaway(PROTOCOL)),
        ("6.5.2 too large a frame", settings(FRAME, 1 << 24), Goaway(PROTOCOL)),
        ("6.5.2 an unknown setting", settings(0xfafa, 1), GoesOn),
        ("6.9 a window that does not grow", window(0, 0), Goaway(PROTOCOL)),
        ("6.9 the same of a stream", [post(1, &[]), window(1, 0)].concat(), Reset(PROTOCOL)),
        ("6.9 WINDOW_UPDATE of another length", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1]), Goaway(FRAME_SIZE)),
        ("6.9.1 too large a window of the connection", [window(0, most), window(0, most)].concat(), Goaway(FLOW_CONTROL)),
        ("6.9.1 too large a window of a stream", [post(1, &[]), window(1, most), window(1, most)].concat(), Reset(FLOW_CONTROL)),
        (
            "6.9.2 a setting that makes a window too large",
            [settings(WINDOW, 100), post(1, &[]), window(1, most - 100), settings(WINDOW, 101)].concat(),
            Goaway(FLOW_CONTROL),
        ),
        ("6.9.2 a window of nothing, which grows", [settings(WINDOW, 0), get(1, &[]), settings(WINDOW, 1)].concat(), Answer(OK)),
    ]
}

fn messages() -> Vec<Row> {
    let trailers =
        |flags, headers: &[(&str, &str)]| [post(1, &[]), frame(DATA, 0, 1, b"x"), frame(HEADERS, flags, 1, &block(headers))].concat();
    let without = |name: &str| -> Vec<_> { GET.into_iter().filter(|(other, _)| *other != name).collect() };
    let with = |name: &'static str, value: &'static str| [without(name), vec![(name, value)]].concat();
    let body = |declared, parts: &[&[u8]]| {
        let mut sent = post(1, &[("content-length", declared)]);
        parts.iter().enumerate().for_each(|(number, part)| sent.extend(frame(DATA, u8::from(number + 1 == parts.len()), 1, part)));
        sent
    };
    vec![
        ("8.1 trailers", trailers(WHOLE, &[("x-trailer", "1")]), Answer(OK)),
        ("8.1 trailers without an end", trailers(END_HEADERS, &[("x-trailer", "1")]), Reset(PROTOCOL)),
        // The library takes what it should not here; nobody reads trailers.
        ("8.1 trailers with a path", trailers(WHOLE, &[(":path", "/")]), Answer(OK)),
        ("8.1.1 less than declared", body("4", &[b"abc"]), Reset(PROTOCOL)),
        ("8.1.1 more than declared", body("4", &[b"abcde"]), Reset(PROTOCOL)),
        ("8.1.1 more than declared in two parts", body("4", &[b"abc", b"de"]), Reset(PROTOCOL)),
        ("8.1.1 as much as declared in two parts", body("4", &[b"abc", b"d"]), Answer(OK)),
        ("8.1.1 a length that is none", body("four", &[b"abcd"]), Reset(PROTOCOL)),
        ("8.1.1 no body, although one was declared", get(1, &[("content-length", "4")]), Reset(PROTOCOL)),
        ("8.2.1 upper case", get(1, &[("X-Test", "1")]), Reset(PROTOCOL)),
        ("8.2.1 a line break in a value", get(1, &[("x-test", "a\r\nb: c")]), Reset(PROTOCOL)),
        ("8.2.1 a blank in a name", get(1, &[("x test", "1")]), Reset(PROTOCOL)),
        ("8.2.2 connection", get(1, &[("connection", "keep-alive")]), Reset(PROTOCOL)),
        ("8.2.2 keep-alive", get(1, &[("keep-alive", "timeout=5")]), Reset(PROTOCOL)),
        ("8.2.2 proxy-connection", get(1, &[("proxy-connection", "x")]), Reset(PROTOCOL)),
        ("8.2.2 transfer-encoding", get(1, &[("transfer-encoding", "chunked")]), Reset(PROTOCOL)),
        ("8.2.2 upgrade", get(1, &[("upgrade", "h2c")]), Reset(PROTOCOL)),
        ("8.2.2 te of another value", get(1, &[("te", "gzip")]), Reset(PROTOCOL)),
        ("8.2.2 te: trailers", get(1, &[("te", "trailers")]), Answer(OK)),
        ("8.3 an unknown pseudo-header", get(1, &[(":test", "1")]), Reset(PROTOCOL)),
        ("8.3 one of responses", get(1, &[(":status", "200")]), Reset(PROTOCOL)),
        ("8.3 one behind a header", request(&[GET[0], GET[1], GET[3], ("x-test", "1"), GET[2]]), Reset(PROTOCOL)),
        ("8.3.1 no method", request(&without(":method")), Reset(PROTOCOL)),
        ("8.3.1 no scheme", request(&without(":scheme")), Reset(PROTOCOL)),
        ("8.3.1 no path", request(&without(":path")), Reset(PROTOCOL)),
        ("8.3.1 an empty path", request(&with(":path", "")), Reset(PROTOCOL)),
        ("8.3.1 two methods", get(1, &[(":method", "GET")]), Reset(PROTOCOL)),
        ("8.3.1 two paths", get(1, &[(":path", "/")]), Reset(PROTOCOL)),
        ("8.3.1 another host", get(1, &[("host", "localhost"), ("host", "evil.example")]), Answer(BAD_REQUEST)),
    ]
}

/// RFC 7541.
fn compression() -> Vec<Row> {
    let long = "x".repeat(70_000);
    let parts: Vec<Vec<u8>> =
        [&block(&GET)[..], &[0], &string("x-long"), &string(&long)].concat().chunks(16_000).map(<[u8]>::to_vec).collect();
    let list = parts.iter().enumerate().flat_map(|(number, part)| {
        let kind = if number == 0 { HEADERS } else { CONTINUATION };
        let flags = u8::from(number == 0) | if number + 1 == parts.len() { END_HEADERS } else { 0 };
        frame(kind, flags, 1, part)
    });
    let list = list.collect();
    let endless = (0..2_000).flat_map(|number| frame(if number == 0 { HEADERS } else { CONTINUATION }, 0, 1, &[])).collect();
    let resets =
        (0..200).flat_map(|number| [get(2 * number + 1, &[]), frame(RST_STREAM, 0, 2 * number + 1, &[0, 0, 0, 8])].concat()).collect();
    vec![
        ("7541 2.3.3 an index beyond the tables", hpack(&[0xff, 0x00]), Goaway(COMPRESSION)),
        ("7541 6.1 the index 0", hpack(&[0x80]), Goaway(COMPRESSION)),
        (
            "7541 4.2 a table larger than allowed",
            frame(HEADERS, WHOLE, 1, &[&[0x3f, 0xff, 0xff, 0x03][..], &block(&GET)].concat()),
            Goaway(COMPRESSION),
        ),
        ("7541 4.2 a change of the table at the end", hpack(&[0x20]), Goaway(COMPRESSION)),
        ("7541 5.1 an integer without end", hpack(&[0xff; 20]), Goaway(COMPRESSION)),
        ("7541 5.2 padding of eight bits", hpack(&[0x00, 0x01, b'x', 0x82, 0x1f, 0xff]), Goaway(COMPRESSION)),
        ("7541 5.2 padding of zeros", hpack(&[0x00, 0x01, b'x', 0x81, 0x18]), Goaway(COMPRESSION)),
        ("7541 5.2 the end of string within one", hpack(&[0x00, 0x01, b'x', 0x84, 0xff, 0xff, 0xff, 0xff]), Goaway(COMPRESSION)),
        ("7541 a string longer than the block", hpack(&[0x00, 0x7f, 0xff, 0xff, 0x7f]), Goaway(COMPRESSION)),
        ("6.5.2 a list of headers that is too large", list, Answer(LITERAL_STATUS)),
        ("10.5.1 CONTINUATION without end", endless, Goaway(CALM)),
        ("10.5 many streams that are reset", resets, Goaway(CALM)),
    ]
}
