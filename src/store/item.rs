//! What waits to be written.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::engine::{Record, Sandbox};
use crate::store::codec::CodecError;
use crate::world::Entry;

pub(super) enum Item {
    /// It is written with the first record of the sandbox, which is a checkpoint.
    Born {
        life: u64,
        sandbox: Weak<Sandbox>,
        name: Arc<str>,
        ttl: Option<Duration>,
    },
    Kept {
        life: u64,
        name: Arc<str>,
        ttl: Option<Duration>,
    },
    Records {
        life: u64,
        number: u64,
        records: Vec<Record>,
    },
    /// The checkpoint of that number, encoded; exchanges below `first` are gone.
    Checkpoint {
        life: u64,
        number: u64,
        first: u64,
        bytes: Result<Vec<u8>, CodecError>,
    },
    Exchange {
        life: u64,
        entry: Arc<Entry>,
    },
    Gone {
        life: u64,
        name: Arc<str>,
    },
    /// A fingerprint of what the default sandbox began as, or a number, with its key.
    Fingerprint(&'static str, u128),
}

impl Item {
    /// Whether it removes what came before it.
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Checkpoint { .. } | Self::Gone { .. } => true,
            Self::Records { records, .. } => records.iter().any(|record| matches!(record, Record::ClearJournal(_))),
            _ => false,
        }
    }
}
