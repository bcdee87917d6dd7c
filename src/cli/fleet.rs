//! `seatrial fleet`: what replicas share a database, and which format they write.

use crate::cli::Exit;
use crate::cli::arguments::FleetCommand;

/// Runs the command.
#[cfg(feature = "postgres")]
pub(super) fn run(command: &FleetCommand) -> Exit {
    use crate::cli::complain;
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(databases::run(command)),
        Err(error) => complain(&format_args!("the runtime cannot start: {error}"), Exit::Usage),
    }
}

/// This build has no client for databases.
#[cfg(not(feature = "postgres"))]
pub(super) fn run(_: &FleetCommand) -> Exit {
    crate::cli::complain(&"this program was built without the feature `postgres`", Exit::Usage)
}

#[cfg(feature = "postgres")]
pub(super) mod databases {
    //! The databases of a fleet.

    use std::path::PathBuf;
    use std::sync::Arc;

    use crate::cli::arguments::{DatabaseArguments, FleetCommand};
    use crate::cli::{Exit, complain, say};
    use crate::fleet::{DatabaseError, Fault, Ledger, NEWEST_FORMAT, Opening, Postgres, ReplicaRow};
    use crate::server::Trust;

    /// Connects to the databases that arguments name.
    pub async fn open(named: &[String], authorities: &[PathBuf], opening: Opening) -> Result<Arc<dyn Ledger>, Exit> {
        let trust = Trust::read(authorities).map_err(|error| complain(&format_args!("`--database-ca`: {error}"), Exit::Usage))?;
        Postgres::open(&addresses(named), &trust, opening).await.map_err(|error| {
            let exit = match error {
                DatabaseError::Address(_) | DatabaseError::Places(_) | DatabaseError::Nothing => Exit::Usage,
                _ => Exit::Lost,
            };
            complain(&format_args!("`--database`: {error}"), exit)
        })
    }

    /// A URL has no blanks, so there may be several with blanks between them, as in a variable.
    fn addresses(named: &[String]) -> Vec<String> {
        let is_url = |text: &str| text.starts_with("postgres://") || text.starts_with("postgresql://");
        let (urls, others): (Vec<&String>, Vec<&String>) = named.iter().partition(|text| is_url(text.trim_start()));
        let urls = urls.into_iter().flat_map(|text| text.split_whitespace()).map(str::to_owned);
        urls.chain(others.into_iter().cloned()).collect()
    }

    /// Runs the command.
    pub async fn run(command: &FleetCommand) -> Exit {
        let (FleetCommand::Status(DatabaseArguments { database, database_ca })
        | FleetCommand::Upgrade(DatabaseArguments { database, database_ca })) = command;
        let ledger = match open(database, database_ca, Opening::Refuses).await {
            Ok(ledger) => ledger,
            Err(exit) => return exit,
        };
        let done = match command {
            FleetCommand::Status(_) => status(&*ledger).await,
            FleetCommand::Upgrade(_) => upgrade(&*ledger).await,
        };
        done.unwrap_or_else(|fault| complain(&fault, Exit::Lost))
    }

    async fn status(ledger: &dyn Ledger) -> Result<Exit, Fault> {
        let (format, replicas) = (ledger.format(NEWEST_FORMAT).await?, ledger.replicas().await?);
        say(&format_args!("{} replicas write format {format}; this version reads formats up to {NEWEST_FORMAT}", replicas.len()));
        replicas.iter().for_each(|row| say(&line(row)));
        Ok(Exit::Fine)
    }

    async fn upgrade(ledger: &dyn Ledger) -> Result<Exit, Fault> {
        let before = ledger.format(NEWEST_FORMAT).await?;
        if before >= NEWEST_FORMAT {
            say(&format_args!("all replicas write format {before} already"));
            return Ok(Exit::Fine);
        }
        let behind = ledger.upgrade(NEWEST_FORMAT).await?;
        if behind.is_empty() {
            say(&format_args!("all replicas write format {NEWEST_FORMAT} from now on; it was {before}"));
            return Ok(Exit::Fine);
        }
        let lines: Vec<String> = behind.iter().map(line).collect();
        Ok(complain(&format_args!("these replicas do not read format {NEWEST_FORMAT}:\n{}", lines.join("\n")), Exit::Failed))
    }

    fn line(row: &ReplicaRow) -> String {
        let ReplicaRow { id, version, reads, seen } = row;
        format!("  {id:016x}: version {version}, reads formats up to {reads}, heard of {:.1} s ago", seen.as_secs_f64())
    }
}
