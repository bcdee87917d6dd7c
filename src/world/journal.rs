//! What was asked and answered, newest last, within a budget of bytes.
//!
//! Exchanges are written one behind the other into segments of memory; when the budget is used up, the oldest segment is
//! emptied and written again. So the journal costs a copy for each exchange and, once it is full, not a single allocation.
//!
//! **Invariant:** memory is bounded: the oldest entries leave when the budget is used up, and every one that left is
//! counted, so that a verdict can say that its evidence is incomplete.

use std::collections::VecDeque;

use http::{HeaderMap, Method};

use crate::base::time::Timestamp;

/// The usual size of a segment.
const SEGMENT: usize = 64 * 1024;

/// One exchange, as it is handed in.
pub struct Exchange<'a> {
    /// The value of `seatrial-request`.
    pub id: &'a str,
    /// When, on the world's clock.
    pub at: Timestamp,
    /// The vendor that was asked.
    pub vendor: &'a str,
    /// The operation's full name (`shipmate.createConsignment`); empty if the path led to none.
    pub operation: &'a str,
    /// The method as sent.
    pub method: &'a Method,
    /// The path as sent.
    pub path: &'a str,
    /// The query as sent; empty when there was none.
    pub query: &'a str,
    /// The request's headers.
    pub request_headers: &'a HeaderMap,
    /// The request's body.
    pub request_body: &'a [u8],
    /// The answer's status.
    pub status: u16,
    /// The answer's headers.
    pub reply_headers: &'a HeaderMap,
    /// The answer's body.
    pub reply_body: &'a [u8],
    /// Short codes for what departed from the spec, each with an optional detail.
    pub notes: &'a [Box<str>],
}

/// One exchange, as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place among all exchanges that were ever written down here, from 1.
    pub number: u64,
    /// The value of `seatrial-request`: unique within the process, and the same in every run of the same calls.
    pub id: String,
    /// When, on the world's clock.
    pub at: Timestamp,
    /// The vendor that was asked.
    pub vendor: String,
    /// The operation's full name, if the path led to one.
    pub operation: Option<String>,
    /// The method as sent.
    pub method: String,
    /// The path and query as sent.
    pub target: String,
    /// The request's headers, a line each.
    pub request_headers: String,
    /// The request's body, cut at [`Journal::BODY`].
    pub request_body: Vec<u8>,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers, a line each.
    pub reply_headers: String,
    /// The answer's body, cut at [`Journal::BODY`].
    pub reply_body: Vec<u8>,
    /// Lengths of the two bodies before they were cut.
    pub lengths: (usize, usize),
    /// What departed from the spec.
    pub notes: Vec<String>,
}

/// The exchanges of one sandbox.
pub struct Journal {
    segments: VecDeque<Segment>,
    bytes: usize,
    budget: usize,
    /// How many exchanges were written down, ever.
    pub written: u64,
    /// How many of those are gone for want of room.
    pub dropped: u64,
}

#[derive(Default)]
struct Segment {
    data: Vec<u8>,
    /// Where each entry begins.
    starts: Vec<u32>,
}

impl Journal {
    /// How much of one body is kept.
    pub const BODY: usize = 64 * 1024;

    /// An empty journal that holds at most `budget` bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self { segments: VecDeque::new(), bytes: 0, budget, written: 0, dropped: 0 }
    }

    /// Writes an exchange down, dropping the oldest ones if need be. `cap` is a budget of the moment, when it is the smaller one.
    pub fn push(&mut self, exchange: &Exchange<'_>, cap: usize) {
        self.written += 1;
        let number = self.written;
        let segment = self.segment_for(exchange.size(), self.budget.min(cap));
        segment.starts.push(u32::try_from(segment.data.len()).expect("segments are small"));
        exchange.write(number, &mut segment.data);
    }

    /// The exchanges that are still there, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Entry> {
        self.segments.iter().flat_map(|segment| {
            segment.starts.iter().map(|start| {
                Entry::read(segment.data.get(*start as usize..).unwrap_or_default()).expect("entries are read as they were written")
            })
        })
    }

    /// The exchanges after the one with that number that are still there, newest first.
    pub fn after(&self, number: u64) -> impl Iterator<Item = Entry> {
        self.iter().rev().take_while(move |entry| entry.number > number)
    }

    /// Forgets everything, and with it what was dropped: evidence begins anew.
    pub fn clear(&mut self) {
        self.segments.clear();
        self.bytes = 0;
        self.dropped = 0;
    }

    /// Keeps only what `keep` says; what leaves on request is not counted as dropped.
    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        for segment in &mut self.segments {
            let kept = segment.starts.iter().filter(|start| {
                let entry = segment.data.get(**start as usize..).and_then(Entry::read);
                entry.is_some_and(|entry| keep(&entry))
            });
            segment.starts = kept.copied().collect();
        }
    }

    /// The bytes in use.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A segment with room for `size` more bytes.
    fn segment_for(&mut self, size: usize, budget: usize) -> &mut Segment {
        let fits = |segment: &Segment| segment.data.capacity() - segment.data.len() >= size;
        if !self.segments.back().is_some_and(fits) {
            let wanted = size.max(SEGMENT.min(budget / 4));
            let mut spare = Segment::default();
            while self.bytes + wanted > budget {
                let Some(oldest) = self.segments.pop_front() else { break };
                self.bytes -= oldest.data.capacity();
                self.dropped += oldest.starts.len() as u64;
                spare = oldest;
            }
            spare.data.clear();
            spare.starts.clear();
            if spare.data.capacity() < wanted || spare.data.capacity() > wanted * 2 {
                spare.data = Vec::with_capacity(wanted);
            }
            self.bytes += spare.data.capacity();
            self.segments.push_back(spare);
        }
        self.segments.back_mut().expect("a segment was just found or added")
    }
}

impl Exchange<'_> {
    /// At least as many bytes as [`Exchange::write`] writes.
    fn size(&self) -> usize {
        let headers = |headers: &HeaderMap| headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 3).sum::<usize>();
        let texts =
            self.id.len() + self.vendor.len() + self.operation.len() + self.method.as_str().len() + self.path.len() + self.query.len();
        let bodies = self.request_body.len().min(Journal::BODY) + self.reply_body.len().min(Journal::BODY);
        let notes = self.notes.iter().map(|note| note.len() + 1).sum::<usize>();
        128 + texts + bodies + notes + headers(self.request_headers) + headers(self.reply_headers)
    }

    fn write(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&self.at.as_second().to_le_bytes());
        out.extend_from_slice(&self.at.subsec_nanosecond().to_le_bytes());
        out.extend_from_slice(&self.status.to_le_bytes());
        out.extend_from_slice(&(self.request_body.len() as u64).to_le_bytes());
        out.extend_from_slice(&(self.reply_body.len() as u64).to_le_bytes());
        let query = if self.query.is_empty() { "" } else { "?" };
        part(out, |out| out.extend_from_slice(self.id.as_bytes()));
        part(out, |out| out.extend_from_slice(self.vendor.as_bytes()));
        part(out, |out| out.extend_from_slice(self.operation.as_bytes()));
        part(out, |out| out.extend_from_slice(self.method.as_str().as_bytes()));
        part(out, |out| [self.path, query, self.query].iter().for_each(|text| out.extend_from_slice(text.as_bytes())));
        part(out, |out| lines(self.request_headers, out));
        part(out, |out| out.extend_from_slice(&self.request_body[..self.request_body.len().min(Journal::BODY)]));
        part(out, |out| lines(self.reply_headers, out));
        part(out, |out| out.extend_from_slice(&self.reply_body[..self.reply_body.len().min(Journal::BODY)]));
        part(out, |out| {
            for note in self.notes {
                out.extend_from_slice(note.replace('\n', " ").as_bytes());
                out.push(b'\n');
            }
        });
    }
}

/// Writes the length of what `write` writes, and then that.
fn part(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let place = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = u32::try_from(out.len() - place - 4).expect("segments are small");
    out[place..place + 4].copy_from_slice(&length.to_le_bytes());
}

fn lines(headers: &HeaderMap, out: &mut Vec<u8>) {
    for (name, value) in headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.push(b'\n');
    }
}

impl Entry {
    fn read(mut data: &[u8]) -> Option<Self> {
        let number = u64::from_le_bytes(take(&mut data)?);
        let second = i64::from_le_bytes(take(&mut data)?);
        let nanosecond = i32::from_le_bytes(take(&mut data)?);
        let status = u16::from_le_bytes(take(&mut data)?);
        let lengths = (u64::from_le_bytes(take(&mut data)?), u64::from_le_bytes(take(&mut data)?));
        let mut bytes = || -> Option<&[u8]> {
            let length = u32::from_le_bytes(take(&mut data)?) as usize;
            let (part, rest) = data.split_at_checked(length)?;
            data = rest;
            Some(part)
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(Self {
            number,
            at: Timestamp::new(second, nanosecond).ok()?,
            status,
            lengths: (usize::try_from(lengths.0).ok()?, usize::try_from(lengths.1).ok()?),
            id: text(bytes()?),
            vendor: text(bytes()?),
            operation: Some(text(bytes()?)).filter(|name| !name.is_empty()),
            method: text(bytes()?),
            target: text(bytes()?),
            request_headers: text(bytes()?),
            request_body: bytes()?.to_vec(),
            reply_headers: text(bytes()?),
            reply_body: bytes()?.to_vec(),
            notes: text(bytes()?).lines().map(str::to_owned).collect(),
        })
    }
}

fn take<const N: usize>(data: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = data.split_first_chunk::<N>()?;
    *data = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(budget: usize, body: usize, count: u16) -> Journal {
        let headers = HeaderMap::from_iter([(http::header::HOST, http::HeaderValue::from_static("localhost"))]);
        let mut journal = Journal::new(budget);
        for number in 0..count {
            journal.push(
                &Exchange {
                    id: &number.to_string(),
                    at: Timestamp::UNIX_EPOCH,
                    vendor: "shippo",
                    operation: "",
                    method: &Method::GET,
                    path: "/",
                    query: "a=b",
                    request_headers: &headers,
                    request_body: b"",
                    status: 200,
                    reply_headers: &headers,
                    reply_body: &vec![7; body],
                    notes: &["request-invalid: two\nlines".into()],
                },
                usize::MAX,
            );
        }
        journal
    }

    fn check(budget: usize, body: usize, count: u16) {
        let journal = journal(budget, body, count);
        assert!(journal.bytes() <= budget.max(Journal::BODY + 1024), "{} of {budget}", journal.bytes());
        assert_eq!(journal.iter().count() as u64 + journal.dropped, u64::from(count));
        let last = journal.iter().next_back().expect("the newest is always there");
        assert_eq!((last.id, last.target.as_str(), last.lengths.1), ((count - 1).to_string(), "/?a=b", body));
        assert_eq!((last.request_headers.as_str(), last.notes), ("host: localhost\n", vec!["request-invalid: two lines".to_owned()]));
        assert_eq!(last.reply_body, vec![7; body.min(Journal::BODY)]);
    }

    #[test]
    fn the_budget_holds_and_what_left_is_counted() {
        check(10_000, 1_000, 100);
        check(1 << 20, 1_000, 5_000);
        check(1 << 20, 200_000, 50);
        check(100, 1_000, 3);
    }

    #[test]
    fn what_is_not_kept_leaves() {
        let mut journal = journal(1 << 20, 10, 10);
        journal.retain(|entry| entry.id != "3");
        assert_eq!((journal.iter().count(), journal.dropped), (9, 0));
    }
}
