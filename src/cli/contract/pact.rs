//! `seatrial contract pact export`: the journal of a sandbox, or of a file, as a Pact.

mod verify;

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::{PactCommand, PactExportArguments};
use crate::cli::contract::{documents, write};
use crate::cli::files::{self, Unread};
use crate::cli::vendors::VendorError;
use crate::cli::{Exit, complain};
use crate::contract::{Parties, pact};

/// Why there is no pact.
#[derive(Debug, thiserror::Error)]
enum PactError {
    #[error(transparent)]
    File(#[from] Unread),
    #[error("{0}: line {1} is no exchange of a journal: {2}")]
    Line(PathBuf, usize, serde_json::Error),
    #[error(transparent)]
    Vendor(#[from] VendorError),
    #[error(transparent)]
    Server(#[from] AdminError),
    #[error("there is no vendor `{0}`, expected one of {1}")]
    Provider(String, String),
    #[error("no call of `{0}` is in the journal that a pact could be made of")]
    Empty(String),
}

pub(super) fn run(command: &PactCommand) -> Exit {
    let arguments = match command {
        PactCommand::Export(arguments) => arguments,
        PactCommand::Verify(arguments) => return verify::run(arguments),
    };
    match export(arguments) {
        Ok(text) => write(&text, arguments.output.as_deref()).err().unwrap_or(Exit::Fine),
        Err(error @ PactError::Empty(_)) => complain(&error, Exit::Failed),
        Err(error) => complain(&error, Exit::Usage),
    }
}

fn export(arguments: &PactExportArguments) -> Result<String, PactError> {
    let machine = documents(&arguments.vendors)?;
    let provider = arguments.provider.as_str();
    if machine.vendors().find(provider).is_none() {
        let known: Vec<String> = machine.vendors().all().iter().map(|vendor| format!("`{}`", vendor.id)).collect();
        return Err(PactError::Provider(provider.to_owned(), known.join(", ")));
    }
    let (exchanges, deliveries, state) = match &arguments.journal {
        Some(path) => {
            let text = files::text(path, files::CALLS)?;
            let read = |(index, line)| serde_json::from_str(line).map_err(|error| PactError::Line(path.clone(), index + 1, error));
            let rows = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(read);
            (rows.collect::<Result<Vec<Value>, _>>()?, Vec::new(), "default".to_owned())
        }
        None => of_server(arguments)?,
    };
    let state = arguments.state.clone().unwrap_or(state);
    let parties = Parties { consumer: &arguments.consumer, provider, state: &state };
    let pact = pact(&machine, &parties, &exchanges, &deliveries);
    if pact["interactions"].as_array().is_none_or(Vec::is_empty) {
        return Err(PactError::Empty(provider.to_owned()));
    }
    Ok(format!("{pact:#}\n"))
}

/// The calls and deliveries of a running sandbox, oldest first, and the name of its scenario.
fn of_server(arguments: &PactExportArguments) -> Result<(Vec<Value>, Vec<Value>, String), PactError> {
    let (server, provider) = (&arguments.server, &arguments.provider);
    let sandbox = &server.sandbox;
    let lines = admin_client::lines(server, &format!("/sandboxes/{sandbox}/requests/export?format=ndjson&vendor={provider}"))?;
    let of_sandbox: Value = admin_client::get(server, &format!("/sandboxes/{sandbox}"))?;
    let deliveries: Value = admin_client::get(server, &format!("/sandboxes/{sandbox}/deliveries?vendor={provider}"))?;
    let deliveries = deliveries["deliveries"].as_array().cloned().unwrap_or_default();
    Ok((lines, deliveries, of_sandbox["scenario"].as_str().unwrap_or("default").to_owned()))
}
