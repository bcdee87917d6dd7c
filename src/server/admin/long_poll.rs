//! Long polls: `?wait=5s&min=2`.

use std::time::Duration;

use event_listener::EventListener;
use tokio::sync::Semaphore;

use crate::base::{entropy, time};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;

/// The longest time that a request may wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Minimum pause between two evaluations of a long poll, so that a burst of calls triggers one evaluation.
const DEBOUNCE: Duration = Duration::from_millis(2);

/// The turns to look. Those who wait for the same sandbox or inbox look one after the other, so that between any two of them others are
/// answered, however many wait and whatever each looks at. Which turn it is follows from the parameters of the path.
static TURNS: [Semaphore; 32] = [const { Semaphore::const_new(1) }; 32];

/// Evaluates `look`, which returns an answer and how many rows it has. If the query says `wait`, evaluates it again after each
/// change that `changed` announces, until there are `min` rows (1), and when the time is up. Nothing of an answer is kept meanwhile.
pub(crate) async fn long_poll<T>(
    request: &AdminRequest<'_>,
    changed: impl Fn() -> Option<EventListener>,
    look: impl Fn() -> Result<(T, usize), Problem>,
) -> Result<T, Problem> {
    let Some(wait) = request.query("wait") else { return Ok(look()?.0) };
    let names = request.parameters.iter().fold(0, |names, (_, value)| names ^ entropy::fingerprint(value.as_bytes()));
    let turns = &TURNS[usize::try_from(entropy::scattered(names) % 32).unwrap_or_default()];
    let wait = time::duration(wait).ok_or_else(|| Problem::bad_request(format!("`wait` is a span such as `5s`, found `{wait}`")))?;
    let min: usize = request.number("min")?.unwrap_or(1);
    let deadline = tokio::time::sleep(wait.min(LONGEST_WAIT));
    tokio::pin!(deadline);
    let mut is_over = false;
    loop {
        // Who has no time left looks without a turn.
        let turn = tokio::select! {
            biased;
            () = &mut deadline, if !is_over => {
                is_over = true;
                None
            }
            turn = turns.acquire(), if !is_over => turn.ok(),
            else => None,
        };
        // What became ready meanwhile goes first.
        tokio::task::yield_now().await;
        // Before looking, so that no change in between is missed.
        let changed = changed();
        let (answer, found) = look()?;
        drop(turn);
        let Some(changed) = changed.filter(|_| found < min && !is_over) else { return Ok(answer) };
        drop(answer);
        tokio::select! {
            () = &mut deadline => is_over = true,
            () = changed => tokio::time::sleep(DEBOUNCE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Poll;

    use bytes::Bytes;
    use event_listener::Event;
    use tokio::task::JoinSet;

    use super::*;

    const MANY: usize = 200;

    /// Goes behind everything that is ready.
    async fn last() {
        let mut is_last = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut is_last, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn others_are_served_while_many_look() {
        let (changed, looks, calls) = (Arc::new(Event::new()), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut waiting = JoinSet::new();
        for _ in 0..MANY {
            let (changed, looks, calls) = (Arc::clone(&changed), Arc::clone(&looks), Arc::clone(&calls));
            waiting.spawn(async move {
                let (parts, ()) = http::Request::new(()).into_parts();
                let (body, query) = (Bytes::new(), vec![("wait".to_owned(), "5s".to_owned())]);
                let request = AdminRequest { parameters: Vec::new(), query, body: &body, parts: &parts };
                let look = || Ok((looks.fetch_add(1, Ordering::Relaxed), calls.load(Ordering::Relaxed)));
                long_poll(&request, || Some(changed.listen()), look).await.is_ok()
            });
        }
        let other = {
            let (changed, looks) = (Arc::clone(&changed), Arc::clone(&looks));
            tokio::spawn(async move {
                let (mut before, mut most) = (0, 0);
                while before < MANY {
                    last().await;
                    let now = looks.load(Ordering::Relaxed);
                    most = most.max(now - before);
                    before = now;
                }
                calls.store(1, Ordering::Relaxed);
                changed.notify(usize::MAX);
                most
            })
        };
        assert!(other.await.expect("it ends") <= 3, "between two turns of somebody else, few look");
        assert!(waiting.join_all().await.into_iter().all(|answered| answered));
        assert_eq!(looks.load(Ordering::Relaxed), 2 * MANY, "nobody looks for nothing");
    }
}
