//! `seatrial serve --database`: the process becomes a replica.

use std::sync::Arc;

use crate::cli::arguments::ServeArguments;
use crate::cli::{Exit, complain};
use crate::engine::Machine;
use crate::fleet::Fleet;

/// Joins the fleet that the database has, if one is named. What the default sandbox is now is what a fleet begins with.
#[cfg(feature = "postgres")]
pub(super) async fn join(arguments: &ServeArguments, machine: &Arc<Machine>) -> Result<Option<Arc<Fleet>>, Exit> {
    use crate::fleet::{DatabaseError, JoinError, Postgres};
    use crate::server::Trust;
    let addresses = addresses(&arguments.database);
    if addresses.is_empty() {
        return Ok(None);
    }
    let trust = Trust::read(&arguments.database_ca).map_err(|error| complain(&format_args!("`--database-ca`: {error}"), Exit::Usage))?;
    let ledger = Postgres::open(&addresses, &trust).await.map_err(|error| {
        let exit = if matches!(error, DatabaseError::Address(_) | DatabaseError::Places(_)) { Exit::Usage } else { Exit::Lost };
        complain(&format_args!("`--database`: {error}"), exit)
    })?;
    let begins = {
        let state = machine.default_sandbox().lock();
        format!("seed {}\n{}", state.world.seed(), state.scenario.source())
    };
    let insists = arguments.seed.is_some() || !arguments.scenario.is_empty();
    match Fleet::join(Arc::clone(machine), ledger, begins, insists).await {
        Ok(fleet) => Ok(Some(fleet)),
        Err(error @ JoinError::Other) => {
            let help = "leave both out to go on with what the fleet has; `PUT /_seatrial/sandboxes/default/scenario` changes it";
            Err(complain(&format_args!("`--database`: {error}\n{help}"), Exit::Usage))
        }
        Err(error) => Err(complain(&format_args!("`--database`: {error}"), Exit::Lost)),
    }
}

/// The addresses that arguments name. A URL has no blanks, so there may be several with blanks between them, as in a variable.
#[cfg(feature = "postgres")]
fn addresses(arguments: &[String]) -> Vec<String> {
    let is_url = |text: &str| text.starts_with("postgres://") || text.starts_with("postgresql://");
    let (urls, others): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|text| is_url(text.trim_start()));
    let urls = urls.into_iter().flat_map(|text| text.split_whitespace()).map(str::to_owned);
    urls.chain(others.into_iter().cloned()).collect()
}

/// This build has no client for databases.
#[cfg(not(feature = "postgres"))]
pub(super) async fn join(arguments: &ServeArguments, _: &Arc<Machine>) -> Result<Option<Arc<Fleet>>, Exit> {
    if arguments.database.is_empty() {
        return Ok(None);
    }
    Err(complain(&"`--database`: this program was built without the feature `postgres`", Exit::Usage))
}
