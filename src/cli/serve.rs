//! `seatrial serve`: binds, prints the ready line, serves, drains, and tells the verdict.

mod begin;
mod fleet;
mod tls;
mod verdict;
mod watch;

use std::ffi::OsString;
use std::future::poll_fn;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};
use std::{fs, io};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};

use crate::cli::arguments::{AdminAuthArgument, LogFormat, ServeArguments};
use crate::cli::banner::banner;
use crate::cli::log_lines::LogLines;
use crate::cli::vendors::complain as complain_of_vendor;
use crate::cli::{Exit, complain, say, scenarios, vendors, warn};
use crate::engine::{Machine, Options, Start};
use crate::server::{self, AdminAuth, AllowedHosts, Bound, Budgets, CallLog, Config, Egress, Guard, Listener, PassOn, Trust};
use crate::store::{self, StoreError};

/// How many file descriptors are asked for.
const FILES: u64 = 65_536;

/// Serves until a signal comes.
pub(super) fn run(arguments: &ServeArguments) -> Exit {
    // One that an earlier process left says that this one is ready.
    remove(arguments.ready_file.as_deref());
    logs(arguments);
    // Each connection takes a file descriptor, and the usual limit is far below what the system allows.
    let _ = rlimit::increase_nofile_limit(FILES);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // One core is served best without handing work between threads.
    let mut builder = if cores == 1 { tokio::runtime::Builder::new_current_thread() } else { tokio::runtime::Builder::new_multi_thread() };
    let runtime = match builder.enable_all().max_blocking_threads(server::MOST_THREADS).build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format_args!("the runtime cannot start: {error}"), Exit::Usage),
    };
    let exit = runtime.block_on(serve(arguments));
    // What is still being worked on ends with the process.
    runtime.shutdown_background();
    exit
}

async fn serve(arguments: &ServeArguments) -> Exit {
    let budgets = Budgets::default();
    let total_bytes = arguments.total_bytes.unwrap_or(budgets.total);
    let in_flight = arguments.in_flight_bytes.unwrap_or(budgets.in_flight);
    let usual = Options::default();
    let mut options = Options {
        contract: arguments.contract.map_or(usual.contract, Into::into),
        conform: arguments.conform.map_or(usual.conform, Into::into),
        plain: arguments.plain,
        journal_bytes: arguments.journal_bytes.unwrap_or(usual.journal_bytes),
        journals_bytes: arguments.journals_bytes.unwrap_or(budgets.journals),
        sandboxes: arguments.sandboxes.unwrap_or(usual.sandboxes),
        sandbox_bytes: arguments.sandbox_bytes.unwrap_or(total_bytes / 2),
        total_bytes,
        secrets: Some(server::secret),
        ttl: arguments.sandbox_ttl.map_or(usual.ttl, |ttl| Some(ttl).filter(|ttl| !ttl.is_zero())),
    };
    if let Some(problem) = verdict::obstacle(arguments) {
        return complain(&problem, Exit::Usage);
    }
    if let Some(path) = arguments.ready_file.as_deref().filter(|path| path.exists() && !is_replaceable(path)) {
        return complain(&format_args!("`--ready-file`: {} is there, and is no file", path.display()), Exit::Usage);
    }
    let plain = Start::plain(server::wall());
    let start = Start { seed: arguments.seed, ..plain };
    let all = match vendors::all(&arguments.vendors) {
        Ok(all) => all,
        Err(error) => return complain_of_vendor(&error),
    };
    let ledger = match fleet::open(arguments, &mut options, &all).await {
        Ok(ledger) => ledger,
        Err(exit) => return exit,
    };
    let machine = Arc::new(Machine::new(all, options, start));
    let store = match &arguments.data_dir {
        None => None,
        Some(directory) => match store::open(&machine, directory, arguments.fsync.into(), server::wall()) {
            Ok(opened) => {
                begin::tell(directory, &opened, &machine);
                begin::go_on_from_latest_call(&machine);
                Some(opened)
            }
            Err(error @ StoreError::Damaged(_)) => {
                let help = format!("help: `seatrial data check {}` looks through it", directory.display());
                return complain(&format_args!("`--data-dir`: {error}\n{help}"), Exit::Failed);
            }
            Err(error) => return complain(&format_args!("`--data-dir`: {error}"), Exit::Usage),
        },
    };
    if let Some(path) = arguments.scenario.iter().find(|path| arguments.watch && scenarios::is_stream(path)) {
        return complain(&format_args!("`--watch`: {} is a pipe or a device, which can be read once", path.display()), Exit::Usage);
    }
    // What a directory has is dropped for something else after all that could end the process has succeeded.
    if store.is_none()
        && let Err(exit) = begin::begin(arguments, &machine, None)
    {
        return exit;
    }
    let fleet = match fleet::join(arguments, &machine, ledger).await {
        Ok(fleet) => fleet,
        Err(exit) => return exit,
    };
    let trust = match Trust::read(&arguments.egress_ca) {
        Ok(trust) => trust,
        Err(error) => return complain(&format_args!("`--egress-ca`: {error}"), Exit::Usage),
    };
    let identity = match tls::identity(arguments, &machine) {
        Ok(identity) => identity,
        Err(error) => return complain(&format_args!("`--tls`: {error}"), Exit::Usage),
    };
    let config = Config {
        tls: arguments.tls.tls.clone(),
        proxy: tls::proxy(arguments),
        identity,
        listen: arguments.listen.clone(),
        admin_listen: arguments.admin_listen.clone(),
        public_url: arguments.public_url.clone(),
        connections: arguments.connections.get(),
        body_limit: arguments.body_limit,
        in_flight,
        read_timeout: arguments.read_timeout,
        advance_timeout: arguments.advance_timeout,
        egress: Egress { allowed: arguments.allow_egress.clone(), trust },
        log: call_log(arguments),
        store: store.as_ref().map(|opened| Arc::clone(&opened.store)),
        fleet,
        page: !arguments.no_ui,
        upstreams: arguments.upstream.clone(),
        pass_on: if arguments.spy { PassOn::Rest } else { PassOn::All },
        asks_verdict: verdict::is_asked(arguments),
        recording: None,
    };
    if let Some(unknown) = arguments.upstream.iter().find(|row| machine.vendors().all().iter().all(|vendor| vendor.mount != *row.mount)) {
        return complain(&format_args!("`--upstream`: there is no vendor `{}`", unknown.mount), Exit::Usage);
    }
    let bound = match server::bind(config, &machine.vendors().mounts()).await {
        Ok(bound) => bound,
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return complain(&error, Exit::Usage),
        Err(error) => return complain(&error, Exit::Bind),
    };
    let off = arguments.admin_auth == AdminAuthArgument::Off;
    let guard = Guard::new(&bound.addresses(), arguments.admin_token.clone(), off, AllowedHosts(arguments.allow_host.clone()), token);
    if let AdminAuth::Token(token) = &guard.auth
        && arguments.admin_token.as_deref().is_none_or(str::is_empty)
    {
        warn(&format_args!("seatrial: not all addresses are loopback; the token of the admin API is {token}"));
    }
    let signals = match signals(arguments.ready_file.clone()) {
        Ok(signals) => signals,
        Err(error) => return complain(&format_args!("signals cannot be received: {error}"), Exit::Usage),
    };
    if store.is_some()
        && let Err(exit) = begin::begin(arguments, &machine, store.as_ref())
    {
        return exit;
    }
    // From here on an edit is seen, as those who wait for the ready line may make one.
    let keeper = store.as_ref().map(|opened| Arc::clone(&opened.store));
    let watched = arguments.watch.then(|| watch::Watched::new(&arguments.scenario, arguments.seed, keeper));
    let line = ready(&bound, &machine);
    if let Some(path) = &arguments.ready_file
        && let Err(error) = publish(path, &line)
    {
        return complain(&format_args!("the ready file {} cannot be written: {error}", path.display()), Exit::Usage);
    }
    let Options { total_bytes, sandbox_bytes, journals_bytes, journal_bytes, .. } = *machine.options();
    let memory = server::available();
    tracing::info!(memory, total_bytes, sandbox_bytes, journals_bytes, journal_bytes, in_flight_bytes = in_flight, "budgets");
    say(&line);
    if logs_calls(arguments) && io::stderr().is_terminal() {
        warn(&show(&bound, &machine));
    }
    let stdin = arguments.exit_with_stdin.then(stdin_ends);
    let keeping = store.as_ref().map(|opened| Arc::clone(&opened.store));
    let broken = async move {
        match keeping {
            Some(store) => drop(store.broken().await),
            None => std::future::pending().await,
        }
    };
    let leave = async move {
        let stdin = async {
            match stdin {
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = signals => {}
            () = stdin => {}
            () = broken => {}
        }
    };
    let watching = Arc::clone(&machine);
    let started = |local| {
        watched.map(|watched| tokio::spawn(watched.run(watching, local)));
    };
    let served = server::serve_embedded(Arc::clone(&machine), bound, guard, leave, started).await;
    remove(arguments.ready_file.as_deref());
    if let Some(opened) = &store {
        CLOSING.notify_one();
        opened.store.close();
        CLOSED.notify_one();
        if let Some(lost) = opened.store.lost() {
            return complain(&format_args!("the process ends, because {lost}"), Exit::Lost);
        }
    }
    match served {
        Ok(verdicts) if verdict::is_asked(arguments) => {
            let exit = verdict::tell(arguments, &machine, &verdicts);
            *TOLD.get_or_init(|| exit)
        }
        Ok(_) => Exit::Fine,
        Err(error) => complain(&format_args!("threads cannot be started: {error}"), Exit::Usage),
    }
}

/// Removes the ready file that arguments name of which others are mistaken: nothing will be ready.
pub(super) fn remove_named(mut arguments: impl Iterator<Item = OsString>) {
    const FLAG: &str = "--ready-file";
    let found = arguments.find(|text| text.to_str().is_some_and(|text| text.split('=').next() == Some(FLAG)));
    let named = match found {
        Some(flag) if flag == FLAG => arguments.next(),
        Some(flag) => flag.to_str().and_then(|flag| flag.split_once('=')).map(|(_, file)| file.into()),
        None => std::env::var_os("SEATRIAL_READY_FILE"),
    };
    remove(named.as_deref().map(Path::new));
}

/// Removes the ready file, if there is one.
fn remove(ready_file: Option<&Path>) {
    if let Some(path) = ready_file
        && is_replaceable(path)
    {
        let _ = fs::remove_file(path);
    }
}

/// Whether there is a file, or a link: a pipe or a device is somebody else's.
fn is_replaceable(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() || found.is_symlink())
}

/// The stable line that says that everything listens.
fn ready(bound: &Bound, machine: &Machine) -> String {
    let listeners = bound.listeners();
    let mut words = vec![format!("http={}", bound.http)];
    for Listener { address, mount, tls, proxy, .. } in listeners.iter().filter(|listener| listener.vendors) {
        match mount {
            None if *proxy => words.push(format!("proxy={address}")),
            None if *tls => words.push(format!("https={address}")),
            Some(mount) => words.push(format!("{mount}={address}")),
            None if *address == bound.http => {}
            None => words.push(format!("http={address}")),
        }
    }
    if !bound.serves_admin() {
        words.push("admin=none".to_owned());
    } else if bound.admin.is_none() {
        words.push("admin=/_seatrial".to_owned());
    }
    let apart = listeners.iter().filter(|listener| !listener.vendors);
    words.extend(apart.map(|listener| format!("admin=http://{}/_seatrial", listener.address)));
    let scenario = machine.default_sandbox().lock().scenario_name.clone();
    format!("seatrial ready {} vendors={} scenario={scenario}", words.join(" "), machine.vendors().mounts().len())
}

/// The banner, with addresses that can be opened.
fn show(bound: &Bound, machine: &Machine) -> String {
    let admin = bound.serves_admin().then(|| format!("http://{}/_seatrial", bound.admin.unwrap_or(bound.http)));
    let https = bound.https.map(|address| format!("https://{address}"));
    let proxy = bound.proxy.map(|address| format!("http://{address}"));
    banner(machine, &bound.public_urls(), admin.as_deref(), [https.as_deref(), proxy.as_deref()])
}

/// Whether the filter of the log lets calls through.
fn logs_calls(arguments: &ServeArguments) -> bool {
    arguments.log.would_enable("seatrial::call", &tracing::Level::INFO)
}

fn call_log(arguments: &ServeArguments) -> CallLog {
    if !logs_calls(arguments) {
        return CallLog::default();
    }
    let format = match arguments.log_format {
        LogFormat::Text => server::LogFormat::Text,
        LogFormat::Json => server::LogFormat::Json,
    };
    CallLog::start(format, io::stderr())
}

/// Writes a file so that nobody ever sees half of it.
fn publish(path: &Path, line: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    // A file or link of that name is somebody else's: it is not written through.
    let _ = fs::remove_file(&draft);
    let mut file = fs::File::options().write(true).create_new(true).open(&draft)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    fs::rename(draft, path)
}

/// How long the process may take after a signal until it has ended or closes a data directory, and again from then on.
const LAST_CALL: Duration = Duration::from_secs(5);

/// How long a data directory may take to be closed: tens of times a disk has to say that it has what was written.
const LAST_WRITES: Duration = Duration::from_secs(10);

/// When that begins, and when it is done.
static CLOSING: Notify = Notify::const_new();
static CLOSED: Notify = Notify::const_new();

/// Within this time signals are one: a terminal sends its own to a whole group, and some of that group pass it on.
const ECHO: Duration = Duration::from_millis(200);

/// What the system sends where a file may not grow any more (SIGXFSZ). Who handles it gets an error instead of the end.
const NO_ROOM: i32 = 25;

/// How the process ends, once its verdict is told.
static TOLD: OnceLock<Exit> = OnceLock::new();

/// Ends with the first signal to terminate, interrupt, hang up or quit; with a second, or when its time is up, the process ends whatever
/// hangs. Handlers are installed when this returns. They have a thread of their own, because all others may be at work.
#[expect(clippy::disallowed_methods, reason = "the shell measures how long ago a signal came")]
pub(super) fn signals(ready_file: Option<PathBuf>) -> io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ignored = ignored_signals();
    let heeded = [SignalKind::hangup(), SignalKind::quit()].into_iter().filter(|kind| ignored & (1 << (kind.as_raw_value() - 1)) == 0);
    let mut signals = {
        let _entered = runtime.enter();
        drop(signal(SignalKind::from_raw(NO_ROOM)));
        let kinds = [SignalKind::terminate(), SignalKind::interrupt()].into_iter().chain(heeded);
        kinds.map(signal).collect::<io::Result<Vec<_>>>()?
    };
    let (sender, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let why = runtime.block_on(async {
            let mut signalled = async || {
                poll_fn(|cx| match signals.iter_mut().any(|signal| signal.poll_recv(cx).is_ready()) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                })
                .await;
            };
            signalled().await;
            let first = Instant::now();
            let _ = sender.send(());
            let again = async {
                while first.elapsed() < ECHO {
                    signalled().await;
                }
            };
            let late = async {
                let is_closing = timeout(LAST_CALL, CLOSING.notified()).await.is_ok();
                if is_closing && timeout(LAST_WRITES, CLOSED.notified()).await.is_ok() {
                    sleep(LAST_CALL).await;
                }
            };
            tokio::select! {
                biased;
                () = again => "a second signal came",
                () = late => "something hangs",
            }
        });
        remove(ready_file.as_deref());
        let exit = TOLD.get().copied().unwrap_or_else(|| {
            warn(&format_args!("seatrial: {why}; the process ends at once"));
            Exit::Failed
        });
        std::process::exit(exit.code().into());
    });
    Ok(ended)
}

/// The signals that were ignored when this process began, as `nohup` does with the one of a terminal that is closed, as bits. Where that
/// cannot be known, those of terminals are left to the system.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bits = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    bits.unwrap_or(u64::MAX)
}

/// Ends when standard input does. A thread waits for that, because nothing else can be waited for so everywhere.
fn stdin_ends() -> oneshot::Receiver<()> {
    let (sender, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = sender.send(());
    });
    ended
}

pub(super) fn token() -> String {
    use ring::rand::{SecureRandom as _, SystemRandom};
    let mut bytes = [0_u8; 24];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

fn logs(arguments: &ServeArguments) {
    use tracing_subscriber::Layer as _;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let lines = tracing_subscriber::fmt::layer().with_writer(|| LogLines);
    let lines = match arguments.log_format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let done = tracing_subscriber::registry().with(lines).with(arguments.log.clone()).try_init();
    if let Err(error) = done {
        warn(&format_args!("seatrial: logs are off: {error}"));
    }
    store::log_complaints();
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}
