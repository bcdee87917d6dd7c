//! What the embedded store says of failures in threads of its own, which nobody who calls it hears of but as "an earlier attempt failed".

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Complaints;

impl Log for Complaints {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() == Level::Error && metadata.target() == "fjall::worker_pool"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            tracing::error!(error = %record.args(), "the store cannot write its files");
        }
    }

    fn flush(&self) {}
}

/// Writes them to the log from now on.
pub fn log_complaints() {
    if log::set_logger(&Complaints).is_ok() {
        log::set_max_level(LevelFilter::Error);
    }
}
