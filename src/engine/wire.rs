//! Faults on the wire: what becomes of an answer that is known, as data. The shell plays them.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{StatusCode, Version};

use crate::world::{End, Sent};

/// The types of the page of a gateway, and of an answer that has a wrong one.
const PAGE: &str = "text/html";
const WRONG: &str = "text/html; charset=utf-8";

/// What goes wrong on the wire, after the answer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The connection is reset without a byte of the answer.
    Reset,
    /// The connection is closed in good order without a byte of the answer.
    Empty,
    /// The connection stays silent for so long, and is closed then.
    Timeout(Duration),
    /// The connection ends in the middle of the body.
    Truncate,
    /// `content-length` is half of what the body has, all of which is sent.
    LengthShort,
    /// `content-length` is larger than what the body has; the connection ends behind it.
    LengthLong,
    /// Bytes that are no HTTP in place of an answer.
    Garbage,
    /// A body in chunks, the second of which has no length that can be read.
    BadChunk,
    /// The body comes piece by piece, which takes so long.
    Drip(Duration),
    /// Half of the body, then silence for so long, then the end of the connection.
    Stall(Duration),
    /// The page of a gateway in place of the answer.
    Gateway(StatusCode),
    /// The answer says that its body is HTML.
    WrongType,
    /// A body that ends in the middle, and is complete to HTTP.
    BadJson,
    /// Every header of the answer twice.
    DuplicateHeader,
    /// A fatal alert of TLS, and the end of the connection; a reset of it without TLS.
    TlsAlert,
    /// `RST_STREAM`; a reset of the connection before HTTP/2.
    StreamReset,
    /// `GOAWAY`, and no answer; a reset of the connection before HTTP/2.
    GoAway,
}

/// How much a `content-length` promises in vain.
const SURPLUS: usize = 64;

/// What is sent in place of an answer that is no HTTP.
pub const GARBAGE: &[u8] = b"\x9d\x00\xff\xfe\x16\x03\x03 not http \x80\x81\xc3\x28\r\n\r\n\x00\x1b[31m\xf0\x28\x8c\xbc";

impl Wire {
    /// Whether it is about the vendor's answer, which therefore has to be made.
    #[must_use]
    pub fn needs_answer(self) -> bool {
        !matches!(
            self,
            Self::Reset
                | Self::Empty
                | Self::Timeout(_)
                | Self::Garbage
                | Self::Gateway(_)
                | Self::TlsAlert
                | Self::StreamReset
                | Self::GoAway
        )
    }

    /// Whether it is known only after a while how it ends, of which the shell tells the entry of the call.
    #[must_use]
    pub fn takes_time(self) -> bool {
        self.lasts().is_some()
    }

    /// How long its silence or its drip takes, if it has any.
    #[must_use]
    pub fn lasts(self) -> Option<Duration> {
        match self {
            Self::Timeout(time) | Self::Drip(time) | Self::Stall(time) => Some(time),
            _ => None,
        }
    }

    /// The same where it differs for a version of HTTP, without TLS, or for a body of so many bytes; without a body it may be nothing.
    #[must_use]
    pub fn applied(self, version: Version, is_secure: bool, bytes: Option<usize>) -> Option<Self> {
        let is_h2 = version == Version::HTTP_2;
        let Some(bytes) = bytes else {
            return match self {
                Self::LengthLong | Self::BadJson | Self::Drip(_) => None,
                Self::BadChunk => Some(Self::Empty),
                other => other.applied(version, is_secure, Some(0)),
            };
        };
        Some(match self {
            Self::TlsAlert if !is_secure => Self::Reset,
            Self::StreamReset | Self::GoAway if !is_h2 => Self::Reset,
            // Frames of HTTP/2 have lengths of their own: a peer that cannot keep to the protocol ends the stream.
            Self::Garbage | Self::BadChunk if is_h2 => Self::StreamReset,
            // Half of nothing is nothing.
            Self::Truncate | Self::LengthShort if bytes < 2 => Self::Empty,
            Self::Stall(time) if bytes < 2 => Self::Timeout(time),
            other => other,
        })
    }

    /// What the caller receives of an answer with that status and so many bytes, when `wire` goes wrong.
    #[must_use]
    pub fn sent(wire: Option<Self>, status: StatusCode, bytes: usize) -> Sent {
        let Some(wire) = wire else { return Sent { end: End::Sent, status: Some(status.as_u16()), bytes } };
        let (end, status, bytes) = match wire {
            Self::Reset => (End::Reset, None, 0),
            Self::Empty => (End::Empty, None, 0),
            Self::Timeout(_) => (End::Timeout, None, 0),
            Self::Garbage => (End::Garbage, None, 0),
            Self::TlsAlert => (End::TlsAlert, None, 0),
            Self::StreamReset => (End::H2Reset, None, 0),
            Self::GoAway => (End::H2Goaway, None, 0),
            Self::Truncate => (End::Truncated, Some(status), bytes / 2),
            Self::LengthShort => (End::LengthShort, Some(status), bytes),
            Self::LengthLong => (End::LengthLong, Some(status), bytes),
            Self::BadChunk => (End::BadChunk, Some(status), bytes / 2),
            Self::Drip(_) => (End::Drip, Some(status), bytes),
            Self::Stall(_) => (End::Stall, Some(status), bytes / 2),
            Self::Gateway(status) => (End::HtmlGateway, Some(status), page(status).len()),
            Self::WrongType => (End::WrongType, Some(status), bytes),
            Self::BadJson => (End::BadJson, Some(status), cut(bytes)),
            Self::DuplicateHeader => (End::DuplicateHeader, Some(status), bytes),
        };
        Sent { end, status: status.map(|status| status.as_u16()), bytes }
    }

    /// The type that is sent in place of the answer's own, by those that change it.
    #[must_use]
    pub fn type_of(end: End) -> Option<&'static str> {
        match end {
            End::HtmlGateway => Some(PAGE),
            End::WrongType => Some(WRONG),
            _ => None,
        }
    }

    /// The answer as it is sent, by those that change what HTTP carries.
    #[must_use]
    pub fn altered(self, status: StatusCode, mut headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap, Bytes) {
        match self {
            Self::Gateway(status) => {
                let own = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
                let mut headers: HeaderMap = own.filter(|(name, _)| name.as_str().starts_with("seatrial-")).collect();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(PAGE));
                (status, headers, page(status).into())
            }
            Self::WrongType => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(WRONG));
                (status, headers, body)
            }
            Self::BadJson => {
                let body = if body.is_empty() { Bytes::from_static(b"{") } else { body.slice(..cut(body.len())) };
                (status, headers, body)
            }
            Self::DuplicateHeader => {
                for (name, value) in headers.clone() {
                    if let Some(name) = name {
                        headers.append(name, value);
                    }
                }
                (status, headers, body)
            }
            _ => (status, headers, body),
        }
    }

    /// The length that the header of an answer says, whose body has so many bytes.
    #[must_use]
    pub fn said_length(self, bytes: usize) -> usize {
        match self {
            Self::LengthShort => bytes / 2,
            Self::LengthLong => bytes + SURPLUS,
            _ => bytes,
        }
    }
}

/// Where a body is cut that has to be no JSON any more.
fn cut(bytes: usize) -> usize {
    (bytes / 2).max(1)
}

/// The page of a gateway behind which nothing answers.
fn page(status: StatusCode) -> String {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let text = "The upstream server did not answer.";
    format!("<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<h1>{title}</h1>\r\n<p>{text}</p>\r\n</body>\r\n</html>\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_of_an_answer_is_said_by_each_fault() {
        let minute = Duration::from_secs(60);
        let faults = [
            (Wire::Reset, None, 0),
            (Wire::Timeout(minute), None, 0),
            (Wire::Truncate, Some(201), 5),
            (Wire::LengthShort, Some(201), 11),
            (Wire::Stall(minute), Some(201), 5),
            (Wire::BadJson, Some(201), 5),
            (Wire::Gateway(StatusCode::BAD_GATEWAY), Some(502), page(StatusCode::BAD_GATEWAY).len()),
        ];
        for (wire, status, bytes) in faults {
            let sent = Wire::sent(Some(wire), StatusCode::CREATED, 11);
            assert_eq!((sent.status, sent.bytes), (status, bytes), "{wire:?}");
        }
        assert!(page(StatusCode::BAD_GATEWAY).contains("<h1>502 Bad Gateway</h1>"));
    }

    #[test]
    fn half_of_nothing_is_no_answer() {
        let applied = |wire: Wire| wire.applied(Version::HTTP_11, false, Some(0));
        assert_eq!(applied(Wire::Truncate), Some(Wire::Empty));
        assert_eq!(applied(Wire::Stall(Duration::ZERO)), Some(Wire::Timeout(Duration::ZERO)));
        for bytes in [0, 1, 2] {
            let expected = if bytes < 2 { Wire::Empty } else { Wire::Truncate };
            assert_eq!(Wire::Truncate.applied(Version::HTTP_11, false, Some(bytes)), Some(expected));
        }
        let stall = Wire::Stall(Duration::ZERO);
        assert_eq!(stall.applied(Version::HTTP_11, false, Some(2)), Some(stall));
        assert_eq!(applied(Wire::GoAway), Some(Wire::Reset));
        assert_eq!(applied(Wire::TlsAlert), Some(Wire::Reset));
        assert_eq!(Wire::TlsAlert.applied(Version::HTTP_11, true, Some(0)), Some(Wire::TlsAlert));
        assert_eq!(Wire::GoAway.applied(Version::HTTP_2, false, Some(0)), Some(Wire::GoAway));
        assert_eq!(Wire::BadJson.applied(Version::HTTP_11, false, None), None);
        assert_eq!(Wire::BadChunk.applied(Version::HTTP_11, false, None), Some(Wire::Empty));
    }
}
