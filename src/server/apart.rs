//! Workers for what may take long (requests of the admin API, webhooks, what is due in sandboxes), and for connections that ask for many
//! things at once (HTTP/2) or cost much before they ask (TLS). They share the processors with those that serve other connections by the
//! system's scheduler, so that nobody waits in line behind them.

use std::io;
use std::panic;
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::engine;
use crate::server::pieces;

/// How many threads of a runtime do what would block it, such as large bodies, files that are written and look-ups of names. Each kind has
/// fewer places, so that this is for what nobody has thought of.
pub(crate) const MOST_THREADS: usize = 128;

/// A runtime of its own. Dropping it ends its tasks, and waits for none of them.
pub(super) struct Apart(Option<Runtime>);

/// A task that ends when nobody waits for it any more.
pub(super) struct Awaited<T>(pub(super) JoinHandle<T>);

impl Apart {
    /// As many workers as there are processors, in threads of this name. From now on threads wait for locked sandboxes beside the workers.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(name: &str) -> io::Result<Self> {
        engine::wait_by(pieces::wait_for_lock);
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(workers).max_blocking_threads(MOST_THREADS).thread_name(name).enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    pub fn handle(&self) -> Handle {
        self.0.as_ref().expect("it is taken only when it is dropped").handle().clone()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits for what is done in another runtime.
pub(super) async fn run<T: Send + 'static>(runtime: &Handle, work: impl Future<Output = T> + Send + 'static) -> T {
    let mut task = Awaited(runtime.spawn(work));
    match (&mut task.0).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => panic::resume_unwind(panic),
            // The process ends.
            Err(_) => std::future::pending().await,
        },
    }
}

impl<T> Drop for Awaited<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
