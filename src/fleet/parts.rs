//! What is too large for one statement is written in parts, each of them by itself, before something refers to them.

use std::io::{self, Write};
use std::sync::Arc;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::fleet::events::Events;
use crate::fleet::ledger::{Fault, News, Since};
use crate::fleet::patience::Patience;
use crate::fleet::replica::Fleet;

/// The first byte of what refers to parts, in place of a format.
const IN_PARTS: u8 = 0;
/// What is larger is encoded and read beside what else is to be done.
pub(super) const LARGE: usize = 4 << 20;
/// How many parts are ready that wait to be written.
const READY: usize = 2;
/// How often something is read again whose parts went meanwhile, because there is a later checkpoint.
const TRIES: usize = 5;

/// The parts of events, and how to tell whether these are all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What names them: a number by chance.
    pub token: i64,
    pub count: u32,
    pub bytes: u64,
    hash: [u8; 32],
}

impl Parts {
    /// What is written in the place of the events.
    #[must_use]
    pub fn reference(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![IN_PARTS]).unwrap_or_default()
    }

    /// What some events refer to, if they are no events themselves.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn of(events: &[u8]) -> Result<Option<Self>, Fault> {
        match events.split_first() {
            Some((&IN_PARTS, rest)) => postcard::from_bytes(rest).map(Some).map_err(|error| Fault::Damaged(error.to_string())),
            _ => Ok(None),
        }
    }
}

/// Whether some of the rows are in parts.
pub(super) fn are_in_parts(news: &News) -> bool {
    news.rows.iter().any(|row| row.events.first() == Some(&IN_PARTS))
}

/// Cuts what is written into parts.
struct Cutter<P> {
    put: P,
    portion: usize,
    part: Vec<u8>,
    count: u32,
    bytes: u64,
    digest: Context,
}

impl<P: FnMut(Vec<u8>) -> io::Result<()>> Cutter<P> {
    fn put(&mut self) -> io::Result<()> {
        let part = std::mem::take(&mut self.part);
        self.digest.update(&part);
        self.count += 1;
        self.bytes += part.len() as u64;
        (self.put)(part)
    }
}

impl<P: FnMut(Vec<u8>) -> io::Result<()>> Write for Cutter<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.len().min(self.portion - self.part.len());
        self.part.extend_from_slice(&bytes[..fits]);
        if self.part.len() == self.portion {
            self.put()?;
        }
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes parts of events, one after the other, without ever having more than one of them.
fn cut(events: &Events, portion: usize, token: i64, put: impl FnMut(Vec<u8>) -> io::Result<()>) -> Result<Parts, Fault> {
    let portion = portion.max(1);
    let mut cutter = Cutter { put, portion, part: Vec::new(), count: 0, bytes: 0, digest: Context::new(&SHA256) };
    events.write(&mut cutter)?;
    if !cutter.part.is_empty() {
        cutter.put().map_err(|error| Fault::Away(error.to_string()))?;
    }
    let hash = cutter.digest.finish().as_ref().try_into().unwrap_or_default();
    Ok(Parts { token, count: cutter.count, bytes: cutter.bytes, hash })
}

/// For which version of a sandbox parts are, and how large the sandbox is about.
pub(super) struct Target {
    pub name: Arc<str>,
    pub version: i64,
    pub token: i64,
    pub size: usize,
}

impl Fleet {
    /// Writes events in parts. What is large is encoded by another thread, which waits for each part to be written.
    pub(super) async fn write_parts(&self, target: &Target, events: Events) -> Result<Parts, Fault> {
        let (portion, token) = (self.ledger.portion(), target.token);
        if target.size <= LARGE {
            let mut all = Vec::new();
            let parts = cut(&events, portion, token, |part| {
                all.push(part);
                Ok(())
            })?;
            for (number, part) in (0..).zip(&all) {
                self.write_part(target, number, part).await?;
            }
            return Ok(parts);
        }
        let (sender, mut ready) = mpsc::channel::<Vec<u8>>(READY);
        let put = move |part| sender.blocking_send(part).map_err(|_| io::ErrorKind::BrokenPipe.into());
        let cutting = self.workers().spawn_blocking(move || cut(&events, portion, token, put));
        let mut number = 0;
        while let Some(part) = ready.recv().await {
            self.write_part(target, number, &part).await?;
            number += 1;
        }
        cutting.await.map_err(|error| Fault::Damaged(error.to_string()))?
    }

    async fn write_part(&self, target: &Target, number: u32, part: &[u8]) -> Result<(), Fault> {
        let Target { name, version, token, .. } = target;
        Patience::with(|| self.ledger.write_part(Arc::clone(name), *version, *token, number, part.to_vec())).await
    }

    /// What a copy needs, with all that is in parts; `None` if there is no such sandbox.
    pub(super) async fn news(&self, name: &Arc<str>, since: Since) -> Result<Option<News>, Fault> {
        for _ in 0..TRIES {
            let Some(mut news) = self.ledger.news(Arc::clone(name), since).await? else { return Ok(None) };
            if self.put_together(name, &mut news).await? {
                return Ok(Some(news));
            }
        }
        Err(Fault::Away(format!("sandbox `{name}` changes faster than it is read")))
    }

    /// Reads the parts of rows; whether they are all still there.
    async fn put_together(&self, name: &Arc<str>, news: &mut News) -> Result<bool, Fault> {
        for row in &mut news.rows {
            let Some(parts) = Parts::of(&row.events)? else { continue };
            let mut bytes = Vec::with_capacity(usize::try_from(parts.bytes).unwrap_or_default());
            for number in 0..parts.count {
                let part = Patience::with(|| self.ledger.part(Arc::clone(name), parts.token, number)).await?;
                let Some(part) = part else { return Ok(false) };
                bytes.extend(part);
            }
            let mut digest = Context::new(&SHA256);
            digest.update(&bytes);
            if digest.finish().as_ref() != parts.hash {
                return Err(Fault::Damaged(format!("the parts of a record of sandbox `{name}` are not those that were written")));
            }
            row.events = bytes;
        }
        Ok(true)
    }
}
