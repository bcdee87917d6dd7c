//! Connections to the database: few, each used by one transaction at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Connection, NoTls};

use super::tls::Tls;
use crate::fleet::ledger::Fault;

/// How many connections a replica has at most.
const MOST: usize = 8;
/// How long a trip may take; the locks that it waits for have less.
const TRIP: Duration = Duration::from_secs(8);

/// The connections of a replica.
pub(super) struct Pool {
    config: Config,
    tls: Tls,
    free: Mutex<Vec<Client>>,
    permits: Arc<Semaphore>,
    /// The turn to post letters.
    pub posting: AsyncMutex<()>,
    /// Where the connections read and write.
    driver: Handle,
}

/// A connection that nobody else uses. When it is dropped it is closed, unless it was given back.
pub(super) struct Pooled {
    pub client: Client,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub fn new(config: Config, tls: Tls, driver: Handle) -> Arc<Self> {
        Arc::new(Self {
            config,
            tls,
            free: Mutex::default(),
            permits: Arc::new(Semaphore::new(MOST)),
            posting: AsyncMutex::default(),
            driver,
        })
    }

    /// A connection, as soon as one is free.
    pub async fn get(self: &Arc<Self>) -> Result<Pooled, Fault> {
        let gone = |_| Fault::Away("the process ends".to_owned());
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(gone)?;
        loop {
            let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let client = match free {
                Some(client) if client.is_closed() => continue,
                Some(client) => client,
                None => self.connect().await?,
            };
            return Ok(Pooled { client, pool: Arc::clone(self), _permit: permit });
        }
    }

    async fn connect(&self) -> Result<Client, Fault> {
        if self.config.get_ssl_mode() == SslMode::Require {
            let (client, connection) = within(self.config.connect(self.tls.clone())).await?;
            self.drive(connection);
            return Ok(client);
        }
        let (client, connection) = within(self.config.connect(NoTls)).await?;
        self.drive(connection);
        Ok(client)
    }

    /// Reads and writes on a connection until it ends.
    fn drive<S, T>(&self, connection: Connection<S, T>)
    where
        Connection<S, T>: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
    {
        self.driver.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
    }
}

impl Pooled {
    /// Lets others have the connection, which is in no transaction.
    pub fn give_back(self) {
        self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.client);
    }

    /// Ends a transaction that wrote nothing, later.
    pub fn roll_back(self) {
        let driver = self.pool.driver.clone();
        driver.spawn(async move {
            if within(self.client.batch_execute("ROLLBACK")).await.is_ok() {
                self.give_back();
            }
        });
    }
}

/// Waits for a trip, but not for ever.
pub(super) async fn within<T>(trip: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Fault> {
    match tokio::time::timeout(TRIP, trip).await {
        Ok(done) => done.map_err(fault),
        Err(_) => Err(Fault::Away("it does not answer".to_owned())),
    }
}

/// The errors of `tokio_postgres` say what they are about, and their sources why.
pub(super) fn fault(error: tokio_postgres::Error) -> Fault {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Fault::Away(text)
}
