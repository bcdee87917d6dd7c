//! What a file tells of the past, for people who look at it: the exchanges of the journal, and what was done besides. A sandbox that is
//! made of the file begins without.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::persist::world::{self, FileError, Rows};
use crate::world::{Blame, Effect, Entry, LogLine, Message, Note, OnWire, Sent, Took, Tried, WordedNote};

/// The past of a sandbox, as far as it is asked for.
#[derive(Default)]
pub struct Recorded {
    pub journal: Option<RecordedJournal>,
    /// What was done besides calls, oldest first.
    pub log: Option<Vec<LogLine>>,
}

/// A journal, without what it is kept within.
pub struct RecordedJournal {
    /// The name of its sandbox, which the ids of its exchanges begin with.
    pub sandbox: Arc<str>,
    /// How many exchanges were ever in it, and how many of them made room for others or were removed.
    pub written: u64,
    pub dropped: u64,
    /// The exchanges that are still there, oldest first.
    pub entries: Vec<Arc<Entry>>,
}

/// A [`RecordedJournal`] in a file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalFile {
    /// The name of its sandbox, which the ids of its exchanges begin with.
    sandbox: String,
    /// How many exchanges were ever in it.
    written: u64,
    /// How many of them made room for others.
    dropped: u64,
    /// Oldest first, with everything that was sent.
    exchanges: Vec<ExchangeRow>,
}

/// The same while it is written, exchange by exchange.
#[derive(Serialize)]
pub(super) struct WrittenJournal<'j, E> {
    sandbox: &'j str,
    written: u64,
    dropped: u64,
    exchanges: E,
}

/// An exchange, with the members of an [`Entry`].
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RecordedExchange")]
struct ExchangeRow {
    number: u64,
    id: String,
    at: Timestamp,
    received: Timestamp,
    /// How long it took, in nanoseconds.
    took: Option<u64>,
    vendor: String,
    operation: Option<String>,
    method: String,
    target: String,
    path_start: usize,
    secure: bool,
    nth: u64,
    request: MessageRow,
    wire: Sent,
    status: Option<u16>,
    answer: MessageRow,
    notes: Vec<NoteRow>,
    effect: Option<Effect>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    #[schemars(with = "Option<Value>")]
    state: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tried: Option<Box<Tried>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RecordedMessage")]
struct MessageRow {
    /// A line for each, as it was sent.
    headers: TextOrBytes,
    body: TextOrBytes,
    /// The length of the body before it was cut.
    length: usize,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RecordedNote")]
struct NoteRow {
    code: String,
    #[serde(rename = "where")]
    location: String,
    detail: String,
    blame: Blame,
}

/// Bytes as text; in base64 where they are none.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "RecordedText")]
enum TextOrBytes {
    Text(String),
    Bytes { base64: String },
}

impl RecordedJournal {
    /// The journal as it is written.
    pub(super) fn written(&self) -> WrittenJournal<'_, impl Serialize> {
        let exchanges = Rows(|| self.entries.iter().map(|entry| ExchangeRow::of(entry)));
        WrittenJournal { sandbox: &self.sandbox, written: self.written, dropped: self.dropped, exchanges }
    }
}

impl JournalFile {
    pub fn read(self) -> Result<RecordedJournal, FileError> {
        let sandbox: Arc<str> = self.sandbox.into();
        let entries = self.exchanges.into_iter().map(|row| row.read(&sandbox).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].number >= pair[1].number) {
            return Err(FileError::Order(pair[1].number));
        }
        Ok(RecordedJournal { sandbox, written: self.written, dropped: self.dropped, entries })
    }
}

impl ExchangeRow {
    fn of(entry: &Entry) -> Self {
        let notes = entry.notes.iter().map(|note| {
            let WordedNote { code, location, detail, blame } = note.worded();
            NoteRow { code: code.to_owned(), location, detail, blame }
        });
        Self {
            number: entry.number,
            id: entry.id.to_string(),
            at: entry.at,
            received: entry.received,
            took: entry.took.get().map(|took| u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)),
            vendor: entry.vendor.to_string(),
            operation: entry.operation.as_deref().map(str::to_owned),
            method: entry.method.to_string(),
            target: entry.target.clone(),
            path_start: entry.path_start,
            secure: entry.is_secure,
            nth: entry.nth,
            request: MessageRow::of(&entry.request),
            wire: entry.wire.outcome(),
            status: entry.status,
            answer: MessageRow::of(&entry.answer),
            notes: notes.collect(),
            effect: entry.effect.clone(),
            state: entry.state.as_ref().and_then(|state| serde_json::value::to_raw_value(state).ok()),
            tried: entry.tried.clone(),
        }
    }

    fn read(self, sandbox: &Arc<str>) -> Result<Entry, FileError> {
        let took = Took::default();
        if let Some(nanoseconds) = self.took {
            took.set(Duration::from_nanos(nanoseconds));
        }
        let notes = self.notes.into_iter().map(|note| {
            let code = Note::code_of(&note.code).ok_or(FileError::Note(note.code))?;
            Ok(Note::at(code, note.blame, note.location, note.detail))
        });
        Ok(Entry {
            number: self.number,
            id: self.id.into(),
            at: self.at,
            received: self.received,
            took,
            sandbox: Arc::clone(sandbox),
            vendor: Name::from(self.vendor),
            operation: self.operation.map(Into::into),
            method: Method::from_bytes(self.method.as_bytes()).unwrap_or_default(),
            path_start: if self.target.is_char_boundary(self.path_start) { self.path_start } else { 0 },
            target: self.target,
            is_secure: self.secure,
            nth: self.nth,
            request: self.request.read()?,
            wire: OnWire::new(self.wire),
            status: self.status,
            answer: self.answer.read()?,
            notes: notes.collect::<Result<_, FileError>>()?,
            effect: self.effect,
            state: self.state.map(|state| world::parse_few(&state)).transpose()?,
            tried: self.tried,
        })
    }
}

/// Reads a state that is there, which may be null.
fn known<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(from).map(Some)
}

impl MessageRow {
    fn of(message: &Message) -> Self {
        Self { headers: TextOrBytes::of(&message.headers), body: TextOrBytes::of(&message.body), length: message.length }
    }

    fn read(self) -> Result<Message, FileError> {
        Ok(Message { headers: self.headers.read()?.into(), body: Bytes::from(self.body.read()?), length: self.length })
    }
}

impl TextOrBytes {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes { base64: STANDARD.encode(bytes) },
        }
    }

    fn read(self) -> Result<Vec<u8>, FileError> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Bytes { base64 } => STANDARD.decode(base64).map_err(|_| FileError::Base64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> RecordedJournal {
        let mut entry = Entry::made_up();
        entry.request.body = Bytes::from_static(b"\xff\x00");
        entry.request.headers = b"host: a\nx: \xff\n"[..].into();
        entry.answer.body = Bytes::from_static("ä".as_bytes());
        entry.answer.length = 70_000;
        entry.took.set(Duration::from_micros(7));
        entry.notes = vec![Note::at(Note::FAULT, Blame::Scenario, "b", "c")];
        entry.state = Some(serde_json::json!({"cheapest": "1.50"}));
        let null = Entry { number: 2, state: Some(Value::Null), ..Entry::made_up() };
        let none = Entry { number: 3, ..Entry::made_up() };
        RecordedJournal { sandbox: "default".into(), written: 9, dropped: 6, entries: [entry, null, none].map(Into::into).into() }
    }

    fn check(file: &str, expected: &str) {
        let read = serde_json::from_str::<JournalFile>(file).map_err(FileError::from).and_then(JournalFile::read);
        let problem = read.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(problem.contains(expected), "{problem}");
    }

    #[test]
    fn an_exchange_reads_back_with_every_byte() {
        let file = serde_json::to_string(&journal().written()).expect("it is written to memory");
        let read = serde_json::from_str::<JournalFile>(&file).map_err(FileError::from).and_then(JournalFile::read);
        let read = read.expect("it was just written");
        assert_eq!((read.written, read.dropped), (9, 6));
        assert_eq!(format!("{:?}", read.entries), format!("{:?}", journal().entries));
    }

    #[test]
    fn what_is_no_exchange_is_refused() {
        let file = serde_json::to_string(&journal().written()).expect("it is written to memory");
        check(&file, "");
        check(&file.replace("\"base64\":\"/wA=\"", "\"base64\":\"?\""), "base64");
        check(&file.replace("\"fault\"", &format!("\"{}\"", "x".repeat(65))), "is no code of a note");
        check(&file.replace("\"nth\"", "\"other\""), "unknown field `other`");
        let row = file.split_once("\"exchanges\":[").and_then(|(_, row)| row.strip_suffix("]}")).expect("it has one");
        check(&file.replace(row, &format!("{row},{row}")), "exchange 1 is out of order");
    }
}
