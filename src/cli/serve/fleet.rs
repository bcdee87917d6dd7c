//! `seatrial serve --database`: the process becomes a replica.

use std::sync::Arc;

use crate::cli::arguments::ServeArguments;
use crate::cli::{Exit, complain};
use crate::engine::Machine;
use crate::fleet::Fleet;

/// Joins the fleet that the database has, if one is named. What the default sandbox is now is what a fleet begins with.
#[cfg(feature = "postgres")]
pub(super) async fn join(arguments: &ServeArguments, machine: &Arc<Machine>) -> Result<Option<Arc<Fleet>>, Exit> {
    use crate::cli::fleet::databases;
    use crate::fleet::{JoinError, Opening};
    if arguments.database.is_empty() {
        return Ok(None);
    }
    let ledger = databases::open(&arguments.database, &arguments.database_ca, Opening::Begins).await?;
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

/// This build has no client for databases.
#[cfg(not(feature = "postgres"))]
pub(super) async fn join(arguments: &ServeArguments, _: &Arc<Machine>) -> Result<Option<Arc<Fleet>>, Exit> {
    if arguments.database.is_empty() {
        return Ok(None);
    }
    Err(complain(&"`--database`: this program was built without the feature `postgres`", Exit::Usage))
}
