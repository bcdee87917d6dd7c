//! What a caller received of an answer, which is not always the answer that was made.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What goes over the wire: as it was decided, unless the caller leaves before that.
#[derive(Debug)]
pub struct OnWire {
    decided: Sent,
    /// Where the answer is: one of the constants of this type.
    place: AtomicU8,
    /// What has gone out of an answer that takes its time: nothing, or the head and so many bytes of the body less one.
    gone: AtomicUsize,
}

impl OnWire {
    /// It goes out, or has gone out, as it was decided.
    const DECIDED: u8 = 0;
    /// It has not gone out yet.
    const UNDER_WAY: u8 = 1;
    /// Its caller left before all of it was sent.
    const ABANDONED: u8 = 2;
    /// The process that sent it ended before anybody wrote down how that went.
    const LOST: u8 = 3;
    /// Another process has it, from which it has not gone out yet.
    const ELSEWHERE: u8 = 4;

    /// An answer that goes out at once.
    #[must_use]
    pub fn new(decided: Sent) -> Self {
        Self { decided, place: AtomicU8::new(Self::DECIDED), gone: AtomicUsize::new(0) }
    }

    /// An answer that is held, or comes slowly, until it is said that it has [arrived](Self::arrive).
    #[must_use]
    pub fn under_way(decided: Sent) -> Self {
        Self { place: AtomicU8::new(Self::UNDER_WAY), ..Self::new(decided) }
    }

    /// What the caller has received by now.
    #[must_use]
    pub fn get(&self) -> Sent {
        let end = match self.place.load(Ordering::Acquire) {
            Self::UNDER_WAY | Self::ELSEWHERE => End::UnderWay,
            Self::ABANDONED => End::Abandoned,
            Self::LOST => End::Unknown,
            _ => return self.decided,
        };
        let gone = self.gone.load(Ordering::Acquire).checked_sub(1);
        Sent { end, status: self.decided.status.filter(|_| gone.is_some()), bytes: gone.unwrap_or_default() }
    }

    /// What the caller receives in the end, as far as is known: as it was decided while the answer is under way.
    #[must_use]
    pub fn outcome(&self) -> Sent {
        if self.is_under_way() { self.decided } else { self.get() }
    }

    /// What was decided to go over the wire, also where the caller left.
    #[must_use]
    pub fn planned(&self) -> Sent {
        self.decided
    }

    /// Whether nobody knows yet what the caller will have received.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(self.place.load(Ordering::Acquire), Self::UNDER_WAY | Self::ELSEWHERE)
    }

    /// Whether nobody knows that yet because another process has the answer.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.place.load(Ordering::Acquire) == Self::ELSEWHERE
    }

    /// Another process has the answer, if it is under way.
    pub fn is_of_another(&self) {
        let _ = self.place.compare_exchange(Self::UNDER_WAY, Self::ELSEWHERE, Ordering::AcqRel, Ordering::Acquire);
    }

    /// The head of an answer that takes its time goes out.
    pub fn begin(&self) {
        self.gone.store(1, Ordering::Release);
    }

    /// So many more bytes of the body have gone out, behind the head.
    pub fn go_on(&self, bytes: usize) {
        self.gone.fetch_add(bytes, Ordering::AcqRel);
    }

    /// All has gone out that was to.
    pub fn arrive(&self) {
        let _ = self.place.compare_exchange(Self::UNDER_WAY, Self::DECIDED, Ordering::AcqRel, Ordering::Acquire);
    }

    /// The caller left before that.
    pub fn abandon(&self) {
        self.place.store(Self::ABANDONED, Ordering::Release);
    }

    /// It was under way when the process ended, which may have sent all of it, or nothing.
    pub fn lose(&self) {
        let _ = self.place.compare_exchange(Self::UNDER_WAY, Self::LOST, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Whether nobody will know what the caller has received.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.place.load(Ordering::Acquire) == Self::LOST
    }

    /// How it ended, for other copies of the exchange with that number, which have it as it was recorded.
    #[must_use]
    pub fn ended(&self, number: u64) -> Ended {
        let is_abandoned = self.place.load(Ordering::Acquire) == Self::ABANDONED;
        Ended { number, is_abandoned, gone: self.gone.load(Ordering::Acquire) }
    }

    /// It has ended as another copy of it says.
    pub fn end(&self, ended: &Ended) {
        self.gone.store(ended.gone, Ordering::Release);
        self.place.store(if ended.is_abandoned { Self::ABANDONED } else { Self::DECIDED }, Ordering::Release);
    }
}

/// How an exchange ended for its caller that was recorded before that was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The number of the exchange in its journal.
    pub number: u64,
    /// Whether its caller left before all of it was sent.
    pub is_abandoned: bool,
    /// What had gone out of it by then, as [`OnWire`] counts it.
    gone: usize,
}

impl Clone for OnWire {
    fn clone(&self) -> Self {
        let place = AtomicU8::new(self.place.load(Ordering::Acquire));
        Self { decided: self.decided, place, gone: AtomicUsize::new(self.gone.load(Ordering::Acquire)) }
    }
}

/// What went over the wire in place of an answer, or with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sent {
    pub end: End,
    /// The status that the caller received; `null` if no answer went out.
    pub status: Option<u16>,
    /// How many bytes of the body went out.
    pub bytes: usize,
}

/// How an exchange ended for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The whole answer was sent.
    Sent,
    /// The connection was reset without a byte of the answer.
    Reset,
    /// The connection was closed in good order without a byte of the answer.
    Empty,
    /// The connection stayed silent until the caller, or the server, gave up.
    Timeout,
    /// The connection ended in the middle of the body.
    Truncated,
    /// The whole body was sent, and `content-length` was half of it.
    LengthShort,
    /// The whole body was sent, and `content-length` was more than it.
    LengthLong,
    /// Bytes that are no HTTP were sent in place of the answer.
    Garbage,
    /// The body was sent in chunks, and ended in one that cannot be read.
    BadChunk,
    /// The whole answer was sent, slowly.
    Drip,
    /// Half of the body was sent, and nothing after it.
    Stall,
    /// The page of a gateway was sent in place of the answer.
    HtmlGateway,
    /// The whole body was sent as HTML.
    WrongType,
    /// The first half of the body was sent as if it were the whole.
    BadJson,
    /// The whole answer was sent, each of its headers twice.
    DuplicateHeader,
    /// The connection ended with a fatal alert of TLS, without a byte of the answer.
    TlsAlert,
    /// The stream was reset without a byte of the answer.
    H2Reset,
    /// The connection was left with `GOAWAY`, without a byte of the answer.
    H2Goaway,
    /// The caller closed the connection, or took back the request, while the answer was held or came slowly.
    Abandoned,
    /// The answer is held, or comes slowly, and nobody knows yet how that ends.
    UnderWay,
    /// The process ended while the answer was held or came slowly, and nobody knows what of it went out.
    Unknown,
}

impl End {
    /// All of them with their names in the journal, in filters and in logs, in the order in which they are documented.
    pub const ALL: [(Self, &'static str); 21] = [
        (Self::Sent, "sent"),
        (Self::Reset, "reset"),
        (Self::Empty, "empty"),
        (Self::Timeout, "timeout"),
        (Self::Truncated, "truncated"),
        (Self::LengthShort, "length_short"),
        (Self::LengthLong, "length_long"),
        (Self::Garbage, "garbage"),
        (Self::BadChunk, "bad_chunk"),
        (Self::Drip, "drip"),
        (Self::Stall, "stall"),
        (Self::HtmlGateway, "html_gateway"),
        (Self::WrongType, "wrong_type"),
        (Self::BadJson, "bad_json"),
        (Self::DuplicateHeader, "duplicate_header"),
        (Self::TlsAlert, "tls_alert"),
        (Self::H2Reset, "h2_reset"),
        (Self::H2Goaway, "h2_goaway"),
        (Self::Abandoned, "abandoned"),
        (Self::UnderWay, "under_way"),
        (Self::Unknown, "unknown"),
    ];

    /// Its name in the journal, in filters and in logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(end, _)| *end == self).map_or("", |(_, word)| word)
    }

    /// Whether no whole answer reaches the caller, by whatever client.
    #[must_use]
    pub fn loses_answer(self) -> bool {
        match self {
            Self::Reset
            | Self::Empty
            | Self::Timeout
            | Self::Truncated
            | Self::LengthLong
            | Self::Garbage
            | Self::BadChunk
            | Self::Stall
            | Self::TlsAlert
            | Self::H2Reset
            | Self::H2Goaway
            | Self::Abandoned
            | Self::UnderWay
            | Self::Unknown => true,
            Self::Sent | Self::LengthShort | Self::Drip | Self::HtmlGateway | Self::WrongType | Self::BadJson | Self::DuplicateHeader => {
                false
            }
        }
    }

    /// Whether the caller receives the whole body of the answer that was made.
    #[must_use]
    pub fn keeps_body(self) -> bool {
        matches!(self, Self::Sent | Self::Drip | Self::WrongType | Self::DuplicateHeader)
    }

    /// Whether the body that was sent begins as that of the answer does, but may end before it.
    #[must_use]
    pub fn is_cut(self) -> bool {
        matches!(self, Self::Truncated | Self::BadChunk | Self::Stall | Self::BadJson)
    }
}

/// How long a call took by the wall clock, once that is known.
#[derive(Debug, Default)]
pub struct Took(AtomicU64);

impl Took {
    /// Set by the shell when the answer goes out, and again at the end of one that takes its time: the shell, which alone reads clocks.
    pub fn set(&self, duration: Duration) {
        self.0.store(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    /// In milliseconds, to the microsecond.
    #[must_use]
    pub fn milliseconds(duration: Duration) -> f64 {
        (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
    }

    /// `None` until the call is answered, and where no clock runs.
    #[must_use]
    pub fn get(&self) -> Option<Duration> {
        let nanoseconds = self.0.load(Ordering::Relaxed);
        (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
    }
}

impl Clone for Took {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}
