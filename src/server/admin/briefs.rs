//! What lists need of each parcel and each delivery: read once from its document, and again when that is another one. What has not changed
//! since the last list costs a comparison of pointers.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde::Deserialize;

use crate::base::time::Timestamp;
use crate::carrier::{Location, Status};
use crate::engine::webhooks::{DELIVERY, Progress};
use crate::engine::{PARCEL, Sandbox, Vendors};
use crate::world::{AccountId, Accounts, Kind, Row, Table};

/// Of how many sandboxes they are kept: those whose lists were asked for last.
const SANDBOXES: usize = 8;

/// How many of one sandbox are kept; of a larger one they are read each time.
const MOST: usize = 50_000;

/// What lists need of a document.
pub(crate) trait Brief: Sized {
    const KIND: Kind;

    /// `None` for a document that is none of its kind, which an imported file may have, and for one of a vendor that is not mounted.
    fn read(body: &str, mount: &str, vendors: &Vendors) -> Option<Self>;
}

/// The documents of one kind of a few sandboxes.
pub(crate) struct Briefs<T>(Mutex<VecDeque<(Weak<Sandbox>, Rows<T>)>>);

/// The documents of a sandbox by their accounts, in the order of creation; `None` is one that could not be read.
type Rows<T> = BTreeMap<AccountId, Vec<(Row, Option<Arc<Known<T>>>)>>;

/// A document, and what lists need of it.
pub(crate) struct Known<T> {
    row: Row,
    brief: T,
}

/// A parcel, as far as lists choose and sort by it.
pub(crate) struct ParcelBrief {
    pub vendor: Arc<str>,
    pub status: Status,
    pub created: Timestamp,
    /// The name of its timeline, or `usual`.
    pub timeline: Box<str>,
    /// What is searched for a text, in lower case, a line each.
    pub words: Box<str>,
}

/// A delivery, as far as lists choose and sort by it.
pub(crate) struct DeliveryBrief {
    pub vendor: Box<str>,
    pub subscription: Box<str>,
    pub event: Box<str>,
    pub subject: Box<str>,
    pub progress: Progress,
    pub created: Timestamp,
}

impl<T> Default for Briefs<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Brief> Briefs<T> {
    /// The documents of a sandbox, whose state is locked.
    pub fn of(&self, sandbox: &Arc<Sandbox>, accounts: &Accounts, vendors: &Vendors) -> Vec<(AccountId, Arc<Known<T>>)> {
        let mut known = self.take(sandbox);
        let (mut now, mut all) = (Rows::new(), Vec::new());
        for (id, account) in accounts.iter() {
            let mut before = known.remove(&id).unwrap_or_default().into_iter().peekable();
            let rows = account.table(&T::KIND).into_iter().flat_map(Table::rows);
            let briefs = rows.map(|row| {
                // A row keeps its place as long as it is there, so that what stands before it was removed.
                while before.next_if(|(own, _)| own.id() != row.id()).is_some() {}
                let same = before.next().filter(|(own, _)| own.is_same(row));
                same.unwrap_or_else(|| {
                    let brief = T::read(row.body(), &account.mount, vendors);
                    (row.clone(), brief.map(|brief| Arc::new(Known { row: row.clone(), brief })))
                })
            });
            let briefs: Vec<_> = briefs.collect();
            all.extend(briefs.iter().filter_map(|(_, brief)| Some((id, Arc::clone(brief.as_ref()?)))));
            now.insert(id, briefs);
        }
        if all.len() <= MOST {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.truncate(SANDBOXES - 1);
            kept.push_front((Arc::downgrade(sandbox), now));
        }
        all
    }

    /// Takes out what is kept of a sandbox, and what is kept of those that are gone.
    fn take(&self, sandbox: &Arc<Sandbox>) -> Rows<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(own, _)| own.strong_count() > 0);
        let index = kept.iter().position(|(own, _)| Weak::as_ptr(own) == Arc::as_ptr(sandbox));
        index.and_then(|index| kept.remove(index)).map(|(_, rows)| rows).unwrap_or_default()
    }
}

impl<T> Known<T> {
    pub fn id(&self) -> &str {
        self.row.id()
    }

    /// The document as it is stored, in JSON.
    pub fn body(&self) -> &str {
        self.row.body()
    }
}

impl<T> Deref for Known<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.brief
    }
}

impl Brief for ParcelBrief {
    const KIND: Kind = PARCEL;

    fn read(body: &str, mount: &str, vendors: &Vendors) -> Option<Self> {
        let stored: StoredParcel<'_> = serde_json::from_str(body).ok()?;
        let vendor = vendors.booked_with(mount, &stored.vendor)?;
        let StoredParcel { number, subject, from, to, .. } = &stored;
        let words = [&**number, subject, &from.city, &from.zip, &to.city, &to.zip].join("\n").to_lowercase();
        Some(Self {
            vendor: Arc::from(&*vendor.id),
            status: stored.scans.last().map_or(Status::Unknown, |scan| scan.status),
            created: stored.created,
            timeline: stored.timeline.as_deref().unwrap_or("usual").into(),
            words: words.into(),
        })
    }
}

impl ParcelBrief {
    /// Whether it belongs to the vendor's document of that id.
    pub fn is_about(&self, id: &str) -> bool {
        self.words.lines().nth(1).is_some_and(|subject| subject == id.to_lowercase())
    }
}

impl Brief for DeliveryBrief {
    const KIND: Kind = DELIVERY;

    fn read(body: &str, _: &str, _: &Vendors) -> Option<Self> {
        let stored: StoredDelivery<'_> = serde_json::from_str(body).ok()?;
        let StoredDelivery { vendor, subscription, event, subject, progress, created } = stored;
        Some(Self {
            vendor: vendor.into(),
            subscription: subscription.into(),
            event: event.into(),
            subject: subject.into(),
            progress,
            created,
        })
    }
}

/// A parcel as it is stored.
#[derive(Deserialize)]
struct StoredParcel<'a> {
    #[serde(rename = "no", borrow)]
    number: Cow<'a, str>,
    #[serde(rename = "with", borrow, default)]
    vendor: Cow<'a, str>,
    #[serde(rename = "of", borrow)]
    subject: Cow<'a, str>,
    from: Location,
    to: Location,
    #[serde(rename = "at", with = "crate::base::time::nanoseconds")]
    created: Timestamp,
    #[serde(borrow, default)]
    timeline: Option<Cow<'a, str>>,
    scans: Vec<OfScan>,
}

#[derive(Deserialize)]
struct OfScan {
    status: Status,
}

/// A delivery as it is stored.
#[derive(Deserialize)]
struct StoredDelivery<'a> {
    #[serde(borrow)]
    vendor: Cow<'a, str>,
    #[serde(borrow)]
    subscription: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    progress: Progress,
    created: Timestamp,
}
