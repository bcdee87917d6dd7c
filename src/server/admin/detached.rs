//! Work that is finished even if the caller disconnects.

use std::panic;

/// Runs a future in a task of its own. Dropping the returned future, which ends with it, does not stop the task.
pub(crate) fn begin<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> {
    let task = tokio::spawn(work);
    async move {
        match task.await {
            Ok(done) => done,
            // The task is never aborted, so it has panicked.
            Err(error) => panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Runs a future in a task of its own and waits for it.
pub(crate) async fn detached<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    begin(work).await
}
