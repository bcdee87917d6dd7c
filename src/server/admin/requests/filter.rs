//! The filters of the journal, the same for all of its routes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::ahead::read_ahead;
use crate::base::text::{self, Sought};
use crate::base::time::Timestamp;
use crate::engine::Sandbox;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::world::{EffectKind, End, Entry, Journal, Note};

/// All query parameters of the journal's routes; each route takes a part of them.
const QUERY: &[(&str, &str)] = &[
    ("format", "`har` (unless told), `ndjson`, `curl` or `conversation`, which is with one vendor"),
    ("before", "only calls before the one with this id, or number: the `earlier` of another list"),
    ("secrets", "`show` leaves credentials readable, so that the calls can be made again"),
    ("vendor", "only calls to this vendor, in all its versions where it is its mount, such as `shipstation`"),
    ("operation", "only this operation, such as `shipmate.createConsignment`"),
    ("method", "only this method"),
    ("status", "only this status that the caller received, or a class such as `4xx`; `none` where no answer went out"),
    ("note", "only calls with this note, such as `request-invalid` or `fault`, or with one of several, with commas between them"),
    (
        "effect",
        "only calls that a scenario had this effect on: `respond`, `patch`, `fault`, `rate_limit` or `latency`; `any` for all of them",
    ),
    ("q", "only calls with this text in their id, path or bodies, in any case of letters; a list searches the newest 8 MiB"),
    (
        "wire",
        "only calls that ended so: `sent`, `abandoned`, not yet (`under_way`), or as a fault is called, such as `reset` or `truncated`",
    ),
    ("since", "only calls after this time, or after the call with this id"),
    ("limit", "at most so many: the newest ones, or those that come first to a stream (a list has 100 unless told)"),
    ("wait", "wait so long for a call, such as `5s`"),
    ("min", "how many calls `wait` waits for (1)"),
    ("view", "`row` leaves out headers and bodies"),
];

/// The query of an export of one call.
pub(crate) const EXPORT_ONE: &[(&str, &str)] = &[
    ("format", "`har` (unless told), `ndjson`, `curl`, `conversation`, or `override`, which answers such a call like this again"),
    QUERY[2],
];
/// The query of an export.
pub(crate) const EXPORT: &[(&str, &str)] = QUERY.split_at(13).0;
/// The query of a stream.
pub(crate) const STREAM: &[(&str, &str)] = EXPORT.split_at(2).1;
/// The query of a deletion.
pub(crate) const FILTERS: &[(&str, &str)] = EXPORT.split_at(3).1;
/// The query of a list.
pub(crate) const LIST: &[(&str, &str)] = QUERY.split_at(1).1;
/// The query of a count.
pub(crate) const COUNT: &[(&str, &str)] = QUERY.split_at(16).0.split_at(3).1;

/// How many bytes of calls a list searches at most, and what each of them counts besides its texts.
const MOST_SEARCHED: usize = 8 << 20;
const CALL: usize = 256;
/// How many notes a filter names at most.
const MOST_NOTES: usize = 100;

/// Which exchanges a query names.
#[derive(Clone)]
pub(crate) struct Filter {
    /// The ids of versions of a vendor.
    vendors: Option<Vec<String>>,
    operation: Option<String>,
    method: Option<String>,
    status: Option<String>,
    note: Option<BTreeSet<String>>,
    effect: Option<String>,
    wire: Option<String>,
    since: Option<Since>,
    before: Option<String>,
    /// A text that is looked for.
    words: Option<Sought>,
    limit: Option<usize>,
}

/// Calls, oldest first, and the id of the one where a list goes on.
type Page = (Vec<Arc<Entry>>, Option<Arc<str>>);

#[derive(Clone)]
enum Since {
    Time(Timestamp),
    Id(String),
}

impl Filter {
    pub fn read(admin: &Admin, request: &AdminRequest<'_>) -> Result<Self, Problem> {
        let text = |name: &str| request.query(name).map(str::to_owned);
        // An unknown name would match no call, and `wait` would wait in vain.
        let is_conversation = request.query("format") == Some("conversation");
        let vendors = request.query("vendor").map(|wanted| versions(admin, wanted, is_conversation)).transpose()?;
        if let Some(wanted) = request.query("operation") {
            let loaded = admin.machine.vendors().loaded().iter();
            let names = loaded.flat_map(|loaded| loaded.catalog().operations()).map(|operation| &*operation.name);
            check_known("operation", wanted, &names.collect::<Vec<_>>())?;
        }
        if let Some(wanted) = request.query("effect") {
            let kinds = EffectKind::ALL.map(EffectKind::word);
            check_known("effect", wanted, &[&kinds[..], &["any"]].concat())?;
        }
        if let Some(wanted) = request.query("wire") {
            check_known("end", wanted, &End::ALL.map(|(_, word)| word))?;
        }
        // Those of a journal may be of another version.
        let own = admin.machine.vendors().all().iter().flat_map(|vendor| vendor.notes);
        let codes: Vec<_> = Note::CODES.iter().chain(own).map(|(code, _)| *code).collect();
        let notes = request.query("note").map(|notes| notes.split(',').map(str::to_owned).collect::<BTreeSet<_>>());
        if notes.as_ref().is_some_and(|notes| notes.len() > MOST_NOTES) {
            return Err(Problem::bad_request(format!("`note` names more than {MOST_NOTES} notes")));
        }
        let unknown = notes.iter().flatten().map(String::as_str).filter(|note| !codes.contains(note));
        for note in unknown.filter(|note| text::nearest(note, codes.iter().copied()).is_some()) {
            check_known("note", note, &codes)?;
        }
        let status = text("status");
        if let Some(status) = &status
            && status != "none"
            && !(status.len() == 3 && status.bytes().enumerate().all(|(index, byte)| byte.is_ascii_digit() || (index > 0 && byte == b'x')))
        {
            return Err(Problem::bad_request(format!("`status` is a number such as `404` or a class such as `4xx`, found `{status}`")));
        }
        Ok(Self {
            vendors,
            operation: text("operation"),
            method: text("method"),
            status,
            note: notes,
            effect: text("effect"),
            wire: text("wire"),
            since: request.query("since").map(|since| since.parse().map_or_else(|_| Since::Id(since.to_owned()), Since::Time)),
            before: text("before"),
            words: request.query("q").filter(|words| !words.is_empty()).map(Sought::new),
            limit: request.number("limit")?,
        })
    }

    /// How many calls are wanted.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(usize::MAX)
    }

    /// Goes on after the call with that id.
    pub fn after(mut self, id: &str) -> Self {
        self.since = Some(Since::Id(id.to_owned()));
        self
    }

    /// Whether nothing is left out.
    pub fn is_everything(&self) -> bool {
        let Self { vendors, operation, method, status, note, effect, wire, since, before, words, limit } = self;
        let texts = [operation, method, status, effect, wire, before].iter().all(|text| text.is_none());
        texts && vendors.is_none() && note.is_none() && since.is_none() && words.is_none() && limit.is_none()
    }

    pub fn fits(&self, entry: &Entry) -> bool {
        self.vendors.as_ref().is_none_or(|ids| ids.iter().any(|id| **id == *entry.vendor))
            && self.operation.as_ref().is_none_or(|operation| entry.operation.as_deref() == Some(operation))
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(entry.method.as_str()))
            && self.note.as_ref().is_none_or(|codes| entry.notes.iter().any(|own| codes.contains(own.code)))
            && self.effect.as_ref().is_none_or(|kind| entry.effect.as_ref().is_some_and(|own| kind == "any" || own.kind.word() == kind))
            && self.wire.as_ref().is_none_or(|end| entry.wire.get().end.word() == end)
            && self.status.as_ref().is_none_or(|status| {
                let Some(found) = entry.wire.get().status else { return status == "none" };
                let digits = [100, 10, 1].map(|place| u16::from(b'0') + found / place % 10);
                status.bytes().zip(digits).all(|(expected, found)| expected == b'x' || u16::from(expected) == found)
            })
            && !matches!(&self.since, Some(Since::Time(time)) if entry.at <= *time)
            && self.words.as_ref().is_none_or(|words| has_words(entry, words))
    }

    /// The number of the call that `since` names; zero when it names a time or nothing.
    pub fn start(&self, journal: &Journal) -> Result<u64, Problem> {
        let Some(Since::Id(id)) = &self.since else { return Ok(0) };
        match journal.iter().rev().find(|entry| *entry.id == **id) {
            Some(entry) => Ok(entry.number),
            // It was dropped, so all that are left came after it.
            None if journal.dropped() > 0 => Ok(0),
            None => Err(Problem::bad_request(format!("`since` is a time or the id of a call in this journal, found `{id}`"))),
        }
    }

    /// Whether the calls begin at a moment that the query names.
    pub fn has_start(&self) -> bool {
        self.since.is_some()
    }

    /// What a look at the journal of a sandbox finds. Where texts are searched, it is a copy that is looked at: nobody waits for that.
    pub fn look<T>(&self, sandbox: &Sandbox, look: impl FnOnce(&Journal) -> T) -> T {
        let journal = sandbox.journal();
        if self.words.is_none() {
            return look(&journal);
        }
        let copy = Journal::clone(&journal);
        drop(journal);
        look(&copy)
    }

    /// The calls that fit, oldest first; the newest of them when there are more than the limit.
    pub fn find(&self, journal: &Journal, limit: usize) -> Result<Vec<Arc<Entry>>, Problem> {
        Ok(self.search(journal, limit, usize::MAX)?.0)
    }

    /// The same, after a bounded search; and where it goes on if there are older ones, or some that were not searched.
    pub fn newest(&self, journal: &Journal, limit: usize) -> Result<Page, Problem> {
        self.search(journal, limit, MOST_SEARCHED)
    }

    fn search(&self, journal: &Journal, limit: usize, most: usize) -> Result<Page, Problem> {
        let (start, end) = (self.start(journal)?, self.end(journal)?);
        let limit = self.limit.unwrap_or(limit);
        let (mut rows, mut searched, mut reached, mut earlier) = (Vec::new(), 0, None, None);
        for entry in self.read_ahead(journal.between(start, end)) {
            let texts = || entry.target.len() + entry.request.body.len() + entry.answer.body.len();
            searched += self.words.as_ref().map_or(0, |_| CALL + texts());
            let fits = searched <= most && self.fits(entry);
            if searched > most || (fits && rows.len() == limit) {
                earlier = reached;
                break;
            }
            rows.extend(fits.then(|| Arc::clone(entry)));
            reached = Some(&entry.id);
        }
        rows.reverse();
        Ok((rows, earlier.cloned()))
    }

    /// The same entries, and their bodies if those are searched.
    fn read_ahead<'j>(&self, entries: impl Iterator<Item = &'j Arc<Entry>> + 'j) -> Box<dyn Iterator<Item = &'j Arc<Entry>> + 'j> {
        let entries = read_ahead(entries, |entry: &Arc<Entry>| u8::from(entry.effect.is_some()) ^ entry.number.to_le_bytes()[0]);
        if self.words.is_none() {
            return Box::new(entries);
        }
        let first = |body: &[u8]| body.first().copied().unwrap_or_default();
        Box::new(read_ahead(entries, move |entry| first(&entry.request.body) ^ first(&entry.answer.body)))
    }

    /// The number of the call that `before` names.
    fn end(&self, journal: &Journal) -> Result<u64, Problem> {
        let Some(id) = &self.before else { return Ok(u64::MAX) };
        if let Ok(number) = id.parse() {
            return Ok(number);
        }
        match journal.iter().find(|entry| *entry.id == **id) {
            Some(entry) => Ok(entry.number),
            // All that came before it was dropped, too.
            None if journal.dropped() > 0 => Ok(0),
            None => Err(Problem::bad_request(format!("`before` is the id or the number of a call in this journal, found `{id}`"))),
        }
    }
}

fn has_words(entry: &Entry, words: &Sought) -> bool {
    let parts = [entry.id.as_bytes(), entry.target.as_bytes(), &entry.request.body, &entry.answer.body];
    parts.iter().any(|part| words.is_in(part))
}

/// The ids that the name of a vendor stands for: itself, or of a mount those of all versions. Whom a conversation is with is a mount.
fn versions(admin: &Admin, wanted: &str, is_conversation: bool) -> Result<Vec<String>, Problem> {
    let all = admin.machine.vendors().all();
    check_known("vendor", wanted, &all.iter().flat_map(|row| [&*row.id, &*row.mount]).collect::<Vec<_>>())?;
    let mounted: Vec<String> = all.iter().filter(|row| *row.mount == *wanted).map(|row| row.id.to_string()).collect();
    let is_meant = is_conversation || all.iter().all(|row| *row.id != *wanted);
    Ok(if is_meant && !mounted.is_empty() { mounted } else { vec![wanted.to_owned()] })
}

/// That some vendor tells of an event.
pub(crate) fn check_event(admin: &Admin, event: &str) -> Result<(), Problem> {
    let events = admin.machine.vendors().all().iter().flat_map(|vendor| vendor.webhooks.events);
    check_known("event", event, &events.copied().collect::<Vec<_>>())
}

/// That a word is one of some names.
fn check_known(what: &str, wanted: &str, names: &[&str]) -> Result<(), Problem> {
    if names.contains(&wanted) {
        return Ok(());
    }
    let near = text::nearest(wanted, names.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(Problem::bad_request(format!("there is no {what} `{wanted}`{near}")))
}
