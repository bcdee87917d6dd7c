//! What `--log` says.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Why something is no filter.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a log filter, expected one like `info` or `seatrial=debug`")]
pub(super) struct FilterError(String);

pub(super) fn filter(text: &str) -> Result<Targets, FilterError> {
    // What stands in brackets filters by spans, and there are none.
    let read: Option<Targets> = if text.contains('[') { None } else { text.parse().ok() };
    // A word that is no level would be a target, which nothing is ever written for.
    let is_meant = |part: &str| match part.split_once('=') {
        Some((target, level)) => !target.trim().is_empty() && !level.trim().is_empty(),
        None => part.trim().parse::<LevelFilter>().is_ok() || part.trim().split("::").next() == Some(env!("CARGO_PKG_NAME")),
    };
    let read = read.filter(|_| text.split(',').all(is_meant)).ok_or_else(|| FilterError(text.to_owned()))?;
    // Any client may have it warn of what it refuses, as often as it likes. Who wants to see more of it says so.
    let warns = read.would_enable("h2", &Level::WARN) && !read.would_enable("h2", &Level::DEBUG) && !text.contains("h2");
    Ok(if warns { read.with_target("h2", LevelFilter::ERROR) } else { read })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_the_log_have_an_effect() {
        for text in ["info", "WARN", "off", "seatrial", "seatrial=debug", "warn,seatrial::call=info", "info, hyper=debug"] {
            assert!(filter(text).is_ok(), "{text}");
        }
        for text in ["foo bar", "xyz", "warn;info", "info,=,", "seatrial=", "seatrial=verbos", "[span]"] {
            assert!(filter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refused_streams_are_warned_of_where_that_is_asked_for() {
        let warns = [("info", false), ("warn", false), ("debug", true), ("info,h2=warn", true), ("off", false), ("seatrial=debug", false)];
        for (text, warns) in warns {
            let read = filter(text).expect("it is a filter");
            assert_eq!(read.would_enable("h2", &Level::WARN), warns, "{text}");
            assert_eq!(read.would_enable("h2", &Level::ERROR), !matches!(text, "off" | "seatrial=debug"), "{text}");
        }
    }
}
