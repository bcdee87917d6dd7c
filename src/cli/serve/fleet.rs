//! `seatrial serve --database`: the process becomes a replica.

use std::sync::Arc;

use crate::cli::arguments::ServeArguments;
use crate::cli::{Exit, complain};
use crate::engine::{Machine, Options, Vendor};
use crate::fleet::Fleet;

/// The databases that are named, and what all of their replicas have alike.
#[cfg(feature = "postgres")]
pub(super) type Opened = (Arc<dyn crate::fleet::Ledger>, crate::fleet::Common);
#[cfg(not(feature = "postgres"))]
pub(super) type Opened = std::convert::Infallible;

/// Opens the databases, if some are named. The options become those of the fleet where none are asked for.
#[cfg(feature = "postgres")]
pub(super) async fn open(arguments: &ServeArguments, options: &mut Options, vendors: &[Vendor]) -> Result<Option<Opened>, Exit> {
    use crate::cli::fleet::databases;
    use crate::fleet::{Common, Opening};
    if arguments.database.is_empty() {
        return Ok(None);
    }
    let ledger = databases::open(&arguments.database, &arguments.database_ca, Opening::Begins).await?;
    let (usual, asked) = (common::usual(options), common::asked(arguments, vendors));
    let common = Common::agree(&*ledger, &usual, &asked).await.map_err(|error| refused(&error))?;
    common::set(options, &common);
    Ok(Some((ledger, common)))
}

/// Joins the fleet that the databases have, if some were opened. What the default sandbox is now is what a fleet begins with.
#[cfg(feature = "postgres")]
pub(super) async fn join(arguments: &ServeArguments, machine: &Arc<Machine>, opened: Option<Opened>) -> Result<Option<Arc<Fleet>>, Exit> {
    let Some((ledger, common)) = opened else { return Ok(None) };
    let begins = {
        let state = machine.default_sandbox().lock();
        format!("seed {}\n{}", state.world.seed(), state.scenario.source())
    };
    let insists = arguments.seed.is_some() || !arguments.scenario.is_empty();
    let fleet = Fleet::join(Arc::clone(machine), Arc::clone(&ledger), begins, insists).await.map_err(|error| refused(&error))?;
    common.hold(&*ledger).await.map_err(|error| refused(&error))?;
    Ok(Some(fleet))
}

#[cfg(feature = "postgres")]
fn refused(error: &crate::fleet::JoinError) -> Exit {
    use crate::fleet::JoinError;
    let (help, exit) = match error {
        JoinError::Other => {
            ("leave both out to go on with what the fleet has; `PUT /_seatrial/sandboxes/default/scenario` changes it", Exit::Usage)
        }
        JoinError::Option { flag, .. } if flag == common::VENDORS => (
            "all replicas have the same documents; to change them, end all replicas, and begin 15 seconds later with the new ones",
            Exit::Usage,
        ),
        JoinError::Option { .. } => (
            "leave it out to take what the fleet has; to change that, end all replicas, and begin 15 seconds later with the new one",
            Exit::Usage,
        ),
        _ => return complain(&format_args!("`--database`: {error}"), Exit::Lost),
    };
    complain(&format_args!("`--database`: {error}\n{help}"), exit)
}

#[cfg(feature = "postgres")]
mod common {
    //! The options that all replicas of a fleet have alike, by the names of their flags.

    use std::collections::BTreeMap;

    use clap::ValueEnum;
    use ring::digest::{SHA256, digest};

    use crate::base::time;
    use crate::cli::arguments::{ConformArgument, ContractArgument, ServeArguments};
    use crate::engine::{Options, Vendor};
    use crate::fleet::Common;

    const JOURNAL: &str = "journal-bytes";
    const JOURNALS: &str = "journals-bytes";
    const SANDBOX: &str = "sandbox-bytes";
    const TOTAL: &str = "total-bytes";
    const SANDBOXES: &str = "sandboxes";
    const TTL: &str = "sandbox-ttl";
    const CONFORM: &str = "conform";
    const CONTRACT: &str = "contract";
    const PLAIN: &str = "plain";
    pub const VENDORS: &str = "vendor";

    /// How much data a sandbox has at most, unless told otherwise: in a fleet whose format has no parts, all of it is written and read in
    /// one statement, which takes a few seconds at most.
    const MOST_SANDBOX: usize = 128 << 20;

    /// What is so unless told. All that arguments tell is in `options`, and told again by [`asked`].
    pub fn usual(options: &Options) -> Common {
        let conform = ConformArgument::value_variants().iter().find(|word| options.conform == (**word).into());
        let contract = ContractArgument::value_variants().iter().find(|word| options.contract == (**word).into());
        let rows = [
            (JOURNAL, Some(options.journal_bytes.to_string())),
            (JOURNALS, Some(options.journals_bytes.to_string())),
            (SANDBOX, Some(options.sandbox_bytes.min(MOST_SANDBOX).to_string())),
            (TOTAL, Some(options.total_bytes.to_string())),
            (SANDBOXES, Some(options.sandboxes.to_string())),
            (TTL, Some(time::written(options.ttl.unwrap_or_default()))),
            (CONFORM, conform.map(word)),
            (CONTRACT, contract.map(word)),
            (PLAIN, Some(options.plain.to_string())),
        ];
        common(rows)
    }

    /// What the arguments of this process ask for.
    pub fn asked(arguments: &ServeArguments, vendors: &[Vendor]) -> Common {
        common([
            (VENDORS, Some(documents(vendors))),
            (JOURNAL, arguments.journal_bytes.map(|bytes| bytes.to_string())),
            (JOURNALS, arguments.journals_bytes.map(|bytes| bytes.to_string())),
            (SANDBOX, arguments.sandbox_bytes.map(|bytes| bytes.to_string())),
            (TOTAL, arguments.total_bytes.map(|bytes| bytes.to_string())),
            (SANDBOXES, arguments.sandboxes.map(|number| number.to_string())),
            (TTL, arguments.sandbox_ttl.map(time::written)),
            (CONFORM, arguments.conform.as_ref().map(word)),
            (CONTRACT, arguments.contract.as_ref().map(word)),
            (PLAIN, arguments.plain.then(|| true.to_string())),
        ])
    }

    /// Sets options to what a fleet has, as far as this version knows the words.
    pub fn set(options: &mut Options, Common(rows): &Common) {
        let number = |flag: &str| rows.get(flag).and_then(|text| text.parse().ok());
        let conform = rows.get(CONFORM).and_then(|text| ConformArgument::from_str(text, false).ok());
        let contract = rows.get(CONTRACT).and_then(|text| ContractArgument::from_str(text, false).ok());
        options.journal_bytes = number(JOURNAL).unwrap_or(options.journal_bytes);
        options.journals_bytes = number(JOURNALS).unwrap_or(options.journals_bytes);
        options.sandbox_bytes = number(SANDBOX).unwrap_or(options.sandbox_bytes);
        options.total_bytes = number(TOTAL).unwrap_or(options.total_bytes);
        options.sandboxes = number(SANDBOXES).unwrap_or(options.sandboxes);
        let ttl = rows.get(TTL).and_then(|text| time::duration(text));
        options.ttl = ttl.map_or(options.ttl, |ttl| Some(ttl).filter(|ttl| !ttl.is_zero()));
        options.conform = conform.map_or(options.conform, Into::into);
        options.contract = contract.map_or(options.contract, Into::into);
        options.plain = rows.get(PLAIN).map_or(options.plain, |text| text == "true");
    }

    fn common<const N: usize>(rows: [(&str, Option<String>); N]) -> Common {
        let rows = rows.into_iter().filter_map(|(flag, value)| Some((flag.to_owned(), value?)));
        Common(rows.collect::<BTreeMap<_, _>>())
    }

    /// The names of documents that are mounted, each with a fingerprint.
    fn documents(vendors: &[Vendor]) -> String {
        let fingerprint =
            |text: &str| digest(&SHA256, text.as_bytes()).as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mounted = vendors.iter().filter(|vendor| vendor.is_document());
        let mut names: Vec<_> = mounted.map(|vendor| format!("{}={}", vendor.id, fingerprint(&vendor.spec_source))).collect();
        names.sort_unstable();
        if names.is_empty() { "none".to_owned() } else { names.join(",") }
    }

    fn word(choice: &impl ValueEnum) -> String {
        choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    #[cfg(test)]
    mod tests {
        use std::time::Duration;

        use clap::Parser;

        use super::*;

        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            arguments: ServeArguments,
        }

        #[test]
        fn what_one_replica_asks_for_the_next_one_has() {
            let flags =
                ["--sandbox-ttl=90s", "--sandboxes=7", "--sandbox-bytes=4096", "--total-bytes=9000", "--journal-bytes=11", "--plain"];
            let line = Line::try_parse_from([&["seatrial"], &flags[..]].concat()).expect("these are flags");
            let (mut options, mut asked) = (Options::default(), asked(&line.arguments, &crate::vendors::all()));
            assert_eq!(asked.0.remove(VENDORS).as_deref(), Some("none"));
            assert_eq!(asked.0.len(), flags.len());
            set(&mut options, &asked);
            assert_eq!((options.ttl, options.sandboxes), (Some(Duration::from_secs(90)), 7));
            assert_eq!((options.sandbox_bytes, options.total_bytes, options.journal_bytes), (4096, 9000, 11));
            let told = usual(&options);
            assert!(asked.0.iter().all(|row| told.0.get(row.0) == Some(row.1)), "{told:?}");
            set(&mut options, &usual(&Options { ttl: None, ..Options::default() }));
            assert_eq!((options.ttl, options.sandboxes), (None, Options::default().sandboxes));
        }
    }
}

/// This build has no client for databases.
#[cfg(not(feature = "postgres"))]
pub(super) async fn open(arguments: &ServeArguments, _: &mut Options, _: &[Vendor]) -> Result<Option<Opened>, Exit> {
    if arguments.database.is_empty() {
        return Ok(None);
    }
    Err(complain(&"`--database`: this program was built without the feature `postgres`", Exit::Usage))
}

#[cfg(not(feature = "postgres"))]
pub(super) async fn join(_: &ServeArguments, _: &Arc<Machine>, _: Option<Opened>) -> Result<Option<Arc<Fleet>>, Exit> {
    Ok(None)
}
