//! `seatrial contract run`: conversations held against a server.

use std::env;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::text::nearest;
use crate::cli::arguments::RunArguments;
use crate::cli::contract::{documents, write};
use crate::cli::scenarios::{self, ScenarioError};
use crate::cli::{Exit, complain, warn};
use crate::contract::{Assignment, RunOptions, RunReport, Server, StageError, Target, recorded_place, run as hold};
use crate::engine::Machine;
use crate::net::{Trust, TrustError};
use crate::report::{Format, Reported as _};
use crate::scenario::run::MachineVocabulary;
use crate::scenario::{self, Diagnostic};

/// Calls in a second that a server of others is asked for, unless told.
pub(super) const POLITE: f64 = 2.0;
/// Conversations that are held side by side with a server of ours.
const SIDE_BY_SIDE: usize = 8;

/// Why no conversation is held.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    File(#[from] ScenarioError),
    #[error("`--egress-ca`: {0}")]
    Trust(#[from] TrustError),
    #[error("there is no conversation in these folders, a YAML file with `steps`")]
    Nothing,
    #[error("{file} is with `{name}`, which is no vendor\nhelp: {help}")]
    UnknownVendor { file: String, name: String, help: String },
    #[error("{0} does not say whom it is with: it needs `vendor: …`, a folder with the name of one, or `--with`; there are {1}")]
    NoVendor(String, String),
    #[error(
        "the conversations are with {0}, and `--base-url` is the address of one vendor; `--isolated` or `--sandbox` is for a server of all"
    )]
    Several(String),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error("the runtime cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}

pub(super) fn run(arguments: &RunArguments) -> Exit {
    let machine = match documents(&arguments.vendors) {
        Ok(machine) => Arc::new(machine),
        Err(error) => return complain(&error, Exit::Usage),
    };
    let (assignments, problems) = match assignments(arguments, &machine) {
        Ok(found) => found,
        Err(error) => return complain(&error, Exit::Usage),
    };
    if !problems.is_empty() {
        problems.iter().for_each(|problem| warn(&format_args!("{problem}\n")));
        return complain(
            &format_args!("{} {} in the conversations", problems.len(), if problems.len() == 1 { "problem" } else { "problems" }),
            Exit::Usage,
        );
    }
    let report = match options(arguments).and_then(|options| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        Ok(runtime.block_on(hold(&machine, assignments, options))?)
    }) {
        Ok(report) => report,
        Err(error) => return complain(&error, Exit::Usage),
    };
    if let Some(path) = &arguments.record
        && let Err((path, error)) = record(path, &report)
    {
        return complain(&format_args!("{} cannot be written: {error}", path.display()), Exit::Usage);
    }
    let text = report.write(Format::from(arguments.output.format));
    match write(&text, arguments.output.output.as_deref()) {
        Ok(()) if report.has_passed() => Exit::Fine,
        Ok(()) => Exit::Failed,
        Err(exit) => exit,
    }
}

/// Writes what came back: of one conversation to a file, of several to a folder.
fn record(path: &Path, report: &RunReport) -> Result<(), (PathBuf, std::io::Error)> {
    for row in &report.conversations {
        let Some(recording) = &row.recording else { continue };
        let file = if report.conversations.len() == 1 { path.to_owned() } else { path.join(recorded_place(&row.file)) };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let written = folder.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&file, recording));
        written.map_err(|error| (file, error))?;
    }
    Ok(())
}

fn options(arguments: &RunArguments) -> Result<RunOptions, RunError> {
    let target = match &arguments.sandbox {
        Some(name) => Target::Sandbox(name.clone()),
        None if arguments.isolated => Target::Isolated(arguments.seed),
        None => Target::Vendor,
    };
    // Conversations in one sandbox would meet each other's data.
    let seats = if matches!(target, Target::Isolated(_)) { SIDE_BY_SIDE } else { 1 };
    Ok(RunOptions {
        server: Server {
            base_url: arguments.base_url.clone(),
            token: arguments.admin_token.clone(),
            trust: Trust::read(&arguments.egress_ca)?,
            timeout: arguments.timeout,
            environment: env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect(),
        },
        concurrency: arguments.concurrency.map_or(seats, NonZeroUsize::get),
        rate: arguments.rate.or((target == Target::Vendor && !is_near(&arguments.base_url)).then_some(POLITE)),
        target,
        retries: arguments.retries,
        patience: arguments.patience,
        records: arguments.record.is_some(),
    })
}

/// Whether a server is on this machine, so that nobody else is kept busy.
pub(super) fn is_near(base_url: &str) -> bool {
    let host = base_url.parse::<http::Uri>().ok().and_then(|url| url.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Every conversation with the vendor that it is with, and what is wrong with those that cannot be read.
fn assignments(arguments: &RunArguments, machine: &Machine) -> Result<(Vec<Assignment>, Vec<Diagnostic>), RunError> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for path in &arguments.paths {
        for file in scenarios::files(path)? {
            let (name, bytes) = scenarios::read_file(&file)?;
            let text = String::from_utf8_lossy(&bytes);
            // Scenarios may lie beside conversations.
            if *path != file && !scenario::is_conversation(&text) {
                continue;
            }
            match scenario::load_conversation(&text, &name, &MachineVocabulary(machine)) {
                Ok(story) => {
                    let named = arguments.with.as_deref().or(story.vendor.as_ref().map(|vendor| vendor.value.as_str()));
                    let mount = mount(machine, named, &file).ok_or_else(|| no_vendor(machine, &name, named))?;
                    problems.extend(story.unfilled(&|variable| env::var(variable).is_ok()));
                    found.push(Assignment { story: Arc::new(story), mount });
                }
                Err(found) => problems.extend(found),
            }
        }
    }
    if found.is_empty() && problems.is_empty() {
        return Err(RunError::Nothing);
    }
    let mut mounts: Vec<&str> = found.iter().map(|row| row.mount.as_str()).collect();
    mounts.sort_unstable();
    mounts.dedup();
    if arguments.sandbox.is_none() && !arguments.isolated && mounts.len() > 1 {
        return Err(RunError::Several(mounts.join(", ")));
    }
    Ok((found, problems))
}

fn no_vendor(machine: &Machine, file: &str, named: Option<&str>) -> RunError {
    let names: Vec<&str> = machine.vendors().all().iter().map(|vendor| &*vendor.id).collect();
    let (file, all) = (file.to_owned(), names.join(", "));
    let Some(name) = named else { return RunError::NoVendor(file, all) };
    let help = nearest(name, names).map_or_else(|| format!("there are {all}"), |near| format!("did you mean `{near}`?"));
    RunError::UnknownVendor { file, name: name.to_owned(), help }
}

/// The mount of a vendor that is named, or else of one whose name a folder of the file has.
fn mount(machine: &Machine, named: Option<&str>, file: &Path) -> Option<String> {
    let of = |name: &str| {
        let vendor = machine.vendors().all().iter().find(|vendor| vendor.id == name || vendor.mount == name)?;
        Some(vendor.mount.to_string())
    };
    let file = file.canonicalize().unwrap_or_else(|_| PathBuf::from(file));
    match named {
        Some(name) => of(name),
        None => file.ancestors().skip(1).filter_map(Path::file_name).find_map(|name| of(&name.to_string_lossy())),
    }
}
