//! Long polls: `?wait=5s&min=2`.

use std::time::Duration;

use event_listener::EventListener;

use crate::base::time;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;

/// The longest time that a request may wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Minimum pause between two evaluations of a long poll, so that a burst of calls triggers one evaluation.
const DEBOUNCE: Duration = Duration::from_millis(2);

/// Evaluates `look`, which returns an answer and how many rows it has. If the query says `wait`, evaluates it again after each
/// change that `changed` announces, until there are `min` rows (1) or the time is up.
pub(crate) async fn long_poll<T>(
    request: &AdminRequest<'_>,
    changed: impl Fn() -> Option<EventListener>,
    look: impl Fn() -> Result<(T, usize), Problem>,
) -> Result<T, Problem> {
    let Some(wait) = request.query("wait") else { return Ok(look()?.0) };
    let wait = time::duration(wait).ok_or_else(|| Problem::bad_request(format!("`wait` is a span such as `5s`, found `{wait}`")))?;
    let min: usize = request.number("min")?.unwrap_or(1);
    let deadline = tokio::time::sleep(wait.min(LONGEST_WAIT));
    tokio::pin!(deadline);
    loop {
        // Before looking, so that no change in between is missed.
        let changed = changed();
        let (answer, found) = look()?;
        let Some(changed) = changed.filter(|_| found < min) else { return Ok(answer) };
        tokio::select! {
            () = &mut deadline => return Ok(answer),
            () = changed => {}
        }
        tokio::time::sleep(DEBOUNCE).await;
    }
}
