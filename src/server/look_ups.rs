//! Look-ups of names, so many at once: a resolver may occupy a thread for long.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// How many names are looked up at once.
const AT_ONCE: usize = 16;
/// How long a look-up is waited for, together with the time until it may begin.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct LookUps {
    seats: Arc<Semaphore>,
    patience: Duration,
}

impl LookUps {
    pub fn new() -> Self {
        Self { seats: Arc::new(Semaphore::new(AT_ONCE)), patience: PATIENCE }
    }

    /// Whether one more could begin at once.
    pub fn has_room(&self) -> bool {
        self.seats.available_permits() > 0
    }

    /// What a look-up finds, unless that takes too long. It keeps its seat until it ends, even if nobody waits for it any more.
    pub async fn run<T: Send + 'static>(&self, look_up: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let waiting = async {
            let seat = Arc::clone(&self.seats).acquire_owned().await.ok()?;
            let looking = tokio::spawn(async move {
                let found = look_up.await;
                drop(seat);
                found
            });
            looking.await.ok()
        };
        tokio::time::timeout(self.patience, waiting).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_look_up_without_end_keeps_its_seat_and_nobody_waits_for_it() {
        let patient = LookUps { patience: Duration::from_secs(60), ..LookUps::new() };
        let impatient = LookUps { seats: Arc::clone(&patient.seats), patience: Duration::ZERO };
        let (end, ended) = oneshot::channel();
        assert!(impatient.run(ended).await.is_none());
        for _ in 1..AT_ONCE {
            assert_eq!(impatient.run(pending::<()>()).await, None);
        }
        assert!(!patient.has_room(), "those without end go on");
        assert_eq!(impatient.run(async { 1 }).await, None, "one more does not begin");
        assert_eq!(end.send(()), Ok(()));
        assert_eq!(patient.run(async { 1 }).await, Some(1));
    }
}
