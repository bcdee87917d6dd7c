//! An exchange of a journal as bytes.

use std::borrow::Cow;
use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::store::codec::CodecError;
use crate::world::{Blame, Effect, EffectKind, End, Entry, Message, Note, OnWire, Sent, Slot, Took, Tried, WordedNote};

/// Behind an exchange: what is in front of it is how much the exchange takes in memory. Older exchanges end in another byte.
const SIZED: u8 = 2;

/// Behind all of that, where rules were tried on a call: what is in front of it is how many bytes say what they were to it.
const TRIED: u8 = 3;

/// In front of the end of an exchange whose answer was under way when it was written: it was to end so.
const UNDER_WAY: &str = "under_way ";

/// An [`Entry`]. Its number is its key.
#[derive(Serialize, Deserialize)]
struct Stored<'e> {
    #[serde(borrow)]
    id: Cow<'e, str>,
    at: Timestamp,
    received: Timestamp,
    took: Option<Duration>,
    #[serde(borrow)]
    sandbox: Cow<'e, str>,
    #[serde(borrow)]
    vendor: Cow<'e, str>,
    #[serde(borrow)]
    operation: Option<Cow<'e, str>>,
    #[serde(borrow)]
    method: Cow<'e, str>,
    #[serde(borrow)]
    target: Cow<'e, str>,
    path_start: usize,
    nth: u64,
    request: StoredMessage<'e>,
    #[serde(borrow)]
    end: Cow<'e, str>,
    sent_status: Option<u16>,
    sent_bytes: usize,
    status: Option<u16>,
    answer: StoredMessage<'e>,
    notes: Vec<StoredNote>,
    effect: Option<StoredEffect<'e>>,
    #[serde(with = "crate::base::json::as_text")]
    state: Option<Value>,
}

#[derive(Serialize, Deserialize)]
struct StoredMessage<'e> {
    #[serde(borrow, serialize_with = "bytes")]
    headers: &'e [u8],
    #[serde(borrow, serialize_with = "bytes")]
    body: &'e [u8],
    length: usize,
}

#[derive(Serialize, Deserialize)]
struct StoredNote {
    code: String,
    location: String,
    detail: String,
    blame: Blame,
}

#[derive(Serialize, Deserialize)]
struct StoredEffect<'e> {
    #[serde(borrow)]
    kind: Cow<'e, str>,
    #[serde(borrow)]
    name: Cow<'e, str>,
    line: Option<usize>,
    nth: u64,
    committed: bool,
}

/// What of an effect is behind the exchange, if there is any.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Written<'e> {
    #[serde(borrow)]
    failure: Option<Cow<'e, str>>,
    lasts: Option<Duration>,
    latency: Option<Duration>,
}

/// Serde writes slices number by number unless it is asked to write bytes.
fn bytes<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Adds an exchange to `out`.
///
/// # Errors
/// None of ours has any.
pub fn write(entry: &Entry, out: Vec<u8>) -> Result<Vec<u8>, CodecError> {
    let is_open = entry.wire.is_under_way() || entry.wire.is_lost();
    let Sent { end, status, bytes } = if is_open { entry.wire.planned() } else { entry.wire.get() };
    let notes = entry.notes.iter().map(|note| {
        let WordedNote { code, location, detail, blame } = note.worded();
        StoredNote { code: code.to_owned(), location, detail, blame }
    });
    let stored = Stored {
        id: (&*entry.id).into(),
        at: entry.at,
        received: entry.received,
        took: entry.took.get(),
        sandbox: (&*entry.sandbox).into(),
        vendor: entry.vendor.as_str().into(),
        operation: entry.operation.as_deref().map(Into::into),
        method: entry.method.as_str().into(),
        target: (&*entry.target).into(),
        path_start: entry.path_start,
        nth: entry.nth,
        request: StoredMessage::of(&entry.request),
        end: if is_open { format!("{UNDER_WAY}{}", end.word()).into() } else { end.word().into() },
        sent_status: status,
        sent_bytes: bytes,
        status: entry.status,
        answer: StoredMessage::of(&entry.answer),
        notes: notes.collect(),
        effect: entry.effect.as_ref().map(|effect| StoredEffect {
            kind: effect.kind.word().into(),
            name: (&*effect.name).into(),
            line: effect.line,
            nth: effect.nth,
            committed: effect.committed,
        }),
        state: entry.state.clone(),
    };
    let mut out = postcard::to_extend(&stored, out)?;
    out.extend([entry.is_secure, entry.state == Some(Value::Null)].map(u8::from));
    if let Some(Effect { failure, lasts, latency, .. }) = &entry.effect
        && (failure.is_some() || lasts.is_some() || latency.is_some())
    {
        out = postcard::to_extend(&Written { failure: failure.as_deref().map(Into::into), lasts: *lasts, latency: *latency }, out)?;
    }
    out.extend((entry.bytes() as u64).to_le_bytes());
    out.push(SIZED);
    if let Some(tried) = &entry.tried {
        let length = out.len();
        out = postcard::to_extend(&**tried, out)?;
        out.extend(((out.len() - length) as u64).to_le_bytes());
        out.push(TRIED);
    }
    Ok(out)
}

/// What [`write`] wrote, whose checksum was right, to be read when somebody looks at it. Nobody will say how an answer ended that was
/// under way then: the process that sent it has ended.
///
/// # Errors
/// When it is an older one, which is read at once, and damaged.
pub fn later(number: u64, bytes: impl Deref<Target = [u8]> + Send + 'static) -> Result<Slot, CodecError> {
    let size = without_tried(&bytes).0.strip_suffix(&[SIZED]).and_then(|before| before.last_chunk()).copied().map(u64::from_le_bytes);
    match size.and_then(|size| usize::try_from(size).ok()) {
        Some(size) => Ok(Slot::unread(number, size, move || {
            let entry = read(number, &bytes).expect("whoever wrote the checksum wrote an exchange, as it has its size");
            entry.wire.lose();
            entry
        })),
        None => Ok(read(number, &bytes)?.into()),
    }
}

/// Reads what [`write`] wrote, as the exchange with that number.
///
/// # Errors
/// When the bytes are damaged.
pub fn read(number: u64, bytes: &[u8]) -> Result<Entry, CodecError> {
    let (bytes, tried) = without_tried(bytes);
    let tried = tried.map(postcard::from_bytes::<Tried>).transpose()?;
    // Behind it stand whether it came by TLS, whether its state is known to be null, what its effect has been told, and its size. There
    // is less in older files.
    let (stored, rest): (Stored<'_>, &[u8]) = postcard::take_from_bytes(bytes)?;
    let (is_open, end) = stored.end.strip_prefix(UNDER_WAY).map_or((false, &*stored.end), |end| (true, end));
    let end = End::ALL.iter().find(|(_, word)| *word == end).map_or(End::Sent, |(end, _)| *end);
    let sent = Sent { end, status: stored.sent_status, bytes: stored.sent_bytes };
    let took = Took::default();
    if let Some(duration) = stored.took {
        took.set(duration);
    }
    let written = rest.get(2..).and_then(|rest| rest.strip_suffix(&[SIZED])).and_then(|rest| rest.split_last_chunk::<8>());
    let written: Written<'_> = match written {
        Some((written, _)) if !written.is_empty() => postcard::from_bytes(written)?,
        _ => Written::default(),
    };
    let effect = stored.effect.and_then(|effect| {
        let kind = EffectKind::ALL.into_iter().find(|kind| kind.word() == effect.kind)?;
        let Written { failure, lasts, latency } = written.clone();
        let (name, failure) = (effect.name.into(), failure.map(Into::into));
        Some(Effect { kind, name, line: effect.line, nth: effect.nth, committed: effect.committed, failure, lasts, latency })
    });
    let notes = stored.notes.into_iter().map(|note| {
        let code = Note::code_of(&note.code).unwrap_or_default();
        Note::at(code, note.blame, note.location, note.detail)
    });
    Ok(Entry {
        number,
        id: stored.id.into(),
        at: stored.at,
        received: stored.received,
        took,
        sandbox: stored.sandbox.into(),
        vendor: Name::from(stored.vendor.into_owned()),
        operation: stored.operation.map(Into::into),
        method: Method::from_bytes(stored.method.as_bytes()).unwrap_or_default(),
        target: stored.target.into(),
        path_start: stored.path_start,
        is_secure: rest.first() == Some(&1),
        nth: stored.nth,
        request: stored.request.into_message(),
        wire: if is_open { OnWire::under_way(sent) } else { OnWire::new(sent) },
        status: stored.status,
        answer: stored.answer.into_message(),
        notes: notes.collect(),
        effect,
        state: stored.state.or_else(|| (rest.get(1) == Some(&1)).then_some(Value::Null)),
        tried: tried.map(Box::new),
    })
}

/// What stands in front of what rules were to a call, and that, if it was kept.
fn without_tried(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let found = bytes.strip_suffix(&[TRIED]).and_then(|bytes| bytes.split_last_chunk());
    let found =
        found.and_then(|(before, length)| before.split_at_checked(before.len().checked_sub(u64::from_le_bytes(*length).try_into().ok()?)?));
    found.map_or((bytes, None), |(before, tried)| (before, Some(tried)))
}

impl<'e> StoredMessage<'e> {
    fn of(message: &'e Message) -> Self {
        Self { headers: &message.headers, body: &message.body, length: message.length }
    }

    fn into_message(self) -> Message {
        Message { headers: self.headers.into(), body: Bytes::copy_from_slice(self.body), length: self.length }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::world::{How, Met};

    /// What conditions of a scenario may have seen: nothing, or any value.
    fn state() -> impl Strategy<Value = Option<Value>> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from)
        ];
        let value = leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::btree_map(".{0,4}", inner, 0..3).prop_map(|members| members.into_iter().collect())
        });
        prop::option::of(value)
    }

    fn message() -> impl Strategy<Value = Message> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..20);
        (bytes(), bytes(), any::<usize>()).prop_map(|(headers, body, length)| Message {
            headers: headers.into(),
            body: body.into(),
            length,
        })
    }

    fn tried() -> impl Strategy<Value = Option<Box<Tried>>> {
        let rule = (".{0,4}", any::<usize>(), any::<u32>(), prop::sample::select(&[How::Fired, How::UsedUp, How::Unmatched][..]));
        let rule = rule.prop_map(|(owner, rule, sense, how)| Met { owner: owner.into(), rule, sense, how });
        let rules = prop::collection::vec(rule, 0..3);
        prop::option::of((any::<u32>(), rules).prop_map(|(scenario, rules)| Box::new(Tried { scenario, rules })))
    }

    fn exchange() -> impl Strategy<Value = Entry> {
        let texts = (".{0,12}", prop::option::of("[a-z]{1,8}"), "/.{0,12}");
        let numbers = (1..u64::MAX, any::<u64>(), any::<i32>(), prop::option::of(100_u16..600), any::<u64>());
        let written = (prop::option::of(".{0,6}"), prop::option::of(any::<Duration>()), prop::option::of(any::<Duration>()));
        let effect = prop::option::of((
            prop::sample::select(&EffectKind::ALL[..]),
            ".{0,6}",
            prop::option::of(any::<usize>()),
            any::<bool>(),
            written,
        ));
        let notes = prop::collection::vec((".{0,6}", ".{0,6}"), 0..3);
        (texts, numbers, (message(), message()), effect, notes, (any::<bool>(), (state(), tried()))).prop_map(|parts| {
            let ((id, operation, target), (number, nth, at, status, nanoseconds), (request, answer), effect, notes, (is_secure, seen)) =
                parts;
            let (state, tried) = seen;
            let took = Took::default();
            took.set(Duration::from_nanos(nanoseconds));
            Entry {
                number,
                id: id.into(),
                at: Timestamp::from_second(at.into()).unwrap_or_default(),
                received: Timestamp::new(0, at.saturating_abs() % 1_000_000_000).unwrap_or_default(),
                took,
                operation: operation.map(Into::into),
                target,
                is_secure,
                nth,
                request,
                status,
                answer,
                notes: notes.into_iter().map(|(location, detail)| Note::at(Note::FAULT, Blame::Scenario, location, detail)).collect(),
                effect: effect.map(|(kind, name, line, committed, (failure, lasts, latency))| Effect {
                    kind,
                    name,
                    line,
                    nth,
                    committed,
                    failure,
                    lasts,
                    latency,
                }),
                state,
                tried,
                ..Entry::made_up()
            }
        })
    }

    proptest! {
        #[test]
        fn an_exchange_is_read_as_it_was_written(entry in exchange()) {
            let bytes = write(&entry, Vec::new()).expect("it can be written");
            let again = read(entry.number, &bytes).expect("what is written can be read");
            prop_assert_eq!(format!("{again:?}"), format!("{entry:?}"));
            let slot = later(entry.number, bytes).expect("what is written can be read");
            prop_assert_eq!((slot.number(), slot.bytes()), (entry.number, entry.bytes()));
            prop_assert!(matches!(slot, Slot::Unread(_)));
            prop_assert_eq!(format!("{:?}", slot.entry()), format!("{entry:?}"));
        }
    }

    /// Exchanges as they were written at first, and when some came by TLS.
    #[test]
    fn older_exchanges_are_read() {
        let mut bytes =
            b"\x09default-1\x141970-01-01T00:00:00Z\x1e2026-01-05T09:00:00.123456789Z\x01\x02\x03\x07default\x06shippo".to_vec();
        bytes.extend(b"\x01\x11shippo.GetAddress\x03GET\x09/shippo/a\x07\x04\x08host: a\n\x00\x00\x04sent\x01\xc8\x01\x02\x01\xc8\x01");
        bytes.extend(b"\x00\x02{}\x02\x01\x05fault\x01b\x01c\x02\x00\x0c{\"a\":\"1.50\"}");
        let check = |bytes: Vec<u8>, is_secure: bool| {
            let slot = later(7, bytes).expect("it is whole");
            assert!(matches!(slot, Slot::Read(..)));
            let entry = slot.entry();
            assert_eq!((entry.number, &*entry.id, entry.is_secure, entry.nth), (7, "default-1", is_secure, 4));
            assert_eq!((&*entry.target, entry.operation.as_deref()), ("/shippo/a", Some("shippo.GetAddress")));
            assert_eq!(
                (&*entry.answer.body, entry.status, entry.state.clone()),
                (&b"{}"[..], Some(200), Some(serde_json::json!({"a": "1.50"})))
            );
            assert_eq!(entry.received.to_string(), "2026-01-05T09:00:00.123456789Z");
            assert_eq!(entry.took.get(), Some(Duration::new(2, 3)));
        };
        check(bytes.clone(), false);
        for is_secure in [false, true] {
            check([&bytes[..], &[is_secure.into()]].concat(), is_secure);
        }
        assert!(later(7, bytes[..20].to_vec()).is_err());
    }
}
