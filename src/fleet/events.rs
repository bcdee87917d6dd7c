//! What a section did to a sandbox, as bytes, and made again in another copy.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::{Checkpoint, JournalPast, Machine, Record, Sandbox};
use crate::fleet::ledger::{Append, Fault, Mark, News};
use crate::store::{Compiler, Prepared, exchange, read};
use crate::world::{Change, Entry, LogLine, Mismatch, Slot};

/// The first byte of all that is written. This version reads the formats up to this one, and writes the one that all replicas write.
pub const NEWEST: u8 = PARTED;
/// From this format on, what is large is in parts, and checkpoints are written beside the calls.
pub(super) const PARTED: u8 = 2;

/// What a sandbox did, as its sink gets it.
pub(super) enum Piece {
    Records(Vec<Record>),
    Exchange(Arc<Entry>),
    KeptFor(Option<Duration>),
    Noted(LogLine),
}

/// A [`Piece`] as it is written, but for exchanges, which have rows of their own.
#[derive(Serialize, Deserialize)]
enum Event<'e> {
    Records(&'e [u8]),
    /// Earlier versions said so which exchanges were removed, and not of what operations they were.
    Unlisted(Vec<u64>),
    KeptFor(Option<Duration>),
    Noted(#[serde(with = "crate::base::json::as_text")] Vec<LogLine>),
}

impl Event<'_> {
    /// The latest exchange that it removes by its number. Another one never gets that, though nothing else tells of it any more.
    fn unlisted(&self) -> u64 {
        if let Self::Unlisted(numbers) = self { numbers.iter().copied().max().unwrap_or_default() } else { 0 }
    }
}

/// What a section did, but for exchanges, as it will be written.
pub(super) struct Events {
    format: u8,
    all: Vec<Unwritten>,
}

enum Unwritten {
    Records(Vec<Record>),
    Other(Event<'static>),
}

/// Counts bytes that are written to it.
struct Length(u64);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Events {
    /// Writes them as a list of [`Event`]s is written, but without ever having all of the bytes.
    pub fn write(&self, out: &mut dyn Write) -> Result<(), Fault> {
        out.write_all(&[self.format]).map_err(damaged)?;
        postcard::to_io(&(self.all.len() as u64), &mut *out).map_err(damaged)?;
        for event in &self.all {
            match event {
                Unwritten::Records(records) => {
                    let (records, mut length) = (Prepared::of(records), Length(0));
                    records.write(&mut length).map_err(damaged)?;
                    // The number of the variant, and the bytes behind their length.
                    postcard::to_io(&(0_u32, length.0), &mut *out).map_err(damaged)?;
                    records.write(&mut *out).map_err(damaged)?;
                }
                Unwritten::Other(event) => drop(postcard::to_io(event, &mut *out).map_err(damaged)?),
            }
        }
        Ok(())
    }

    pub fn bytes(&self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }
}

/// Whether it is all of a sandbox, which may be much.
pub(super) fn is_whole(piece: &Piece) -> bool {
    let is_whole = |record: &Record| matches!(record, Record::Whole(_) | Record::Checkpoint(_));
    matches!(piece, Piece::Records(records) if records.iter().any(is_whole))
}

/// What a sandbox recorded, to be written in a format; the events apart. With a checkpoint goes how long it is kept, and what was done to
/// it.
pub(super) fn gather(pieces: Vec<Piece>, sandbox: &Sandbox, format: u8) -> Result<(Append, Events), Fault> {
    let mut append = Append::default();
    let mut events = Vec::new();
    let mut exchanges: Vec<Arc<Entry>> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Records(records) => {
                for record in &records {
                    append.readdresses |= readdresses(record) && !matches!(record, Record::Checkpoint(_));
                    match record {
                        Record::ClearJournal(written) => {
                            append.cleared = Some(*written);
                            exchanges.retain(|entry| entry.number > *written);
                        }
                        Record::Unlisted(numbers, _) => {
                            exchanges.retain(|entry| numbers.binary_search(&entry.number).is_err());
                            append.unlisted.extend(numbers);
                        }
                        // What earlier sections wrote goes with the next checkpoint.
                        Record::Shrunk(shrunk) => exchanges.retain(|entry| entry.number >= shrunk.first),
                        Record::Ended(ended) => append.again.push(ended.number),
                        Record::Checkpoint(checkpoint) => append.checkpoint = Some(checkpoint.first),
                        _ => {}
                    }
                }
                events.push(Unwritten::Records(records));
            }
            Piece::Exchange(entry) => {
                // One whose answer has ended comes again.
                if exchanges.last().is_some_and(|last| last.number >= entry.number) {
                    exchanges.retain(|earlier| earlier.number != entry.number);
                }
                exchanges.push(entry);
            }
            Piece::KeptFor(ttl) => events.push(Unwritten::Other(Event::KeptFor(ttl))),
            Piece::Noted(line) => events.push(Unwritten::Other(Event::Noted(vec![line]))),
        }
    }
    if append.checkpoint.is_some() {
        events.extend([Event::KeptFor(sandbox.ttl()), Event::Noted(sandbox.deeds.all())].map(Unwritten::Other));
    }
    for entry in exchanges {
        append.exchanges.push((entry.number, exchange::write(&entry, Vec::new()).map_err(damaged)?));
    }
    Ok((append, Events { format, all: events }))
}

fn decode(bytes: &[u8], newest: u8) -> Result<Vec<Event<'_>>, Fault> {
    match bytes.split_first() {
        Some((format, rest)) if (1..=newest).contains(format) => postcard::from_bytes(rest).map_err(damaged),
        Some((other, _)) => Err(Fault::Damaged(format!("format {other} is that of another version"))),
        None => Err(Fault::Damaged("a record is empty".to_owned())),
    }
}

/// Makes what others have recorded since in a copy that stands where they began.
pub(super) fn apply(machine: &Machine, sandbox: &Arc<Sandbox>, news: &News, newest: u8) -> Result<(), Fault> {
    let (mut is_readdressed, mut past) = (false, JournalPast::default());
    for row in &news.rows {
        for event in decode(&row.events, newest)? {
            past.has_had(event.unlisted());
            is_readdressed |= make(machine, sandbox, event, |records| {
                past.follow(records);
                records.retain(|record| !matches!(record, Record::Checkpoint(_)));
                sandbox.follow(records)
            })?;
        }
    }
    sandbox.continue_journal(entries(news)?, &past);
    if is_readdressed {
        machine.reindex(sandbox);
    }
    sandbox.notify_waiters();
    Ok(())
}

/// The whole of a sandbox, of which `open` makes the sandbox, or a new state of the one that there is.
pub(super) fn load(
    machine: &Machine,
    news: &News,
    newest: u8,
    open: impl FnOnce(Checkpoint) -> Result<Arc<Sandbox>, Fault>,
) -> Result<Arc<Sandbox>, Fault> {
    let mut open = Some(open);
    let mut sandbox: Option<Arc<Sandbox>> = None;
    let mut past = JournalPast::default();
    for row in &news.rows {
        for event in decode(&row.events, newest)? {
            past.has_had(event.unlisted());
            if let Some(sandbox) = &sandbox {
                make(machine, sandbox, event, |records| {
                    past.follow(records);
                    sandbox.apply(records)
                })?;
                continue;
            }
            let Event::Records(bytes) = event else { continue };
            let mut records = read(bytes, &Compiler(machine)).map_err(damaged)?;
            let Some(at) = records.iter().position(|record| matches!(record, Record::Checkpoint(_))) else { continue };
            past.follow(&records);
            let Some(Record::Checkpoint(checkpoint)) = records.drain(..=at).next_back() else { continue };
            let Some(open) = open.take() else { continue };
            let opened = open(*checkpoint)?;
            opened.deeds.forget();
            opened.apply(&records).map_err(damaged)?;
            sandbox = Some(opened);
        }
    }
    let sandbox = sandbox.ok_or_else(|| Fault::Damaged(format!("sandbox `{}` has no checkpoint", news.head.name)))?;
    sandbox.revive_journal(entries(news)?.into_iter().map(Slot::from).collect(), past);
    Ok(sandbox)
}

/// Makes an event, its records by `apply`; whether the credentials may be others now.
fn make(
    machine: &Machine,
    sandbox: &Sandbox,
    event: Event<'_>,
    apply: impl FnOnce(&mut Vec<Record>) -> Result<(), Mismatch>,
) -> Result<bool, Fault> {
    match event {
        Event::Records(bytes) => {
            let mut records = read(bytes, &Compiler(machine)).map_err(damaged)?;
            apply(&mut records).map_err(damaged)?;
            return Ok(records.iter().any(readdresses));
        }
        Event::Unlisted(numbers) => sandbox.retain_in_journal(|entry| !numbers.contains(&entry.number)),
        Event::KeptFor(ttl) => sandbox.set_ttl(ttl),
        Event::Noted(lines) => lines.into_iter().for_each(|line| sandbox.deeds.add_numbered(line)),
    }
    Ok(false)
}

/// Whether a copy that stood at a mark, and is read again as a whole, is of another world than that one goes on: the sandbox was reset or
/// replaced since, or nobody can tell, because not all that was written since is there.
pub(super) fn is_another(machine: &Machine, news: &News, stood: Option<Mark>, newest: u8) -> Result<bool, Fault> {
    let Some(stood) = stood else { return Ok(true) };
    let mut later = news.rows.iter().skip_while(|row| row.version <= stood.version).peekable();
    let follows = match later.peek() {
        None => news.head.mark == stood,
        Some(first) => news.head.mark.life == stood.life && first.version == stood.version + 1 && first.before == stood.token,
    };
    if !follows {
        return Ok(true);
    }
    let replaces = |record: &Record| matches!(record, Record::Whole(_) | Record::Reset | Record::Restore(..));
    for row in later {
        for event in decode(&row.events, newest)? {
            if let Event::Records(bytes) = event
                && read(bytes, &Compiler(machine)).map_err(damaged)?.iter().any(replaces)
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn readdresses(record: &Record) -> bool {
    match record {
        Record::Whole(_) | Record::Reset | Record::Restore(..) | Record::Checkpoint(_) => true,
        Record::Changes(changes) => changes.iter().any(|change| matches!(change, Change::Credentials(..))),
        _ => false,
    }
}

fn entries(news: &News) -> Result<Vec<Entry>, Fault> {
    let entry = |(number, bytes): &(u64, Vec<u8>)| {
        let entry = exchange::read(*number, bytes).map_err(damaged)?;
        entry.wire.is_of_another();
        Ok(entry)
    };
    news.exchanges.iter().map(entry).collect()
}

fn damaged(error: impl std::fmt::Display) -> Fault {
    Fault::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removals_of_earlier_versions_are_read() {
        let events = decode(&[1, 1, 1, 2, 3, 7], NEWEST).expect("it is an event");
        assert!(matches!(&events[..], [Event::Unlisted(numbers)] if numbers == &[3, 7]) && events[0].unlisted() == 7);
    }
}
