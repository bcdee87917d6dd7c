//! `seatrial view`: the page over an exported sandbox, which is looked at and not changed.

use std::sync::Arc;

use crate::cli::arguments::ViewArguments;
use crate::cli::serve::{signals, token};
use crate::cli::vendors::complain as complain_of_vendor;
use crate::cli::{Exit, complain, files, say, vendors};
use crate::engine::{Machine, Options, Start};
use crate::server::{self, AllowedHosts, Budgets, Config, Guard, Recording};

/// Shows a file until a signal comes.
pub(super) fn run(arguments: &ViewArguments) -> Exit {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(show(arguments)),
        Err(error) => complain(&format_args!("the runtime cannot start: {error}"), Exit::Usage),
    }
}

async fn show(arguments: &ViewArguments) -> Exit {
    let all = match vendors::all(&arguments.vendors) {
        Ok(all) => all,
        Err(error) => return complain_of_vendor(&error),
    };
    let budgets = Budgets::default();
    let (total_bytes, sandbox_bytes) = (budgets.total, budgets.total / 2);
    let (journal_bytes, journals_bytes) = (budgets.journals, budgets.journals);
    let options = Options { total_bytes, sandbox_bytes, journal_bytes, journals_bytes, ttl: None, ..Options::default() };
    let machine = Arc::new(Machine::new(all, options, Start::plain(server::wall())));
    let bytes = match files::bytes(&arguments.file, files::SANDBOX) {
        Ok(bytes) => bytes,
        Err(error) => return complain(&error, Exit::Usage),
    };
    let recording = match server::record(&machine, &bytes) {
        Ok(recording) => recording,
        Err(refused) => return complain(&format_args!("{}: {}", arguments.file.display(), refused.detail), Exit::Usage),
    };
    drop(bytes);
    let name = Arc::clone(&recording.sandbox.name);
    let bound = match server::bind(config(arguments, recording, &budgets), &machine.vendors().mounts()).await {
        Ok(bound) => bound,
        Err(error) => return complain(&error, Exit::Bind),
    };
    let guard = Guard::new(&bound.addresses(), arguments.admin_token.clone(), false, AllowedHosts(arguments.allow_host.clone()), token);
    let signals = match signals(None) {
        Ok(signals) => signals,
        Err(error) => return complain(&format_args!("signals cannot be received: {error}"), Exit::Usage),
    };
    let address = bound.admin.unwrap_or(bound.http);
    say(&format_args!("seatrial shows {} at http://{address}{}", arguments.file.display(), server::home_page(&name)));
    if let (server::AdminAuth::Token(token), None) = (&guard.auth, &arguments.admin_token) {
        say(&format_args!("the token is {token}"));
    }
    let shutdown = async { drop(signals.await) };
    match server::serve(machine, bound, guard, shutdown).await {
        Ok(_) => Exit::Fine,
        Err(error) => complain(&format_args!("threads cannot be started: {error}"), Exit::Usage),
    }
}

/// Only the page and the admin API are served.
fn config(arguments: &ViewArguments, recording: Recording, budgets: &Budgets) -> Config {
    Config {
        admin_listen: Some(arguments.listen.clone()),
        in_flight: budgets.in_flight,
        advance_timeout: std::time::Duration::from_secs(1),
        recording: Some(recording),
        ..Config::default()
    }
}
