//! Work that is finished even if the caller disconnects.

use std::panic;

/// Runs a future in a task of its own and waits for it. Dropping the returned future does not stop the task.
pub(crate) async fn detached<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        // The task is never aborted, so it has panicked.
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}
