//! One line for each call, each attempt of a webhook, and each request that met no vendor.
//!
//! Calls hand their journal entry to a thread, which writes many lines at once: a call pays for a pointer in a queue. The queue is
//! bounded; what does not fit is dropped, and the number of dropped lines is written as soon as there is room. Lines hold neither
//! queries nor bodies, and no path segment behind the name of a secret.

mod format;
mod line;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use self::format::Lines;
pub(super) use self::format::address;
pub use self::line::LogFormat;
pub(super) use self::line::{Attempt, Line};
use crate::server::clock::wall;

/// How many lines wait at most.
const QUEUE: usize = 16 * 1024;
/// How many bytes of journal entries wait at most: a journal may have dropped them, while nobody reads what is written.
const WAITING: usize = 8 * 1024 * 1024;
/// How many bytes are written at once.
const BATCH: usize = 64 * 1024;
/// How long lines are gathered, so that a busy server does not wake the thread for each of them.
const PAUSE: Duration = Duration::from_millis(10);

/// Where calls are logged; nowhere unless it was started.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Option<Arc<Queue>>);

#[derive(Debug)]
struct Queue {
    /// Takes lines, each with the bytes that it keeps.
    sender: SyncSender<(Line, usize)>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
}

impl CallLog {
    /// Starts the thread that writes.
    #[must_use]
    pub fn start(format: LogFormat, out: impl Write + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let (waiting, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
        let writer = Writer { receiver, waiting: Arc::clone(&waiting), dropped: Arc::clone(&dropped), lines: Lines::new(format), out };
        match std::thread::Builder::new().name("log".to_owned()).spawn(move || writer.run()) {
            Ok(_) => Self(Some(Arc::new(Queue { sender, waiting, dropped }))),
            Err(error) => {
                tracing::warn!(%error, "calls are not logged");
                Self(None)
            }
        }
    }

    /// Adds a line, unless there is no log or no room.
    pub(super) fn add(&self, line: impl FnOnce() -> Line) {
        let Some(queue) = &self.0 else { return };
        let line = line();
        let bytes = line.bytes();
        let fits = queue.waiting.fetch_add(bytes, Ordering::Relaxed) < WAITING;
        if !fits || queue.sender.try_send((line, bytes)).is_err() {
            queue.waiting.fetch_sub(bytes, Ordering::Relaxed);
            queue.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything is written, but no longer than `patience`.
    pub fn finish(&self, patience: Duration) {
        let Some(queue) = &self.0 else { return };
        let (sender, written) = sync_channel(1);
        if queue.sender.try_send((Line::End(sender), 0)).is_ok() {
            let _ = written.recv_timeout(patience);
        }
    }
}

struct Writer<W> {
    receiver: Receiver<(Line, usize)>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    lines: Lines,
    out: W,
}

impl<W: Write> Writer<W> {
    fn run(mut self) {
        while let Ok(first) = self.receiver.recv() {
            let mut next = Some(first);
            let mut end = None;
            while let Some((line, bytes)) = next {
                self.waiting.fetch_sub(bytes, Ordering::Relaxed);
                match line {
                    Line::End(sender) => end = Some(sender),
                    line => self.lines.add(&line),
                }
                next = if self.lines.bytes() < BATCH && end.is_none() { self.receiver.try_recv().ok() } else { None };
            }
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                self.lines.add_dropped(dropped, wall());
            }
            // A closed or broken stderr is no reason to end.
            let _ = self.out.write_all(self.lines.take().as_bytes()).and_then(|()| self.out.flush());
            if let Some(end) = end {
                let _ = end.send(());
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::HeaderMap;

    use super::*;
    use crate::world::{Entry, Message};

    /// Writes only once nobody can open it any more.
    struct Gate(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            self.1.lock().expect("no writer failed").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn entries_that_nobody_writes_are_dropped_by_their_bytes() {
        let request = Message::new(&HeaderMap::new(), &[b'x'; 64 * 1024]);
        let entry = Arc::new(Entry { request, ..Entry::made_up() });
        let (open, opened) = sync_channel(0);
        let written = Arc::new(Mutex::new(Vec::new()));
        let log = CallLog::start(LogFormat::Text, Gate(opened, Arc::clone(&written)));
        (0..400).for_each(|_| log.add(|| Line::Call(Arc::clone(&entry))));
        drop(open);
        log.finish(Duration::from_secs(60));
        let text = String::from_utf8(written.lock().expect("no writer failed").clone()).expect("lines are text");
        let calls = text.lines().filter(|line| line.contains("call ")).count();
        assert!((1..400).contains(&calls) && calls <= 2 * WAITING / entry.bytes(), "{calls}");
        assert!(text.contains(&format!("{} lines were dropped", 400 - calls)), "{text}");
    }
}
