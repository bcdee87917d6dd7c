//! What becomes a line of the log, and in which format.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::Unmatched;
use crate::world::Entry;

/// For people, or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Columns of text, for people.
    Text,
    /// A JSON object on each line.
    Json,
}

/// What a line of the log is made of.
#[derive(Debug)]
pub(in crate::server) enum Line {
    Call(Arc<Entry>),
    Attempt(Box<Attempt>),
    Unmatched(Arc<Unmatched>, Timestamp),
    /// Ends the thread; the sender is told when everything before it is written.
    End(SyncSender<()>),
}

impl Line {
    /// The bytes of a journal's that it keeps.
    pub fn bytes(&self) -> usize {
        if let Self::Call(entry) = self { entry.bytes() } else { 0 }
    }
}

/// An attempt to deliver a webhook.
#[derive(Debug)]
pub(in crate::server) struct Attempt {
    pub at: Timestamp,
    pub sandbox: Arc<str>,
    pub vendor: Name,
    pub delivery: String,
    /// The number of the attempt, from 1.
    pub number: u32,
    pub url: String,
    /// The status, or the reason for none.
    pub result: Result<u16, String>,
    pub took: Duration,
}
