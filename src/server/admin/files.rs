//! A sandbox as a file: exported and imported.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::channel::{Channel, Sender};
use tokio::sync::mpsc;

use crate::base::name::Name;
use crate::base::text;
use crate::engine::{DEFAULT, Fault, Machine, Sandbox, SandboxError, State};
use crate::persist::{Contents, FileError, Recorded, RecordedJournal, SandboxFile};
use crate::scenario::{self, Scenario};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::sandbox_view::SandboxView;
use crate::server::admin::seats::Download;
use crate::server::admin::state::Admin;
use crate::server::admin::{faults, scenarios};
use crate::server::body::BrokenOff;
use crate::server::clock::wall;
use crate::server::recording::Recording;
use crate::server::shutdown;
use crate::server::verdicts::Ending;
use crate::world::{Deed, Mode, Slot};

pub(crate) const QUERY: &[(&str, &str)] =
    &[("include", "what else is in the file, such as `journal,log`: the calls, and what was done besides; deliveries always are")];

/// How many bytes of a file are written at once; the files of smaller sandboxes have a length.
const PIECE: usize = 256 * 1024;

pub(crate) async fn export(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    const TYPE: &str = "application/json";
    let sandbox = admin.sandbox(request)?;
    let has_journal = has_journal(request)?;
    let usage = admin.machine.usage(&sandbox);
    let is_small = usage.documents + if has_journal { usage.journal } else { 0 } < PIECE;
    // Before anything is kept that the sandbox may drop.
    let download = if is_small { None } else { Some(admin.downloads.begin(&sandbox.name).await?) };
    let past = past(request, &sandbox);
    // A copy of pointers, so that the sandbox is not locked while its file is written.
    let state = sandbox.lock().clone();
    let faults = state.faults().iter().map(|fault| (fault.name.clone(), fault.wanted.clone())).collect();
    let (scenario, seeded) = (state.scenario.source().to_owned(), state.seeded);
    let contents = Contents { scenario, given: state.scenario_mounts, seeded, faults, world: state.world };
    let wall = wall();
    let Some(download) = download else {
        let mut file = Vec::new();
        let written = contents.write_with(&past, wall, &mut file);
        written.map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
        return Ok(response::text(TYPE, file));
    };
    let (sender, body) = Channel::new(1);
    let (written, taken) = mpsc::channel(1);
    tokio::spawn(send(taken, sender, download));
    let mut pieces = Pieces { written, piece: Vec::with_capacity(PIECE) };
    tokio::task::spawn_blocking(move || {
        // The client may have left; nobody is there to be told then.
        let _ = contents.write_with(&past, wall, &mut pieces).map(|()| pieces.flush());
    });
    Ok(response::stream(TYPE, body))
}

/// What is asked for besides the sandbox itself.
fn included<'r>(request: &'r AdminRequest<'_>) -> impl Iterator<Item = &'r str> {
    request.query("include").unwrap_or_default().split(',').filter(|word| !word.is_empty())
}

/// Whether the journal is asked for. Deliveries may be, which are documents of the sandbox, and in its file in any case.
fn has_journal(request: &AdminRequest<'_>) -> Result<bool, Problem> {
    const WORDS: [&str; 3] = ["journal", "deliveries", "log"];
    if let Some(other) = included(request).find(|word| !WORDS.contains(word)) {
        let help = text::nearest(other, WORDS).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(Problem::bad_request(format!("`include` takes {}, found `{other}`{help}", WORDS.join(", "))));
    }
    Ok(included(request).any(|word| word == "journal"))
}

/// What of the past is asked for.
fn past(request: &AdminRequest<'_>, sandbox: &Arc<Sandbox>) -> Recorded {
    let has = |wanted: &str| included(request).any(|word| word == wanted);
    let recorded = || {
        let journal = sandbox.journal();
        let entries = journal.iter().map(Arc::clone).collect();
        let (written, dropped) = (journal.written, journal.lost());
        RecordedJournal { sandbox: Arc::clone(&sandbox.name), written, dropped, entries }
    };
    Recorded { journal: has("journal").then(recorded), log: has("log").then(|| sandbox.deeds.all()) }
}

/// Sends pieces, each when the one before was taken, for as long as somebody takes them.
async fn send(mut pieces: mpsc::Receiver<Bytes>, mut sender: Sender<Bytes, BrokenOff>, download: Download) {
    while let Some(piece) = pieces.recv().await {
        if !download.is_taken(sender.send_data(piece)).await {
            return sender.abort(BrokenOff);
        }
    }
}

/// A body that is written in pieces by a thread that waits for each. The thread ends when nobody sends them any more, be it that the
/// process leaves.
struct Pieces {
    written: mpsc::Sender<Bytes>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.written.blocking_send(piece.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

pub(crate) async fn import(admin: &Admin, request: &AdminRequest<'_>) -> Result<SandboxView, Problem> {
    let file = SandboxFile::parse(request.body).map_err(|error| Problem::bad_request(error.to_string()))?;
    let judge = |before: &Arc<Sandbox>| drop(shutdown::report(&admin.machine, &admin.verdicts, before, Ending::Imported));
    let sandbox = make(&admin.machine, request.parameter("s"), file, State::judge_from_now, judge)?;
    sandbox.note(wall(), Deed::Imported, None, None);
    Ok(SandboxView::with_obstacles(admin, request, &sandbox).await)
}

/// Opens the sandbox of a file under the name that it had, with its past, to be looked at: its time stands still. Of a file without a
/// journal it is the default one.
pub(crate) fn record(machine: &Machine, bytes: &[u8]) -> Result<Recording, Problem> {
    let refused = |error: FileError| Problem::bad_request(error.to_string());
    let mut file = SandboxFile::parse(bytes).map_err(refused)?;
    let Recorded { journal, log } = file.take_past().map_err(refused)?;
    let name = journal.as_ref().map_or(DEFAULT, |journal| &journal.sandbox);
    let sandbox = make(machine, name, file, |_| {}, |_| {})?;
    sandbox.set_ttl(None);
    sandbox.lock().world.set_mode(Mode::Frozen, wall());
    if let Some(RecordedJournal { written, dropped, entries, .. }) = journal {
        sandbox.refill_journal(entries.into_iter().map(Slot::read), written, dropped);
    }
    Ok(Recording { sandbox, log: log.unwrap_or_default() })
}

/// Makes the sandbox of a name what a file says; it is opened if there is none.
pub(crate) fn load(machine: &Machine, name: &str, bytes: &[u8]) -> Result<Arc<Sandbox>, Problem> {
    let file = SandboxFile::parse(bytes).map_err(|error| Problem::bad_request(error.to_string()))?;
    make(machine, name, file, State::judge_from_now, |_| {})
}

/// Opens the sandbox of a file, which `begins` is called with, in the place of one of that name, which `ends` is called with first.
fn make(
    machine: &Machine,
    name: &str,
    file: SandboxFile,
    begins: impl FnOnce(&mut State),
    ends: impl FnOnce(&Arc<Sandbox>),
) -> Result<Arc<Sandbox>, Problem> {
    let vendors = machine.vendors().all().iter();
    let names: Vec<Name> = vendors.flat_map(|vendor| [vendor.id.clone(), vendor.mount.clone()]).collect();
    let room = machine.room_for_new(name);
    let Contents { mut world, scenario, given, seeded, faults } = file.read(&names, wall(), room).map_err(|error| match error {
        FileError::Bytes => SandboxError::Bytes.into(),
        error => Problem::bad_request(error.to_string()),
    })?;
    faults::check_names(faults.iter().map(|(name, _)| &**name))?;
    machine.check_documents(&world).map_err(|error| Problem::bad_request(error.to_string()))?;
    let mut scenario = if scenario.is_empty() { Scenario::plain() } else { Arc::new(scenarios::parse(machine, scenario.as_bytes())?) };
    // The file already has the data of `given`.
    Arc::make_mut(&mut scenario).given.clear();
    Arc::make_mut(&mut scenario).seed = seeded.then_some(world.seed());
    // Counters belong to the present state, not to the one that `reset` goes back to.
    let counters = world.clear_counters();
    // What it replaces keeps its credentials.
    if let Some(secret) = machine.sandbox(name).and_then(|before| before.lock().world.secret()) {
        world.reseed(world.seed(), Some(secret));
    }
    let staged = scenario::run::stage(machine, name, &scenario, Some(world), wall())?;
    for (fault, wanted) in faults {
        let runtime = faults::runtime(machine, &wanted.to_string())?;
        staged.switch_on(Fault::new(fault, wanted, runtime), wall());
    }
    let mut state = staged.lock();
    state.world.replace_counters(counters);
    begins(&mut state);
    state.scenario_mounts.retain(|mount| given.contains(mount));
    staged.measure(&state);
    drop(state);
    machine.give_own_credentials(&staged);
    let sandbox = if let Some(sandbox) = machine.sandbox(name) {
        ends(&sandbox);
        machine.replace(&sandbox, staged)?;
        sandbox
    } else {
        staged.set_ttl(machine.options().ttl);
        machine.open(staged)?
    };
    sandbox.touch(wall());
    Ok(sandbox)
}
