//! The ledger in PostgreSQL.
//!
//! Nothing depends on a session: settings are those of a transaction, statements are sent without a name, and nobody listens, so that a
//! pooler may give each transaction another connection. The trips of a transaction are pipelined: what does not need the answer to
//! something goes with it.

mod formats;
mod letters;
mod options;
mod parts;
mod places;
mod pool;
mod reading;
mod schema;
mod secret;
mod tls;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::Host;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Row as DatabaseRow};

use crate::base::entropy::Secret;
use crate::fleet::ledger::{
    Begun, Checkpoint, Commit, Fault, Head, Hold, InboxRow, Ledger, Letter, Letters, Mark, News, Receipt, ReplicaRow, Since, Trip,
};
use crate::fleet::several::Several;
use crate::net::Trust;
use places::PlaceError;
use pool::{Pool, Pooled, fault, within};
use tls::Tls;

/// How long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a replica is shown that is not heard of.
const SHOWN: &str = "interval '15 seconds'";
/// How long those are told of a change of credentials who ask for what is new. Who has heard nothing for half as long asks for all.
const LATELY: &str = "interval '60 seconds'";

/// A transaction begins with bounds on how long it waits, and how long it may be idle: a replica that hangs lets go of what it holds.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '4s'; SET LOCAL statement_timeout = '6s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'";

const HEAD: &str = "SELECT sandbox, life, version, token, checkpoint, checkpoint_bytes, since_checkpoint, used, \
    CASE WHEN courier_until > clock_timestamp() THEN courier END, checkpoint_events, began FROM seatrial_head";

/// What the role lacks of the rights without which nothing is committed.
const REFUSED: &str = "SELECT right_name, table_name \
    FROM (VALUES ('seatrial_head'), ('seatrial_record'), ('seatrial_exchange'), ('seatrial_part')) AS tables (table_name), \
    (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS rights (right_name) \
    WHERE NOT has_table_privilege(table_name, right_name) AND (right_name <> 'UPDATE' OR table_name = 'seatrial_head') \
    UNION ALL SELECT 'USAGE', 'seatrial_life' WHERE NOT has_sequence_privilege('seatrial_life', 'USAGE')";

/// A database, where a fleet keeps its sandboxes.
pub struct Postgres {
    pool: Arc<Pool>,
}

/// What is done with databases in which there is no fleet yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    Begins,
    Refuses,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("this is no address of a database, such as postgres://user@host:5432/name: {0}")]
    Address(tokio_postgres::Error),
    #[error("{0}")]
    Fault(#[from] Fault),
    /// A later version has changed its tables.
    #[error("its tables are those of a later version")]
    Newer,
    /// No replica of this version was there yet.
    #[error("its tables are those of an earlier version; a replica of this one brings them up to date when it starts")]
    Older,
    /// Nobody has begun a fleet.
    #[error("there is no fleet in it")]
    Nothing,
    /// They are not all databases of one fleet.
    #[error("{0}")]
    Places(#[from] PlaceError),
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Fault(fault(error))
    }
}

impl Postgres {
    /// Connects to the databases of a fleet; who begins it makes the tables where they are not there. By TLS they have to prove their
    /// names to those that are trusted. With several databases, each has its own sandboxes.
    ///
    /// # Errors
    /// When that does not succeed, or they are not those that the fleet was begun with.
    pub async fn open(addresses: &[String], trust: &Trust, opening: Opening) -> Result<Arc<dyn Ledger>, DatabaseError> {
        let mut databases = Vec::new();
        for address in addresses {
            let config: Config = address.parse().map_err(DatabaseError::Address)?;
            databases.push((called(&config), config));
        }
        // Replicas that begin at the same time agree by this order, whichever they were given.
        databases.sort_by(|(one, _), (other, _)| one.cmp(other));
        if let Some([(name, _), _]) = databases.array_windows().find(|[(one, _), (other, _)]| one == other) {
            return Err(PlaceError::Same(name.clone(), name.clone()).into());
        }
        let mut connected = Vec::new();
        for (name, config) in databases {
            let database = Self::connect(config, trust, opening).await.map_err(|error| match error {
                DatabaseError::Fault(Fault::Away(why)) if addresses.len() > 1 => Fault::Away(format!("{name}: {why}")).into(),
                error => error,
            })?;
            connected.push((name, database));
        }
        let order = places::settle(&connected, opening).await?;
        let mut placed: Vec<_> = connected.into_iter().map(|(name, database)| (name, Some(database))).collect();
        let mut all = order.into_iter().filter_map(|index| Some((placed[index].0.clone(), placed[index].1.take()?)));
        if addresses.len() > 1 {
            return Ok(Arc::new(Several::new(all.map(|(name, database)| (name, Box::new(database) as Box<dyn Ledger>)))));
        }
        match all.next() {
            Some((_, database)) => Ok(Arc::new(database)),
            None => Err(Fault::Away("no database is named".to_owned()).into()),
        }
    }

    async fn connect(mut config: Config, trust: &Trust, opening: Opening) -> Result<Self, DatabaseError> {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("seatrial");
        }
        config.tcp_user_timeout(CONNECT + CONNECT);
        let pool = Pool::new(config, Tls::new(trust), tokio::runtime::Handle::current());
        let connection = pool.get().await?;
        match opening {
            Opening::Begins => schema::migrate(&connection.client).await?,
            Opening::Refuses => schema::check(&connection.client).await?,
        }
        connection.give_back();
        Ok(Self { pool })
    }

    /// Does something that needs no transaction.
    async fn once<T>(&self, act: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>) -> Result<T, Fault> {
        let connection = self.pool.get().await?;
        let done = within(act(&connection.client)).await?;
        connection.give_back();
        Ok(done)
    }
}

impl Ledger for Postgres {
    fn begin(&self) -> Box<dyn Hold> {
        Box::new(Transaction { pool: Arc::clone(&self.pool), connection: None })
    }

    fn heads(&self, _: usize, after: i64) -> Trip<'_, Vec<Head>> {
        Box::pin(async move {
            let find = format!("{HEAD} WHERE life > $1 OR readdressed > clock_timestamp() - {LATELY} ORDER BY life");
            let rows = query(&self.pool, &find, vec![(Box::new(after), Type::INT8)]).await?;
            rows.iter().map(head).collect()
        })
    }

    fn heads_of(&self, names: Vec<Arc<str>>) -> Trip<'_, Vec<Head>> {
        Box::pin(async move {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let rows = query(&self.pool, &format!("{HEAD} WHERE sandbox = ANY($1)"), vec![(Box::new(names), Type::TEXT_ARRAY)]).await?;
            rows.iter().map(head).collect()
        })
    }

    fn news(&self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>> {
        Box::pin(async move {
            let connection = self.pool.get().await?;
            // One snapshot for all that is read.
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            let (begun, news) =
                tokio::join!(biased; within(connection.client.batch_execute(begin)), reading::read(&connection.client, &name, since));
            begun?;
            let news = news?;
            connection.roll_back();
            Ok(news)
        })
    }

    fn write_part(&self, name: Arc<str>, version: i64, token: i64, number: u32, body: Vec<u8>) -> Trip<'_, ()> {
        Box::pin(async move { parts::write(&self.pool, &name, version, token, number, &body).await })
    }

    fn part(&self, name: Arc<str>, token: i64, number: u32) -> Trip<'_, Option<Vec<u8>>> {
        Box::pin(async move { parts::read(&self.pool, &name, token, number).await })
    }

    fn is_written(&self, name: Arc<str>) -> Trip<'_, bool> {
        Box::pin(async move { parts::is_written(&self.pool, &name).await })
    }

    fn set_checkpoint(&self, checkpoint: Checkpoint) -> Trip<'_, bool> {
        Box::pin(async move { parts::set_checkpoint(&self.pool, &checkpoint).await })
    }

    fn tidy(&self, name: Arc<str>, below: Option<(i64, u64)>) -> Trip<'_, bool> {
        Box::pin(async move { parts::tidy(&self.pool, &name, below).await })
    }

    fn untidy(&self, _: usize) -> Trip<'_, Vec<Arc<str>>> {
        Box::pin(parts::untidy(&self.pool))
    }

    fn is_committed(&self, receipt: Receipt) -> Trip<'_, bool> {
        Box::pin(async move {
            let mut hold = Transaction { pool: Arc::clone(&self.pool), connection: None };
            // A transaction that was writing holds one of these until it has ended.
            hold.lock_list().await?;
            let Some(connection) = hold.connection.take() else { return Ok(false) };
            let (name, token) = (&*receipt.name, receipt.token);
            let lock = "SELECT 1 FROM seatrial_head WHERE sandbox = $1 FOR UPDATE";
            within(connection.client.query_typed(lock, &[(&name, Type::TEXT)])).await?;
            let statement = "SELECT 1 FROM seatrial_record WHERE sandbox = $1 AND token = $2 \
                UNION ALL SELECT 1 FROM seatrial_gone WHERE sandbox = $1 AND token = $2";
            let found = within(connection.client.query_typed(statement, &[(&name, Type::TEXT), (&token, Type::INT8)])).await?;
            connection.roll_back();
            Ok(!found.is_empty())
        })
    }

    fn take_lane(&self, name: Arc<str>, courier: i64, span: Duration) -> Trip<'_, bool> {
        Box::pin(async move {
            let statement = "UPDATE seatrial_head SET courier = $2, courier_until = clock_timestamp() + $3 * interval '1 second' \
                WHERE sandbox = $1 AND (courier IS NULL OR courier = $2 OR courier_until < clock_timestamp())";
            let (name, span) = (&*name, span.as_secs_f64());
            let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&courier, Type::INT8), (&span, Type::FLOAT8)];
            let taken = self.once(async |client| client.execute_typed(statement, &parameters).await).await?;
            Ok(taken > 0)
        })
    }

    fn leave_lane(&self, name: Arc<str>, courier: i64) -> Trip<'_, ()> {
        Box::pin(async move {
            let statement = "UPDATE seatrial_head SET courier = NULL WHERE sandbox = $1 AND courier = $2";
            let name = &*name;
            let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&name, Type::TEXT), (&courier, Type::INT8)];
            self.once(async |client| client.execute_typed(statement, &parameters).await).await.map(drop)
        })
    }

    fn secret(&self, own: Secret) -> Trip<'_, Secret> {
        Box::pin(secret::agree(&self.pool, own))
    }

    fn beat(&self, _: usize, id: i64, version: &'static str, reads: u8) -> Trip<'_, ()> {
        Box::pin(async move {
            let statement = format!(
                "WITH gone AS (DELETE FROM seatrial_replica WHERE seen < clock_timestamp() - {SHOWN}) \
                INSERT INTO seatrial_replica (id, version, seen, reads) VALUES ($1, $2, clock_timestamp(), $3) \
                ON CONFLICT (id) DO UPDATE SET seen = clock_timestamp()"
            );
            let reads = i16::from(reads);
            let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&id, Type::INT8), (&version, Type::TEXT), (&reads, Type::INT2)];
            self.once(async |client| client.execute_typed(&statement, &parameters).await).await?;
            let refused = self.once(async |client| client.query_typed(REFUSED, &[]).await).await?;
            match refused.first() {
                None => Ok(()),
                Some(row) => {
                    let (right, table): (&str, &str) = (row.try_get(0).map_err(damaged)?, row.try_get(1).map_err(damaged)?);
                    Err(Fault::Away(format!("the role of its address has no {right} on {table}")))
                }
            }
        })
    }

    fn replicas(&self) -> Trip<'_, Vec<ReplicaRow>> {
        Box::pin(async {
            let connection = self.pool.get().await?;
            let rows = formats::replicas(&connection.client).await?;
            connection.give_back();
            Ok(rows)
        })
    }

    fn format(&self, own: u8) -> Trip<'_, u8> {
        Box::pin(formats::agree(&self.pool, own))
    }

    fn options(&self) -> Trip<'_, String> {
        Box::pin(options::read(&self.pool))
    }

    fn set_options(&self, before: String, own: String) -> Trip<'_, bool> {
        Box::pin(async move { options::set(&self.pool, &before, &own).await })
    }

    fn upgrade(&self, format: u8) -> Trip<'_, Vec<ReplicaRow>> {
        Box::pin(formats::upgrade(&self.pool, format))
    }

    fn post(&self, inbox: String, sandbox: Option<(String, Begun)>, letters: Vec<Letter>) -> Trip<'_, ()> {
        Box::pin(async move {
            let (sandbox, begun) = sandbox.unwrap_or_default();
            letters::post(&self.pool, letters::Inbox { inbox: &inbox, sandbox: &sandbox, begun }, &letters).await
        })
    }

    fn letters(&self, inbox: String, opens: bool) -> Trip<'_, Option<Letters>> {
        Box::pin(async move { letters::read(&self.pool, &inbox, opens).await })
    }

    fn inboxes(&self) -> Trip<'_, Vec<InboxRow>> {
        Box::pin(letters::all(&self.pool))
    }

    fn clear(&self, inbox: String) -> Trip<'_, ()> {
        Box::pin(async move { letters::clear(&self.pool, &inbox).await })
    }

    fn forget(&self, sandboxes: Vec<(String, Begun)>) -> Trip<'_, ()> {
        Box::pin(async move { letters::forget(&self.pool, &sandboxes).await })
    }
}

/// What a database is called, without what its address says of users and passwords.
fn called(config: &Config) -> String {
    let host = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
    let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    match &*ports {
        [] => format!("{}/{name}", hosts.join(",")),
        ports => format!("{}:{}/{name}", hosts.join(","), ports.join(",")),
    }
}

type Parameter = (Box<dyn ToSql + Send + Sync>, Type);

async fn query(pool: &Arc<Pool>, statement: &str, parameters: Vec<Parameter>) -> Result<Vec<DatabaseRow>, Fault> {
    let connection = pool.get().await?;
    let parameters: Vec<_> = parameters.iter().map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone())).collect();
    let rows = within(connection.client.query_typed(statement, &parameters)).await?;
    connection.give_back();
    Ok(rows)
}

/// A transaction. It takes a connection when it first needs one, so that nobody keeps one who waits for something else.
struct Transaction {
    pool: Arc<Pool>,
    connection: Option<Pooled>,
}

impl Transaction {
    /// The connection, and whether the transaction has still to begin.
    async fn connection(&mut self) -> Result<(&Client, bool), Fault> {
        let begins = self.connection.is_none();
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.pool.get().await?,
        };
        Ok((&self.connection.insert(connection).client, begins))
    }
}

/// Begins a transaction, if that is to be done.
async fn begin(client: &Client, begins: bool) -> Result<(), Fault> {
    if begins { within(client.batch_execute(BEGIN)).await } else { Ok(()) }
}

impl Hold for Transaction {
    fn lock_list(&mut self) -> Trip<'_, String> {
        Box::pin(async {
            let (client, begins) = self.connection().await?;
            let lock = "SELECT text FROM seatrial_begun FOR UPDATE";
            let (begun, locked) = tokio::join!(biased; begin(client, begins), within(client.query_typed_one(lock, &[])));
            begun?;
            locked?.try_get(0).map_err(damaged)
        })
    }

    fn lock(&mut self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>> {
        Box::pin(async move {
            let (client, begins) = self.connection().await?;
            let (begun, news) = tokio::join!(biased; begin(client, begins), reading::hold(client, &name, since));
            begun?;
            news
        })
    }

    fn lock_again(&mut self, list: bool, marks: Vec<(Arc<str>, Mark)>) -> Trip<'_, bool> {
        Box::pin(async move {
            if list {
                self.lock_list().await?;
            }
            let (client, begins) = self.connection().await?;
            begin(client, begins).await?;
            for (name, mark) in marks {
                let find = format!("{HEAD} WHERE sandbox = $1 FOR UPDATE");
                let rows = within(client.query_typed(&find, &[(&&*name, Type::TEXT)])).await?;
                if rows.first().map(head).transpose()?.is_none_or(|head| head.mark != mark) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn life(&mut self) -> Trip<'_, i64> {
        Box::pin(async {
            let (client, begins) = self.connection().await?;
            begin(client, begins).await?;
            let row = within(client.query_typed_one("SELECT nextval('seatrial_life')", &[])).await?;
            row.try_get(0).map_err(damaged)
        })
    }

    fn commit(mut self: Box<Self>, commit: Commit) -> Trip<'static, ()> {
        Box::pin(async move {
            let Some(connection) = self.connection.take() else { return Ok(()) };
            writing::write(&connection.client, &commit).await?;
            connection.give_back();
            Ok(())
        })
    }

    fn release(mut self: Box<Self>) {
        if let Some(connection) = self.connection.take() {
            connection.roll_back();
        }
    }
}

/// What a row of [`HEAD`] says.
fn head(row: &DatabaseRow) -> Result<Head, Fault> {
    let read = || {
        let name: String = row.try_get(0)?;
        let mark = Mark { life: row.try_get(1)?, version: row.try_get(2)?, token: row.try_get(3)? };
        let (checkpoint_bytes, since_checkpoint) = (row.try_get(5)?, row.try_get(6)?);
        let (used, courier, began) = (row.try_get(7)?, row.try_get(8)?, row.try_get(10)?);
        Ok(Head { name: name.into(), mark, began, since_checkpoint, checkpoint_bytes, used, courier })
    };
    read().map_err(damaged)
}

fn damaged(error: tokio_postgres::Error) -> Fault {
    Fault::Damaged(error.to_string())
}
