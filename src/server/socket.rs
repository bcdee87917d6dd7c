//! A connection that can be disturbed on purpose, and that counts what its client takes.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;

use crate::server::connections::Connection;
use crate::server::request_line;
use crate::server::stream::Stream;

pub(super) struct Socket {
    stream: Stream,
    control: Arc<Control>,
    connection: Arc<Connection>,
    /// Whether the first line of the first request is not complete yet.
    is_new: bool,
    /// What came so far of a request line that is not complete, or before this was made: whether a line has blanks is not known before
    /// its end.
    begun: Vec<u8>,
    /// What was read and is not handed on yet.
    rest: Bytes,
    /// How many bytes were read since others had their turn.
    turn: usize,
}

/// After so many bytes others have their turn.
const TURN: usize = 64 * 1024;

/// As much of the first request is read at once: what tells the versions of HTTP apart asks for the first bytes alone.
const HEAD: usize = 4 * 1024;

/// After so many bytes of a request line its end is not waited for any more: longer ones are refused.
const LONGEST_LINE: usize = 20 * 1024;

/// How a scenario disturbs a connection.
#[derive(Default)]
pub(super) struct Control {
    /// Whether it ends with a reset instead of an orderly close.
    reset: AtomicBool,
    /// Whether it ends with an alert of TLS.
    alert: AtomicBool,
    /// Whether what its client still sends is read before it is closed.
    lingers: AtomicBool,
    /// Whether there are, or were, bytes to send instead of what is written.
    is_replaced: AtomicBool,
    /// Those bytes, and how many of them are sent.
    instead: Mutex<(Bytes, usize)>,
}

impl Control {
    /// Has the connection be reset when it is closed.
    pub fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Has the connection end with a fatal alert of TLS when it is closed.
    pub fn alert(&self) {
        self.alert.store(true, Ordering::Relaxed);
    }

    /// Has the connection end in order, unless it is reset: to close one that was not read to its end would reset it as well.
    pub fn linger(&self) {
        self.lingers.store(true, Ordering::Relaxed);
    }

    /// Whether its end is no orderly close.
    fn ends_abruptly(&self) -> bool {
        self.reset.load(Ordering::Relaxed) || self.alert.load(Ordering::Relaxed)
    }

    /// Has the connection send these bytes in place of everything that is written from now on, and end.
    pub fn send_instead(&self, bytes: Bytes) {
        *self.instead.lock().unwrap_or_else(PoisonError::into_inner) = (bytes, 0);
        self.is_replaced.store(true, Ordering::Relaxed);
    }
}

impl Socket {
    /// `read` comes before what can still be read.
    pub fn new(stream: Stream, read: Bytes, connection: Arc<Connection>) -> (Self, Arc<Control>) {
        let control = Arc::<Control>::default();
        let begun = read.into();
        (Self { stream, control: Arc::clone(&control), connection, is_new: true, begun, rest: Bytes::new(), turn: 0 }, control)
    }

    /// Sends what takes the place of what is written, and ends then.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut instead = self.control.instead.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, sent) = &mut *instead;
        while *sent < bytes.len() {
            match Pin::new(&mut self.stream).poll_write(cx, &bytes[*sent..]) {
                Poll::Ready(Ok(count)) if count > 0 => *sent += count,
                Poll::Pending => return Poll::Pending,
                _ => break,
            }
        }
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn written(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = result {
            self.connection.advance(bytes);
        }
        result
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.control.alert.load(Ordering::Relaxed) {
            self.stream.alert();
        }
        if self.control.reset.load(Ordering::Relaxed) {
            self.stream.reset();
        }
        if !self.control.ends_abruptly() {
            self.stream.close();
        }
        let lingers = self.control.lingers.load(Ordering::Relaxed) && !self.control.reset.load(Ordering::Relaxed);
        if let Some(runtime) = Handle::try_current().ok().filter(|_| lingers) {
            runtime.spawn(mem::replace(&mut self.stream, Stream::Refused).linger());
        }
    }
}

impl Socket {
    fn poll_more(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, connection, is_new, begun, rest, .. } = self;
        if rest.is_empty() && !*is_new && begun.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut *stream).poll_read(cx, buffer))?;
            let read = &buffer.filled()[before..];
            // Between two requests a line begins.
            if connection.is_asked() || (request_line::mended(read).is_none() && !request_line::is_begun(read)) {
                return Poll::Ready(Ok(()));
            }
            begun.extend_from_slice(read);
            buffer.set_filled(before);
        }
        while rest.is_empty() {
            let may_go_on = request_line::is_begun(begun) || (*is_new && request_line::is_method(begun));
            if !begun.is_empty() && (begun.len() > LONGEST_LINE || !may_go_on) {
                *is_new = false;
                let mended = request_line::mended(begun);
                if mended.is_some() {
                    connection.mend();
                }
                *rest = mended.unwrap_or_else(|| std::mem::take(begun)).into();
                begun.clear();
                break;
            }
            let mut head = [0; HEAD];
            let mut read = ReadBuf::new(&mut head);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                *rest = std::mem::take(begun).into();
                break;
            }
            begun.extend_from_slice(read.filled());
        }
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.turn >= TURN {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = self.poll_more(cx, buffer);
        let bytes = buffer.filled().len() - before;
        self.turn = if read.is_pending() { 0 } else { self.turn + bytes };
        match self.connection.talks(bytes) {
            true => read,
            false => Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, "the client sends very much that asks for nothing"))),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.control.is_replaced.load(Ordering::Relaxed) {
            return self.poll_instead(cx);
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.control.is_replaced.load(Ordering::Relaxed) {
            return self.poll_instead(cx);
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.control.ends_abruptly() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
